# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server has for databases to be made of: encodings, locales, tablespaces."""

from __future__ import annotations

from typing import Any

from .. import deps, errors
from .databases import DatabaseWish

ENCODING = "SELECT pg_catalog.pg_encoding_to_char(pg_catalog.pg_char_to_encoding(%s))"
# A parameter of the session is checked as a database's locale is, and needs no right. It lasts for this statement.
TRY_LOCALE = "SELECT pg_catalog.set_config('lc_monetary', %s, true)"
HAS_ICU = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_collation WHERE collname = 'und-x-icu')"
HAS_TABLESPACE = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tablespace t WHERE t.spcname = %s)"
ICU_SINCE, BUILTIN_SINCE = 150000, 170000


def canonical_encoding(cursor: Any, text: str) -> str:
    """Return the server's own name for an encoding.

    :raises OptionInvalid: when it has none of that name.
    """
    cursor.execute(ENCODING, [text])
    name = str(cursor.fetchone()[0])
    if not name:
        raise errors.OptionInvalid(
            "encoding: the server has none called %s" % text, hint="UTF8 is what nearly all use."
        )
    return name


def check_locale(cursor: Any, option: str, locale: str) -> None:
    """Check that the server has a locale of the operating system's.

    :raises OptionInvalid: when it hasn't.
    """
    try:
        cursor.execute(TRY_LOCALE, [locale])
    except deps.psycopg2.DataError as error:
        raise errors.OptionInvalid(
            "%s: the server's system has no locale %s" % (option, locale),
            hint="On the server, locale -a lists what is there. Correct its name, or have it generated (locale-gen "
            "on Debian, glibc-langpack-… on Enterprise Linux).",
            sqlstate=error.pgcode,
        ) from None


def check_provider(cursor: Any, wish: DatabaseWish, server_version: int) -> None:
    """Check that databases of this server can have a locale of this provider.

    :param server_version: as libpq gives it, 150018 for 15.18.
    :raises OptionInvalid: when they can't.
    """
    given = "locale_provider" if wish.locale_provider is not None else "%s_locale" % wish.provider
    if wish.provider == "icu":
        cursor.execute(HAS_ICU)
        if server_version < ICU_SINCE or not cursor.fetchone()[0]:
            raise errors.OptionInvalid(
                "%s: databases of this server can't have a locale of ICU's" % given,
                hint="That takes PostgreSQL 15 or newer, built with ICU. Use collate and ctype.",
            )
    if wish.provider == "builtin" and server_version < BUILTIN_SINCE:
        raise errors.OptionInvalid(
            "%s: databases of this server can't have a locale of its own" % given,
            hint="That takes PostgreSQL 17 or newer. Use collate and ctype.",
        )
    if wish.provider == "libc" and server_version < ICU_SINCE:
        raise errors.OptionInvalid(
            "locale_provider: this server knows only the system's locales",
            hint="Leave it out; it came with PostgreSQL 15.",
        )


def check_tablespace(cursor: Any, name: str) -> None:
    """Check that the server has a tablespace.

    :raises OptionInvalid: when it hasn't.
    """
    cursor.execute(HAS_TABLESPACE, [name])
    if not cursor.fetchone()[0]:
        raise errors.OptionInvalid(
            "tablespace: the server has no %s" % name, hint="Correct its name, or have it created (CREATE TABLESPACE)."
        )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the connection, which all modules share: parameters → Target."""

from __future__ import annotations

import re
from typing import Any, Dict, FrozenSet, Mapping, Optional, Set

from .. import deps, errors
from ..databases.postgresql import keywords
from ..databases.postgresql.connection import Target, parse_url
from ..schemes import POSTGRESQL, kind_of, password_of
from .misplaced import PASSWORD_ASSIGNED

# A URL with a slash behind its host, and nothing behind that.
ENDS_WITHOUT_DATABASE = re.compile(r"[\w+]+://[^/?#]*/(?:[?#].*)?$", re.DOTALL)

# community.postgresql's names → libpq's keywords.
KEYWORDS = {
    "login_host": "host",
    "login_unix_socket": "host",
    "login_port": "port",
    "login_user": "user",
    "login_password": "password",
    "login_db": "dbname",
    "ssl_mode": "sslmode",
    "ca_cert": "sslrootcert",
    "ssl_cert": "sslcert",
    "ssl_key": "sslkey",
}


def target(params: Mapping[str, Any]) -> Target:
    """Return where to connect: login_* overrides its part of url, and url the configuration file's.

    :raises MigrationError: when url or the configuration file can't be read, or leave a part of theirs empty; or lead
        to no server.
    """
    if kind_of(params["url"]) != POSTGRESQL:
        raise errors.OptionInvalid(
            "url: it leads to no PostgreSQL server, and users and databases are made on those alone",
            hint="pg_user_db is for PostgreSQL. Leave it out.",
        )
    overriding = {word: str(params[option]) for option, word in KEYWORDS.items() if params[option] is not None}
    given = (params["connect_params"] or {}).items()
    overriding.update({key: keywords.text(value) for key, value in given if value is not None})
    found: Dict[str, str] = {}
    if params["url"] is not None:
        found = _parsed("url", params["url"], "dbname" in overriding)
    elif params["config_file"] is not None:
        from .config_file import ConfigFile

        url = ConfigFile(params["config_file"]).url(params["config_key"], needed=not overriding)
        found = _parsed("config_file", url, "dbname" in overriding) if url is not None else {}
    return Target({**found, **overriding}, params["session_role"])


def server(option: str, url: Optional[str], role: Optional[str]) -> Optional[Target]:
    """Return the server that a URL names; of its database nothing is asked.

    :raises MigrationError: when it can't be read, or leaves a part empty.
    """
    return Target(_parsed(option, url, True), role) if url is not None else None


def other_database(option: str, url: Optional[str], role: Optional[str]) -> Optional[Target]:
    """Return the database that a URL names.

    :raises MigrationError: when it can't be read, leaves a part empty, or names no database.
    """
    if url is None:
        return None
    found = _parsed(option, url, False)
    if "dbname" not in found and "service" not in found:
        raise errors.OptionInvalid(
            "%s: no database is named" % option, hint="Write it behind the last slash: what it would be isn't guessed."
        )
    return Target(found, role)


def secrets(params: Mapping[str, Any]) -> FrozenSet[str]:
    """Return the secrets in URLs and in the configuration file. What can't be read is refused later, unquoted."""
    if kind_of(params.get("url")) != POSTGRESQL:
        password = password_of(params["url"])
        return frozenset([password] if password else [])
    if deps.PSYCOPG2_ERROR is not None:
        return frozenset()
    found: Set[str] = set()
    for name in (None, "rehearsal_url", "rehearsal_database_url"):
        try:
            found.update((server(name, params.get(name), None) or Target() if name else target(params)).secrets)
        except errors.MigrationError:
            continue
    return frozenset(found)


def _is_another(value: str) -> bool:
    """Return whether libpq took the next keyword for a value, as in "host= dbname=shop"."""
    keyword, equals, dummy = value.partition("=")
    return bool(equals) and keyword in keywords.TYPES


def _parsed(option: str, url: str, has_database: bool) -> Dict[str, str]:
    """Return a URL's keywords. A part that is there and empty isn't guessed: a template has given nothing for it."""
    found = parse_url(url, option)
    empty = [key for key, value in found.items() if not value.strip() or _is_another(value)]
    if not has_database and ENDS_WITHOUT_DATABASE.match(url.strip()) and "dbname" not in found:
        empty.append("dbname")
    if empty:
        raise errors.OptionInvalid(
            "%s: %s is empty" % (option, empty[0]),
            hint="If it comes from a template, that gave nothing. Write it; or leave it out, with the slash or the "
            "name in front of it, where libpq's own default is meant.",
        )
    if PASSWORD_ASSIGNED.search(found.get("options", "")):
        raise errors.OptionInvalid(
            "%s: options holds a password, which the server's log and the list of processes would show" % option,
            hint="Write the connection's own password into login_password; a setting of yours belongs to the role "
            "(ALTER ROLE … SET).",
        )
    return found

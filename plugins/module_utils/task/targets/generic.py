# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the options has a meaning for any other database that SQLAlchemy knows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterable, Mapping, Optional

from ...databases.generic.connection import Target, parse_url
from ...schemes import dialect_of
from .unhonoured import refuse

LOGIN = {"login_user": "username", "login_password": "password", "login_host": "host", "login_port": "port"}
KNOWN = ("url", "config_file", "config_key", "login_db", *LOGIN)
MEANINGLESS = (
    *("rehearsal_database_url", "rehearsal_data", "rehearsal_extensions", "postgresql_bin_dir", "allow_hazards"),
    *("statement_timeout", "schema_file"),
)
VALUES = {
    "rehearsal_on": ("cluster", "empty"),
    "state": ("scripted", "trimmed", "rebuilt"),
    "prechecks": ("required",),
    "single_transaction": (True,),
}
IN_URL = "Leave it out, or write it into url."
HINT = "Leave it out. What such a database can do, and can't, is told in docs/other-databases.md."


def target(params: Mapping[str, Any], connection: Iterable[str]) -> Target:
    """Return the database that url names; login_* overrides its part.

    :param connection: the names of all options of a connection.
    :raises OptionInvalid: when it can't be read, or an option is given that can't be honoured.
    :raises DependencyError: without SQLAlchemy, its dialect, or the driver.
    """
    unknown = [name for name in connection if name not in KNOWN]
    dialect = dialect_of(params["url"])
    refuse(params, unknown, {}, dialect, IN_URL)
    refuse(params, MEANINGLESS, VALUES, dialect, HINT)
    found = parse_url(params["url"])
    given = {word: params[option] for option, word in {**LOGIN, "login_db": "database"}.items() if params.get(option)}
    return Target(found.url.set(**given)) if given else found


def rehearsal_target(params: Mapping[str, Any]) -> Optional[Target]:
    """Return the empty database that rehearsal_url names; None: none.

    :raises OptionInvalid: when it is of another kind.
    """
    url = params.get("rehearsal_url")
    return replace(parse_url(url, "rehearsal_url"), for_rehearsals=True) if url is not None else None

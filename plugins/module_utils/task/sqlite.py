# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the options has a meaning for an SQLite file."""

from __future__ import annotations

from typing import Any, Mapping

from .. import errors
from ..databases.sqlite.connection import Target, parse_url
from .options import CONNECTION

# Without a server there is nobody to log in to, and nowhere else to rehearse.
OF_A_SERVER = (
    *(name for name in CONNECTION if name not in ("url", "config_file", "config_key")),
    *("rehearsal_url", "rehearsal_database_url", "rehearsal_data", "rehearsal_extensions", "allow_hazards"),
    *("statement_timeout", "postgresql_bin_dir"),
)
ELSEWHERE = ("server", "cluster", "empty")


def target(params: Mapping[str, Any]) -> Target:
    """Return the file that url names.

    :raises OptionInvalid: when it can't be read, or an option is given that SQLite can't honour.
    """
    for name in OF_A_SERVER:
        if params.get(name) not in (None, [], 0, {}):
            raise _unhonoured(name)
    if params.get("rehearsal_on") in ELSEWHERE:
        raise _unhonoured("rehearsal_on: %s" % params["rehearsal_on"])
    if params.get("state") == "scripted":
        raise _unhonoured("state: scripted")
    return parse_url(params["url"])


def _unhonoured(option: str) -> errors.OptionInvalid:
    return errors.OptionInvalid(
        "%s has no meaning for SQLite, which url names" % option,
        hint="Leave it out: an SQLite database is a file, which is read and written as the task's user.",
    )

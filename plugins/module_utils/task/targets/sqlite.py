# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the options has a meaning for an SQLite file."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ...databases.sqlite.connection import Target, parse_url
from .unhonoured import refuse

# Without a server there is nobody to log in to, and nowhere else to rehearse.
OF_A_FILE = ("url", "config_file", "config_key")
OF_A_SERVER = (
    *("rehearsal_url", "rehearsal_database_url", "rehearsal_data", "rehearsal_extensions", "allow_hazards"),
    *("statement_timeout", "postgresql_bin_dir"),
)
ELSEWHERE = {"rehearsal_on": ("server", "cluster", "empty"), "state": ("scripted", "trimmed", "rebuilt")}
A_FILE = "Leave it out: an SQLite database is a file, which is read and written as the task's user."
HINT = "Leave it out. What SQLite can do, and can't, is told in docs/sqlite.md."


def target(params: Mapping[str, Any], connection: Iterable[str]) -> Target:
    """Return the file that url names.

    :param connection: the names of all options of a connection.
    :raises OptionInvalid: when it can't be read, or an option is given that SQLite can't honour.
    """
    login = [name for name in connection if name not in OF_A_FILE]
    refuse(params, login, {}, "SQLite", A_FILE)
    refuse(params, OF_A_SERVER, ELSEWHERE, "SQLite", HINT)
    return parse_url(params["url"])

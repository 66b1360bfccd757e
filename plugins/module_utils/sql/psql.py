# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only psql reads, in a script that goes to the server: told where the server stumbles over it."""

from __future__ import annotations

import re
from typing import Optional

# Right ahead of the place: COPY … FROM stdin; and no statement between.
_COPY = re.compile(r"\bCOPY\b[^;]*\bFROM\s+STDIN\b[^;]*;\s*\Z", re.IGNORECASE)
_COMMAND = re.compile(r"\\[A-Za-z!?]*")
_VARIABLE = re.compile(r""":(?:"[^"]*"|'[^']*'|[A-Za-z_]\w*)""")


def hint(text: str, offset: int) -> Optional[str]:
    """Return what to do where psql's own input is; None: it is none.

    :param offset: where the server has found a syntax error, in characters from 0.
    """
    command, variable = _COMMAND.match(text, offset), _VARIABLE.match(text, offset)
    if command:
        return (
            "%s is a command of psql's, and scripts go to the server itself. Write SQL in its place, or take it out "
            "(pg_dump's \\restrict lines may go)." % command.group()
        )
    if variable:
        return "%s is a variable of psql's, which nobody fills in here. Write its value." % variable.group()
    if _COPY.search(text, 0, offset):
        return "Rows behind COPY … FROM stdin are read by psql alone. Write them as INSERT (pg_dump --inserts does)."
    return None

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers of what is recorded and compared later: checksums of scripts, snapshots of schemas, digests of plans.

What is made of the same script or schema in another way gets another number, so that it isn't taken for a change. What
has no number is of format 1, that of release 0.1.0. What is the same in both formats is written without a number, so
that an older release reads it.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

# Of a script's checksum. 1: SHA-256 of its bytes, without a byte order mark and with the line ends of Unix.
CHECKSUM = 1
# Of a schema's text. 1: as pg_dump writes it. 2: without what the server marks columns with for itself (pg_attver).
FIRST, SCHEMA = 1, 2
# Of the file that schema_file names: its head, and what of a schema's text stands in it.
SCHEMA_FILE = 1

_NUMBERED = re.compile("([0-9]{1,3})[:](.*)", re.DOTALL)


class Recorded(NamedTuple):
    """A checksum, with the number of its format."""

    number: int
    text: str


def read(checksum: str) -> Recorded:
    """Return a checksum as it was recorded: 64 digits are of format 1, and "2:" stands before one of format 2."""
    numbered = _NUMBERED.fullmatch(checksum)
    return Recorded(int(numbered.group(1)), numbered.group(2)) if numbered else Recorded(FIRST, checksum)


def differ(recorded: Optional[str], current: str) -> bool:
    """Return whether two checksums say that a script was changed. Those of two formats, or none, say nothing."""
    if not recorded or not current:
        return False
    one, other = read(recorded), read(current)
    return one.number == other.number and one.text != other.text

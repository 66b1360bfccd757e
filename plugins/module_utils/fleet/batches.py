# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many databases at a time, and when no more are begun: in the words of Ansible's plays, and with their meaning."""

from __future__ import annotations

import re
from typing import List, Sequence, Tuple

from .. import errors

SIZE = re.compile(r"[0-9]+(?:\.[0-9]+)?%|[0-9]+", re.ASCII)


def read_serial(given: Sequence[str]) -> Tuple[str, ...]:
    """Return the sizes of batches as they are written: numbers, and shares as in 10%.

    :raises OptionInvalid: when one is neither.
    """
    for size in given:
        if not SIZE.fullmatch(size.strip()):
            raise errors.OptionInvalid(
                "serial: %s is no size of a batch" % size, hint='Write a number, or a share as in "10%".'
            )
    return tuple(size.strip() for size in given)


def batches(names: Sequence[str], serial: Sequence[str]) -> List[Tuple[str, ...]]:
    """Return the databases in batches; the last size holds for all that are left.

    :param serial: sizes; a share is of all databases, and one at least; 0 means all. (): all at once.
    """
    found: List[Tuple[str, ...]] = []
    rest = tuple(names)
    while rest:
        size = _size(serial[min(len(found), len(serial) - 1)], len(names)) if serial else len(rest)
        found.append(rest[:size])
        rest = rest[size:]
    return found


def _size(written: str, total: int) -> int:
    if written.endswith("%"):
        return int(float(written[:-1]) / 100 * total) or 1
    return int(written) or total


def too_many(failed: int, size: int, most: float) -> bool:
    """Return whether more of a batch have failed than may.

    :param most: in percent.
    """
    return failed * 100 > most * size

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where links lead: step by step as the kernel goes, and whether out of a directory."""

from __future__ import annotations

import errno
import os
import stat
from typing import Iterator, Tuple

# As many as Linux follows.
MOST_LINKS = 40


def leads_out(path: str, directory: str) -> bool:
    """Tell whether a path ends outside of a directory, once all links in both are followed."""
    home, place = os.path.realpath(directory), os.path.realpath(path)
    return place != home and not place.startswith(os.path.join(home, ""))


def walk(path: str) -> Iterator[Tuple[str, os.stat_result]]:
    """Yield each entry that the kernel looks up on its way to a path, the links among them, and what it is.

    Each has the path that it really has: no part of it but the last is a link.

    :raises OSError: when there is none, or the links go round in circles.
    """
    place, pending, links = os.sep, os.path.join(os.getcwd(), path).split(os.sep)[::-1], 0
    while pending:
        name = pending.pop()
        if name == os.pardir:
            place = os.path.dirname(place)
        if name in ("", os.curdir, os.pardir):
            continue
        entry = os.path.join(place, name)
        status = os.lstat(entry)
        yield entry, status
        if not stat.S_ISLNK(status.st_mode):
            place = entry
            continue
        links += 1
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        target = os.readlink(entry)
        place = os.sep if os.path.isabs(target) else place
        pending += target.split(os.sep)[::-1]

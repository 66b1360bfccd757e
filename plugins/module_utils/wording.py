# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of things, and lists of names, as they stand in a sentence."""

from __future__ import annotations

from typing import Sequence

MOST_NAMED = 5


def many(count: int, what: str) -> str:
    """Return a number of things: 1 migration, 2,000 migrations."""
    return "%s %s%s" % (format(count, ","), what, "" if count == 1 else "s")


def some(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """Return names in a sentence; of many the first ones, and how many more there are."""
    more = " and %s more" % format(len(names) - most, ",") if len(names) > most else ""
    return ", ".join(names[:most]) + more

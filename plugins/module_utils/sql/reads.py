# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which statements tell whoever sends them something of rows."""

from __future__ import annotations

import re
from typing import Optional

from .statements import SplitError, split

READS = ("SELECT", "WITH", "VALUES", "TABLE", "SHOW", "FETCH", "EXPLAIN", "EXECUTE", "DECLARE", "COPY")
RETURNS = re.compile(r"\breturning\b", re.IGNORECASE)


def first_read(text: str) -> Optional[str]:
    """Return the first statement of a text that reads, by its keyword; None: none does, or the text can't be read."""
    try:
        return next((each.keyword for each in split(text) if each.keyword.startswith(READS)), None)
    except SplitError:
        return None


def may_tell(text: str) -> bool:
    """Return whether who sends a text may learn something of rows by its answer."""
    return RETURNS.search(text) is not None or first_read(text) is not None

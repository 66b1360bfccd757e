# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a glance at SQL tells, without reading it: quick looks for a word, which err on the side of caution.

statements.py reads; to import it costs a task more than most scripts are worth.
"""

from __future__ import annotations

import re

CONTROL = re.compile(r"\b(?:begin|start|commit|end|rollback|abort|prepare)\b", re.IGNORECASE)
DEALLOCATES = re.compile(r"deallocate|discard", re.IGNORECASE)
# SET TRANSACTION …, SET transaction_isolation …
SETS_MODE = re.compile(r"transaction", re.IGNORECASE)
# CREATE INDEX CONCURRENTLY, VACUUM, ALTER SYSTEM, DROP DATABASE …
NEEDS_NONE = re.compile(r"\b(?:concurrently|vacuum|system|database|tablespace)\b", re.IGNORECASE)


def may_need_no_transaction(text: str) -> bool:
    """Return whether a text may have a statement that is refused inside a transaction."""
    return NEEDS_NONE.search(text) is not None


def may_control(text: str) -> bool:
    """Return whether a text may begin or end transactions."""
    return CONTROL.search(text) is not None


def may_deallocate(text: str) -> bool:
    """Return whether a text may take prepared statements away."""
    return DEALLOCATES.search(text) is not None


def may_set_mode(text: str) -> bool:
    """Return whether a text may set the mode of its transaction."""
    return SETS_MODE.search(text) is not None

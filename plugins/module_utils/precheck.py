# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for what a plan asks of rows that are there, and for whether they satisfy it."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Optional, Tuple


class Kind(Enum):
    """What a plan can ask of the rows of a table; the value is how it is named to people."""

    NOT_NULL = "NOT NULL"
    CHECK = "CHECK"
    UNIQUE = "UNIQUE"
    PRIMARY_KEY = "PRIMARY KEY"
    FOREIGN_KEY = "FOREIGN KEY"
    EXCLUDE = "EXCLUDE"
    DOMAIN = "DOMAIN"
    PARTITION = "PARTITION"
    TYPE = "TYPE"


class Verdict(Enum):
    """What was found in the real rows."""

    PASSED = "passed"
    VIOLATED = "violated"
    NOT_CHECKED = "not_checked"


# Rows are counted up to here.
MOST_ROWS = 1000
MOST_EXAMPLES = 3


class Answer(NamedTuple):
    """What was found in the real rows.

    :ivar rows: how many violate it, MOST_ROWS at most; None: at least one.
    :ivar sample: of some of these rows the key, as text; only keys of whole numbers and UUIDs are shown.
    :ivar reason: why nobody has looked; where rows violate it, how many, in words.
    :ivar odd: whether something got in the way that isn't the plan's (a right, a lock, the time).
    :ivar key: what that key is called.
    """

    verdict: Verdict
    rows: Optional[int] = None
    sample: Tuple[str, ...] = ()
    reason: Optional[str] = None
    odd: bool = False
    key: str = ""


class Precheck(NamedTuple):
    """One thing that the plan asks of a table's rows, and the answer.

    :ivar version: of the migration that asks for it.
    :ivar label: of the migration, as people refer to it.
    :ivar table: with its schema, as it is called now.
    :ivar constraint: what is asked, in words.
    """

    version: str
    label: str
    table: str
    constraint: str
    answer: Answer

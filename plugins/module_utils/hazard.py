# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for what a step can do to tables that others use."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Optional


class HazardKind(Enum):
    """What a step can do to a table that others use; the rules are in run/hazards.py."""

    TABLE_DROPPED = "table_dropped"
    TABLE_REWRITE = "table_rewrite"
    COLUMN_DROPPED = "column_dropped"
    ACCESS_EXCLUSIVE_LOCK = "access_exclusive_lock"
    INDEX_NOT_CONCURRENT = "index_not_concurrent"
    BLOCKS_WRITES = "blocks_writes"
    CLUSTER_WIDE = "cluster_wide"


class Hazard(NamedTuple):
    """What one step does to one table.

    :ivar hold_ms: for how long at most the lock was held, in milliseconds.
    :ivar size_bytes: of the real table with its indexes; None: it isn't known, or gone.
    :ivar row_estimate: of the real table, by the planner's statistics.
    """

    kind: HazardKind
    version: str
    table: Optional[str] = None
    lock: Optional[str] = None
    hold_ms: Optional[int] = None
    size_bytes: Optional[int] = None
    row_estimate: Optional[int] = None

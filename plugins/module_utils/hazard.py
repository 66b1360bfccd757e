# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for what a step can do to tables that others use; run/hazard_rules.py says what each means."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Optional, Tuple


class Level(Enum):
    """How bad a hazard is, from the mildest to the worst."""

    INSTANT = "instant"
    SCAN = "scan"
    REWRITE = "rewrite"
    BREAKS_APPLICATION = "breaks_application"
    DATA_LOSS = "data_loss"


class HazardKind(Enum):
    """What a step can do to a table that others use."""

    TABLE_DROPPED = "table_dropped"
    TRUNCATED = "truncated"
    COLUMN_DROPPED = "column_dropped"
    VIEW_DROPPED = "view_dropped"
    RENAME = "rename"
    CLUSTER_WIDE = "cluster_wide"
    TABLE_REWRITE = "table_rewrite"
    TABLE_COPIED = "table_copied"
    ROWS_CHANGED = "rows_changed"
    FULL_SCAN = "full_scan"
    INDEX_NOT_CONCURRENT = "index_not_concurrent"
    WAITS_WHILE_LOCKED = "waits_while_locked"
    FOREIGN_KEY_WITHOUT_INDEX = "foreign_key_without_index"
    ACCESS_EXCLUSIVE_LOCK = "access_exclusive_lock"
    BLOCKS_WRITES = "blocks_writes"


class Hazard(NamedTuple):
    """What one step does to one table.

    :ivar table: as it was called before the step.
    :ivar lock: the strongest that was held; None: it wasn't seen.
    :ivar hold_ms: for how long at most the lock was held, in milliseconds.
    :ivar size_bytes: of the real table with its indexes; None: it isn't known, or gone.
    :ivar row_estimate: of the real table, by the planner's statistics.
    :ivar rows_changed: how many rows were written; None: it isn't known.
    :ivar detail: what exactly, in words.
    :ivar partition_of: the whole table, where it is a partition.
    :ivar origin: the table before the run: its oid where the step ran, and its name.
    """

    kind: HazardKind
    version: str
    table: Optional[str] = None
    lock: Optional[str] = None
    hold_ms: Optional[int] = None
    size_bytes: Optional[int] = None
    row_estimate: Optional[int] = None
    rows_changed: Optional[int] = None
    detail: Optional[str] = None
    partition_of: Optional[str] = None
    origin: Optional[Tuple[int, str]] = None

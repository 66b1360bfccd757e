# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of tables that were there before the run, as values."""

from __future__ import annotations

from typing import Dict, FrozenSet, NamedTuple, Optional, Tuple

EXCLUSIVE = "AccessExclusiveLock"
WRITES = "RowExclusiveLock"
# From the weakest to the strongest; what is weaker keeps nobody from reading or writing, and changes nothing.
MODES = (WRITES, "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", EXCLUSIVE)


class Relation(NamedTuple):
    """A table, partition or view, as it was before the run, or as the steps until now have left it.

    :ivar kind: the catalog's letter: r, p (partitioned), m (materialized view), v.
    :ivar columns: their names, by number; '' for one that is dropped.
    :ivar not_null: for each of them 1 or 0.
    :ivar parent: the oid of the table that it is a partition of, or inherits from.
    :ivar anew: the kind of hazard that another filenode means, where no lock tells more.
    """

    name: str
    kind: str = "r"
    filenode: int = 0
    layout: str = ""
    columns: Tuple[str, ...] = ()
    not_null: str = ""
    parent: Optional[int] = None
    is_partition: bool = False
    anew: str = "table_rewrite"


class Key(NamedTuple):
    """A foreign key that the open transaction has made.

    :ivar indexed: whether there is an index on its columns; of a partition's, the whole table's counts.
    """

    oid: int
    validated: bool
    indexed: bool
    name: str


class Column(NamedTuple):
    """A column whose row the open transaction has written; its name is '' once it is dropped."""

    number: int
    name: str
    not_null: bool


class Details(NamedTuple):
    """What the open transaction has made of a table. The sets are of oids.

    :ivar columns: those that it has made, altered or dropped, by number.
    :ivar clustered: whether there is an index by which the table was put in order.
    :ivar index_scans: how often its indexes were read.
    :ivar checks: CHECK constraints that hold for all rows.
    """

    columns: Tuple[Column, ...] = ()
    clustered: bool = False
    index_count: int = 0
    index_scans: int = 0
    indexes: FrozenSet[int] = frozenset()
    checks: FrozenSet[int] = frozenset()
    keys: Tuple[Key, ...] = ()


class Held(NamedTuple):
    """A relation that the session has locked, and how it looks to it.

    :ivar modes: of the locks, as the server names them.
    :ivar exists: whether it is still there; if not, the rest means nothing.
    :ivar scans: how often the session has read all of it. This and the rows may still count earlier transactions.
    :ivar details: None: it is locked for writing rows only.
    """

    oid: int
    modes: FrozenSet[str]
    exists: bool = True
    name: str = ""
    filenode: int = 0
    layout: str = ""
    is_partition: bool = False
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    scans: int = 0
    details: Optional[Details] = None


class Sight(NamedTuple):
    """One look at what a session holds.

    :ivar events: how many events of this run the session's counts still have; None: it counts nothing.
    :ivar transient: whether it has made a table and dropped it again, as one that is written anew does.
    :ivar anew: the names of views that it has made.
    """

    held: Tuple[Held, ...] = ()
    events: Optional[int] = None
    transient: bool = False
    anew: FrozenSet[str] = frozenset()


class Survey(NamedTuple):
    """What was there before the run.

    :ivar latest: the highest oid.
    :ivar own: the tables of the history; the second one is its log.
    :ivar any_bytes: whether names may be no text, for the database has no encoding.
    """

    relations: Dict[int, Relation] = {}
    latest: int = 0
    own: Tuple[Optional[int], ...] = ()
    any_bytes: bool = False

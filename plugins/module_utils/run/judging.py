# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of a session → what it has done to which tables, one beside the other. Pure."""

from __future__ import annotations

from typing import Collection, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from ..databases.sight import EXCLUSIVE, WRITES, Held, Relation, Sight
from ..hazard import HazardKind
from .relation import UNKNOWN, Counted, Finding, Known, after, listed, made_of, strongest

# What takes as long as there are rows.
WORK = frozenset(
    [HazardKind.ROWS_CHANGED, HazardKind.FULL_SCAN, HazardKind.INDEX_NOT_CONCURRENT, HazardKind.TABLE_REWRITE]
)
# What tells by itself that the table was locked for everybody.
CLOSING = frozenset(
    [
        *(HazardKind.TABLE_DROPPED, HazardKind.TRUNCATED, HazardKind.COLUMN_DROPPED, HazardKind.RENAME),
        *(HazardKind.TABLE_REWRITE, HazardKind.WAITS_WHILE_LOCKED),
    ]
)
# What a partitioned table has in common with its partitions: it has no file of its own to tell it by.
OF_FILES = frozenset([HazardKind.TABLE_REWRITE, HazardKind.TRUNCATED])


def judge(before: Mapping[int, Relation], sight: Sight, known: Known) -> List[Finding]:
    """Return what was done.

    :param before: what was there before the run, as the steps until now have left it; all else is nobody's yet.
    """
    held = [each for each in sight.held if each.oid in before]
    found = [finding for each in held for finding in made_of(before[each.oid], each, sight, known)]
    found += _wholes(before, held, found)
    found += _rows(before, held, known)
    found += _waiting(before, held, found)
    return found + list(_only_locked(before, held, found, known))


def whole_of(before: Mapping[int, Relation], oid: int, inherited: bool = False) -> int:
    """Return the table that a partition belongs to in the end.

    :param inherited: whether what inherits counts, too.
    """
    while before[oid].parent in before and (inherited or before[oid].is_partition):
        oid = before[oid].parent or oid
    return oid


def _wholes(before: Mapping[int, Relation], held: Iterable[Held], found: List[Finding]) -> List[Finding]:
    """Return the partitioned tables all of whose partitions have got new files."""
    kinds = {finding.oid: finding.kind for finding in found if finding.kind in OF_FILES}
    closed = {each.oid for each in held if each.exists and EXCLUSIVE in each.modes and before[each.oid].kind == "p"}
    if not kinds or not closed:
        return []
    of_parts: Dict[int, Set[Optional[HazardKind]]] = {}
    for oid, relation in before.items():
        kind, whole = kinds.get(oid), oid
        while relation.kind != "p" and before[whole].is_partition and before[whole].parent in before:
            whole = before[whole].parent or whole
            of_parts.setdefault(whole, set()).add(kind)
    alike = {oid: parts.pop() for oid, parts in of_parts.items() if oid in closed and len(parts) == 1}
    return [Finding(kind, oid, EXCLUSIVE) for oid, kind in alike.items() if kind is not None]


def _rows(before: Mapping[int, Relation], held: Iterable[Held], known: Known) -> Iterator[Finding]:
    """Yield whose rows were written. What was written through a partitioned table is told of that one alone."""
    written: Dict[int, Counted] = {}
    for each in held:
        counted = known.counted.get(each.oid, UNKNOWN)
        is_new = WRITES in each.modes - known.locked.get(each.oid, frozenset())
        if before[each.oid].kind != "v" and WRITES in each.modes and (is_new or any(counted.rows or ())):
            written[each.oid] = counted
    wholes: Dict[int, List[Counted]] = {}
    for oid, counted in written.items():
        wholes.setdefault(_written_through(before, oid, written), []).append(counted)
    for oid, parts in wholes.items():
        yield Finding(HazardKind.ROWS_CHANGED, oid, WRITES, rows=total(part.rows for part in parts))


def _written_through(before: Mapping[int, Relation], oid: int, written: Collection[int]) -> int:
    """Return the highest of the tables that a partition belongs to, of those that were written."""
    found = oid
    while before[oid].is_partition and before[oid].parent in before:
        oid = before[oid].parent or oid
        found = oid if oid in written else found
    return found


def _waiting(before: Mapping[int, Relation], held: Iterable[Held], found: List[Finding]) -> List[Finding]:
    """Return which tables are closed while the step works on rows of others, or of the same ones."""
    work: Dict[int, Set[HazardKind]] = {}
    for finding in found:
        if finding.kind in WORK:
            work.setdefault(whole_of(before, finding.oid, inherited=True), set()).add(finding.kind)
    emptied = {finding.oid for finding in found if finding.kind is HazardKind.TRUNCATED}
    waiting = []
    for each in held:
        is_closed = each.exists and EXCLUSIVE in each.modes and each.oid not in emptied
        if not is_closed or before[each.oid].kind == "v":
            continue
        family = whole_of(before, each.oid, inherited=True)
        others = [oid for oid, kinds in work.items() if oid != family or HazardKind.ROWS_CHANGED in kinds]
        if others:
            names = listed([before[oid].name for oid in others])
            waiting.append(Finding(HazardKind.WAITS_WHILE_LOCKED, each.oid, EXCLUSIVE, "work on " + names))
    return waiting


def _only_locked(
    before: Mapping[int, Relation], held: Iterable[Held], found: List[Finding], known: Known
) -> Iterator[Finding]:
    """Yield what was locked, and no more."""
    kinds: Dict[int, Set[HazardKind]] = {}
    for finding in found:
        kinds.setdefault(finding.oid, set()).add(finding.kind)
    for each in held:
        of_it = kinds.get(each.oid, set())
        is_changed = each.details is not None and after(before[each.oid], each) != before[each.oid]
        lock = strongest(each.modes if is_changed else each.modes - known.locked.get(each.oid, frozenset()))
        if not each.exists or before[each.oid].kind == "v" or lock in (None, WRITES):
            continue
        if lock == EXCLUSIVE:
            if not of_it & (CLOSING | {HazardKind.FULL_SCAN}):
                yield Finding(HazardKind.ACCESS_EXCLUSIVE_LOCK, each.oid, lock)
        elif EXCLUSIVE not in each.modes and not of_it & (CLOSING | WORK - {HazardKind.ROWS_CHANGED}):
            yield Finding(HazardKind.BLOCKS_WRITES, each.oid, lock)


def total(rows: Iterable[Optional[Tuple[int, int, int]]]) -> Optional[Tuple[int, int, int]]:
    """Return the sum; one that isn't known makes it unknown."""
    known = list(rows)
    if any(each is None for each in known):
        return None
    inserted, updated, deleted = (sum(column) for column in zip(*(each for each in known if each)))
    return inserted, updated, deleted

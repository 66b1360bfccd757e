# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of a step → what it has done to which tables. Pure."""

from __future__ import annotations

from typing import Collection, Dict, FrozenSet, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..databases.postgresql.observing.sight import EXCLUSIVE, MODES, WRITES, Details, Held, Relation, Sight
from ..hazard import HazardKind

NOTHING = Details()
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
MOST_NAMES = 3


class Counted(NamedTuple):
    """What a step itself has done to the rows of a table; None: it isn't known.

    :ivar rows: how many it has inserted, updated and deleted.
    :ivar scans: how often it has read the whole table.
    :ivar index_scans: how often it has read one of its indexes.
    """

    rows: Optional[Tuple[int, int, int]] = None
    scans: Optional[int] = None
    index_scans: Optional[int] = None


UNKNOWN = Counted()


class Finding(NamedTuple):
    """One thing that was done to one relation.

    :ivar lock: the strongest that was seen; None: none was.
    :ivar detail: what exactly, in words.
    :ivar rows: how many were inserted, updated and deleted.
    """

    kind: HazardKind
    oid: int
    lock: Optional[str] = None
    detail: Optional[str] = None
    rows: Optional[Tuple[int, int, int]] = None


class Known(NamedTuple):
    """What is known beside one look.

    :ivar told: the oids of indexes and constraints that an earlier look has told of.
    :ivar locked: the locks that earlier steps of the same transaction have left.
    :ivar counted: what this step has done, by table.
    """

    told: FrozenSet[int] = frozenset()
    locked: Mapping[int, FrozenSet[str]] = {}
    counted: Mapping[int, Counted] = {}


def judge(before: Mapping[int, Relation], sight: Sight, known: Known) -> List[Finding]:
    """Return what was done.

    :param before: what was there before the run, as the steps until now have left it; all else is nobody's yet.
    """
    held = [each for each in sight.held if each.oid in before]
    found = [finding for each in held for finding in _of_one(before[each.oid], each, sight, known)]
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


def after(before: Relation, held: Held) -> Relation:
    """Return a relation as it looks now."""
    columns, not_null = list(before.columns), list(before.not_null)
    for column in held.details.columns if held.details else ():
        place = slice(column.number - 1, column.number)
        columns[place], not_null[place] = [column.name], ["01"[column.not_null]]
    return before._replace(
        name=held.name,
        filenode=held.filenode,
        layout=held.layout,
        columns=tuple(columns),
        not_null="".join(not_null),
    )


def changed_meanwhile(before: Mapping[int, Relation], now: Mapping[int, Relation]) -> List[Finding]:
    """Return what has become of relations though no lock was seen."""
    names = frozenset(each.name for oid, each in now.items() if oid not in before)
    found = []
    for oid, relation in before.items():
        if oid not in now:
            found += _dropped(relation, oid, None, names)
            continue
        found += _renamed(relation, now[oid], oid, None) + _columns_dropped(relation, now[oid], oid, None)
        if relation.filenode != now[oid].filenode:
            found.append(Finding(HazardKind.TABLE_REWRITE, oid))
    return found


def _of_one(before: Relation, held: Held, sight: Sight, known: Known) -> List[Finding]:
    """Return what was made of a relation itself."""
    lock, oid = strongest(held.modes), held.oid
    if not held.exists:
        return _dropped(before, oid, lock, sight.anew) if lock == EXCLUSIVE else []
    if held.details is None:
        return []
    now = after(before, held)
    found = _renamed(before, now, oid, lock) + _columns_dropped(before, now, oid, lock)
    if before.kind == "v":
        return found
    counted = known.counted.get(oid, UNKNOWN)
    anew = held.filenode != before.filenode
    if anew:
        is_rewrite = _is_rewrite(before, held, sight, counted)
        found.append(Finding(HazardKind.TABLE_REWRITE if is_rewrite else HazardKind.TRUNCATED, oid, lock))
    made = held.details.indexes - known.told
    if made and not anew and _was_built(before, now, held.details, counted):
        found.append(Finding(HazardKind.INDEX_NOT_CONCURRENT, oid, lock))
    elif not anew and (read := _why_read(before, now, held, known, counted)):
        found.append(Finding(HazardKind.FULL_SCAN, oid, lock, read))
    for key in held.details.keys:
        if key.oid not in known.told and not key.indexed:
            found.append(Finding(HazardKind.FOREIGN_KEY_WITHOUT_INDEX, oid, lock, key.name))
    return found


def _dropped(before: Relation, oid: int, lock: Optional[str], anew: FrozenSet[str]) -> List[Finding]:
    """A view may have been made anew, under its name."""
    if before.kind in ("r", "p"):
        return [Finding(HazardKind.TABLE_DROPPED, oid, lock)]
    return [] if before.name in anew else [Finding(HazardKind.VIEW_DROPPED, oid, lock)]


def _renamed(before: Relation, now: Relation, oid: int, lock: Optional[str]) -> List[Finding]:
    said = ["to " + now.name] if now.name != before.name else []
    pairs = zip(before.columns, now.columns)
    said += ["column %s to %s" % (was, name) for was, name in pairs if was and name and was != name]
    return [Finding(HazardKind.RENAME, oid, lock, ", ".join(said))] if said else []


def _columns_dropped(before: Relation, now: Relation, oid: int, lock: Optional[str]) -> List[Finding]:
    gone = [was for was, name in zip(before.columns, now.columns) if was and not name]
    return [Finding(HazardKind.COLUMN_DROPPED, oid, lock, listed(gone))] if gone else []


def _is_rewrite(before: Relation, held: Held, sight: Sight, counted: Counted) -> bool:
    """Return whether a table with a new file was written anew, and not emptied.

    What is written anew is read once, into a table that is dropped again; a change of tablespace copies files. An
    ALTER TABLE leaves its mark on columns or layout, a CLUSTER on an index.
    """
    details = held.details or NOTHING
    if before.kind == "m" or before.layout.split(" ")[0] != held.layout.split(" ")[0]:
        return True
    # To build the indexes of the new file, which TRUNCATE does too, reads it once for each.
    is_read = counted.scans is None or counted.scans + (counted.index_scans or 0) > details.index_count
    if not sight.transient or not is_read:
        return False
    return bool(details.columns) or details.clustered or before.layout != held.layout


def _was_built(before: Relation, now: Relation, details: Details, counted: Counted) -> bool:
    """Return whether an index was built: one of a column that got another type may keep its file."""
    if counted.scans is None or before.kind == "p":  # which has no rows of its own
        return not details.columns or now.not_null != before.not_null
    return counted.scans > 0


def _why_read(before: Relation, now: Relation, held: Held, known: Known, counted: Counted) -> Optional[str]:
    """Return for which promise a locked table was read; None: it wasn't.

    What a promise needs no look for (a CHECK proves a NOT NULL) shows in the counts. A foreign key is looked up by a
    query, which may read by an index; so its being there is what counts.
    """
    details = held.details or NOTHING
    keys = [key.name for key in details.keys if key.validated and key.oid not in known.told]
    if keys:
        return "FOREIGN KEY " + listed(keys)
    if counted.scans == 0 and before.kind != "p":
        return None
    closed = [
        name
        for name, was, is_closed in zip(now.columns, before.not_null, now.not_null)
        if name and was == "0" and is_closed == "1"
    ]
    if closed:
        return "NOT NULL of " + listed(closed)
    if details.checks - known.told:
        return "CHECK"
    if held.is_partition and not before.is_partition:
        return "the bounds of a partition"
    return "all of its rows" if counted.scans and held.modes & {"ShareLock"} else None


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


def strongest(modes: Iterable[str]) -> Optional[str]:
    """Return the strongest of some locks."""
    return max(modes, key=MODES.index, default=None)


def total(rows: Iterable[Optional[Tuple[int, int, int]]]) -> Optional[Tuple[int, int, int]]:
    """Return the sum; one that isn't known makes it unknown."""
    known = list(rows)
    if any(each is None for each in known):
        return None
    inserted, updated, deleted = (sum(column) for column in zip(*(each for each in known if each)))
    return inserted, updated, deleted


def listed(names: List[str]) -> str:
    """Return names in a sentence, the first ones of many."""
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (" and %d more" % more if more > 0 else "")

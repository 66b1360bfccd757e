# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of one table → what was made of it. Pure."""

from __future__ import annotations

from typing import FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ..databases.sight import EXCLUSIVE, MODES, Details, Held, Relation, Sight
from ..hazard import HazardKind
from ..wording import some

NOTHING = Details()
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
            found.append(Finding(HazardKind(now[oid].anew), oid))
    return found


def made_of(before: Relation, held: Held, sight: Sight, known: Known) -> List[Finding]:
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


def strongest(modes: Iterable[str]) -> Optional[str]:
    """Return the strongest of some locks."""
    return max(modes, key=MODES.index, default=None)


def listed(names: List[str]) -> str:
    """Return names in a sentence, the first ones of many."""
    return some(names, MOST_NAMES)

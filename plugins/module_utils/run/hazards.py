# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a run do to tables that were there before it: each look at a session, put together step by step."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, List, Optional, Set, Tuple

from .. import model
from ..databases.choose import database_of
from ..databases.sight import EXCLUSIVE, Held, Relation, Sight, Survey
from ..hazard import Hazard, HazardKind
from .hazard_rules import severity
from .judging import CLOSING, judge, whole_of
from .relation import Counted, Finding, Known, after, changed_meanwhile

Counts = Tuple[int, int, int, int, int]
ZEROS: Counts = (0, 0, 0, 0, 0)


class Counter:
    """Tells what a step has counted from what its session has.

    A session hands its counts over when it is idle, and not each time; until then they grow from one transaction to the
    next. Each record of a step counts as an event, so the events that are left tell whether that was done in between.
    """

    def __init__(self) -> None:
        self._last: Dict[int, Counts] = {}
        self._events: Optional[int] = None  # how many there are now, if nothing was handed over
        self._is_new = True
        self._trusted = True

    def recorded(self) -> None:
        """Note that a step was recorded."""
        self._trusted = True
        if self._events is not None:
            self._events += 1

    def lose(self) -> None:
        """Note that transactions came between whose counts nobody has seen."""
        self._events, self._is_new = None, False

    def distrust(self) -> None:
        """Note that a try was rolled back: the counts have what it did, too."""
        self.lose()
        self._trusted = False

    def step(self, sight: Sight) -> Dict[int, Counted]:
        """Return what was counted since the last look, by table."""
        if sight.events is None or not sight.held:
            return {}
        continues = self._events == sight.events
        is_sure = self._trusted and (self._is_new or self._events is not None or sight.events == 0)
        last = self._last if continues else {}
        counts = {each.oid: _counts(each) for each in sight.held}
        self._last = {**last, **counts}
        self._events, self._is_new = sight.events, False
        if not is_sure:
            return {}
        return {oid: _difference(now, last.get(oid, ZEROS)) for oid, now in counts.items()}


class TableWatch:
    """What the steps of a run do to tables that were there before it.

    :ivar survey: what was there.
    :param keeps_locks: whether all steps are one transaction, so that one meets the locks of those before it.
    """

    def __init__(self, survey: Survey, keeps_locks: bool = False) -> None:
        self.survey = survey
        self._keeps_locks = keeps_locks
        self.counter = Counter()
        self._begin()

    @classmethod
    def of_nothing(cls) -> TableWatch:
        """Return a watch that has nothing to look at."""
        return cls(Survey())

    def reset(self) -> None:
        """Begin anew: everything that the run did is rolled back."""
        self._begin()
        self.counter.distrust()

    def _begin(self) -> None:
        self._before = dict(self.survey.relations)
        self._told: Set[int] = set()
        self._locked: Dict[int, FrozenSet[str]] = {}
        self._found: Dict[Tuple[HazardKind, int], Hazard] = {}

    def see(self, sight: Sight, in_transaction: bool = True) -> None:
        """Take what the record of a step has seen.

        :param in_transaction: whether that was all that the step did.
        """
        if not in_transaction:
            self.counter.lose()
        if not sight.held:  # as with most steps of a long run
            self.counter.recorded()
            return
        counted = self.counter.step(sight) if in_transaction else {}
        found = judge(self._before, sight, Known(frozenset(self._told), self._locked, counted))
        self._take(found)
        for each in sight.held:
            self._follow(each)
        self.counter.recorded()

    def note(self, cursor: Any) -> None:
        """Look at what a session holds before a commit that isn't the step's last, or of a connection of its own."""
        if not self.survey.relations:
            return
        sight = database_of(cursor.connection).observing.read_sight(cursor, self.survey)
        self._take(judge(self._before, sight, Known(frozenset(self._told), self._locked)))
        for each in sight.held:
            self._follow(each)
        self._forget_locks()

    def compare(self, cursor: Any) -> None:
        """Look at what has become of the tables: of a script outside a transaction the locks are gone by now."""
        if not self._before:
            return
        now = database_of(cursor.connection).observing.read_relations(cursor)
        self._take(changed_meanwhile(self._before, now))
        self._before = {oid: now[oid] for oid in self._before if oid in now}

    def take(self, step: model.Step, hold_ms: int) -> Tuple[Hazard, ...]:
        """Return the hazards of a step that is done, the worst first."""
        self._forget_locks()
        if not self._found:
            return ()
        found, self._found = self._found, {}
        version = str(step.script.version)
        told = [each._replace(version=version, hold_ms=hold_ms if each.lock else None) for each in found.values()]
        return tuple(sorted(_without_weaker(told), key=lambda each: (-severity(each.kind), each.table or "")))

    def _forget_locks(self) -> None:
        if not self._keeps_locks:
            self._locked = {}

    def _follow(self, held: Held) -> None:
        """Take a relation as it is now: the next step is compared with that."""
        before = self._before.get(held.oid)
        if before is None:
            return
        if held.details is not None:
            self._told |= held.details.indexes | held.details.checks | {key.oid for key in held.details.keys}
        self._locked[held.oid] = self._locked.get(held.oid, frozenset()) | held.modes
        if held.exists:
            self._before[held.oid] = after(before, held)
        elif EXCLUSIVE in held.modes:
            self._before.pop(held.oid)

    def _take(self, found: Iterable[Finding]) -> None:
        for each in found:
            hazard = self._hazard(each)
            known = self._found.get((each.kind, each.oid))
            self._found[each.kind, each.oid] = _added(known, hazard) if known else hazard

    def _hazard(self, found: Finding) -> Hazard:
        before: Dict[int, Relation] = self._before
        whole = whole_of(before, found.oid)
        return Hazard(
            found.kind,
            "",
            before[found.oid].name,
            found.lock,
            detail=_rows_detail(found) or found.detail,
            rows_changed=sum(found.rows) if found.rows else None,
            partition_of=before[whole].name if whole != found.oid else None,
            origin=(found.oid, self.survey.relations[found.oid].name),
        )


def cluster_wide(version: str) -> Hazard:
    """Return the hazard of a step that a rehearsal has stopped before."""
    return Hazard(HazardKind.CLUSTER_WIDE, version)


def _rows_detail(found: Finding) -> Optional[str]:
    """Return how many rows were written, in words."""
    if not found.rows:
        return None
    words = ("INSERT", "UPDATE", "DELETE")
    return ", ".join("%s %s" % (word, format(rows, ",")) for word, rows in zip(words, found.rows) if rows) or None


def _added(one: Hazard, other: Hazard) -> Hazard:
    """Return what was seen of one kind and table twice."""
    detail = ", ".join(dict.fromkeys(filter(None, [one.detail, other.detail]))) or None
    if one.kind is not HazardKind.ROWS_CHANGED:
        return one._replace(detail=detail)
    if one.rows_changed is None or other.rows_changed is None:
        return one._replace(rows_changed=None, detail=None)
    return one._replace(rows_changed=one.rows_changed + other.rows_changed, detail=detail)


def _without_weaker(found: List[Hazard]) -> List[Hazard]:
    """Leave out that a table was locked, where something else tells it."""
    closing = {(kind, EXCLUSIVE) for kind in (*CLOSING, HazardKind.FULL_SCAN)}
    closed = {each.origin for each in found if (each.kind, each.lock) in closing or each.kind in CLOSING}
    shut = closed | {
        each.origin
        for each in found
        if each.kind in (HazardKind.ACCESS_EXCLUSIVE_LOCK, HazardKind.INDEX_NOT_CONCURRENT, HazardKind.FULL_SCAN)
    }
    return [
        each
        for each in found
        if not (each.kind is HazardKind.ACCESS_EXCLUSIVE_LOCK and each.origin in closed)
        and not (each.kind is HazardKind.BLOCKS_WRITES and each.origin in shut)
    ]


def _counts(held: Held) -> Counts:
    index_scans = held.details.index_scans if held.details else 0
    return held.inserted, held.updated, held.deleted, held.scans, index_scans


def _difference(now: Counts, last: Counts) -> Counted:
    inserted, updated, deleted, scans, index_scans = (max(one - other, 0) for one, other in zip(now, last))
    return Counted((inserted, updated, deleted), scans, index_scans)

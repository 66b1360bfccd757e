# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on many databases: all are looked at, one of those that are alike is rehearsed, and the rows of all are
asked."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Set, Tuple, Union

from ..schema.diff import unified_diff
from ..schema.snapshot import Snapshot
from .checking import Ask, Look, Rehearse, Rehearsed
from .looking import Likeness
from .run import lost
from .tally import Fate, Outcome, Tally
from .workers import Lost, Work, Workers

ONE_BY_ONE = "%s: rehearsed one by one, for %s."
MOST_DIFFERENCES = 20


class _Kind:
    """Databases that are alike.

    :ivar names: of those of which nothing is known yet; the next one to be rehearsed comes first.
    :ivar is_compared: whether its schema is kept, to be compared with others: not those of a thousand kinds.
    """

    def __init__(self, state: str, names: Sequence[str], is_compared: bool = False) -> None:
        self.state, self.names, self.is_compared = state, list(names), is_compared
        self.example = names[0]
        self.found: Optional[Rehearsed] = None


class _Difference(NamedTuple):
    """How the schema of some databases differs from that of most, which have the same history."""

    example: str
    diff: str


class Passed:
    """Takes the outcomes of a check ahead of a real run: what has failed, or has nothing to do, is told already.

    :ivar names: of those that have passed.
    """

    looked = 0

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self.names: Set[str] = set()

    def add(self, name: str, outcome: Outcome) -> None:
        """Take what a check has come to."""
        if outcome.fate is Fate.CHANGED:
            self.names.add(name)
            self._tally.checked(name, outcome)
        else:
            self._tally.add(name, outcome)


class Rehearsals:
    """The check of one task."""

    def __init__(self, names: Sequence[str], tally: Union[Tally, Passed], context: int) -> None:
        """Take what is to be checked.

        :param tally: gets each outcome.
        :param context: lines around a change, in a diff.
        """
        self._names, self._tally, self._context = names, tally, context
        self._looked: Dict[str, Likeness] = {}
        self._kinds: List[_Kind] = []
        self._alone: Dict[str, int] = {}

    def run(self, count: int, work: Work, tick: Optional[Callable[[], None]] = None) -> List[str]:
        """Check all of them; return what there is to say of how.

        :param count: how many workers there are.
        :param work: is called in a worker, with a job of checking.py.
        :param tick: is called about once a second.
        :raises Stop: when a signal came.
        """
        with Workers(count, work, tick) as workers:
            workers.each([Look(name) for name in self._names], self._take_look)
            self._sort()
            while any(kind.names and kind.found is None for kind in self._kinds):
                self._rehearse(workers)
            self._tell(workers)
        return [ONE_BY_ONE % (_databases(number), why) for why, number in self._alone.items()]

    def _take_look(self, job: Look, answer: Any) -> None:
        if isinstance(answer, Likeness):
            self._looked[job.name] = answer
            self._tally.looked += 1
        else:
            self._tally.add(job.name, lost(answer) if isinstance(answer, Lost) else answer)

    def _sort(self) -> None:
        """Sort the databases into kinds; one whose rehearsal tells nothing of others is a kind of its own."""
        alike: Dict[Tuple[str, str], List[str]] = {}
        for name in self._names:
            found = self._looked.get(name)
            if found is None:
                continue
            if found.alone is None:
                alike.setdefault((found.schema, found.state), []).append(name)
            else:
                self._alone[found.alone] = self._alone.get(found.alone, 0) + 1
                self._kinds.append(_Kind("", [name]))
        largest = sorted(alike.items(), key=lambda each: -len(each[1]))
        for place, ((dummy, state), names) in enumerate(largest):
            self._kinds.append(_Kind(state, names, place <= MOST_DIFFERENCES))

    def _rehearse(self, workers: Workers) -> None:
        """Rehearse on the next database of each kind of which nothing is known yet."""
        kinds = {kind.names[0]: kind for kind in self._kinds if kind.names and kind.found is None}
        new: List[_Kind] = []

        def take(job: Rehearse, answer: Any) -> None:
            kind = kinds[job.name]
            kind.names.remove(job.name)
            kind.example = job.name
            if isinstance(answer, Lost):
                self._tally.add(job.name, lost(answer))
            elif answer.shared is None:
                self._tally.add(job.name, answer.outcome)
            else:
                kind.found = answer if kind.is_compared else answer._replace(schema=None)
                new.extend(self._parted(kind))

        workers.each([Rehearse(name) for name in kinds], take)
        self._kinds += new

    def _parted(self, kind: _Kind) -> List[_Kind]:
        """Return the others of a kind as kinds of their own, where the rehearsal has shown that it must be so."""
        if kind.found is None or kind.found.alone is None or not kind.names:
            return []
        others, kind.names = kind.names, []
        self._alone[kind.found.alone] = self._alone.get(kind.found.alone, 0) + 1 + len(others)
        return [_Kind("", [name]) for name in others]

    def _tell(self, workers: Workers) -> None:
        """Tell each database what the rehearsal on its kind has shown; where that asks something of rows, ask them."""
        differences = self._differences()
        differing: Dict[str, Optional[_Difference]] = {}
        jobs: List[Ask] = []
        for kind in self._kinds:
            if kind.found is None or kind.found.shared is None:
                continue
            found, difference = kind.found, differences.get(kind.example)
            self._tally.add(kind.example, _with(found.outcome, difference))
            for name in kind.names:
                outcome = kind.found.shared._replace(about=kind.example)
                if outcome.fate is not Fate.FAILED and found.asked.is_anything:
                    differing[name] = difference
                    jobs.append(Ask(name, found.asked, outcome))
                else:
                    self._tally.add(name, _with(outcome, difference))

        def take(job: Ask, answer: Any) -> None:
            outcome = lost(answer) if isinstance(answer, Lost) else answer
            self._tally.add(job.name, _with(outcome, differing[job.name]))

        workers.each(jobs, take)

    def _differences(self) -> Dict[str, _Difference]:
        """Return how schemas differ that have the same history, by the example of their kind."""
        by_state: Dict[str, List[_Kind]] = {}
        for kind in self._kinds:
            if kind.found is not None and kind.found.schema is not None:
                by_state.setdefault(kind.state, []).append(kind)
        found: Dict[str, _Difference] = {}
        for kinds in by_state.values():
            most = max(kinds, key=lambda kind: len(kind.names))
            for kind in kinds:
                diff = unified_diff(_snapshot(most), _snapshot(kind), self._context) if kind is not most else ""
                if diff:
                    found[kind.example] = _Difference(most.example, diff)
        return found


def _snapshot(kind: _Kind) -> Snapshot:
    return Snapshot(MappingProxyType(dict((kind.found.schema if kind.found else None) or ())))


def _with(outcome: Outcome, difference: Optional[_Difference]) -> Outcome:
    """Return an outcome with how its schema differs from that of most."""
    if difference is None or outcome.fate is Fate.FAILED:
        return outcome
    told = {**outcome.told, "differs": difference._asdict()}
    return outcome._replace(told=told, alike=outcome.alike + difference.diff)


def _databases(number: int) -> str:
    return "1 database" if number == 1 else "%s databases" % format(number, ",")

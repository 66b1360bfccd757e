# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has become of the databases of a task: counted, and told once for all that are alike.

It stays small, however many databases there are.
"""

from __future__ import annotations

from bisect import insort
from enum import Enum
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..report.fleet import unnamed

MOST_NAMES = 10
MOST_GROUPS = 20
# Of more groups than these, what is large isn't kept.
MOST_TOLD = 200
LARGE = frozenset(["plan", "hazards", "diff", "drift", "differs", "rehearsal", "prechecks"])
MOST_FAILURES = 100
MOST_WARNINGS = 10


class Fate(Enum):
    """What has become of a database."""

    OK = "ok"
    CHANGED = "changed"
    FAILED = "failed"


class Outcome(NamedTuple):
    """What a run on one database has come to.

    :ivar told: what its result says that the result of another may say as well.
    :ivar alike: equal for results that say the same.
    :ivar error: the fields of the error, and what of the run is known beside it; None: there was none.
    :ivar sentence: the error as a person reads it.
    :ivar wants: versions whose scripts would be needed, where only what is known of them is here.
    :ivar about: the database that the warnings name, where they were said of another one; None: this one.
    """

    fate: Fate
    told: Mapping[str, Any]
    alike: str = ""
    error: Optional[Mapping[str, Any]] = None
    sentence: str = ""
    warnings: Tuple[str, ...] = ()
    wants: Tuple[str, ...] = ()
    about: Optional[str] = None


class Group:
    """Databases whose results say the same.

    :ivar told: what the first of them says.
    :ivar count: how many there are.
    """

    def __init__(self, fate: Fate, is_whole: bool = True) -> None:
        """Take what has become of them.

        :param is_whole: also keep what is large of what is told.
        """
        self.fate, self.count, self._is_whole = fate, 0, is_whole
        self.told: Mapping[str, Any] = {}
        self._first: List[Tuple[int, str]] = []

    def add(self, place: int, name: str, told: Mapping[str, Any]) -> None:
        """Count one more.

        :param place: which of all databases it is; the order in which they end is chance.
        """
        self.count += 1
        if not self._first or place < self._first[0][0]:
            self.told = told if self._is_whole else _without_large(told)
        insort(self._first, (place, name))
        del self._first[MOST_NAMES:]

    @property
    def names(self) -> List[str]:
        """Return the names of the first of them."""
        return [name for dummy, name in self._first]

    @property
    def others(self) -> int:
        """Return how many there are beside the example, which is the first."""
        return self.count - 1


class Tally:
    """Counts outcomes as they come.

    :ivar total: how many databases there are.
    :ivar counts: by what has become of them.
    :ivar wants: versions whose scripts are needed.
    :ivar looked: how many were looked at, of those that something is still to be done with.
    """

    looked = 0

    def __init__(self, names: Sequence[str]) -> None:
        self.total = len(names)
        self.counts: Dict[Fate, int] = dict.fromkeys(Fate, 0)
        self._places = {name: place for place, name in enumerate(names)}
        self._failures: List[Tuple[int, str, Outcome]] = []
        self.wants: Dict[str, None] = {}
        self._groups: Dict[Tuple[Fate, str], Group] = {}
        self._warnings: Dict[str, Group] = {}
        self._checked: Dict[str, Outcome] = {}

    @property
    def reached(self) -> int:
        """Return on how many databases a run has come to its end, well or not."""
        return sum(self.counts.values())

    @property
    def failed(self) -> int:
        """Return how many have failed."""
        return self.counts[Fate.FAILED]

    def checked(self, name: str, outcome: Outcome) -> None:
        """Keep what a check ahead of a run has warned of, until that run has come to its end."""
        self._checked[name] = outcome._replace(told={})

    def add(self, name: str, outcome: Outcome) -> None:
        """Count what a run has come to."""
        place = self._places[name]
        self.counts[outcome.fate] += 1
        self.wants.update(dict.fromkeys(outcome.wants))
        self._warn(place, name, (self._checked.pop(name, outcome), outcome))
        if outcome.fate is not Fate.FAILED:
            new = Group(outcome.fate, is_whole=len(self._groups) < MOST_TOLD)
            self._groups.setdefault((outcome.fate, outcome.alike), new).add(place, name, outcome.told)
        elif len(self._failures) < MOST_FAILURES:
            self._failures.append((place, name, outcome))

    def _warn(self, place: int, name: str, outcomes: Sequence[Outcome]) -> None:
        """Take what there is to warn of; what a check and its run both say is said once."""
        said: Dict[str, str] = {}
        for outcome in outcomes:
            for sentence in outcome.warnings:
                said.setdefault(unnamed(sentence, outcome.about or name), sentence)
        for key, sentence in said.items():
            group = self._warnings.setdefault(key, Group(outcomes[-1].fate))
            group.add(place, name, {"sentence": sentence})

    @property
    def failures(self) -> List[Tuple[str, Outcome]]:
        """Return databases that have failed, and how; not all, where they are many."""
        return [(name, outcome) for dummy, name, outcome in sorted(self._failures, key=lambda each: each[0])]

    def groups(self) -> List[Group]:
        """Return the groups, those that have changed before the others, the largest first."""
        rank = {Fate.CHANGED: 0, Fate.OK: 1}
        return sorted(self._groups.values(), key=lambda each: (rank[each.fate], -each.count, each.names))

    def warnings(self) -> List[str]:
        """Return what there is to warn of, each sentence once, with how many databases it is about."""
        found = list(self._warnings.values())
        lines = [_said(group) for group in found[:MOST_WARNINGS]]
        left = len(found) - MOST_WARNINGS
        return [*lines, "There are %d further warnings of the databases." % left] if left > 0 else lines


def _without_large(told: Mapping[str, Any]) -> Mapping[str, Any]:
    return {key: value for key, value in told.items() if key not in LARGE}


def _said(group: Group) -> str:
    """Return a warning with the database that it is about, and how many others."""
    name = group.names[0]
    others = "" if not group.others else " and %s other%s" % (format(group.others, ","), "s" * (group.others > 1))
    return "%s%s: %s" % (name, others, group.told["sentence"])

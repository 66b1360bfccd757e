# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves on a scratch copy that migrations can be rolled back: up, down and up again."""

from __future__ import annotations

import re
from enum import Enum
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.postgresql.copies.containment import NotProved
from ..databases.tools import Tools
from ..run import runner
from ..run.preparation import Job, prepare
from ..run.session import Session
from ..schema.diff import unified_diff
from ..schema.series import SnapshotSeries
from ..schema.snapshot import Snapshot
from .scratch_copy import Original, Wishes, scratch_copy, session_on, unproved_by

# What may be made of all columns of a table, in their order.
FOLLOWS = ("VIEW", "MATERIALIZED VIEW", "FUNCTION", "PROCEDURE", "RULE")
WORD = re.compile(r"[^\s,]+")


class Verdict(Enum):
    """What came out for one migration, from the best to the worst."""

    REVERSIBLE = "reversible"
    WHITE_SPACE = "reversible_but_for_white_space"
    COLUMN_ORDER = "reversible_but_for_column_order"
    NOT_REVERSIBLE = "not_reversible"
    WITHOUT_DOWN = "without_down"


class Proof(NamedTuple):
    """The verdict on one migration.

    :ivar diff: says why it isn't reversible.
    :ivar error: says so where its down failed, or its second up.
    """

    script: model.Script
    verdict: Verdict
    diff: str = ""
    error: Optional[errors.MigrationError] = None


class Proofs(NamedTuple):
    """All verdicts, in order. The other fields are those of a Rehearsal.

    :ivar failed: why there are no further ones: a migration's first up failed, and nothing follows it.
    """

    where: str
    unproved: Tuple[str, ...]
    proofs: Tuple[Proof, ...]
    skipped: Tuple[model.Outcome, ...]
    on: str = "server"
    role: str = ""
    changes: Tuple[Tuple[str, str], ...] = ()
    failed: Optional[errors.MigrationError] = None


def prove(original: Original, wishes: Wishes, tools: Tools, jobs: Sequence[Job], context: int) -> Proofs:
    """Run each job up, down and up again on a scratch copy, and compare the snapshots.

    Where a down fails, nobody knows what it has left: the proof goes on with a new copy.

    :param context: lines around a change in a diff.
    :raises RehearsalImpossible: when no copy can be made.
    """
    series = _Series(jobs, context)
    while True:
        with scratch_copy(original, wishes, tools) as copy, session_on(copy, original, wishes) as session:
            series.go_on(session, SnapshotSeries(copy.reader, copy.scratch.dumps_as, False, copy.first))
            if series.is_done:
                return Proofs(
                    copy.scratch.place,
                    unproved_by(copy, wishes),
                    tuple(series.proofs),
                    tuple(series.skipped),
                    copy.scratch.on,
                    copy.role,
                    tuple((each.version, each.sentence) for each in copy.scratch.changes),
                    series.failed,
                )


class _Series:
    """The proofs of one task, over as many copies as it takes.

    :ivar failed: why it can't go on, if it can't.
    """

    def __init__(self, jobs: Sequence[Job], context: int) -> None:
        self.context = context
        self.proofs: List[Proof] = []
        self.skipped: List[model.Outcome] = []
        self.failed: Optional[errors.MigrationError] = None
        self._up: List[Job] = []
        self._left = list(jobs)

    @property
    def is_done(self) -> bool:
        """Return whether nothing is left to prove, or can be."""
        return not self._left or self.failed is not None

    def go_on(self, session: Session, snapshots: SnapshotSeries) -> None:
        """Prove on a copy what is left, until a down fails; first all that has been up is done once more."""
        for job in self._up:
            runner.run(session, prepare([job]))
        if self._up:
            snapshots.take()
        while self._left:
            job = self._left[0]
            try:
                progress = runner.run(session, prepare([job]))
                proof = _prove_one(session, snapshots, job[1], self.context) if progress.done else None
            except errors.MigrationError as error:
                self.failed = error
                return
            self._up.append(self._left.pop(0))
            self.skipped += progress.skipped
            if proof is not None:
                self.proofs.append(proof)
                if proof.error is not None:
                    return


def _prove_one(session: Session, series: SnapshotSeries, migration: model.Migration, context: int) -> Proof:
    """Judge a migration that has been up once; the series's last frame is from before that.

    :raises NotProved: when its way back can't run on a copy.
    """
    script = migration.script
    series.take()
    if migration.down is None:
        return Proof(script, Verdict.WITHOUT_DOWN)
    before, after = series.snapshots[-2:]
    down = model.Step(script, model.Direction.DOWN, model.Reason.ROLL_BACK, (script.version.text,))
    try:
        runner.run(session, prepare([(down, migration)]))
        series.take()
        undone = series.snapshots[-1]
        if script.repeatable:
            return Proof(script, *_judge(before, undone, context))
        runner.run(session, prepare([(model.Step(script), migration)]))
    except NotProved:
        raise
    except errors.MigrationError as error:
        return Proof(script, Verdict.NOT_REVERSIBLE, error=error)
    series.take()
    first, second = _judge(before, undone, context), _judge(after, series.snapshots[-1], context)
    worst = max(first, second, key=lambda judged: list(Verdict).index(judged[0]))
    return Proof(script, *worst)


def _judge(wanted: Snapshot, found: Snapshot, context: int) -> Tuple[Verdict, str]:
    diff = unified_diff(wanted, found, context)
    if not diff:
        return Verdict.REVERSIBLE, ""
    return _mildest(wanted, found), diff


def _mildest(wanted: Snapshot, found: Snapshot) -> Verdict:
    """Return how bad a difference is."""
    if set(wanted.objects) != set(found.objects):
        return Verdict.NOT_REVERSIBLE
    pairs = [(key, text, found.objects[key]) for key, text in wanted.objects.items() if text != found.objects[key]]
    if all(one.split() == other.split() for dummy, one, other in pairs):
        return Verdict.WHITE_SPACE
    if all(_same_but_for_order(key.type, one, other) for key, one, other in pairs):
        return Verdict.COLUMN_ORDER
    return Verdict.NOT_REVERSIBLE


def _same_but_for_order(kind: str, one: str, other: str) -> bool:
    """Return whether all that differs is the order of columns: one that was dropped comes back as the last.

    What is made of all columns of a table follows it.
    """
    if kind == "TABLE":
        return _lines(one) == _lines(other)
    return kind in FOLLOWS and sorted(WORD.findall(one)) == sorted(WORD.findall(other))


def _lines(text: str) -> List[str]:
    return sorted(line.rstrip(",") for line in text.splitlines())

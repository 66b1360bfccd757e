# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves on a scratch copy that migrations can be rolled back: up, down and up again."""

from __future__ import annotations

from enum import Enum
from typing import List, NamedTuple, Sequence, Tuple

from .. import model
from ..databases.postgresql.snapshots import SnapshotSeries
from ..databases.tools import Tools
from ..run import runner
from ..run.preparation import Job, prepare
from ..run.session import Session
from ..schema.diff import unified_diff
from ..schema.snapshot import Snapshot
from .scratch_copy import Original, Wishes, scratch_copy, session_on, unproved_by


class Verdict(Enum):
    """What came out for one migration."""

    REVERSIBLE = "reversible"
    COLUMN_ORDER = "reversible_but_for_column_order"
    NOT_REVERSIBLE = "not_reversible"
    WITHOUT_DOWN = "without_down"


class Proof(NamedTuple):
    """The verdict on one migration, with the diff that says why it isn't reversible."""

    script: model.Script
    verdict: Verdict
    diff: str = ""


class Proofs(NamedTuple):
    """All verdicts, in order. The other fields are those of a Rehearsal."""

    where: str
    unproved: Tuple[str, ...]
    proofs: Tuple[Proof, ...]
    skipped: Tuple[model.Outcome, ...]
    on: str = "server"
    role: str = ""
    changes: Tuple[Tuple[str, str], ...] = ()


def prove(original: Original, wishes: Wishes, tools: Tools, jobs: Sequence[Job], context: int) -> Proofs:
    """Run each job up, down and up again on a scratch copy, and compare the snapshots.

    :param context: lines around a change in a diff.
    :raises RehearsalImpossible: when no copy can be made.
    :raises MigrationError: when an up or a down fails there.
    """
    proofs: List[Proof] = []
    skipped: List[model.Outcome] = []
    with scratch_copy(original, wishes, tools) as copy, session_on(copy, original, wishes) as session:
        series = SnapshotSeries(copy.reader, copy.scratch.dumps_as, per_migration=False)
        series.take()
        for job in jobs:
            progress = runner.run(session, prepare([job]))
            skipped += progress.skipped
            if progress.done:
                proofs.append(_prove_one(session, series, job[1], context))
        return Proofs(
            copy.scratch.place,
            unproved_by(copy, wishes),
            tuple(proofs),
            tuple(skipped),
            copy.scratch.on,
            copy.role,
            tuple((each.version, each.sentence) for each in copy.scratch.changes),
        )


def _prove_one(session: Session, series: SnapshotSeries, migration: model.Migration, context: int) -> Proof:
    """Judge a migration that has been up once; the series's last frame is from before that."""
    script = migration.script
    series.take()
    if migration.down is None:
        return Proof(script, Verdict.WITHOUT_DOWN)
    before, after = series.snapshots[-2:]
    spellings = (script.version.text,)
    runner.run(
        session, prepare([(model.Step(script, model.Direction.DOWN, model.Reason.ROLL_BACK, spellings), migration)])
    )
    series.take()
    undone = series.snapshots[-1]
    if script.repeatable:
        return Proof(script, *_judge(before, undone, context))
    runner.run(session, prepare([(model.Step(script), migration)]))
    series.take()
    first, second = _judge(before, undone, context), _judge(after, series.snapshots[-1], context)
    worst = max(first, second, key=lambda judged: list(Verdict).index(judged[0]))
    return Proof(script, *worst)


def _judge(wanted: Snapshot, found: Snapshot, context: int) -> Tuple[Verdict, str]:
    diff = unified_diff(wanted, found, context)
    if not diff:
        return Verdict.REVERSIBLE, ""
    return (Verdict.COLUMN_ORDER if _same_but_for_order(wanted, found) else Verdict.NOT_REVERSIBLE), diff


def _same_but_for_order(wanted: Snapshot, found: Snapshot) -> bool:
    """Return whether all that differs is the order of columns: one that was dropped comes back as the last."""
    if set(wanted.objects) != set(found.objects):
        return False
    return all(
        text == found.objects[key] or (key.type == "TABLE" and _lines(text) == _lines(found.objects[key]))
        for key, text in wanted.objects.items()
    )


def _lines(text: str) -> List[str]:
    return sorted(line.rstrip(",") for line in text.splitlines())

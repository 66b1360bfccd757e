# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a plan on a scratch copy of the target, through the same runner as the real run."""

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

from .. import model
from ..databases.postgresql.copies.containment import NotProved
from ..databases.postgresql.copies.scratch import system_of
from ..databases.postgresql.snapshots import SnapshotSeries
from ..databases.tools import Tools
from ..run import runner
from ..run.preparation import Job, Prepared, prepare
from ..run.session import Session
from ..schema.snapshot import Snapshot, overlay
from .plan_watch import PlanWatch
from .prechecks import Added
from .scratch_copy import Original, ScratchCopy, Wishes, place, scratch_copy, session_on, unproved_by


class Rehearsal(NamedTuple):
    """What a rehearsal showed.

    :ivar where: the server, and what kind of copy.
    :ivar unproved: what the copy can't prove, one sentence each.
    :ivar stopped: why it ended before the last step, if it did.
    :ivar pg_dump: major version of the pg_dump that took the snapshots.
    :ivar snapshots: the target's schema before, and as it would be after each frame of the series.
    :ivar added: what the plan asks of rows that were there before.
    :ivar unwatched: why nobody has looked for that, if nobody has.
    """

    where: str
    progress: model.Progress
    unproved: Tuple[str, ...]
    snapshots: Tuple[Snapshot, ...]
    pg_dump: int
    stopped: Optional[str] = None
    added: Tuple[Added, ...] = ()
    unwatched: Optional[str] = None


def rehearse(original: Original, wishes: Wishes, tools: Tools, jobs: Sequence[Job]) -> Rehearsal:
    """Run the jobs on a scratch copy.

    :raises RehearsalImpossible: when no copy can be made.
    :raises MigrationError: when a job fails there; its ``progress`` says how far it came.
    """
    prepared = prepare(jobs, wishes.single_transaction)
    with scratch_copy(original, wishes, tools) as copy:
        series = SnapshotSeries(copy.reader, copy.scratch.target, wishes.per_migration)
        series.take()
        watch = PlanWatch()
        with session_on(copy, original, wishes, watch.note) as session:
            watch.begin(session)
            progress, stopped = _run(session, prepared, watch.after(series.after_each))
        series.take_last()
        snapshots = (
            [overlay(copy.base, series.snapshots[0], frame) for frame in series.snapshots]
            if copy.base
            else series.snapshots
        )
        unproved = (*unproved_by(copy.scratch, wishes), *([stopped] if stopped else []))
        return Rehearsal(
            place(copy.scratch),
            progress,
            unproved,
            tuple(snapshots),
            copy.reader.pg_dump.version[0],
            stopped,
            watch.added(jobs, progress.done, _is_elsewhere(copy, original, wishes)),
            watch.broken,
        )


def _is_elsewhere(copy: ScratchCopy, original: Original, wishes: Wishes) -> bool:
    """Return whether the copy is on another server than the original, or may be."""
    own = original.facts.system
    return wishes.is_elsewhere and (own is None or own != system_of(copy.scratch.admin))


def _run(session: Session, prepared: Prepared, after_each: runner.AfterEach) -> Tuple[model.Progress, Optional[str]]:
    try:
        return runner.run(session, prepared, after_each), None
    except NotProved as stop:
        return stop.progress, "%s: %s" % (stop.version, stop.message)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a plan on a scratch copy of the target, through the same runner as the real run."""

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.postgresql.copies.containment import NotProved
from ..databases.postgresql.copies.place import Place
from ..databases.postgresql.snapshots import SnapshotSeries
from ..databases.tools import Tools
from ..run import runner
from ..run.preparation import Job, Prepared, prepare
from ..run.session import Session
from ..schema.snapshot import Snapshot, overlay
from .scratch_copy import Original, Wishes, scratch_copy, session_on, unproved_by


class Rehearsal(NamedTuple):
    """What a rehearsal showed.

    :ivar where: the server, and what kind of copy.
    :ivar unproved: what the copy can't prove, one sentence each.
    :ivar stopped: why it ended before the last step, if it did.
    :ivar pg_dump: major version of the pg_dump that took the snapshots.
    :ivar on: server, cluster or empty.
    :ivar role: who ran the steps.
    :ivar changes: what the steps have changed of a throwaway cluster, beside the database: version and sentence.
    :ivar snapshots: the target's schema before, and as it would be after each frame of the series.
    """

    where: str
    progress: model.Progress
    unproved: Tuple[str, ...]
    snapshots: Tuple[Snapshot, ...]
    pg_dump: int
    stopped: Optional[str] = None
    on: str = "server"
    role: str = ""
    changes: Tuple[Tuple[str, str], ...] = ()


def rehearse(original: Original, wishes: Wishes, tools: Tools, jobs: Sequence[Job]) -> Rehearsal:
    """Run the jobs on a scratch copy.

    :raises RehearsalImpossible: when no copy can be made.
    :raises MigrationError: when a job fails there; its ``progress`` says how far it came.
    """
    prepared = prepare(jobs, wishes.single_transaction)
    with scratch_copy(original, wishes, tools) as copy:
        series = SnapshotSeries(copy.reader, copy.scratch.dumps_as, wishes.per_migration)
        series.take()
        with session_on(copy, original, wishes) as session:
            progress, stopped = _run(session, prepared, series.after_each, copy.scratch)
        series.take_last()
        snapshots = (
            [overlay(copy.base, series.snapshots[0], frame) for frame in series.snapshots]
            if copy.base
            else series.snapshots
        )
        unproved = (*unproved_by(copy.scratch, wishes), *([stopped] if stopped else []))
        return Rehearsal(
            copy.scratch.place,
            progress,
            unproved,
            tuple(snapshots),
            copy.reader.pg_dump.version[0],
            stopped,
            copy.scratch.on,
            copy.scratch.role,
            tuple((each.version, each.sentence) for each in copy.scratch.changes),
        )


def _run(
    session: Session, prepared: Prepared, after_each: runner.AfterEach, place: Place
) -> Tuple[model.Progress, Optional[str]]:
    """Run, as far as the place lets the steps. Return how far that was, and why it ended there."""
    try:
        return runner.run(session, prepared, after_each), None
    except NotProved as stop:
        return stop.progress, "%s: %s" % (stop.version, stop.message)
    except errors.MigrationError as error:
        stopped = place.stops_at(error) if error.progress is not None else None
        if stopped is None:
            raise
        return error.progress._replace(failed=None), "%s: %s" % (error.version, stopped)

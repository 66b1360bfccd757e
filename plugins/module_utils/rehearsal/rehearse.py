# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a plan on a scratch copy of the target, through the same runner as the real run."""

from __future__ import annotations

from typing import NamedTuple, Optional, Sequence, Tuple

from .. import model
from ..databases.postgresql.containment import NotProved
from ..databases.postgresql.snapshots import Film
from ..databases.tools import Tools
from ..run import runner
from ..run.preparation import Job, Prepared, prepare
from ..run.session import Session
from ..schema.snapshot import Snapshot, overlay
from .stage import Original, Wishes, place, session_on, stage, unproved_by


class Rehearsal(NamedTuple):
    """What a rehearsal showed.

    :ivar where: the server, and what kind of copy.
    :ivar unproved: what the copy can't prove, one sentence each.
    :ivar stopped: why it ended before the last step, if it did.
    :ivar pg_dump: major version of the pg_dump that took the snapshots.
    :ivar snapshots: the target's schema before, and as it would be after each frame of the film.
    """

    where: str
    progress: model.Progress
    unproved: Tuple[str, ...]
    snapshots: Tuple[Snapshot, ...]
    pg_dump: int
    stopped: Optional[str] = None


def rehearse(original: Original, wishes: Wishes, tools: Tools, jobs: Sequence[Job]) -> Rehearsal:
    """Run the jobs on a scratch copy.

    :raises RehearsalImpossible: when no copy can be made.
    :raises MigrationError: when a job fails there; its ``progress`` says how far it came.
    """
    prepared = prepare(jobs, wishes.single_transaction)
    with stage(original, wishes, tools) as on:
        film = Film(on.camera, on.scratch.target, wishes.per_migration)
        film.shoot()
        with session_on(on, original, wishes) as session:
            progress, stopped = _run(session, prepared, film.after_each)
        film.end()
        frames = [overlay(on.base, film.frames[0], frame) for frame in film.frames] if on.base else film.frames
        unproved = (*unproved_by(on.scratch, wishes), *([stopped] if stopped else []))
        return Rehearsal(place(on.scratch), progress, unproved, tuple(frames), on.camera.pg_dump.version[0], stopped)


def _run(session: Session, prepared: Prepared, after_each: runner.AfterEach) -> Tuple[model.Progress, Optional[str]]:
    try:
        return runner.run(session, prepared, after_each), None
    except NotProved as stop:
        return stop.progress, "%s: %s" % (stop.version, stop.message)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a plan on a scratch copy of the target, through the same runner as the real run."""

from __future__ import annotations

import time
from typing import Callable, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.postgresql.copies.containment import NotProved
from ..databases.postgresql.copies.facts import system_of
from ..databases.postgresql.copies.place import RehearsalImpossible
from ..databases.tools import Tools
from ..run import runner
from ..run.preparation import Job, Prepared, prepare
from ..run.session import Session
from ..schema.series import SnapshotSeries
from ..schema.snapshot import Snapshot, overlay
from ..schema.unreadable import without
from .given import DIFFERS, DIFFERS_ELSEWHERE, differing, labels
from .plan_watch import PlanWatch
from .prechecks import Added
from .scratch_copy import Original, ScratchCopy, Wishes, scratch_copy, session_on, unproved_by


class Rehearsal(NamedTuple):
    """What a rehearsal showed.

    :ivar where: the server, and what kind of copy.
    :ivar unproved: what the copy can't prove, one sentence each.
    :ivar is_same_role: whether the steps ran as the role of the real run.
    :ivar stopped: why it ended before the last step, if it did.
    :ivar is_whole: whether the role may read all of the schema, and it is the target's.
    :ivar on: server, cluster, empty or database.
    :ivar role: who ran the steps.
    :ivar changes: what the steps have changed of a throwaway cluster, beside the database: version and sentence.
    :ivar snapshots: the target's schema before, and as it would be after each frame of the series.
    :ivar added: what the plan asks of rows that were there before.
    :ivar unwatched: why nobody has looked for that, if nobody has.
    :ivar lacks: whether it ended early for what the copy lacks.
    :ivar reads: what has read the schema, with its major version.
    :ivar duration_ms: how long all of it took, the making of the copy too.
    """

    where: str
    progress: model.Progress
    unproved: Tuple[str, ...]
    snapshots: Tuple[Snapshot, ...]
    is_whole: bool = True
    stopped: Optional[str] = None
    is_same_role: bool = True
    added: Tuple[Added, ...] = ()
    unwatched: Optional[str] = None
    on: str = "server"
    role: str = ""
    changes: Tuple[Tuple[str, str], ...] = ()
    lacks: bool = False
    duration_ms: Optional[int] = None
    reads: str = ""

    @property
    def is_exact(self) -> bool:
        """Return whether the schema that came out is the real run's to the byte, so that a digest stands for it."""
        return self.stopped is None and self.is_whole and self.is_same_role


def rehearse(
    original: Original, wishes: Wishes, tools: Tools, jobs: Sequence[Job], look: Callable[[ScratchCopy], None]
) -> Rehearsal:
    """Run the jobs on a scratch copy.

    :param look: looks at the copy before any job runs; what it raises ends the rehearsal.
    :raises RehearsalImpossible: when no copy can be made.
    :raises MigrationError: when a job fails there; its ``progress`` says how far it came.
    """
    started = time.monotonic()
    prepared = prepare(jobs, wishes.single_transaction)
    with scratch_copy(original, wishes, tools) as copy:
        look(copy)
        series = SnapshotSeries(copy.reader, copy.scratch.dumps_as, wishes.per_migration, copy.first)
        watch = PlanWatch(jobs, sees=database_of(copy.runner).abilities.traces_locks)
        with session_on(copy, original, wishes, watch.note) as session:
            watch.begin(session)
            ran = _run(session, prepared, watch.after(series.after_each), copy)
        series.take_last()
        differences = _differences(copy, series, wishes)
        unproved = (*unproved_by(copy, wishes), *differences.told, *([ran.stopped] if ran.stopped else []))
        found = Rehearsal(
            copy.scratch.place,
            ran.progress,
            unproved,
            (),
            not copy.reader.left_out and not differences.matter,
            ran.stopped,
            copy.is_same_role,
            watch.added(jobs, ran.progress.done, _is_elsewhere(copy, original, wishes)),
            watch.broken,
            copy.scratch.on,
            copy.role,
            tuple((each.version, each.sentence) for each in copy.scratch.changes),
            ran.lacks,
        )
    # The last snapshot is read while the copy is removed.
    took = round((time.monotonic() - started) * 1000)
    return found._replace(snapshots=_of_the_original(copy, series), duration_ms=took, reads=copy.reader.name)


def _of_the_original(copy: ScratchCopy, series: SnapshotSeries) -> Tuple[Snapshot, ...]:
    """Return what the snapshots of the copy say about the original."""
    frames = series.snapshots
    if copy.base is None:
        return tuple(frames)
    base = without(copy.base, copy.reader.left_out)
    return tuple(overlay(base, frames[0], frame) for frame in frames)


def _is_elsewhere(copy: ScratchCopy, original: Original, wishes: Wishes) -> bool:
    """Return whether the copy is on a server of others, or may be: what that prints is no SQL for the original.

    A throwaway cluster is our own, and nobody else's code has a superuser's rights in it.
    """
    own = original.facts.system
    on_a_server = copy.scratch.on in ("server", "database") and wishes.is_elsewhere
    return on_a_server and (own is None or own != system_of(copy.scratch.admin))


class _Differences(NamedTuple):
    """Where a database that was named isn't as the original is.

    :ivar told: in a sentence.
    :ivar matter: whether the plan changes such an object too.
    """

    told: Tuple[str, ...] = ()
    matter: bool = False


def _differences(copy: ScratchCopy, series: SnapshotSeries, wishes: Wishes) -> _Differences:
    """Compare a database that was named with the original; a copy of our own is one by the way it is made.

    :raises RehearsalImpossible: where it matters, and the rehearsal has to be true.
    """
    if copy.scratch.on != "database" or copy.base is None:
        return _Differences()
    frames = series.snapshots
    differ = differing(without(copy.base, copy.reader.left_out), frames[0])
    both = differ & differing(frames[0], frames[-1])
    if both and wishes.whole:
        raise RehearsalImpossible(DIFFERS % labels(both), hint="Make the clone anew.")
    if both:
        return _Differences((DIFFERS % labels(both),), True)
    return _Differences((DIFFERS_ELSEWHERE % labels(differ),) if differ else ())


class _Ran(NamedTuple):
    """How far a plan ran.

    :ivar stopped: why it ended before the last step, if it did.
    :ivar lacks: whether that is for what the copy lacks.
    """

    progress: model.Progress
    stopped: Optional[str] = None
    lacks: bool = False


def _run(session: Session, prepared: Prepared, after_each: runner.AfterEach, copy: ScratchCopy) -> _Ran:
    """Run, as far as the copy lets the steps."""
    try:
        return _Ran(runner.run(session, prepared, after_each))
    except NotProved as stop:
        # It didn't fail: what was stopped, and all that would follow, is still to be done.
        return _Ran(stop.progress._replace(failed=None), "%s: %s" % (stop.version, stop.message))
    except errors.MigrationError as error:
        stopped = copy.stops_at(error) if error.progress is not None else None
        if stopped is None:
            raise
        return _Ran(error.progress._replace(failed=None), "%s: %s" % (error.version, stopped), True)

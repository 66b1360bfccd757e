# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of one task on many databases: batch by batch, each database by itself."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

from .batches import batches, too_many
from .failures import WorkerLost
from .tally import Fate, Outcome, Tally
from .workers import Lost, Work, Workers

# Kinds of errors after which a database is tried once more, when the others of its batch are done.
IN_USE = ("lock_held", "lock_timeout")
# How many connections one run has at most at the same time: its own, a dump's, a journal's, a superuser's. A rehearsal
# has one to the target, one to administrate, and those that fill the copy or run the plan in it.
CONNECTIONS_EACH, CONNECTIONS_TO_REHEARSE = 4, 6
TOO_FEW = "%s instead of %d: the server has %d connections left for this user, and a run takes up to %d."
LOST = "The process that worked on it %s"
LOST_HINT = "What was open is rolled back. Run the task again; if it happens again, look at the log of this host."


Gate = Callable[[Sequence[str]], Sequence[str]]


class Schedule(NamedTuple):
    """How many databases at a time.

    :ivar serial: the sizes of batches, see batches.py.
    :ivar max_fail_percentage: how much of a batch may fail before no further one is begun.
    :ivar workers: how many databases are worked on at once, at most.
    """

    serial: Tuple[str, ...] = ()
    max_fail_percentage: float = 0
    workers: int = 8

    def within(self, room: int, count: int, each: int = CONNECTIONS_EACH) -> Tuple[int, Optional[str]]:
        """Return how many workers there is room for, and what to warn of where those are fewer.

        :param room: how many connections there are left.
        :param count: how many databases there are.
        :param each: how many connections one of them takes.
        """
        fitting = max(1, room // each)
        wanted = min(self.workers, count)
        if fitting >= wanted:
            return wanted, None
        workers = "1 worker" if fitting == 1 else "%d workers" % fitting
        return fitting, TOO_FEW % (workers, wanted, room, each)


class Job(NamedTuple):
    """A database to work on.

    :ivar is_patient: wait for a run that somebody else has on it.
    """

    name: str
    is_patient: bool = False


def run(
    names: Sequence[str],
    schedule: Schedule,
    count: int,
    work: Work,
    tally: Tally,
    tick: Optional[Callable[[], None]] = None,
    gate: Optional[Gate] = None,
) -> None:
    """Work on the databases. What fails is in the tally; the others go on.

    :param count: how many workers there are.
    :param work: is called in a worker, with a Job; its answer is an Outcome.
    :param tally: gets each outcome.
    :param tick: is called about once a second.
    :param gate: says of a batch which of it may be worked on; the outcomes of the others are in the tally then.
    :raises Stop: when a signal came.
    """
    for batch in batches(names, schedule.serial):
        before = tally.failed
        let_in = batch if gate is None else gate(batch)
        with Workers(count, work, tick) as workers:
            _run_batch(workers, let_in, tally)
        if too_many(tally.failed - before, len(batch), schedule.max_fail_percentage):
            return


def _run_batch(workers: Workers, batch: Sequence[str], tally: Tally) -> None:
    """Work on a batch; those that others are at come once more at its end, and are waited for."""
    postponed: List[str] = []

    def take(job: Job, answer: Any) -> None:
        outcome = lost(answer) if isinstance(answer, Lost) else answer
        if not job.is_patient and outcome.error is not None and outcome.error["error"]["kind"] in IN_USE:
            postponed.append(job.name)
        else:
            tally.add(job.name, outcome)

    workers.each([Job(name) for name in batch], take)
    workers.each([Job(name, is_patient=True) for name in postponed], take)


def lost(answer: Lost) -> Outcome:
    """Return the outcome where a worker ended before its answer."""
    error = WorkerLost(LOST % answer.how, hint=LOST_HINT)
    return Outcome(Fate.FAILED, {}, error={"error": error.to_result()}, sentence=error.sentence())

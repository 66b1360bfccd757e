# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps → outcomes, or a failure that carries what was done, what failed and why.

A migration and its history row are one transaction. The messages to the server are fewer than psql would send: the
script, and the record, which commits and begins the next transaction.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Callable, List, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.savepoints import SAVEPOINT
from ..databases.values import Entry
from ..hazard import Hazard
from ..runtimes.capture import Capture
from ..sql import glance
from . import replaced
from .attempt import Attempt, ShouldNotRun
from .failure import explain, with_blockers
from .hazards import TableWatch
from .preparation import Prepared
from .session import Session

# How often the history is looked at after a signal, which may have cancelled that very look.
LOOKS = 2
BEFORE_SHOULD_RUN = "SAVEPOINT pgops_should_run; "

AfterEach = Optional[Callable[[], None]]


class Run:
    """A run whose steps are transactions of their own, or none."""

    def __init__(
        self,
        session: Session,
        prepared: Prepared,
        capture: Capture,
        after_each: AfterEach,
        watch: Optional[Any] = None,
    ) -> None:
        self.session, self.connection = session, session.connection
        self.prepared, self.jobs = prepared, prepared.jobs
        self.capture = capture
        self.after_each = after_each
        self.watch = watch
        self.database = session.database
        self.tables = session.tables or TableWatch.of_nothing()
        self.recorder = self.database.history.recorder(session.history, self.tables.survey, session.guard is None)
        self.current: Optional[Tuple[Attempt, float]] = None
        self.shown: Optional[int] = None  # the number of the job that application_name tells of
        self.done: List[model.Outcome] = []
        self.skipped: List[model.Outcome] = []

    def until_stopped(self) -> model.Progress:
        """Run every job. A signal carries how far it came, wherever it hits."""
        try:
            return self.all()
        except errors.Stop as stop:
            if self.current:
                attempt, started = self.current
                _note_committed(self.session, attempt.step, started, self.done, self.skipped)
                stop.progress = self._until(attempt, started)
            raise

    def all(self) -> model.Progress:
        """Run every job."""
        number = 0
        while number < len(self.jobs):
            if number == 0 and self.session.live is not None:
                self.session.live.begins(self.session, self.jobs, self.done)
            started = time.monotonic()
            attempt = Attempt(self.session, self.prepared, self.jobs[number])
            self.current = attempt, started
            try:
                outcome = self._insist(number, attempt, started)
                self._finish(number)
            except (errors.MigrationError, self.connection.Error) as error:
                explained = explain(error, attempt.migration, attempt.body, self.connection)
                if not self._begins_again(explained):
                    raise self._failed(explained, attempt, started) from None
                number = 0
                continue
            number += 1
            if outcome is not None:
                self.done.append(outcome)
                if self.after_each is not None:
                    self.after_each()
        return model.Progress(tuple(self.done), tuple(self.skipped))

    def _finish(self, number: int) -> None:
        """End what goes beyond a single job."""

    def _begins_again(self, dummy_error: errors.MigrationError) -> bool:
        """Return whether all jobs are tried again, from the first one on."""
        return False

    def _standing(self) -> Tuple[model.Outcome, ...]:
        """Return what stands after a failure."""
        return tuple(self.done)

    def _insist(self, number: int, attempt: Attempt, started: float) -> Optional[model.Outcome]:
        """Run one step; where it waits too long for a lock, try again, later each time."""
        tries = 0
        while True:
            if self.watch is not None:
                self.watch.seen = ()  # who was in the way of another one isn't in the way of this
            try:
                return self._one(number, attempt, started)
            except errors.LockTimeout as error:
                if tries == self.session.lock_retries or not self._undone(attempt):
                    attempt.place.explain_lock(error)
                    raise with_blockers(error, self.watch, tries + 1) from None
            self.shown = None
            self._back_off(tries)
            tries += 1

    def _undone(self, attempt: Attempt) -> bool:
        """Undo what a step did that waited too long. Return whether it may be tried again."""
        if not attempt.place.can_retry:
            return False
        try:
            attempt.place.undo()
            self.tables.counter.distrust()
        except self.connection.Error as error:
            if not self.database.errors.is_lock_timeout(error):
                raise
            return False
        return True

    def _back_off(self, tries: int) -> None:
        self.connection.rollback()
        self.session.sleep(min(2.0**tries, 30))

    def _one(self, number: int, attempt: Attempt, started: float) -> Optional[model.Outcome]:
        """Run one step and record it. Return None when its should_run said no."""
        if attempt.step.resume is not None:
            self.database.remains.drop_new(self.connection, attempt.step.resume.invalid_before)
        try:
            with self.connection.cursor() as cursor:
                self._begin(cursor, number, attempt)
                note = attempt.run(cursor)
                hazards = self._record(cursor, number, attempt, started)
        except ShouldNotRun:
            reason = model.Reason.SHOULD_NOT_RUN.value
            self.skipped.append(model.Outcome(attempt.step, _milliseconds(started), self._output(), reason))
            return None
        finally:
            attempt.place.close()
        return model.Outcome(attempt.step, _milliseconds(started), self._output(), note, hazards, attempt.sent)

    def _begin(self, cursor: Any, number: int, attempt: Attempt) -> None:
        """Begin a step. Where a transaction waits for its right to write, it may wait too long already here."""
        try:
            self._announce(cursor, number, attempt)
            self.recorder.before(cursor)
        except self.connection.Error as error:
            raise explain(error, attempt.migration, attempt.body, self.connection) from None

    def _announce(self, cursor: Any, number: int, attempt: Attempt) -> None:
        """Show the progress to whoever looks at pg_stat_activity, and set the savepoints that a script needs."""
        message = attempt.place.opening
        if self.shown != number:
            message += self.session.settings + self._progress(cursor, number)
        if attempt.asks:
            message += BEFORE_SHOULD_RUN
        if isinstance(attempt.body, model.PythonBody):
            message += SAVEPOINT
        if message:
            with self.connection.scripted():
                cursor.execute(message)

    def _progress(self, cursor: Any, number: int) -> str:
        """Return the statement that shows how far the run is; '' behind the last job."""
        if number >= len(self.jobs):
            return ""
        self.shown = number
        name = "pg_migrate %d/%d %s" % (number + 1, len(self.jobs), self.jobs[number][0].script.version)
        return str(self.database.settings.announce(cursor, name))

    def _record(self, cursor: Any, number: int, attempt: Attempt, started: float) -> Tuple[Hazard, ...]:
        """Write the history, and commit it together with what the script did. The next job's name goes along."""
        place = attempt.place
        attempt.end(cursor, self.tables)
        prelude = place.release + self.session.reset() + self._progress(cursor, number + 1)
        if attempt.may_deallocate:
            self.recorder.forget()
        took = _milliseconds(started)
        chained = place.may_chain() and self._chains(attempt, number + 1)
        prelude = replaced.record(self.session, cursor, attempt.step, prelude)
        event = replaced.event_of(attempt.step)
        entry = Entry(event, attempt.step, took, self.session.release)
        seen = self.recorder.record(cursor, entry, prelude, chained)
        self.tables.see(seen.sight, place.in_transaction)
        if self.session.guard is not None:
            self.session.before_commit(cursor)
        if not chained:
            place.commit()
        if seen.left:
            self._clear(cursor, seen.left)
        return self.tables.take(attempt.step, took)

    def _clear(self, cursor: Any, left: Sequence[str]) -> None:
        """Take away what the script has left in its session, before the next one begins."""
        self.database.transactions.clear(cursor, left)
        self.connection.commit()

    def _chains(self, attempt: Attempt, number: int) -> bool:
        """Return whether the next step may begin at once, in a transaction like this one."""
        if number >= len(self.jobs) or self.after_each is not None:
            return False
        step, migration = self.jobs[number]
        if attempt.migration.around is not None:
            return False
        mine, following = attempt.body, migration.body(step.direction)
        if not isinstance(mine, model.SqlBody) or not isinstance(following, model.SqlBody):
            return False
        unmarked = not glance.may_set_mode(mine.text)
        return mine.transactional and following.transactional and step.resume is None and unmarked

    def _failed(self, error: errors.MigrationError, attempt: Attempt, started: float) -> errors.MigrationError:
        """Roll back, log the failure, and give the error what is known."""
        error.progress = self._until(attempt, started)
        if not self.connection.closed:
            self._log_failure(error, attempt, Entry(model.Event.FAILED, attempt.step, _milliseconds(started)))
        return error.about(version=str(attempt.step.script.version), path=attempt.body.path)

    def _until(self, attempt: Attempt, started: float) -> model.Progress:
        """Return how far the run came, up to an attempt."""
        failed = model.Outcome(attempt.step, _milliseconds(started), self._output())
        done = self._standing()
        settled = {outcome.step for outcome in (*done, *self.skipped)}
        left = tuple(each for each, dummy in self.jobs if each not in settled)
        return model.Progress(done, tuple(self.skipped), failed if attempt.step in left else None, left)

    def _log_failure(self, error: errors.MigrationError, attempt: Attempt, entry: Entry) -> None:
        """Best effort: the error itself matters more than its log."""
        write = self.database.log.log
        try:
            self.database.transactions.abandon(self.connection)
            error.message = "; ".join(filter(None, [error.message, attempt.place.leftovers()]))
            with self.connection.cursor() as cursor:
                cursor.execute(self.session.reset())
                attempt.place.settle(cursor)
                if isinstance(error, errors.Interrupted):
                    # The next run must not take it for one that left nothing.
                    write(cursor, self.session.history, Entry(model.Event.STARTED, attempt.step))
                write(cursor, self.session.history, entry, error.message)
            self.connection.commit()
        except self.connection.Error:
            if not self.connection.closed:
                self.connection.rollback()

    def _output(self) -> str:
        """Return what the script printed, and the notices that the server sent for it."""
        return self.capture.take() + str(self.connection.take_notices())


def _note_committed(
    session: Session, step: model.Step, started: float, done: List[model.Outcome], skipped: Sequence[model.Outcome]
) -> None:
    """Add the step at work to those that are done, if its commit was ahead of a signal. What is open is rolled back."""
    goes_up = step.direction is model.Direction.UP
    was_there = goes_up and bool(step.spellings)  # it was recorded before, too
    is_known = any(each.step == step for each in (*done, *skipped))
    if was_there or is_known or session.single_transaction or session.guard is not None:
        return
    for dummy in range(LOOKS):
        with suppress(session.connection.Error):
            if _is_recorded(session, step) is goes_up:
                done.append(model.Outcome(step, _milliseconds(started)))
            return


def _is_recorded(session: Session, step: model.Step) -> bool:
    session.database.transactions.abandon(session.connection)
    rows = session.database.history.rows(session.connection, session.history)
    session.connection.rollback()
    return any(row.version == step.script.version and row.applied is not None for row in rows)


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)

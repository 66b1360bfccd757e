# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps → outcomes, or a failure that carries what was done, what failed and why.

A migration and its history row are one transaction. The messages to the server are as few as psql would
send: begin, the script, the record, commit.
"""

from __future__ import annotations

import re
import time
from typing import Any, Callable, List, Optional, Tuple

from .. import deps
from ..errors import MigrationError, ScriptFailed
from ..model import Direction, Migration, Outcome, Progress, PythonBody, Reason, SqlBody, Step
from ..server.session import RELEASE, SAVEPOINT, Mode, in_transaction, is_aborted
from .capture import Capture
from .failure import aborted, explain
from .preparation import Prepared, not_in_one_transaction
from .pyscript import argument_for, importing
from .record import Entry, Recorder, log, touched
from .session import Session

SHOW_PROGRESS = "SET application_name = {}; "
MAX_APPLICATION_NAME = 63

# should_run may write to find out; whatever it did is taken back when it answers no.
BEFORE_SHOULD_RUN = "SAVEPOINT pgops_should_run; "
UNDO_SHOULD_RUN = "ROLLBACK TO SAVEPOINT pgops_should_run"

EVENTS = {Direction.UP: "applied", Direction.DOWN: "rolled_back"}
LEFT_NOTE = "went on outside a transaction, as it asked for"
ENDED_NOTE = "ended its transaction itself, in the middle of an SQL text: what came before that stood on its own"
# What would take our prepared statement away.
DEALLOCATES = re.compile(r"deallocate|discard", re.IGNORECASE)
EMPTY_QUERY = "can't execute an empty query"


class ShouldNotRun(Exception):
    """A repeatable migration answered that it has nothing to do."""


def _unseen(*dummy: Any) -> None:
    return None


def run(session: Session, prepared: Prepared, after_each: Callable[[Outcome], None] = _unseen) -> Progress:
    """Run migrations up or down, in order.

    :param after_each: called when a step is done and committed.
    :raises MigrationError: at the first failure; its ``progress`` says how far it came.
    """
    prepared.session = session
    with Capture() as capture:
        return _Run(session, prepared, capture).all(after_each)


class _Run:
    def __init__(self, session: Session, prepared: Prepared, capture: Capture) -> None:
        self.session = session
        self.connection = session.connection
        self.prepared = prepared
        self.jobs = prepared.jobs
        self.capture = capture
        self.recorder = Recorder(session.history)
        self.shown: Optional[int] = None  # the number of the job that application_name tells of
        self.done: List[Outcome] = []
        self.skipped: List[Outcome] = []

    def all(self, after_each: Callable[[Outcome], None]) -> Progress:
        """Run every job; where all are one transaction, end it."""
        for number, job in enumerate(self.jobs):
            started = time.monotonic()
            try:
                outcome = self._one(number, job, started)
                if self.session.single_transaction and number + 1 == len(self.jobs):
                    self._commit(*job)
            except MigrationError as error:
                raise self._failed(error, number, started) from None
            if outcome is not None:
                self.done.append(outcome)
                after_each(outcome)
        return Progress(tuple(self.done), tuple(self.skipped))

    def _one(self, number: int, job: Tuple[Step, Migration], started: float) -> Optional[Outcome]:
        """Run one step and record it. Return None when its should_run said no."""
        step, migration = job
        try:
            with self.connection.cursor() as cursor:
                self._announce(cursor, number, job)
                note = self._execute(cursor, number, started)
        except ShouldNotRun:
            reason = Reason.SHOULD_NOT_RUN.value
            self.skipped.append(Outcome(step, _milliseconds(started), self._output(), reason))
            return None
        finally:
            self.connection.mode = Mode.FREE
            self.connection.on_leave = self.connection.around_statement = None
        return Outcome(step, _milliseconds(started), self._output(), note)

    def _announce(self, cursor: Any, number: int, job: Tuple[Step, Migration]) -> None:
        """Show the progress to whoever looks at pg_stat_activity, and set the savepoints that a script needs."""
        step, migration = job
        message = "" if self.shown == number else self._progress(number)
        if _asks(step):
            message += BEFORE_SHOULD_RUN
        if isinstance(migration.body(step.direction), PythonBody):
            message += SAVEPOINT
        if message:
            cursor.execute(message)

    def _progress(self, number: int) -> str:
        """Return the statement that shows how far the run is; '' behind the last job."""
        if number >= len(self.jobs):
            return ""
        self.shown = number
        name = "pg_migrate %d/%d %s" % (number + 1, len(self.jobs), self.jobs[number][0].script.version)
        literal = deps.sql.Literal(name[:MAX_APPLICATION_NAME])
        return str(deps.sql.SQL(SHOW_PROGRESS).format(literal).as_string(self.connection))

    def _execute(self, cursor: Any, number: int, started: float) -> Optional[str]:
        """Run one step and record it. Return what a person should know about how it ran."""
        step, migration = self.jobs[number]
        body = migration.body(step.direction)
        if isinstance(body, PythonBody):
            self.connection.mode = Mode.HELD
            self.connection.on_leave = lambda: self._start_outside(cursor, step, migration)
            if _asks(step):
                self._ask(cursor, migration, body)
        if not body.transactional:
            self._start_outside(cursor, step, migration)
        if isinstance(body, SqlBody):
            self._run_sql(cursor, migration, body)
            note = body.note
        else:
            note = self._run_python(cursor, migration, body)
        self._record(cursor, number, started)
        return note

    def _ask(self, cursor: Any, migration: Migration, body: PythonBody) -> None:
        """Let a repeatable migration say whether it wants to run.

        :raises ShouldNotRun: when it doesn't; what it did to find out is undone.
        """
        if self._call("should_run", cursor, migration, body):
            return
        self.connection.mode = Mode.FREE
        if self.session.single_transaction:
            cursor.execute(UNDO_SHOULD_RUN)
        else:
            self.connection.rollback()
        raise ShouldNotRun

    def _start_outside(self, cursor: Any, step: Step, migration: Migration) -> None:
        """Log the start in a commit of its own, and leave the transaction."""
        if self.session.single_transaction:
            raise not_in_one_transaction(migration)
        if self.connection.mode is Mode.HELD:
            cursor.execute(RELEASE)
        self.connection.mode = Mode.FREE
        log(cursor, self.session.history, Entry("started", step))
        self.session.before_commit(cursor)
        self.connection.commit()
        self.connection.autocommit = True
        self.session.guard(self.connection)

    def _run_sql(self, cursor: Any, migration: Migration, body: SqlBody) -> None:
        for text, offset in body.messages:
            try:
                cursor.execute(text)
            except deps.psycopg2.Error as error:
                if EMPTY_QUERY not in str(error):
                    raise explain(error, migration, body, self.connection, offset) from None

    def _run_python(self, cursor: Any, migration: Migration, body: PythonBody) -> Optional[str]:
        self._call(body.function, cursor, migration, body)
        if self.connection.closed:
            raise ScriptFailed(
                "Migration %s failed (%s): it closed its connection" % (migration.script.label, body.path),
                hint="Take the close() out; the connection belongs to the task.",
            )
        if in_transaction(self.connection) and is_aborted(self.connection):
            raise aborted(migration, body)
        if body.transactional and self.connection.mode is not Mode.HELD:
            return LEFT_NOTE
        if body.transactional and not in_transaction(self.connection):
            self.connection.mode = Mode.FREE
            return ENDED_NOTE
        return None

    def _call(self, function: str, cursor: Any, migration: Migration, body: PythonBody) -> Any:
        try:
            with importing(body.path, self.prepared.facade), argument_for(body, cursor) as argument:
                answer = getattr(self.prepared.modules[body.path], function)(argument)
        except (Exception, SystemExit) as error:
            raise self.connection.stopped or explain(error, migration, body, self.connection) from None
        if self.connection.stopped:
            raise self.connection.stopped
        return answer

    def _record(self, cursor: Any, number: int, started: float) -> None:
        """Write the history, and commit it together with what the script did. The next job's name goes along."""
        step, migration = self.jobs[number]
        body = migration.body(step.direction)
        held, self.connection.mode = self.connection.mode is Mode.HELD, Mode.FREE
        self.connection.around_statement = None
        if self.connection.autocommit:
            _end_outside(self.connection)
        prelude = (RELEASE + "; " if held else "") + self.session.reset() + self._progress(number + 1)
        if _may_deallocate(body):
            self.recorder.forget()
        try:
            self.recorder.record(cursor, Entry(EVENTS[step.direction], step, _milliseconds(started)), prelude)
        except deps.psycopg2.Error as error:
            if self.connection.closed:
                raise explain(error, migration, body, self.connection) from None
            raise touched(self.session.history) from None
        self.session.before_commit(cursor)
        if not self.session.single_transaction:
            self._commit(step, migration)

    def _commit(self, step: Step, migration: Migration) -> None:
        """Commit; a deferred constraint may fail only here."""
        try:
            self.connection.commit()
        except deps.psycopg2.Error as error:
            raise explain(error, migration, migration.body(step.direction), self.connection) from None

    def _failed(self, error: MigrationError, number: int, started: float) -> MigrationError:
        """Roll back, log the failure, and give the error what is known."""
        step, migration = self.jobs[number]
        failed = Outcome(step, _milliseconds(started), self._output())
        if not self.connection.closed:
            self._log_failure(error, Entry("failed", step, failed.duration_ms))
        done = () if self.session.single_transaction else tuple(self.done)
        settled = {outcome.step for outcome in (*done, *self.skipped)}
        left = tuple(each for each, dummy in self.jobs if each not in settled)
        error.progress = Progress(done, tuple(self.skipped), failed, left)
        return error.about(version=str(step.script.version), path=migration.body(step.direction).path)

    def _log_failure(self, error: MigrationError, entry: Entry) -> None:
        """Best effort: the error itself matters more than its log."""
        try:
            self.connection.rollback()
            self.connection.autocommit = False
            with self.connection.cursor() as cursor:
                cursor.execute(self.session.reset())
                log(cursor, self.session.history, entry, error.message)
            self.connection.commit()
        except deps.psycopg2.Error:
            if not self.connection.closed:
                self.connection.rollback()

    def _output(self) -> str:
        """Return what the script printed, and the notices that the server sent for it."""
        notices = "".join(self.connection.notices)
        del self.connection.notices[:]
        return self.capture.take() + notices


def _may_deallocate(body: Any) -> bool:
    """Return whether a script may have sent DEALLOCATE or DISCARD; what Python sends isn't known."""
    return isinstance(body, PythonBody) or DEALLOCATES.search(body.text) is not None


def _asks(step: Step) -> bool:
    return step.script.repeatable and step.direction is Direction.UP and not step.wanted


def _end_outside(connection: Any) -> None:
    """Close what a script outside a transaction may have left open, and go back to transactions."""
    if in_transaction(connection):
        connection.commit()
    connection.autocommit = False


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps → outcomes, or a failure that carries what was applied, what failed and why.

A migration and its history row are one transaction. The messages to the server are as few as psql would
send: begin, the script, the record, commit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from .. import deps
from ..errors import MigrationError, ScriptFailed, ScriptInvalid
from ..model import Migration, Outcome, Progress, PythonBody, SqlBody, Step
from ..scripts.sqltext import invalid
from ..scripts.statements import SplitError, split
from ..server.session import RELEASE, SAVEPOINT, Mode, in_transaction, is_aborted
from . import history as history_room
from .capture import Capture
from .failure import aborted, explain
from .history import History
from .pyscript import importing, load

Job = Tuple[Step, Migration]

SHOW_PROGRESS = "SET application_name = %s"
MAX_APPLICATION_NAME = 63

# Whatever a script has SET, the next one and our own statements must not meet it.
RESET = "RESET SESSION AUTHORIZATION; RESET ALL; "
RESET_ROLE = "RESET ROLE; "
SET_ROLE = "SET ROLE {}; "

LEFT_NOTE = "went on outside a transaction, as it asked for"
ENDED_NOTE = "ended its transaction itself, in the middle of an SQL text: what came before that stood on its own"
EMPTY_QUERY = "can't execute an empty query"


def _nothing(*dummy: Any) -> None:
    return None


@dataclass(frozen=True)
class Session:
    """What a run works on, the target or a scratch copy of it.

    :ivar before_commit: called with a cursor before a step is committed; it may raise.
    :ivar around_statement: runs one statement of a script outside a transaction; it may raise instead.
    """

    connection: Any
    history: History
    role: Optional[str] = None
    single_transaction: bool = False
    before_commit: Callable[[Any], None] = _nothing
    around_statement: Optional[Callable[[Callable[[], Any], Any], Any]] = None


def run(session: Session, jobs: Sequence[Job], after_each: Callable[[Outcome], None] = _nothing) -> Progress:
    """Apply migrations, in order.

    :param after_each: called when a step is done and committed.
    :raises MigrationError: at the first failure; its ``progress`` says how far it came.
    """
    with Capture() as capture:
        return _Run(session, jobs, capture).all(after_each)


class _Run:
    def __init__(self, session: Session, jobs: Sequence[Job], capture: Capture) -> None:
        self.session = session
        self.connection = session.connection
        self.jobs = jobs
        self.capture = capture
        self.functions: Dict[str, Callable[[Any], Any]] = {}
        self.done: List[Outcome] = []

    def all(self, after_each: Callable[[Outcome], None]) -> Progress:
        """Run every job; where all are one transaction, end it."""
        self._load()
        started = time.monotonic()
        for number, job in enumerate(self.jobs):
            started = time.monotonic()
            try:
                outcome = self._one(number, job)
                if self.session.single_transaction and number + 1 == len(self.jobs):
                    self._commit(job[1])
            except MigrationError as error:
                raise self._failed(error, number, started) from None
            self.done.append(outcome)
            after_each(outcome)
        return Progress(tuple(self.done))

    def _load(self) -> None:
        """Run the top level of all Python scripts before the first statement, so that a missing import stops here."""
        for dummy, migration in self.jobs:
            if self.session.single_transaction and not migration.up.transactional:
                raise _not_in_one_transaction(migration)
            if isinstance(migration.up, PythonBody):
                try:
                    self.functions[migration.up.path] = load(migration.up)
                except MigrationError as error:
                    raise error.about(version=str(migration.script.version)) from None
        self.capture.take()

    def _one(self, number: int, job: Job) -> Outcome:
        step, migration = job
        started = time.monotonic()
        try:
            with self.connection.cursor() as cursor:
                self._announce(cursor, number, migration)
                note = self._execute(cursor, migration, started)
        finally:
            self.connection.mode = Mode.FREE
            self.connection.on_leave = self.connection.around_statement = None
        return Outcome(step, _milliseconds(started), self._output(), note)

    def _announce(self, cursor: Any, number: int, migration: Migration) -> None:
        """Show the progress to whoever looks at pg_stat_activity."""
        name = "pg_migrate %d/%d %s" % (number + 1, len(self.jobs), migration.script.version)
        python = isinstance(migration.up, PythonBody) and migration.up.transactional
        cursor.execute(SHOW_PROGRESS + ("; " + SAVEPOINT if python else ""), [name[:MAX_APPLICATION_NAME]])

    def _execute(self, cursor: Any, migration: Migration, started: float) -> Optional[str]:
        """Run one migration and record it. Return what a person should know about how it ran."""
        body = migration.up
        if not body.transactional:
            self._start_outside(cursor, migration)
        if isinstance(body, SqlBody):
            self._run_sql(cursor, migration, body)
            note = body.note
        else:
            note = self._run_python(cursor, migration, body)
        self._record(cursor, migration, started, held=self.connection.mode is Mode.HELD)
        return note

    def _start_outside(self, cursor: Any, migration: Migration) -> None:
        """Log the start in a commit of its own, and leave the transaction."""
        if self.session.single_transaction:
            raise _not_in_one_transaction(migration)
        if self.connection.mode is Mode.HELD:
            cursor.execute(RELEASE)
        self.connection.mode = Mode.FREE
        history_room.log(cursor, self.session.history, "started", migration, 0)
        self.session.before_commit(cursor)
        self.connection.commit()
        self.connection.autocommit = True
        self.connection.around_statement = self.session.around_statement

    def _run_sql(self, cursor: Any, migration: Migration, body: SqlBody) -> None:
        for text, offset in _messages(body):
            try:
                cursor.execute(text)
            except deps.psycopg2.Error as error:
                if EMPTY_QUERY not in str(error):
                    raise explain(error, migration, body, self.connection, offset) from None

    def _run_python(self, cursor: Any, migration: Migration, body: PythonBody) -> Optional[str]:
        if body.transactional:
            self.connection.mode = Mode.HELD
            self.connection.on_leave = lambda: self._start_outside(cursor, migration)
        try:
            with importing(body.path):
                self.functions[body.path](cursor)
        except (Exception, SystemExit) as error:
            raise explain(error, migration, body, self.connection) from None
        if body.transactional and self.connection.closed:
            raise ScriptFailed("Migration %s failed: it closed its connection" % migration.script.label)
        if in_transaction(self.connection) and is_aborted(self.connection):
            raise aborted(migration, body)
        if body.transactional and self.connection.mode is not Mode.HELD:
            return LEFT_NOTE
        if body.transactional and not in_transaction(self.connection):
            self.connection.mode = Mode.FREE
            return ENDED_NOTE
        return None

    def _record(self, cursor: Any, migration: Migration, started: float, held: bool) -> None:
        """Write the history row and commit it together with what the script did."""
        self.connection.mode = Mode.FREE
        self.connection.around_statement = None
        if self.connection.autocommit:
            _end_outside(self.connection)
        prelude = (RELEASE + "; " if held else "") + RESET + self._role()
        history = self.session.history
        try:
            history_room.record(cursor, history, migration, _milliseconds(started), prelude)
        except deps.psycopg2.Error as error:
            if self.connection.closed:
                raise explain(error, migration, migration.up, self.connection) from None
            raise history_room.touched(history).about(
                version=str(migration.script.version), path=migration.script.path
            ) from None
        except MigrationError as error:
            raise error.about(version=str(migration.script.version), path=migration.script.path) from None
        self.session.before_commit(cursor)
        if not self.session.single_transaction:
            self._commit(migration)

    def _commit(self, migration: Migration) -> None:
        """Commit; a deferred constraint may fail only here."""
        try:
            self.connection.commit()
        except deps.psycopg2.Error as error:
            raise explain(error, migration, migration.up, self.connection) from None

    def _role(self) -> str:
        if self.session.role is None:
            return RESET_ROLE
        return str(deps.sql.SQL(SET_ROLE).format(deps.sql.Identifier(self.session.role)).as_string(self.connection))

    def _failed(self, error: MigrationError, number: int, started: float) -> MigrationError:
        """Roll back, log the failure, and give the error what is known."""
        step, migration = self.jobs[number]
        failed = Outcome(step, _milliseconds(started), self._output())
        if not self.connection.closed:
            self._log_failure(error, migration, failed.duration_ms)
        done = () if self.session.single_transaction else tuple(self.done)
        rest = tuple(later for later, dummy in self.jobs[len(done) :])
        error.progress = Progress(done, failed, rest)
        return error.about(version=str(migration.script.version), path=migration.up.path)

    def _log_failure(self, error: MigrationError, migration: Migration, duration_ms: int) -> None:
        """Best effort: the error itself matters more than its log."""
        try:
            self.connection.rollback()
            self.connection.autocommit = False
            with self.connection.cursor() as cursor:
                cursor.execute(RESET + self._role())
                history_room.log(cursor, self.session.history, "failed", migration, duration_ms, error.message)
            self.connection.commit()
        except deps.psycopg2.Error:
            if not self.connection.closed:
                self.connection.rollback()

    def _output(self) -> str:
        """Return what the script printed, and the notices that the server sent for it."""
        notices = "".join(self.connection.notices)
        del self.connection.notices[:]
        return self.capture.take() + notices


def _messages(body: SqlBody) -> List[Tuple[str, int]]:
    """Return what to send, with its offset in the file: the whole text, or outside a transaction each statement."""
    if body.transactional:
        return [(body.text, 0)]
    try:
        return [(statement.text, statement.offset) for statement in split(body.text)]
    except SplitError as error:
        raise invalid(body.path, error) from None


def _end_outside(connection: Any) -> None:
    """Close what a script outside a transaction may have left open, and go back to transactions."""
    if in_transaction(connection):
        connection.commit()
    connection.autocommit = False


def _not_in_one_transaction(migration: Migration) -> ScriptInvalid:
    return ScriptInvalid(
        "%s runs outside a transaction, so it can't be part of a single one" % migration.script.label,
        hint="Leave single_transaction off, or apply it in a run of its own with version.",
        version=str(migration.script.version),
        path=migration.script.path,
    )


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the body of one step: SQL as messages, Python with a cursor or an engine; in a transaction, or outside."""

from __future__ import annotations

from typing import Any, Optional

from .. import deps, errors, model
from ..databases.postgresql import once
from ..databases.postgresql.indexes import drop_new_invalid_indexes
from ..databases.postgresql.session import RELEASE, Mode, abandon, in_transaction, is_aborted
from ..runtimes.pyscript import argument_for, importing
from .failure import aborted, explain
from .outside import Journal
from .preparation import Job, Prepared, not_in_one_transaction
from .session import Session

# should_run may write to find out; whatever it did is taken back when it answers no.
UNDO_SHOULD_RUN = "ROLLBACK TO SAVEPOINT pgops_should_run"

LEFT_NOTE = "went on outside a transaction, as it asked for"
ENDED_NOTE = "ended its transaction itself, in the middle of an SQL text: what came before that stood on its own"
EMPTY_QUERY = "can't execute an empty query"


class ShouldNotRun(Exception):
    """A repeatable migration answered that it has nothing to do."""


class Attempt:
    """One step, on its way. Tried again, it starts anew, or outside a transaction at the statement that failed.

    :ivar journal: what a script outside a transaction has come to; None: it is inside one.
    """

    def __init__(self, session: Session, prepared: Prepared, job: Job) -> None:
        self.session = session
        self.connection = session.connection
        self.prepared = prepared
        self.step, self.migration = job
        self.body = self.migration.body(self.step.direction)
        self.journal: Optional[Journal] = None
        self.position = self.step.resume_at
        # Where a message may have been sent before.
        self.again: Optional[int] = None if self.step.invalid_before is None else self.position

    @property
    def asks(self) -> bool:
        """Return whether it is a repeatable migration that is still to be asked."""
        return self.step.script.repeatable and self.step.direction is model.Direction.UP and not self.step.wanted

    @property
    def repeatable(self) -> bool:
        """Return whether it may be tried again: what it did is undone, or it is known where to go on."""
        return not self.session.single_transaction and (self.journal is None or isinstance(self.body, model.SqlBody))

    def run(self, cursor: Any) -> Optional[str]:
        """Run the body. Return what a person should know about how it ran.

        :raises ShouldNotRun: when it is repeatable and doesn't want to; what it did to find out is undone.
        :raises MigrationError: when it fails.
        """
        if isinstance(self.body, model.PythonBody):
            self.connection.mode = Mode.HELD
            self.connection.on_leave = lambda: self._leave(cursor)
            if self.asks:
                self._ask(cursor, self.body)
        if not self.body.transactional:
            self._leave(cursor)
        if isinstance(self.body, model.SqlBody):
            self._run_sql(cursor, self.body)
            return self.body.note
        return self._run_python(cursor, self.body)

    def close(self) -> None:
        """Give back the connection, whatever the script did to it."""
        self.connection.mode = Mode.FREE
        self.connection.on_leave = self.connection.around_statement = None
        if self.journal is not None:
            self.journal.close()

    def _ask(self, cursor: Any, body: model.PythonBody) -> None:
        if self._call("should_run", cursor, body):
            return
        self.connection.mode = Mode.FREE
        if self.session.single_transaction:
            cursor.execute(UNDO_SHOULD_RUN)
        else:
            self.connection.rollback()
        raise ShouldNotRun

    def _leave(self, cursor: Any) -> None:
        """Log the start in a commit of its own, and leave the transaction."""
        if self.session.single_transaction:
            raise not_in_one_transaction(self.migration)
        if self.connection.mode is Mode.HELD:
            cursor.execute(RELEASE)
        self.connection.mode = Mode.FREE
        total = len(self.body.messages) if isinstance(self.body, model.SqlBody) else None
        self.journal = Journal(self.session, self.step, total)
        self.journal.start(cursor, self.position)
        self.session.before_commit(cursor)
        self.connection.commit()
        self.connection.autocommit = True
        self.session.guard(self.connection)

    def _run_sql(self, cursor: Any, body: model.SqlBody) -> None:
        for number, (text, offset) in enumerate(body.messages):
            try:
                if self.journal is None or (number < self.position and once.sets(text)):
                    cursor.execute(text)
                elif number >= self.position:
                    self._send(cursor, number, text, self.journal)
            except deps.DatabaseError as error:
                if EMPTY_QUERY not in str(error):
                    raise explain(error, self.migration, body, self.connection, offset) from None

    def _send(self, cursor: Any, number: int, text: str, journal: Journal) -> None:
        """Send a statement outside a transaction, and log where to go on: for a block of the script's, at its BEGIN."""
        if number == self.again and once.has_built(text, self.step.built):
            return
        if not in_transaction(self.connection):
            self.position = number
        try:
            once.send(cursor, text, lambda transaction: journal.at(self.position, number + 1, transaction))
        except deps.DatabaseError as error:
            if number != self.again or not once.has_dropped(text, error):
                raise

    def _run_python(self, cursor: Any, body: model.PythonBody) -> Optional[str]:
        self._call(body.function, cursor, body)
        if self.connection.closed:
            raise errors.ScriptFailed(
                "Migration %s failed (%s): it closed its connection" % (self.migration.script.label, body.path),
                hint="Take the close() out; the connection belongs to the task.",
            )
        if in_transaction(self.connection) and is_aborted(self.connection):
            raise aborted(self.migration, body)
        if body.transactional and self.connection.mode is not Mode.HELD:
            return LEFT_NOTE
        if body.transactional and not in_transaction(self.connection):
            self.connection.mode = Mode.FREE
            return ENDED_NOTE
        return None

    def _call(self, function: str, cursor: Any, body: model.PythonBody) -> Any:
        try:
            with importing(body.path, self.prepared.facade), argument_for(body, cursor) as argument:
                answer = getattr(self.prepared.modules[body.path], function)(argument)
        except (Exception, SystemExit) as error:
            raise self.connection.stopped or explain(error, self.migration, body, self.connection) from None
        if self.connection.stopped:
            raise self.connection.stopped
        return answer

    def mend(self) -> None:
        """Undo what can be undone, before it is tried again: the transaction, or an index that is only half built."""
        abandon(self.connection)
        self.again = self.position
        if self.journal is not None:
            drop_new_invalid_indexes(self.connection, self.journal.invalid)

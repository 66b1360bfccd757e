# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the body of one step: SQL as messages, Python with a cursor or an engine."""

from __future__ import annotations

from functools import partial
from typing import Any, ContextManager, Optional, Sequence

from .. import errors, model
from ..runtimes.pyscript import arguments_for, importing
from ..sql import glance
from .failure import aborted_error, ended_error, explain
from .hazards import TableWatch
from .inside import InOneTransaction, InTransaction
from .outside import OutsideTransaction
from .place import Place
from .preparation import Job, Prepared
from .recording import Recorder
from .session import Session

LEFT_NOTE = "went on outside a transaction, as it asked for"
ENDED_NOTE = "ended its transaction itself, in the middle of an SQL text: what came before that stood on its own"
EMPTY_QUERY = "can't execute an empty query"
NOTHING = model.Around(model.Direction.UP)


class ShouldNotRun(Exception):
    """A repeatable migration answered that it has nothing to do."""


class Attempt:
    """One step, on its way. Tried again, it starts anew, or outside a transaction at the statement that failed.

    :ivar place: where it runs: chosen once, unless a Python script leaves its transaction.
    """

    def __init__(self, session: Session, prepared: Prepared, job: Job) -> None:
        self.session = session
        self.connection = session.connection
        self.prepared = prepared
        self.step, self.migration = job
        self.body = self.migration.body(self.step.direction)
        around = self.migration.around
        self.around = around if around is not None and around.direction is self.step.direction else NOTHING
        self.place: Place = InOneTransaction(session) if session.single_transaction else InTransaction(session)
        self._recorder = Recorder()

    @property
    def sent(self) -> Optional[model.Sent]:
        """Return what a Python script has sent until now."""
        return self._recorder.sent() if isinstance(self.body, model.PythonBody) else None

    def sent_count(self) -> Optional[int]:
        """Return how many statements a Python script has sent until now."""
        return self._recorder.count if isinstance(self.body, model.PythonBody) else None

    @property
    def asks(self) -> bool:
        """Return whether it is a repeatable migration that is still to be asked."""
        return self.step.script.repeatable and self.step.direction is model.Direction.UP and not self.step.wanted

    @property
    def may_deallocate(self) -> bool:
        """Return whether it may have sent DEALLOCATE or DISCARD; what Python sends isn't known."""
        if isinstance(self.body, model.PythonBody):
            return True
        return any(glance.may_deallocate(each.text) for each in (self.body, *self.around.before, *self.around.after))

    def run(self, cursor: Any) -> Optional[str]:
        """Run the body. Return what a person should know about how it ran.

        :raises ShouldNotRun: when it is repeatable and doesn't want to; what it did to find out is undone.
        :raises MigrationError: when it fails.
        """
        if self.session.live is not None:
            self.session.live.starts(self.step, self.sent_count)
        if self.session.guard is not None:
            self.session.guard.begin(str(self.step.script.version))
        if isinstance(self.body, model.PythonBody):
            return self._run_python(cursor, self.body)
        if self.body.transactional:
            self._send_around(cursor, self.around.before)
            self._send_all(cursor, self.body, self.place)
            self._send_around(cursor, self.around.after)
        else:
            if self.place.in_transaction and self.step.resume is None:
                # It is committed with the log of the start, and so done once.
                self._send_around(cursor, self.around.before)
            outside = self._outside()
            outside.begin(cursor)
            with self.connection.outside(self.session.guard):
                self._send_all(cursor, self.body, outside)
        return self.body.note

    def end(self, cursor: Any, tables: TableWatch) -> None:
        """Make ready for the record, and look whether the database is what it has to be.

        :raises ScriptFailed: when it isn't.
        """
        self.place.end(cursor, tables)
        is_outside = not self.place.in_transaction
        asked = self.migration.verify if self.step.direction is model.Direction.UP else None
        if is_outside and (asked or self.around.after):
            self.connection.rollback()  # what has looked at tables has put its own search_path there
            self._send_around(cursor, self.around.after)
        if asked is not None:
            from .verifying import verify

            verify(cursor, self.session, self.migration, asked)
            if is_outside and not self.around.after:
                self.connection.rollback()

    def _send_around(self, cursor: Any, bodies: Sequence[model.SqlBody]) -> None:
        """Send what runs around the script, in the open transaction, wherever the script itself runs."""
        for body in bodies:
            self._send_all(cursor, body, InTransaction(self.session))

    def _send_all(self, cursor: Any, body: model.SqlBody, place: Place) -> None:
        if self.session.guard is not None:
            self.session.guard.look_at(body.text)
        for number, statement in enumerate(body.messages):
            try:
                place.send(cursor, body, number)
            except self.connection.Error as error:
                if EMPTY_QUERY not in str(error):
                    is_alone = self.around is NOTHING and body.transactional
                    probe = self._probe if self.session.guard is not None and is_alone else None
                    raise explain(error, self.migration, body, self.connection, statement.offset, probe) from None

    def _probe(self, statements: Sequence[model.Statement]) -> Optional[int]:
        """Return which statement fails, on a copy: all of them are tried once more, one by one, and rolled back."""
        try:
            self.connection.rollback()
            with self.connection.scripted(), self.connection.cursor() as cursor:
                return self._first_failing(cursor, statements)
        except self.connection.Error:  # the server is gone by now
            return None
        finally:
            if not self.connection.closed:
                self.connection.rollback()

    def _first_failing(self, cursor: Any, statements: Sequence[model.Statement]) -> Optional[int]:
        for index, statement in enumerate(statements):
            try:
                cursor.execute(statement.text)
            except self.connection.Error:
                return index
        return None

    def _run_python(self, cursor: Any, body: model.PythonBody) -> Optional[str]:
        with self.connection.lent(lambda: self._leave(cursor), self._look_at) as loan:
            wants = not self.asks or self._call("should_run", cursor, body)
            if wants:
                self.connection.autocommit = not body.transactional
                self._call(body.function, cursor, body)
        if not wants:
            self.place.undo_question(cursor)
            raise ShouldNotRun
        self._look_after(body)
        ended = not loan.left and not self._is_open
        self.place.take_back(not loan.left and not ended)
        if not body.transactional:
            return None
        return LEFT_NOTE if loan.left else ENDED_NOTE if ended else None

    def _look_at(self, text: str) -> None:
        """Record what a script sends; on a copy, its guard looks at it too."""
        self._recorder.take(text)
        if self.session.guard is not None:
            self.session.guard.look_at(text)

    def _look_after(self, body: model.PythonBody) -> None:
        """Refuse what a script can't be allowed to leave behind."""
        if self.connection.closed:
            raise errors.ScriptFailed(
                "Migration %s failed (%s): it closed its connection" % (self.migration.script.label, body.path),
                hint="Take the close() out; the connection belongs to the task.",
            )
        if self._is_open and self.session.database.transactions.is_aborted(self.connection):
            raise aborted_error(self.migration, body)

    def _leave(self, cursor: Any) -> Optional[Any]:
        """Let a script go on outside a transaction; what it did until now is committed."""
        self._outside().begin(cursor, loaned=True)
        return self.session.looker()

    def _outside(self) -> OutsideTransaction:
        """Return the place outside: the same one for another try, since it knows where to go on."""
        if isinstance(self.place, OutsideTransaction):
            return self.place
        self.place.allow_leaving(self.migration)
        self.place = outside = OutsideTransaction(self.session, self.step, self.body)
        return outside

    def _call(self, function: str, cursor: Any, body: model.PythonBody) -> Any:
        in_step = self.session.in_step
        after = partial(in_step, self.step) if in_step is not None else None
        try:
            with (
                importing(body.path, self.prepared.facade),
                arguments_for(body, cursor, after) as arguments,
                self._watched(),
            ):
                answer = getattr(self.prepared.modules[body.path], function)(*arguments)
        except (Exception, SystemExit) as error:
            if self._stopped:
                raise self._stopped from None
            explained = explain(error, self.migration, body, self.connection)
            if self.connection.held and not self.connection.closed and not self._is_open:
                raise ended_error(explained, self.migration) from None
            raise explained from None
        if self._stopped:
            raise self._stopped
        return answer

    @property
    def _is_open(self) -> bool:
        """Return whether there is a transaction."""
        return bool(self.session.database.transactions.in_transaction(self.connection))

    @property
    def _stopped(self) -> Optional[errors.MigrationError]:
        """Return why a rehearsal has to end here; a script may have caught that and gone on."""
        stopped: Optional[errors.MigrationError] = self.connection.stopped
        return stopped or (self.session.guard.ended_by if self.session.guard else None)

    def _watched(self) -> ContextManager[None]:
        """Let connections that a script opens itself be watched, on a copy."""
        return self.session.watching(self.session.guard)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script outside a transaction: what it has come to is logged on the way, and it goes on where it was cut off."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Optional

from .. import errors, model
from ..databases.savepoints import RELEASE
from ..sql.statements import waits_without_blocking
from .hazards import TableWatch
from .journal import Journal
from .place import Place
from .session import Session


class OutsideTransaction(Place):
    """Where a step runs that can't be in a transaction, or has left it.

    :ivar statement_index: the statement that it is at, from 0; behind the last one, their number: tried again, it goes
        on there.
    """

    in_transaction = False

    def __init__(self, session: Session, step: model.Step, body: model.Body) -> None:
        super().__init__(session)
        self.can_retry = isinstance(body, model.SqlBody)  # of another one nobody knows where to go on
        resume = step.resume or model.Resume()
        self.statement_index = resume.statement_index
        self._built = resume.built
        # The statement that may have been sent before.
        self._sent_before: Optional[int] = None if step.resume is None else resume.statement_index
        self._journal = Journal(session, step, len(body.messages) if isinstance(body, model.SqlBody) else None)

    def begin(self, cursor: Any, loaned: bool = False) -> None:
        """Log the start in a commit of its own, with what the script did in the transaction until now."""
        if loaned:
            cursor.execute(RELEASE)
        self._journal.start(cursor, self.statement_index)
        if loaned or self.session.guard is not None:
            self.session.before_commit(cursor)
        self.connection.commit()

    def send(self, cursor: Any, body: model.SqlBody, index: int) -> None:
        """Send one statement, and log where to go on: for a block of the script's, at its BEGIN."""
        statement, once = body.messages[index], self.session.database.outside
        if index < self.statement_index:
            if once.sets(statement):
                cursor.execute(statement.text)
            return
        if index == self._sent_before and once.has_built(statement, self._built):
            return
        if not self.session.database.transactions.in_transaction(self.connection):
            self.statement_index = index
        if self.session.live is not None:
            self.session.live.sends(index, len(body.messages), statement.keyword)
        try:
            with self.session.patient(cursor) if waits_without_blocking(statement) else nullcontext():
                once.send(
                    cursor,
                    statement,
                    lambda transaction: self._journal.at(self.statement_index, index + 1, transaction),
                    self.session.before_commit,
                )
        except self.connection.Error as error:
            if index != self._sent_before or not once.has_dropped(statement, error):
                raise
        if not self.session.database.transactions.in_transaction(self.connection):
            # What comes behind the script may be tried again, and this must not.
            self.statement_index = index + 1

    def end(self, cursor: Any, tables: TableWatch) -> None:
        """Close what the script may have left open, go back to transactions, and look at what has become of tables.

        What a script in Python has left open is recorded in the same transaction, where the database is one that
        commits at each CREATE: one that only works on rows is then done with its record, or not at all.
        """
        database = self.session.database
        is_open = database.transactions.in_transaction(self.connection)
        self.in_transaction = is_open and not self.can_retry and database.abilities.logs_inside
        if is_open and not self.in_transaction:
            self.session.before_commit(cursor)
            self.connection.commit()
        self.connection.autocommit = False
        tables.compare(cursor)

    def undo(self) -> None:
        """Undo the statement that failed: it may have left an index that is only half built.

        To drop that waits for the same sessions; where they don't end, it is left to the next run.
        """
        self.session.database.transactions.abandon(self.connection)
        self._sent_before = self.statement_index
        with self.connection.cursor() as cursor, self.session.patient(cursor):
            self.session.database.remains.drop_new(self.connection, self._journal.invalid)

    def leftovers(self) -> Optional[str]:
        """Return the invalid indexes that it has left, in words."""
        left = self.session.database.remains.new(self.connection, self._journal.invalid)
        if not left:
            return None
        return "it has left the invalid index %s, which is dropped before the next try" % ", ".join(left)

    def settle(self, cursor: Any) -> None:
        """Log where it has stopped, unless that is known."""
        self._journal.settle(cursor)
        if self.can_retry and self.session.database.abilities.logs_inside:
            self._journal.stopped(cursor, self.statement_index)

    def explain_lock(self, error: errors.LockTimeout) -> None:
        """Say where to read about what stands."""
        error.hint = (
            "It runs outside a transaction: see on_interrupted. Run again when they are done; or raise lock_timeout "
            "or lock_retries."
        )

    def close(self) -> None:
        """Close the journal's connection."""
        self._journal.close()

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that scripts get to see: its transaction belongs to the runner, not to them."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from typing import Any, Iterator, Literal, Optional

from ... import errors
from ...model import Statement
from ..everyone import EVERYONE
from ..loan import Guard, Leave, Loan, LookAt
from ..savepoints import MOVE_INNER, RELEASE, ROLLBACK_TO, ROLLBACK_TO_INNER, SAVEPOINT, Nested
from . import grammar
from .composed import composed

# What kind of database a connection or a target leads to: see databases/choose.py.
KIND = "sqlite"

# A reader must not keep others from writing, and a run must not find out late that it can't.
# Where nothing is to end the waiting; in milliseconds.
WITHOUT_END = 2**31 - 1

BUSY_TIMEOUT = "PRAGMA busy_timeout = {milliseconds}"

BEGIN_TO_READ, BEGIN_TO_WRITE = "BEGIN", "BEGIN IMMEDIATE"


class MigrationCursor(sqlite3.Cursor):
    """A cursor whose statements go where its connection says. It takes several statements in one text."""

    def __enter__(self) -> MigrationCursor:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def execute(self, sql: str, parameters: Any = ()) -> MigrationCursor:
        """Execute; a script's transaction control is the connection's to obey."""
        statements = [Statement(sql)] if parameters else grammar.split(sql)
        for statement in statements:
            if not self._connection.obeyed(statement):
                super().execute(statement.text, parameters)
        return self

    def executemany(self, sql: str, parameters: Any) -> MigrationCursor:
        """Execute once for each of the parameters."""
        if not self._connection.obeyed(Statement(sql, keyword=grammar.keyword(sql))):
            super().executemany(sql, parameters)
        return self

    def executescript(self, script: str) -> MigrationCursor:
        """Execute a text of several statements; the driver's own would commit first."""
        return self.execute(script)

    @property
    def _connection(self) -> MigrationConnection:
        connection: Any = self.connection
        return connection  # type: ignore[no-any-return]


class MigrationConnection(Nested, sqlite3.Connection):
    """An SQLite connection that can be lent to a script. Transactions are begun and ended by us, never by the driver.

    Its state changes on entering and leaving a context, and nowhere else.

    :ivar enforces_keys: whether foreign keys are enforced as statements run, unless a script says otherwise for itself.
    :ivar stopped: what a guard has raised, for a script may catch it and go on.
    """

    kind = KIND

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Nested.__init__(self)
        sqlite3.Connection.__init__(self, *args, **kwargs)
        EVERYONE.add(self)
        self.closed = False
        self.guard: Optional[Guard] = None
        self.stopped: Optional[errors.MigrationError] = None
        self._begin = BEGIN_TO_READ
        self._autocommit = False
        self._loan: Optional[Loan] = None
        self.run_lock: Optional[int] = None
        self.enforces_keys = False

    def cursor(self, factory: Any = None) -> Any:
        """Return a cursor."""
        return super().cursor(factory or MigrationCursor)

    def to_write(self) -> None:
        """Let each transaction from now on wait for its right to write when it begins."""
        self._begin = BEGIN_TO_WRITE

    def enforce_keys(self) -> None:
        """Enforce foreign keys as statements run."""
        self.enforces_keys = True

    def wait_for_others(self, seconds: float) -> None:
        """Let a statement wait so long for what others have locked; 0: without end."""
        milliseconds = round(seconds * 1000) if seconds else WITHOUT_END
        sqlite3.Cursor(self).execute(composed(BUSY_TIMEOUT, milliseconds=str(milliseconds)))

    def keep_until_closed(self, descriptor: int) -> None:
        """Keep the descriptor that has the lock of a run: see lock.py."""
        self.run_lock = descriptor

    @contextmanager
    def lent(self, on_leave: Leave, look_at: LookAt = None) -> Iterator[Loan]:
        """Lend the connection to a script, within the open transaction, in which SAVEPOINT was set."""
        self._loan, self.stopped = Loan(on_leave, look_at), None
        try:
            yield self._loan
        finally:
            self._loan = self.guard = None
            self.row_factory, self.text_factory = None, str

    @contextmanager
    def scripted(self) -> Iterator[None]:
        """Send what is executed as a script's: here that makes no difference."""
        yield

    @contextmanager
    def outside(self, guard: Optional[Guard]) -> Iterator[None]:
        """Execute a script outside transactions."""
        self.autocommit = True
        self.guard, self.stopped = guard, None
        try:
            yield
        finally:
            self.guard = None

    @property
    def held(self) -> bool:
        """Return whether the open transaction is the runner's, and a script only moves a savepoint in it."""
        return self._loan is not None and not self._loan.left

    def obeyed(self, statement: Statement) -> bool:
        """Begin the transaction that a statement needs. Return whether it was one for the connection to obey."""
        if self._loan is not None and self._loan.look_at is not None:
            self._loan.look_at(statement.text)
        if self.held and statement.keyword in grammar.CONTROL:
            if statement.keyword in grammar.COMMITS:
                self.commit()
            elif statement.keyword in grammar.ROLLS_BACK:
                self.rollback()
            return True
        # Some pragmas can't be in a transaction, and none needs one.
        begins = statement.keyword not in grammar.CONTROL and statement.keyword != "PRAGMA"
        if begins and not self._autocommit and not self.in_transaction:
            self._plain(self._begin)
        return False

    def __enter__(self) -> MigrationConnection:
        return self

    def __exit__(self, *exc: Any) -> Literal[False]:
        """Commit or roll back, as sqlite3 does; its own would end the runner's transaction."""
        if exc[0] is None:
            self.commit()
        else:
            self.rollback()
        return False

    @property
    def isolation_level(self) -> None:
        """Return that the driver begins no transaction by itself."""
        return

    @isolation_level.setter
    def isolation_level(self, value: Any) -> None:
        """Leave it so: to set it would commit."""

    def commit(self) -> None:
        """Commit; of a lent connection: keep what the script did so far, come what may to the rest of it."""
        if not self.held:
            super().commit()
        elif self._savepoints:
            self.inner(MOVE_INNER, self._savepoints[-1])
        else:
            self._plain(RELEASE)
            self._plain(SAVEPOINT)

    def rollback(self) -> None:
        """Roll back; of a lent connection: to the script's last commit(), or its start."""
        if not self.held:
            super().rollback()
        elif self._savepoints:
            self.inner(ROLLBACK_TO_INNER, self._savepoints[-1])
        else:
            self._plain(ROLLBACK_TO)

    def close(self) -> None:
        """Close the connection, unless others still work on it."""
        if self._stays_open:
            return
        super().close()
        self.closed = True
        if self.run_lock is not None:
            os.close(self.run_lock)
            self.run_lock = None

    def cancel(self) -> None:
        """Interrupt what it is executing."""
        self.interrupt()

    def take_notices(self) -> str:
        """Return what the database had to say beside results: SQLite says nothing."""
        return ""

    @property
    def autocommit(self) -> bool:
        """Return whether each statement is a transaction of its own."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if not self.held:
            self._autocommit = value
        elif value:
            self._leave()

    def _leave(self) -> None:
        """Let the script go on outside a transaction, when the runner agrees."""
        loan = self._loan
        if loan is None:
            return
        loan.left = True
        try:
            self.guard = loan.on_leave()
        except BaseException:
            loan.left = False
            raise
        self._savepoints.clear()
        self._autocommit = True

    def inner(self, statement: str, name: str) -> None:
        """Send a statement about a nested savepoint."""
        for each in composed(statement, name=name).split("; "):
            self._plain(each)

    def _plain(self, statement: str) -> None:
        sqlite3.Cursor(self).execute(statement)

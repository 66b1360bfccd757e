# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that scripts get to see: its transaction belongs to the runner, not to them."""

from __future__ import annotations

import os
import sqlite3
from typing import Any, Literal, Optional

from ...model import Statement
from ..lendable import Lendable
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


class MigrationConnection(Lendable, sqlite3.Connection):
    """An SQLite connection that can be lent to a script. Transactions are begun and ended by us, never by the driver.

    Its state changes on entering and leaving a context, and nowhere else.

    :ivar enforces_keys: whether foreign keys are enforced as statements run, unless a script says otherwise for itself.
    """

    kind = KIND

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        sqlite3.Connection.__init__(self, *args, **kwargs)
        Lendable.__init__(self)
        self.closed = False
        self._begin = BEGIN_TO_READ
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

    def returned(self) -> None:
        """Put back how rows come."""
        self.row_factory, self.text_factory = None, str

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
            self.plain(self._begin)
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

    def really_commit(self) -> None:
        """Commit the driver's transaction."""
        sqlite3.Connection.commit(self)

    def really_roll_back(self) -> None:
        """Roll back the driver's transaction."""
        sqlite3.Connection.rollback(self)

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

    def _leave(self) -> None:
        """Let the script go on outside a transaction: its statements are transactions of their own then."""
        super()._leave()
        self._autocommit = True

    def inner(self, statement: str, name: str) -> None:
        """Send a statement about a nested savepoint."""
        for each in composed(statement, name=name).split("; "):
            self.plain(each)

    def plain(self, statement: str) -> None:
        """Execute one statement as it is."""
        sqlite3.Cursor(self).execute(statement)

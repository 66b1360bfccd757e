# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that scripts get to see: the driver's own, below an SQLAlchemy connection of ours."""

from __future__ import annotations

import re
from typing import Any, Iterator, List, Tuple

from ...model import Statement
from ..lendable import Lendable
from . import grammar

# What kind of database a connection or a target leads to: see databases/choose.py.
KIND = "generic"

# What may hold for the session: it is given up for a new one, before the next script.
SETS = re.compile(r"\s*(?:SET|USE|PRAGMA|ALTER\s+SESSION|ATTACH|LOAD)\b|\b(?:TEMP|TEMPORARY)\b", re.IGNORECASE)

# The engine's own savepoints: not every dialect has them, and no script of this database's has one around it.
OUR_SAVEPOINT = "pgops_"


class MigrationCursor:
    """A cursor of the driver's, in a transaction that SQLAlchemy has begun. It takes several statements in one text."""

    def __init__(self, connection: MigrationConnection, cursor: Any) -> None:
        self.connection, self._cursor = connection, cursor
        self._given: List[Tuple[Any, ...]] = []

    def __enter__(self) -> MigrationCursor:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor.fetchall())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def renew(self) -> None:
        """Go on with a new session of the connection's."""
        self.connection.commit()
        self.connection.renew()
        self._cursor = self.connection.driver.cursor()

    def give(self, row: Tuple[Any, ...]) -> None:
        """Let the next fetchone() return this."""
        self._given.append(row)

    def fetchone(self) -> Any:
        """Return the next row."""
        return self._given.pop() if self._given else self._cursor.fetchone()

    def execute(self, query: str, args: Any = None) -> Any:
        """Execute; a script's transaction control is the connection's to obey."""
        found = [Statement(query, keyword=grammar.keyword(query))] if args else grammar.statements.split(query)
        for statement in found:
            if not self.connection.obeyed(statement):
                self._cursor.execute(statement.text, *([args] if args else []))
        return self

    def executemany(self, query: str, args: Any) -> Any:
        """Execute once for each of the parameters."""
        if not self.connection.obeyed(Statement(query, keyword=grammar.keyword(query))):
            self._cursor.executemany(query, args)
        return self


class MigrationConnection(Lendable):
    """A connection that can be lent to a script. Its state changes on entering and leaving a context, and nowhere else.

    :ivar sa: SQLAlchemy's connection, for statements of ours.
    :ivar is_set: whether a script may have set something for its session.
    """

    kind = KIND

    def __init__(self, sa: Any) -> None:
        super().__init__()
        self.sa = sa
        self.is_set = False

    def __getattr__(self, name: str) -> Any:
        if name == "sa":
            raise AttributeError(name)
        return getattr(self.driver, name)

    @property
    def driver(self) -> Any:
        """Return the driver's connection."""
        return self.sa.connection.dbapi_connection

    @property
    def dialect(self) -> str:
        """Return SQLAlchemy's name of the dialect, as URLs have it."""
        return str(self.sa.engine.url.get_backend_name())

    @property
    def Error(self) -> Any:
        """Return the driver's class of errors."""
        return self.sa.dialect.dbapi.Error

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""
        return bool(self.sa.closed)

    @property
    def in_transaction(self) -> bool:
        """Return whether a transaction is open."""
        return bool(self.sa.in_transaction())

    def begin(self) -> None:
        """Begin a transaction, unless one is open."""
        if not self.in_transaction:
            self.sa.begin()

    def run(self, statement: Any, values: Any = None) -> Any:
        """Execute a statement of SQLAlchemy's in the open transaction; an error is the driver's own."""
        try:
            return self.sa.execute(statement, *([values] if values is not None else []))
        except Exception as error:
            if isinstance(getattr(error, "orig", None), Exception):
                raise error.orig from None  # type: ignore[attr-defined]
            raise

    def cursor(self) -> MigrationCursor:
        """Return a cursor."""
        return MigrationCursor(self, self.driver.cursor())

    def obeyed(self, statement: Statement) -> bool:
        """Begin the transaction that a statement needs. Return whether it was one for the connection to obey."""
        word = grammar.keyword(statement.text)
        if self._loan is not None and self._loan.look_at is not None and OUR_SAVEPOINT not in statement.text:
            self._loan.look_at(statement.text)
        if OUR_SAVEPOINT in statement.text and "SAVEPOINT" in statement.text:
            return True
        if word in grammar.CONTROL:
            if word in grammar.COMMITS:
                self.commit()
            elif word in grammar.ROLLS_BACK:
                self.rollback()
            else:
                self.begin()
            return True
        self.is_set = self.is_set or SETS.search(statement.text) is not None
        self.begin()
        return False

    def renew(self) -> None:
        """Go on with a new session: what was left in the old one ends with it."""
        engine = self.sa.engine
        self.sa.close()
        self.sa, self.is_set = engine.connect(), False

    def commit(self) -> None:
        """Commit; not as long as the transaction is the runner's."""
        if not self.held and self.in_transaction:
            self.sa.commit()

    def rollback(self) -> None:
        """Roll back what is open."""
        if self.in_transaction:
            self.sa.rollback()

    def close(self) -> None:
        """Close the connection, unless others still work on it."""
        if not self._stays_open and not self.closed:
            engine = self.sa.engine
            self.sa.close()
            engine.dispose()

    def cancel(self) -> None:
        """Cancel what it is executing, where the driver can."""
        for name in ("cancel", "interrupt"):
            stop = getattr(self.driver, name, None)
            if stop is not None:
                stop()
                return

    def inner(self, statement: str, name: str) -> None:
        """Send a statement about a nested savepoint: there are none."""

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that scripts get to see: its transaction belongs to the runner, not to them."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any, Callable, Dict, Iterator, List, Optional, Set

from ... import deps
from ...model import Statement
from ..lendable import Lendable
from . import grammar
from .composed import composed

# What kind of database a connection or a target leads to: see databases/choose.py.
KIND = "mysql"

KILL = "KILL QUERY %s"
IN_TRANSACTION = 1  # of the protocol's SERVER_STATUS flags
TEMPORARY = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?TEMPORARY\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?((?:`[^`]+`|[\w$]+)(?:\.(?:`[^`]+`|[\w$]+))?)",
    re.IGNORECASE,
)
TRUNCATES = re.compile(r"TRUNCATE\s+(?:TABLE\s+)?((?:`[^`]+`|[\w$]+)(?:\.(?:`[^`]+`|[\w$]+))?)", re.IGNORECASE)


class MigrationCursor:
    """A cursor whose statements go where its connection says. It takes several statements in one text."""

    def __init__(self, connection: MigrationConnection, cursor: Any) -> None:
        self.connection, self._cursor = connection, cursor

    def __enter__(self) -> MigrationCursor:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, query: str, args: Any = None) -> Any:
        """Execute; a script's transaction control is the connection's to obey. Return the number of rows."""
        statements = [Statement(query, keyword=grammar.keyword(query))] if args else grammar.split(query)
        count = 0
        for statement in statements:
            if not self.connection.obeyed(statement):
                count = self._cursor.execute(statement.text, args or None)
        return count

    def executemany(self, query: str, args: Any) -> Any:
        """Execute once for each of the parameters. Return the number of rows."""
        if self.connection.obeyed(Statement(query, keyword=grammar.keyword(query))):
            return 0
        return self._cursor.executemany(query, args)


class _Mode(int):
    """Whether each statement is a transaction of its own: the driver has a method for it, and others an attribute."""

    connection: MigrationConnection

    def __call__(self, value: Any) -> None:
        self.connection.autocommit = bool(value)


class MigrationConnection(Lendable):
    """The driver's connection, that can be lent to a script.

    Its state changes on entering and leaving a context, and nowhere else.

    :ivar database: the one that it is for, whatever a script uses; None: none.
    :ivar defaults: the statement that sets what scripts may have set back to what it was.
    :ivar lock: the name of the lock of a run that its session has; '': none.
    :ivar temporary: the names of temporary tables that were made, as they were written.
    :ivar truncated: the names of tables that were emptied since somebody looked.
    :ivar tables_seen: what databases/mysql/observing.py has seen of tables.
    """

    kind = KIND

    def __init__(self, raw: Any, database: Optional[str], another: Callable[[], Any]) -> None:
        """Take the driver's connection.

        :param another: opens a further one of the same user.
        """
        super().__init__()
        self._raw, self.database, self._another = raw, database, another
        self.defaults = self.lock = ""
        self.temporary: List[str] = []
        self.truncated: Set[str] = set()
        self.tables_seen: Dict[int, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name == "_raw":
            raise AttributeError(name)
        return getattr(self._raw, name)

    @property
    def Error(self) -> Any:
        """Return the driver's class of errors."""
        return deps.import_pymysql().err.Error

    @property
    def closed(self) -> bool:
        """Return whether it is closed."""
        return not self._raw.open

    @property
    def is_mariadb(self) -> bool:
        """Return whether the server is MariaDB, and not MySQL."""
        return "mariadb" in self._raw.get_server_info().lower()

    @property
    def in_transaction(self) -> bool:
        """Return whether one is open, as the server has told with its last answer."""
        return bool(self._raw.server_status & IN_TRANSACTION)

    def cursor(self, *args: Any) -> MigrationCursor:
        """Return a cursor."""
        return MigrationCursor(self, self._raw.cursor(*args))

    def holds(self, lock: str) -> None:
        """Note which lock of a run the session has."""
        self.lock = lock

    def keep_defaults(self, statement: str) -> None:
        """Note what sets back what scripts may set."""
        self.defaults = statement

    def obeyed(self, statement: Statement) -> bool:
        """Return whether a statement was one for the connection to obey."""
        if self._loan is not None and self._loan.look_at is not None:
            self._loan.look_at(statement.text)
        made = TEMPORARY.match(statement.text)
        if made:
            self.temporary.append(made[1])
        emptied = TRUNCATES.match(statement.text)
        if emptied:
            self.truncated.add(emptied[1].replace("`", "").rpartition(".")[2])
        if not self.held or statement.keyword not in grammar.CONTROL:
            return False
        if statement.keyword in grammar.COMMITS:
            self.commit()
        elif statement.keyword in grammar.ROLLS_BACK:
            self.rollback()
        return True

    def really_commit(self) -> None:
        """Commit the driver's transaction."""
        self._raw.commit()

    def really_roll_back(self) -> None:
        """Roll back the driver's transaction."""
        self._raw.rollback()

    def close(self) -> None:
        """Close the connection, unless others still work on it."""
        if not self._stays_open and self._raw.open:
            self._raw.close()

    def cancel(self) -> None:
        """Cancel what it is executing: the server can be asked for that only on another connection."""
        with closing(self._another()) as other, other.cursor() as cursor:
            cursor.execute(KILL, [self._raw.thread_id()])

    @property
    def autocommit(self) -> Any:
        """Return whether each statement is a transaction of its own. It can be called, as the driver's."""
        mode = _Mode(self._autocommit)
        mode.connection = self
        return mode

    @autocommit.setter
    def autocommit(self, value: Any) -> None:
        if self.held:
            if value:
                self._leave()
        elif bool(value) != self._autocommit:
            self._raw.autocommit(bool(value))
            self._autocommit = bool(value)

    def inner(self, statement: str, name: str) -> None:
        """Send a statement about a nested savepoint."""
        for each in composed(statement, name=name).split("; "):
            self.plain(each)

    def plain(self, statement: str) -> None:
        """Execute one statement as it is."""
        with self._raw.cursor() as cursor:
            cursor.execute(statement)

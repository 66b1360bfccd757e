# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that scripts get to see: its transaction belongs to the runner, not to them."""

from __future__ import annotations

import itertools
import re
import weakref
from enum import Enum
from typing import Any, Callable, ClassVar, List, Optional

from ... import deps

# A script's commit() and rollback() act on this savepoint; the transaction around it is the runner's.
SAVEPOINT = "SAVEPOINT pgops_script"
RELEASE = "RELEASE SAVEPOINT pgops_script"
ROLLBACK_TO = "ROLLBACK TO SAVEPOINT pgops_script"

ROLLBACK = "ROLLBACK"

# Who lends the connection on, several times at once, sets savepoints of its own above that one.
SET_INNER = "SAVEPOINT {name}"
RELEASE_INNER = "RELEASE SAVEPOINT {name}"
ROLLBACK_TO_INNER = "ROLLBACK TO SAVEPOINT {name}"
MOVE_INNER = RELEASE_INNER + "; " + SET_INNER

CONTROL = re.compile(
    r"^\s*(begin|start\s+transaction|commit|end|rollback|abort)(?:\s+(?:work|transaction))?\s*;?\s*$", re.IGNORECASE
)
AUTOCOMMIT_LEVEL = 0


class Mode(Enum):
    """Who may end the transaction."""

    FREE = "free"  # whoever holds the connection: plain psycopg2
    HELD = "held"  # the runner; a script moves a savepoint


class MigrationCursor(deps.BaseCursor):  # type: ignore[misc]
    """A cursor that keeps a script's own BEGIN, COMMIT and ROLLBACK inside the runner's transaction."""

    def execute(self, query: Any, vars: Any = None) -> Any:
        """Execute as psycopg2 does; a bare transaction command acts on the savepoint."""
        connection = self.connection
        control = connection.mode is Mode.HELD and isinstance(query, str) and CONTROL.match(query)
        if control:
            return connection.control(control.group(1).lower())
        if connection.around_statement is not None and connection.mode is Mode.FREE:
            return connection.around_statement(lambda: super(MigrationCursor, self).execute(query, vars), query)
        return super().execute(query, vars)


class MigrationConnection(deps.BaseConnection):  # type: ignore[misc]
    """A psycopg2 connection that can be lent to a script.

    :ivar mode: HELD while it is lent within the runner's transaction.
    :ivar on_leave: called when a lent connection is switched to autocommit; it commits what came before, or raises.
    :ivar around_statement: a rehearsal's guard for statements outside a transaction; gets (run, query).
    :ivar stopped: what that guard has raised, for a script may catch it and go on.
    :ivar lent: whether close() has no effect, because others still work on this connection.
    :ivar savepoints: names of the savepoints above the script's own, the innermost last.
    """

    # A signal ends the process, and so whatever any of its connections is at.
    everyone: ClassVar[Any] = weakref.WeakSet()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.everyone.add(self)
        self.cursor_factory = MigrationCursor
        self.mode = Mode.FREE
        self.on_leave: Optional[Callable[[], None]] = None
        self.around_statement: Optional[Callable[[Callable[[], Any], Any], Any]] = None
        self.stopped: Optional[Exception] = None
        self.lent = False
        self.savepoints: List[str] = []
        self._numbers = itertools.count(1)

    def commit(self) -> None:
        """Commit; of a lent connection: keep what the script did so far, come what may to the rest of it."""
        if self.mode is not Mode.HELD:
            super().commit()
        elif self.savepoints:
            self._inner(MOVE_INNER, self.savepoints[-1])
        else:
            self._plain(RELEASE + "; " + SAVEPOINT)

    def rollback(self) -> None:
        """Roll back; of a lent connection: to the script's last commit(), or its start."""
        if self.mode is not Mode.HELD:
            super().rollback()
        elif self.savepoints:
            self._inner(ROLLBACK_TO_INNER, self.savepoints[-1])
        else:
            self._plain(ROLLBACK_TO)

    def close(self) -> None:
        """Close the connection, unless it is lent."""
        if not self.lent:
            super().close()

    def push(self) -> str:
        """Set a savepoint above all others, for commit() and rollback() to act on. Return its name."""
        name = "pgops_script_%d" % next(self._numbers)
        self._inner(SET_INNER, name)
        self.savepoints.append(name)
        return name

    def pop(self, name: str) -> None:
        """Forget a savepoint; what was done since stays. One below others goes when these go."""
        if name == self.savepoints[-1]:
            self._inner(RELEASE_INNER, name)
        self.savepoints.remove(name)

    def rollback_to(self, name: str) -> None:
        """Undo what was done since a savepoint, also by those above it; all savepoints stay."""
        self._inner(ROLLBACK_TO_INNER, name)
        for above in self.savepoints[self.savepoints.index(name) + 1 :]:
            self._inner(SET_INNER, above)

    def control(self, command: str) -> None:
        """Obey a transaction command that a script sent as SQL."""
        if command in ("commit", "end"):
            self.commit()
        elif command in ("rollback", "abort"):
            self.rollback()

    @property
    def autocommit(self) -> bool:
        """Return whether each statement is a transaction of its own."""
        return bool(deps.BaseConnection.autocommit.__get__(self))

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if self.mode is Mode.HELD:
            if value:
                self._leave()
        else:
            deps.BaseConnection.autocommit.__set__(self, value)

    def set_session(self, *args: Any, **kwargs: Any) -> None:
        """Set the session's transaction mode; of a lent connection only autocommit has a meaning."""
        if self.mode is Mode.FREE:
            super().set_session(*args, **kwargs)
        elif kwargs.get("autocommit"):
            self._leave()

    def set_isolation_level(self, level: Any) -> None:
        """Set the isolation level; of a lent connection only the level AUTOCOMMIT has a meaning."""
        if self.mode is Mode.FREE:
            super().set_isolation_level(level)
        elif level == AUTOCOMMIT_LEVEL:
            self._leave()

    def _leave(self) -> None:
        """Let the script go on outside a transaction, when the runner agrees."""
        if self.on_leave is not None:
            self.on_leave()
        self.mode = Mode.FREE
        self.savepoints.clear()
        self.autocommit = True

    def _inner(self, statement: str, name: str) -> None:
        self._plain(deps.sql.SQL(statement).format(name=deps.sql.Identifier(name)))

    def _plain(self, statement: Any) -> None:
        with self.cursor() as cursor:
            deps.BaseCursor.execute(cursor, statement)


def cancel_everything() -> None:
    """Cancel what the process's connections are executing. May be called from another thread."""
    for connection in list(MigrationConnection.everyone):
        try:
            connection.cancel()
        except deps.psycopg2.Error:
            continue  # it is closed, or the server is gone


def in_transaction(connection: Any) -> bool:
    """Return whether the server has an open transaction for this connection, aborted or not."""
    return bool(connection.info.transaction_status != deps.psycopg2.extensions.TRANSACTION_STATUS_IDLE)


def abandon(connection: Any) -> None:
    """Roll back what is open and go back to transactions; psycopg2 doesn't count one that a script has begun itself."""
    connection.rollback()
    if in_transaction(connection):
        with connection.cursor() as cursor:
            cursor.execute(ROLLBACK)
    connection.autocommit = False


def is_aborted(connection: Any) -> bool:
    """Return whether the open transaction can only be rolled back."""
    return bool(connection.info.transaction_status == deps.psycopg2.extensions.TRANSACTION_STATUS_INERROR)

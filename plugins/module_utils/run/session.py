# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run works on: one database, the target or a scratch copy of it."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Callable, ContextManager, Iterator, NamedTuple, Optional

from .. import model
from ..databases.choose import database_of
from ..databases.savepoints import RELEASE, SAVEPOINT
from .hazards import TableWatch
from .live import Live

if TYPE_CHECKING:
    from ..databases.port import Database


class Session(NamedTuple):
    """A database, and under which rules a run works on it.

    :ivar settings: statements that set the session's limits; they hold for each script anew.
    :ivar lock_timeout: in seconds; 0: none, and nobody watches who is in the way.
    :ivar lock_wait: in seconds, for what waits without keeping anybody from anything (CREATE INDEX CONCURRENTLY).
    :ivar lock_retries: how often a migration that waited too long for a lock is tried again.
    :ivar tables: sees what is done to tables that were there before; None: nobody looks.
    :ivar sleep: what to wait with between two tries.
    :ivar guard: keeps what scripts do inside a copy; None: this is no copy.
    :ivar watching: lets it watch connections that a script opens itself.
    :ivar in_step: is called with a step and alembic's connection, when that has done its work.
    :ivar live: is told what the run is at; None: nobody asks.
    :ivar home: what tells the database from a copy of it; None: nobody asks.
    :ivar release: what the run belongs to, for the history.
    """

    connection: Any
    history: Any
    target: Any
    super_user: str = "postgres"
    single_transaction: bool = False
    settings: str = ""
    lock_timeout: float = 0
    lock_wait: float = 0
    lock_retries: int = 0
    tables: Optional[TableWatch] = None
    sleep: Callable[[float], None] = time.sleep
    guard: Optional[Any] = None
    watching: Callable[[Any], ContextManager[None]] = nullcontext
    live: Optional[Live] = None
    release: Optional[str] = None
    home: Optional[str] = None
    in_step: Optional[Callable[[model.Step, Any], None]] = None

    @property
    def database(self) -> Database:
        """Return the ports of this kind of database, see databases/port.py."""
        return database_of(self.connection)

    @contextmanager
    def patient(self, cursor: Any) -> Iterator[None]:
        """Let statements wait longer that don't block anybody meanwhile."""
        longer = 0 < self.lock_timeout < self.lock_wait
        if longer:
            self.database.settings.set_lock_timeout(cursor, self.lock_wait)
        yield
        if longer:
            self.database.settings.set_lock_timeout(cursor, self.lock_timeout)

    def before_commit(self, cursor: Any) -> None:
        """Look at what the open transaction has done; of a copy, its guard does, and it may raise."""
        if self.guard is not None:
            self.guard.before_commit(cursor)
        elif self.tables is not None:
            with self.database.transactions.ours(cursor):
                self.tables.note(cursor)

    def reset(self) -> str:
        """Return the statements that undo what a script has SET, for statements of our own in the same transaction."""
        return self.database.settings.reset(self.target, self.connection, self.settings)

    def looker(self) -> Optional[Any]:
        """Return who looks at what a script sends outside a transaction: on a copy, its guard."""
        if self.guard is not None or self.tables is None:
            return self.guard
        return self.database.outside.looking(self.before_commit)

    @contextmanager
    def as_super_user(self) -> Iterator[Any]:
        """Lend a cursor on a second connection to the same database, as the superuser; committed at the end."""
        if self.guard is not None:
            self.guard.refuse_super_user()
        connection = self.database.sessions.connect(self.target.as_user(self.super_user), "pg_migrate super_user")
        try:
            with connection.cursor() as cursor:
                with connection.scripted():
                    cursor.execute(self.settings + SAVEPOINT)
                look_at = self.guard.look_at if self.guard else None
                with connection.lent(lambda: self._leave(connection), look_at) as loan:
                    yield cursor
                if not loan.left:
                    cursor.execute(RELEASE)
                    self.before_commit(cursor)
                    connection.commit()
        finally:
            connection.close()

    def _leave(self, connection: Any) -> Optional[Any]:
        """Let a script go on in autocommit on its second connection."""
        with connection.cursor() as cursor:
            self.before_commit(cursor)
        connection.commit()
        return self.looker()

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run works on: one database, the target or a scratch copy of it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator, NamedTuple, Optional

from .. import deps
from ..databases.postgresql.connection import Target, connect
from ..databases.postgresql.copies.containment import Containment
from ..databases.postgresql.gate import CATALOG_ONLY, Guard
from ..databases.postgresql.limits import set_lock_timeout
from ..databases.postgresql.once import Looking
from ..databases.postgresql.session import RELEASE, SAVEPOINT
from ..databases.postgresql.transaction import catalog_only
from ..history.history import History
from .hazards import TableWatch
from .live import Live

# Whatever a script has SET, the next one and our own statements must not meet it.
# Whether it listens isn't to be seen before the commit.
RESET = "RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; "
RESET_ROLE = "RESET ROLE; "
SET_ROLE = "SET ROLE {}; "


class Session(NamedTuple):
    """A database, and under which rules a run works on it.

    :ivar settings: statements that set the session's limits; they hold for each script anew.
    :ivar lock_timeout: in seconds; 0: none, and nobody watches who is in the way.
    :ivar lock_wait: in seconds, for what waits without keeping anybody from anything (CREATE INDEX CONCURRENTLY).
    :ivar lock_retries: how often a migration that waited too long for a lock is tried again.
    :ivar tables: sees what is done to tables that were there before; None: nobody looks.
    :ivar sleep: what to wait with between two tries.
    :ivar guard: keeps what scripts do inside a copy; None: this is no copy.
    :ivar live: is told what the run is at; None: nobody asks.
    """

    connection: Any
    history: History
    target: Target
    super_user: str = "postgres"
    single_transaction: bool = False
    settings: str = ""
    lock_timeout: float = 0
    lock_wait: float = 0
    lock_retries: int = 0
    tables: Optional[TableWatch] = None
    sleep: Callable[[float], None] = time.sleep
    guard: Optional[Containment] = None
    live: Optional[Live] = None

    @contextmanager
    def patient(self, cursor: Any) -> Iterator[None]:
        """Let statements wait longer that don't block anybody meanwhile."""
        longer = 0 < self.lock_timeout < self.lock_wait
        if longer:
            set_lock_timeout(cursor, self.lock_wait)
        yield
        if longer:
            set_lock_timeout(cursor, self.lock_timeout)

    def before_commit(self, cursor: Any) -> None:
        """Look at what the open transaction has done; of a copy, its guard does, and it may raise."""
        if self.guard is not None:
            self.guard.before_commit(cursor)
        elif self.tables is not None:
            with catalog_only(cursor):
                self.tables.note(cursor)

    def reset(self) -> str:
        """Return the statements that undo what a script has SET, for statements of our own in the same transaction."""
        role = self.target.session_role
        if role is None:
            return RESET + RESET_ROLE + self.settings + CATALOG_ONLY
        set_role = deps.sql.SQL(SET_ROLE).format(deps.sql.Identifier(role)).as_string(self.connection)
        return RESET + self.settings + str(set_role) + CATALOG_ONLY

    def looker(self) -> Optional[Guard]:
        """Return who looks at what a script sends outside a transaction: on a copy, its guard."""
        if self.guard is not None or self.tables is None:
            return self.guard
        return Looking(self.before_commit)

    @contextmanager
    def as_super_user(self) -> Iterator[Any]:
        """Lend a cursor on a second connection to the same database, as the superuser; committed at the end.

        A password that was given for the other user isn't this one's: libpq's own sources hold (~/.pgpass …).
        """
        if self.guard is not None:
            self.guard.refuse_super_user()
        params = {key: value for key, value in self.target.params.items() if key != "password"}
        connection = connect(Target({**params, "user": self.super_user}), "pg_migrate super_user")
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

    def _leave(self, connection: Any) -> Optional[Guard]:
        """Let a script go on in autocommit on its second connection."""
        with connection.cursor() as cursor:
            self.before_commit(cursor)
        connection.commit()
        return self.looker()

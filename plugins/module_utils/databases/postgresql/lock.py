# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time per database: a session-level advisory lock, tried in turns.

It is never waited for inside the server: a waiting query holds a snapshot, and a CREATE INDEX
CONCURRENTLY of the run that has the lock would wait for that snapshot: a deadlock.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional

from ... import deps, errors
from .advisory import KEY
from .blockers import BlockerWatch
from .connection import connect
from .observing.activity import activity_of
from .transaction import abandon

# The port of the lock of a run: see databases/port.py.
__all__ = ["acquire", "activity", "held", "held_by_another", "holder", "require_own_session", "watch"]

watch, activity = BlockerWatch, activity_of

BACKEND = "SELECT pg_catalog.pg_backend_pid()"

TRY_LOCK = "SELECT pg_catalog.pg_try_advisory_lock(%s)"
UNLOCK = "SELECT pg_catalog.pg_advisory_unlock(%s)"

HOLDER = """
SELECT l.pid, a.usename, a.application_name, a.client_addr::text,
       to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')
  FROM pg_catalog.pg_locks l
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
   AND (l.classid::bigint << 32) | l.objid::bigint = %s
"""

POLL_SECONDS = 0.25


@contextmanager
def held(connection: Any, wait: float) -> Iterator[None]:
    """Hold the lock, until the end of this or of the session.

    What is open then is rolled back: after a signal a migration may be half-done, and must not be committed.

    :param wait: how long to keep trying, in seconds.
    :raises LockHeld: names who has it.
    """
    acquire(connection, wait)
    try:
        yield
    finally:
        _let_go(connection)


def acquire(connection: Any, wait: float, sleep: Callable[[float], None] = time.sleep) -> None:
    """Take the lock; it lasts until it is released or the session ends.

    :param wait: how long to keep trying, in seconds.
    :raises LockHeld: names who has it.
    """
    deadline = time.monotonic() + wait
    while not _scalar(connection, TRY_LOCK):
        if time.monotonic() >= deadline:
            raise _held_error(holder(connection), wait)
        sleep(POLL_SECONDS)


def require_own_session(connection: Any, target: Any) -> None:
    """Refuse a connection pooler that gives each transaction another session of the server.

    The lock of a run, and what a script has SET, belong to a session. That the server's number for the session isn't
    the one that the connection was told shows a pooler; that a second connection gets the same one shows its mode.

    :raises ConnectError: says so.
    """
    own = backend(connection)
    connection.rollback()
    if own == connection.info.backend_pid:
        return
    other = connect(target, "pg_migrate probe")
    try:
        shared = backend(other) == own or backend(connection) != own
        connection.rollback()
    finally:
        other.close()
    if shared:
        raise errors.ConnectError(
            "A connection pooler (PgBouncer?) in transaction mode is between here and the server: the session changes "
            "from one transaction to the next, so no lock would hold for the whole run",
            hint="Connect to the server itself, or to a pool in session mode. Nothing was touched.",
        )


def backend(connection: Any) -> int:
    """Return the server's number of the session that runs this transaction, which stays open."""
    with connection.cursor() as cursor:
        cursor.execute(BACKEND)
        return int(cursor.fetchone()[0])


def release(connection: Any) -> None:
    """Give the lock back."""
    _scalar(connection, UNLOCK)


def _let_go(connection: Any) -> None:
    try:
        if not connection.closed:
            abandon(connection)
            release(connection)
    except deps.DatabaseError:
        connection.close()


def held_by_another(connection: Any) -> bool:
    """Return whether another session has the lock."""
    found = holder(connection)
    return found is not None and found["pid"] != connection.info.backend_pid


def _scalar(connection: Any, statement: str) -> Any:
    """Run a statement on the key and end its transaction, so that nothing stays open between two tries."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [KEY])
        value = cursor.fetchone()[0]
    connection.commit()
    return value


def holder(connection: Any) -> Optional[Dict[str, Any]]:
    """Return who has the lock: pid, user, application (which tells how far a run is), address, since; or None."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDER, [KEY])
        row = cursor.fetchone()
    connection.commit()
    return dict(zip(("pid", "user", "application", "address", "since"), row)) if row else None


def _held_error(holder: Optional[Dict[str, Any]], wait: float) -> errors.LockHeld:
    if holder is None:
        return errors.LockHeld("Another run had this database's lock until just now", hint="Run again.")
    who = "pid {pid}, user {user}, application {application}, connected since {since}".format(**holder)
    return errors.LockHeld(
        "Another run works on this database (%s); waited %g s for it" % (who, wait),
        hint="Wait for it, or raise lock_wait; if it is dead, SELECT pg_terminate_backend(%s)." % holder["pid"],
        blockers=[holder],
    )

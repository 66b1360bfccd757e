# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time for each database: the server's own lock by name, which ends with the session that has it."""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, NoReturn, Optional, Tuple

from ... import errors
from ..values import Activity
from .transaction import abandon

# The port of the lock of a run: see databases/port.py.
__all__ = ["acquire", "activity", "held", "held_by_another", "holder", "require_own_session", "watch"]

POLL_SECONDS = 0.25
NAME_LENGTH = 64  # MySQL takes no longer name

TAKE = "SELECT GET_LOCK(%s, 0)"
USED_BY = "SELECT IS_USED_LOCK(%s)"
RELEASE = "SELECT RELEASE_LOCK(%s)"
SESSION = """
SELECT id, user, host, time, command, state, LEFT(info, 200) FROM information_schema.processlist WHERE id = %s
"""
# Who may be in the way: an open transaction keeps its locks. Without PROCESS one sees his own alone.
OTHERS = """
SELECT p.id, p.user, p.host, p.time, p.command, p.state, LEFT(p.info, 200)
  FROM information_schema.innodb_trx t JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
 WHERE p.id <> CONNECTION_ID() AND (p.db = DATABASE() OR p.db IS NULL) ORDER BY t.trx_started LIMIT 10
"""
RUNNING = """
SELECT id, user, host, time, command, state, LEFT(info, 200) FROM information_schema.processlist
 WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command = 'Query' ORDER BY time DESC LIMIT 10
"""


def name_of(database: Optional[str]) -> str:
    """Return the name of a database's lock: names of locks are the whole server's."""
    name = "pgops.migrations:%s" % (database or "")
    if len(name) > NAME_LENGTH:
        name = "pgops.migrations:" + hashlib.sha256((database or "").encode()).hexdigest()[:40]
    return name


def require_own_session(connection: Any, target: Any) -> None:
    """Whether something stands in between that shares sessions can't be asked for."""


@contextmanager
def held(connection: Any, wait: float) -> Iterator[None]:
    """Hold the lock. What is open at the end is rolled back.

    :param wait: how long to keep trying, in seconds.
    :raises LockHeld: names who has it.
    """
    acquire(connection, wait)
    try:
        yield
    finally:
        if not connection.closed:
            abandon(connection)
            with connection.cursor() as cursor:
                cursor.execute(RELEASE, [connection.lock])


def acquire(connection: Any, wait: float) -> None:
    """Take it, until the session ends.

    :raises LockHeld: names who has it.
    """
    name, deadline = name_of(connection.database), time.monotonic() + wait
    with connection.cursor() as cursor:
        while True:
            cursor.execute(TAKE, [name])
            if cursor.fetchone()[0] == 1:
                connection.holds(name)
                connection.rollback()
                return
            if time.monotonic() >= deadline:
                _refuse(connection, wait)
            time.sleep(POLL_SECONDS)


def held_by_another(connection: Any) -> bool:
    """Return whether another session has it."""
    return _user_of(connection) not in (None, connection.thread_id())


def holder(connection: Any) -> Optional[Dict[str, Any]]:
    """Return who has it; None: nobody."""
    number = _user_of(connection)
    if number is None or number == connection.thread_id():
        return None
    return _session(connection, number)


def activity(connection: Any, pid: int) -> Activity:
    """Return what another session is at, as the server's list of processes says."""
    found = _session(connection, pid)
    return Activity(doing=found["doing"] or None)


class Watch:
    """Who keeps a connection waiting: looked for when somebody asks."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exc: Any) -> None:
        pass

    @property
    def seen(self) -> Tuple[Dict[str, Any], ...]:
        """Return the sessions of this database with an open transaction, or at a statement, as far as one may see."""
        if self._connection.closed:
            return ()
        found: Dict[int, Dict[str, Any]] = {}
        for query in (OTHERS, RUNNING):
            try:
                with self._connection.cursor() as cursor:
                    cursor.execute(query)
                    found.update((row[0], _told(row)) for row in cursor.fetchall())
            except self._connection.Error:  # no right to look
                continue
        return tuple(found.values())

    @seen.setter
    def seen(self, value: Tuple[Dict[str, Any], ...]) -> None:
        """Nothing is kept that could be forgotten."""

    @property
    def words(self) -> Optional[str]:
        """Return who they are, in words; None: nobody is to be seen."""
        found = ["session {pid} ({user}@{address}, {doing})".format(**each) for each in self.seen]
        return "perhaps in the way: " + "; ".join(found) if found else None


def watch(target: Any, connection: Any, lock_timeout: float) -> Watch:
    """Return who watches whom a connection waits for: it need not look before it is asked."""
    return Watch(connection)


def _user_of(connection: Any) -> Optional[int]:
    with connection.cursor() as cursor:
        cursor.execute(USED_BY, [name_of(connection.database)])
        number: Optional[int] = cursor.fetchone()[0]
    return number


def _session(connection: Any, number: int) -> Dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(SESSION, [number])
        row = cursor.fetchone()
    return _told(row or (number, None, None, None, "", "", None))


def _told(row: Tuple[Any, ...]) -> Dict[str, Any]:
    number, user, host, seconds, command, state, statement = row
    words = " ".join(filter(None, [statement or state or command, "since %s s" % seconds if seconds else ""]))
    who = {"pid": number, "user": user, "application": "", "address": host, "since": None}
    return {**who, "doing": " ".join(words.split())}


def _refuse(connection: Any, wait: float) -> NoReturn:
    found = holder(connection)
    who = " (session {pid}: {user}@{address})".format(**found) if found else ""
    raise errors.LockHeld(
        "Another run works on this database%s; waited %g s for it" % (who, wait),
        hint="Wait for it, or raise lock_wait; if it hangs, end that session (KILL).",
        blockers=[found] if found else [],
    )

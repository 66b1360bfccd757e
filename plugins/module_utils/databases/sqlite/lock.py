# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time for each file: an advisory lock on the file, which ends with the process.

It is flock's, and SQLite's own locks are fcntl's: on a local disk neither knows of the other. But as a process closes
any descriptor of a file, it loses all its locks of the second sort, so ours stays open as long as the connection.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NoReturn, Optional, Tuple

from ... import errors
from ..values import Activity
from .connection import path_of
from .driver_errors import as_migration_error
from .transaction import abandon

# The port of the lock of a run: see databases/port.py.
__all__ = ["acquire", "activity", "held", "held_by_another", "holder", "require_own_session", "watch"]

POLL_SECONDS = 0.25
LOCKS = "/proc/locks"


def require_own_session(connection: Any, target: Any) -> None:
    """Nothing stands between here and a file."""


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
        fcntl.flock(connection.run_lock, fcntl.LOCK_UN)


def acquire(connection: Any, wait: float) -> None:
    """Take it, until the connection is closed.

    :raises LockHeld: names who has it.
    """
    path, deadline = path_of(connection), time.monotonic() + wait
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    connection.keep_until_closed(descriptor)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                _refuse(connection, wait)
        time.sleep(POLL_SECONDS)


def held_by_another(connection: Any) -> bool:
    """Return whether another process has it."""
    return any(pid != os.getpid() for pid in _pids(connection, "FLOCK"))


def holder(connection: Any) -> Optional[Dict[str, Any]]:
    """Return who has it, as far as this system tells; None: nobody."""
    return next((_process(pid) for pid in _pids(connection, "FLOCK") if pid != os.getpid()), None)


def activity(connection: Any, pid: int) -> Activity:
    """Return what another process is at: it doesn't tell."""
    return Activity()


class Watch:
    """Who keeps a connection from writing, or from reading: looked for when somebody asks."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exc: Any) -> None:
        pass

    @property
    def seen(self) -> Tuple[Dict[str, Any], ...]:
        """Return the processes that have the file locked."""
        pids = dict.fromkeys(pid for pid in _pids(self._connection, "POSIX", "OFDLCK") if pid != os.getpid())
        return tuple(map(_process, pids))

    @seen.setter
    def seen(self, value: Tuple[Dict[str, Any], ...]) -> None:
        """Nothing is kept that could be forgotten."""

    @property
    def words(self) -> Optional[str]:
        """Return who they are, in words; None: this system doesn't tell, or they are gone."""
        found = ["pid {pid} ({application})".format(**each) for each in self.seen]
        return "in the way: " + "; ".join(found) if found else None


def watch(target: Any, connection: Any, lock_timeout: float) -> Watch:
    """Return who watches whom a connection waits for: it need not look before it is asked."""
    return Watch(connection)


def locked_error(error: Any, connection: Any) -> errors.MigrationError:
    """Return the error for what was said to a statement of our own, with who was in the way."""
    told = as_migration_error(error)
    words = Watch(connection).words if isinstance(told, errors.LockTimeout) else None
    told.message = "; ".join(filter(None, [told.message, words]))
    return told


def _refuse(connection: Any, wait: float) -> NoReturn:
    found = holder(connection)
    who = " (pid {pid}: {application})".format(**found) if found else ""
    raise errors.LockHeld(
        "Another run works on this database%s; waited %g s for it" % (who, wait),
        hint="Wait for it, or raise lock_wait; if it hangs, end that process.",
        blockers=[found] if found else [],
    )


def _pids(connection: Any, *kinds: str) -> List[int]:
    """Return the processes that have locks of these kinds on the file, as Linux tells."""
    status = os.stat(path_of(connection))
    place = "%02x:%02x:%d" % (os.major(status.st_dev), os.minor(status.st_dev), status.st_ino)
    try:
        with open(LOCKS, encoding="ascii") as stream:
            lines = [line.split() for line in stream]
    except OSError:  # another system
        return []
    # A line that begins with an arrow is of one who waits.
    return [int(words[4]) for words in lines if words[1] in kinds and place in words and int(words[4]) > 0]


def _process(pid: int) -> Dict[str, Any]:
    try:
        with open("/proc/%d/cmdline" % pid, encoding=sys.getfilesystemencoding(), errors="replace") as stream:
            application = " ".join(stream.read().split("\0")).strip()[:200]
    except OSError:
        application = "?"
    return {"pid": pid, "user": None, "application": application, "address": None, "since": None}

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The private directory of a throwaway cluster: made, locked for as long as its task lives, removed, swept.

A task that was killed can't remove anything. Its lock is gone with it, so the next one knows that the directory, and
the server in it, are nobody's. No clock decides.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import stat
import tempfile
import time
from contextlib import contextmanager
from typing import Iterator, List, Optional

from .cluster_account import Account

PREFIX = "pgops_cluster_"
LOCK = "lock"
DATA, SOCKET, SPACES = "data", "socket", "spaces"
UNUSED = "data.unused"  # while another data directory is tried in its place
# A socket's path has 107 bytes at most, on some systems 103; its directory's name is part of it.
LONGEST_SOCKET_PATH = 100
SOCKET_NAME = "/%s/.s.PGSQL.5432" % SOCKET
SHORT = "/tmp"  # noqa: S108

# A table costs several files, which a file system in memory makes in half the time. It is used where there is so much
# more room, and memory, than a cluster takes that nobody else will miss it.
MEMORY = "/dev/shm"  # noqa: S108
MEMORY_INFO = "/proc/meminfo"
AVAILABLE = re.compile(r"^MemAvailable: *(\d+) kB$", re.MULTILINE)
ROOM_NEEDED, ROOM_A_RELATION, TIMES_THE_ROOM = 128 << 20, 48 << 10, 4

# How long a server may take to end when it is told to at once, and when it is killed; in seconds.
PATIENCE = ((signal.SIGQUIT, 20.0), (signal.SIGKILL, 5.0))


@contextmanager
def private_directory(account: Account, relations: Optional[int]) -> Iterator[str]:
    """Make a directory for a server of this account; at the end, end the server and remove it.

    :param relations: how many it has to have room for, without rows; None: nobody knows how much room it takes.
    :returns: its path. What is in it that the server needs belongs to the account, and nobody else gets in.
    """
    directory = os.path.realpath(tempfile.mkdtemp(prefix=PREFIX, dir=_base(account, relations)))
    lock = _lock(directory)
    try:
        os.chmod(directory, 0o711 if account.is_another else 0o700)
        for name in (DATA, SOCKET, SPACES):
            path = os.path.join(directory, name)
            os.mkdir(path, 0o700)
            account.give(path)
        yield directory
    finally:
        try:
            remove(directory)
        finally:
            os.close(lock)


def _base(account: Account, relations: Optional[int]) -> str:
    """Return where to make it: in memory, or where the account may go and a socket's path isn't too long."""
    if relations is not None and _is_roomy(MEMORY, ROOM_NEEDED + relations * ROOM_A_RELATION):
        return MEMORY
    usual = os.path.realpath(tempfile.gettempdir())
    if len(os.fsencode(usual)) + len(PREFIX) + 10 + len(SOCKET_NAME) > LONGEST_SOCKET_PATH:
        return SHORT
    return SHORT if account.is_another and not _is_open(usual) else usual


def _is_roomy(directory: str, room: int) -> bool:
    """Return whether a file system in memory has this much room several times over, and so has the host's memory."""
    try:
        status = os.statvfs(directory)
        with open(MEMORY_INFO, encoding="ascii") as stream:
            found = AVAILABLE.search(stream.read())
    except (OSError, UnicodeError):
        return False
    available = int(found.group(1)) << 10 if found else 0
    usable = os.access(directory, os.W_OK | os.X_OK) and not status.f_flag & os.ST_NOEXEC
    return usable and min(available, status.f_bavail * status.f_frsize) >= TIMES_THE_ROOM * room


def _is_open(path: str) -> bool:
    """Return whether anybody may pass through a directory, and through those above it."""
    while True:
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return False
        above = os.path.dirname(path)
        if above == path:
            return True
        path = above


def _lock(directory: str) -> int:
    """Write down that it is in use; nobody may see the file before it is locked."""
    unlocked = os.path.join(directory, LOCK + ".new")
    lock = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.rename(unlocked, os.path.join(directory, LOCK))
    return lock


def sweep() -> List[str]:
    """End the servers, and remove the directories, that killed tasks of this user have left.

    :returns: those that were removed.
    """
    removed = []
    for base in dict.fromkeys((os.path.realpath(tempfile.gettempdir()), SHORT, MEMORY)):
        for name in sorted(os.listdir(base)) if os.path.isdir(base) else ():
            path = os.path.join(base, name)
            if name.startswith(PREFIX) and is_abandoned(path):
                remove(path)
                removed.append(path)
    return removed


def is_abandoned(path: str) -> bool:
    """Return whether it is a directory of this user's whose task is gone; in /tmp, anybody may make one like it."""
    try:
        status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            return False
        lock = os.open(os.path.join(path, LOCK), os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        return False
    finally:
        os.close(lock)


def remove(directory: str) -> None:
    """End the server of a directory, if there is one, and remove the directory."""
    process = postmaster(directory)
    if process is not None:
        _end(directory, process)
    shutil.rmtree(directory, ignore_errors=True)


def postmaster(directory: str) -> Optional[int]:
    """Return the number of the server's first process, or None.

    Its file is the server's to write, and a number may be somebody else's by now; so it is looked whose process it is.
    """
    data = os.path.join(directory, DATA)
    try:
        with open(os.path.join(data, "postmaster.pid"), "rb") as stream:
            number = int(stream.readline())
    except (OSError, ValueError):
        return None
    return number if _is_of(number, directory) else None


def _is_of(number: int, directory: str) -> bool:
    """Return whether a process is there and serves this directory."""
    data = os.path.join(directory, DATA)
    try:
        os.kill(number, 0)
        if not os.path.exists("/proc/self"):
            return True
        if os.stat("/proc/%d" % number).st_uid != os.stat(data).st_uid:
            return False
        with open("/proc/%d/cmdline" % number, "rb") as stream:
            return os.fsencode(data) in stream.read()  # one that has ended, and that nobody has collected, has none
    except OSError:
        return False


def _end(directory: str, process: int) -> None:
    for number, seconds in PATIENCE:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            return
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not _is_of(process, directory):
                return
            time.sleep(0.01)

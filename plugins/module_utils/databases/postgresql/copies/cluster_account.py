# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a throwaway cluster runs as: never root, and never a user who has anything else on the host.

As root, the server runs under a number that no user, process or file of the host has. initdb alone insists on a user
that has a name; it runs nothing but PostgreSQL's own code, under an account without any process, and its files are then
given away. Whoever else runs the task runs the server too.
"""

from __future__ import annotations

import os
import pwd
import secrets
import stat
import sys
from typing import Dict, Iterable, Iterator, List, NamedTuple, Set

# Numbers that neither distributions nor systemd nor containers give to anybody; and, where a container knows no numbers
# as high as that, those that systemd gives to services for as long as they run.
UNUSED = (1_879_048_192, 2_147_352_576)
TRANSIENT = (61_184, 65_520)
UID_MAP = "/proc/self/uid_map"
TRIES = 1000

SYSTEM_ACCOUNTS_BELOW = 1000
NOBODY = "nobody"
# Somebody's data, or rights, may be theirs though none of their processes runs at the moment.
NEVER = ("root", "postgres", "mysql", "www-data", "apache", "nginx", "sshd", "sys", "daemon", "bin")
NO_LOGIN = ("/nologin", "/false", "/sync")

# Python itself drops the rights: it is there, it takes numbers that have no name, and it changes the directory and the
# mask too. What it starts can't gain rights by a program that is setuid (PR_SET_NO_NEW_PRIVS), and gets no variable of
# the task's, which may be a secret.
NO_NEW_PRIVILEGES = 38
START = """
import os, sys
user, group = int(sys.argv[1]), int(sys.argv[2])
os.umask(0o077)
os.chdir("/")
try:
    import ctypes
    ctypes.CDLL(None).prctl(%d, 1, 0, 0, 0)
except Exception:
    pass
if user >= 0:
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
os.execve(sys.argv[3], sys.argv[3:], %r)
"""
ENVIRONMENT: Dict[str, str] = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class Account(NamedTuple):
    """A user by numbers; negative ones: whoever runs the task."""

    user: int
    group: int

    @property
    def is_another(self) -> bool:
        """Return whether it is somebody else than who runs the task."""
        return self.user >= 0

    def command(self, argv: List[str]) -> List[str]:
        """Return how to run a program as this user: alone with what PostgreSQL needs to know."""
        code = START % (NO_NEW_PRIVILEGES, ENVIRONMENT)
        return [sys.executable, "-I", "-S", "-c", code, str(self.user), str(self.group), *argv]

    def give(self, path: str) -> None:
        """Give a file or a directory to this user."""
        if self.is_another:
            os.chown(path, self.user, self.group, follow_symlinks=False)

    def take_over(self, path: str, giver: int) -> None:
        """Give what somebody has of a directory, and of all that is in it, to this user.

        :param giver: whose it is. What is another's isn't touched, for he may have put links there meanwhile: what is
            given away is what was opened, and looked at.
        """
        if not self.is_another:
            return
        for _directory, _names, files, handle in os.fwalk(path):
            self._take(handle, giver)
            for name in files:
                try:
                    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
                except OSError:  # a link: PostgreSQL has made none
                    continue
                try:
                    self._take(file, giver)
                finally:
                    os.close(file)

    def _take(self, handle: int, giver: int) -> None:
        status = os.fstat(handle)
        linked = stat.S_ISREG(status.st_mode) and status.st_nlink > 1
        if status.st_uid == giver and not linked:
            os.fchown(handle, self.user, self.group)


OURSELVES = Account(-1, -1)


def server_account() -> Account:
    """Return whom the server is to run as."""
    if os.geteuid() != 0:
        return OURSELVES
    busy = users_with_processes()
    first, end = UNUSED if _may_be(UNUSED[1]) else TRANSIENT
    for _try in range(TRIES):
        number = first + secrets.randbelow(end - first)
        if number not in busy and not _has_name(number):
            return Account(number, number)
    return initdb_account()


def initdb_account() -> Account:
    """Return whom initdb is to run as: it insists on a name."""
    if os.geteuid() != 0:
        return OURSELVES
    found = quiet_account(pwd.getpwall(), users_with_processes())
    return Account(found.pw_uid, found.pw_gid)


def quiet_account(accounts: Iterable[pwd.struct_passwd], busy: Set[int]) -> pwd.struct_passwd:
    """Choose an account of the system's that nobody logs in as, and that has no process; nobody's, if it may be.

    :param busy: the numbers of users who have processes.
    :raises KeyError: when there isn't even a nobody.
    """
    known = list(accounts)
    nobody = [each for each in known if each.pw_name == NOBODY]
    others = [
        each
        for each in known
        if 0 < each.pw_uid < SYSTEM_ACCOUNTS_BELOW and each.pw_name not in NEVER and each.pw_shell.endswith(NO_LOGIN)
    ]
    for each in nobody + others:
        if each.pw_uid not in busy:
            return each
    return nobody[0] if nobody else pwd.getpwnam(NOBODY)


def users_with_processes() -> Set[int]:
    """Return the numbers of the users who have a process; none where the system doesn't tell."""
    return set(_owners_of_processes())


def _owners_of_processes() -> Iterator[int]:
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    for name in names:
        if name.isdigit():
            try:
                yield os.stat("/proc/" + name).st_uid
            except OSError:
                continue


def _has_name(number: int) -> bool:
    try:
        pwd.getpwuid(number)
        return True
    except KeyError:
        return False


def _may_be(number: int) -> bool:
    """Return whether this system knows users of so high a number; a container may not."""
    try:
        with open(UID_MAP, encoding="ascii") as stream:
            ranges = [tuple(map(int, line.split())) for line in stream]
    except (OSError, ValueError):
        return False
    return any(first <= number < first + count for first, dummy, count in ranges)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data directories of throwaway clusters, stopped, kept for the next rehearsal of the same schema: to copy one costs a
fraction of loading a large schema.

They stand in a directory of the user's own that nobody else may enter. None has rows of a target's. One is found by a
digest of all that it was made of, and by nothing else. It is only ever an aid: whatever goes wrong with one, the
cluster is made as if there were none.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import re
import secrets
import shutil
import stat
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from ....version import COLLECTION_VERSION
from ...tools import Tools
from .cluster_account import Account
from .cluster_directory import DATA

HOME = os.path.join("pgops.migrations", "clusters")
KNOWN, LOCK = "known.json", "lock"
NEW = "new_"
NAME = re.compile(r"(?:new_)?[0-9a-f]{64}(?:_[0-9a-f]{8})?")

# What is kept in another layout isn't found.
LAYOUT = 1


class Cache:
    """The directory where they are kept.

    :param account: whom a cluster runs as; what is kept belongs to who runs the task.
    """

    def __init__(self, tools: Tools, account: Account) -> None:
        self.tools, self.account = tools, account
        self.limit = tools.cache_size
        self.directory = _home() if self.limit > 0 else None

    def has(self, key: str) -> bool:
        """Return whether there is one."""
        return self.directory is not None and os.path.isfile(os.path.join(self._path(key), KNOWN))

    def take(self, key: str, place: str) -> Optional[Dict[str, Any]]:
        """Unpack a data directory into an empty one.

        :returns: what is known of it; None: there is none, and the place is as empty as before.
        """
        if not self.has(key):
            return None
        path = self._path(key)
        try:
            with _locked(path, fcntl.LOCK_SH):
                with open(os.path.join(path, KNOWN), encoding="utf-8") as stream:
                    known = json.load(stream)
                if self._unpacked(os.path.join(path, DATA), place) and self._given(place) and isinstance(known, dict):
                    os.utime(os.path.join(path, KNOWN))  # it has been of use
                    return known
        except (OSError, ValueError):
            pass
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place, 0o700)
        return None

    def keep(self, key: str, data: str, known: Dict[str, Any]) -> None:
        """Keep a copy of a data directory whose server is stopped, unless it is too large: all of it, or nothing."""
        if self.directory is None or self.has(key):
            return
        path = self._path(key)
        new = os.path.join(self.directory, NEW + os.path.basename(path) + "_" + secrets.token_hex(4))
        try:
            self._sweep()
            os.mkdir(new, 0o700)
            with _locked(new, fcntl.LOCK_EX):
                if self._packed(data, os.path.join(new, DATA)):
                    self._make_room(os.path.getsize(os.path.join(new, DATA)))
                    handle = os.open(os.path.join(new, KNOWN), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                    with open(handle, "w", encoding="utf-8") as stream:
                        json.dump(known, stream)
                    os.rename(new, path)
        except OSError:
            pass
        shutil.rmtree(new, ignore_errors=True)  # where it is still there

    def forget(self, key: str) -> None:
        """Remove one that has turned out to be of no use."""
        shutil.rmtree(self._path(key), ignore_errors=True)

    def _path(self, key: str) -> str:
        return os.path.join(str(self.directory), hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest())

    def _packed(self, data: str, archive: str) -> bool:
        """Write a directory into one file: tens of thousands take some file systems long. Links stay links."""
        done = self.tools.run(["tar", "-C", data, "-cf", archive, "."], {})[0] == 0
        return done and os.path.getsize(archive) <= self.limit

    def _unpacked(self, archive: str, place: str) -> bool:
        return self.tools.run(["tar", "-C", place, "-xof", archive], {})[0] == 0

    def _given(self, place: str) -> bool:
        """Give a copy to whom the server runs as."""
        if not self.account.is_another:
            return True
        owner = "%d:%d" % (self.account.user, self.account.group)
        return self.tools.run(["chown", "-R", "-h", owner, place], {})[0] == 0

    def _make_room(self, size: int) -> None:
        """Remove those that were of no use for the longest time."""
        kept = sorted(self._kept(), key=lambda each: each.used)
        total = sum(each.size for each in kept) + size
        for each in kept:
            if total <= self.limit:
                return
            if _remove_unused(each.path):
                total -= each.size

    def _kept(self) -> Iterator[Kept]:
        for path in self._entries():
            try:
                known = os.path.join(path, KNOWN)
                yield Kept(path, os.stat(known).st_mtime, os.path.getsize(os.path.join(path, DATA)))
            except OSError:
                continue

    def _entries(self, prefix: str = "") -> List[str]:
        names = [name for name in os.listdir(str(self.directory)) if NAME.fullmatch(name) and name.startswith(prefix)]
        return [os.path.join(str(self.directory), name) for name in names]

    def _sweep(self) -> None:
        """Remove what killed tasks have left half-made."""
        for path in self._entries(NEW):
            _remove_unused(path)


class Kept(NamedTuple):
    """One that is kept: when it was of use last (in seconds since the epoch), and its size in bytes."""

    path: str
    used: float
    size: int


def key_of(*parts: object) -> str:
    """Return a key for all that a data directory is made of.

    :param parts: values that look the same whenever they are the same.
    """
    return hashlib.sha256(repr((LAYOUT, COLLECTION_VERSION, *parts)).encode("utf-8", "surrogateescape")).hexdigest()


def _home() -> Optional[str]:
    """Return the directory, made if need be; None: there is no place for it that is this user's alone."""
    try:
        usual = os.path.join(pwd.getpwuid(os.geteuid()).pw_dir, ".cache")
        path = os.environ.get("XDG_CACHE_HOME") or usual
        if not os.path.isabs(path) or os.stat(os.path.dirname(path)).st_uid not in (0, os.geteuid()):
            return None
        for part in ["", *HOME.split(os.sep)]:
            path = os.path.join(path, part) if part else path
            if not os.path.isdir(path):
                os.mkdir(path, 0o700)
        status = os.lstat(path)
        private = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
        return path if private else None
    except (OSError, KeyError):
        return None


@contextmanager
def _locked(path: str, how: int) -> Iterator[None]:
    """Hold an entry's lock, so that nobody removes it meanwhile."""
    lock = os.open(os.path.join(path, LOCK), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, how)
        yield
    finally:
        os.close(lock)


def _remove_unused(path: str) -> bool:
    """Remove an entry, unless somebody works with it."""
    try:
        with _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(path)
        return True
    except OSError:
        return False

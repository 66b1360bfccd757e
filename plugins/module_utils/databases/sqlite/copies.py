# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a file, with all its rows, for one rehearsal. It is the port Copies of databases/port.py."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from typing import Any, Callable, ContextManager, Iterator, List, Optional, Sequence

from ... import errors
from ..copying import NotProved, RehearsalImpossible
from ..tools import Tools
from . import grammar
from .connection import Target, connect

# Another file that a statement would reach; one without a name, and one in memory, are gone with the session.
ATTACHES = re.compile(r"ATTACH\s+(?:DATABASE\s+)?(?!''|':memory:')", re.IGNORECASE)
INTO_A_FILE = re.compile(r"VACUUM\b[^;]*\bINTO\b", re.IGNORECASE)

MARGIN = 1.1  # of the size of the file, for what the steps add


class FileCopy:
    """A copy of a file, as a place to rehearse in: see databases/postgresql/copies/place.py.

    :ivar unproved: what it could not be given: nothing.
    """

    on = "file"
    is_whole = is_exact = True
    changes: Sequence[Any] = ()
    original = None  # it is the same to the byte

    def __init__(self, original: Target, target: Target) -> None:
        self.target = self.dumps_as = target
        self.unproved: List[str] = []
        self.place = "a copy of the file %s" % original.path

    def contain(self, note: Callable[[Any], None]) -> Containment:
        """Return what keeps steps inside of it."""
        return Containment()

    def watching(self, guard: Containment) -> ContextManager[None]:
        """Refuse connections that a script opens itself."""
        return _refusing_connections(guard)

    def stops_at(self, error: errors.MigrationError) -> Optional[str]:
        """Return why a step's error tells nothing of the original: it lacks nothing."""
        return None


class Containment:
    """Keeps steps inside the copy: a statement that would reach another file ends the rehearsal.

    :ivar version: the migration that is at work.
    :ivar ended_by: why the rehearsal has to end, if it has.
    """

    def __init__(self) -> None:
        self.version = ""
        self.ended_by: Optional[errors.MigrationError] = None

    def begin(self, version: str) -> None:
        """Take note of the migration that begins."""
        self.version = version

    def stop(self, reason: str) -> NotProved:
        """Take note of what can't be rehearsed."""
        self.ended_by = NotProved(reason)
        return self.ended_by

    def look_at(self, text: str) -> None:
        """Look at a text before it is executed.

        :raises NotProved: when it would reach another file.
        """
        for statement in grammar.split(text):
            if ATTACHES.match(statement.text) or INTO_A_FILE.match(statement.text):
                raise self.stop("it works on another file (%s …)" % " ".join(statement.text.split()[:3]))

    def before_commit(self, cursor: Any) -> None:
        """Look at what the open transaction has done: it is all in the copy."""

    def refuse_super_user(self) -> None:
        """There is none, and the target says so."""

    def wants(self, text: str) -> bool:
        """Return whether a text has to pass."""
        return False

    def __call__(self, connection: Any, send: Callable[[], Any], statements: Sequence[Any]) -> Any:
        """Send what has passed."""
        return send()


@contextmanager
def whole(
    target: Target, tools: Tools, data: Sequence[str], exclude: Sequence[str], original: Any = None
) -> Iterator[FileCopy]:
    """Lend a copy of a file, or an empty one where there is none; it is removed afterwards.

    Of the file, and what is beside it, nothing changes.

    :raises RehearsalImpossible: when it can't be read, or there is no room for a copy.
    """
    directory = tempfile.mkdtemp(prefix="pgops_rehearsal_", dir=tools.directory)
    try:
        _require_room(target.path, directory)
        path = os.path.join(directory, os.path.basename(target.path))
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"):
            pass
        if os.path.exists(target.path):
            _fill(path, target)
        yield FileCopy(target, Target(path, target.foreign_keys))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _fill(path: str, target: Target) -> None:
    try:
        with closing(connect(target.for_reading(), "")) as source, closing(sqlite3.connect(path)) as destination:
            source.backup(destination)
    except (errors.MigrationError, sqlite3.Error) as error:
        raise RehearsalImpossible("no copy of %s can be made: %s" % (target.path, error)) from None


def _require_room(path: str, directory: str) -> None:
    size = sum(os.path.getsize(each) for each in (path, path + "-wal") if os.path.exists(each))
    free = shutil.disk_usage(directory).free
    if size * MARGIN > free:
        raise RehearsalImpossible(
            "there is no room for a copy of %s: it has %d MiB, and %s has %d MiB left"
            % (path, size >> 20, directory, free >> 20),
            hint="Make room, or set remote_tmp to a directory with more.",
        )


@contextmanager
def _refusing_connections(guard: Containment) -> Iterator[None]:
    """Let sqlite3 open nothing but memory as long as a script runs: it would be the file itself, perhaps."""
    original = sqlite3.connect

    def refuse(database: Any, *args: Any, **kwargs: Any) -> Any:
        if database in (":memory:", ""):
            return original(database, *args, **kwargs)
        raise guard.stop("it opens %s by itself" % database)

    sqlite3.connect = refuse
    try:
        yield
    finally:
        sqlite3.connect = original

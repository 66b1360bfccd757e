# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The savepoint of a script: its commit() and rollback() act on it; the transaction around it is the runner's."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from typing import Iterator, List

SAVEPOINT = "SAVEPOINT pgops_script"
RELEASE = "RELEASE SAVEPOINT pgops_script"
ROLLBACK_TO = "ROLLBACK TO SAVEPOINT pgops_script"

# Nested savepoints for alchemy, where several SQLAlchemy connections share this one.
SET_INNER = "SAVEPOINT {name}"
RELEASE_INNER = "RELEASE SAVEPOINT {name}"
ROLLBACK_TO_INNER = "ROLLBACK TO SAVEPOINT {name}"
MOVE_INNER = RELEASE_INNER + "; " + SET_INNER


class Nested:
    """What a connection is beside: savepoints above each other, where several SQLAlchemy connections share it."""

    def __init__(self) -> None:
        self._savepoints: List[str] = []
        self._numbers = itertools.count(1)
        self._stays_open = False

    def inner(self, statement: str, name: str) -> None:
        """Send a statement about a nested savepoint.

        :param statement: with {name} where its name belongs.
        """
        raise NotImplementedError

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Let close() have no effect, because others still work on this connection; their savepoints end with it."""
        before, self._stays_open = self._stays_open, True
        try:
            yield
        finally:
            self._stays_open = before
            self._savepoints.clear()

    def push(self) -> str:
        """Set a savepoint above all others, for commit() and rollback() to act on. Return its name."""
        name = "pgops_script_%d" % next(self._numbers)
        self.inner(SET_INNER, name)
        self._savepoints.append(name)
        return name

    def pop(self, name: str) -> None:
        """Forget a savepoint; what was done since stays. One below others goes when these go."""
        if name == self._savepoints[-1]:
            self.inner(RELEASE_INNER, name)
        self._savepoints.remove(name)

    def rollback_to(self, name: str) -> None:
        """Undo what was done since a savepoint, also by those above it; all savepoints stay."""
        self.inner(ROLLBACK_TO_INNER, name)
        for above in self._savepoints[self._savepoints.index(name) + 1 :]:
            self.inner(SET_INNER, above)

    def is_top(self, name: str) -> bool:
        """Return whether a savepoint is the one that commit() and rollback() act on."""
        return self._savepoints[-1:] == [name]

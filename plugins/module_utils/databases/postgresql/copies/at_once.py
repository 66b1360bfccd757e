# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads a large dump on two connections at once: what it costs is mostly the server's own work, a core's for each.

Only neighbours that seldom need each other are loaded so. Where one does need another (a table that inherits, say), its
message fails, is as if it had never been sent, and is sent once more when the others are done.
"""

from __future__ import annotations

import itertools
from collections import deque
from contextlib import closing, contextmanager
from threading import Thread
from typing import Any, Deque, Iterator, List, Optional, Sequence, Tuple

from .... import deps, errors
from ..connection import Target, connect
from .load import Entry, groups, send

APPLICATION = "pg_migrate"

INDEPENDENT = frozenset(["TABLE", "CONSTRAINT", "INDEX"])
# Fewer are loaded before a second connection is worth its while.
FEWEST = 1000


def is_large(entries: Sequence[Entry]) -> bool:
    """Return whether a second connection is worth its while."""
    return sum(entry.kind in INDEPENDENT for entry in entries) >= FEWEST


@contextmanager
def another(target: Target, head: bytes) -> Iterator[Optional[Any]]:
    """Open a second connection that has executed the head of a dump; None: there is none to be had."""
    try:
        connection = connect(target, APPLICATION)
    except errors.MigrationError:
        yield None
        return
    with closing(connection), connection.outside(None):
        send(connection, head)
        yield connection


def load(one: Any, other: Any, entries: Sequence[Entry]) -> None:
    """Execute the entries, on either connection.

    :param one: in autocommit, as the other is.
    :raises DatabaseError: at a failure that isn't one of the order.
    """
    for independent, run in itertools.groupby(entries, lambda entry: entry.kind in INDEPENDENT):
        waiting = deque(enumerate(groups(list(run))))
        failed = _share(one, other, waiting) if independent else list(waiting)
        for dummy, group in sorted(failed, key=lambda each: each[0]):
            _send(one, group)


_Group = Tuple[int, Sequence[Entry]]


def _share(one: Any, other: Any, waiting: Deque[_Group]) -> List[_Group]:
    """Let both connections take one group after the other. Return those that failed."""
    failed: List[_Group] = []

    def work(connection: Any) -> None:
        while waiting and not connection.closed:
            try:
                number, group = waiting.popleft()
            except IndexError:  # the other has taken the last
                return
            try:
                _send(connection, group)
            except deps.psycopg2.Error:
                if connection is one and connection.closed:
                    raise  # nobody is left who could send it once more
                failed.append((number, group))

    helper = Thread(target=work, args=(other,), daemon=True)
    helper.start()
    try:
        work(one)
    finally:
        waiting.clear()
        helper.join()
    return failed


def _send(connection: Any, group: Sequence[Entry]) -> None:
    send(connection, b"".join(entry.text for entry in group))

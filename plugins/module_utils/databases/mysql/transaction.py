# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a connection's transaction, and what a script leaves in it. It is the port Transactions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Sequence


def in_transaction(connection: Any) -> bool:
    """Return whether one is open."""
    return bool(connection.in_transaction)


def is_aborted(connection: Any) -> bool:
    """Return whether the open one can only be rolled back: a failed statement leaves the rest as it was."""
    return False


def abandon(connection: Any) -> None:
    """Roll back what is open, and go back to transactions."""
    connection.rollback()
    connection.autocommit = False


@contextmanager
def ours(cursor: Any) -> Iterator[None]:
    """Execute statements of our own in a script's transaction."""
    yield


def left_in(connection: Any) -> Sequence[str]:
    """Return what a script has left in its session: the names of temporary tables, as it has written them."""
    return tuple(connection.temporary)


def clear(cursor: Any, left: Sequence[str]) -> None:
    """Take that away."""
    for name in left:
        cursor.execute("DROP TEMPORARY TABLE IF EXISTS " + name)
    cursor.connection.temporary.clear()

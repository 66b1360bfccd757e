# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a connection's transaction. It is the port Transactions of databases/port.py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Sequence

SESSION = "session"


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


def clear(cursor: Any, left: Sequence[str]) -> None:
    """Take that away, whatever it is: with a new session. What is open is committed first."""
    cursor.renew()

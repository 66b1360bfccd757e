# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a connection's transaction. It is the port Transactions of databases/port.py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Sequence

from .composed import composed

DATABASES = "PRAGMA database_list"
TEMPORARY = "SELECT type, name FROM sqlite_temp_master WHERE name NOT LIKE 'sqlite_%' AND type IN ('table', 'view')"
DROPS = {"table": "DROP TABLE temp.{name}", "view": "DROP VIEW temp.{name}"}
DETACH = "DETACH {name}"

OUR_DATABASES = ("main", "temp")


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
    """Execute statements of our own in a script's transaction: what it has put there, it can't put in front."""
    yield


def left_in(cursor: Any) -> Sequence[str]:
    """Return what a script has left in its session, as words for clear()."""
    temporary = cursor.execute(TEMPORARY).fetchone() is not None
    attached = any(name not in OUR_DATABASES for dummy, name, dummy in cursor.execute(DATABASES).fetchall())
    return [word for word, there in (("temporary", temporary), ("attached", attached)) if there]


def clear(cursor: Any, left: Sequence[str]) -> None:
    """Take that away."""
    if "temporary" in left:
        for kind, name in cursor.execute(TEMPORARY).fetchall():
            cursor.execute(composed(DROPS[kind], name=name))
    if "attached" in left:
        cursor.connection.commit()
        cursor.connection.autocommit = True
        for dummy, name, dummy in cursor.execute(DATABASES).fetchall():
            if name not in OUR_DATABASES:
                cursor.execute(composed(DETACH, name=name))
        cursor.connection.autocommit = False

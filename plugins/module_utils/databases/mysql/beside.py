# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database holds beside the history. It is the port Beside of databases/port_history.py."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

from ..names import QualifiedName
from ..siblings import among
from . import history_sql as sql
from .composed import composed
from .history import History, find, now


def objects(connection: Any) -> List[str]:
    """Return what is there, in words; nothing where a sibling history tells where it comes from."""
    found = _objects(connection)
    return [] if among([name for dummy, name in found], partial(find, connection)) else ["%s %s" % row for row in found]


def siblings(connection: Any, history: History) -> List[History]:
    """Return the other histories that keep snapshots."""
    return among([name for dummy, name in _objects(connection)], partial(find, connection), history.table.name)


def other_tables(
    connection: Any, wanted: Sequence[QualifiedName]
) -> Dict[QualifiedName, Tuple[QualifiedName, FrozenSet[str]]]:
    """Return which of these tables there are, and their columns; they stand in the database itself."""
    found: Dict[QualifiedName, Tuple[QualifiedName, FrozenSet[str]]] = {}
    with connection.cursor() as cursor:
        for each in wanted:
            cursor.execute(sql.COLUMNS, [each.name])
            columns = cursor.fetchall()
            if columns:
                found[each] = QualifiedName(each.name), frozenset(name for name, dummy in columns)
    return found


def read_other(connection: Any, table: QualifiedName, query: str) -> List[Tuple[Any, ...]]:
    """Read a table of another tool's.

    :param query: with {table} where its name belongs.
    """
    with connection.cursor() as cursor:
        cursor.execute(composed(query, table=table.name))
        return list(cursor.fetchall())


def kept_snapshot(connection: Any, history: History) -> Optional[Tuple[Any, ...]]:
    """Return what the last run left: when, the same in seconds, state, version, digest, and the body."""
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.LAST_SNAPSHOT))
        row = cursor.fetchone()
    if row is None:
        return None
    taken, seconds, *rest = row
    return (taken, float(seconds), *rest)


def keep_snapshot(connection: Any, history: History, state: str, version: int, digest: str, body: bytes) -> None:
    """Keep what a run has left in place of the one before, and commit."""
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.FORGET_SNAPSHOT))
        cursor.execute(history.compose(sql.STORE_SNAPSHOT), [now(cursor), state, version, digest, body])
    connection.commit()


def _objects(connection: Any) -> List[Tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.OBJECTS)
        return list(cursor.fetchall())

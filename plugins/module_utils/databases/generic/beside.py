# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database holds beside the history. It is the port Beside of databases/port_history.py."""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

from ... import deps
from ..names import QualifiedName
from ..siblings import among
from . import tables
from .history import History, find


def objects(connection: Any) -> List[str]:
    """Return what is there, in words; nothing where a sibling history tells where it comes from."""
    inspector = deps.import_sqlalchemy().inspect(connection.sa)
    names = [name for name in inspector.get_table_names() if name.lower() != tables.LOCK]
    if among(names, partial(find, connection)):
        return []
    return ["table %s" % name for name in names] + ["view %s" % name for name in inspector.get_view_names()]


def siblings(connection: Any, history: History) -> List[History]:
    """Return the other histories that keep snapshots."""
    names = deps.import_sqlalchemy().inspect(connection.sa).get_table_names()
    return among(names, partial(find, connection), history.table.name)


def other_tables(
    connection: Any, wanted: Sequence[QualifiedName]
) -> Dict[QualifiedName, Tuple[QualifiedName, FrozenSet[str]]]:
    """Return which of these tables there are, and their columns; they stand where the session begins."""
    found: Dict[QualifiedName, Tuple[QualifiedName, FrozenSet[str]]] = {}
    for each in wanted:
        columns = tables.columns_of(connection, each.name)
        if columns:
            found[each] = QualifiedName(each.name), frozenset(columns)
    return found


def read_other(connection: Any, table: QualifiedName, query: str) -> List[Tuple[Any, ...]]:
    """Read a table of another tool's.

    :param query: with {table} where its name belongs.
    """
    name = connection.sa.dialect.identifier_preparer.quote(table.name)
    with connection.cursor() as cursor:
        cursor.execute(query.replace("{table}", name))
        return list(cursor.fetchall())


def kept_snapshot(connection: Any, history: History) -> Optional[Tuple[Any, ...]]:
    """Return what the last run left: when, the same in seconds, state, version, digest, and the body."""
    row = connection.run(deps.import_sqlalchemy().select(tables.snapshot_of(history.snapshot.name))).fetchone()
    if row is None:
        return None
    taken, *rest = row
    moment = datetime.datetime.strptime(taken, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return (taken, moment.timestamp(), *rest)


def keep_snapshot(connection: Any, history: History, state: str, version: int, digest: str, body: bytes) -> None:
    """Keep what a run has left in place of the one before, and commit."""
    table = tables.snapshot_of(history.snapshot.name)
    connection.run(table.delete())
    values = {"taken": tables.now(), "applied": state, "version": version, "digest": digest, "body": body}
    connection.run(table.insert(), values)
    connection.commit()

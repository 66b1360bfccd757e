# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database holds beside the history. It is the port Beside of databases/port.py."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

from .... import deps, errors
from ...names import QualifiedName
from ..gate import own_schemas
from . import beside_sql
from . import history_sql as sql
from .reading import History, find, refuse_code


def objects(connection: Any) -> List[str]:
    """Return what is there, in words; nothing where a sibling history tells where it comes from."""
    with connection.cursor() as cursor:
        cursor.execute(beside_sql.OBJECTS)
        found = ["%s %s" % row for row in cursor.fetchall()]
        # In this order: another run may be at it, whose history is there before anything else of it.
        cursor.execute(beside_sql.SIBLINGS, [0])
        return [] if cursor.fetchall() else found


def siblings(connection: Any, history: History) -> Optional[List[History]]:
    """Return the other histories of the database that keep snapshots; None: this role may not read one of them."""
    with connection.cursor() as cursor:
        cursor.execute(beside_sql.SIBLINGS, [history.oid])
        found = cursor.fetchall()
    if not all(readable for dummy, dummy, readable in found):
        return None
    try:
        return [find(connection, QualifiedName(name, schema)) for schema, name, dummy in found]
    except errors.HistoryForeign:
        return None


def other_tables(
    connection: Any, wanted: Sequence[QualifiedName]
) -> Dict[QualifiedName, Tuple[QualifiedName, FrozenSet[str]]]:
    """Return which of these tables there are: the whole name of each, and its columns.

    :param wanted: one without a schema is looked for on the session's search_path.
    """
    own = own_schemas(connection)
    schemas = [*own, *(each.schema for each in wanted if each.schema)]
    with connection.cursor() as cursor:
        cursor.execute(beside_sql.OTHER_TABLES, {"names": [each.name for each in wanted], "schemas": schemas})
        there = {QualifiedName(name, schema): frozenset(columns) for schema, name, columns in cursor.fetchall()}
    found = {}
    for each in wanted:
        places = [QualifiedName(each.name, schema) for schema in ([each.schema] if each.schema else own)]
        name = next((place for place in places if place in there), None)
        if name is not None:
            found[each] = name, there[name]
    return found


def read_other(connection: Any, table: QualifiedName, query: str) -> List[Tuple[Any, ...]]:
    """Read a table of another tool's.

    :param query: with {table} where its name belongs.
    :raises HistoryForeign: when it would run code of its owner's as a superuser.
    """
    refuse_code(connection, [table.quoted()])
    name = deps.sql.Identifier(*[part for part in (table.schema, table.name) if part])
    with connection.cursor() as cursor:
        cursor.execute(deps.sql.SQL(query).format(table=name))
        return list(cursor.fetchall())


def kept_snapshot(connection: Any, history: History) -> Optional[Tuple[Any, ...]]:
    """Return what the last run left: when, the same in seconds, state, version of pg_dump, digest, and the body."""
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.LAST_SNAPSHOT))
        row = cursor.fetchone()
    return None if row is None else (*row[:-1], bytes(row[-1]))


def keep_snapshot(connection: Any, history: History, state: str, version: int, digest: str, body: bytes) -> None:
    """Keep what a run has left in place of the one before, and commit."""
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.STORE_SNAPSHOT), [state, version, digest, deps.psycopg2.Binary(body)])
    connection.commit()

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A schema as a script: the statements that SQLite keeps. It is the port Writing of databases/port_schema.py."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

from ...schema.snapshot import ObjectKey
from ..tools import Tools
from .composed import composed
from .connection import Target
from .snapshots import SchemaReader

HEAD = TAIL = ""
# What a virtual table has made for itself. The pragma is of SQLite 3.37.
SHADOWS = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"

COLUMNS = 'SELECT name, upper(type), "notnull", dflt_value, pk FROM pragma_table_xinfo(?) ORDER BY cid'
KEYS = """
SELECT "table", "from", "to", on_update, on_delete, "match" FROM pragma_foreign_key_list(?) ORDER BY 1, 2, 3
"""
INDEXES = 'SELECT name, "unique", origin FROM pragma_index_list(?)'
INDEXED = 'SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key ORDER BY seqno'
# What no pragma tells of a table, and of an index.
SAYS_MORE = re.compile(
    r"\b(?:CHECK|COLLATE|AUTOINCREMENT|GENERATED|AS|CONFLICT|DEFERRABLE|STRICT|WITHOUT|VIRTUAL)\b", re.IGNORECASE
)
IS_PARTIAL = re.compile(r"\bWHERE\b", re.IGNORECASE)
CONSTRAINTS = re.compile(r"\bCONSTRAINT\s+(\w+|\"[^\"]*\"|\[[^]]*\]|`[^`]*`)", re.IGNORECASE)
PROPERTIES = "DATABASE PROPERTIES"
DROPS = {
    "TABLE": "DROP TABLE {name};",
    "VIEW": "DROP VIEW {name};",
    "INDEX": "DROP INDEX {name};",
    "TRIGGER": "DROP TRIGGER {name};",
}
ORDER = (PROPERTIES, *DROPS)


def pieces(target: Target, connection: Any, exclude: Sequence[str]) -> List[Tuple[ObjectKey, str]]:
    """Return the statements that make the schema, without the tables that are ours.

    :raises SchemaUnread: when it can't be read.
    """
    made_by_others = _shadows(connection)
    found = SchemaReader(exclude).take(target).objects.items()
    kept = [(key, text) for key, text in found if key.type != "TABLE" or key.name not in made_by_others]
    return sorted(kept, key=lambda each: ORDER.index(each[0].type))


def facts(target: Target, connection: Any, exclude: Sequence[str]) -> Mapping[ObjectKey, str]:
    """Return what the pragmas tell of tables and indexes, and the statements of what they tell too little of."""
    found = SchemaReader(exclude).take(target).objects
    with connection.cursor() as cursor:
        return {key: _facts(cursor, key, text) for key, text in found.items()}


def drop(key: ObjectKey) -> str:
    """Return the statement that takes an object away."""
    return "PRAGMA %s = 0;" % key.name if key.type == PROPERTIES else composed(DROPS[key.type], name=key.name)


@contextmanager
def empty(target: Target, tools: Tools, connection: Any) -> Iterator[Target]:
    """Lend an empty file."""
    directory = tempfile.mkdtemp(prefix="pgops_schema_", dir=tools.directory)
    try:
        path = os.path.join(directory, os.path.basename(target.path))
        with open(path, "xb"):
            pass
        yield Target(path, target.foreign_keys)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _shadows(connection: Any) -> List[str]:
    with connection.cursor() as cursor:
        try:
            return [name for (name,) in cursor.execute(SHADOWS).fetchall()]
        except sqlite3.Error:
            return []


def _facts(cursor: Any, key: ObjectKey, text: str) -> str:
    if key.type == "TABLE" and not SAYS_MORE.search(text):
        parts = [_columns(cursor, key.name), cursor.execute(KEYS, [key.name]).fetchall()]
        constraints = [each for each in cursor.execute(INDEXES, [key.name]).fetchall() if each[2] != "c"]
        parts.append(sorted((origin, unique, _indexed(cursor, name)) for name, unique, origin in constraints))
        return repr((*parts, sorted(name.strip('"[]`') for name in CONSTRAINTS.findall(text))))
    if key.type == "INDEX" and not IS_PARTIAL.search(text):
        found = _indexed(cursor, key.name)
        if all(name is not None for name, *dummy in found):
            return repr(("unique" in text.lower().split("index")[0], found))
    return text


def _columns(cursor: Any, table: str) -> List[Tuple[Any, ...]]:
    """Return the columns; the number of a row is never NULL, whether that is written or not."""
    found = cursor.execute(COLUMNS, [table]).fetchall()
    keys = [each for each in found if each[4]]
    numbers = keys if len(keys) == 1 and keys[0][1] == "INTEGER" else []
    return [each[:2] + (each in numbers or bool(each[2]),) + each[3:] for each in found]


def _indexed(cursor: Any, index: str) -> List[Tuple[Any, ...]]:
    return list(cursor.execute(INDEXED, [index]).fetchall())

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies rows from one database to another, through COPY on both connections."""

from __future__ import annotations

import os
import threading
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from .... import deps

SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET row_security = off"

# Every table with rows of its own; those of an extension come with it.
TABLES = """
SELECT n.nspname, c.relname, r.rolname, r.rolsuper,
       EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c')
       OR EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a
                    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem
                   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                     AND (a.attgenerated <> '' OR t.typtype IN ('d', 'c') OR e.typtype IN ('d', 'c'))),
       ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
              ORDER BY a.attnum)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = c.relowner
 WHERE c.relkind = 'r' AND c.relpersistence <> 't'
   AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'
                      AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
   AND (%(names)s::text[] IS NULL OR c.oid = ANY(
        SELECT pg_catalog.to_regclass(w)::oid FROM pg_catalog.unnest(%(names)s::text[]) AS w
         UNION SELECT i.relid::oid FROM pg_catalog.unnest(%(names)s::text[]) AS w,
                      LATERAL pg_catalog.pg_partition_tree(pg_catalog.to_regclass(w)) AS i))
 ORDER BY n.nspname, c.relname
"""

MISSING = "SELECT w FROM pg_catalog.unnest(%s::text[]) AS w WHERE pg_catalog.to_regclass(w) IS NULL"

# Where each sequence stands; of some tables only those that belong to them. Of one never called it isn't told.
SEQUENCES = """
SELECT s.schemaname, s.sequencename, s.last_value,
       pg_catalog.has_sequence_privilege(pg_catalog.format('%%I.%%I', s.schemaname, s.sequencename), 'SELECT')
  FROM pg_catalog.pg_sequences s
 WHERE (%(tables)s::text[] IS NULL OR EXISTS (
        SELECT 1 FROM pg_catalog.pg_depend d
         WHERE d.objid = pg_catalog.to_regclass(pg_catalog.format('%%I.%%I', s.schemaname, s.sequencename))
           AND d.deptype IN ('a', 'i')
           AND d.refobjid = ANY(SELECT pg_catalog.to_regclass(w)::oid FROM pg_catalog.unnest(%(tables)s::text[]) AS w)))
"""
UNCALLED = "SELECT {schema}, {name}, last_value, is_called FROM {sequence}"
SET_SEQUENCE = "SELECT pg_catalog.setval(pg_catalog.format('%%I.%%I', %s, %s)::pg_catalog.regclass, %s, %s)"
SEQUENCES_A_MESSAGE = 500

# Materialized views that are filled.
POPULATED = """
SELECT m.schemaname::text, m.matviewname::text FROM pg_catalog.pg_matviews m WHERE m.ispopulated
"""

HAS_LARGE_OBJECTS = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_largeobject_metadata)"

OUT = "COPY {table} ({columns}) TO STDOUT"
IN = "COPY {table} ({columns}) FROM STDIN"


class Table(NamedTuple):
    """A table whose rows are to be copied.

    :ivar by_superuser: whether its owner is a superuser.
    :ivar runs_code: whether its rows run code of its owner as they come: a check, a domain, a generated column.
    """

    schema: str
    name: str
    owner: str
    by_superuser: bool
    runs_code: bool
    columns: Tuple[str, ...]

    @property
    def label(self) -> str:
        """Return its name as people write it."""
        return "%s.%s" % (self.schema, self.name)


def begin(connection: Any) -> None:
    """Let all that is read of the original be of one moment."""
    with connection.cursor() as cursor:
        cursor.execute(SNAPSHOT)


def tables(source: Any, names: Optional[Sequence[str]]) -> List[Table]:
    """Return the tables of these quoted names, the parts of a partitioned one; None: all."""
    with source.cursor() as cursor:
        cursor.execute(TABLES, {"names": None if names is None else list(names)})
        return [Table(*row)._replace(columns=tuple(row[-1])) for row in cursor.fetchall()]


def missing(source: Any, names: Sequence[str]) -> List[str]:
    """Return which of these quoted names no relation has."""
    with source.cursor() as cursor:
        cursor.execute(MISSING, [list(names)])
        return [row[0] for row in cursor.fetchall()]


def copy(source: Any, target: Any, table: Table) -> None:
    """Copy a table's rows.

    :raises DatabaseError: what either server says.
    """
    if not table.columns:
        return
    names = {
        "table": deps.sql.Identifier(table.schema, table.name),
        "columns": deps.sql.SQL(", ").join(map(deps.sql.Identifier, table.columns)),
    }
    out, into = (deps.sql.SQL(text).format(**names) for text in (OUT, IN))
    reader, writer = os.pipe()
    failures: List[BaseException] = []

    def send() -> None:
        try:
            with open(writer, "wb") as stream, source.cursor() as cursor:
                cursor.copy_expert(out, stream)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        with open(reader, "rb") as stream, target.cursor() as cursor:
            cursor.copy_expert(into, stream)
    finally:
        thread.join()
    if failures:
        raise failures[0]


def copy_sequences(source: Any, target: Any, copied: Optional[Sequence[Table]]) -> None:
    """Let sequences stand where the original's do: those of some tables; None: all."""
    with source.cursor() as there, target.cursor() as here:
        names = None
        if copied is not None:
            names = [deps.sql.Identifier(each.schema, each.name).as_string(here) for each in copied]
        there.execute(SEQUENCES, {"tables": names})
        found = there.fetchall()
        uncalled = [row[:2] for row in found if row[2] is None and row[3]]
        stand = [(*row[:3], True) for row in found if row[2] is not None]
        for start in range(0, len(uncalled), SEQUENCES_A_MESSAGE):
            there.execute(_of_uncalled(uncalled[start : start + SEQUENCES_A_MESSAGE]))
            stand += there.fetchall()
        for row in stand:
            here.execute(SET_SEQUENCE, row)


def _of_uncalled(sequences: Sequence[Tuple[str, str]]) -> Any:
    """Return the question where sequences begin that were never called: somebody may have set that."""
    sql = deps.sql
    return sql.SQL(" UNION ALL ").join(
        sql.SQL(UNCALLED).format(
            schema=sql.Literal(schema), name=sql.Literal(name), sequence=sql.Identifier(schema, name)
        )
        for schema, name in sequences
    )


def has_large_objects(source: Any) -> bool:
    """Return whether there are rows that no table has."""
    with source.cursor() as cursor:
        cursor.execute(HAS_LARGE_OBJECTS)
        return bool(cursor.fetchone()[0])


def populated(source: Any) -> List[Tuple[str, str]]:
    """Return schema and name of the materialized views that are filled."""
    with source.cursor() as cursor:
        cursor.execute(POPULATED)
        return list(cursor.fetchall())

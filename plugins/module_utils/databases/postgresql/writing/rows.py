# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of tables as SQL, and what stands for them when two databases are compared."""

from __future__ import annotations

from typing import Any, Dict, Sequence

from .... import deps
from ...tools import Tools
from .. import client
from ..connection import Target
from ..snapshots import parse
from . import sequences

COUNT = "SELECT pg_catalog.count(*) FROM ONLY {table}"
# The same rows give the same text in both databases, in whichever order they lie.
ROWS = """
SELECT pg_catalog.md5(pg_catalog.string_agg(t.row, E'\\n' ORDER BY t.row COLLATE "C"))
  FROM (SELECT pg_catalog.textin(pg_catalog.record_out(r)) AS row FROM ONLY {table} AS r) AS t
"""
ROLE = "SELECT current_user"
SAMPLE = "SELECT pg_catalog.textin(pg_catalog.record_out(r)) FROM ONLY {table} AS r ORDER BY 1 LIMIT 1000"


def as_sql(pg_dump: client.Client, target: Target, tools: Tools, tables: Sequence[str]) -> str:
    """Return what gives tables their rows; nothing of their sequences.

    :param tables: their quoted names.
    :raises SchemaUnread: with what pg_dump said.
    """
    if not tables:
        return ""
    with tools.file() as path:
        client.dump_rows(pg_dump, target, tools.run, path, tables)
        with open(path, "rb") as stream:
            found = parse(stream.read())
    return "\n".join(text + "\n" for key, text in found.objects.items() if key.type != sequences.DUMPED)


def count(connection: Any, table: str) -> int:
    """Return how many rows a table has.

    :param table: its quoted name.
    """
    return int(_one(connection, COUNT, table))


def digests(connection: Any, tables: Sequence[str]) -> Dict[str, str]:
    """Return what stands for the rows of tables, by their quoted names."""
    return {table: "%d %s" % (count(connection, table), _one(connection, ROWS, table)) for table in tables}


def sample(connection: Any, table: str) -> Sequence[str]:
    """Return the first thousand rows of a table as text, to show where two differ."""
    with connection.cursor() as cursor:
        cursor.execute(deps.sql.SQL(SAMPLE).format(table=deps.sql.SQL(table)))
        return [row for (row,) in cursor.fetchall()]


def role(connection: Any) -> str:
    """Return who works there."""
    with connection.cursor() as cursor:
        cursor.execute(ROLE)
        return str(cursor.fetchone()[0])


def _one(connection: Any, statement: str, table: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(deps.sql.SQL(statement).format(table=deps.sql.SQL(table)))
        return cursor.fetchone()[0]

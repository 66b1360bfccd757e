# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a concurrent build of an index leaves when it is cut off: an invalid index, to be found and dropped."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

from ... import deps

# The port of what is left half-done: see databases/port.py.
__all__ = ["drop_new", "new", "remains"]

INVALID_INDEXES = """
SELECT i.indexrelid::bigint, n.nspname, c.relname
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid AND c.relkind = 'i'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
"""

# The indexes that have become valid since a transaction.
DROP_INDEX = "DROP INDEX CONCURRENTLY IF EXISTS {}.{}"


def remains(cursor: Any) -> List[Tuple[int, str]]:
    """Return oid and name of each index that is invalid, and that nobody is building."""
    return [(oid, "%s.%s" % (schema, name)) for oid, schema, name in _invalid(cursor)]


def new(connection: Any, before: Sequence[int]) -> List[str]:
    """Return the name of each index that a concurrent build has left invalid.

    :param before: oids of those that were invalid before, and aren't ours.
    """
    return [".".join(names) for names in _new(connection, before)]


def drop_new(connection: Any, before: Sequence[int]) -> None:
    """Drop those indexes, outside a transaction."""
    found = _new(connection, before)
    if found:
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for schema_and_name in found:
                    cursor.execute(deps.sql.SQL(DROP_INDEX).format(*map(deps.sql.Identifier, schema_and_name)))
        finally:
            connection.autocommit = False


def _new(connection: Any, before: Sequence[int]) -> List[Tuple[str, str]]:
    with connection.cursor() as cursor:
        found = [(schema, name) for oid, schema, name in _invalid(cursor) if oid not in before]
    connection.rollback()
    return found


def _invalid(cursor: Any) -> List[Tuple[int, str, str]]:
    cursor.execute(INVALID_INDEXES)
    return list(cursor.fetchall())

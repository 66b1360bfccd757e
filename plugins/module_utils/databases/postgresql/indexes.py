# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a concurrent build of an index leaves when it is cut off: an invalid index, to be found and dropped."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

from ... import deps

INVALID_INDEXES = """
SELECT i.indexrelid::bigint, n.nspname, c.relname
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT i.indisvalid AND c.relkind = 'i'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
"""

# The indexes that have become valid since a transaction.
BUILT_SINCE = """
SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
 WHERE i.indisvalid AND pg_catalog.age(i.xmin) < pg_catalog.age(%s::pg_catalog.xid)
"""

DROP_INDEX = "DROP INDEX CONCURRENTLY IF EXISTS {}.{}"


def invalid_indexes(cursor: Any) -> List[Tuple[int, str, str]]:
    """Return oid, schema and name of each index that is invalid, and that nobody is building."""
    cursor.execute(INVALID_INDEXES)
    return list(cursor.fetchall())


def new_invalid_indexes(connection: Any, before: Sequence[int]) -> List[Tuple[str, str]]:
    """Return schema and name of each index that a concurrent build has left invalid.

    :param before: oids of those that were invalid before, and aren't ours.
    """
    with connection.cursor() as cursor:
        found = [(schema, name) for oid, schema, name in invalid_indexes(cursor) if oid not in before]
    connection.rollback()
    return found


def drop_new_invalid_indexes(connection: Any, before: Sequence[int]) -> None:
    """Drop those indexes, outside a transaction."""
    found = new_invalid_indexes(connection, before)
    if found:
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for schema_and_name in found:
                    cursor.execute(deps.sql.SQL(DROP_INDEX).format(*map(deps.sql.Identifier, schema_and_name)))
        finally:
            connection.autocommit = False

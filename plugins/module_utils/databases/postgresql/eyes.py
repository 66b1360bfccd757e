# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session sees of tables that were there before: the locks that it holds on them, their files, their sizes."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ... import deps

# Every table, materialized view and partition of the database, as it is before the run.
SURVEY = """
SELECT c.oid::bigint, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       c.relfilenode::bigint, a.dropped, i.indexes
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN (SELECT attrelid, count(*) AS dropped FROM pg_catalog.pg_attribute WHERE attisdropped GROUP BY attrelid) a
    ON a.attrelid = c.oid
  LEFT JOIN (SELECT indrelid, count(*) AS indexes FROM pg_catalog.pg_index GROUP BY indrelid) i ON i.indrelid = c.oid
 WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384
"""

# What the session holds now, and how each of these relations looks to it. Stands inside the record of a step. What was
# there before the run has no oid above the latest; most of what the run itself makes has, and costs nothing here.
HELD = """
(SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
          l.relation::bigint, l.mode, c.oid IS NOT NULL, c.relfilenode::bigint,
          (SELECT count(*) FROM pg_catalog.pg_attribute WHERE attrelid = l.relation AND attisdropped),
          (SELECT count(*) FROM pg_catalog.pg_index WHERE indrelid = l.relation)))
   FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation
  WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid() AND l.granted AND l.relation::bigint <= {latest}
    AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))
"""

# How large the real tables are; of one without statistics the rows aren't known.
SIZES = """
SELECT t.name, pg_catalog.pg_total_relation_size(c.oid), nullif(c.reltuples, -1)::bigint
  FROM pg_catalog.unnest(%s) AS t(name) JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(t.name)
"""


class Relation(NamedTuple):
    """A table as it was before the run."""

    name: str
    filenode: int
    dropped: int
    indexes: int


Relations = Dict[int, Relation]


class Held(NamedTuple):
    """A lock that the session holds on a table, and how the table looks to it.

    :ivar mode: the lock's, as the server names it.
    :ivar exists: whether the table is still there; if not, the rest means nothing.
    """

    oid: int
    mode: str
    exists: bool
    filenode: Optional[int] = None
    dropped: int = 0
    indexes: int = 0

    def after(self, before: Relation) -> Optional[Relation]:
        """Return the table as it looks now; None: it is gone."""
        return Relation(before.name, self.filenode or 0, self.dropped, self.indexes) if self.exists else None


def held_rows(rows: Optional[Sequence[Sequence[Any]]]) -> List[Held]:
    """Return what HELD gives as values."""
    return [Held(*row) for row in rows or ()]


def relations_of(connection: Any) -> Relations:
    """Return every table of the database by its oid."""
    with connection.cursor() as cursor:
        found = read_relations(cursor)
    connection.rollback()
    return found


def read_relations(cursor: Any) -> Relations:
    """Return the same, in the open transaction."""
    cursor.execute(SURVEY)
    return {row[0]: Relation(row[1], row[2], row[3] or 0, row[4] or 0) for row in cursor.fetchall()}


def held_of(before: Relations) -> Any:
    """Return HELD for these tables."""
    return deps.sql.SQL(HELD).format(latest=deps.sql.Literal(latest(before)))


def read_held(cursor: Any, before: Relations) -> List[Held]:
    """Return what the session holds now."""
    cursor.execute(deps.sql.SQL("SELECT {held}").format(held=held_of(before)))
    return held_rows(cursor.fetchone()[0])


def read_sizes(connection: Any, names: Sequence[str]) -> Dict[str, Tuple[Optional[int], Optional[int]]]:
    """Return size in bytes and estimated rows of tables, by their quoted names; those that are gone are left out."""
    with connection.cursor() as cursor:
        cursor.execute(SIZES, [list(names)])
        sizes = {name: (size, rows) for name, size, rows in cursor.fetchall()}
    connection.rollback()
    return sizes


def latest(before: Relations) -> int:
    """Return the highest oid of the tables that were there before the run; 0: there were none."""
    return max(before, default=0)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a schema this role may not read, and who holds a lock that keeps everybody from reading it.

pg_dump locks each table before it reads any, so that one table of another team's is enough for it to fail. Its words
for that are in the server's language; so the catalogs are asked, and only after it has failed.
"""

from __future__ import annotations

from typing import Any, Dict, Tuple

from ...schema.unreadable import Unreadable
from ..names import QualifiedName
from .blockers import FIELDS

# Schemas that can't be looked into, then tables that can't be locked for reading. An extension's are dumped with it.
UNREADABLE = """
SELECT n.nspname::text, NULL::text
  FROM pg_catalog.pg_namespace n
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p'))
 UNION ALL
SELECT n.nspname::text, c.relname::text
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND NOT pg_catalog.has_table_privilege(c.oid, 'SELECT')
 ORDER BY 1, 2
"""

# Sessions that let nobody read some table.
LOCKERS = """
SELECT DISTINCT a.pid, a.usename::text, a.application_name, a.state,
       pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.backend_start))::text,
       pg_catalog.left(a.query, 200)
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.granted AND l.relation >= 16384
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
"""


def unreadable(connection: Any) -> Tuple[Unreadable, ...]:
    """Return what the session's role may not read."""
    with connection.cursor() as cursor:
        cursor.execute(UNREADABLE)
        found = tuple(Unreadable(*row) for row in cursor.fetchall())
    connection.rollback()
    return found


def lockers(connection: Any) -> Tuple[Dict[str, Any], ...]:
    """Return the sessions that keep everybody from reading some table, as blockers are told."""
    with connection.cursor() as cursor:
        cursor.execute(LOCKERS)
        found = tuple(dict(zip(FIELDS, row)) for row in cursor.fetchall())
    connection.rollback()
    return found


def option(each: Unreadable) -> str:
    """Return the option of pg_dump's that leaves it out."""
    if each.table is None:
        return "--exclude-schema=" + QualifiedName(each.schema).quoted()
    return "--exclude-table=" + QualifiedName(each.table, each.schema).quoted()

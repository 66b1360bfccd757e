# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a schema this role may not read, and who holds a lock that keeps everybody from reading it.

pg_dump locks each table before it reads any, so that one table of another team's is enough for it to fail. Its words
for that are in the server's language; so the catalogs are asked, and only after it has failed.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any, Dict, Iterable, NamedTuple, Optional, Sequence, Tuple

from ...schema.snapshot import ObjectKey, Snapshot
from .blockers import FIELDS
from .names import QualifiedName

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


class Unreadable(NamedTuple):
    """A schema, or one table, that this role may not read.

    :ivar table: None: the whole schema.
    """

    schema: str
    table: Optional[str] = None

    @property
    def label(self) -> str:
        """Return what it is, and which right is missing."""
        if self.table is None:
            return "schema %s (no USAGE)" % self.schema
        return "table %s.%s (no SELECT)" % (self.schema, self.table)

    def option(self) -> str:
        """Return the option of pg_dump's that leaves it out."""
        if self.table is None:
            return "--exclude-schema=" + QualifiedName(self.schema).quoted()
        return "--exclude-table=" + QualifiedName(self.table, self.schema).quoted()


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


def labels(left_out: Iterable[Unreadable], most: int = 5) -> str:
    """Return what is left out, in words; of many, the first."""
    named = [each.label for each in left_out]
    more = "" if len(named) <= most else " and %d more" % (len(named) - most)
    return ", ".join(named[:most]) + more


def without(snapshot: Snapshot, left_out: Sequence[Unreadable]) -> Snapshot:
    """Return a snapshot without what another one, that it is to be compared with, could not read."""
    if not left_out:
        return snapshot
    schemas = {each.schema for each in left_out if each.table is None}
    tables = [_printed(each.schema) + "[.]" + _printed(each.table) for each in left_out if each.table is not None]
    about = re.compile("(?:TABLE|COLUMN|ON|ONLY) (?:%s)(?![^ ;.(\n])" % "|".join(tables)) if tables else None

    def belongs(key: ObjectKey, text: str) -> bool:
        in_schema = key.schema in schemas or (key.schema == "-" and _named(key) in schemas)
        return in_schema or (about is not None and about.search(text) is not None)

    kept = {key: text for key, text in snapshot.objects.items() if not belongs(key, text)}
    first = {key: text for key, text in snapshot.first.items() if key in kept}
    return Snapshot(MappingProxyType(kept), MappingProxyType(first))


def _printed(name: str) -> str:
    """Return a pattern for a name as pg_dump prints it: in quotes only where it needs them."""
    return '(?:%s|"%s")' % (re.escape(name), re.escape(name.replace('"', '""')))


def _named(key: ObjectKey) -> str:
    """Return the name of the schema that an entry without one is about."""
    return key.name[len("SCHEMA ") :].strip('"') if key.name.startswith("SCHEMA ") else key.name

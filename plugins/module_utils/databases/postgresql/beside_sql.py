# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL that looks for what there is beside a history: other histories, other tools' tables, the database's objects."""

from __future__ import annotations

# Histories beside this one that keep a snapshot, and whether this role may read them.
SIBLINGS = """
SELECT n.nspname::text, h.relname::text,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(s.oid, 'SELECT')
         AND pg_catalog.has_table_privilege(h.oid, 'SELECT')
  FROM pg_catalog.pg_class s
  JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_class h ON h.relnamespace = n.oid AND s.relname::text = h.relname::text || '_snapshot'
 WHERE s.relkind = 'r' AND h.oid <> %s
   AND ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
       = ARRAY['taken', 'applied', 'pg_dump', 'digest', 'body']
"""

# What a database holds that isn't ours, an extension's or the server's: each with its kind in words.
OBJECTS = """
SELECT kind, name FROM (
  SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
                        WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
         pg_catalog.format('%I.%I', n.nspname, c.relname) AS name, c.oid,
         'pg_catalog.pg_class'::pg_catalog.regclass AS class, n.nspname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT c.relispartition
   UNION ALL
  SELECT 'function', pg_catalog.format('%I.%I', n.nspname, p.proname), p.oid,
         'pg_catalog.pg_proc'::pg_catalog.regclass, n.nspname
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   UNION ALL
  SELECT 'type', pg_catalog.format('%I.%I', n.nspname, t.typname), t.oid,
         'pg_catalog.pg_type'::pg_catalog.regclass, n.nspname
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typtype IN ('d', 'e')) AS o
 WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                    WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype IN ('e', 'a', 'i'))
 ORDER BY kind <> 'table', name
"""

# The tables of other tools that there may be, with their columns. A view that is called so is none.
OTHER_TABLES = """
SELECT n.nspname, c.relname, pg_catalog.array_agg(a.attname::text)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relname = ANY(%(names)s) AND n.nspname = ANY(%(schemas)s) AND c.relkind IN ('r', 'p')
 GROUP BY n.nspname, c.relname
"""

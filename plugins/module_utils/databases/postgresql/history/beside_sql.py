# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL for what there may be beside a history: other histories, tables of other tools, objects; and what 0.1.0 put
into its table beside db-migrator's two columns.
"""

from __future__ import annotations

# Histories beside this one that keep a snapshot, and whether this role may read them.
SIBLINGS = """
SELECT n.nspname::text, h.relname::text,
       pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(s.oid, 'SELECT')
         AND pg_catalog.has_table_privilege(h.oid, 'SELECT')
  FROM pg_catalog.pg_class s
  JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
  JOIN pg_catalog.pg_class h ON h.relnamespace = n.oid AND s.relname::text = h.relname::text || '_snapshot'
 WHERE s.relkind = 'r' AND h.oid IS DISTINCT FROM %s
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

# For a copy of a history that 0.1.0 has made: a script may look at it.
WIDEN = """
ALTER TABLE {table}
  ADD COLUMN IF NOT EXISTS name text,
  ADD COLUMN IF NOT EXISTS checksum text,
  ADD COLUMN IF NOT EXISTS duration_ms bigint,
  ADD COLUMN IF NOT EXISTS applied_by text,
  ADD COLUMN IF NOT EXISTS applied_from text,
  ADD COLUMN IF NOT EXISTS collection_version text,
  ADD COLUMN IF NOT EXISTS event text
"""

# The rows that 0.1.0 has written, whose event, checksum and name the log can't tell yet.
UNTIED_ROWS = """
SELECT h.version, h.applied, {name} AS name, {checksum} AS checksum, {duration_ms}::bigint AS duration_ms,
       {applied_by} AS applied_by, {applied_from} AS applied_from, {collection_version} AS collection_version,
       {event} AS event
  FROM {table} h
 WHERE {event} IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM {log} l WHERE l.version = h.version
          AND coalesce(l.applied, '-infinity') = coalesce(h.applied, '-infinity')
          AND (l.applied IS NOT NULL OR l.event = 'deferred')
          AND (l.checksum IS NOT NULL OR {checksum} IS NULL))
"""

# 0.1.0 has logged them in the statement that wrote them: all that is lacking there is what ties the two.
TIE_LOGGED = (
    "WITH untied AS ("
    + UNTIED_ROWS
    + """),
logged AS (
  SELECT DISTINCT ON (u.version, u.applied) l.id, u.applied, u.checksum, coalesce(l.name, u.name) AS name
    FROM untied u JOIN {log} l ON l.version = u.version AND l.event = u.event
   WHERE l.applied IS NULL AND (u.applied IS NULL OR pg_catalog.abs(EXTRACT(epoch FROM l.logged - u.applied)) < 1)
   ORDER BY u.version, u.applied, l.id DESC)
UPDATE {log} l SET applied = f.applied, checksum = f.checksum, name = f.name FROM logged f WHERE l.id = f.id
"""
)

# What the log doesn't have gets numbers below all others: what it says of later events must stay the last word.
LOG_REST = (
    "WITH untied AS ("
    + UNTIED_ROWS
    + """)
INSERT INTO {log} (id, logged, event, version, name, duration_ms, done_by, done_from, collection_version, checksum,
                   applied)
OVERRIDING SYSTEM VALUE
SELECT (SELECT least(pg_catalog.min(id), 1) FROM {log}) - pg_catalog.row_number() OVER (ORDER BY applied DESC),
       coalesce(applied, pg_catalog.clock_timestamp()), event, version, name, duration_ms, applied_by, applied_from,
       collection_version, checksum, applied
  FROM untied
"""
)

NARROW = "ALTER TABLE {table} {drops}"
DROP = "DROP COLUMN {}"

# What of the log may go: older than so many days, and neither what a row of the history needs nor the last word on a
# version, nor what a script outside a transaction goes on by. What a release is known by stays too.
OLD = """
l.logged < pg_catalog.clock_timestamp() - pg_catalog.make_interval(days => %(days)s)
   AND l.event NOT IN ('released', 'home')
   AND NOT EXISTS (SELECT 1 FROM {table} h WHERE h.version = l.version AND ({tie}))
   AND NOT EXISTS (SELECT 1 FROM last_words w WHERE w.id = l.id)
"""
BY_TIME = """
coalesce(l.applied, '-infinity') = coalesce(h.applied, '-infinity') AND (h.applied IS NOT NULL OR l.event = 'deferred')
"""
BY_VERSION = "true"
LAST_WORDS = """
WITH last_words AS (
  SELECT pg_catalog.max(id) AS id FROM {log} WHERE version IS NOT NULL GROUP BY version
   UNION SELECT pg_catalog.max(id) FROM {log} WHERE version IS NOT NULL AND event <> 'failed' GROUP BY version)
"""
TRIM = LAST_WORDS + "DELETE FROM {log} l WHERE {old}"
COUNT_OLD = (
    LAST_WORDS
    + """
SELECT pg_catalog.count(*) FILTER (WHERE old), pg_catalog.count(*) FILTER (WHERE NOT old)
  FROM (SELECT ({old}) AS old FROM {log} l) AS judged
"""
)

# What the log says is recorded now: the last of the events that make a row or take one away, with the row's own time.
RECORDED = """
SELECT * FROM (
  SELECT DISTINCT ON (version) version, name, event, applied, id FROM {log}
   WHERE version IS NOT NULL AND event NOT IN ('started', 'failed', 'retired') ORDER BY version, id DESC) AS last
 WHERE event NOT IN ('rolled_back', 'forgotten') AND (applied IS NOT NULL OR event = 'deferred')
"""
LOST_ROWS = """
SELECT r.version, coalesce(r.name, ''), r.event,
       coalesce(pg_catalog.to_char(r.applied AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '')
  FROM ({recorded}) AS r WHERE NOT (r.version = ANY(%s)) ORDER BY r.applied NULLS FIRST, r.id
"""
REBUILD = """
INSERT INTO {table} (version, applied) SELECT r.version, r.applied FROM ({recorded}) AS r WHERE r.version = ANY(%s)
"""

# A run that somebody sends by hand, as a file for psql.
# The history has to be the one that the plan was made for, and nobody else may be at work.
GUARD = """DO $pgops$
BEGIN
  IF NOT pg_catalog.pg_try_advisory_lock({key}) THEN
    RAISE EXCEPTION 'Another run works on this database; nothing was done';
  END IF;
  IF coalesce((SELECT pg_catalog.array_agg(DISTINCT version COLLATE "C" ORDER BY version COLLATE "C")
                 FROM {table} WHERE applied IS NOT NULL), '{{}}') <> {applied}::pg_catalog.text[] THEN
    RAISE EXCEPTION 'The history isn''t the one that this file was made for; nothing was done. Make the file anew';
  END IF;
END
$pgops$;"""
UNLOCK = "DO $pgops$ BEGIN PERFORM pg_catalog.pg_advisory_unlock({key}); END $pgops$;"
MAKE_SCHEMA = "CREATE SCHEMA IF NOT EXISTS {schema};"
REMARK = "COMMENT ON TABLE {table} IS {repository};"
REPLACE = "DELETE FROM {table} WHERE version = ANY({spellings});"
RECORD_BY_HAND = """WITH now AS (SELECT pg_catalog.clock_timestamp() AS applied),
logged AS (
  INSERT INTO {log} (event, version, name, done_by, done_from, collection_version, detail, checksum, applied)
  SELECT {event}, {version}, {name}, session_user, 'psql', {collection}, {detail}, {checksum}, applied FROM now)
INSERT INTO {table} (version, applied) SELECT {version}, applied FROM now;"""

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL of the history tables. {table} and {log} are their names; values are bound."""

from __future__ import annotations

# One number for a table's columns, their types and their order.
FINGERPRINT = """
pg_catalog.sum(pg_catalog.hashtextextended(a.attname || ' ' || a.atttypid || ' ' || a.atttypmod, a.attnum))::text
"""

INSPECT = (
    """
SELECT n.nspname, c.oid::bigint, c.relkind::text,
       ARRAY(SELECT a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
               FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
       pg_catalog.obj_description(c.oid, 'pg_class'),
       (SELECT """
    + FINGERPRINT
    + """ FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = pg_catalog.to_regclass(%s)
"""
)

# What of these tables would run code of an owner's as somebody reads or writes them: asked only for a login that is a
# superuser, whatever role it has taken. To read is enough for the planner to call what an index is made of.
CODE_OF_OWNERS = """
SELECT c.oid::pg_catalog.regclass::text, found.what, r.rolname::text
  FROM pg_catalog.unnest(%s::text[]) AS w(name)
  JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(w.name)
  JOIN pg_catalog.pg_roles r ON r.oid = c.relowner AND NOT r.rolsuper,
  LATERAL (
    SELECT 'the trigger ' || t.tgname FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
     UNION ALL
    SELECT 'the rule ' || w.rulename FROM pg_catalog.pg_rewrite w WHERE w.ev_class = c.oid
     UNION ALL
    SELECT 'the index ' || x.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
     WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
     UNION ALL
    SELECT 'the constraint ' || k.conname FROM pg_catalog.pg_constraint k
     WHERE k.conrelid = c.oid AND k.contype IN ('c', 'x')
     UNION ALL
    SELECT 'the statistics ' || s.stxname FROM pg_catalog.pg_statistic_ext s
     WHERE s.stxrelid = c.oid AND (pg_catalog.to_jsonb(s) ->> 'stxexprs') IS NOT NULL
     UNION ALL
    SELECT 'the default of ' || a.attname
      FROM pg_catalog.pg_attrdef d
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
     WHERE d.adrelid = c.oid AND EXISTS (
           SELECT 1 FROM pg_catalog.pg_depend e
            WHERE e.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND e.objid = d.oid
              AND e.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass,
                                   'pg_catalog.pg_operator'::pg_catalog.regclass))
     UNION ALL
    SELECT 'the type of ' || a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       AND t.typnamespace <> 'pg_catalog'::pg_catalog.regnamespace
     UNION ALL
    SELECT 'a child table' WHERE c.relhassubclass
     UNION ALL
    SELECT 'row level security' WHERE c.relrowsecurity) AS found(what)
 WHERE (SELECT u.rolsuper FROM pg_catalog.pg_roles u WHERE u.rolname = session_user)
 LIMIT 1
"""

SCHEMA_EXISTS = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s"

CREATE_SCHEMA = "CREATE SCHEMA {schema}"

# ``applied`` is null for a deferred migration. Versions aren't unique: db-migrator adds a row whenever a migration runs
# again, and has to go on working. ``event`` says how the row came to be there: applied, baseline or marked.
CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS {table} (version text NOT NULL, applied timestamptz DEFAULT now());
ALTER TABLE {table}
  ADD COLUMN IF NOT EXISTS name text,
  ADD COLUMN IF NOT EXISTS checksum text,
  ADD COLUMN IF NOT EXISTS duration_ms bigint,
  ADD COLUMN IF NOT EXISTS applied_by text,
  ADD COLUMN IF NOT EXISTS applied_from text,
  ADD COLUMN IF NOT EXISTS collection_version text,
  ADD COLUMN IF NOT EXISTS event text;
CREATE TABLE IF NOT EXISTS {log} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  logged timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  event text NOT NULL,
  version text,
  name text,
  duration_ms bigint,
  done_by text,
  done_from text,
  collection_version text,
  detail text);
CREATE TABLE IF NOT EXISTS {snapshot} (
  taken timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  applied text NOT NULL,
  pg_dump integer NOT NULL,
  digest text NOT NULL,
  body bytea NOT NULL);
"""

NAME_REPOSITORY = "COMMENT ON TABLE {table} IS %s"

ROWS = """
SELECT version, pg_catalog.to_char(applied AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       {name}, {checksum}, {event}
  FROM {table} ORDER BY applied NULLS FIRST, version
"""

# Whether the table is still what it was: a script may have put another one there, or changed it.
UNTOUCHED = (
    """
pg_catalog.to_regclass({wanted})::oid = {oid}
   AND (SELECT """
    + FINGERPRINT
    + """ FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped) = {fingerprint}
"""
)

# What the session holds, and behind a line break what a script has left in it, in a setting of its own: that can still
# be read when the transaction is over.
KEEP_HELD = "pg_catalog.set_config('pgops.held', coalesce({held}::text, '') || E'\\n' || coalesce({left}, ''), false)"

# Fails where this session no longer has the lock of its run: a script may have given back all locks. It is taken again,
# unless another run has it, or has had it and recorded the same.
STILL_LOCKED = """
pg_catalog.sqrt(CASE
  WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                WHERE l.locktype = 'advisory' AND l.pid = pg_catalog.pg_backend_pid() AND l.objsubid = 1
                  AND (l.classid::bigint << 32) | l.objid::bigint = {lock} AND l.granted) THEN 1
  WHEN pg_catalog.pg_try_advisory_lock({lock})
   AND NOT EXISTS (SELECT 1 FROM {table} h WHERE h.version = {version} AND h.applied IS NOT NULL) THEN 1
  ELSE -1 END)
"""

# Nothing written is an error (a division by zero), so that what follows in the same message isn't committed either.
# Prepared, for a run of a thousand migrations writes it as often. Its arguments: event, version, name, duration,
# checksum, and whether it is deferred.
PREPARE_RECORD = (
    """
PREPARE {prepared} (text, text, text, bigint, text, boolean) AS
WITH logged AS (
  INSERT INTO {log} (event, version, name, duration_ms, done_by, done_from, collection_version)
  VALUES ($1, $2, $3, $4, session_user, {host}, {collection})),
recorded AS (
  INSERT INTO {table}
       (version, applied, name, checksum, duration_ms, applied_by, applied_from, collection_version, event)
SELECT $2, CASE WHEN $6 THEN NULL ELSE pg_catalog.clock_timestamp() END, $3, $5, $4, session_user, {host}, {collection},
       $1
 WHERE """
    + UNTOUCHED
    + " RETURNING 1) SELECT (SELECT 1 / count(*) FROM recorded), {locked}, "
    + KEEP_HELD
    + ";"
)

RECORD = "EXECUTE %s (%%s, %%s, %%s, %%s, %%s, %%s)"

# Behind the record, in its message: ends the transaction, begins the next one in its mode, and returns what was held.
COMMIT_AND_CHAIN = "; COMMIT AND CHAIN; SELECT NULL, pg_catalog.current_setting('pgops.held')"

# Its arguments: event, version, name, duration, and the version's spellings.
PREPARE_ERASE = (
    """
PREPARE {prepared} (text, text, text, bigint, text[]) AS
WITH logged AS (
  INSERT INTO {log} (event, version, name, duration_ms, done_by, done_from, collection_version)
  VALUES ($1, $2, $3, $4, session_user, {host}, {collection})),
erased AS (DELETE FROM {table} WHERE version = ANY($5) AND """
    + UNTOUCHED
    + " RETURNING 1) SELECT (SELECT 1 / count(*) FROM erased), {locked}, "
    + KEEP_HELD
    + ";"
)

ERASE = "EXECUTE %s (%%s, %%s, %%s, %%s, %%s)"

REPLACE = "DELETE FROM {table} WHERE version = ANY({spellings});"

LOG = """
INSERT INTO {log} (event, version, name, duration_ms, done_by, done_from, collection_version, detail)
VALUES (%s, %s, %s, %s, session_user, %s, %s, %s) RETURNING id
"""

LOG_POSITION = "UPDATE {log} SET detail = %s WHERE id = %s"

# Begun, and neither ended nor marked since; whether an error ended it.
UNFINISHED = """
SELECT version, detail, pg_catalog.to_char(logged, 'YYYY-MM-DD HH24:MI:SS TZ'), done_by, failed, xmin
  FROM (SELECT DISTINCT ON (l.version) l.version, l.event, l.detail, l.logged, l.done_by, l.xmin::text AS xmin,
               EXISTS (SELECT 1 FROM {log} f WHERE f.version = l.version AND f.id > l.id AND f.event = 'failed')
                 AS failed
          FROM {log} l WHERE l.event <> 'failed' AND l.version = ANY(%s) ORDER BY l.version, l.id DESC) AS last
 WHERE event = 'started'
"""

# A history that was restored into another cluster may tell of transactions that this one never had.
COMMITTED = """
SELECT CASE WHEN %(number)s < pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())
            THEN pg_catalog.txid_status(%(number)s) = 'committed' END
"""

# The indexes that have become valid since a transaction.
BUILT_SINCE = """
SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
 WHERE i.indisvalid AND pg_catalog.age(i.xmin) < pg_catalog.age(%s::pg_catalog.xid)
"""

# The schema that the last run left: which history it goes with, the major version of the pg_dump that took it, and the
# statements, compressed.
LAST_SNAPSHOT = """
SELECT pg_catalog.to_char(taken, 'YYYY-MM-DD HH24:MI:SS TZ'), EXTRACT(epoch FROM taken)::float,
       applied, pg_dump, digest, body
  FROM {snapshot}
"""

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
STORE_SNAPSHOT = (
    "DELETE FROM {snapshot}; INSERT INTO {snapshot} (applied, pg_dump, digest, body) VALUES (%s, %s, %s, %s)"
)

# Whether the log tells of anything that counts: a run that failed at its first migration has left none.
KNOWS = """
SELECT EXISTS (SELECT 1 FROM {log} WHERE event = ANY(%s))
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

CLEAR = "DELETE FROM {table}"

COPY_ROW = "INSERT INTO {table} (version, applied, name, checksum, event) VALUES (%s, %s, %s, %s, %s)"

LAST_FAILED = """
SELECT version FROM (SELECT DISTINCT ON (version) version, event FROM {log} ORDER BY version, id DESC) AS last
 WHERE event = 'failed'
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

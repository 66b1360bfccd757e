# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQL of the history tables. {table} and {log} are their names; values are bound.

What the log says of a version counts for the history's row of that version only where both have the same time.
"""

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
    + """ FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       ARRAY(SELECT a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
               FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = pg_catalog.to_regclass(%(log)s) AND a.attnum > 0 AND NOT a.attisdropped)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = pg_catalog.to_regclass(%(table)s)
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

# The history is db-migrator's own table, for it has to go on working, and stumbles over any further column. ``applied``
# is null for a deferred migration. Versions aren't unique: db-migrator adds a row whenever a migration runs again.
# All else is in the log: ``applied`` there is that of the row that was written with it, ``event`` how it came to be.
CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS {table} (version text NOT NULL, applied timestamptz DEFAULT now());
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
  detail text,
  checksum text,
  applied timestamptz);
CREATE TABLE IF NOT EXISTS {snapshot} (
  taken timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  applied text NOT NULL,
  pg_dump integer NOT NULL,
  digest text NOT NULL,
  body bytea NOT NULL);
"""

# For a log of 0.1.0's. To alter it takes its owner, so it is done only where it is needed.
ADD_TO_LOG = """
ALTER TABLE {log} ADD COLUMN IF NOT EXISTS checksum text, ADD COLUMN IF NOT EXISTS applied timestamptz
"""

NAME_REPOSITORY = "COMMENT ON TABLE {table} IS %s"

ROWS = """
SELECT t.version, pg_catalog.to_char(t.applied AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       {name}, {checksum}, {event}, {detail}
  FROM {table} t LEFT JOIN {tied} ORDER BY t.applied NULLS FIRST, t.version, l.id
"""

# What the log tells of a row: a row of another tool's has nothing there. A deferred one has no time.
TIED = """
{log} l ON l.version = t.version
       AND coalesce(l.applied, '-infinity') = coalesce(t.applied, '-infinity')
       AND (l.applied IS NOT NULL OR l.event = 'deferred')
"""
UNTIED = "(SELECT 0 AS id) AS l ON true"

# How a column is read: of the log, of a history that 0.1.0 has given further columns, of both.
OF_LOG, OF_TABLE, OF_BOTH, OF_NEITHER = "l.{0}", "t.{0}", "coalesce(l.{0}, t.{0})", "NULL"

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
# checksum, whether it is deferred, and the log's detail. The clock is read once, for the row and what the log says of
# it.
PREPARE_RECORD = (
    """
PREPARE {prepared} (text, text, text, bigint, text, boolean, text) AS
WITH now AS (SELECT CASE WHEN $6 THEN NULL ELSE pg_catalog.clock_timestamp() END AS applied),
logged AS (
  INSERT INTO {log} (event, version, name, duration_ms, done_by, done_from, collection_version, checksum, applied,
                     detail)
  SELECT $1, $2, $3, $4, session_user, {host}, {collection}, $5, applied, $7 FROM now),
recorded AS (
  INSERT INTO {table} (version, applied{wide})
  SELECT $2, applied{wide_values} FROM now WHERE """
    + UNTOUCHED
    + " RETURNING 1) SELECT (SELECT 1 / count(*) FROM recorded), {locked}, "
    + KEEP_HELD
    + ";"
)

# What 0.1.0 has added to its history, and goes on to read there: each with its value in the record.
WIDE = {
    "name": "$3",
    "checksum": "$5",
    "duration_ms": "$4",
    "applied_by": "session_user",
    "applied_from": "{host}",
    "collection_version": "{collection}",
    "event": "$1",
}

RECORD = "EXECUTE %s (%%s, %%s, %%s, %%s, %%s, %%s, %%s)"

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

# The schema that the last run left: which history it goes with, the major version of the pg_dump that took it, and the
# statements, compressed.
LAST_SNAPSHOT = """
SELECT pg_catalog.to_char(taken, 'YYYY-MM-DD HH24:MI:SS TZ'), EXTRACT(epoch FROM taken)::float,
       applied, pg_dump, digest, body
  FROM {snapshot}
"""

STORE_SNAPSHOT = (
    "DELETE FROM {snapshot}; INSERT INTO {snapshot} (applied, pg_dump, digest, body) VALUES (%s, %s, %s, %s)"
)

# Whether the log tells of anything that counts: a run that failed at its first migration has left none.
KNOWS = """
SELECT EXISTS (SELECT 1 FROM {log} WHERE event = ANY(%s))
"""

CLEAR = "DELETE FROM {table}"

# Rows of another tool's have no event, and nothing in the log.
COPY_ROWS = """
WITH source AS (
  SELECT * FROM ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::timestamptz[]),
                           pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[]))
      AS s(version, applied, name, checksum, event)),
logged AS (
  INSERT INTO {log} (event, version, name, done_by, done_from, collection_version, checksum, applied)
  SELECT event, version, name, session_user, %s, %s, checksum, applied FROM source
   WHERE event IS NOT NULL)
INSERT INTO {table} (version, applied{wide}) SELECT version, applied{wide} FROM source
"""

TOLD = """
SELECT detail, pg_catalog.to_char(logged AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  FROM {log} WHERE event = %s ORDER BY id
"""

LAST = """
SELECT version FROM (SELECT DISTINCT ON (version) version, event FROM {log} WHERE version IS NOT NULL
                      ORDER BY version, id DESC) AS last
 WHERE event = %s
"""

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements that read what a session holds of tables that were there before the run, and what it has made of them.

What was there before has no oid above the latest one then. Most of what a run itself makes has; it is passed over, and
costs nothing.
"""

from __future__ import annotations

# How a table is kept: in which tablespace, logged or not, by which access method.
LAYOUT = "pg_catalog.concat_ws(' ', c.reltablespace, c.relpersistence, c.relam)"
# What an encoding of no name lets names be: any bytes, of which no client makes letters.
ESCAPED = "pg_catalog.encode(pg_catalog.convert_to({}, 'SQL_ASCII'), 'escape')"
COLUMN = "a.attname::text"
KEY = "pg_catalog.quote_ident(k.conname)"
NAME = "c.relnamespace::pg_catalog.regnamespace::text || '.' || pg_catalog.quote_ident(c.relname)"

# Every table, partition and view of the database, as it is before the run. Of each column by its number: its name, ''
# once it is dropped; and whether it may not be NULL.
SURVEY = """
SELECT c.oid::bigint, {name}, c.relkind::text, c.relfilenode::bigint, {layout}, a.columns, a.not_null,
       (SELECT pg_catalog.min(i.inhparent::bigint) FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid),
       c.relispartition
  FROM pg_catalog.pg_class c
  LEFT JOIN (SELECT a.attrelid,
                    pg_catalog.array_agg(CASE WHEN a.attisdropped THEN '' ELSE {column} END ORDER BY a.attnum)
                      AS columns,
                    pg_catalog.string_agg(CASE WHEN a.attnotnull THEN '1' ELSE '0' END, '' ORDER BY a.attnum)
                      AS not_null
               FROM pg_catalog.pg_attribute a
              WHERE a.attnum > 0 AND a.attrelid >= 16384 GROUP BY a.attrelid) a ON a.attrelid = c.oid
 WHERE c.relkind IN ('r', 'p', 'm', 'v') AND c.oid >= 16384 AND c.relpersistence <> 't'
"""

# The latest oid, and the tables of ours.
EDGES = """
SELECT greatest((SELECT pg_catalog.max(oid::bigint) FROM pg_catalog.pg_class),
                (SELECT pg_catalog.max(oid::bigint) FROM pg_catalog.pg_constraint)),
       ARRAY(SELECT pg_catalog.to_regclass(w)::oid::bigint FROM pg_catalog.unnest(%s::text[]) AS w)
"""

ANY_TABLE = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'm') AND oid >= 16384)"

# What the session holds of these relations now, and how each looks to it. Stands inside the record of a step, so it has
# as few parts as can be: each costs something to begin with, also where it has nothing to do. Beside what is held: how
# many events of this run are still in the session's counts; whether it has made and dropped a table, as one that is
# written anew does; and the names of views that it has made.
HELD = """
(WITH locks AS MATERIALIZED (
   SELECT l.relation, l.mode FROM pg_catalog.pg_locks l
    WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid() AND l.granted AND l.relation >= 16384
      AND l.mode IN ('RowExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')),
 mine AS (
   SELECT relation AS oid, pg_catalog.json_agg(mode) AS modes, pg_catalog.bool_or(mode <> 'RowExclusiveLock') AS strong,
          pg_catalog.bool_or(mode = 'AccessExclusiveLock') AS exclusive
     FROM locks WHERE relation::bigint <= {latest} AND relation::bigint <> ALL ({own}) GROUP BY relation)
 SELECT CASE WHEN pg_catalog.count(*) > 0 THEN pg_catalog.json_build_array(
   CASE WHEN pg_catalog.current_setting('track_counts')::pg_catalog.bool
        THEN pg_catalog.pg_stat_get_xact_tuples_inserted({log}::oid) END,
   CASE WHEN pg_catalog.bool_or(m.exclusive) THEN (
     SELECT pg_catalog.json_build_array(pg_catalog.bool_or(c.oid IS NULL),
                                        pg_catalog.json_agg({name}) FILTER (WHERE c.relkind IN ('v', 'm')))
       FROM locks k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.relation
      WHERE k.relation::bigint > {latest} AND k.mode = 'AccessExclusiveLock') END,
   pg_catalog.json_agg(pg_catalog.json_build_array(
     m.oid::bigint, m.modes, c.oid IS NOT NULL, {name}, c.relfilenode::bigint, {layout}, c.relispartition,
     pg_catalog.pg_stat_get_xact_tuples_inserted(m.oid), pg_catalog.pg_stat_get_xact_tuples_updated(m.oid),
     pg_catalog.pg_stat_get_xact_tuples_deleted(m.oid), pg_catalog.pg_stat_get_xact_numscans(m.oid),
     CASE WHEN m.strong AND c.oid IS NOT NULL THEN {details} END))) END
   FROM mine m LEFT JOIN pg_catalog.pg_class c ON c.oid = m.oid
  WHERE c.oid IS NULL OR c.relkind IN ('r', 'p', 'm', 'v'))
"""

# Of a table that is locked for more than writing rows, what the open transaction has made of it: a row of a catalog
# that it has written has no age. Its columns, its indexes, its constraints.
DETAILS = """
pg_catalog.json_build_array(
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
            a.attnum, CASE WHEN a.attisdropped THEN '' ELSE {column} END, a.attnotnull) ORDER BY a.attnum)
     FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND pg_catalog.age(a.xmin) <= 0),
  (SELECT pg_catalog.json_build_array(
            pg_catalog.count(*), pg_catalog.bool_or(x.indisclustered),
            pg_catalog.sum(pg_catalog.pg_stat_get_xact_numscans(x.indexrelid)),
            pg_catalog.json_agg(x.indexrelid::bigint)
              FILTER (WHERE x.indexrelid::bigint > {latest} AND pg_catalog.age(x.xmin) <= 0))
     FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid),
  (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
            k.oid::bigint, k.contype = 'f', k.convalidated,
            k.contype = 'c' OR k.conparentid <> 0 OR EXISTS (
              SELECT 1 FROM pg_catalog.pg_index x
               WHERE x.indrelid = c.oid AND x.indpred IS NULL
                 AND (x.indkey::pg_catalog.int2[])[0:pg_catalog.cardinality(k.conkey) - 1] @> k.conkey),
            {key}))
     FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype IN ('c', 'f') AND k.oid::bigint > {latest} AND pg_catalog.age(k.xmin) <= 0))
"""

# How large the real tables are, a partitioned one with its partitions; of one without statistics the rows aren't known.
SIZES = """
SELECT t.key, CASE WHEN c.relkind = 'p' THEN p.size ELSE pg_catalog.pg_total_relation_size(c.oid) END,
       CASE WHEN c.relkind = 'p' THEN p.rows ELSE nullif(c.reltuples, -1) END::bigint
  FROM pg_catalog.unnest(%s) AS t(key) JOIN pg_catalog.pg_class c ON c.oid = {found} AND c.relkind IN ('r', 'p', 'm')
  LEFT JOIN LATERAL (
    SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(e.relid))::bigint AS size,
           CASE WHEN pg_catalog.bool_and(k.reltuples >= 0) THEN pg_catalog.sum(k.reltuples) END AS rows
      FROM pg_catalog.pg_partition_tree(c.oid) AS e JOIN pg_catalog.pg_class k ON k.oid = e.relid
     WHERE e.isleaf) AS p ON c.relkind = 'p'
"""
BY_NAME, BY_OID = "pg_catalog.to_regclass(t.key)", "t.key::oid"

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements that read in a copy's catalogs what a plan asks of the rows of tables.

A row of a catalog that the plan has written is known by its xmin: it isn't older than the transaction that came after
the look before the run. So a look costs little, however many tables there are.
"""

from __future__ import annotations

# Literals in expressions are printed as settings say; what is printed here is read by another session.
PRINTING = """
SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres';
SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; SET LOCAL standard_conforming_strings = on;
SET LOCAL quote_all_identifiers = off;
"""
BEGIN_LOOK = "SAVEPOINT pgops_look; " + PRINTING
END_LOOK = "ROLLBACK TO SAVEPOINT pgops_look; RELEASE SAVEPOINT pgops_look"

TABLES = """
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text, c.relfilenode::bigint,
       coalesce((SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attnum, a.attname, a.atttypid::bigint,
                          a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull))
                   FROM pg_catalog.pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]')
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384
"""

# What holds already; which tables belong together; and the transaction that comes next.
STANDING = """
SELECT (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(oid::bigint, conrelid::bigint, conname))
          FROM pg_catalog.pg_constraint WHERE convalidated),
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(i.indexrelid::bigint, i.indrelid::bigint, c.relname))
          FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
         WHERE i.indisvalid AND (i.indisunique OR i.indisexclusion)),
       (SELECT pg_catalog.array_agg(oid::bigint) FROM pg_catalog.pg_type WHERE typtype = 'd' AND typnotnull),
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(conrelid::bigint, conkey[1]))
          FROM pg_catalog.pg_constraint WHERE contype = 'n' AND NOT convalidated AND conrelid <> 0),
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(i.inhparent::bigint, i.inhrelid::bigint))
          FROM pg_catalog.pg_inherits i
          JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p', 'f')),
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(confrelid::bigint, conrelid::bigint))
          FROM pg_catalog.pg_constraint
         WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))),
       (pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) % 4294967296)::text
"""

YOUNG = "pg_catalog.age({row}.xmin) <= pg_catalog.age({start}::pg_catalog.xid)"

COLUMNS = """
SELECT a.attrelid::bigint, a.attnum, a.attname, a.atttypid::bigint, a.atttypmod,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       a.attnotnull AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint n WHERE n.conrelid = a.attrelid
                                       AND n.contype = 'n' AND NOT n.convalidated AND n.conkey[1] = a.attnum),
       a.atthasdef,
       CASE WHEN a.attidentity <> '' THEN 'sequence' WHEN a.attgenerated <> '' THEN 'expression'
            WHEN pg_catalog.pg_get_expr(f.adbin, f.adrelid) ~ '^nextval\\(' THEN 'sequence' END,
       (a.attmissingval::pg_catalog.text::pg_catalog.text[])[1], {young_type},
       (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e
         WHERE e.enumtypid = a.atttypid)
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm')
  LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
 WHERE a.attnum > 0 AND NOT a.attisdropped AND {young}
"""

CONSTRAINTS = """
SELECT k.oid::bigint, k.contype::text, k.conname, k.conrelid::bigint, k.conkey::int[],
       pg_catalog.pg_get_expr(k.conbin, k.conrelid), k.confrelid::bigint, k.confkey::int[], k.confmatchtype = 'f',
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, o.oprname) ORDER BY u.place)
          FROM pg_catalog.unnest(k.conpfeqop) WITH ORDINALITY AS u(operator, place)
          JOIN pg_catalog.pg_operator o ON o.oid = u.operator
          JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace),
       k.connoinherit, (pg_catalog.to_jsonb(k) ->> 'conperiod')::pg_catalog.bool
  FROM pg_catalog.pg_constraint k
 WHERE k.contype IN ('c', 'f', 'n') AND k.convalidated AND k.conrelid <> 0 AND {young}
   AND NOT (k.conparentid <> 0 OR (k.coninhcount > 0 AND NOT k.conislocal))
"""

# Each column of a domain is a question of its own. A domain over a domain passes its constraints on.
DOMAINS = """
WITH RECURSIVE asked AS (
  SELECT k.oid AS object, k.conname AS name, k.contypid AS type, pg_catalog.pg_get_expr(k.conbin, 0) AS expression
    FROM pg_catalog.pg_constraint k
   WHERE k.contype = 'c' AND k.convalidated AND k.contypid <> 0 AND {young}
   UNION ALL
  SELECT t.oid, t.typname, t.oid, NULL FROM pg_catalog.pg_type t WHERE t.typtype = 'd' AND t.typnotnull AND {young_type}
), reaching AS (
  SELECT object, name, type, expression FROM asked
   UNION ALL
  SELECT r.object, r.name, t.oid, r.expression
    FROM reaching r JOIN pg_catalog.pg_type t ON t.typbasetype = r.type AND t.typtype = 'd')
SELECT r.object::bigint, r.name, a.attrelid::bigint, a.attnum, r.expression
  FROM reaching r JOIN pg_catalog.pg_attribute a ON a.atttypid = r.type AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm')
"""

# A table that becomes a partition has to fit; so has a default partition that gets a sibling.
PARTITIONS = """
WITH asked AS (
  SELECT i.inhrelid AS oid FROM pg_catalog.pg_inherits i WHERE {young}
   UNION
  SELECT p.partdefid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = i.inhparent
   WHERE p.partdefid <> 0 AND {young}
), defined AS (
  SELECT c.oid, c.relname, pg_catalog.pg_get_partition_constraintdef(c.oid) AS expression
    FROM asked a JOIN pg_catalog.pg_class c ON c.oid = a.oid AND c.relispartition AND c.relkind IN ('r', 'p'))
SELECT d.oid::bigint, d.relname, d.expression,
       ARRAY(SELECT a.attnum::int FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = d.oid AND a.attnum > 0 AND NOT a.attisdropped
                AND pg_catalog.strpos(d.expression, pg_catalog.quote_ident(a.attname)) > 0),
       EXISTS (SELECT 1 FROM pg_catalog.pg_partition_ancestors(d.oid) AS t
                 JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = t.relid
                WHERE t.relid <> d.oid AND (p.partexprs IS NOT NULL OR p.partstrat = 'h'))
  FROM defined d WHERE d.expression IS NOT NULL
"""

# A column of an index is a number, an expression is 0. Only the equality of a default operator class is GROUP BY's.
INDEXES = """
SELECT i.indexrelid::bigint, coalesce(k.contype::text, 'i'), coalesce(k.conname, c.relname), i.indrelid::bigint,
       (i.indkey::pg_catalog.int2[]::int[])[0:i.indnkeyatts - 1],
       ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, g, false)
               FROM pg_catalog.generate_series(1, i.indnkeyatts) AS g ORDER BY g),
       pg_catalog.pg_get_expr(i.indpred, i.indrelid),
       coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::pg_catalog.bool, false),
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, o.oprname) ORDER BY u.place)
          FROM pg_catalog.unnest(k.conexclop) WITH ORDINALITY AS u(operator, place)
          JOIN pg_catalog.pg_operator o ON o.oid = u.operator
          JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace),
       ARRAY(SELECT d.refobjsubid FROM pg_catalog.pg_depend d
              WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid
                AND d.refclassid = d.classid AND d.refobjid = i.indrelid AND d.refobjsubid > 0),
       EXISTS (SELECT 1 FROM pg_catalog.unnest(i.indclass::pg_catalog.oid[]) AS u(class)
                 JOIN pg_catalog.pg_opclass o ON o.oid = u.class WHERE NOT o.opcdefault)
       OR EXISTS (SELECT 1 FROM ROWS FROM (pg_catalog.unnest(i.indkey::pg_catalog.int2[]),
                                    pg_catalog.unnest(i.indcollation::pg_catalog.oid[])) AS u(number, sorted)
                    JOIN pg_catalog.pg_collation l ON l.oid = u.sorted AND NOT l.collisdeterministic
                    LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.number
                   WHERE a.attcollation IS DISTINCT FROM u.sorted)
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
 WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid AND {young}
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits h WHERE h.inhrelid = i.indexrelid)
"""

# What these objects call, by names that another database of the same schema can look up.
USES = """
WITH object AS (
  SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass AS class, k.oid FROM pg_catalog.pg_constraint k WHERE {young}
   UNION ALL
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid FROM pg_catalog.pg_index i WHERE {young_index}),
depends AS (
  SELECT o.oid, d.refclassid, d.refobjid FROM object o
    JOIN pg_catalog.pg_depend d ON d.classid = o.class AND d.objid = o.oid)
SELECT d.oid::bigint, 'function', p.oid::pg_catalog.regprocedure::text, {young_function}, p.provolatile <> 'i'
  FROM depends d JOIN pg_catalog.pg_proc p
    ON p.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
 UNION
SELECT d.oid::bigint, 'operator', o.oid::pg_catalog.regoperator::text, {young_operator} OR {young_function},
       p.provolatile <> 'i'
  FROM depends d JOIN pg_catalog.pg_operator o
    ON o.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
  JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
 UNION
SELECT d.oid::bigint, 'type', pg_catalog.format_type(t.oid, NULL), {young_type}, false
  FROM depends d JOIN pg_catalog.pg_type t
    ON t.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass
"""

PARTS = """
SELECT i.inhparent::bigint, i.inhrelid::bigint
  FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p', 'f')
"""

# Functions in SQL or a procedural language that may write: what they do isn't seen where they are called for no row.
WRITING_FUNCTIONS = """
SELECT coalesce(pg_catalog.array_agg(DISTINCT pg_catalog.lower(p.proname)), '{}')
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE p.oid >= 16384 AND p.provolatile = 'v' AND l.lanname NOT IN ('c', 'internal')
   AND p.prorettype <> 'pg_catalog.trigger'::pg_catalog.regtype
"""

# What the session has locked until now: to write rows, or to read them; and whether triggers follow, of which there is
# nothing to see where no row is.
LOCKED = """
SELECT l.relation::bigint, pg_catalog.bool_or(l.mode = 'RowExclusiveLock'),
       pg_catalog.bool_or(l.mode IN ('AccessShareLock', 'RowShareLock')), c.relfilenode::bigint,
       EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                WHERE t.tgrelid = l.relation AND NOT t.tgisinternal AND t.tgtype & 1 = 1 AND t.tgtype & 2 = 0)
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
 WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid() AND l.granted AND l.relation >= 16384
   AND c.relkind IN ('r', 'p', 'm', 'v', 'f')
 GROUP BY l.relation, c.relfilenode
"""

OIDS = "SELECT pg_catalog.to_regclass(w)::pg_catalog.oid::bigint FROM pg_catalog.unnest(%s::text[]) AS w"

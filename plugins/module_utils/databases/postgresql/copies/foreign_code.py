# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs code of an owner's as a schema is made: with the rights of a superuser, where one makes it.

A generated column's expression, and the key of a partitioned table, are simplified when the table is made: a function
of theirs that calls itself immutable is called for that, as whoever makes it (tried on PostgreSQL 15 to 18). Indexes,
materialized views and constraints switch to the owner first; defaults, views, policies and triggers aren't run.
"""

from __future__ import annotations

from typing import Any, List, Tuple

from .... import deps

CODE = """
WITH expression AS (
  SELECT d.objid, d.classid, a.adrelid AS relation
    FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid AND d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    JOIN pg_catalog.pg_attribute c ON c.attrelid = a.adrelid AND c.attnum = a.adnum AND c.attgenerated <> ''
   UNION
  SELECT p.partrelid, 'pg_catalog.pg_class'::pg_catalog.regclass, p.partrelid FROM pg_catalog.pg_partitioned_table p),
called AS (
  SELECT e.relation, coalesce(o.oprcode, d.refobjid) AS function
    FROM expression e
    JOIN pg_catalog.pg_depend d ON d.classid = e.classid AND d.objid = e.objid
    LEFT JOIN pg_catalog.pg_operator o
      ON o.oid = d.refobjid AND d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
   WHERE d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass))
SELECT DISTINCT pg_catalog.format('"%s"."%s"', pg_catalog.replace(n.nspname, '"', '""'),
                                  pg_catalog.replace(c.relname, '"', '""')),
       pg_catalog.format('%s.%s', fn.nspname, f.proname), r.rolname
  FROM called
  JOIN pg_catalog.pg_class c ON c.oid = called.relation
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_proc f ON f.oid = called.function
  JOIN pg_catalog.pg_namespace fn ON fn.oid = f.pronamespace
  JOIN pg_catalog.pg_roles r ON r.oid = f.proowner
 WHERE NOT r.rolsuper
 ORDER BY 1, 2
"""


def code_of_others(connection: Any) -> List[Tuple[str, str, str]]:
    """Return the tables that can't be made without running code of somebody who is no superuser.

    :returns: the table's quoted name, the function, and who owns that.
    """
    with connection.cursor() as cursor:
        cursor.execute(CODE)
        return list(cursor.fetchall())


# What lets a login run programs or read files on the server, itself or as somebody that it may become.
POWERS = """
SELECT r.rolname FROM pg_catalog.pg_roles r
 WHERE (r.rolsuper OR r.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
   AND pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER')
 ORDER BY r.rolname
"""


# Where a name may have a line break in it that a dump would print in a comment.
NAMED = (
    *(("pg_class", "relname"), ("pg_namespace", "nspname"), ("pg_proc", "proname"), ("pg_type", "typname")),
    *(("pg_constraint", "conname"), ("pg_trigger", "tgname"), ("pg_rewrite", "rulename"), ("pg_policy", "polname")),
    *(
        ("pg_collation", "collname"),
        ("pg_conversion", "conname"),
        ("pg_opclass", "opcname"),
        ("pg_opfamily", "opfname"),
    ),
    *(("pg_statistic_ext", "stxname"), ("pg_event_trigger", "evtname"), ("pg_publication", "pubname")),
    *(("pg_foreign_server", "srvname"), ("pg_foreign_data_wrapper", "fdwname"), ("pg_roles", "rolname")),
    *(("pg_ts_config", "cfgname"), ("pg_ts_dict", "dictname"), ("pg_ts_parser", "prsname"), ("pg_language", "lanname")),
)
BROKEN_NAMES = "SELECT {column}::pg_catalog.text FROM pg_catalog.{catalog} WHERE {column} ~ E'[\\n\\r]'"


def names_with_line_breaks(connection: Any) -> List[str]:
    """Return the names that a pg_dump without that fix would print as statements."""
    parts = [
        deps.sql.SQL(BROKEN_NAMES).format(catalog=deps.sql.Identifier(catalog), column=deps.sql.Identifier(column))
        for catalog, column in NAMED
    ]
    with connection.cursor() as cursor:
        cursor.execute(deps.sql.SQL(" UNION ALL ").join(parts))
        return [row[0] for row in cursor.fetchall()]


def powers(connection: Any) -> List[str]:
    """Return the roles that let the login do on the server what a foreign schema must not."""
    with connection.cursor() as cursor:
        cursor.execute(POWERS)
        return [row[0] for row in cursor.fetchall()]

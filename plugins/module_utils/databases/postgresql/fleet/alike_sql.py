# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A schema as lines that are the same in another database of the server, exactly where pg_dump's output would be.

A row of a catalog counts as a whole, without what is different in each database: numbers of objects, for which their
names stand, and what changes without anybody's changing the schema. So a column of a later server counts by itself;
where it is such a number, two databases look different that aren't, which costs a rehearsal and hides nothing. Numbers
of roles and tablespaces are the same in all databases of a server.

What is none of the kinds here (UNSURE) only a dump can tell.
"""

from __future__ import annotations

# In each, search_path is pg_catalog: so names come with their schemas. What has a number below 16384, initdb has made.
LINES = (
    # the database itself, and what it and the role set
    """
    SELECT jsonb_build_array('database', to_jsonb(d) - '{oid,datname,datfrozenxid,datminmxid,datlastsysoid}'::text[])
      FROM pg_database d WHERE d.datname = current_database()""",
    """
    SELECT jsonb_build_array('setting', s.setdatabase <> 0, s.setrole, s.setconfig) FROM pg_db_role_setting s
     WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        OR s.setdatabase = 0 AND s.setrole = current_user::regrole""",
    """
    SELECT jsonb_build_array('schema', to_jsonb(n) - 'oid') FROM pg_namespace n
     WHERE n.nspname !~ '^pg_(toast|temp|toast_temp)'""",
    """
    SELECT jsonb_build_array('extension', to_jsonb(e) - '{oid,extnamespace,extconfig}'::text[],
                             e.extnamespace::regnamespace, e.extconfig::regclass[]::text[])
      FROM pg_extension e""",
    """
    SELECT jsonb_build_array('language', l.lanname, l.lanowner, l.lanpltrusted, l.lanacl) FROM pg_language l""",
    # relations, their columns, and what hangs on them
    """
    SELECT jsonb_build_array('relation', c.oid::regclass, am.amname, c.reloftype::regtype,
             to_jsonb(c) - '{oid,relname,relnamespace,reltype,reloftype,relam,relfilenode,relpages,reltuples,
               relallvisible,relallfrozen,reltoastrelid,relhasindex,relhasrules,relhastriggers,relhassubclass,
               relrewrite,relfrozenxid,relminmxid,relpartbound,relnatts,relchecks}'::text[],
             pg_get_expr(c.relpartbound, c.oid), toast.reloptions,
             CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) WHEN 'v' THEN pg_get_viewdef(c.oid)
                            WHEN 'm' THEN pg_get_viewdef(c.oid) END)
      FROM pg_class c
      LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
     WHERE c.oid >= 16384 AND c.relkind <> 't' AND c.relpersistence <> 't'
       AND c.relnamespace <> 'pg_toast'::regnamespace""",
    """
    SELECT jsonb_build_array('column', c.oid::regclass, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
             to_jsonb(a) - '{attrelid,atttypid,attnum,attcacheoff,atthasmissing,attmissingval,attcollation}'::text[],
             format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid))
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid >= 16384 AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 't' AND c.relpersistence <> 't'
       AND c.relnamespace <> 'pg_toast'::regnamespace""",
    """
    SELECT jsonb_build_array('constraint', k.conrelid::regclass, k.contypid::regtype, k.conindid::regclass,
             k.conparentid <> 0, pg_get_constraintdef(k.oid),
             to_jsonb(k) - '{oid,connamespace,conrelid,contypid,conindid,conparentid,confrelid,conkey,confkey,conpfeqop,
               conppeqop,conffeqop,confdelsetcols,conexclop,conbin}'::text[])
      FROM pg_constraint k WHERE k.oid >= 16384""",
    """
    SELECT jsonb_build_array('index', pg_get_indexdef(i.indexrelid),
             to_jsonb(i) - '{indexrelid,indrelid,indnatts,indnkeyatts,indkey,indcollation,indclass,indoption,indexprs,
               indpred,indcheckxmin}'::text[])
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE i.indexrelid >= 16384 AND c.relkind <> 't' AND c.relpersistence <> 't'""",
    """
    SELECT jsonb_build_array('inherits', i.inhrelid::regclass, i.inhparent::regclass,
             to_jsonb(i) - '{inhrelid,inhparent}'::text[])
      FROM pg_inherits i""",
    """
    SELECT jsonb_build_array('trigger', t.tgrelid::regclass, t.tgenabled, t.tgparentid <> 0, pg_get_triggerdef(t.oid))
      FROM pg_trigger t WHERE NOT t.tgisinternal""",
    """
    SELECT jsonb_build_array('rule', r.ev_class::regclass, r.ev_enabled, pg_get_ruledef(r.oid))
      FROM pg_rewrite r WHERE r.oid >= 16384 AND r.rulename <> '_RETURN'""",
    """
    SELECT jsonb_build_array('policy', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles,
             pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
      FROM pg_policy p""",
    """
    SELECT jsonb_build_array('sequence', s.seqrelid::regclass, s.seqtypid::regtype,
             to_jsonb(s) - '{seqrelid,seqtypid}'::text[], d.refobjid::regclass, a.attname, d.deptype)
      FROM pg_sequence s
      LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.objsubid = 0
                           AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
      LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid""",
    """
    SELECT jsonb_build_array('statistics', pg_get_statisticsobjdef(s.oid),
             to_jsonb(s) - '{oid,stxrelid,stxnamespace,stxkeys,stxexprs}'::text[])
      FROM pg_statistic_ext s""",
    # types and functions; those of an extension are told by its version
    """
    SELECT jsonb_build_array('type', t.oid::regtype, format_type(t.typbasetype, t.typtypmod),
             t.typcollation::regcollation,
             to_jsonb(t) - '{oid,typname,typnamespace,typrelid,typelem,typarray,typbasetype,typcollation,
               typdefaultbin}'::text[])
      FROM pg_type t WHERE t.oid >= 16384 AND t.typtype IN ('d', 'e')
     UNION ALL
    SELECT jsonb_build_array('composite type', t.oid::regtype, t.typowner, t.typacl)
      FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' WHERE t.oid >= 16384""",
    """
    SELECT jsonb_build_array('label', e.enumtypid::regtype, e.enumlabel,
             row_number() OVER (PARTITION BY e.enumtypid ORDER BY e.enumsortorder))
      FROM pg_enum e""",
    """
    SELECT jsonb_build_array('function', p.oid::regprocedure, p.proowner, pg_get_functiondef(p.oid))
      FROM pg_proc p
     WHERE p.oid >= 16384 AND p.prokind <> 'a'
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')""",
    # grants, also on what belongs to the system or an extension; those on relations of ours are with them
    """
    SELECT jsonb_build_array('grant', c.oid::regclass, c.relacl) FROM pg_class c
     WHERE c.oid < 16384 AND c.relacl IS NOT NULL""",
    """
    SELECT jsonb_build_array('grant', a.attrelid::regclass, a.attname, a.attacl) FROM pg_attribute a
     WHERE a.attrelid < 16384 AND a.attacl IS NOT NULL""",
    """
    SELECT jsonb_build_array('grant', p.oid::regprocedure, p.proacl) FROM pg_proc p WHERE p.proacl IS NOT NULL""",
    """
    SELECT jsonb_build_array('grant', t.oid::regtype, t.typacl) FROM pg_type t WHERE t.typacl IS NOT NULL""",
    """
    SELECT jsonb_build_array('default grants', d.defaclrole, d.defaclnamespace::regnamespace, d.defaclobjtype,
             d.defaclacl)
      FROM pg_default_acl d""",
    # what is said of all these
    """
    SELECT jsonb_build_array('comment', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
      FROM pg_description d
     WHERE (d.objoid >= 16384 OR d.objoid = 'public'::regnamespace::oid AND d.classoid = 'pg_namespace'::regclass)
       AND NOT EXISTS (SELECT FROM pg_depend e
                        WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')""",
    """
    SELECT jsonb_build_array('label', l.provider, pg_describe_object(l.classoid, l.objoid, l.objsubid), l.label)
      FROM pg_seclabel l""",
)

UNSURE = """
SELECT EXISTS (
  SELECT FROM (
    SELECT 'pg_operator'::regclass AS catalog, oid FROM pg_operator
    UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass
    UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily
    UNION ALL SELECT 'pg_cast'::regclass, oid FROM pg_cast
    UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation
    UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion
    UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config
    UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict
    UNION ALL SELECT 'pg_ts_parser'::regclass, oid FROM pg_ts_parser
    UNION ALL SELECT 'pg_ts_template'::regclass, oid FROM pg_ts_template
    UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
    UNION ALL SELECT 'pg_event_trigger'::regclass, oid FROM pg_event_trigger
    UNION ALL SELECT 'pg_publication'::regclass, oid FROM pg_publication
    UNION ALL SELECT 'pg_am'::regclass, oid FROM pg_am
    UNION ALL SELECT 'pg_transform'::regclass, oid FROM pg_transform
    UNION ALL SELECT 'pg_language'::regclass, oid FROM pg_language
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE prokind = 'a' AND oid >= 16384
    UNION ALL SELECT 'pg_type'::regclass, oid FROM pg_type
               WHERE oid >= 16384 AND typtype NOT IN ('c', 'd', 'e') AND typcategory <> 'A') AS x
   WHERE x.oid >= 16384
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = x.catalog AND d.objid = x.oid AND d.deptype = 'e'))
  OR EXISTS (SELECT subdbid FROM pg_subscription
              WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""

DIGEST = "".join(
    (
        "SELECT (",
        UNSURE,
        """), encode(sha256(convert_to(string_agg(line::text, E'\\n' ORDER BY line::text COLLATE "C"),
                                      getdatabaseencoding())), 'hex')
             FROM (""",
        "\n UNION ALL ".join(LINES),
        ") AS lines (line)",
    )
)

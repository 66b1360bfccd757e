# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a throwaway cluster has to know of the target's: roles, settings, extensions. Anybody may read these."""

from __future__ import annotations

from typing import Any, FrozenSet, List, NamedTuple, Optional, Tuple

# What no role gets in a throwaway cluster, in the order of pg_roles' columns below. CREATEROLE is one of them where a
# role that has it could give itself the others.
ROLES = """
SELECT r.rolname::text, r.rolsuper, r.rolreplication, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolinherit
  FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY r.rolname
"""
MEMBERSHIPS = """
SELECT g.rolname::text, m.rolname::text, a.admin_option, pg_catalog.to_jsonb(a) ->> 'inherit_option',
       pg_catalog.to_jsonb(a) ->> 'set_option'
  FROM pg_catalog.pg_auth_members a
  JOIN pg_catalog.pg_roles g ON g.oid = a.roleid
  JOIN pg_catalog.pg_roles m ON m.oid = a.member
 WHERE g.rolname !~ '^pg_' AND m.rolname !~ '^pg_'
 ORDER BY g.rolname, m.rolname
"""
# Which of the predefined roles the login, and the role that it works as, are members of.
PREDEFINED = """
SELECT DISTINCT g.rolname::text FROM pg_catalog.pg_roles g, pg_catalog.pg_roles r
 WHERE g.rolname ~ '^pg_' AND g.rolname <> 'pg_database_owner' AND NOT r.rolsuper
   AND r.rolname IN (session_user, %s) AND pg_catalog.pg_has_role(r.oid, g.oid, 'MEMBER')
 ORDER BY 1
"""
# In the order in which a session takes them over: for all, for the database, for a role, for a role in it.
SETTINGS = """
SELECT r.rolname::text, s.setdatabase <> 0, pg_catalog.unnest(s.setconfig)
  FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
 WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d
                              WHERE d.datname = pg_catalog.current_database()))
 ORDER BY r.rolname IS NOT NULL, s.setdatabase <> 0
"""
# Of the server's own configuration, what changes what a statement means.
MEANING = (
    *("search_path", "DateStyle", "IntervalStyle", "TimeZone", "bytea_output", "default_text_search_config"),
    *("standard_conforming_strings", "backslash_quote", "array_nulls", "check_function_bodies", "row_security"),
    *("default_table_access_method", "default_toast_compression", "default_transaction_isolation"),
    *("default_transaction_deferrable", "extra_float_digits", "transform_null_equals", "xmlbinary", "xmloption"),
    *("timezone_abbreviations", "createrole_self_grant"),
)
CONFIGURED = """
SELECT s.name || '=' || s.reset_val FROM pg_catalog.pg_settings s
 WHERE s.name = ANY(%s) AND s.source = 'configuration file'
"""
SCHEMAS = """
SELECT n.nspname::text, r.rolname::text
  FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = n.oid AND d.deptype = 'e'
                      AND d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
 ORDER BY n.nspname
"""
# Since PostgreSQL 15, a new database doesn't let everybody; a dump of an older one doesn't say that it does.
PUBLIC_CREATES = """
SELECT EXISTS (
  SELECT 1 FROM pg_catalog.pg_namespace n,
         LATERAL pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
   WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE')
"""
EXTENSIONS = """
SELECT e.extname::text, e.extversion, n.nspname::text, r.rolname::text
  FROM pg_catalog.pg_extension e
  JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
  JOIN pg_catalog.pg_roles r ON r.oid = e.extowner
 ORDER BY e.oid
"""
SPACES = """
SELECT t.spcname::text, r.rolname::text,
       ARRAY(SELECT DISTINCT coalesce(g.rolname::text, '')
               FROM pg_catalog.aclexplode(t.spcacl) a LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee)
  FROM pg_catalog.pg_tablespace t JOIN pg_catalog.pg_roles r ON r.oid = t.spcowner
 WHERE t.spcname !~ '^pg_' ORDER BY t.spcname
"""
PRIVILEGES = """
SELECT a.privilege_type, coalesce(g.rolname::text, ''), a.is_grantable
  FROM pg_catalog.pg_database d
 CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
  LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee
 WHERE d.datname = pg_catalog.current_database() AND a.grantee <> d.datdba
"""
RELATIONS = "SELECT count(*) FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'S', 'v', 'm', 'f')"
LOGIN = "SELECT session_user::text, pg_catalog.current_database()::text"


class Role(NamedTuple):
    """A role, and its attributes."""

    name: str
    superuser: bool = False
    replication: bool = False
    bypasses_rls: bool = False
    creates_roles: bool = False
    creates_databases: bool = False
    inherits: bool = True


class Membership(NamedTuple):
    """That a role is a member of another. ``inherits`` and ``sets`` are None where the server is older than 16."""

    role: str
    member: str
    administers: bool = False
    inherits: Optional[str] = None
    sets: Optional[str] = None


class Setting(NamedTuple):
    """A setting as it is stored. ``role`` None: of the database, or of all."""

    role: Optional[str]
    in_database: bool
    text: str


class Extension(NamedTuple):
    """An extension. ``version`` None: the newest that there is."""

    name: str
    version: Optional[str]
    schema: Optional[str]
    owner: Optional[str]


class Space(NamedTuple):
    """A tablespace. ``users`` may make things in it; '' is PUBLIC."""

    name: str
    owner: str
    users: Tuple[str, ...]


class ClusterFacts(NamedTuple):
    """What a throwaway cluster gets of the target's server.

    :ivar login: who logs in.
    :ivar works_as: the role that the session works as: the session's role, or the login.
    :ivar schemas: their names and their owners.
    :ivar public_creates: whether everybody may create in the schema public.
    :ivar privileges: on the database: which, whose ('' is PUBLIC), whether he may pass it on.
    :ivar options: settings that the login's sessions begin with, as libpq takes them.
    :ivar predefined: predefined roles that login or role have there, and nobody has in the cluster.
    """

    database: str
    login: str
    works_as: str
    roles: Tuple[Role, ...]
    memberships: Tuple[Membership, ...] = ()
    settings: Tuple[Setting, ...] = ()
    schemas: Tuple[Tuple[str, str], ...] = ()
    public_creates: bool = False
    extensions: Tuple[Extension, ...] = ()
    spaces: Tuple[Space, ...] = ()
    privileges: Tuple[Tuple[str, str, bool], ...] = ()
    predefined: Tuple[str, ...] = ()
    relations: int = 0
    server_version: int = 0
    options: str = ""

    @property
    def acting(self) -> FrozenSet[str]:
        """Return the roles that steps act as."""
        return frozenset((self.login, self.works_as))

    @property
    def by_superuser(self) -> bool:
        """Return whether one of them is a superuser on the target."""
        return any(role.superuser for role in self.roles if role.name in self.acting)


def read_facts(connection: Any, session_role: Optional[str], has_database: bool = True) -> ClusterFacts:
    """Read what a throwaway cluster gets of a server.

    :param has_database: whether the connection goes to the database that is to be rehearsed; else it isn't there yet.
    """

    def rows(statement: str, *values: Any) -> List[Tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    login, database = rows(LOGIN)[0]
    found = ClusterFacts(
        database,
        login,
        session_role or login,
        tuple(Role(*row) for row in rows(ROLES)),
        tuple(Membership(*row) for row in rows(MEMBERSHIPS)),
        predefined=tuple(row[0] for row in rows(PREDEFINED, session_role or login)),
        server_version=connection.server_version,
        spaces=tuple(Space(name, owner, tuple(users)) for name, owner, users in rows(SPACES)),
        settings=tuple(Setting(None, False, row[0]) for row in rows(CONFIGURED, list(MEANING))),
    )
    if has_database:
        found = found._replace(
            settings=(*found.settings, *(Setting(*row) for row in rows(SETTINGS))),
            schemas=tuple((name, owner) for name, owner in rows(SCHEMAS)),
            public_creates=rows(PUBLIC_CREATES)[0][0],
            extensions=tuple(Extension(*row) for row in rows(EXTENSIONS)),
            privileges=tuple((what, whose, passes) for what, whose, passes in rows(PRIVILEGES)),
            relations=rows(RELATIONS)[0][0],
        )
    connection.rollback()
    return found

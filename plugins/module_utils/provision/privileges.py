# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role may do in a database, read from the access lists of its objects."""

from __future__ import annotations

from typing import Any, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from . import grants

# An object without a list of its own has the default one. What the owner has by being it, nobody has given. The role's
# number is NULL where the role isn't there yet, and 0 for everybody.
DATABASES = """
SELECT NULL::pg_catalog.text, d.datname::pg_catalog.text, pg_catalog.pg_get_userbyid(d.datdba), l.has, l.others,
       pg_catalog.pg_has_role(d.datdba, 'USAGE') OR l.lent, d.datdba = %(role)s
  FROM pg_catalog.pg_database d,
       LATERAL (
         SELECT COALESCE(pg_catalog.array_agg(a.privilege_type) FILTER (WHERE a.grantee = %(role)s), '{}'),
                COALESCE(pg_catalog.array_agg(pg_catalog.pg_get_userbyid(a.grantor))
                         FILTER (WHERE a.grantee = %(role)s AND a.grantor <> d.datdba), '{}'),
                COALESCE(pg_catalog.bool_or(a.is_grantable AND pg_catalog.pg_has_role(a.grantee, 'USAGE')), false)
           FROM pg_catalog.aclexplode(COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
       ) AS l(has, others, lent)
 WHERE d.datname = %(database)s
"""
SCHEMAS = """
SELECT NULL::pg_catalog.text, n.nspname::pg_catalog.text, pg_catalog.pg_get_userbyid(n.nspowner), l.has, l.others,
       pg_catalog.pg_has_role(n.nspowner, 'USAGE') OR l.lent, n.nspowner = %(role)s
  FROM pg_catalog.pg_namespace n,
       LATERAL (
         SELECT COALESCE(pg_catalog.array_agg(a.privilege_type) FILTER (WHERE a.grantee = %(role)s), '{}'),
                COALESCE(pg_catalog.array_agg(pg_catalog.pg_get_userbyid(a.grantor))
                         FILTER (WHERE a.grantee = %(role)s AND a.grantor <> n.nspowner), '{}'),
                COALESCE(pg_catalog.bool_or(a.is_grantable AND pg_catalog.pg_has_role(a.grantee, 'USAGE')), false)
           FROM pg_catalog.aclexplode(COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
       ) AS l(has, others, lent)
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (n.nspname = ANY (%(schemas)s::pg_catalog.text[]) OR (%(exact)s AND l.has <> '{}'))
 ORDER BY 2
"""
RELATIONS = """
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, pg_catalog.pg_get_userbyid(c.relowner), l.has, l.others,
       pg_catalog.pg_has_role(c.relowner, 'USAGE') OR l.lent, c.relowner = %(role)s,
       EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace,
       LATERAL (
         SELECT COALESCE(pg_catalog.array_agg(a.privilege_type) FILTER (WHERE a.grantee = %(role)s), '{}'),
                COALESCE(pg_catalog.array_agg(pg_catalog.pg_get_userbyid(a.grantor))
                         FILTER (WHERE a.grantee = %(role)s AND a.grantor <> c.relowner), '{}'),
                COALESCE(pg_catalog.bool_or(a.is_grantable AND pg_catalog.pg_has_role(a.grantee, 'USAGE')), false)
           FROM pg_catalog.aclexplode(COALESCE(c.relacl, pg_catalog.acldefault(%(letter)s::"char", c.relowner))) a
       ) AS l(has, others, lent)
 WHERE c.relkind = ANY (%(kinds)s::"char"[]) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (n.nspname = ANY (%(schemas)s::pg_catalog.text[]) OR (%(exact)s AND l.has <> '{}'))
 ORDER BY 1, 2
"""
DEFAULTS = """
SELECT pg_catalog.pg_get_userbyid(d.defaclrole), n.nspname::pg_catalog.text, d.defaclobjtype::pg_catalog.text,
       ARRAY(SELECT a.privilege_type FROM pg_catalog.aclexplode(d.defaclacl) a WHERE a.grantee = %(role)s)
  FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
 ORDER BY 1, 2, 3
"""
NUMBER = "SELECT r.oid::pg_catalog.int8 FROM pg_catalog.pg_roles r WHERE r.rolname = %s"

RELATION_KINDS = {grants.TABLE: (["r", "p", "v", "m", "f"], "r"), grants.SEQUENCE: (["S"], "s")}
LETTERS = {"r": "tables", "S": "sequences", "f": "routines", "T": "types", "n": "schemas"}


class Item(NamedTuple):
    """An object, and what a role may do with it.

    :ivar others: who has given some of it, beside the owner.
    :ivar may_grant: the one who is connected may give rights on it.
    :ivar is_own: it belongs to the role.
    :ivar of_extension: an extension has made it.
    """

    kind: str
    schema: Optional[str]
    name: str
    owner: str
    has: FrozenSet[str] = frozenset()
    others: Tuple[str, ...] = ()
    may_grant: bool = True
    is_own: bool = False
    of_extension: bool = False

    @property
    def title(self) -> str:
        """Return what it is, in words."""
        return "%s %s" % (self.kind, ".".join(filter(None, [self.schema, self.name])))


class DefaultItem(NamedTuple):
    """What a role may do with what somebody makes later.

    :ivar schema: None: in any schema.
    """

    creator: str
    schema: Optional[str]
    later: str
    has: FrozenSet[str] = frozenset()

    @property
    def title(self) -> str:
        """Return what it is, in words."""
        return "later %s of %s%s" % (self.later, self.creator, " in %s" % self.schema if self.schema else "")


EVERYBODY = 0


def number_of(cursor: Any, role: str) -> Optional[int]:
    """Return the number of a role; None: it isn't there."""
    cursor.execute(NUMBER, [role])
    row = cursor.fetchone()
    return row[0] if row else None


def of_database(cursor: Any, database: str, role: Optional[int]) -> Item:
    """Return what a role may do with a database that is there."""
    cursor.execute(DATABASES, {"database": database, "role": role})
    return _item(grants.DATABASE, cursor.fetchone())


def of_schemas(cursor: Any, role: Optional[int], schemas: Sequence[str], exact: bool) -> List[Item]:
    """Return what a role may do with schemas of the connected database.

    :param exact: also with those that aren't named, where it may do anything.
    """
    cursor.execute(SCHEMAS, {"role": role, "schemas": list(schemas), "exact": exact})
    return [_item(grants.SCHEMA, row) for row in cursor.fetchall()]


def of_relations(cursor: Any, kind: str, role: Optional[int], schemas: Sequence[str], exact: bool) -> List[Item]:
    """Return what a role may do with tables, or sequences, in these schemas."""
    kinds, letter = RELATION_KINDS[kind]
    values = {"kinds": kinds, "letter": letter, "role": role, "schemas": list(schemas), "exact": exact}
    cursor.execute(RELATIONS, values)
    return [_item(kind, row) for row in cursor.fetchall()]


def defaults(cursor: Any, role: Optional[int]) -> List[DefaultItem]:
    """Return what a role may do with what is made later."""
    cursor.execute(DEFAULTS, {"role": role})
    return [
        DefaultItem(creator, schema, LETTERS[letter], frozenset(has))
        for creator, schema, letter, has in cursor.fetchall()
        if letter in LETTERS
    ]


def _item(kind: str, row: Any) -> Item:
    schema, name, owner, has, others, may_grant, is_own, *rest = row
    return Item(
        kind, schema, name, owner, frozenset(has), tuple(others), may_grant, bool(is_own), bool(rest and rest[0])
    )

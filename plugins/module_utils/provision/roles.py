# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles as values: what is wanted, what is there, the difference."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .. import errors
from .statement import Action, Attribute, Clause, Difference, Statement

READ = """
SELECT r.oid::bigint, pg_catalog.to_jsonb(r), COALESCE(r.rolvaliduntil, 'infinity')::pg_catalog.text,
       ARRAY(SELECT g.rolname::pg_catalog.text
               FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
              WHERE m.member = r.oid),
       ARRAY(SELECT pg_catalog.pg_get_userbyid(m.grantor)::pg_catalog.text
               FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
              WHERE m.member = r.oid),
       pg_catalog.shobj_description(r.oid, 'pg_authid')
  FROM pg_catalog.pg_roles r WHERE r.rolname = %s
"""
TIMESTAMP = "SELECT %s::pg_catalog.timestamptz::pg_catalog.text"
UNKNOWN = """
SELECT w.name FROM pg_catalog.unnest(%s::pg_catalog.text[]) AS w(name)
 WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.rolname = w.name)
"""

CREATE = "CREATE ROLE {role}"
ALTER = "ALTER ROLE {role}"
DROP = "DROP ROLE {role}"
GRANT = "GRANT {group} TO {role}"
REVOKE = "REVOKE {group} FROM {role}"
GRANTED_BY = "GRANTED BY {grantor}"
COMMENT = "COMMENT ON ROLE {role} IS {comment}"
PASSWORD = "PASSWORD {verifier}"
NO_PASSWORD = "PASSWORD NULL"
CONNECTION_LIMIT = "CONNECTION LIMIT {limit}"
VALID_UNTIL = "VALID UNTIL {moment}"
IN_ROLE = "IN ROLE {group}"
AND_ROLE = ", {group}"

# Each attribute, with the column that has it. NO in front of its name is the opposite.
COLUMNS = {
    "SUPERUSER": "rolsuper",
    "CREATEDB": "rolcreatedb",
    "CREATEROLE": "rolcreaterole",
    "INHERIT": "rolinherit",
    "LOGIN": "rolcanlogin",
    "REPLICATION": "rolreplication",
    "BYPASSRLS": "rolbypassrls",
}
WORDS = {prefix + name: (name, not prefix) for name in COLUMNS for prefix in ("", "NO")}
CLAUSES = {pair: Clause(word) for word, pair in WORDS.items()}

HIDDEN = "********"
# Before, whoever might revoke a membership revoked it, whoever had granted it.
GRANTORS_SINCE = 160000
NEEDS = (
    "It takes a superuser, or CREATEROLE and (from PostgreSQL 16 on) ADMIN OPTION on the role; SUPERUSER, REPLICATION "
    "and BYPASSRLS can only be given by who has them, up to PostgreSQL 15 only by a superuser."
)
NEEDS_ADMIN_OPTION = "It takes ADMIN OPTION on the role %s, or (up to PostgreSQL 15) CREATEROLE."


@dataclass(frozen=True)
class RoleWish:
    """What a role is to be. None, or left out: of no interest.

    :ivar attributes: name → whether it has it.
    :ivar valid_until: a moment as the server itself writes it, see `moment`.
    :ivar no_password: whether to take it away.
    :ivar update_password: whether one that is there is to be this one.
    :ivar member_of: roles that it is a member of, beside any others.
    :ivar member_of_exact: and no others.
    """

    name: str
    password: Optional[str] = field(default=None, repr=False)
    attributes: Mapping[str, bool] = field(default_factory=dict)
    connection_limit: Optional[int] = None
    valid_until: Optional[str] = None
    member_of: Tuple[str, ...] = ()
    member_of_exact: bool = False
    no_password: bool = False
    update_password: bool = True
    comment: Optional[str] = None


class Role(NamedTuple):
    """What a role is.

    :ivar grantors: who has made it a member of each of these roles.
    """

    oid: int
    name: str
    attributes: Mapping[str, bool]
    connection_limit: int
    valid_until: str
    member_of: Tuple[str, ...] = ()
    grantors: Tuple[str, ...] = ()
    comment: Optional[str] = None


def parse_attributes(texts: Sequence[str]) -> Dict[str, bool]:
    """Read words like LOGIN and NOCREATEDB, several of them in one text if need be.

    :raises OptionInvalid: when one is unknown, or contradicts another.
    """
    found: Dict[str, bool] = {}
    for word in re.split(r"[\s,]+", " ".join(texts).upper()):
        if not word:
            continue
        if word not in WORDS:
            raise errors.OptionInvalid(
                "role_attributes: unknown attribute %s" % word,
                hint="There are %s, each with or without NO." % ", ".join(COLUMNS),
            )
        name, value = WORDS[word]
        if found.setdefault(name, value) is not value:
            raise errors.OptionInvalid(
                "role_attributes: %s and NO%s exclude each other" % (name, name), hint="Leave one out."
            )
    return found


def read(cursor: Any, name: str) -> Optional[Role]:
    """Return the role of this name, or None."""
    cursor.execute(READ, [name])
    row = cursor.fetchone()
    if row is None:
        return None
    oid, columns, valid_until, member_of, grantors, comment = row
    attributes = {word: columns[column] for word, column in COLUMNS.items()}
    return Role(oid, name, attributes, columns["rolconnlimit"], valid_until, tuple(member_of), tuple(grantors), comment)


def moment(cursor: Any, text: str) -> str:
    """Return a moment as this session of the server writes it.

    :raises psycopg2.DataError: when it can't be read as one.
    """
    cursor.execute(TIMESTAMP, [text])
    return str(cursor.fetchone()[0])


def unknown(cursor: Any, names: Sequence[str]) -> List[str]:
    """Return which of these roles aren't there."""
    cursor.execute(UNKNOWN, [list(names)])
    return [row[0] for row in cursor.fetchall()]


def creation(wish: RoleWish, verifier: Optional[str]) -> Difference:
    """Return how to create a role. It can log in, unless its attributes say otherwise.

    :param verifier: what to send in place of its password.
    """
    wish_attributes = {"LOGIN": True, **wish.attributes}
    clauses, attributes = _settings(wish, None, wish_attributes, verifier)
    clauses += [Clause(AND_ROLE if number else IN_ROLE, {"group": each}) for number, each in enumerate(wish.member_of)]
    attributes += _membership((), wish.member_of) + _comment(wish, None)
    statements = [_statement(CREATE, wish.name, clauses, "create"), *_commenting(wish, None)]
    undo = _statement(DROP, wish.name, [], "drop")
    return Difference("user", wish.name, Action.CREATED, tuple(attributes), tuple(statements), undo)


def change(
    wish: RoleWish, role: Role, verifier: Optional[str], without_password: bool = False, has_grantors: bool = True
) -> Optional[Difference]:
    """Return what of a role is to be changed, or None.

    :param verifier: what to send in place of its password; None: the password is right.
    :param without_password: take its password away.
    :param has_grantors: the server tells memberships apart by who has granted them.
    """
    clauses, attributes = _settings(wish, role, wish.attributes, verifier)
    if without_password:
        clauses.append(Clause(NO_PASSWORD))
        attributes.append(Attribute("password", HIDDEN, None))
    missing = [group for group in wish.member_of if group not in role.member_of]
    unwanted = [
        (group, grantor if has_grantors else None)
        for group, grantor in zip(role.member_of, role.grantors)
        if wish.member_of_exact and group not in wish.member_of
    ]
    statements = [_statement(ALTER, wish.name, clauses, "alter")] if clauses else []
    statements += [_grant(wish.name, group) for group in missing]
    statements += [_revocation(wish.name, *each) for each in dict.fromkeys(unwanted)]
    statements += _commenting(wish, role)
    attributes += _membership(role.member_of, missing, [group for group, dummy in unwanted]) + _comment(wish, role)
    if not statements:
        return None
    return Difference("user", wish.name, Action.CHANGED, tuple(attributes), tuple(statements))


def removal(role: Role) -> Difference:
    """Return how to drop a role."""
    return Difference("user", role.name, Action.DROPPED, (), (_statement(DROP, role.name, [], "drop"),))


def _settings(
    wish: RoleWish, role: Optional[Role], wanted: Mapping[str, bool], verifier: Optional[str]
) -> Tuple[List[Clause], List[Attribute]]:
    """Return what CREATE ROLE and ALTER ROLE both take, where it differs."""
    clauses: List[Clause] = []
    attributes: List[Attribute] = []
    for name, value in wanted.items():
        if role is None or role.attributes[name] is not value:
            clauses.append(CLAUSES[name, value])
            attributes.append(
                Attribute(name.lower(), None if role is None else _yes_or_no(not value), _yes_or_no(value))
            )
    if verifier is not None:
        clauses.append(Clause(PASSWORD, values={"verifier": verifier}))
        attributes.append(Attribute("password", None if role is None else "(another, or none)", HIDDEN))
    limit, until = wish.connection_limit, wish.valid_until
    if limit is not None and (role is None or limit != role.connection_limit):
        clauses.append(Clause(CONNECTION_LIMIT, values={"limit": limit}))
        attributes.append(Attribute("connection_limit", str(role.connection_limit) if role else None, str(limit)))
    if until is not None and (role is None or until != role.valid_until):
        clauses.append(Clause(VALID_UNTIL, values={"moment": until}))
        attributes.append(Attribute("valid_until", role.valid_until if role else None, until))
    return clauses, attributes


def _yes_or_no(value: bool) -> str:
    return "true" if value else "false"


def _membership(before: Sequence[str], added: Sequence[str], removed: Sequence[str] = ()) -> List[Attribute]:
    if not (added or removed):
        return []
    after = {*before, *added} - set(removed)
    return [Attribute("member_of", ", ".join(sorted(set(before))) or None, ", ".join(sorted(after)) or None)]


def _comment(wish: RoleWish, role: Optional[Role]) -> List[Attribute]:
    before = role.comment if role is not None else None
    return [Attribute("comment", before, wish.comment)] if wish.comment not in (None, before) else []


def _commenting(wish: RoleWish, role: Optional[Role]) -> List[Statement]:
    clause = Clause(COMMENT, {"role": wish.name}, {"comment": wish.comment})
    purpose = 'comment on the user "%s"' % wish.name
    return [Statement((clause,), purpose, NEEDS) for dummy in _comment(wish, role)]


def _revocation(name: str, group: str, grantor: Optional[str]) -> Statement:
    clauses = [Clause(REVOKE, {"group": group, "role": name})]
    clauses += [Clause(GRANTED_BY, {"grantor": grantor})] if grantor is not None else []
    purpose = 'end the membership of the user "%s" in "%s"' % (name, group)
    return Statement(tuple(clauses), purpose, NEEDS_ADMIN_OPTION % group)


def _statement(head: str, name: str, clauses: Sequence[Clause], verb: str) -> Statement:
    return Statement((Clause(head, {"role": name}), *clauses), '%s the user "%s"' % (verb, name), NEEDS)


def _grant(name: str, group: str) -> Statement:
    purpose = 'make the user "%s" a member of "%s"' % (name, group)
    return Statement((Clause(GRANT, {"group": group, "role": name}),), purpose, NEEDS_ADMIN_OPTION % group)

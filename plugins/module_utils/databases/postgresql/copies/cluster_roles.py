# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles of a throwaway cluster: the target's by name, without what would let one run programs or read files.

Pure: facts in, statements out. Code of the target's owners runs in the cluster, on the host that runs the task. So no
role of it is a superuser, may replicate, passes by row security or is a member of a predefined role; and none may
create roles before PostgreSQL 16, where that meant to give oneself all of these. Beside the target's there are two of
ours: one that may act for every owner and loads the dump, and a group by which owners may create in schemas meanwhile.
"""

from __future__ import annotations

from typing import AbstractSet, Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .... import deps
from .cluster_facts import ClusterFacts, Membership, Role, Setting

# Since then CREATEROLE passes on only what it was given with ADMIN OPTION, and a membership says what it is for.
OPTIONS_SINCE = 160000
READS_ALL_SINCE = 140000

CREATE_ROLE = "CREATE ROLE {role} {attributes}"
LOGS_IN = " LOGIN PASSWORD {password}"
GRANT_ROLE = "GRANT {roles} TO {members}"
NO_INHERITANCE = "ALTER ROLE {role} NOINHERIT"
GRANTS_ITSELF = "ALTER ROLE {role} SET createrole_self_grant TO 'set, inherit'"
READS_ALL = "GRANT pg_read_all_data TO {role}"

ACT_AS = "SET SESSION AUTHORIZATION {role}"
ACT_AS_ONESELF = "RESET SESSION AUTHORIZATION"
ROLE_SET = "ALTER ROLE {role} SET {setting} FROM CURRENT"
ROLE_IN_DATABASE_SET = "ALTER ROLE {role} IN DATABASE {database} SET {setting} FROM CURRENT"
DATABASE_SET = "ALTER DATABASE {database} SET {setting} FROM CURRENT"
ROLE_SET_ROLE = "ALTER ROLE {role} SET role TO {value}"

# They load a library into the server; which the host hasn't got, or which isn't what it is on the target's.
LOADS_LIBRARIES = frozenset(["local_preload_libraries", "session_preload_libraries", "shared_preload_libraries"])

NOT_GIVEN = (
    ("superuser", "SUPERUSER"),
    ("replication", "REPLICATION"),
    ("bypasses_rls", "BYPASSRLS"),
    ("creates_roles", "CREATEROLE"),
)


class Login(NamedTuple):
    """A role that may log in."""

    role: str
    password: str


class Helpers(NamedTuple):
    """Our own roles: who loads the dump, and the group of all owners while that goes on."""

    loader: Login
    owners: str


def may_create_roles(facts: ClusterFacts, cluster_version: int) -> bool:
    """Return whether a role can be let create roles: where no code of a target's runs, or it gives no other right."""
    return cluster_version >= OPTIONS_SINCE or facts.server_version == 0


def role_statements(facts: ClusterFacts, helpers: Helpers, password: str, version: int) -> List[Any]:
    """Return the statements that make all roles, with their memberships.

    :param password: of the role that the target's login is.
    :param version: of the cluster, as libpq gives it.
    """
    statements = [_creation(role, facts, password, version) for role in facts.roles]
    statements += [
        composed(CREATE_ROLE, role=helpers.loader.role, attributes=_login(helpers.loader.password)),
        composed(CREATE_ROLE, role=helpers.owners, attributes=deps.sql.SQL("")),
    ]
    memberships = _merged(facts.memberships)
    statements += [_grant([each.role], [each.member], _options(each, version)) for each in memberships]
    names = [role.name for role in facts.roles]
    everything = "INHERIT TRUE, SET TRUE" if version >= OPTIONS_SINCE else ""
    if names:
        statements.append(_grant(names, [helpers.loader.role], everything))
        statements.append(
            _grant([helpers.owners], [*names, helpers.loader.role], everything and "INHERIT TRUE, SET FALSE")
        )
    if version >= READS_ALL_SINCE:
        statements.append(composed(READS_ALL, role=helpers.loader.role))
    return statements


def superuser_statements(facts: ClusterFacts, version: int) -> List[Any]:
    """Return the statements that let who is a superuser on the target act for everybody, as nearly as may be; where
    there is no target, nobody knows what the role will be.

    One of them fails where that would be a circle; then he can't act for that role.
    """
    without_target = facts.server_version == 0
    mighty = [role.name for role in facts.roles if role.name in facts.acting and (role.superuser or without_target)]
    options = "ADMIN TRUE, INHERIT TRUE, SET TRUE" if version >= OPTIONS_SINCE else ""
    others = [(role.name, name) for name in mighty for role in facts.roles if role.name != name]
    statements = [_grant([role], [name], options) for role, name in others]
    if version >= OPTIONS_SINCE:
        statements += [composed(GRANTS_ITSELF, role=name) for name in mighty]
    return statements


def settled_statements(facts: ClusterFacts) -> List[Any]:
    """Return the statements that give roles what they couldn't have while the dump was loaded."""
    return [composed(NO_INHERITANCE, role=role.name) for role in facts.roles if not role.inherits]


def not_given(facts: ClusterFacts, version: int) -> List[str]:
    """Return the rights that the acting roles have on the target, and not in the cluster; a sentence's part each."""
    found = [] if facts.server_version else ["SUPERUSER"]
    for role in facts.roles:
        if role.name not in facts.acting:
            continue
        for attribute, word in NOT_GIVEN:
            if getattr(role, attribute) and not (word == "CREATEROLE" and may_create_roles(facts, version)):
                found.append("%s of %s" % (word, role.name))
    return found + ["membership in %s" % name for name in facts.predefined]


def setting_statements(setting: Setting, database: str, owner: Optional[str]) -> Tuple[Optional[str], Any]:
    """Return who stores a setting, and the statement that does, once the session has it.

    Each role stores its own, so that none gets what only a superuser might set; but see is_of_nobody().
    """
    key = setting.text.split("=", 1)[0]
    if setting.role is None:
        return owner, composed(DATABASE_SET, database=database, setting=key)
    if key == "role":
        value = deps.sql.Literal(setting.text.split("=", 1)[1])
        return None, composed(ROLE_SET_ROLE, role=setting.role, value=value)
    template = ROLE_IN_DATABASE_SET if setting.in_database else ROLE_SET
    names = {"role": setting.role, "setting": key, **({"database": database} if setting.in_database else {})}
    return setting.role, composed(template, **names)


def is_of_nobody(key: str, libraries: AbstractSet[str]) -> bool:
    """Return whether a setting is an application's (app.tenant), which only a superuser may store.

    One of a library or of a language isn't: some are code that runs when it is loaded.

    :param libraries: the names of those that the host has.
    """
    prefix, dot, dummy = key.partition(".")
    return bool(dot) and prefix not in libraries and not prefix.startswith("pl")


def _creation(role: Role, facts: ClusterFacts, password: str, version: int) -> Any:
    acts_as_superuser = role.superuser and role.name in facts.acting
    attributes = ["CREATEDB"] if role.creates_databases or acts_as_superuser else []
    if (role.creates_roles or acts_as_superuser) and may_create_roles(facts, version):
        attributes.append("CREATEROLE")
    text = deps.sql.SQL(" ".join(attributes))
    if role.name == facts.login:
        text += _login(password)
    return composed(CREATE_ROLE, role=role.name, attributes=text)


def _login(password: str) -> Any:
    return deps.sql.SQL(LOGS_IN).format(password=deps.sql.Literal(password))


def _merged(memberships: Iterable[Membership]) -> List[Membership]:
    """Return one membership for those that several have granted: with all that any of them gives."""
    found: Dict[Tuple[str, str], Membership] = {}
    for each in memberships:
        known = found.get((each.role, each.member), each)
        found[each.role, each.member] = each._replace(
            administers=each.administers or known.administers,
            inherits=known.inherits if known.inherits == "true" else each.inherits,
            sets=known.sets if known.sets == "true" else each.sets,
        )
    return list(found.values())


def _options(membership: Membership, version: int) -> str:
    if version < OPTIONS_SINCE:
        return "ADMIN OPTION" if membership.administers else ""
    options = [("ADMIN", "true" if membership.administers else "false")]
    options += [("INHERIT", membership.inherits)] if membership.inherits is not None else []
    options += [("SET", membership.sets)] if membership.sets is not None else []
    return ", ".join("%s %s" % each for each in options)


def _grant(roles: Sequence[str], members: Sequence[str], options: str) -> Any:
    def listed(names: Sequence[str]) -> Any:
        return deps.sql.SQL(", ").join(map(deps.sql.Identifier, names))

    statement = deps.sql.SQL(GRANT_ROLE).format(roles=listed(roles), members=listed(members))
    return statement + deps.sql.SQL(" WITH " + options) if options else statement


def composed(statement: str, **values: Any) -> Any:
    """Return a statement; what is a text among the values is a name."""
    return deps.sql.SQL(statement).format(
        **{key: deps.sql.Identifier(value) if isinstance(value, str) else value for key, value in values.items()}
    )

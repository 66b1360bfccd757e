# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles of a throwaway cluster, as statements: nobody gets what would let him out of it."""

from __future__ import annotations

import re

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import cluster_roles
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies.cluster_facts import (
    ClusterFacts,
    Membership,
    Role,
    Setting,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies.cluster_roles import (
    Helpers,
    Login,
)

HELPERS = Helpers(Login("loads", "secret of the loader"), "owners")
MIGHTY = Role("app", superuser=True, replication=True, bypasses_rls=True, creates_roles=True, creates_databases=True)
OLD, NEW = 150018, 180006


def text(composed):
    """Return a statement as text; quoting is the driver's."""
    if isinstance(composed, (list, tuple)):
        return [text(each) for each in composed]
    parts = getattr(composed, "seq", None)
    if parts is not None:
        return "".join(map(text, parts))
    strings = getattr(composed, "strings", None)
    return ".".join(strings) if strings else str(getattr(composed, "string", getattr(composed, "wrapped", "")))


def facts(*roles, login="app", works_as=None, server=OLD, **more):
    return ClusterFacts("shop", login, works_as or login, roles, server_version=server, **more)


CREATED = {
    # name: role, version of the cluster → attributes
    "an ordinary one": (Role("app"), OLD, " LOGIN PASSWORD its secret"),
    "one that creates databases": (Role("app", creates_databases=True), OLD, "CREATEDB LOGIN PASSWORD its secret"),
    "one that creates roles": (Role("app", creates_roles=True), NEW, "CREATEROLE LOGIN PASSWORD its secret"),
    "one that creates roles, before 16": (Role("app", creates_roles=True), OLD, " LOGIN PASSWORD its secret"),
    "a superuser": (MIGHTY, NEW, "CREATEDB CREATEROLE LOGIN PASSWORD its secret"),
    "a superuser, before 16": (MIGHTY, OLD, "CREATEDB LOGIN PASSWORD its secret"),
    "somebody else": (Role("bob"), OLD, ""),
    "somebody else who is a superuser": (Role("bob", superuser=True), NEW, ""),
}


@pytest.mark.parametrize("name", CREATED)
def test_created(name):
    role, version, attributes = CREATED[name]
    created = text(cluster_roles.role_statements(facts(role), HELPERS, "its secret", version))[0]
    assert created == f"CREATE ROLE {role.name} {attributes}"


@pytest.mark.parametrize("version", [OLD, NEW])
def test_nobody_gets_what_lets_him_out(version):
    roles = (MIGHTY, Role("bob", superuser=True, replication=True, bypasses_rls=True))
    everything = facts(*roles, predefined=("pg_execute_server_program",))
    statements = [
        *cluster_roles.role_statements(everything, HELPERS, "x", version),
        *cluster_roles.superuser_statements(everything, version),
        *cluster_roles.settled_statements(everything),
    ]
    for statement in text(statements):
        assert not re.search(r"\b(SUPERUSER|REPLICATION|BYPASSRLS)\b", statement)
        assert "GRANT pg_" not in statement or statement == "GRANT pg_read_all_data TO loads"
    logins = [statement.split()[2] for statement in text(statements) if " LOGIN" in statement]
    assert logins == ["app", "loads"]


GIVEN = {
    # name: memberships, version → statements about them
    "before 16": ([Membership("a", "b"), Membership("a", "c", True)], OLD, ["a TO b", "a TO c WITH ADMIN OPTION"]),
    "since 16, from an older server": ([Membership("a", "b")], NEW, ["a TO b WITH ADMIN false"]),
    "since 16": (
        [Membership("a", "b", False, "false", "true")], NEW, ["a TO b WITH ADMIN false, INHERIT false, SET true"]
    ),
    "of several who have granted it, all that any gives": (
        [Membership("a", "b", True, "false", "false"), Membership("a", "b", False, "true", "false")],
        NEW,
        ["a TO b WITH ADMIN true, INHERIT true, SET false"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_memberships(name):
    memberships, version, expected = GIVEN[name]
    roles = (Role("a"), Role("b"), Role("c"))
    statements = text(cluster_roles.role_statements(facts(*roles, memberships=memberships), HELPERS, "x", version))
    assert [each[len("GRANT ") :] for each in statements if each.startswith("GRANT a TO")] == expected


NOT_GIVEN = {
    # name: facts, version of the cluster → what isn't given
    "nothing": (facts(Role("app")), NEW, []),
    "somebody else's": (facts(Role("app"), Role("bob", superuser=True)), NEW, []),
    "a superuser's": (
        facts(MIGHTY), NEW, ["SUPERUSER of app", "REPLICATION of app", "BYPASSRLS of app"]
    ),
    "CREATEROLE before 16": (facts(Role("app", creates_roles=True)), OLD, ["CREATEROLE of app"]),
    "CREATEROLE since 16": (facts(Role("app", creates_roles=True)), NEW, []),
    "of the role that it works as": (
        facts(Role("app"), Role("own", bypasses_rls=True), works_as="own"), NEW, ["BYPASSRLS of own"]
    ),
    "a predefined role": (facts(Role("app"), predefined=("pg_monitor",)), NEW, ["membership in pg_monitor"]),
    "without a target": (facts(Role("app", creates_roles=True), server=0), OLD, ["SUPERUSER"]),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_GIVEN)
def test_not_given(name):
    given, version, expected = NOT_GIVEN[name]
    assert cluster_roles.not_given(given, version) == expected


SETTINGS = {
    # name: setting → who stores it, and how
    "of all": (Setting(None, False, "a=1"), "own", "ALTER DATABASE shop SET a FROM CURRENT"),
    "of the database": (Setting(None, True, "a=1"), "own", "ALTER DATABASE shop SET a FROM CURRENT"),
    "of a role": (Setting("bob", False, "a=1"), "bob", "ALTER ROLE bob SET a FROM CURRENT"),
    "of a role in it": (Setting("bob", True, "a=1"), "bob", "ALTER ROLE bob IN DATABASE shop SET a FROM CURRENT"),
    "the role that it works as": (Setting("bob", False, "role=own"), None, "ALTER ROLE bob SET role TO own"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings(name):
    setting, by, expected = SETTINGS[name]
    who, statement = cluster_roles.setting_statements(setting, "shop", "own")
    assert (who, text(statement)) == (by, expected)


@pytest.mark.parametrize(
    "key, expected",
    [("app.tenant", True), ("work_mem", False), ("plperl.on_plperl_init", False), ("pltcl.start_proc", False),
     ("hstore.x", False)],
)  # fmt: skip
def test_is_of_nobody(key, expected):
    assert cluster_roles.is_of_nobody(key, {"hstore"}) is expected

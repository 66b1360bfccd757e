# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and databases that are dropped, and dropped and created: nothing else goes with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
import server as throwaway
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.provision.statement import shown

from .administration import Administration, administration, done, refused

DROPPED = [("database", "dropped"), ("user", "dropped")]
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


@pytest.fixture
def admin(any_server: throwaway.Server) -> Iterator[Administration]:
    yield from administration(any_server)


@pytest.fixture
def landlord(admin: Administration) -> Administration:
    """Return an administration whose user has a database, and things and rights in another one."""
    admin(user=admin.user, password="x", db=admin.db)
    admin.query("CREATE TABLE own (x int)", admin.db, user=admin.user)
    other = admin.db + "_other"
    admin(db=other)
    for statement in (
        "CREATE TABLE of_others (x int)",
        f"GRANT SELECT ON of_others TO {admin.user}",
        f"GRANT CREATE ON SCHEMA public TO {admin.user}",
        f"GRANT CREATE ON DATABASE {other} TO {admin.user}",
        f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {admin.user}",
        f"SET ROLE {admin.user}; CREATE TABLE elsewhere (x int)",
    ):
        admin.query(statement, other)
    return admin


def test_dropped_as_foretold_and_then_left_alone(admin: Administration) -> None:
    options = {"user": admin.user, "db": admin.db, "state": "absent"}
    admin(user=admin.user, password="x", db=admin.db, member_of=["pg_monitor"])
    before = admin.state()
    foretold = admin(checking=True, **options)
    assert admin.state() == before
    real = admin(**options)
    assert done(real) == DROPPED
    assert shown(foretold.differences, after=False) == shown(real.differences, after=False)
    assert shown(real.differences, after=True) == ""
    assert admin(**options).differences == ()
    assert [row for row in admin.state() if row[0] != "member"] == []


def test_what_belongs_to_a_user_is_listed(landlord: Administration) -> None:
    message = refused(landlord, "conflict", user=landlord.user, db=landlord.db, state="absent").message
    other = landlord.db + "_other"
    assert f'in the database "{other}": ' in message
    assert "table public.elsewhere" in message
    assert "rights on table public.of_others" in message
    assert "rights on schema public" in message
    assert f"in the cluster: rights on database {other}" in message
    assert "table public.own" not in message  # it goes with its database
    message = refused(landlord, "conflict", user=landlord.user, state="absent").message
    assert "table public.own" in message
    assert f"database {landlord.db}" in message


def test_what_belongs_to_a_user_is_dropped_on_demand(landlord: Administration) -> None:
    options = {"user": landlord.user, "db": landlord.db, "state": "absent", "drop_owned": True}
    other = landlord.db + "_other"
    before = landlord.state()
    foretold = landlord(checking=True, **options)
    assert landlord.state() == before
    real = landlord(**options)
    assert shown(foretold.differences, after=False) == shown(real.differences, after=False)
    assert "table public.elsewhere" in shown(real.differences, after=False)
    assert landlord(**options).differences == ()
    assert landlord.query(TABLES, other) == [("of_others",)]
    assert landlord.query(f"SELECT 1 FROM pg_roles WHERE rolname = '{landlord.user}'") == []


def test_databases_of_a_user_are_handed_over(landlord: Administration) -> None:
    landlord(user=landlord.user, state="absent", drop_owned=True)
    assert landlord.query(TABLES, landlord.db) == []
    assert landlord.query(f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{landlord.db}'") == [
        ("postgres",)
    ]


def test_what_others_have_built_on_it_is_not_dropped(landlord: Administration) -> None:
    other = landlord.db + "_other"
    landlord.query("CREATE VIEW v AS SELECT * FROM own", landlord.db)
    with pytest.raises(MigrationError, match="view public.v depends on table public.own") as caught:
        landlord(user=landlord.user, state="absent", drop_owned=True)
    assert caught.value.kind == "conflict"
    # No other database was touched before.
    assert landlord.query(TABLES, other) == [("elsewhere",), ("of_others",)]
    assert landlord.query(TABLES, landlord.db) == [("own",)]


@pytest.mark.parametrize("state", ["absent", "recreated"])
def test_sessions_are_listed_and_ended_on_demand(admin: Administration, state: str) -> None:
    admin(user=admin.user, db=admin.db)
    with closing(psycopg2.connect(admin.server.url(admin.db, user=admin.user))) as session:
        error = refused(admin, "conflict", db=admin.db, state=state)
        assert admin.user in error.message
        assert [each["pid"] for each in error.blockers] == [session.info.backend_pid]
        assert done(admin(db=admin.db, state=state, force=True))[0] == ("database", "dropped")
        with pytest.raises(psycopg2.Error):
            session.cursor().execute("SELECT 1")


@pytest.mark.parametrize("state", ["absent", "recreated"])
@pytest.mark.parametrize(
    "options",
    [{"db": "postgres"}, {"db": "template0"}, {"db": "template1"}, {"user": "postgres"}, {"user": "pg_monitor"}],
)
def test_never_dropped(admin: Administration, state: str, options: dict[str, str]) -> None:
    refused(admin, "option", state=state, drop_owned=True, force=True, **options)


def test_who_is_connected_is_never_dropped(admin: Administration) -> None:
    url = admin.administrator("SUPERUSER")
    admin.query(f"CREATE ROLE {admin.user} SUPERUSER")
    name = admin.prefix + "_admin"
    refused(admin, "option", url=url, user=name, state="absent")
    refused(admin, "option", url=url, user=name, state="absent", session_role=admin.user)
    refused(admin, "option", url=url, user=admin.user, state="absent", session_role=admin.user)


def test_recreated(admin: Administration) -> None:
    options = {"user": admin.user, "password": "x", "db": admin.db, "extensions": ["citext"], "state": "recreated"}
    assert len(done(admin(**options))) == 3
    admin.query("CREATE TABLE old (x int)", admin.db, user=admin.user)
    before = admin.state()
    foretold = admin(checking=True, **options)
    assert admin.state() == before
    real = admin(**options)
    assert done(real) == [*DROPPED, ("user", "created"), ("database", "created"), ("extension", "created")]
    assert shown(foretold.differences, after=True) == shown(real.differences, after=True)
    assert admin.query(TABLES, admin.db) == []
    assert admin.query("SELECT current_user", admin.db, user=admin.user, password="x") == [(admin.user,)]
    assert admin(**{**options, "state": "present"}).differences == ()


def test_recreated_in_another_encoding(admin: Administration) -> None:
    admin(db=admin.db)
    options = {"db": admin.db, "encoding": "LATIN1", "collate": "C", "ctype": "C"}
    admin(state="recreated", **options)
    assert admin(**options).differences == ()


def test_recreating_touches_no_other_database(landlord: Administration) -> None:
    options = {"user": landlord.user, "db": landlord.db, "state": "recreated", "force": True}
    for more in ({}, {"drop_owned": True}):
        error = refused(landlord, "conflict", **options, **more)
        assert "table public.elsewhere" in error.message
    # Without the user, nothing speaks against it.
    assert len(done(landlord(db=landlord.db, owner=landlord.user, state="recreated"))) == 2


@pytest.mark.parametrize("wish", [{"extensions": ["of_no_such_name"]}, {"template": "of_no_such_name"}])
def test_nothing_is_dropped_that_cannot_be_created_again(admin: Administration, wish: dict[str, Any]) -> None:
    admin(user=admin.user, db=admin.db)
    admin.query("CREATE TABLE kept (x int)", admin.db)
    refused(admin, "option", user=admin.user, db=admin.db, state="recreated", **wish)
    assert admin.query(TABLES, admin.db) == [("kept",)]


def test_a_right_that_is_missing(landlord: Administration) -> None:
    url = landlord.administrator("CREATEROLE CREATEDB")
    for options in ({"db": landlord.db}, {"user": landlord.user, "drop_owned": True}):
        with pytest.raises(MigrationError) as caught:
            landlord(url=url, state="absent", **options)
        assert caught.value.kind == "privilege"
        assert caught.value.hint
    assert landlord.query(TABLES, landlord.db) == [("own",)]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment of an application needs of a real server: rights, schemas, settings, extensions, comments."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import server as throwaway
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.provision.statement import shown

from .administration import Administration, administration, done, refused

TABLE_RIGHTS = ["SELECT", "INSERT", "UPDATE", "DELETE"]
SCHEMAS = ["app", "audit"]


@pytest.fixture
def admin(any_server: throwaway.Server) -> Iterator[Administration]:
    yield from administration(any_server)


def agrees(admin: Administration, **options: Any) -> list[tuple[str, str]]:
    """Have a task foretell what it does, do it, and then find nothing more to do. Return what was done."""
    foretold = admin(checking=True, **options)
    real = admin(**options)
    assert shown(foretold.differences, after=False) == shown(real.differences, after=False)
    assert shown(foretold.differences, after=True) == shown(real.differences, after=True)
    again = admin(**options)
    assert again.differences == (), shown(again.differences, after=True)
    return done(real)


def owner_of(admin: Administration) -> dict[str, Any]:
    """Return the options of who owns the database and migrates it."""
    return {
        "user": admin.user,
        "db": admin.db,
        "schemas": SCHEMAS,
        "revoke_public": ["CONNECT", "TEMPORARY", "CREATE"],
        "settings": [{"database": admin.db, "name": "search_path", "value": "app, public"}],
    }


def application_of(admin: Administration) -> dict[str, Any]:
    """Return the options of who reads and writes, and makes nothing."""
    return {
        "user": admin.user + "_app",
        "db": admin.db,
        "owner": admin.user,
        "grants_exact": True,
        "grants": {
            "database": ["CONNECT"],
            "schemas": [{"schemas": SCHEMAS, "privileges": ["USAGE"]}],
            "tables": [{"schemas": SCHEMAS, "privileges": TABLE_RIGHTS}],
            "sequences": [{"schemas": SCHEMAS, "privileges": ["USAGE"]}],
            "default_privileges": [
                {"schemas": SCHEMAS, "on": "tables", "privileges": TABLE_RIGHTS},
                {"schemas": SCHEMAS, "on": "sequences", "privileges": ["USAGE"]},
            ],
        },
    }


def reader_of(admin: Administration) -> dict[str, Any]:
    """Return the options of who reads."""
    options = application_of(admin)
    return {
        **options,
        "user": admin.user + "_read",
        "grants": {
            "database": ["CONNECT"],
            "schemas": [{"schemas": SCHEMAS, "privileges": ["USAGE"]}],
            "tables": [{"schemas": SCHEMAS, "privileges": ["SELECT"]}],
            "default_privileges": [{"schemas": SCHEMAS, "on": "tables", "privileges": ["SELECT"]}],
        },
    }


def test_an_application_with_its_owner_its_user_and_its_reader(admin: Administration) -> None:
    before = traces(admin)
    assert agrees(admin, **owner_of(admin)) == [
        ("user", "created"),
        ("database", "created"),
        ("settings", "changed"),
        ("schema", "created"),
        ("schema", "created"),
        ("privileges", "changed"),
    ]
    for options in (application_of(admin), reader_of(admin)):
        on_the_database = in_it = ("privileges", "changed")
        assert agrees(admin, **options) == [("user", "created"), on_the_database, in_it]

    owner, application, reader = ({"user": admin.user + end} for end in ("", "_app", "_read"))
    # The migrations come later.
    admin.query("CREATE TABLE app.orders (id serial, note text)", admin.db, **owner)
    admin.query("INSERT INTO orders (note) VALUES ('by its search_path')", admin.db, **application)
    assert admin.query("SELECT note FROM orders", admin.db, **reader) == [("by its search_path",)]
    for sql, who in [
        ("CREATE TABLE app.mine ()", application),
        ("CREATE TABLE public.mine ()", application),
        ("TRUNCATE app.orders", application),
        ("INSERT INTO app.orders (note) VALUES ('')", reader),
    ]:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            admin.query(sql, admin.db, **who)
    admin(user=admin.user + "_none")
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        admin.query("SELECT 1", admin.db, user=admin.user + "_none")
    for options in (owner_of(admin), application_of(admin), reader_of(admin)):
        assert admin(**options).differences == ()

    for end in ("_none", "_read", "_app"):
        admin(user=admin.user + end, state="absent", drop_owned=True)
    admin(user=admin.user, db=admin.db, state="absent")
    assert traces(admin) == before


def traces(admin: Administration) -> list[tuple[Any, ...]]:
    """Return what is left anywhere in the cluster of roles, databases, their settings and comments."""
    return admin.query(
        "SELECT 'role', oid::text FROM pg_roles UNION ALL SELECT 'database', datname FROM pg_database"
        " UNION ALL SELECT 'setting', setconfig::text FROM pg_db_role_setting"
        " UNION ALL SELECT 'comment', description FROM pg_shdescription"
        " UNION ALL SELECT 'depends', refobjid::text FROM pg_shdepend ORDER BY 1, 2"
    )


def test_rights_are_taken_only_where_they_have_to_be_exact(admin: Administration) -> None:
    admin(**owner_of(admin))
    options = application_of(admin)
    admin(**options)
    user = options["user"]
    admin.query(
        "CREATE TABLE app.a (); CREATE TABLE audit.b (); CREATE SCHEMA other; CREATE TABLE other.c ()", admin.db
    )
    admin.query(f"GRANT ALL ON app.a, other.c TO {user}; GRANT CREATE ON SCHEMA other TO {user}", admin.db)
    admin.query(f"ALTER DEFAULT PRIVILEGES GRANT TRUNCATE ON TABLES TO {user}", admin.db)
    lax = admin(checking=True, **{**options, "grants_exact": False})
    assert shown(lax.differences, after=True).splitlines()[1:] == [
        "  table audit.b: SELECT, INSERT, UPDATE, DELETE"  # made by another than the owner
    ]
    assert agrees(admin, **options) == [("privileges", "changed")]
    assert admin.query(
        f"SELECT table_schema, privilege_type FROM information_schema.role_table_grants WHERE grantee = '{user}'"
        " AND table_name IN ('a', 'c') ORDER BY 1, 2",
        admin.db,
    ) == [("app", word) for word in sorted(TABLE_RIGHTS)]


def test_single_tables_and_all_privileges(admin: Administration) -> None:
    admin(user=admin.user, db=admin.db, schemas=["app"])
    admin.query('CREATE TABLE app."odd name, ""x" (); CREATE TABLE app.b (); CREATE VIEW app.v AS SELECT 1', admin.db)
    tables = [{"schemas": ["app"], "names": ['odd name, "x'], "privileges": ["ALL"]}]
    options = {"user": admin.user + "2", "db": admin.db, "owner": admin.user, "grants": {"tables": tables}}
    assert agrees(admin, **options) == [("user", "created"), ("privileges", "changed")]
    tables[0]["names"] = ["v"]
    assert agrees(admin, **options) == [("privileges", "changed")]
    tables[0]["names"] = ["of_no_such_name"]
    error = refused(admin, "option", **options)
    assert "there is no table app.of_no_such_name" in error.message


@pytest.mark.parametrize(
    "grants, words",
    [
        ({"tables": [{"schemas": ["nowhere"], "privileges": ["SELECT"]}]}, "there is no schema nowhere"),
        ({"default_privileges": [{"roles": ["nobody"], "on": "tables", "privileges": ["SELECT"]}]}, "no role nobody"),
        ({"tables": [{"schemas": ["public"], "privileges": ["CONNECT"]}]}, "a table has no privilege CONNECT"),
        ({"schemas": [{"schemas": [], "privileges": ["USAGE"]}]}, "schemas is an empty list"),
    ],
)
def test_rights_that_there_are_not(admin: Administration, grants: dict[str, Any], words: str) -> None:
    error = refused(admin, "option", user=admin.user, db=admin.db, grants=grants)
    assert words in error.message


def test_rights_that_the_administrator_may_not_give(admin: Administration) -> None:
    admin(user=admin.user, db=admin.db)
    admin(user=admin.user + "2")
    admin.query("CREATE TABLE public.t ()", admin.db)
    grants = {"tables": [{"schemas": ["public"], "privileges": ["SELECT"]}]}
    url = admin.administrator("CREATEROLE")
    error = refused(admin, "privilege", url=url, user=admin.user + "2", db=admin.db, owner=admin.user, grants=grants)
    assert "table public.t" in error.message


SETTINGS: list[Any] = [
    {"statement_timeout": "5s", "log_statement": "all"},
    {"DateStyle": "iso, dmy", "search_path": '"$user", app, "Odd ""one"""'},
    {"search_path": ["app", "Odd, one"], "enable_seqscan": False, "app.tenant": "it's"},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_settings_of_the_user(admin: Administration, settings: dict[str, Any]) -> None:
    assert agrees(admin, user=admin.user, settings=settings) == [("user", "created"), ("settings", "changed")]
    absent = [{"role": admin.user, "name": name, "state": "absent"} for name in settings]
    assert agrees(admin, user=admin.user, settings=absent) == [("settings", "changed")]


def test_a_setting_means_the_same_to_a_session(admin: Administration) -> None:
    admin(user=admin.user, db=admin.db, settings={"search_path": "app, public"})
    assert admin.query("SHOW search_path", admin.db, user=admin.user) == [("app, public",)]


def test_settings_of_a_role_in_a_database(admin: Administration) -> None:
    place = {"role": admin.user, "database": admin.db}
    settings = [{**place, "name": "work_mem", "value": "8MB"}, {"database": admin.db, "name": "jit", "value": False}]
    whole = {"user": admin.user, "db": admin.db, "settings": settings}
    assert agrees(admin, **whole)[2:] == [("settings", "changed"), ("settings", "changed")]
    assert admin.query("SELECT current_setting('work_mem'), current_setting('jit')", admin.db, user=admin.user) == [
        ("8MB", "off")
    ]


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"of_no_such_name": 1}, "the server has no parameter of_no_such_name"),
        ([{"name": "jit", "value": False}], "nothing says whose jit is"),
        ([{"role": "nobody", "name": "jit", "value": False}], "there is no role nobody"),
        ([{"database": "nowhere", "name": "jit", "value": False}], "there is no database nowhere"),
        ({"jit": None}, "jit has no value"),
        ([{"role": "a", "name": "jit", "value": 1, "state": "absent"}], "jit has a value, and is to be absent"),
        ([{"role": "a", "name": "jit", "state": "gone"}], "the state of jit is neither present nor absent"),
        ([{"role": "a", "name": "jit", "value": v} for v in (1, 0)], "jit is there twice, for the same role"),
        ([{"role": "a", "name": "jit", "value": 1}, 7], "settings: element 2 is no dictionary"),
        ([{"role": "a", "name": "jit", "value": 1, "scope": "x"}], "settings: element 1 has scope, which isn't known"),
        ([{"role": "a", "value": 1}], "settings: element 1 has no name"),
    ],
)
def test_settings_that_there_are_not(admin: Administration, settings: Any, words: str) -> None:
    assert words in refused(admin, "option", user=admin.user, settings=settings).message


def test_extensions_with_schema_and_version(admin: Administration) -> None:
    old = {"db": admin.db, "schemas": ["ext"], "extensions": [{"name": "citext", "schema": "ext", "version": "1.5"}]}
    assert agrees(admin, **old) == [("database", "created"), ("schema", "created"), ("extension", "created")]
    new = {"db": admin.db, "extensions": [{"name": "citext", "schema": "public", "version": "latest"}]}
    assert agrees(admin, **new) == [("extension", "changed")]
    assert admin.query(
        "SELECT extversion <> '1.5', extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'citext'",
        admin.db,
    ) == [(True, "public")]
    refused(admin, "option", db=admin.db, extensions=[{"name": "citext", "version": "0.0"}])
    refused(admin, "option", db=admin.db, extensions=[{"name": "citext", "schema": "nowhere"}])
    refused(admin, "conflict", **old)
    refused(admin, "conflict", db=admin.db, extensions=[{"name": "plpgsql", "schema": "public"}])


def test_exact_membership(admin: Administration) -> None:
    groups = ["pg_monitor", "pg_signal_backend", "pg_read_all_settings"]
    admin(user=admin.user, member_of=groups)
    assert admin(user=admin.user, member_of=groups[:1]).differences == ()
    admin.query(
        f"CREATE ROLE {admin.prefix}_other CREATEROLE; GRANT pg_monitor TO {admin.prefix}_other WITH ADMIN OPTION"
    )
    admin.query(f"SET ROLE {admin.prefix}_other; GRANT pg_monitor TO {admin.user}")
    exact = {"user": admin.user, "member_of": ["pg_read_all_settings"], "member_of_exact": True}
    assert agrees(admin, **exact) == [("user", "changed")]
    assert agrees(admin, user=admin.user, member_of=[], member_of_exact=True) == [("user", "changed")]


def test_comments(admin: Administration) -> None:
    options = {"user": admin.user, "db": admin.db, "role_comment": "it's the shop's", "database_comment": "the shop"}
    assert agrees(admin, **options) == [("user", "created"), ("database", "created")]
    assert agrees(admin, **{**options, "role_comment": "another"}) == [("user", "changed")]
    assert agrees(admin, **{**options, "role_comment": "another", "database_comment": "x"}) == [("database", "changed")]


def test_password_only_at_creation_and_taken_away(admin: Administration) -> None:
    first = {"user": admin.user, "password": "first", "update_password": "on_create"}
    assert agrees(admin, **first) == [("user", "created")]
    assert admin(**{**first, "password": "second"}).differences == ()
    assert done(admin(user=admin.user, password="second")) == [("user", "changed")]
    assert agrees(admin, user=admin.user, no_password=True) == [("user", "changed")]
    assert admin.query(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{admin.user}'") == [(None,)]


def test_tablespace(admin: Administration, tmp_path: Path) -> None:
    name = admin.prefix + "_space"
    try:
        admin.query("SET allow_in_place_tablespaces = on")
    except psycopg2.errors.UndefinedObject:
        pytest.skip("before PostgreSQL 15 a tablespace needs a directory of the server's user")
    subprocess.run(
        [
            admin.server.program("psql"),
            "-Xqc",
            "SET allow_in_place_tablespaces = on",
            "-c",
            f"CREATE TABLESPACE {name} LOCATION ''",
            admin.server.url("postgres"),
        ],
        check=True,
    )
    try:
        assert agrees(admin, db=admin.db, tablespace=name) == [("database", "created")]
        assert agrees(admin, db=admin.db, tablespace="pg_default") == [("database", "changed")]
        refused(admin, "option", db=admin.db, tablespace="of_no_such_name")
        with psycopg2.connect(admin.server.url(admin.db)):
            assert "in use" in refused(admin, "conflict", db=admin.db, tablespace=name).message
    finally:
        admin(db=admin.db, state="absent", force=True)
        admin.query(f"DROP TABLESPACE {name}")


def test_locale_provider(admin: Administration) -> None:
    major = admin.server.major
    if major < 15:
        refused(admin, "option", db=admin.db, locale_provider="libc")
        return
    assert agrees(admin, db=admin.db, locale_provider="libc") == [("database", "created")]
    builtin = {"db": admin.db + "2", "builtin_locale": "C.UTF-8", "encoding": "UTF8"}
    if major < 17:
        refused(admin, "option", **builtin)
    else:
        assert agrees(admin, **builtin) == [("database", "created")]
        refused(admin, "conflict", db=admin.db + "2", locale_provider="libc")
    refused(admin, "option", db=admin.db, builtin_locale="C", icu_locale="de")


def test_nothing_is_left_of_a_new_database_when_a_right_cannot_be_given(admin: Administration) -> None:
    before = admin.state()
    settings = {"work_mem": "of no such size"}
    with pytest.raises(MigrationError, match="work_mem") as caught:
        admin(user=admin.user, db=admin.db, schemas=["app"], role_comment="x", settings=settings)
    assert caught.value.kind == "provision"
    assert admin.state() == before


@pytest.mark.parametrize(
    "both",
    [
        {"revoke_public": ["CONNECT", "TEMPORARY"], "db_connection_limit": 20},
        {"grants": {"database": ["CONNECT"]}, "db_connection_limit": 20},
        {"grants": {"database": ["CONNECT"]}, "database_comment": "ours", "owner": True},
        {"revoke_public": ["CONNECT"], "owner": True, "schemas": ["app"]},
    ],
    ids=str,
)
def test_a_database_and_rights_on_it_change_at_once(admin: Administration, both: dict[str, Any]) -> None:
    second = admin.user + "_2"
    admin(user=second)
    admin(user=admin.user, db=admin.db)
    options = {**both, **({"owner": second} if "owner" in both else {})}
    options["connect_params"] = {"options": "-c lock_timeout=5s"}  # a task that waits for itself would wait for ever
    assert admin(user=admin.user, db=admin.db, **options).differences != ()
    assert admin(user=admin.user, db=admin.db, **options).differences == ()

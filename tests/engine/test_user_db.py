# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and databases on a real server: created, compared, changed, and nothing half-made when something is wrong."""

from __future__ import annotations

import functools
import os
import string
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import server as throwaway
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.provision.request import ProvisionReport
from ansible_collections.pgops.migrations.plugins.module_utils.provision.statement import shown
from pg_programs import embedded_bindir

from .administration import Administration, administration, done, refused
from .power import Power

CREATED = [("user", "created"), ("database", "created")]
PASSWORD = "p:a\\s's \"w%rd/@?#&=🐘"


@pytest.fixture
def admin(any_server: throwaway.Server) -> Iterator[Administration]:
    yield from administration(any_server)


@pytest.fixture(scope="module")
def strict_server() -> Iterator[throwaway.Server]:
    with throwaway.running(embedded_bindir(), auth="scram", password="s3cret") as running:
        yield running


@pytest.fixture
def strict(strict_server: throwaway.Server) -> Iterator[Administration]:
    """Return an administration of a server that asks for passwords."""
    yield from administration(strict_server)


# Created, changed, and left alone.


def test_created_as_foretold_and_then_left_alone(admin: Administration) -> None:
    options = {
        "user": admin.user,
        "password": PASSWORD,
        "role_attributes": ["CREATEDB", "NOINHERIT"],
        "connection_limit": 5,
        "valid_until": "2031-02-03 04:05:06+00",
        "member_of": ["pg_monitor", "pg_signal_backend"],
        "db": admin.db,
        "encoding": "utf-8",
        "collate": "C",
        "ctype": "POSIX",
        "db_connection_limit": 7,
        "extensions": ["citext", "earthdistance"],
    }
    before = admin.state()
    foretold = admin(checking=True, **options)
    assert admin.state() == before
    real = admin(**options)
    assert done(real) == [*CREATED, ("extension", "created"), ("extension", "created")]
    assert shown(foretold.differences, after=True) == shown(real.differences, after=True)
    assert shown(real.differences, after=False) == ""
    assert admin(**options).differences == ()
    assert admin.query(
        "SELECT rolcanlogin, rolcreatedb, rolinherit, rolconnlimit, extract(epoch FROM rolvaliduntil)::int"
        f" FROM pg_roles WHERE rolname = '{admin.user}'"
    ) == [(True, True, False, 5, 1927857906)]
    assert admin.query(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit"
        f" FROM pg_database WHERE datname = '{admin.db}'"
    ) == [(admin.user, "UTF8", "C", "C", 7)]  # POSIX is another name for C
    assert {row[0] for row in admin.query("SELECT extname FROM pg_extension", admin.db)} >= {"citext", "cube"}


CHANGES: list[dict[str, Any]] = [
    {"password": "another"},
    {"role_attributes": ["nologin", "bypassrls"]},
    {"connection_limit": 3},
    {"valid_until": "2031-02-03"},
    {"valid_until": "2001-02-03 04:05:06 Europe/Berlin"},
    {"member_of": ["pg_monitor"]},
    {"db_connection_limit": 0},
    {"owner": "postgres"},
    {"extensions": ["citext"]},
    {"password": "another", "member_of": ["pg_monitor"], "connection_limit": 1, "db_connection_limit": 2},
]


@pytest.mark.parametrize("change", CHANGES)
def test_changed_as_foretold_and_then_left_alone(admin: Administration, change: dict[str, Any]) -> None:
    there = {"user": admin.user, "password": "secret", "db": admin.db}
    admin(**there)
    before = admin.state()
    foretold = admin(checking=True, **{**there, **change})
    assert admin.state() == before
    real = admin(**{**there, **change})
    assert real.differences
    assert "created" not in dict(done(real)).get("user", "") + dict(done(real)).get("database", "")
    assert shown(foretold.differences, after=False) == shown(real.differences, after=False)
    assert shown(foretold.differences, after=True) == shown(real.differences, after=True)
    assert admin(**{**there, **change}).differences == ()
    assert admin(user=admin.user, db=admin.db, owner=change.get("owner")).differences == ()


@pytest.mark.parametrize("only", ["user", "db"])
def test_one_without_the_other(admin: Administration, only: str) -> None:
    options = {only: getattr(admin, only)}
    assert len(admin(**options).differences) == 1
    assert admin(**options).differences == ()
    assert done(admin(state="absent", **options)) == [({"db": "database"}.get(only, only), "dropped")]
    assert admin(state="absent", **options).differences == ()


ODD_NAMES = [
    'it\'s "quoted"',
    "per % cent %s %(x)s",
    "semi; colon --",
    "🐘 elephant",
    "{brace} {}",
    "back\\slash",
    "Upper",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names(admin: Administration, name: str) -> None:
    name = (admin.prefix + name).encode()[:63].decode(errors="ignore")
    options = {"user": name, "password": "x", "db": name, "member_of": ["pg_monitor"], "extensions": ["citext"]}
    assert done(admin(**options))[:2] == CREATED
    assert admin(**options).differences == ()
    # Who looks with other eyes has to find these names.
    assert admin.query("SELECT current_user, current_database()", name, user=name) == [(name, name)]
    assert len(admin(state="recreated", **options).differences) == 5
    assert len(admin(state="absent", **options).differences) == 2


@pytest.mark.parametrize("option", ["user", "db", "owner", "template", "extensions", "member_of"])
@pytest.mark.parametrize("name", ["x" * 64, "é" * 32, "", "nul\0"])
def test_names_that_no_server_takes_as_they_are(option: str, name: str) -> None:
    given = {"user": "shop", "db": "shop", "url": "host=127.0.0.1 port=1"}
    given[option] = [name] if option in ("extensions", "member_of") else name  # type: ignore[assignment]
    with pytest.raises(MigrationError, match=option) as caught:
        Administration.__call__(None, **given)  # type: ignore[arg-type]
    assert caught.value.kind == "option"


def test_names_of_63_bytes(admin: Administration) -> None:
    name = admin.prefix + "é" * 31
    name = name.encode()[:63].decode(errors="ignore")
    assert done(admin(user=name, db=name)) == CREATED
    assert admin(user=name, db=name).differences == ()


# Passwords.

PASSWORDS = [
    "plain",
    string.printable[:95],
    ":\\:\\\\",
    "tab\tand\nline",
    "naïve",
    "nai\u0308ve",
    "no\u00adbreak\u00a0space",
    "\u2168",
    "\u0627\u0031",
    "🐘",
    "ü\u0007",
    "x" * 300,
]


@pytest.mark.parametrize("kind", ["scram-sha-256", "md5"])
@pytest.mark.parametrize("password", PASSWORDS)
def test_password_is_known_again(strict: Administration, password: str, kind: str) -> None:
    strict.query(f"ALTER SYSTEM SET password_encryption = '{kind}'")
    strict.query("SELECT pg_reload_conf()")
    try:
        assert done(strict(user=strict.user, password=password)) == [("user", "created")]
        assert strict(user=strict.user, password=password).differences == ()
        ((stored,),) = strict.query(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{strict.user}'")
        assert stored.lower().startswith(kind[:5])
        if kind != "md5":  # such a verifier opens nothing where pg_hba.conf asks for SCRAM
            assert strict.query("SELECT current_user", user=strict.user, password=password) == [(strict.user,)]
        assert done(strict(user=strict.user, password=password + "x")) == [("user", "changed")]
        with pytest.raises(psycopg2.OperationalError, match="password"):
            strict.query("SELECT 1", user=strict.user, password=password)
    finally:
        strict.query("ALTER SYSTEM RESET password_encryption")
        strict.query("SELECT pg_reload_conf()")


@pytest.mark.parametrize("password", PASSWORDS)
def test_password_that_the_server_has_hashed_itself(strict: Administration, password: str) -> None:
    literal = "'" + password.replace("'", "''") + "'"
    strict.query(f"CREATE ROLE {strict.user} LOGIN PASSWORD {literal}")
    assert strict(user=strict.user, password=password).differences == ()


def test_a_verifier_in_place_of_a_password(strict: Administration) -> None:
    strict(user=strict.user, password="secret")
    ((stored,),) = strict.query(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{strict.user}'")
    strict(user=strict.user, password="another")
    assert done(strict(user=strict.user, password=stored)) == [("user", "changed")]
    assert strict(user=strict.user, password=stored).differences == ()
    assert strict(user=strict.user, password="secret").differences == ()


def test_where_the_verifier_cannot_be_read_a_login_decides(strict: Administration) -> None:
    options = {"url": strict.administrator("CREATEROLE"), "user": strict.user}
    assert done(strict(password="secret", **options)) == [("user", "created")]
    assert strict(password="secret", **options).differences == ()
    assert done(strict(password="another", **options)) == [("user", "changed")]
    assert strict(password="another", **options).differences == ()
    strict(user=strict.user, db=strict.db)
    assert strict(password="another", db=strict.db, **options).differences == ()


def test_where_nobody_asks_for_passwords_a_login_decides_nothing(admin: Administration) -> None:
    options = {"url": admin.administrator("CREATEROLE"), "user": admin.user, "password": "secret"}
    admin(**options)
    again = admin(**options)
    assert done(again) == [("user", "changed")]
    assert "Can't verify the current password" in again.warnings[0]


def test_the_password_file_opens_the_database(
    strict: Administration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = string.printable[:95]
    path = tmp_path / "passwords"
    path.write_text("# mine\n*:*:*:*:wrong\n")
    path.chmod(0o644)
    options = {"user": strict.user, "password": password, "db": strict.db, "pgpass": True, "pgpass_file": str(path)}
    foretold = strict(checking=True, **options)
    assert path.read_text() == "# mine\n*:*:*:*:wrong\n"
    real = strict(**options)
    assert done(real) == [*CREATED, ("file", "changed")]
    assert shown(foretold.differences, after=True) == shown(real.differences, after=True)
    assert "********" in shown(real.differences, after=True)
    assert "0644" in real.warnings[0]
    assert strict(**options).differences == ()
    monkeypatch.setenv("PGPASSFILE", str(path))
    assert strict.query("SELECT current_user", strict.db, user=strict.user) == [(strict.user,)]
    path.chmod(0o640)
    assert done(strict(**options)) == [("file", "changed")]
    assert done(strict(state="absent", **options))[-1] == ("file", "changed")
    assert path.read_text() == "# mine\n*:*:*:*:wrong\n"


def test_a_password_file_that_cannot_be_written(admin: Administration, tmp_path: Path) -> None:
    options = {"user": admin.user, "password": "x", "db": admin.db, "pgpass": True}
    refused(admin, "password_file", pgpass_file=str(tmp_path / "no" / "file"), **options)
    refused(admin, "password_file", pgpass_file=str(tmp_path), **options)
    os.mkfifo(tmp_path / "pipe")
    refused(admin, "password_file", pgpass_file=str(tmp_path / "pipe"), **options)


@pytest.mark.parametrize("password", ["", "nul\0"])
def test_no_password(admin: Administration, password: str) -> None:
    refused(admin, "option", user=admin.user, password=password)


def test_no_password_to_keep(admin: Administration) -> None:
    refused(admin, "option", user=admin.user, pgpass=True)
    refused(admin, "option", user=admin.user, pgpass=True, password="two\nlines")
    refused(admin, "option", user=admin.user, pgpass=True, password="md5" + "0" * 32)


# What can't be had.


@pytest.mark.parametrize(
    "option, value",
    [
        ("encoding", "LATIN1"),
        ("collate", "C.of_no_such_name"),
        ("ctype", "de_DE"),
    ],
)
def test_what_cannot_be_changed_in_place(admin: Administration, option: str, value: str) -> None:
    admin(db=admin.db)
    error = refused(admin, "conflict", db=admin.db, user=admin.user, **{option: value})
    assert value in error.message


BAD_OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("encoding", {"encoding": "UTF-9"}),
    ("template", {"template": "of_no_such_name"}),
    ("template", {"template": "postgres", "encoding": "LATIN1", "collate": "C", "ctype": "C"}),
    ("owner", {"owner": "of_no_such_name"}),
    ("member_of", {"member_of": ["pg_monitor", "of_no_such_name"]}),
    ("valid_until", {"valid_until": "the day after"}),
    ("role_attributes", {"role_attributes": ["ROOT"]}),
    ("extensions", {"extensions": ["citext", "of_no_such_name"]}),
]


@pytest.mark.parametrize("name, options", BAD_OPTIONS)
def test_bad_option(admin: Administration, name: str, options: dict[str, Any]) -> None:
    error = refused(admin, "option", user=admin.user, password="x", db=admin.db, **options)
    assert error.message.startswith(name + ": ")


def test_what_was_created_is_dropped_again_when_an_extension_fails(admin: Administration) -> None:
    admin(db=admin.db + "_model")
    admin.query("CREATE TYPE public.citext AS (x int)", admin.db + "_model")
    options = {"user": admin.user, "password": "x", "db": admin.db, "template": admin.db + "_model"}
    before = admin.state()
    with pytest.raises(MigrationError, match='create the extension "citext" in ') as caught:
        admin(extensions=["cube", "citext"], **options)
    assert caught.value.sqlstate == "42710"
    assert admin.state() == before
    admin(**options)
    before = admin.state()
    with pytest.raises(MigrationError, match='create the extension "citext" in '):
        admin(extensions=["cube", "citext"], connection_limit=3, db_connection_limit=3, **{**options, "password": "y"})
    assert admin.state() == before
    assert admin.query("SELECT extname FROM pg_extension", admin.db) == [("plpgsql",)]


def test_what_was_created_is_dropped_again_when_the_locale_does_not_fit(admin: Administration) -> None:
    before = admin.state()
    with pytest.raises(MigrationError, match="LATIN1") as caught:
        admin(user=admin.user, db=admin.db, encoding="LATIN1", collate="C.UTF-8", ctype="C.UTF-8")
    assert caught.value.kind == "provision"
    assert admin.state() == before


@pytest.mark.parametrize("option", ["collate", "ctype"])
def test_a_locale_that_the_server_has_not_is_known_in_check_mode(admin: Administration, option: str) -> None:
    error = refused(admin, "option", user=admin.user, db=admin.db, **{option: "of_no_such_name"})
    assert error.message == f"{option}: the server's system has no locale of_no_such_name"


def test_icu_locale(admin: Administration) -> None:
    options = {"db": admin.db, "icu_locale": "de_DE"}
    if not admin.query("SELECT 1 FROM pg_collation WHERE collname = 'de-x-icu'"):
        refused(admin, "option", **options)
        return
    assert done(admin(**options)) == [("database", "created")]
    assert admin(**options).differences == ()
    refused(admin, "conflict", db=admin.db, icu_locale="fr")
    admin(db=admin.db + "2")
    refused(admin, "conflict", db=admin.db + "2", icu_locale="de")


# Rights.


@pytest.mark.parametrize(
    "rights, options, words",
    [
        ("NOSUPERUSER", {"user": True}, "CREATEROLE"),
        ("CREATEDB", {"user": True, "db": True}, "CREATEROLE"),
        ("CREATEROLE", {"user": True, "db": True}, "CREATEDB"),
        ("NOSUPERUSER", {"db": True}, "CREATEDB"),
        ("CREATEDB", {"db": True, "owner": "postgres"}, "membership"),
        ("CREATEDB CREATEROLE", {"user": True, "db": True}, "membership"),
        ("CREATEDB", {"db": True, "extensions": ["pageinspect"]}, "superuser"),
    ],
)
def test_a_right_that_is_missing(admin: Administration, rights: str, options: dict[str, Any], words: str) -> None:
    options = {key: getattr(admin, key) if value is True else value for key, value in options.items()}
    error = refused(admin, "privilege", url=admin.administrator(rights), **options)
    assert words in error.sentence()


@pytest.mark.parametrize("options", [{"role_attributes": ["SUPERUSER"]}, {"member_of": ["pg_execute_server_program"]}])
def test_a_right_that_only_the_server_knows_of(admin: Administration, options: dict[str, Any]) -> None:
    url, before = admin.administrator("CREATEROLE"), admin.state()
    if admin.server.major < 16 and "member_of" in options:
        pytest.skip("up to PostgreSQL 15 CREATEROLE is enough for that")
    with pytest.raises(MigrationError, match='The server refuses to create the user "%s"' % admin.user) as caught:
        admin(url=url, user=admin.user, **options)
    assert (caught.value.kind, caught.value.sqlstate) == ("privilege", "42501")
    assert admin.state() == before


def test_trusted_extensions_take_no_superuser(admin: Administration) -> None:
    options = {"url": admin.administrator("CREATEDB"), "db": admin.db, "extensions": ["citext"]}
    assert done(admin(**options)) == [("database", "created"), ("extension", "created")]
    assert admin(**options).differences == ()


def test_session_role(admin: Administration) -> None:
    admin.query(f"CREATE ROLE {admin.prefix}_owner NOLOGIN CREATEDB")
    url = admin.administrator(f"IN ROLE {admin.prefix}_owner")
    refused(admin, "privilege", url=url, db=admin.db)
    assert done(admin(url=url, db=admin.db, session_role=admin.prefix + "_owner")) == [("database", "created")]
    assert admin.query(f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{admin.db}'") == [
        (admin.prefix + "_owner",)
    ]


def test_a_server_that_cannot_be_asked(admin: Administration) -> None:
    with closing(psycopg2.connect(admin.server.url())) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE pg_auth_members IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(MigrationError, match="lock timeout") as caught:
            admin(user="postgres", connect_params={"options": "-c lock_timeout=50ms"})
        assert (caught.value.kind, caught.value.sqlstate) == ("provision", "55P03")


# Whose a database is.


def test_a_second_user_does_not_take_the_database(admin: Administration) -> None:
    second = admin.user + "2"
    admin(user=admin.user, db=admin.db)
    other = admin(user=second, db=admin.db)
    assert done(other) == [("user", "created")]
    assert other.warnings == (
        f'The database "{admin.db}" belongs to "{admin.user}", and stays so. Set owner where that is to change.',
    )
    assert admin(user=admin.user, db=admin.db) == ((), ())
    assert admin(user=second, db=admin.db, owner=admin.user) == ((), ())
    assert done(admin(user=second, db=admin.db, owner=second)) == [("database", "changed")]


# Several at the same moment.

RACERS = 20


def race(tasks: list[Callable[[], ProvisionReport]]) -> list[ProvisionReport]:
    """Run tasks at the same moment."""
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], ProvisionReport]) -> ProvisionReport:
        start.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_many_hosts_provision_the_same_at_once(admin: Administration) -> None:
    options = {"user": admin.user, "password": "secret", "db": admin.db, "extensions": ["citext", "earthdistance"]}
    options.update(member_of=["pg_monitor"], connection_limit=7)
    # Where the database is named and isn't there yet, who comes later connects to it.
    places = [{}, {"login_db": admin.db}]
    reports = race([functools.partial(admin, **options, **places[number % 2]) for number in range(RACERS)])
    whole = [each for report in reports for each in done(report)]
    for created in [*CREATED, ("extension", "created")]:
        assert created in whole
    assert whole.count(("user", "created")) == whole.count(("database", "created")) == 1
    assert admin(**options).differences == ()

    reports = race([functools.partial(admin, **options, state="absent") for dummy in range(RACERS)])
    whole = [each for report in reports for each in done(report)]
    assert sorted(set(whole)) == [("database", "dropped"), ("user", "dropped")]


def test_many_hosts_change_the_same_at_once(admin: Administration) -> None:
    admin(user=admin.user, db=admin.db)
    options = {"user": admin.user, "db": admin.db, "member_of": ["pg_monitor", "pg_signal_backend"]}
    options.update(connection_limit=3, db_connection_limit=9, extensions=["citext"], valid_until="2031-02-03")
    race([functools.partial(admin, **options) for dummy in range(RACERS)])
    assert admin(**options).differences == ()


# Where the administrator connects.


@pytest.mark.parametrize("named", ["db", "template1", "postgres"])
def test_maintenance_database(admin: Administration, named: str) -> None:
    url = admin.server.url(admin.db if named == "db" else named)
    assert done(admin(url=url, db=admin.db)) == [("database", "created")]
    assert admin(url=url, db=admin.db).differences == ()
    assert done(admin(url=url, db=admin.db, state="absent")) == [("database", "dropped")]


def test_without_the_database_postgres() -> None:
    with throwaway.running(embedded_bindir()) as running:
        running.psql("DROP DATABASE postgres", "template1")
        there = Administration(running)
        assert done(there(user=there.user, db=there.db, extensions=["citext"]))[:2] == CREATED
        assert there(user=there.user, db=there.db, extensions=["citext"]).differences == ()


def test_a_database_to_connect_to_that_is_not_there(admin: Administration) -> None:
    refused(admin, "database_missing", login_db="of_no_such_name", db=admin.db)


def test_a_standby() -> None:
    with throwaway.running(embedded_bindir()) as running:
        Power(running).become_standby()
        there = Administration(running)
        error = refused(there, "read_only", user=there.user, db=there.db)
        assert "standby" in error.message


def test_a_standby_with_nothing_to_do(tmp_path: Path) -> None:
    with throwaway.running(embedded_bindir()) as running:
        there = Administration(running)
        options = {"user": there.user, "password": "secret", "db": there.db, "extensions": ["citext"]}
        there(**options)
        Power(running).become_standby()
        assert there(**options).differences == ()
        assert there(user="of_no_such_name", state="absent").differences == ()
        kept = {"pgpass": True, "pgpass_file": str(tmp_path / "passwords")}
        assert done(there(**options, **kept)) == [("file", "created")]
        error = refused(there, "read_only", **options, connection_limit=3)
        assert f"user {there.user}" in error.message


def test_a_server_that_is_read_only(admin: Administration) -> None:
    error = refused(
        admin, "read_only", user=admin.user, connect_params={"options": "-c default_transaction_read_only=on"}
    )
    assert "read-only" in error.message

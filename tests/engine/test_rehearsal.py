"""Check mode: the plan runs on a scratch copy, the target gets no write, and what a copy can't prove is said."""

from __future__ import annotations

import textwrap
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import client
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import scratch
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies
from pg_programs import embedded_bindir

from .conftest import Project, done

EVERYTHING = """
    SELECT array_agg(relname ORDER BY relname) FROM pg_class
     WHERE relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""


@pytest.fixture
def user(project: Project) -> Any:
    """Return a role without rights of any sort that may log in."""
    name = project.url.rpartition("/")[2] + "_user"
    project.query(f"CREATE ROLE {name} LOGIN")
    yield name
    project.query(f"DROP OWNED BY {name}")
    project.query(f"DROP ROLE {name}")


def as_user(project: Project, user: str) -> Target:
    return Target({**parse_url(project.url), "user": user})


def test_target_is_untouched_and_the_diff_is_that_of_the_real_run(project: Project) -> None:
    project.query("CREATE TABLE old (a int PRIMARY KEY, b text DEFAULT 'x')")
    project.write(
        v1="ALTER TABLE old ADD COLUMN c int; CREATE INDEX ON old (b)", v2="CREATE VIEW v AS SELECT * FROM old"
    )
    before = project.query(EVERYTHING)
    checked = project.check()
    assert project.query(EVERYTHING) == before
    assert done(checked) == ["1", "2"]
    real = project.migrate(with_diff=True)
    assert checked.diffs == real.diffs
    assert "+    c integer\n" in real.diffs[0]  # type: ignore[index]
    assert project.check().plan.steps == ()


def test_a_diff_per_migration(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2="SELECT 1", v3="CREATE TABLE b (x int)")
    checked = project.check(per_migration=True)
    assert checked.diffs == project.migrate(with_diff=True, per_migration=True).diffs
    assert ["+CREATE TABLE public.a" in text for text in checked.diffs] == [True, False, False]  # type: ignore[union-attr]
    assert ["+CREATE TABLE public.b" in text for text in checked.diffs] == [False, False, True]  # type: ignore[union-attr]


def test_the_copy_has_the_history(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate()
    project.write(
        v2="CREATE TABLE seen AS SELECT h.*, l.name, l.checksum, l.event FROM schema_migrations h "
        "JOIN schema_migrations_log l USING (version, applied)",
        v3="DO $$ BEGIN ASSERT (SELECT count(*) FROM schema_migrations) = 2; END $$",
        v4="DO $$ BEGIN ASSERT (SELECT (name, event) = ('v1', 'applied') FROM seen); END $$",
    )
    assert done(project.check()) == ["2", "3", "4"]


def test_a_database_that_does_not_exist_yet(project: Project) -> None:
    target = Target(parse_url(project.url)).with_database("not made yet")
    project.write(v1="CREATE TABLE a (x int)")
    checked = project.check(target=target)
    assert done(checked) == ["1"]
    assert checked.diffs == project.migrate(with_diff=True).diffs


SETTINGS = {
    "search_path": ("search_path = '$user', elsewhere, public", "CREATE TABLE a (x int)", "CREATE TABLE elsewhere.a"),
    "one of an application": (
        "app.tenant = 'it''s %s'",
        "DO $$ BEGIN EXECUTE format('CREATE TABLE %I (x int)', current_setting('app.tenant')); END $$",
        'CREATE TABLE public."it\'s %s"',
    ),
    "a list that must be quoted": ('search_path = "odd, name", public', "CREATE TABLE a (x int)", '"odd, name".a'),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_copy_has_the_databases_settings(project: Project, name: str) -> None:
    setting, script, expected = SETTINGS[name]
    database = project.url.rpartition("/")[2]
    project.query('CREATE SCHEMA elsewhere; CREATE SCHEMA "odd, name"')
    project.query(f"ALTER DATABASE {database} SET {setting}")
    project.write(v1=script)
    checked = project.check(history_table="public.schema_migrations")
    assert expected in checked.diffs[0]  # type: ignore[index]
    assert checked.diffs == project.migrate(history_table="public.schema_migrations", with_diff=True).diffs


LOCALES = {
    "LATIN1": (
        "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
        "pg_encoding_to_char(encoding)",
        "LATIN1",
    ),
    "SQL_ASCII": ("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'", "pg_encoding_to_char(encoding)", "SQL_ASCII"),
    "another collation": ("TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'", "datcollate || datctype", "CC.UTF-8"),
    "ICU": (
        "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-AT'",
        "coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')",
        "de-AT",
    ),
}


@pytest.mark.parametrize("name", LOCALES)
def test_the_copy_has_the_databases_encoding_and_locale(project: Project, any_server: Any, name: str) -> None:
    options, expression, expected = LOCALES[name]
    database = "like_this"
    try:
        any_server.psql(f"CREATE DATABASE {database} {options}")
    except Exception:
        assert name == "ICU"  # only servers that were built with ICU have it
        return
    try:
        project.write(
            v1=f"CREATE TABLE found AS SELECT 1 AS a; DO $$ BEGIN ASSERT '{expected}' = (SELECT {expression} "
            "FROM pg_database d WHERE datname = current_database()); END $$"
        )
        checked = project.check(target=Target(parse_url(project.url)).with_database(database))
        assert done(checked) == ["1"]
    finally:
        any_server.drop_database(database)


CLUSTER_WIDE = {
    "a role": ("CREATE ROLE {role}", "roles"),
    "a comment on a role": ("COMMENT ON ROLE postgres IS 'leaked'", "comments"),
    "a setting of the database": ("ALTER DATABASE {database} SET work_mem = '1MB'", "settings"),
    "a setting of a role": ("ALTER ROLE postgres SET work_mem = '1MB'", "settings"),
    "a grant on the database": ("GRANT CREATE ON DATABASE {database} TO PUBLIC", "databases"),
    "membership": ("GRANT pg_monitor TO CURRENT_USER; CREATE ROLE {role}", "memberships"),
    "a database": ("-- no-transaction\nCREATE DATABASE {role}", "CREATE DATABASE"),
    "a role, outside": ("-- no-transaction\nCREATE ROLE {role}", "roles"),
    "ALTER SYSTEM": ("-- no-transaction\n-- why\nALTER SYSTEM SET work_mem = '1MB'", "ALTER SYSTEM"),
}

FOOTPRINT = """
    SELECT (SELECT count(*) FROM pg_roles), (SELECT count(*) FROM pg_shdescription),
           (SELECT count(*) FROM pg_auth_members), (SELECT count(*) FROM pg_db_role_setting),
           (SELECT array_agg(datname || coalesce(datacl::text, '')) FROM pg_database)
"""


@pytest.mark.parametrize("name", CLUSTER_WIDE)
@pytest.mark.parametrize("kind", ["sql", "python"])
def test_a_step_that_changes_the_cluster_stops_the_rehearsal(project: Project, name: str, kind: str) -> None:
    statement, word = CLUSTER_WIDE[name]
    database = project.url.rpartition("/")[2]
    statement = statement.format(role=database + "_leaked", database=database)
    project.write(v1="CREATE TABLE a (x int)", v2=statement, v3="CREATE TABLE b (x int)")
    if kind == "python":
        (project.directory / "2_v2.up.sql").unlink()
        outside = "transactional = False\n" if statement.startswith("-- no") else ""
        other = project.directory.parent / "python"
        other.mkdir()
        (other / "2_x.py").write_text(f"{outside}def up(cursor):\n    cursor.execute({statement!r})\n")
    before = project.query(FOOTPRINT)
    directories = [str(path) for path in sorted(project.directory.parent.glob("*")) if path.name != "tmp"]
    checked = project.check(directories=tuple(directories))
    assert project.query(FOOTPRINT) == before
    assert done(checked) == ["1"]
    assert word in checked.rehearsal.stopped
    assert "2" in checked.rehearsal.stopped
    assert [str(step.script.version) for step in checked.progress.left] == ["2", "3"]
    with pytest.raises(MigrationError, match="stopped before its end") as caught:
        project.check(directories=tuple(directories), rehearsal="required")
    assert caught.value.kind == "rehearsal"


def test_ordinary_statements_do_not_look_cluster_wide(project: Project) -> None:
    project.write(
        v1="CREATE TABLE a (x serial PRIMARY KEY); GRANT SELECT ON a TO PUBLIC; CREATE SCHEMA s; "
        "COMMENT ON TABLE a IS 'x'; ALTER TABLE a OWNER TO CURRENT_USER; CREATE TYPE t AS ENUM ('a'); NOTIFY x; "
        "ANALYZE a; CREATE TEMP TABLE z (a int); DROP SCHEMA s"
    )
    checked = project.check()
    assert (done(checked), checked.rehearsal.stopped) == (["1"], None)


def test_no_right_to_create_a_database(project: Project, user: str) -> None:
    project.query(f"GRANT CREATE ON SCHEMA public TO {user}")
    project.write(v1="CREATE TABLE a (x int)")
    checked = project.check(target=as_user(project, user), rehearsal_on="server")
    assert [str(step.script.version) for step in checked.progress.left] == ["1"]
    assert "Not rehearsed: no database can be created for the copy: permission denied" in checked.warnings[0]
    with pytest.raises(MigrationError, match="permission denied to create database") as caught:
        project.check(target=as_user(project, user), rehearsal="required", rehearsal_on="server")
    assert caught.value.kind == "rehearsal"


def test_rehearsal_off_lists_the_plan(project: Project) -> None:
    project.write(v1="SELECT nonsense")
    checked = project.check(rehearsal="off")
    assert [str(step.script.version) for step in checked.progress.left] == ["1"]
    assert checked.rehearsal is None


def test_no_client_program(project: Project, monkeypatch: pytest.MonkeyPatch, any_server: Any) -> None:
    monkeypatch.setattr(client, "_candidates", lambda program, bin_dir: iter(()))
    project.write(v1="CREATE TABLE a (x int)")
    assert f"needs a pg_dump of version {any_server.major} or newer" in project.check().warnings[0]
    with pytest.raises(MigrationError, match="needs a pg_dump"):
        project.check(rehearsal="required")
    with pytest.raises(MigrationError, match="needs a pg_dump") as caught:
        project.migrate(policies=Policies(drift="fail"))
    assert caught.value.kind == "dependency"
    assert f"postgresql-client-{any_server.major}" in str(caught.value.hint)
    assert project.tables() == []
    real = project.migrate(with_diff=True)
    assert (done(real), real.diffs) == (["1"], None)
    assert "There is no diff, and changes by hand can't be noticed" in real.warnings[0]


def test_owners_are_left_out_where_they_must_be(project: Project, user: str) -> None:
    project.query(f"ALTER ROLE {user} CREATEDB; CREATE TABLE of_postgres (a int); CREATE TABLE of_user (a int)")
    project.query(f"ALTER TABLE of_user OWNER TO {user}; GRANT SELECT ON of_postgres TO {user}")
    project.query(f"GRANT CREATE ON SCHEMA public TO {user}")
    project.write(v1="ALTER TABLE of_user ADD COLUMN b int")
    checked = project.check(target=as_user(project, user), rehearsal_on="server")
    assert done(checked) == ["1"]
    assert any("owners and grants" in sentence for sentence in checked.rehearsal.unproved)
    # Where nobody says where, it is rehearsed where they needn't be left out.
    assert project.check(target=as_user(project, user)).rehearsal.on == "cluster"
    assert checked.diffs == project.migrate(target=as_user(project, user), with_diff=True).diffs


ROWS: dict[str, tuple[tuple[str, ...], bool]] = {
    "none": ((), True),
    "of another table": (("harmless",), True),
    "of this table": (("child",), False),
    "of this table, with its schema": (("public.child",), False),
    "of all": (("all",), False),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_were_asked_for(project: Project, name: str) -> None:
    tables, passes = ROWS[name]
    project.query(
        "CREATE TABLE parent (a int PRIMARY KEY); CREATE TABLE child (a int REFERENCES parent, b int); "
        "CREATE TABLE harmless (a int); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, -1)"
    )
    project.write(v1="ALTER TABLE child ADD CHECK (b > 0)")
    if passes:
        assert done(project.check(rehearsal_data=tables, prechecks="off")) == ["1"]
        return
    with pytest.raises(MigrationError, match="In the rehearsal") as caught:
        project.check(rehearsal_data=tables)
    assert caught.value.sqlstate == "23514"


def test_rows_of_a_table_that_is_not_there(project: Project) -> None:
    project.write(v1="SELECT 1")
    with pytest.raises(MigrationError, match="rehearsal_data") as caught:
        project.check(rehearsal_data=("no_such_table",), rehearsal="required")
    assert "no_such_table" in caught.value.message


def test_a_required_rehearsal_comes_first_in_a_real_run(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2="SELECT nonsense")
    with pytest.raises(MigrationError, match="In the rehearsal, on a scratch copy: Migration 2_v2 failed"):
        project.migrate(rehearsal="required")
    assert project.tables() == []
    project.write(v2="SELECT 1")
    assert done(project.migrate(rehearsal="required")) == ["1", "2"]


def test_another_server_to_rehearse_on(project: Project, server: Any) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    role = "DO $$ BEGIN CREATE ROLE rehearser LOGIN CREATEDB; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
    server.psql(role)
    project.query(role)
    project.query("GRANT CREATE ON SCHEMA public TO rehearser")
    mine = as_user(project, "rehearser")
    elsewhere = Target({**parse_url(server.url("postgres")), "user": "rehearser"})
    checked = project.check(target=mine, rehearsal_server=elsewhere)
    assert done(checked) == ["1"]
    assert f"port {server.port}" in checked.rehearsal.where
    assert checked.diffs == project.migrate(target=mine, with_diff=True).diffs


def test_a_copy_left_by_a_killed_run_is_swept_and_one_in_use_is_not(project: Project) -> None:
    dead, alive = scratch.PREFIX + "00000001", scratch.PREFIX + "ffffffff"
    url = project.url.rpartition("/")[0] + "/postgres"
    project.write(v1="SELECT 1")
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(scratch.HOLD, [scratch.LOCK_CLASS, -1])
            for name in (dead, alive):
                cursor.execute(f"CREATE DATABASE {name}")
            project.check()
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'pgops_rehearsal_%'")
            assert cursor.fetchall() == [(alive,)]
    project.check()  # its holder is gone now; the fixture sees whether it was swept


def test_others_may_not_connect_to_the_copy(project: Project) -> None:
    acl = "(SELECT datacl FROM pg_database WHERE datname = current_database())"
    project.write(
        v1=f"DO $$ BEGIN ASSERT {acl} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM aclexplode({acl}) "
        "WHERE grantee = 0 AND privilege_type = 'CONNECT'); END $$"
    )
    assert done(project.check()) == ["1"]


def test_what_a_copy_can_not_prove_is_said(project: Project) -> None:
    project.write(v1="SELECT 1")
    sentences = project.check().rehearsal.unproved
    assert [sentence.partition(":")[0] for sentence in sentences] == ["rows", "time"]


def test_a_session_role_owns_what_comes_out(project: Project, user: str) -> None:
    database = project.url.rpartition("/")[2]
    project.query(f"ALTER DATABASE {database} OWNER TO {user}; GRANT ALL ON SCHEMA public TO {user}")
    target = Target(parse_url(project.url), session_role=user)
    project.write(
        v1=textwrap.dedent("CREATE SCHEMA s; CREATE TABLE s.a (x int); SET ROLE postgres;"), v2="CREATE TABLE b (x int)"
    )
    checked = project.check(target=target)
    real = project.migrate(target=target, with_diff=True)
    assert checked.diffs == real.diffs
    assert f"ALTER TABLE public.b OWNER TO {user};" in real.diffs[0]  # type: ignore[index]
    project.query(f"ALTER DATABASE {database} OWNER TO postgres")


def test_a_database_that_is_not_there_yet_is_rehearsed_with_its_extensions(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x citext)")
    missing = Target({**parse_url(project.url), "dbname": "of_no_such_name"})
    checked = project.check(target=missing, rehearsal_extensions=("citext",))
    assert done(checked) == ["1"]
    assert "\n+CREATE EXTENSION" not in checked.diffs[0]  # type: ignore[index]
    assert project.check(target=missing, rehearsal_extensions=("of_no_such_name",)).rehearsal is None
    with pytest.raises(MigrationError, match="citext"):
        project.check(target=missing)


def test_client_programs_newer_than_the_server(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", embedded_bindir())
    monkeypatch.setattr(client, "USUAL_DIRECTORIES", ())
    project.query("CREATE TABLE old (a int PRIMARY KEY); INSERT INTO old VALUES (1)")
    project.write(v1="ALTER TABLE old ADD COLUMN b int")
    report = project.check(rehearsal="required", rehearsal_data=("public.old",))
    assert done(report) == ["1"]
    assert report.diffs == project.migrate(with_diff=True).diffs


@pytest.mark.parametrize("is_called", ["true", "false"])
@pytest.mark.parametrize("data", ["all", "orders"])
def test_sequences_stand_on_the_copy_where_they_do(project: Project, data: str, is_called: str) -> None:
    project.execute("CREATE TABLE orders (id serial PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 10)")
    project.execute(f"SELECT setval('orders_id_seq', 11, {is_called})")
    project.write(v1="INSERT INTO orders DEFAULT VALUES;")
    assert done(project.check(rehearsal_data=(data,), rehearsal="required")) == ["1"]
    assert done(project.migrate()) == ["1"]

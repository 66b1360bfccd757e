# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ordinary role on an ordinary database: it owns its own tables and nothing else; somebody else made the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done


class Ordinary(NamedTuple):
    """A project whose role may create databases, and owns nothing but its own; an administrator is beside it."""

    project: Project
    role: str
    target: Target

    def check(self, **options: Any) -> Any:
        """Check as the role, on the server itself."""
        options.setdefault("rehearsal_on", "server")
        return self.project.check(target=self.target, **options)

    def migrate(self, **options: Any) -> Any:
        """Run as the role; what rehearses first does it on the server itself."""
        options.setdefault("rehearsal_on", "server")
        return self.project.migrate(target=self.target, **options)

    def agree(self, *versions: str) -> Any:
        """Require that the check foretells what the real run does; return the check's report."""
        checked = self.check()
        assert checked.rehearsal is not None, checked.warnings
        assert done(checked) == list(versions), checked.rehearsal.unproved
        real = self.migrate(with_diff=True)
        assert done(real) == list(versions)
        assert checked.diffs == real.diffs
        return checked


@pytest.fixture
def ordinary(project: Project) -> Iterator[Ordinary]:
    role = project.url.rpartition("/")[2] + "_role"
    project.query(
        f"CREATE ROLE {role} LOGIN CREATEDB; CREATE ROLE {role}_team; GRANT CREATE ON SCHEMA public TO {role}"
    )
    project.query(f"ALTER DATABASE {project.url.rpartition('/')[2]} OWNER TO {role}")
    yield Ordinary(project, role, Target({**parse_url(project.url), "user": role}))
    project.query(f"ALTER DATABASE {project.url.rpartition('/')[2]} OWNER TO CURRENT_USER")
    project.query(f"DROP OWNED BY {role} CASCADE; DROP OWNED BY {role}_team CASCADE")
    project.query(f"DROP ROLE {role}; DROP ROLE {role}_team")


# What an administrator has made, and what is then said not to be proved.
OF_ADMINISTRATORS = {
    "an extension": ("CREATE EXTENSION pg_stat_statements", "extension pg_stat_statements: left out"),
    "an extension with a server": (
        "CREATE EXTENSION postgres_fdw; CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw",
        "server away: left out",
    ),
    "an event trigger": (
        "CREATE FUNCTION look() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION look()",
        "event trigger e: left out",
    ),
    "a function in C": (
        "CREATE FUNCTION raw(text) RETURNS int LANGUAGE internal AS 'textlen'",
        "function public.raw(text): left out",
    ),
    "a table": ("CREATE TABLE theirs (a int); GRANT SELECT ON theirs TO PUBLIC", "table public.theirs"),
    "default privileges": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {role}",
        "default acl public.DEFAULT PRIVILEGES FOR TABLES",
    ),
}


@pytest.mark.parametrize("name", OF_ADMINISTRATORS)
def test_what_an_administrator_has_made_is_left_out_and_named(ordinary: Ordinary, name: str) -> None:
    statement, said = OF_ADMINISTRATORS[name]
    ordinary.project.query(statement.format(role=ordinary.role))
    ordinary.project.write(v1="CREATE TABLE mine (a int); CREATE VIEW v AS SELECT a FROM mine")
    checked = ordinary.agree("1")
    assert any(said in sentence for sentence in checked.rehearsal.unproved), checked.rehearsal.unproved


def test_a_plan_that_needs_what_was_left_out_is_rehearsed_up_to_there(ordinary: Ordinary) -> None:
    ordinary.project.query("CREATE EXTENSION pg_stat_statements; GRANT SELECT ON pg_stat_statements TO PUBLIC")
    ordinary.project.write(v1="SELECT 1", v2="CREATE VIEW v AS SELECT query FROM pg_stat_statements")
    checked = ordinary.check()
    assert done(checked) == ["1"]
    assert [str(step.script.version) for step in checked.progress.left] == ["2"]
    assert "what was left out of the copy (extension pg_stat_statements)" in checked.rehearsal.stopped
    assert checked.hazards == ()
    with pytest.raises(MigrationError, match="stopped before its end"):
        ordinary.check(rehearsal="required")
    ordinary.project.write(v2="CREATE TABLE a (x int); SELECT 1/0")
    with pytest.raises(MigrationError, match="In the rehearsal.*division by zero"):
        ordinary.check()


# What the role itself has made, and what a plan does with it.
OF_ITS_OWN = {
    "names that need the search_path": (
        "CREATE FUNCTION unac(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)'; "
        "CREATE FUNCTION f(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT public.unac($1)'; "
        "CREATE TABLE t (a text); CREATE INDEX i ON t (f(a)); "
        "CREATE OR REPLACE FUNCTION f(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT unac($1)'",
        "DROP INDEX i",
    ),
    "a materialized view, refreshed": (
        "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE UNIQUE INDEX ON m (a)",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    ),
    "a materialized view on another": (
        "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW z AS SELECT a FROM t; "
        "CREATE MATERIALIZED VIEW b AS SELECT a FROM z",
        "CREATE MATERIALIZED VIEW c AS SELECT * FROM b; REFRESH MATERIALIZED VIEW z",
    ),
    "a view on the history": ("", "CREATE VIEW done AS SELECT version FROM schema_migrations"),
    "a block that commits": (
        "CREATE TABLE t (a int)",
        "-- no-transaction\nDO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; ALTER TABLE t ADD b int; END $$",
    ),
    "a procedure that commits": (
        "CREATE TABLE t (a int); CREATE PROCEDURE p() LANGUAGE plpgsql AS "
        "'BEGIN FOR n IN 1..3 LOOP INSERT INTO t VALUES (n); COMMIT; END LOOP; END'",
        "-- no-transaction\nCALL p();\nALTER TABLE t ADD b int;",
    ),
    "a transaction of its own, committed": (
        "",
        "-- no-transaction\nBEGIN;\nCREATE TEMP TABLE x ON COMMIT DROP AS SELECT 1 AS a;\n"
        "CREATE TABLE y AS SELECT * FROM x;\nCOMMIT;",
    ),
    "a transaction of its own, rolled back": (
        "",
        "-- no-transaction\nCREATE TABLE y (a int);\nBEGIN;\nDROP TABLE y;\nROLLBACK;",
    ),
}


@pytest.mark.parametrize("name", OF_ITS_OWN)
def test_what_the_role_has_made_is_whole_on_the_copy(ordinary: Ordinary, name: str) -> None:
    before, script = OF_ITS_OWN[name]
    if ordinary.project.query("SHOW server_version_num")[0][0] >= "170000":
        before = before.replace("(f(a))", "(a)")  # such an index can't be made any more
    with closing(psycopg2.connect(**ordinary.target.params)) as connection, connection.cursor() as cursor:
        cursor.execute(before or "SELECT 1")
        connection.commit()
    ordinary.project.write(v1=script)
    checked = ordinary.agree("1")
    assert not [each for each in checked.rehearsal.unproved if "left out" in each]


DOUBTFUL = {
    "in the block": "DO $$ BEGIN COMMIT; EXECUTE 'ALTER ' || 'ROLE x'; END $$",
    "in a function of that name": "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS "
    "'BEGIN EXECUTE ''SELECT 1''; RETURN 1; END';\nDO $$ BEGIN PERFORM g(); COMMIT; END $$",
    "behind an operator": "CREATE FUNCTION g(int, int) RETURNS int LANGUAGE plpgsql AS "
    "'BEGIN CREATE ROLE leaked; RETURN 1; END';\nCREATE OPERATOR ### (FUNCTION = g, LEFTARG = int, RIGHTARG = int);\n"
    "DO $$ BEGIN PERFORM 1 ### 2; COMMIT; END $$",
    "behind a trigger": "CREATE TABLE t (a int);\nCREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN COMMENT ON DATABASE postgres IS ''leaked''; RETURN NEW; END';\n"
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();\n"
    "DO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$",
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_block_that_commits_and_may_reach_out_does_not_run_on_a_copy(project: Project, name: str) -> None:
    project.write(v1="SELECT 1", v2="-- no-transaction\n" + DOUBTFUL[name])
    checked = project.check()
    assert done(checked) == ["1"]
    assert "commits by itself" in checked.rehearsal.stopped
    assert project.query("SELECT count(*) FROM pg_roles WHERE rolname = 'leaked'") == [(0,)]


def test_analyze_by_a_superuser_changes_nothing_of_the_cluster(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int); ANALYZE;", v2="-- no-transaction\nVACUUM ANALYZE;")
    assert done(project.check()) == ["1", "2"]


def test_a_first_step_that_stops_the_rehearsal_is_still_to_be_done(project: Project) -> None:
    project.write(v1="CREATE ROLE of_no_such_name", v2="CREATE TABLE a (x int)")
    checked = project.check()
    assert checked.progress.failed is None
    assert [str(step.script.version) for step in checked.progress.left] == ["1", "2"]
    with pytest.raises(MigrationError, match="stopped before its end"):
        project.check(rehearsal="required")


def test_a_copy_is_made_from_the_only_database_that_lets_the_role_in(ordinary: Ordinary) -> None:
    for database in ("postgres", "template1"):
        ordinary.project.query(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    try:
        ordinary.project.write(v1="CREATE TABLE a (x int)")
        ordinary.agree("1")
    finally:
        for database in ("postgres", "template1"):
            ordinary.project.query(f"GRANT CONNECT ON DATABASE {database} TO PUBLIC")


def test_a_mark_of_the_servers_own_is_no_part_of_a_schema(project: Project) -> None:
    project.query(
        "CREATE TABLE a (x int, y int); ALTER TABLE a ALTER x SET (n_distinct = 5); "
        "SET allow_system_table_mods = on; "
        "UPDATE pg_attribute SET attoptions = coalesce(attoptions, '{}') || ARRAY['pg_attver=3'] "
        "WHERE attrelid = 'a'::regclass AND attnum > 0"
    )
    project.write(v1="ALTER TABLE a ADD z int")
    checked = project.check()
    assert checked.rehearsal is not None, checked.warnings
    assert checked.diffs == project.migrate(with_diff=True).diffs
    assert "pg_attver" not in "".join(checked.diffs)


@pytest.mark.parametrize("is_member", [True, False])
def test_another_user_to_rehearse_with(ordinary: Ordinary, is_member: bool) -> None:
    other = ordinary.role + "_other"
    ordinary.project.query(f"CREATE ROLE {other} LOGIN CREATEDB")
    ordinary.project.query(f"ALTER DEFAULT PRIVILEGES FOR ROLE {ordinary.role} GRANT SELECT ON TABLES TO PUBLIC")
    if is_member:
        ordinary.project.query(f"GRANT {ordinary.role} TO {other}")
    ordinary.project.write(v1="CREATE TABLE a (x int)")
    elsewhere = Target({**parse_url(ordinary.project.url), "user": other})
    try:
        checked = ordinary.check(rehearsal_server=elsewhere)
        assert (checked.plan_digest is not None) == is_member
        assert any(f"runs there as {other}" in each for each in checked.rehearsal.unproved) != is_member
        if is_member:
            real = ordinary.migrate(expect=checked.plan_digest, rehearsal_server=elsewhere, with_diff=True)
            assert checked.diffs == real.diffs
            assert "GRANT SELECT ON TABLE public.a TO PUBLIC" in real.diffs[0]
        else:
            with pytest.raises(MigrationError, match=f"there is no becoming {ordinary.role}"):
                ordinary.migrate(rehearsal="required", rehearsal_server=elsewhere)
    finally:
        ordinary.project.query(f"DROP OWNED BY {other}; DROP ROLE {other}")


# How another team's things look to a role that may not read them, and the right that is missing.
UNREADABLE = {
    "a schema": ("CREATE SCHEMA b; CREATE TABLE b.t (a int)", "schema b (no USAGE)"),
    "a table": ("CREATE TABLE t (a int)", "table public.t (no SELECT)"),
    "a table with an odd name": ('CREATE TABLE "T x" (a int PRIMARY KEY)', "table public.T x (no SELECT)"),
    "a partition": (
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE u PARTITION OF t DEFAULT; "
        "GRANT SELECT ON t TO {role}",
        "table public.u (no SELECT)",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_the_role_may_not_read_stops_nothing(ordinary: Ordinary, name: str) -> None:
    statement, said = UNREADABLE[name]
    ordinary.project.query(statement.format(role=ordinary.role))
    ordinary.project.write(v1="CREATE TABLE mine (a int)")
    checked = ordinary.check()
    assert any(said in each for each in checked.rehearsal.unproved)
    assert checked.plan_digest is None
    real = ordinary.migrate(with_diff=True)
    assert checked.diffs == real.diffs
    assert "+CREATE TABLE public.mine" in real.diffs[0]
    assert [each for each in real.warnings if said in each] == list(real.warnings)
    # Without a diff there is one warning, of what isn't watched; and what could be read is watched.
    ordinary.project.write(v2="SELECT 1")
    ordinary.project.query("CREATE TABLE by_hand (a int); GRANT SELECT ON by_hand TO PUBLIC")
    plain = ordinary.migrate()
    assert said in plain.warnings[0] and "on_drift" in plain.warnings[0]
    assert "by_hand" in plain.warnings[1]


def test_drift_is_told_of_what_both_runs_could_read(ordinary: Ordinary) -> None:
    ordinary.project.write(v1="CREATE TABLE mine (a int)")
    ordinary.migrate()
    ordinary.project.query("CREATE SCHEMA b; CREATE TABLE b.t (a int); CREATE TABLE by_hand (a int)")
    ordinary.project.query(f"ALTER TABLE by_hand OWNER TO {ordinary.role}")
    ordinary.project.write(v2="SELECT 1")
    drifted = ordinary.migrate().drift
    assert "+CREATE TABLE public.by_hand" in drifted.diff
    assert "b.t" not in drifted.diff


def test_a_plan_that_needs_what_the_role_may_not_read(ordinary: Ordinary) -> None:
    ordinary.project.query("CREATE TABLE theirs (a int)")
    ordinary.project.write(v1="UPDATE theirs SET a = 1")
    for on in ("server", "cluster"):
        checked = ordinary.check(rehearsal_on=on)
        assert "may need what" in checked.rehearsal.stopped
        assert checked.progress.failed is None


@pytest.mark.parametrize("insisting", [{"policies": "fail"}, {"expect": "a-b-c"}, {"rehearsal": "required"}])
def test_who_insists_is_told_the_missing_right(ordinary: Ordinary, insisting: dict[str, Any]) -> None:
    from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies

    ordinary.project.query("CREATE SCHEMA b; CREATE TABLE b.t (a int)")
    ordinary.project.write(v1="CREATE TABLE mine (a int)")
    options = {"policies": Policies(drift="fail")} if "policies" in insisting else insisting
    with pytest.raises(MigrationError, match=r"schema b \(no USAGE\)") as caught:
        ordinary.migrate(**options)
    assert "Grant USAGE" in str(caught.value.hint)
    assert ordinary.project.query("SELECT to_regclass('mine')") == [(None,)]


def test_a_script_that_takes_its_own_right_away(ordinary: Ordinary) -> None:
    ordinary.project.write(
        v1=f"CREATE TABLE mine (a int); CREATE TABLE other (a int); REVOKE SELECT ON mine FROM {ordinary.role}"
    )
    real = ordinary.migrate(with_diff=True)
    assert done(real) == ["1"]
    assert "+CREATE TABLE public.other" in real.diffs[0]


def test_a_locked_table_is_no_reason_not_to_run(project: Project) -> None:
    project.query("CREATE TABLE locked (a int)")
    project.write(v1="CREATE TABLE a (x int)")
    with closing(psycopg2.connect(project.url, application_name="a_long_job")) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE locked")
        real = project.migrate()
    assert done(real) == ["1"]
    assert "a_long_job" in real.warnings[0]


def test_rows_behind_a_policy_give_the_plan_with_the_reason(ordinary: Ordinary) -> None:
    with closing(psycopg2.connect(**ordinary.target.params)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        connection.commit()
    ordinary.project.write(v1="ALTER TABLE t ADD b int")
    checked = ordinary.check(rehearsal_data=("t",))
    assert [str(step.script.version) for step in checked.progress.left] == ["1"]
    assert "rehearsal_data can't be copied" in checked.warnings[0]


def test_rows_are_copied_for_an_ordinary_role(ordinary: Ordinary) -> None:
    with closing(psycopg2.connect(**ordinary.target.params)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        connection.commit()
    ordinary.project.write(v1="ALTER TABLE t ADD CHECK (a > 1)")
    with pytest.raises(MigrationError, match="In the rehearsal"):
        ordinary.check(rehearsal_data=("t",))


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_a_role_with_few_connections(ordinary: Ordinary, limit: int) -> None:
    ordinary.project.query(f"ALTER ROLE {ordinary.role} CONNECTION LIMIT {limit}")
    ordinary.project.write(v1="CREATE TABLE a (x int)")
    checked = ordinary.check()
    if checked.rehearsal is None:
        assert "Not rehearsed" in checked.warnings[0] and "too many connections" in checked.warnings[0]
    # A session that was closed counts until the server has noticed.
    while ordinary.project.query("SELECT 1 FROM pg_stat_activity WHERE usename = %s", ordinary.role):
        pass
    real = ordinary.migrate(with_diff=True)
    assert done(real) == ["1"]
    assert limit > 1 or "There is no diff" in real.warnings[0]


def test_a_database_in_no_encoding(project: Project) -> None:
    admin = project.url.rpartition("/")[0] + "/postgres"
    name = project.url.rpartition("/")[2] + "_plain"
    with closing(psycopg2.connect(admin)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name} ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0")
        project.url = project.url.rpartition("/")[0] + "/" + name
        try:
            with closing(psycopg2.connect(project.url)) as inside, inside.cursor() as cursor:
                inside.set_client_encoding("LATIN1")
                cursor.execute("CREATE TABLE a (x text DEFAULT 'gr\xfc\xdfe')")
                inside.commit()
            project.write(v1="ALTER TABLE a ADD y int")
            checked = project.check()
            assert checked.rehearsal is not None, checked.warnings
            assert checked.diffs == project.migrate(with_diff=True).diffs
        finally:
            connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_standby_is_said_to_take_no_writes(project: Project) -> None:
    project.query(f"ALTER DATABASE {project.url.rpartition('/')[2]} SET default_transaction_read_only = on")
    project.write(v1="CREATE TABLE a (x int)")
    assert any("takes no writes" in each for each in project.check().warnings)


def test_a_database_that_is_not_there_is_said(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    checked = project.check(target=Target({**parse_url(project.url), "dbname": "shpo"}))
    assert checked.database_missing
    assert 'There is no database "shpo"' in checked.warnings[0]


def test_what_a_sibling_history_did_is_no_drift(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    other = project.directory.parent / "other"
    other.mkdir()
    (other / "1_x.up.sql").write_text("CREATE TABLE of_the_other (x int);")
    theirs = {"directories": (str(other),), "history_table": "other_history"}
    assert project.migrate().warnings == ()
    assert project.migrate(**theirs).warnings == ()
    project.write(v2="CREATE TABLE b (x int)")
    assert project.check().warnings == ()
    assert project.migrate().warnings == ()
    (other / "2_x.up.sql").write_text("CREATE TABLE more (x int);")
    assert project.migrate(**theirs).warnings == ()
    # What was done by hand is drift all the same, whoever ran last.
    project.query("CREATE TABLE by_hand (x int)")
    project.write(v3="SELECT 1")
    drifted = project.migrate()
    assert "by the history public.other_history" in drifted.warnings[0] and "by_hand" in drifted.warnings[0]
    assert "+CREATE TABLE public.more" not in drifted.drift.diff


BROKEN = {
    "a sibling's version is none": "INSERT INTO other_history (version) VALUES ('no version')",
    "a sibling's snapshot is no snapshot": "UPDATE other_history_snapshot SET applied = applied || 'x', body = 'x'",
    "the own one is none": "UPDATE schema_migrations_snapshot SET applied = applied || '{', digest = 'x', body = 'x'",
    "the own one can't be read": "ALTER TABLE schema_migrations_snapshot RENAME body TO another",
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_in_a_snapshot_stops_nothing(project: Project, name: str) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    other = project.directory.parent / "other"
    other.mkdir()
    (other / "1_x.up.sql").write_text("CREATE TABLE of_the_other (x int);")
    project.migrate()
    project.migrate(directories=(str(other),), history_table="other_history")
    project.query(BROKEN[name])
    project.write(v2="SELECT 1")
    assert done(project.check()) == ["2"]
    assert done(project.migrate()) == ["2"]


def test_drift_is_told_before_a_script_fails_of_it(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate()
    project.query("ALTER TABLE a RENAME TO z")
    project.write(v2="ALTER TABLE a ADD y int")
    with pytest.raises(MigrationError, match="In the rehearsal"):
        project.check()
    assert "CREATE TABLE public.z" in project.report.drift.diff


def test_a_run_that_fails_leaves_drift_to_be_told(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate()
    project.query("CREATE TABLE by_hand (x int)")
    project.write(v2="CREATE TABLE b (x int)", v3="SELECT nonsense")
    with pytest.raises(MigrationError):
        project.migrate()
    assert "by_hand" in project.report.warnings[0]
    project.write(v3="SELECT 1")
    again = project.migrate()
    assert "by_hand" in again.warnings[0]
    assert "+CREATE TABLE public.b " not in again.drift.diff

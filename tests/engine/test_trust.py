"""What an operator relies on: edits, drift, hazards, expectations and cut-off scripts are noticed on a real server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.mark import MarkRequest, mark
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.values import Limits
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.model import State
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies

from .conftest import Project, done


def refused(project: Project, **options: Any) -> MigrationError:
    """Run and return the error; nothing may have been touched."""
    before = state(project)
    with pytest.raises(MigrationError) as caught:
        project.migrate(**options)
    assert state(project) == before
    return caught.value


def state(project: Project) -> tuple[list[str], list[str]]:
    """Return what is there, and what is recorded."""
    begun = project.query("SELECT to_regclass('schema_migrations')") != [(None,)]
    return project.tables(), project.applied() if begun else []


def marked(project: Project, version: str, state: State) -> list[bool]:
    """Mark a version; return whether it was written."""
    target, table = Target(parse_url(project.url)), parse_name("schema_migrations", "history_table")
    return [each.written for each in mark(MarkRequest(target, (str(project.directory),), table, (version,), state))]


# Edited scripts


@pytest.mark.parametrize("pending", [False, True], ids=["nothing pending", "something pending"])
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_a_modified_script_is_refused_until_it_is_marked_again(project: Project, pending: bool, checking: bool) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate()
    project.write(v1="CREATE TABLE a (x bigint)")
    if pending:
        project.write(v2="CREATE TABLE b (x int)")
    error = refused(project, checking=checking)
    assert (error.kind, error.version) == ("modified", "1")
    assert "1_v1.up.sql" in error.message and "pg_migration_mark" in str(error.hint)
    assert marked(project, "1", State.APPLIED) == [True]
    assert marked(project, "1", State.APPLIED) == [False]
    assert done(project.migrate()) == (["2"] if pending else [])


def test_line_ends_are_no_modification(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int);\nSELECT 1;\n")
    project.migrate()
    project.write(v1="CREATE TABLE a (x int);\r\nSELECT 1;\r\n")
    assert project.migrate().warnings == ()


# Drift


def test_a_change_by_hand_is_reported_before_the_next_run(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate()
    project.query("ALTER TABLE a ADD COLUMN by_hand text")
    assert project.migrate().drift is None  # nothing pending: nothing is looked at
    project.write(v2="CREATE TABLE b (x int)")
    checked = project.check()
    assert "+    by_hand text" in checked.drift.diff
    assert any("not by a migration" in warning for warning in checked.warnings)
    error = refused(project, policies=Policies(drift="fail"))
    assert error.kind == "drift" and "by_hand" in project.report.drift.diff
    report = project.migrate()
    assert done(report) == ["2"] and report.drift.diff == checked.drift.diff
    project.write(v3="CREATE TABLE c (x int)")
    assert project.migrate().drift is None  # what the last run has left counts


NO_DRIFT = {
    "migrations only": "SELECT 1",
    "another tool has recorded something": "INSERT INTO schema_migrations VALUES ('7', now()); CREATE TABLE x (a int)",
    "another major version of pg_dump": "UPDATE schema_migrations_snapshot SET pg_dump = 12; CREATE TABLE x (a int)",
    "no snapshot is kept": "DELETE FROM schema_migrations_snapshot; CREATE TABLE x (a int)",
}


@pytest.mark.parametrize("name", NO_DRIFT)
def test_no_drift(project: Project, name: str) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate()
    project.query(NO_DRIFT[name])
    project.write(v2="CREATE TABLE b (x int)")
    report = project.migrate(policies=Policies(drift="fail", missing="ignore"))
    assert done(report) == ["2"] and report.drift is None


def test_after_a_failure_what_stands_is_no_drift(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2="SELECT nonsense")
    with pytest.raises(MigrationError):
        project.migrate()
    project.write(v2="CREATE TABLE b (x int)")
    assert done(project.migrate(policies=Policies(drift="fail"))) == ["2"]


def test_what_pg_dump_may_not_read_is_known_before_anything_is_touched(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.query("CREATE TABLE theirs (x int)")
    project.query("CREATE ROLE limited LOGIN")
    try:
        project.query("GRANT CREATE ON SCHEMA public TO limited")
        limited = Target({**parse_url(project.url), "user": "limited"})
        with pytest.raises(MigrationError, match=r"table public.theirs \(no SELECT\)"):
            project.migrate(target=limited, policies=Policies(drift="fail"))
        assert project.tables() == ["theirs"]
    finally:
        project.query("DROP OWNED BY limited")
        project.query("DROP ROLE limited")


def test_without_pg_dump_drift_is_not_watched_and_that_is_said(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = "ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.client"
    monkeypatch.setattr(f"{clients}._candidates", lambda program, bin_dir: iter(()))
    project.write(v1="CREATE TABLE a (x int)")
    assert "on_drift" in " ".join(project.migrate().warnings)
    project.write(v2="CREATE TABLE b (x int)")
    assert project.migrate(policies=Policies(drift="ignore")).warnings == ()
    project.write(v3="CREATE TABLE c (x int)")
    assert refused(project, policies=Policies(drift="fail")).kind == "dependency"


# Hazards

BEFORE = """
CREATE TABLE big (id int, name text, other int);
CREATE TABLE ref (id int PRIMARY KEY);
INSERT INTO big SELECT n, 'x', n FROM generate_series(1, 1000) n; ANALYZE big;
"""
HAZARDS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "none: a new table": ("CREATE TABLE new (x int); ALTER TABLE new ADD COLUMN y int", []),
    "rows": (
        "INSERT INTO big VALUES (0, 'y', 0); UPDATE big SET name = 'z' WHERE id = 1",
        [("rows_changed", "public.big")],
    ),
    "a rewrite": ("ALTER TABLE big ALTER COLUMN id TYPE bigint", [("table_rewrite", "public.big")]),
    "a column": ("ALTER TABLE big ADD COLUMN new int", [("access_exclusive_lock", "public.big")]),
    "a column less": ("ALTER TABLE big DROP COLUMN other", [("column_dropped", "public.big")]),
    "a column less, and a rewrite": (
        "ALTER TABLE big DROP COLUMN other, ALTER COLUMN id TYPE bigint",
        [("column_dropped", "public.big"), ("table_rewrite", "public.big")],
    ),
    "a table less": ("DROP TABLE big", [("table_dropped", "public.big")]),
    "an index": ("CREATE INDEX ON big (id)", [("index_not_concurrent", "public.big")]),
    "a trigger": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION f()",
        [("blocks_writes", "public.big")],
    ),
    "a foreign key": (
        "ALTER TABLE big ADD FOREIGN KEY (id) REFERENCES ref NOT VALID",
        [("blocks_writes", "public.big"), ("blocks_writes", "public.ref"), ("foreign_key_without_index", "public.big")],
    ),
}


@pytest.mark.parametrize("name", HAZARDS)
def test_hazards_are_told_by_the_rehearsal_and_by_the_run(project: Project, name: str) -> None:
    statement, expected = HAZARDS[name]
    project.query(BEFORE)
    project.write(v1=statement)
    reports = [project.check(), project.migrate()]
    for report in reports:
        found = sorted((hazard.kind.value, str(hazard.table)) for hazard in report.hazards or ())
        assert found == expected
        assert all(hazard.version == "1" for hazard in report.hazards or ())
    for hazard in reports[0].hazards or ():
        if hazard.table == "public.big":  # the copy has no rows; the size is the real table's
            assert (hazard.size_bytes or 0) > 8192 and hazard.row_estimate == 1000
    warned = reports[0].warnings
    assert len(warned) == len({kind for kind, table in expected})
    assert all(f"{kind} in 1 on " in " ".join(warned) for kind, table in expected)
    assert reports[1].warnings == ()


OUTSIDE: dict[str, tuple[str, str, list[str]]] = {
    "SQL": ("1_x.up.sql", "-- no-transaction\nALTER TABLE big DROP COLUMN other;\nSELECT 1;\n", ["column_dropped"]),
    "an index": ("1_x.up.sql", "-- no-transaction\nCREATE INDEX ON big (id);\nSELECT 1;\n", ["index_not_concurrent"]),
    "concurrently": ("1_x.up.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY ON big (id);\n", []),
    "VACUUM FULL": ("1_x.up.sql", "-- no-transaction\nVACUUM FULL big;\n", ["table_rewrite"]),
    "Python, before it leaves its transaction": (
        "1_x.py",
        "def up(cursor):\n    cursor.execute('DROP TABLE big')\n    cursor.connection.autocommit = True\n",
        ["table_dropped"],
    ),
    "the other connection": (
        "1_x.py",
        "from dbmigrator import super_user\n\n\ndef up(cursor):\n    with super_user() as other:\n"
        "        other.execute('ALTER TABLE big ADD y int')\n",
        ["access_exclusive_lock"],
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_hazards_outside_a_transaction_are_gated_too(project: Project, name: str) -> None:
    file_name, text, expected = OUTSIDE[name]
    project.query(BEFORE)
    project.file(file_name, text)
    assert [hazard.kind.value for hazard in project.check().hazards or ()] == expected
    if expected and expected != ["access_exclusive_lock"]:
        assert refused(project, allow_hazards=()).kind == "hazard"
    else:
        assert done(project.migrate(allow_hazards=())) == ["1"]


def test_a_hazard_is_told_of_the_step_whose_it_is(project: Project) -> None:
    project.query(BEFORE)
    project.write(v1="ALTER TABLE big ALTER COLUMN id TYPE bigint, DROP COLUMN other", v2="ALTER TABLE big ADD y int")
    expected = [("1", "column_dropped"), ("1", "table_rewrite"), ("2", "access_exclusive_lock")]
    for together in (False, True):
        found = project.check(single_transaction=together).hazards or ()
        assert [(hazard.version, hazard.kind.value) for hazard in found] == expected


def test_a_role_is_a_hazard_of_the_whole_cluster(project: Project) -> None:
    project.write(v1="CREATE ROLE pgops_never_made")
    checked = project.check()
    assert [hazard.kind.value for hazard in checked.hazards or ()] == ["cluster_wide"]
    assert checked.plan_digest is None


def test_only_what_allow_hazards_names_is_applied(project: Project) -> None:
    project.query(BEFORE)
    project.write(v1="CREATE INDEX ON big (id)", v2="ALTER TABLE big DROP COLUMN other")
    for checking in (False, True):
        error = refused(project, allow_hazards=("index_not_concurrent",), checking=checking)
        assert (error.kind, error.version) == ("hazard", "2")
        assert "column_dropped in 2 on public.big" in error.message and "allow_hazards" in str(error.hint)
    report = project.migrate(allow_hazards=("index_not_concurrent", "column_dropped"))
    assert done(report) == ["1", "2"]
    project.write(v3="CREATE TABLE harmless (x int)")
    assert done(project.migrate(allow_hazards=())) == ["3"]


# Approval


def test_a_reviewed_rehearsal_is_applied_exactly(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    digest = project.check().plan_digest
    assert digest == project.check().plan_digest
    report = project.migrate(expect=digest)
    assert done(report) == ["1"]
    assert project.migrate(expect=digest).plan.idle


DIFFERENT = {
    "the schema": lambda project: project.query("CREATE TABLE by_hand (x int)"),
    "the scripts or what is pending": lambda project: project.write(v1="CREATE TABLE a (y int)"),
    "another one is pending": lambda project: project.write(v2="CREATE TABLE b (y int)"),
}


@pytest.mark.parametrize("name", DIFFERENT)
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_what_differs_from_the_review_is_refused(project: Project, name: str, checking: bool) -> None:
    project.write(v0="CREATE TABLE z (x int)")
    project.migrate()
    project.write(v1="CREATE TABLE a (x int)")
    digest = project.check().plan_digest
    DIFFERENT[name](project)
    error = refused(project, expect=digest, checking=checking)
    assert error.kind == "expectation"
    assert ("the scripts or what is pending" if "pending" in name else name) in error.message


def test_what_comes_out_is_compared_too(project: Project) -> None:
    project.query("CREATE TABLE rows (x int); INSERT INTO rows VALUES (1)")
    project.write(
        v1="DO $$ BEGIN IF EXISTS (SELECT 1 FROM rows) THEN CREATE TABLE only_with_rows (x int); END IF; END $$"
    )
    digest = project.check().plan_digest
    with pytest.raises(MigrationError, match="isn't the one that was rehearsed") as caught:
        project.migrate(expect=digest)
    assert caught.value.kind == "expectation"
    assert "only_with_rows" in project.report.diffs[0]
    assert done(project.report) == ["1"]


def test_no_digest(project: Project) -> None:
    project.write(v0="SELECT 1")
    project.migrate()
    project.write(v1="SELECT 1")
    assert "is no plan_digest" in refused(project, expect="abc").message


# Scripts outside a transaction that are cut off

CUT_OFF = """-- no-transaction
CREATE TABLE one (x int);
CREATE TABLE two (x int);
SELECT nonsense;
CREATE TABLE four (x int);
"""


def cut_off(project: Project, statement: int) -> None:
    """Leave the log as a killed run would: begun, at a statement (from 0), with no end."""
    project.query("DELETE FROM schema_migrations_log WHERE event = 'failed'")
    detail = json.dumps({"statement": statement, "total": 4, "invalid": []})
    project.query("UPDATE schema_migrations_log SET detail = %s WHERE event = 'started'", detail)


@pytest.mark.parametrize("killed", [False, True], ids=["an error", "killed"])
def test_a_script_that_was_cut_off_is_refused_and_goes_on_where_it_was(project: Project, killed: bool) -> None:
    project.write(v1=CUT_OFF)
    with pytest.raises(MigrationError) as caught:
        project.migrate()
    assert caught.value.kind == "script_failed"
    if killed:
        cut_off(project, 2)
    error = refused(project)
    assert (error.kind, error.version) == ("interrupted", "1")
    assert "at statement 3 of 4; those before it stand" in error.message
    assert ("cut off" if killed else "ended by an error") in error.message
    project.write(v1=CUT_OFF.replace("nonsense", "1"))
    assert done(project.check(on_interrupted="retry")) == ["1"]
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert project.tables() == ["four", "one", "two"]
    assert project.migrate().plan.idle


def test_a_script_that_failed_at_its_first_statement_has_left_nothing(project: Project) -> None:
    project.write(v1="-- no-transaction\nSELECT nonsense;\nCREATE TABLE a (x int);\n")
    with pytest.raises(MigrationError):
        project.migrate()
    project.write(v1="-- no-transaction\nSELECT 1;\nCREATE TABLE a (x int);\n")
    assert done(project.migrate()) == ["1"]


@pytest.mark.parametrize("state", [State.APPLIED, State.PENDING])
def test_a_mark_is_an_answer_to_a_cut_off_script(project: Project, state: State) -> None:
    project.write(v1=CUT_OFF)
    with pytest.raises(MigrationError):
        project.migrate()
    assert marked(project, "1", state) == [True]
    assert marked(project, "1", state) == [False]
    if state is State.PENDING:
        project.query("DROP TABLE one, two")
        project.write(v1="CREATE TABLE other (x int)")
        assert done(project.migrate()) == ["1"]
    else:
        assert project.migrate().plan.idle


CONCURRENTLY = """-- no-transaction
CREATE TABLE IF NOT EXISTS t (a int);
CREATE UNIQUE INDEX CONCURRENTLY only_once ON t (a);
"""


def test_an_index_that_is_only_half_built_is_named_and_dropped_before_the_next_try(project: Project) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
    project.write(v1=CONCURRENTLY)
    with pytest.raises(MigrationError, match="it has left the invalid index public.only_once") as caught:
        project.migrate()
    assert caught.value.kind == "script_failed"
    error = refused(project)
    assert error.kind == "interrupted" and "the index public.only_once" in error.message
    project.query("DELETE FROM t WHERE ctid = '(0,1)'")
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'only_once'::regclass") == [(True,)]


# Rights


def test_a_script_that_everybody_may_write_is_refused(project: Project) -> None:
    project.write(v0="SELECT 1")
    project.migrate()
    project.write(v1="CREATE TABLE a (x int)")
    script = project.directory / "1_v1.up.sql"
    for path, mode in ((script, 0o666), (project.directory, 0o777)):
        before = path.stat().st_mode
        path.chmod(mode)
        error = refused(project)
        assert error.path == str(path) and "chmod o-w" in str(error.hint)
        assert done(project.check(allow_writable_scripts=True)) == ["1"]
        path.chmod(before)
    assert done(project.migrate()) == ["1"]


def test_a_module_that_everybody_may_write_is_refused(project: Project) -> None:
    project.file("names.py", "A = 'a'\n")
    project.file("1_a.py", "import names\n\n\ndef up(cursor):\n    cursor.execute(f'CREATE TABLE {names.A} (x int)')\n")
    (project.directory / "names.py").chmod(0o666)
    for checking in (False, True):
        error = refused(project, checking=checking)
        assert (error.kind, error.path) == ("script_invalid", str(project.directory / "names.py"))
    (project.directory / "names.py").chmod(0o644)
    assert done(project.migrate()) == ["1"]


def test_a_repeatable_script_that_everybody_may_write_is_not_even_asked(project: Project) -> None:
    project.file(
        "1_a.py",
        "def should_run(cursor):\n    open(__file__ + '.asked', 'w').close()\n    return False\n\n\n"
        "def up(cursor):\n    pass\n",
    ).chmod(0o666)
    assert "chmod o-w" in str(refused(project).hint)
    assert not (project.directory / "1_a.py.asked").exists()
    assert done(project.migrate(allow_writable_scripts=True)) == []
    assert (project.directory / "1_a.py.asked").exists()


def test_a_directory_above_that_others_may_rename_is_refused_unless_it_is_sticky(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    above = project.directory.parent
    above.chmod(0o777)
    assert refused(project).path == str(above)
    above.chmod(0o1777)
    assert done(project.migrate()) == ["1"]


def test_a_link_that_leads_out_is_refused_or_followed(project: Project) -> None:
    elsewhere = project.directory.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.sql").write_text("CREATE TABLE b (x int)")
    project.write(v1="CREATE TABLE a (x int)")
    (project.directory / "2_b.up.sql").symlink_to(elsewhere / "b.sql")
    error = refused(project)
    assert (error.kind, error.path) == ("script_invalid", str(project.directory / "2_b.up.sql"))
    elsewhere.chmod(0o777)
    assert refused(project, follow=True).path == str(elsewhere)
    elsewhere.chmod(0o755)
    assert done(project.migrate(follow=True)) == ["1", "2"]


def test_a_statement_may_take_only_so_long(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int); SELECT pg_sleep(60)")
    with pytest.raises(MigrationError, match="statement timeout") as caught:
        project.migrate(limits=Limits(statement_timeout=0.2))
    assert caught.value.sqlstate == "57014"
    assert project.tables() == []

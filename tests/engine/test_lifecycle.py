"""Rolling back, proving, repeating, deferring, baselines: what a migration lives through."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.rehearsal.proof import Verdict

from .conftest import Project, done

TABLE = """
def up(cursor):
    cursor.execute("CREATE TABLE {0} (x int)")

def down(cursor):
    cursor.execute("DROP TABLE {0}")
"""


def pair(project: Project, number: int, up: str, down: str | None) -> None:
    project.file(f"{number}_m.up.sql", up)
    if down is not None:
        project.file(f"{number}_m.down.sql", down)


@pytest.fixture
def three(project: Project) -> Project:
    """Three applied migrations, a table each."""
    for number, name in ((1, "a"), (2, "b"), (3, "c")):
        project.file(f"{number}_{name}.py", TABLE.format(name))
    project.migrate()
    return project


ROLLBACKS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "the last": ({}, ["3"], ["a", "b"]),
    "two": ({"steps": 2}, ["3", "2"], ["a"]),
    "more than there are": ({"steps": 9}, ["3", "2", "1"], []),
    "to a version": ({"version": "1"}, ["3", "2"], ["a"]),
    "to the current version": ({"version": "3"}, [], ["a", "b", "c"]),
    "all": ({"version": "0"}, ["3", "2", "1"], []),
}


@pytest.mark.parametrize("name", ROLLBACKS)
def test_roll_back(three: Project, name: str) -> None:
    options, versions, tables = ROLLBACKS[name]
    checked = three.check(state="rolled_back", **options)
    assert done(checked) == versions
    assert three.tables() == ["a", "b", "c"]
    real = three.migrate(state="rolled_back", with_diff=True, **options)
    assert done(real) == versions
    assert three.tables() == tables
    assert checked.diffs == real.diffs
    assert three.applied() == [{"a": "1", "b": "2", "c": "3"}[table] for table in tables]
    if "version" in options:
        assert three.migrate(state="rolled_back", **options).plan.steps == ()


def test_roll_back_goes_by_time_of_application(project: Project) -> None:
    project.file("5_e.py", TABLE.format("e"))
    project.migrate()
    project.file("3_c.py", TABLE.format("c"))
    project.migrate()
    assert done(project.migrate(state="rolled_back")) == ["3"]


def test_rolling_back_is_logged(three: Project) -> None:
    three.migrate(state="rolled_back")
    assert three.query("SELECT event, version, name FROM schema_migrations_log ORDER BY id DESC LIMIT 1") == [
        ("rolled_back", "3", "c")
    ]


def test_a_down_that_fails_half_way_is_rolled_back_whole(project: Project) -> None:
    pair(project, 1, "CREATE TABLE a (x int)", "DROP TABLE a;\nSELECT nonsense")
    project.migrate()
    with pytest.raises(MigrationError, match="line 2, column 8") as caught:
        project.migrate(state="rolled_back")
    assert caught.value.path == str(project.directory / "1_m.down.sql")
    assert project.tables() == ["a"]
    assert project.applied() == ["1"]


def test_without_a_down_nothing_is_rolled_back(three: Project) -> None:
    three.file("2_b.py", "def up(cursor): pass\n")
    with pytest.raises(MigrationError, match="The migration 2_b has no down") as caught:
        three.migrate(state="rolled_back", steps=3)
    assert caught.value.kind == "irreversible"
    assert three.tables() == ["a", "b", "c"]


def test_a_missing_file_stops_before_anything_is_rolled_back(three: Project) -> None:
    (three.directory / "2_b.py").unlink()
    with pytest.raises(MigrationError, match="The migration 2_b is applied, but its file is gone") as caught:
        three.migrate(state="rolled_back", steps=2)
    assert caught.value.kind == "missing"
    assert three.tables() == ["a", "b", "c"]
    assert done(three.migrate(state="rolled_back")) == ["3"]


@pytest.mark.parametrize("options", [{"version": "7"}, {"version": "x"}, {"steps": 0}, {"steps": -1}])
def test_bad_wishes(three: Project, options: dict[str, Any]) -> None:
    with pytest.raises(MigrationError) as caught:
        three.migrate(state="rolled_back", **options)
    assert caught.value.kind in ("unknown_version", "option")
    assert three.tables() == ["a", "b", "c"]


REPEAT = """
def should_run(cursor):
    cursor.execute("SELECT count(*) FROM work")
    return cursor.fetchone()[0] > 0

def up(cursor):
    cursor.execute("DELETE FROM work; INSERT INTO work_done VALUES (1)")

def down(cursor):
    pass
"""


def test_a_repeatable_migration_runs_whenever_it_wants(project: Project) -> None:
    project.query("CREATE TABLE work (x int); CREATE TABLE work_done (x int)")
    project.file("1_repeat.py", REPEAT)
    assert done(project.migrate()) == []
    for number in (1, 2):
        project.query("INSERT INTO work VALUES (1)")
        assert done(project.check()) == ["1"]
        assert project.query("SELECT count(*) FROM work") == [(1,)]
        assert done(project.migrate()) == ["1"]
        assert project.query("SELECT count(*) FROM work_done") == [(number,)]
        assert project.applied() == ["1"]
        report = project.migrate()
        assert (done(report), report.progress.skipped[0].note) == ([], "should_run_is_false")


def test_a_repeatable_migration_that_says_no_takes_back_what_it_wrote(project: Project) -> None:
    project.file("1_x.py", TABLE.format("a"))
    project.file(
        "2_repeat.py",
        "def should_run(cursor):\n    cursor.execute('CREATE TABLE litter (x int)')\n    return False\n\n"
        "def up(cursor):\n    raise ValueError\n",
    )
    for single in (False, True):
        report = project.migrate(single_transaction=single)
        assert "litter" not in project.tables()
        assert [outcome.note for outcome in report.progress.skipped] == ["should_run_is_false"]
    assert project.applied() == ["1"]


def test_nothing_is_dumped_when_no_repeatable_migration_wants_to_run(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.file("1_r.py", "def should_run(cursor): return False\n\ndef up(cursor): pass\n")
    monkeypatch.setattr(project, "_run", None)
    assert project.check().plan.steps == ()
    assert project.migrate(with_diff=True).plan.steps == ()


def test_a_should_run_that_fails_is_an_error(project: Project) -> None:
    project.file("1_r.py", "def should_run(cursor):\n    return 1 / 0\n\ndef up(cursor): pass\n")
    with pytest.raises(MigrationError, match="ZeroDivisionError") as caught:
        project.migrate()
    assert caught.value.line == 2


DEFERRED = (
    "from dbmigrator import deferred\n\n@deferred\ndef up(cursor):\n    cursor.execute('CREATE TABLE later (x int)')\n"
)


@pytest.mark.parametrize("decorator", ["dbmigrator", "pgops_migrations"])
def test_a_deferred_migration_waits_until_it_is_asked_for(project: Project, decorator: str) -> None:
    project.file("1_x.py", DEFERRED.replace("dbmigrator", decorator))
    project.file("2_x.py", TABLE.format("a"))
    report = project.migrate()
    assert (done(report), [why.value for dummy, why in report.plan.left_out]) == (["2"], ["deferred"])
    assert project.migrate().plan.steps == ()
    assert done(project.check(run_deferred=True)) == ["1"]
    assert done(project.migrate(run_deferred=True)) == ["1"]
    assert project.migrate(run_deferred=True).plan.steps == ()


def test_one_that_was_marked_as_deferred_waits_too(project: Project) -> None:
    project.file("1_x.py", TABLE.format("a"))
    project.file("2_x.py", TABLE.format("b"))
    project.query("CREATE TABLE schema_migrations (version text NOT NULL, applied timestamptz DEFAULT now())")
    project.query("INSERT INTO schema_migrations VALUES ('1', NULL)")
    assert done(project.migrate()) == ["2"]
    assert done(project.migrate(state="rolled_back", steps=5)) == ["2"]
    assert done(project.migrate(run_deferred=True)) == ["1", "2"]
    assert project.query("SELECT count(*) FROM schema_migrations WHERE version = '1'") == [(1,)]


BASELINES: dict[str, tuple[str, list[str], list[str]]] = {
    "a version": ("2", ["1", "2"], ["3"]),
    "latest": ("latest", ["1", "2", "3"], []),
    "nothing": ("0", [], ["1", "2", "3"]),
}


@pytest.mark.parametrize("name", BASELINES)
def test_baseline(project: Project, name: str) -> None:
    version, recorded, run = BASELINES[name]
    for number in (1, 2, 3):
        project.file(f"{number}_x.py", TABLE.format(f"t{number}"))
    checked = project.check(baseline_version=version)
    assert project.query("SELECT to_regclass('schema_migrations')") == [(None,)]
    assert done(checked) == run
    assert done(project.migrate(baseline_version=version)) == run
    assert project.tables() == [f"t{number}" for number in run]
    query = "SELECT version FROM schema_migrations_log WHERE event = 'baseline' ORDER BY version"
    assert [row[0] for row in project.query(query)] == recorded
    # Once there is a history, the option has no meaning any more.
    project.file("4_x.py", TABLE.format("t4"))
    assert done(project.migrate(baseline_version="latest")) == ["4"]


def test_nothing_is_rolled_back_below_the_baseline(project: Project) -> None:
    for number in (1, 2):
        project.file(f"{number}_x.py", TABLE.format(f"t{number}"))
    project.migrate(baseline_version="1")
    with pytest.raises(MigrationError, match="The migration 1 belongs to the baseline") as caught:
        project.migrate(state="rolled_back", version="0")
    assert caught.value.kind == "irreversible"
    assert project.tables() == ["t2"]
    assert done(project.migrate(state="rolled_back", version="1")) == ["2"]


def test_an_unknown_baseline(project: Project) -> None:
    project.file("1_x.py", TABLE.format("a"))
    with pytest.raises(MigrationError, match="No script has the version 7"):
        project.migrate(baseline_version="7")
    assert project.query("SELECT to_regclass('schema_migrations')") == [(None,)]


SUPER = """
from dbmigrator import super_user

def up(cursor):
    with super_user() as super_cursor:
        super_cursor.execute("CREATE TABLE of_super AS SELECT current_user::text, current_database()::text")
    cursor.execute("CREATE TABLE copied AS SELECT * FROM of_super")
"""


def test_super_user_is_a_second_connection_to_the_same_database(project: Project) -> None:
    project.query("DO $$ BEGIN CREATE ROLE another_super SUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
    project.file("1_x.py", SUPER)
    checked = project.check(super_user="another_super")
    assert project.tables() == []
    assert "+CREATE TABLE public.of_super" in checked.diffs[0]  # type: ignore[index]
    project.migrate(super_user="another_super")
    assert project.query("SELECT * FROM copied") == [("another_super", project.url.rpartition("/")[2])]


def test_what_a_super_user_changes_in_the_cluster_does_not_leave_a_rehearsal(project: Project) -> None:
    project.file(
        "1_x.py",
        "from dbmigrator import super_user\n\ndef up(cursor):\n    with super_user() as own:\n"
        "        own.execute('CREATE ROLE leaked_by_super')\n",
    )
    checked = project.check()
    assert "roles" in checked.rehearsal.stopped
    assert project.query("SELECT 1 FROM pg_roles WHERE rolname = 'leaked_by_super'") == []


def test_a_script_that_catches_the_stop_of_a_rehearsal_is_stopped_all_the_same(project: Project) -> None:
    project.file(
        "1_x.py",
        "transactional = False\n\ndef up(cursor):\n    try:\n        cursor.execute('CREATE ROLE leaked_by_try')\n"
        "    except Exception:\n        pass\n",
    )
    assert "roles" in project.check().rehearsal.stopped


VERDICTS = {
    "reversible": ("CREATE TABLE a (x int)", "DROP TABLE a", Verdict.REVERSIBLE),
    "but for column order": (
        "ALTER TABLE old DROP COLUMN x",
        "ALTER TABLE old ADD COLUMN x int",
        Verdict.COLUMN_ORDER,
    ),
    "leaves something behind": (
        "CREATE TABLE a (x int); CREATE VIEW v AS SELECT 1 AS one",
        "DROP TABLE a; CREATE OR REPLACE VIEW v AS SELECT 1 AS one",
        Verdict.NOT_REVERSIBLE,
    ),
    "takes too much": ("CREATE TABLE a (x int)", "DROP TABLE a; DROP TABLE old", Verdict.NOT_REVERSIBLE),
    "without down": ("CREATE TABLE a (x int)", None, Verdict.WITHOUT_DOWN),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_proof(project: Project, name: str) -> None:
    up, down, verdict = VERDICTS[name]
    project.query("CREATE TABLE old (x int, y int)")
    if name == "leaves something behind":
        up = up.replace("CREATE VIEW", "CREATE OR REPLACE VIEW")
    if name == "takes too much":
        up = "CREATE TABLE IF NOT EXISTS old (x int, y int); " + up
    pair(project, 1, up, down)
    pair(project, 2, "CREATE TABLE z (x int)", "DROP TABLE z")
    before = project.tables()
    try:
        report = project.migrate(state="tested")
    except MigrationError as error:
        assert verdict is Verdict.NOT_REVERSIBLE
        assert (error.kind, "1_m" in error.message, "2_m" in error.message) == ("rehearsal", True, False)
        report = project.report
    assert [proof.verdict for proof in report.proofs] == [verdict, Verdict.REVERSIBLE]
    assert bool(report.proofs[0].diff) == (verdict in (Verdict.COLUMN_ORDER, Verdict.NOT_REVERSIBLE))
    assert project.tables() == before
    assert project.query("SELECT to_regclass('schema_migrations')") == [(None,)]


def test_a_down_that_fails_ends_no_proof_but_its_own(project: Project) -> None:
    pair(project, 1, "CREATE TABLE a (x int)", "DROP TABLE a")
    pair(project, 2, "CREATE TABLE b (x int)", "DROP TABLE nonsense")
    pair(project, 3, "ALTER TABLE b ADD y int", "ALTER TABLE b DROP y")
    pair(project, 4, "CREATE TABLE c (x int)", "SELECT 1/0")
    pair(project, 5, "ALTER TABLE c ADD y int", "ALTER TABLE c DROP y")
    with pytest.raises(MigrationError, match=r"Not reversible.*2_m, 4_m") as caught:
        project.migrate(state="tested")
    assert caught.value.kind == "rehearsal"
    verdicts = [(proof.verdict, proof.error and proof.error.sqlstate) for proof in project.report.proofs]
    fine = (Verdict.REVERSIBLE, None)
    assert verdicts == [
        fine, (Verdict.NOT_REVERSIBLE, "42P01"), fine, (Verdict.NOT_REVERSIBLE, "22012"), fine,
    ]  # fmt: skip
    assert project.tables() == []


def test_an_up_that_fails_leaves_the_verdicts_until_then(project: Project) -> None:
    pair(project, 1, "CREATE TABLE a (x int)", "DROP TABLE a")
    pair(project, 2, "SELECT nonsense", "SELECT 1")
    with pytest.raises(MigrationError, match='In the rehearsal.*column "nonsense"'):
        project.migrate(state="tested")
    assert [proof.verdict for proof in project.report.proofs] == [Verdict.REVERSIBLE]


FOLLOWING = {
    "a view of all columns": (
        "ALTER TABLE old DROP COLUMN x CASCADE",
        "ALTER TABLE old ADD x int; DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT * FROM old",
        Verdict.COLUMN_ORDER,
    ),
    "a function in other lines": (
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT\n 1'",
        Verdict.WHITE_SPACE,
    ),
    "a function with another body": (
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 3'",
        Verdict.NOT_REVERSIBLE,
    ),
}


@pytest.mark.parametrize("name", FOLLOWING)
def test_what_only_follows_has_a_class_of_its_own(project: Project, name: str) -> None:
    up, down, verdict = FOLLOWING[name]
    project.query(
        "CREATE TABLE old (x int, y int); CREATE VIEW v AS SELECT * FROM old; "
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    )
    pair(project, 1, up, down)
    try:
        project.migrate(state="tested")
    except MigrationError:
        assert verdict is Verdict.NOT_REVERSIBLE
    assert [proof.verdict for proof in project.report.proofs] == [verdict]


def test_nothing_pending_is_nothing_to_prove(three: Project) -> None:
    assert three.migrate(state="tested").proofs == ()

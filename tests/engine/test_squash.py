"""Checkpoints: written of scripts and proved, and what databases at different points make of them."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.commands.mark import MarkRequest, mark
from ansible_collections.pgops.migrations.plugins.module_utils.commands.squash import (
    Squashed,
    SquashRequest,
    squash,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError, RehearsalError
from ansible_collections.pgops.migrations.plugins.module_utils.model import State

from .conftest import Project, done

HISTORY = parse_name("schema_migrations", "history_table")
ONE = """
CREATE TABLE country (id serial PRIMARY KEY, name text UNIQUE, upper text GENERATED ALWAYS AS (upper(name)) STORED);
INSERT INTO country (name) VALUES ('Norway'), (E'it''s \\\\ --\n-- Data for Name: x');
CREATE TABLE visit (country int REFERENCES country, at timestamptz DEFAULT now());
INSERT INTO visit VALUES (1);
"""
TWO = """
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT count(*)::int FROM country';
REVOKE ALL ON FUNCTION f() FROM PUBLIC;
GRANT SELECT ON country TO PUBLIC;
REVOKE TRUNCATE ON visit FROM current_user;
CREATE MATERIALIZED VIEW names AS SELECT name FROM country;
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''a row came''; END';
"""
THREE = "CREATE TRIGGER told BEFORE INSERT ON country FOR EACH ROW EXECUTE PROCEDURE told();"
FOUR = "ALTER TABLE visit ADD COLUMN note text"


@pytest.fixture
def shop(project: Project) -> Project:
    """Four migrations, of which the third lets no row in any more; none is applied."""
    project.write(v1=ONE, v2=TWO, v3=THREE, v4=FOUR)
    return project


def made(project: Project, up_to: str, *tables: str, target: Target | None = None, **options: Any) -> Squashed:
    """Return a checkpoint."""
    request = SquashRequest(target or project.target, str(project.directory), HISTORY, "base", up_to, tables, **options)
    return squash(request, Tools(project._run, str(project.scratch_files), project.bin_dir))


def written(project: Project, up_to: str, *tables: str, **options: Any) -> Squashed:
    """Write one."""
    found = made(project, up_to, *tables, **options)
    assert found.text is not None
    Path(found.path).write_text(found.text)
    return found


def remove(project: Project, *versions: int) -> None:
    """Remove the files of versions."""
    for version in versions:
        (project.directory / f"{version}_v{version}.up.sql").unlink()


def dump(project: Project) -> str:
    """Return a database's schema."""
    own = [f"--exclude-table=schema_migrations{each}" for each in ("", "_log", "_snapshot")]
    argv = [f"{project.bindir}/pg_dump", "--schema-only", *own, project.url]
    out = subprocess.run(argv, check=True, capture_output=True, encoding="utf-8").stdout
    return "\n".join(line for line in out.splitlines() if not line.startswith("\\"))


def states(project: Project) -> dict[str, str]:
    """Return how each stands."""
    found = info(InfoRequest(project.target, (str(project.directory),), HISTORY))
    return {"%s_%s" % (each.version, each.name): each.state.value for each in found.standings}


def test_a_new_database_begins_with_it(shop: Project) -> None:
    shop.migrate(version="3")
    expected = dump(shop)
    rows = shop.query("SELECT * FROM country ORDER BY 1")
    shop.query("DROP TABLE country, visit, schema_migrations, schema_migrations_log CASCADE")
    shop.query("DROP TABLE IF EXISTS schema_migrations_snapshot")
    shop.query("DROP FUNCTION f(), told()")
    found = written(shop, "3", "country")
    assert [each.version for each in found.replaces] == ["1", "2", "3"]
    assert found.left_out == (('"public"."visit"', 1),)
    assert "visit" in found.warnings[0] and "squash_tables" in found.warnings[0]
    report = shop.migrate(version="3")
    assert done(report) == ["3"]
    assert dump(shop) == expected
    assert shop.query("SELECT * FROM country ORDER BY 1") == rows
    assert shop.query("SELECT name FROM names ORDER BY 1") == sorted((name,) for dummy, name, dummy in rows)
    assert shop.query("SELECT nextval('country_id_seq')") == [(3,)]
    assert shop.query("SELECT count(*) FROM visit") == [(0,)]
    assert shop.applied() == ["1", "2", "3"]
    logged = "SELECT event, version, name FROM schema_migrations_log WHERE version IS NOT NULL ORDER BY id"
    assert shop.query(logged) == [
        ("checkpoint", "1", "v1"),
        ("checkpoint", "2", "v2"),
        ("checkpoint", "3", "base"),
    ]
    assert done(shop.migrate()) == ["4"]
    assert shop.migrate().plan.steps == ()


# A script, and what its sequence gives next.
ADVANCED = {
    "a default that another table's sequence feeds": (
        "CREATE SEQUENCE s; CREATE TABLE t (id int DEFAULT nextval('s')); INSERT INTO t DEFAULT VALUES",
        2,
    ),
    "standing alone, called": ("CREATE SEQUENCE s INCREMENT 5; SELECT nextval('s'), nextval('s')", 11),
    "standing alone, set": ("CREATE SEQUENCE s; SELECT setval('s', 1000)", 1001),
    "set, and not called": ("CREATE SEQUENCE s; SELECT setval('s', 1000, false)", 1000),
    "restarted elsewhere": ("CREATE SEQUENCE s; ALTER SEQUENCE s RESTART WITH 77", 77),
    "where it would begin has changed, and it stands": ("CREATE SEQUENCE s; ALTER SEQUENCE s START 50", 1),
    "called, and set back": ("CREATE SEQUENCE s; SELECT nextval('s'); ALTER SEQUENCE s RESTART", 1),
    "going down": ("CREATE SEQUENCE s INCREMENT -1; SELECT nextval('s'), nextval('s')", -3),
    "of a table whose rows are gone": (
        "CREATE TABLE t (id serial); ALTER SEQUENCE t_id_seq RENAME TO s; INSERT INTO t DEFAULT VALUES; DELETE FROM t",
        2,
    ),
    "of a table whose rows are left out": (
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME s)); INSERT INTO t DEFAULT VALUES",
        2,
    ),
    "of an empty table, set": ("CREATE TABLE t (x int); CREATE SEQUENCE s OWNED BY t.x; SELECT setval('s', 9)", 10),
    "with a name that needs quotes": ("""CREATE SEQUENCE "it's \\ ""S"; SELECT setval('"it''s \\ ""S"', 5)""", 6),
}
NEXT = """
SELECT nextval(oid::regclass) FROM pg_class
 WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'schema_migrations%'
"""


@pytest.mark.parametrize("tables", [(), ("all",)])
@pytest.mark.parametrize("name", ADVANCED)
def test_sequences_stand_where_the_scripts_leave_them(project: Project, name: str, tables: tuple[str, ...]) -> None:
    statements, following = ADVANCED[name]
    project.write(v1=statements)
    written(project, "1", *tables)
    remove(project, 1)
    assert done(project.migrate()) == ["1"]
    assert project.query(NEXT) == [(following,)]


def test_only_sequences_that_have_moved_are_set(project: Project) -> None:
    project.write(v1="CREATE TABLE t (id serial); CREATE SEQUENCE u START 7; CREATE SEQUENCE v; SELECT nextval('v')")
    text = str(made(project, "1").text)
    assert [line for line in text.splitlines() if "setval" in line] == [
        """SELECT pg_catalog.setval('"public"."v"', 1, true);"""
    ]


def test_a_sequence_that_the_checkpoint_itself_moves(project: Project) -> None:
    project.write(v1="CREATE SEQUENCE s; CREATE MATERIALIZED VIEW m AS SELECT nextval('s')")
    with pytest.raises(RehearsalError, match="its sequences stand elsewhere") as caught:
        made(project, "1")
    assert caught.value.diff == '-"public"."s" behind 1\n+"public"."s" behind 2'


def test_a_sequence_that_may_not_be_read(project: Project) -> None:
    project.write(v1="CREATE SEQUENCE s; REVOKE ALL ON SEQUENCE s FROM current_user")
    project.execute("CREATE ROLE squash_reader LOGIN CREATEDB")
    try:
        target = Target({**parse_url(project.url), "user": "squash_reader"})
        with pytest.raises(MigrationError, match='Where the sequence "public"."s" stands can\'t be read') as caught:
            made(project, "1", target=target)
        assert caught.value.kind == "schema_unread"
    finally:
        project.execute("DROP ROLE squash_reader")


def test_its_rehearsal_is_the_real_run_s(shop: Project) -> None:
    written(shop, "3", "country")
    rehearsed = shop.check()
    report = shop.migrate(with_diff=True)
    assert rehearsed.diffs == report.diffs
    assert [str(each.script.version) for each in rehearsed.plan.steps] == ["3", "4"]


def test_it_belongs_to_whoever_runs_it(shop: Project) -> None:
    written(shop, "3", "country")
    shop.execute("CREATE ROLE squash_owner LOGIN")
    try:
        shop.execute("GRANT ALL ON SCHEMA public TO squash_owner")
        shop.execute(f'GRANT ALL ON DATABASE "{shop.target.name}" TO squash_owner')
        target = Target({**parse_url(shop.url), "user": "squash_owner"})
        assert done(shop.migrate(target=target)) == ["3", "4"]
        owners = shop.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert owners == [("squash_owner",)]
    finally:
        shop.execute("DROP OWNED BY squash_owner")
        shop.execute("DROP ROLE squash_owner")


def test_a_database_that_has_the_scripts_counts_it_as_applied(shop: Project) -> None:
    shop.migrate(version="3")
    rows = shop.query("SELECT * FROM schema_migrations")
    written(shop, "3")
    assert done(shop.migrate(version="3")) == []
    remove(shop, 1, 2, 3)
    report = shop.migrate(version="3")
    assert (done(report), report.warnings) == ([], ())
    assert shop.query("SELECT * FROM schema_migrations") == rows
    assert states(shop) == {
        **{"1_v1": "applied", "2_v2": "applied", "3_v3": "applied"},
        **{"3_base": "applied", "4_v4": "pending"},
    }
    assert done(shop.migrate()) == ["4"]


def test_a_database_in_the_middle_goes_on_with_the_old_ones(shop: Project) -> None:
    shop.migrate(version="1")
    written(shop, "3")
    assert states(shop)["3_base"] == "passed_over"
    assert done(shop.migrate()) == ["2", "3", "4"]


def test_in_the_middle_with_the_old_ones_gone(shop: Project) -> None:
    shop.migrate(version="1")
    written(shop, "3")
    remove(shop, 1, 2, 3)
    with pytest.raises(MigrationError) as caught:
        shop.migrate()
    assert caught.value.kind == "missing"
    assert "has 1 of the 3 migrations" in caught.value.message and "gone: 2_v2, 3_v3" in caught.value.message
    assert "version control" in str(caught.value.hint)
    assert shop.applied() == ["1"]
    found = info(InfoRequest(shop.target, (str(shop.directory),), HISTORY))
    assert "gone: 2_v2, 3_v3" in found.warnings[0]


def test_a_new_database_below_it_with_files_gone(shop: Project) -> None:
    written(shop, "2")
    remove(shop, 1)
    with pytest.raises(MigrationError, match="can't come to the version 1: .* gone \\(1_v1\\)") as caught:
        shop.migrate(version="1")
    assert caught.value.kind == "missing"
    assert "version 2 at least" in str(caught.value.hint)
    assert shop.tables() == []
    assert done(shop.migrate(version="3")) == ["2", "3"]


def test_what_it_has_by_hand_is_marked(shop: Project) -> None:
    shop.migrate(version="1")
    written(shop, "3")
    remove(shop, 1, 2, 3)
    mark(MarkRequest(shop.target, (str(shop.directory),), HISTORY, ("2", "3"), State.APPLIED))
    assert done(shop.migrate()) == ["4"]


@pytest.mark.parametrize("state", [State.PENDING, State.DEFERRED])
@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("gone", [(), (1, 2, 3)])
def test_what_it_gives_is_not_marked_as_to_be_run(
    shop: Project, version: str, state: State, gone: tuple[int, ...]
) -> None:
    written(shop, "3")
    remove(shop, *gone)
    shop.migrate()
    request = MarkRequest(shop.target, (str(shop.directory),), HISTORY, ("4", version), state)
    for checking in (True, False):
        with pytest.raises(MigrationError, match=f"{version}_v{version} can't be marked as {state.value}") as caught:
            mark(request._replace(checking=checking))
        assert caught.value.kind == "conflict"
        assert "begun with the checkpoint 3_base" in caught.value.message
    assert shop.applied() == ["1", "2", "3", "4"]


def test_all_that_it_gives_is_marked_as_to_be_run(shop: Project) -> None:
    written(shop, "3")
    shop.migrate(version="3")
    shop.query("DROP TABLE country, visit CASCADE; DROP FUNCTION f(), told()")
    mark(MarkRequest(shop.target, (str(shop.directory),), HISTORY, ("1", "2", "3"), State.PENDING))
    assert done(shop.migrate()) == ["3", "4"]


def test_a_database_that_has_the_scripts_marks_one_as_to_be_run(shop: Project) -> None:
    shop.write(v2="CREATE TABLE IF NOT EXISTS two (x int)")
    shop.migrate(version="2")
    written(shop, "2")
    mark(MarkRequest(shop.target, (str(shop.directory),), HISTORY, ("2",), State.PENDING))
    assert done(shop.migrate(version="2")) == ["2"]


def test_what_flyway_s_own_gives_is_not_marked_as_to_be_run(flyway: Project) -> None:
    flyway.file("B2__base.sql", BASE)
    flyway.migrate()
    flyway.file("V1_5__late.sql", "CREATE TABLE late (x int)")
    for version in ("1", "1.5"):
        with pytest.raises(MigrationError, match="begun with the checkpoint 2_base, which takes its place"):
            mark(MarkRequest(flyway.target, (str(flyway.directory),), HISTORY, (version,), State.PENDING))


def test_a_baseline_has_all_that_it_takes_the_place_of(shop: Project) -> None:
    shop.query(ONE + TWO + THREE)
    written(shop, "3")
    remove(shop, 1, 2, 3)
    assert done(shop.migrate(baseline_version="3")) == ["4"]
    assert shop.applied() == ["1", "2", "3", "4"]


@pytest.mark.parametrize("options", [{"version": "2"}, {"version": "0"}, {"steps": 2}])
def test_roll_back_over_it_is_refused(shop: Project, options: dict[str, Any]) -> None:
    shop.file("4_v4.down.sql", "ALTER TABLE visit DROP COLUMN note")
    written(shop, "3")
    shop.migrate()
    with pytest.raises(MigrationError, match="came with a checkpoint") as caught:
        shop.migrate(state="rolled_back", **options)
    assert caught.value.kind == "irreversible"
    assert shop.applied() == ["1", "2", "3", "4"]
    assert [str(each.step.script.version) for each in shop.migrate(state="rolled_back").progress.done] == ["4"]


def test_squashed_again_a_year_later(shop: Project) -> None:
    written(shop, "3", "all")
    remove(shop, 1, 2, 3)
    shop.write(v5="CREATE TABLE five (x int)", v6="CREATE TABLE six (x int)")
    first = shop.directory / "3_base.checkpoint.sql"
    found = written(shop, "5", "all")
    assert [each.version for each in found.replaces] == ["1", "2", "3", "4", "5"]
    assert [each.name for each in found.replaces] == ["v1", "v2", "v3", "v4", "v5"]
    assert done(shop.migrate()) == ["5", "6"]
    first.unlink()
    remove(shop, 4, 5)
    assert shop.migrate().warnings == ()
    assert shop.query("SELECT count(*) FROM country") == [(2,)]


def test_rows_that_look_like_its_head(project: Project) -> None:
    project.write(v1='CREATE TABLE t (x text); INSERT INTO t VALUES (E\'a\\n-- replaces ["0", "", ""]\\nb\')')
    written(project, "1", "t")
    remove(project, 1)
    assert done(project.migrate()) == ["1"]


def test_one_that_is_there_is_left_alone(shop: Project) -> None:
    written(shop, "3")
    again = made(shop, "3")
    assert again.text is None
    assert [each.version for each in again.replaces] == ["1", "2", "3"]


def test_scripts_that_have_changed_since(shop: Project) -> None:
    written(shop, "3")
    shop.write(v2=TWO + "-- more")
    with pytest.raises(MigrationError, match="2_v2.up.sql was changed after it was made") as caught:
        made(shop, "3")
    assert caught.value.kind == "modified"
    with pytest.raises(MigrationError, match="after the checkpoint was made that takes their place: .*2_v2") as caught:
        shop.migrate()
    assert caught.value.kind == "modified"
    assert shop.tables() == []


def test_a_checkpoint_that_was_changed_after_it_was_applied(shop: Project) -> None:
    found = written(shop, "3")
    shop.migrate()
    with open(found.path, "a") as stream:
        stream.write("-- more\n")
    with pytest.raises(MigrationError, match="Modified after it was applied: .*3_base.checkpoint.sql"):
        shop.migrate()


def test_two_that_overlap(shop: Project) -> None:
    written(shop, "2")
    (shop.directory / "2_base.checkpoint.sql").rename(shop.directory.parent / "kept")
    remove(shop, 1)
    shop.write(v2="CREATE TABLE two (x int)", v3="SELECT 1", v4="SELECT 1")
    written(shop, "3")
    (shop.directory.parent / "kept").rename(shop.directory / "2_base.checkpoint.sql")
    with pytest.raises(MigrationError, match="overlap: the second doesn't take the place of 1_v1"):
        shop.migrate()


# A column that is made of the rows which another table has at that moment, and no dump tells of it.
DEPENDENT = """
CREATE TABLE a (x int);
CREATE FUNCTION n() RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM public.a); END';
CREATE TABLE b (x int, y int GENERATED ALWAYS AS (n()) STORED);
INSERT INTO b VALUES (7);
INSERT INTO a VALUES (1);
"""


def test_a_proof_that_fails_writes_nothing_and_shows_the_difference(project: Project) -> None:
    project.write(v1=DEPENDENT)
    with pytest.raises(RehearsalError, match='the rows of "public"."b" are different') as caught:
        made(project, "1", "all")
    assert caught.value.diff == "-(7,0)\n+(7,1)"
    assert "Nothing was written" in str(caught.value.hint)
    assert sorted(os.listdir(project.directory)) == ["1_v1.up.sql"]


def test_what_the_server_writes_otherwise_once_it_has_read_it(project: Project) -> None:
    project.write(v1="CREATE TABLE t (state varchar(4) CHECK (state IN ('new', 'paid')))")
    written(project, "1")
    assert done(project.migrate()) == ["1"]


def test_a_script_that_fails_is_told(shop: Project) -> None:
    shop.write(v2="SELECT nothing")
    with pytest.raises(MigrationError, match="On a scratch database, the scripts: .*nothing") as caught:
        made(shop, "3")
    assert caught.value.version == "2"
    assert shop.tables() == []


@pytest.mark.parametrize("up_to, kind", [("7", "unknown_version"), ("x", "unknown_version")])
def test_a_version_that_nobody_has(shop: Project, up_to: str, kind: str) -> None:
    with pytest.raises(MigrationError) as caught:
        made(shop, up_to)
    assert caught.value.kind == kind


def test_a_table_that_nobody_has(shop: Project) -> None:
    with pytest.raises(MigrationError, match="squash_tables: after the scripts there is no table nowhere"):
        made(shop, "3", "nowhere")


def test_what_came_late_is_not_in_it(shop: Project) -> None:
    remove(shop, 2)
    shop.write(v3="CREATE TABLE three (x int)")
    written(shop, "3", "country")
    shop.file("2_late.up.sql", "CREATE TABLE late (x int)")
    assert done(shop.migrate()) == ["3", "2", "4"]


def test_what_asks_each_time_runs_behind_it(shop: Project) -> None:
    for number in (1, 2, 3, 4):
        remove(shop, number)
    table = "def up(cursor):\n    cursor.execute('CREATE TABLE %s (x int)')\n"
    asks = (
        "def should_run(cursor):\n    cursor.execute('SELECT to_regclass(%s)', ['made'])\n"
        "    return cursor.fetchone()[0] is None\n\n" + table % "made"
    )
    shop.file("1_a.py", table % "a")
    shop.file("2_asks.py", asks)
    shop.file("3_b.py", table % "b")
    found = written(shop, "3")
    assert [each.version for each in found.replaces] == ["1", "3"]
    report = shop.migrate()
    assert (done(report), shop.tables()) == (["3"], ["a", "b", "made"])
    assert [str(each.step.script.version) for each in report.progress.skipped] == ["2"]


def test_without_any_server(shop: Project) -> None:
    shop.bin_dir = shop.bindir
    found = made(shop, "3", "country", on="empty")
    assert "throwaway cluster" in str(found.where)
    assert found.text is not None
    Path(found.path).write_text(found.text)
    assert done(shop.migrate()) == ["3", "4"]


def test_what_is_beside_the_database_is_warned_of(shop: Project) -> None:
    shop.bin_dir = shop.bindir
    shop.write(v2=TWO + "CREATE ROLE squashed_role")
    found = made(shop, "3", "all", on="empty")
    assert "the checkpoint doesn't: " in found.warnings[0] and "2 changes roles" in found.warnings[0]


@pytest.fixture
def flyway(project: Project) -> Project:
    """Flyway's scripts."""
    project.file("V1__a.sql", "CREATE TABLE a (x int)")
    project.file("V2__b.sql", "CREATE TABLE b (x int)")
    project.file("V3__c.sql", "CREATE TABLE c (x int)")
    project.file("R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one")
    return project


BASE = "CREATE TABLE a (x int); CREATE TABLE b (x int)"


def test_flyway_s_own(flyway: Project) -> None:
    flyway.file("B2__base.sql", BASE)
    assert done(flyway.migrate()) == ["2", "3", "R__v"]
    assert flyway.applied() == ["1", "2", "3", "R__v"]
    (flyway.directory / "V1__a.sql").unlink()
    (flyway.directory / "V2__b.sql").unlink()
    assert flyway.migrate().warnings == ()
    flyway.file("V1_5__late.sql", "CREATE TABLE late (x int)")
    assert done(flyway.migrate()) == []


def test_flyway_s_own_where_the_scripts_are_applied(flyway: Project) -> None:
    flyway.migrate()
    flyway.file("B2__base.sql", BASE)
    assert done(flyway.migrate()) == []
    (flyway.directory / "V1__a.sql").unlink()
    (flyway.directory / "V2__b.sql").unlink()
    report = flyway.migrate()
    assert (done(report), report.warnings) == ([], ())


def test_flyway_s_own_in_the_middle(flyway: Project) -> None:
    flyway.migrate(version="1")
    flyway.file("B2__base.sql", BASE)
    assert done(flyway.migrate()) == ["2", "3", "R__v"]


def test_a_database_that_flyway_has_begun_with_one_is_adopted(flyway: Project) -> None:
    flyway.query(BASE)
    flyway.query(
        "CREATE TABLE flyway_schema_history"
        " (installed_rank int, version text, description text, type text, success bool);"
        "INSERT INTO flyway_schema_history VALUES (1, '2', 'base', 'SQL_BASELINE', true)"
    )
    flyway.file("B2__base.sql", BASE)
    assert done(flyway.migrate(baseline_version="adopt")) == ["3", "R__v"]
    assert flyway.applied()[:2] == ["1", "2"]


def test_beside_flyway_s_scripts_it_has_flyway_s_name(flyway: Project) -> None:
    flyway.file("V2__b.sql", "CREATE TABLE b (x int); CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''x'''")
    found = written(flyway, "2")
    assert found.path.endswith("/B2__base.sql")
    assert done(flyway.migrate()) == ["2", "3", "R__v"]
    assert [each.version for each in made(flyway, "2").replaces] == ["1", "2"]


def test_atlas_s_own(project: Project) -> None:
    for number, name in ((1, "a"), (2, "b"), (4, "c")):
        project.file(f"{number}_{name}.sql", f"CREATE TABLE {name} (x int);")
    project.file("3_checkpoint.sql", "-- atlas:checkpoint\n\nCREATE TABLE a (x int); CREATE TABLE b (x int);")
    assert done(project.migrate()) == ["3", "4"]
    assert project.applied() == ["1", "2", "3", "4"]
    assert project.migrate().plan.steps == ()


def test_a_file_for_psql_records_what_it_takes_the_place_of(shop: Project, tmp_path: Path) -> None:
    written(shop, "3", "country")
    shop.migrate(version="3", state="migrated", checking=True)
    path = tmp_path / "release.sql"
    shop.migrate(state="scripted", script_file=str(path), checking=True)
    subprocess.run([f"{shop.bindir}/psql", "-Xqf", str(path), shop.url], check=True, stdout=subprocess.DEVNULL)
    assert shop.applied() == ["1", "2", "3", "4"]
    assert shop.migrate().plan.steps == ()
    with pytest.raises(MigrationError, match="came with a checkpoint"):
        shop.migrate(state="rolled_back", version="2")


REVISIONS = {
    "one": "revision = 'aa01'\ndown_revision = None\n\ndef upgrade():\n    pass\n",
    "one that can't be read": "revision = 'aa01'\ndown_revision = None\n\ndef upgrade(:\n",
    "one whose place isn't a literal": "revision = 'aa01'\ndown_revision = above()\n",
    "one behind what is gone": "revision = 'aa01'\ndown_revision = 'aa00'\n",
}


@pytest.mark.parametrize("text", REVISIONS.values(), ids=REVISIONS)
def test_alembic_s_revisions_have_none(project: Project, text: str) -> None:
    project.file("versions/aa01_a.py", text)
    for up_to, options in (("aa01", {}), ("nowhere", {}), ("aa01", {"kind": "alembic"})):
        with pytest.raises(MigrationError, match="no checkpoint can be made of alembic's revisions") as caught:
            made(project, up_to, **options)
        assert caught.value.kind == "option"


def test_a_connection_is_left_alone(shop: Project) -> None:
    with closing(psycopg2.connect(shop.url)) as connection, connection.cursor() as cursor:
        written(shop, "3", "all")
        cursor.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        assert cursor.fetchone() == (0,)

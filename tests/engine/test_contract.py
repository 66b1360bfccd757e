# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each database has to do, whichever it is. A new one is a further parameter of the fixture ``life``."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors, model
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.commands.mark import MarkRequest, mark
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies
from ansible_collections.pgops.migrations.plugins.module_utils.rehearsal.proof import Verdict

from .conftest import Project, done
from .test_generic import DuckProject
from .test_mariadb import MariaProject
from .test_sqlite import FileProject

NUMBERS = itertools.count(1)
TABLE = parse_name("schema_migrations", "history_table", reserve=4)


def on_postgresql(request: pytest.FixtureRequest) -> Project:
    """Return a project on a server."""
    server, name = request.getfixturevalue("server"), f"contract_{os.getpid()}_{next(NUMBERS)}"
    request.getfixturevalue("monkeypatch").setenv("PATH", server.bindir, prepend=os.pathsep)
    request.addfinalizer(lambda: server.drop_database(name))
    return Project(server.create_database(name), directory_of(request), server.bindir)


def directory_of(request: pytest.FixtureRequest) -> Path:
    """Return a new directory for scripts."""
    directory: Path = request.getfixturevalue("tmp_path") / "scripts"
    directory.mkdir()
    return directory


def on_sqlite(request: pytest.FixtureRequest) -> Project:
    """Return a project on a file."""
    path: Path = request.getfixturevalue("tmp_path") / "app.db"
    path.touch()
    return FileProject(directory_of(request), path)


def on_mariadb(request: pytest.FixtureRequest) -> Project:
    """Return a project on a MariaDB server."""
    server, name = request.getfixturevalue("mariadb_server"), f"contract_{os.getpid()}_{next(NUMBERS)}"
    server.create_database(name)
    request.addfinalizer(lambda: server.drop_database(name))
    return MariaProject(directory_of(request), server, name)


def on_duckdb(request: pytest.FixtureRequest) -> Project:
    """Return a project on a database that SQLAlchemy knows."""
    pytest.importorskip("duckdb_engine")
    path: Path = request.getfixturevalue("tmp_path") / "app.duckdb"
    return DuckProject(directory_of(request), path)


DATABASES: dict[str, Callable[[pytest.FixtureRequest], Project]] = {
    "postgresql": on_postgresql,
    "sqlite": on_sqlite,
    "mariadb": on_mariadb,
    "duckdb": on_duckdb,
}


@pytest.fixture(params=DATABASES)
def life(request: pytest.FixtureRequest) -> Project:
    """Return an empty project, on each database."""
    return DATABASES[request.param](request)


def write_three(life: Project) -> None:
    """Write three scripts with their way back."""
    life.write(
        v1="CREATE TABLE a (x integer);", v2="CREATE TABLE b (x integer);", v3="ALTER TABLE a ADD COLUMN y integer;"
    )
    life.file("1_v1.down.sql", "DROP TABLE a;")
    life.file("2_v2.down.sql", "DROP TABLE b;")
    life.file("3_v3.down.sql", "ALTER TABLE a DROP COLUMN y;")


def events(life: Project) -> list[tuple[Any, ...]]:
    """Return what the log tells, but for the starts of what runs outside a transaction."""
    of_versions = "SELECT event, version FROM schema_migrations_log WHERE version IS NOT NULL"
    return life.query(of_versions + " AND event <> 'started' ORDER BY id")


def test_apply_and_apply_again(life: Project) -> None:
    write_three(life)
    assert done(life.migrate()) == ["1", "2", "3"]
    assert life.tables() == ["a", "b"]
    assert done(life.migrate()) == []
    assert events(life) == [("applied", "1"), ("applied", "2"), ("applied", "3")]


def test_up_to_a_version_and_roll_back(life: Project) -> None:
    write_three(life)
    assert done(life.migrate(version="2")) == ["1", "2"]
    assert done(life.migrate(state="rolled_back")) == ["2"]
    assert life.tables() == ["a"]
    assert done(life.migrate()) == ["2", "3"]
    assert done(life.migrate(state="rolled_back", version="0")) == ["3", "2", "1"]
    assert life.tables() == []
    assert life.applied() == []


def test_a_check_shows_what_comes_out_and_touches_nothing(life: Project) -> None:
    write_three(life)
    checked = life.check()
    assert life.tables() == []
    assert done(checked) == ["1", "2", "3"]
    assert checked.plan_digest is not None
    applied = life.migrate(with_diff=True, expect=checked.plan_digest)
    assert applied.diffs == checked.diffs
    assert any(applied.diffs or ())


def test_the_schema_as_a_file(life: Project) -> None:
    write_three(life)
    foretold = life.check(schema_file="schema.sql").schema
    written = life.migrate(schema_file="schema.sql").schema
    looked_at = life.check(schema_file="schema.sql").schema
    made = life.migrate(schema_file="schema.sql", makes_schema_file=True).schema
    assert foretold == written == looked_at == made
    assert written is not None and written.text is not None
    tables = re.findall(r"^(?:CREATE )?TABLE (?:public\.|`|)(\w+)", written.text, re.MULTILINE)
    assert (written.reason, tables) == (None, ["a", "b"])
    assert life.migrate(schema_file="schema.sql").schema is None


def test_a_file_of_the_schema_has_nothing_of_any_history(life: Project, tmp_path: Path) -> None:
    if isinstance(life, DuckProject):
        pytest.skip("schema_file is refused where the schema is seen in part")
    write_three(life)
    other = tmp_path / "other"
    other.mkdir()
    (other / "1_c.up.sql").write_text("CREATE TABLE c (x integer);")
    beside = {"directories": (str(other),), "history_table": "other_migrations"}
    life.migrate(**beside)
    texts = [life.check(schema_file="schema.sql").schema, life.migrate(schema_file="schema.sql").schema]
    life.migrate(**beside)
    texts.append(life.check(schema_file="schema.sql").schema)
    assert texts[0] is not None
    assert [text for text in texts if text != texts[0] or "_migrations" in str(text)] == []


def test_what_flyway_runs_around_migrations(life: Project) -> None:
    life.file("V1__one.sql", "CREATE TABLE told (what varchar(40));")
    life.file("V2__two.sql", "INSERT INTO told VALUES ('2');")
    for event in ("afterEachMigrate", "afterMigrate"):
        life.file(f"{event}.sql", f"INSERT INTO told VALUES ('{event}');")
    assert done(life.check()) == ["1", "2"]
    assert done(life.migrate()) == ["1", "2"]
    told = [what for (what,) in life.query("SELECT what FROM told")]
    assert sorted(told) == ["2", "afterEachMigrate", "afterEachMigrate", "afterMigrate"]


def test_a_failing_migration_leaves_nothing(life: Project) -> None:
    life.write(v1="CREATE TABLE a (x integer);", v2="CREATE TABLE b (x integer);\nDROP TABLE nope;")
    with pytest.raises(errors.ScriptFailed, match="line 2, column 1.*DROP TABLE nope") as caught:
        life.migrate()
    assert (caught.value.version, caught.value.line) == ("2", 2)
    assert life.tables() == (["a"] if life.is_atomic else ["a", "b"])
    assert life.applied() == ["1"]
    assert events(life) == [("applied", "1"), ("failed", "2")]
    request = InfoRequest(life.target, (str(life.directory),), TABLE)
    assert [each.state for each in info(request).standings] == [model.State.APPLIED, model.State.FAILED]


def test_one_transaction_for_all(life: Project) -> None:
    life.write(v1="CREATE TABLE a (x integer);", v2="CREATE TABLE b (x integer);", v3="DROP TABLE nope;")
    if not life.is_atomic:
        with pytest.raises(errors.ScriptInvalid, match="it can't be part of a single one"):
            life.migrate(single_transaction=True)
        assert life.tables() == []
        return
    with pytest.raises(errors.ScriptFailed):
        life.migrate(single_transaction=True)
    assert life.tables() == []
    life.write(v3="CREATE TABLE c (x integer);")
    assert done(life.migrate(single_transaction=True)) == ["1", "2", "3"]


def test_a_modified_script(life: Project) -> None:
    write_three(life)
    life.migrate()
    life.write(v2="CREATE TABLE b (x integer, y integer);")
    with pytest.raises(errors.Modified):
        life.migrate()
    assert done(life.migrate(policies=Policies(modified="ignore"))) == []


def test_changes_by_hand(life: Project) -> None:
    write_three(life)
    life.migrate(version="2")
    life.execute("ALTER TABLE b ADD COLUMN z integer")
    with pytest.raises(errors.Drift):
        life.migrate(policies=Policies(drift="fail"))
    report = life.migrate()
    assert done(report) == ["3"]
    assert re.search("(?i)z`? int", report.drift.diff)  # type: ignore[union-attr]
    life.write(v4="CREATE TABLE d (x integer);")
    assert life.migrate().drift is None


def test_an_expectation(life: Project) -> None:
    write_three(life)
    digest = life.check().plan_digest
    life.execute("CREATE TABLE more (x integer)")
    if isinstance(
        life, DuckProject
    ):  # its dialect doesn't tell a table whole, so there is no copy of one that is there
        with pytest.raises(errors.RehearsalError):
            life.migrate(expect=digest)
        return
    with pytest.raises(errors.ExpectationFailed):
        life.migrate(expect=digest)
    assert life.tables() == ["more"]
    life.execute("DROP TABLE more")
    assert done(life.migrate(expect=digest)) == ["1", "2", "3"]


def test_the_proof(life: Project) -> None:
    write_three(life)
    life.file("2_v2.down.sql", "SELECT 1;")
    with pytest.raises(errors.RehearsalError, match=r"\(2_v2\)"):
        life.migrate(state="tested")
    assert [each.verdict for each in life.report.proofs] == [
        Verdict.REVERSIBLE,
        Verdict.NOT_REVERSIBLE,
        Verdict.REVERSIBLE,
    ]
    assert life.tables() == []


def test_a_baseline(life: Project) -> None:
    write_three(life)
    life.execute("CREATE TABLE a (x integer)")
    life.execute("CREATE TABLE b (x integer)")
    with pytest.raises(errors.Nonempty):
        life.migrate(on_nonempty="fail")
    assert done(life.migrate(on_nonempty="fail", baseline_version="2")) == ["3"]
    assert events(life) == [("baseline", "1"), ("baseline", "2"), ("applied", "3")]


def test_a_table_of_somebody_else(life: Project) -> None:
    life.execute("CREATE TABLE schema_migrations (id integer, what text)")
    write_three(life)
    with pytest.raises(errors.HistoryForeign, match="isn't a history of this collection: its columns are id"):
        life.migrate()
    assert done(life.migrate(history_table="ours")) == ["1", "2", "3"]


def test_two_histories_in_one_database(life: Project, tmp_path: Path) -> None:
    write_three(life)
    life.migrate(version="2")
    other = tmp_path / "other"
    other.mkdir()
    (other / "1_c.up.sql").write_text("CREATE TABLE c (x integer);")
    beside = {"directories": (str(other),), "history_table": "other_migrations", "on_nonempty": "fail"}
    assert done(life.migrate(**beside)) == ["1"]
    again = life.migrate(policies=Policies(drift="fail"), on_nonempty="fail")
    assert done(again) == ["3"]
    assert again.drift is None
    assert done(life.migrate(policies=Policies(drift="fail"), **beside)) == []


def test_a_lost_history(life: Project) -> None:
    write_three(life)
    life.migrate()
    life.execute("DROP TABLE schema_migrations")
    with pytest.raises(errors.HistoryLost):
        life.migrate()


def test_a_script_that_changes_the_history(life: Project) -> None:
    life.write(v1="CREATE TABLE a (x integer);\nALTER TABLE schema_migrations ADD COLUMN z integer;")
    with pytest.raises(errors.ScriptFailed, match="The script changed the history table .* itself; it "):
        life.migrate()
    assert life.tables() == ([] if life.is_atomic else ["a"])
    if life.is_atomic:
        assert life.applied() == []


def test_marks(life: Project) -> None:
    write_three(life)
    request = MarkRequest(life.target, (str(life.directory),), TABLE, ("1", "3"), model.State.APPLIED)
    assert [each.written for each in mark(request)] == [True, True]
    assert done(life.migrate()) == ["2"]
    assert mark(request._replace(state=model.State.PENDING, versions=("3",)))[0].before is model.State.APPLIED
    assert life.applied() == ["1", "2"]


CURSOR = "def up(cursor):\n%s\n\ndef down(cursor):\n    pass\n"
# What a Python script does with its cursor → the rows of t in the end.
OF_PYTHON = {
    "commit() keeps, rollback() takes back": (
        "    cursor.execute('INSERT INTO t VALUES (1)')\n    cursor.connection.commit()\n"
        "    cursor.execute('INSERT INTO t VALUES (2)')\n    cursor.connection.rollback()",
        [(1,)],
    ),
    "as SQL": (
        "    cursor.execute('INSERT INTO t VALUES (1)')\n    cursor.execute('COMMIT')\n"
        "    cursor.execute('INSERT INTO t VALUES (2)')\n    cursor.execute('ROLLBACK')",
        [(1,)],
    ),
    "a rollback that undoes nothing": (
        "    cursor.connection.rollback()\n    cursor.execute('INSERT INTO t VALUES (3)')",
        [(3,)],
    ),
}


@pytest.mark.parametrize("case", OF_PYTHON)
def test_a_script_with_a_cursor(life: Project, case: str) -> None:
    calls, rows = OF_PYTHON[case]
    life.execute("CREATE TABLE t (x integer)")
    life.file("1_a.py", CURSOR % calls)
    assert done(life.migrate()) == ["1"]
    assert life.query("SELECT x FROM t") == rows


def test_what_a_script_committed_goes_with_it(life: Project) -> None:
    life.execute("CREATE TABLE t (x integer)")
    calls = "    cursor.execute('INSERT INTO t VALUES (1)')\n    cursor.connection.commit()\n    raise ValueError('no')"
    life.file("1_a.py", CURSOR % calls)
    with pytest.raises(errors.ScriptFailed, match="ValueError: no"):
        life.migrate()
    assert life.query("SELECT x FROM t") == ([] if life.python_is_atomic else [(1,)])


def test_should_run_is_asked_each_time(life: Project) -> None:
    life.execute("CREATE TABLE t (x integer)")
    asks = (
        "def should_run(cursor):\n    cursor.execute('SELECT count(*) FROM t')\n    return cursor.fetchone()[0] < 2\n\n"
    )
    life.file("1_a.py", asks + CURSOR % "    cursor.execute('INSERT INTO t VALUES (1)')")
    assert [done(life.migrate()) for dummy in range(3)] == [["1"], ["1"], []]


def test_a_temporary_table_stands_in_nobodys_way(life: Project) -> None:
    life.write(
        v1="CREATE TABLE orders (a integer); CREATE TEMPORARY TABLE orders AS SELECT 1 AS a;",
        v2="ALTER TABLE orders ADD COLUMN b integer;",
    )
    assert done(life.migrate()) == ["1", "2"]
    assert life.query("SELECT a, b FROM orders") == []


def test_outside_a_transaction_it_goes_on_where_it_failed(life: Project) -> None:
    life.execute("CREATE TABLE t (x integer)")
    life.write(
        v1="-- no-transaction\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nINSERT INTO late VALUES (3);\n"
    )
    with pytest.raises(errors.ScriptFailed, match="line 4, column 1"):
        life.migrate()
    with pytest.raises(errors.Interrupted, match="at statement 3 of 3; those before it stand"):
        life.migrate()
    life.execute("CREATE TABLE late (x integer)")
    assert done(life.migrate(on_interrupted="retry")) == ["1"]
    assert life.query("SELECT x FROM t ORDER BY x") == [(1,), (2,)]
    assert life.query("SELECT x FROM late") == [(3,)]


VERIFIED = {"SELECT count(*) = 2 FROM a;": True, "SELECT count(*) = 3 FROM a;": False, "SELECT nope FROM a;": False}


@pytest.mark.parametrize("verifies", VERIFIED)
def test_what_verifies_a_migration(life: Project, verifies: str) -> None:
    life.write(v1="CREATE TABLE a (x integer);\nINSERT INTO a VALUES (1), (2);")
    life.file("1_v1.verify.sql", "SELECT true;\n" + verifies)
    for run in (life.check, life.migrate):
        if VERIFIED[verifies]:
            assert done(run()) == ["1"]
        else:
            with pytest.raises(errors.ScriptFailed, match="1_v1.verify.sql"):
                run()
    assert life.tables() == (["a"] if VERIFIED[verifies] or not life.is_atomic else [])


# The table of another tool, and what it says is applied.
OF_OTHERS = {
    "golang-migrate": ("CREATE TABLE schema_migrations (version bigint, dirty boolean)", "(2, false)", ["3"]),
    "sqlx": (
        "CREATE TABLE _sqlx_migrations (version bigint, description text, installed_on text, success boolean,"
        " checksum text)",
        "(1, 'v1', '', true, '')",
        ["2", "3"],
    ),
    "goose": (
        "CREATE TABLE goose_db_version (id integer, version_id bigint, is_applied boolean, tstamp text)",
        "(1, 0, true, ''), (2, 1, true, ''), (3, 2, true, ''), (4, 2, false, '')",
        ["2", "3"],
    ),
    "Flyway": (
        "CREATE TABLE flyway_schema_history (installed_rank integer, version text, description text, type text,"
        " success boolean)",
        "(1, '1', 'v1', 'SQL', true), (2, '2', 'v2', 'SQL', true)",
        ["3"],
    ),
    "sqlalchemy-migrate": (
        "CREATE TABLE migrate_version (repository_id text, repository_path text, version integer)",
        "('app', '/x', 1)",
        ["2", "3"],
    ),
}


@pytest.mark.parametrize("tool", OF_OTHERS)
def test_a_history_of_another_tool(life: Project, tool: str) -> None:
    table, rows, left = OF_OTHERS[tool]
    name = table.split()[2]
    life.execute(table)
    life.execute(f"INSERT INTO {name} VALUES {rows}")
    write_three(life)
    life.file("3_v3.up.sql", "CREATE TABLE c (x integer);")
    with pytest.raises(errors.HistoryForeign, match=f"are recorded by {tool} "):
        life.migrate(history_table="ours")
    assert done(life.migrate(history_table="ours", baseline_version="adopt")) == left


ENGINE = "def upgrade(engine):\n    with engine.begin() as connection:\n        connection.exec_driver_sql(%r)\n"
# A repository of sqlalchemy-migrate → the tables that come out.
OF_DIALECTS = {
    "its own": ({f"001_x_{name}_upgrade.sql": "own" for name in ("postgresql", "sqlite", "mysql", "duckdb")}, ["own"]),
    "its own before default": (
        {
            **{f"1_{name}_upgrade.sql": "own" for name in ("postgres", "sqlite", "mysql", "duckdb")},
            "1_default_upgrade.sql": "every",
        },
        ["own"],
    ),
    "default before a script": ({"001_default_upgrade.sql": "every", "001_x.py": "script"}, ["every"]),
    "a script before another's": ({"001_oracle_upgrade.sql": "other", "001_x.py": "script"}, ["script"]),
    "another's alone": ({"001_oracle_upgrade.sql": "other"}, None),
}


@pytest.mark.parametrize("case", OF_DIALECTS)
def test_sql_of_a_repository_is_taken_by_its_dialect(life: Project, case: str) -> None:
    pytest.importorskip("sqlalchemy")
    files, tables = OF_DIALECTS[case]
    for name, table in files.items():
        statement = f"CREATE TABLE {table} (x integer)"
        life.file(name, ENGINE % statement if name.endswith(".py") else statement + ";")
    if tables is None:
        with pytest.raises(errors.ScriptInvalid, match="is written for oracle, and there is none for .* beside it"):
            life.migrate(kind="sqlalchemy")
    else:
        assert len(done(life.migrate(kind="sqlalchemy"))) == 1
    assert life.tables() == (tables or [])

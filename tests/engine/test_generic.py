# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations on any database that SQLAlchemy knows: tried on DuckDB."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.commands.report import Report
from ansible_collections.pgops.migrations.plugins.module_utils.databases.generic.connection import (
    Target,
    connect,
    parse_url,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.generic.session import MigrationCursor
from ansible_collections.pgops.migrations.plugins.module_utils.databases.generic.tables import lock_of, mark_of

from .conftest import Project, done


def place(path: Path) -> Target:
    """Return what rehearsal_url leads to."""
    return replace(parse_url(f"duckdb:///{path}"), for_rehearsals=True)


class DuckProject(Project):
    """Scripts, and a DuckDB file."""

    python_is_atomic = False

    def __init__(self, directory: Path, path: Path) -> None:
        super().__init__(f"duckdb:///{path}", directory, "")
        self.path = path
        import duckdb

        duckdb.connect(str(path)).close()

    @property
    def target(self) -> Target:
        """Where it is."""
        return parse_url(self.url)

    def migrate(self, **options: Any) -> Report:
        """Run the engine; it rehearses in a database that is empty."""
        empty = place(self.path.with_name("empty.duckdb"))
        return super().migrate(**{"rehearsal_server": empty, **options})

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the database says."""
        import duckdb

        with closing(duckdb.connect(str(self.path))) as connection:
            return list(connection.execute(statement, list(values)).fetchall())

    def execute(self, statement: str) -> None:
        """Have it do several things."""
        import duckdb

        with closing(duckdb.connect(str(self.path))) as connection:
            connection.execute(statement)

    def tables(self) -> list[str]:
        """Return the tables, without ours."""
        rows = self.query("SELECT table_name FROM information_schema.tables ORDER BY 1")
        return [name for (name,) in rows if not name.startswith(("schema_migrations", "pgops_", "ours"))]

    def applied(self) -> list[str]:
        """Return the recorded versions."""
        return [row[0] for row in self.query("SELECT version FROM schema_migrations ORDER BY applied, version")]


@pytest.fixture
def project(tmp_path: Path) -> DuckProject:
    """Return an empty project on an empty database."""
    pytest.importorskip("duckdb_engine")
    directory = tmp_path / "migrations"
    directory.mkdir()
    return DuckProject(directory, tmp_path / "app.duckdb")


def test_what_its_dialect_cant_copy_is_said(project: DuckProject) -> None:
    project.execute("CREATE TABLE there (x integer)")
    project.write(v1="CREATE TABLE a (x integer);")
    report = project.check()
    assert done(report) == []
    said = f"Not rehearsed: the tables of duckdb {project.path} can't be copied"
    assert any(said in each for each in report.warnings), report.warnings
    assert project.tables() == ["there"]


def test_without_an_empty_database_the_plan_is_listed(project: DuckProject) -> None:
    project.write(v1="CREATE TABLE a (x integer);")
    report = project.check(rehearsal_server=None)
    assert [str(each.script.version) for each in report.progress.left] == ["1"]
    assert any("Not rehearsed: no copy of such a database can be made" in each for each in report.warnings)
    with pytest.raises(errors.RehearsalError) as caught:
        project.check(rehearsal_server=None, rehearsal="required")
    assert "Let rehearsal_url name an empty database of the same kind" in str(caught.value.hint)


def test_a_rehearsal_empties_its_database(project: DuckProject) -> None:
    project.write(v1="CREATE TABLE a (x integer PRIMARY KEY);\nCREATE TABLE b (x integer REFERENCES a (x));")
    project.file("2_v2.up.sql", "CREATE VIEW c AS SELECT x FROM b;")
    for dummy in range(2):
        assert done(project.check()) == ["1", "2"]
    project.write(v1="CREATE TABLE a (x integer PRIMARY KEY);\nCREATE TABLE b (x nope);")
    for dummy in range(2):
        with pytest.raises(errors.ScriptFailed, match="line 2, column 1"):
            project.check()


def test_one_run_at_a_time(project: DuckProject) -> None:
    project.write(v1="CREATE TABLE a (x integer);")
    assert done(project.migrate()) == ["1"]
    project.write(v2="CREATE TABLE b (x integer);")
    with closing(connect(project.target, "")) as other:
        other.run(lock_of().update().values(runs=1))
        with pytest.raises(errors.LockHeld, match="Another run works on this database; waited 0 s"):
            project.migrate(lock_wait=0)
    assert done(project.migrate()) == ["2"]


def test_of_a_statement_that_was_cut_off_nobody_knows(project: DuckProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(
        v1="-- no-transaction\nCREATE TABLE t (x integer);\nINSERT INTO t VALUES (1);\nCREATE TABLE u (x integer);\n"
    )
    execute = MigrationCursor.execute

    def pulled(self: Any, query: str, args: Any = None) -> Any:
        if query.startswith("CREATE TABLE u"):
            self.connection.close()
            raise KeyboardInterrupt
        return execute(self, query, args)

    monkeypatch.setattr(MigrationCursor, "execute", pulled)
    with pytest.raises((KeyboardInterrupt, errors.MigrationError)):
        project.migrate()
    monkeypatch.undo()
    with pytest.raises(errors.Interrupted, match="at statement 3 of 3; those before it stand"):
        project.migrate()
    with pytest.raises(errors.Interrupted, match="at CREATE TABLE u .* in line 4, and whether that was done can't"):
        project.migrate(on_interrupted="retry")
    assert project.query("SELECT x FROM t") == [(1,)]


ENGINE_SCRIPT = """
import sqlalchemy as sa


def upgrade(engine):
    columns = sa.Column("id", sa.Integer, autoincrement=False), sa.Column("name", sa.String)
    owners = sa.Table("owners", sa.MetaData(), *columns)
    with engine.begin() as connection:
        owners.create(connection)
        connection.execute(owners.insert(), [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
"""


def test_a_script_for_an_engine(project: DuckProject) -> None:
    project.file("1_a.py", ENGINE_SCRIPT)
    assert done(project.migrate()) == ["1"]
    assert project.query("SELECT name FROM owners ORDER BY id") == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("nosuch://db/x", errors.OptionInvalid, "url begins with nosuch, which SQLAlchemy doesn't know here"),
        ("oracle+oracledb://db/x", errors.DependencyError, "url leads to oracle, and the driver can't be imported"),
        ("duckdb:////no/such/directory/x.db", errors.DatabaseMissing, "There is no file /no/such/directory/x.db"),
    ],
)
def test_what_leads_nowhere(url: str, error: type[errors.MigrationError], said: str, project: DuckProject) -> None:
    project.write(v1="SELECT 1;")
    with pytest.raises(error, match=said):
        project.migrate(target=parse_url(url))


def test_a_file_that_is_not_there_is_not_made(project: DuckProject) -> None:
    project.write(v1="CREATE TABLE t (x integer);")
    target = parse_url(project.url + ".misspelt")
    assert done(project.check(target=target)) == ["1"]
    with pytest.raises(errors.DatabaseMissing):
        project.migrate(target=target)
    assert not Path(str(project.path) + ".misspelt").exists()


def test_the_database_itself_is_no_place_to_rehearse_in(project: DuckProject) -> None:
    project.write(v1="CREATE TABLE t (x integer);")
    other = project.path.parent / ".." / project.path.parent.name / project.path.name
    with pytest.raises(errors.RehearsalError, match="rehearsal_url leads to the database itself"):
        project.check(rehearsal_server=place(other), rehearsal="required")
    assert project.query("SELECT table_name FROM information_schema.tables") == []


def test_one_rehearsal_at_a_time(project: DuckProject) -> None:
    project.write(v1="CREATE TABLE t (x integer);")
    with closing(connect(place(project.path.with_name("empty.duckdb")), "")) as connection:
        mark_of().create(connection.sa)
        connection.commit()
    with pytest.raises(errors.RehearsalError, match="another rehearsal is in it, or was killed"):
        project.check(rehearsal="required")

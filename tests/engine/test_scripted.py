# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""state: scripted: what psql makes of the file is what pg_migrate makes, and what can't be written is refused."""

from __future__ import annotations

import stat
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.commands.report import Report
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import lock
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import (
    Target,
    connect,
    parse_url,
)

from .conftest import Project, done

FIRST = "CREATE TABLE t (id int PRIMARY KEY, note text DEFAULT 'a;b -- c' /* d */); -- e"
FUNCTION = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 'x\\y; :USER';\nEND;\n$$"
OUTSIDE = "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (note);\nSET search_path = nowhere;\n"
LEAVES = "SET search_path = nowhere; SET lock_timeout = '1ms'; INSERT INTO public.t VALUES (7)"
PYTHON = """
def up(cursor):
    for name in ("a", "b"):
        cursor.execute("ALTER TABLE t ADD " + name + " int DEFAULT %s", [7])
    cursor.executemany("INSERT INTO t (id) VALUES (%s)", [(1,), (2,)])
"""
CLEAR = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "release.sql"


def scripted(project: Project, file: Path, **options: Any) -> Report:
    """Write the file."""
    return project.migrate(state="scripted", checking=True, script_file=str(file), **options)


def psql(project: Project, file: Path) -> subprocess.CompletedProcess[str]:
    """Run the file as a person would."""
    program = Path(project.bindir) / "psql"
    return subprocess.run(
        [str(program if program.exists() else "psql"), "-X", "-q", "-f", str(file), project.url],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )


def schema(project: Project) -> str:
    """Return the schema without the history, and all rows of t."""
    dump = subprocess.run(
        [str(Path(project.bindir) / "pg_dump"), "-s", "-T", "schema_migrations*", project.url],
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    lines = [line for line in dump.splitlines() if not line.startswith("\\")]  # with a token of its own each time
    return "\n".join([*lines, *map(str, project.query("SELECT * FROM t ORDER BY id"))])


def write_all(project: Project) -> tuple[str, str]:
    """Write scripts of each kind; return their directories."""
    project.write(v1=FIRST, v2=FUNCTION, v3=OUTSIDE, v4="BEGIN;\nALTER TABLE t ADD c int;\nCOMMIT;", v5=LEAVES)
    project.file("python/20200101_columns.py", PYTHON)
    return str(project.directory), str(project.directory / "python")


def test_it_makes_what_pg_migrate_makes(project: Project, file: Path) -> None:
    project.execute(CLEAR)
    directories = write_all(project)
    report = scripted(project, file, directories=directories)
    assert report.written == (str(file), True)
    assert project.tables() == []
    run = psql(project, file)
    assert (run.returncode, run.stderr) == (0, "")
    by_hand = schema(project)
    assert done(project.migrate(directories=directories)) == []
    assert project.query("SELECT version FROM schema_migrations ORDER BY applied, version") == [
        (version,) for version in ("1", "2", "3", "4", "5", "20200101")
    ]
    project.execute(CLEAR)
    project.migrate(directories=directories)
    assert schema(project) == by_hand


def test_what_was_modified_since_is_noticed(project: Project, file: Path) -> None:
    project.write(v1="CREATE TABLE t ()")
    scripted(project, file)
    psql(project, file)
    project.write(v1="CREATE TABLE t (a int)")
    with pytest.raises(errors.MigrationError, match="1_v1"):
        project.migrate()


def test_with_a_history_that_is_there(project: Project, file: Path) -> None:
    project.write(v1="CREATE TABLE t ()")
    project.migrate()
    project.write(v2="ALTER TABLE t ADD a int")
    scripted(project, file)
    assert "CREATE TABLE" not in file.read_text()
    assert psql(project, file).returncode == 0
    assert done(project.migrate()) == []


def test_a_baseline_is_recorded(project: Project, file: Path) -> None:
    project.query("CREATE TABLE t ()")
    project.write(v1="CREATE TABLE t ()", v2="ALTER TABLE t ADD a int")
    scripted(project, file, baseline_version="1")
    assert psql(project, file).returncode == 0
    assert project.query("SELECT event FROM schema_migrations_log WHERE version <> '' ORDER BY id") == [
        ("baseline",),
        ("applied",),
    ]
    assert done(project.migrate()) == []


def test_run_twice_it_does_nothing(project: Project, file: Path) -> None:
    project.write(v1="CREATE TABLE t ()")
    scripted(project, file)
    psql(project, file)
    again = psql(project, file)
    assert again.returncode == 3
    assert "The history isn't the one that this file was made for; nothing was done" in again.stderr


def test_it_stops_at_an_error_and_pg_migrate_goes_on(project: Project, file: Path) -> None:
    project.write(v1="CREATE TABLE t ()", v2="CREATE TABLE u ()", v3="CREATE TABLE v ()")
    scripted(project, file)
    project.query("CREATE TABLE u ()")
    assert psql(project, file).returncode == 3
    assert project.applied() == ["1"]
    project.query("DROP TABLE u")
    assert done(project.migrate()) == ["2", "3"]


def test_not_while_another_run_is_at_work(project: Project, file: Path) -> None:
    project.write(v1="CREATE TABLE t ()")
    scripted(project, file)
    with closing(connect(Target(parse_url(project.url)), "other")) as other, lock.held(other, 0):
        run = psql(project, file)
    assert "Another run works on this database; nothing was done" in run.stderr
    assert project.tables() == []


def test_the_file(project: Project, file: Path) -> None:
    project.write(v1="CREATE TABLE t ()")
    assert scripted(project, file, writes_script=False).written == (str(file), True)
    assert not file.exists()
    scripted(project, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.stat().st_mtime_ns
    assert scripted(project, file).written == (str(file), False)
    assert file.stat().st_mtime_ns == before
    assert [each.name for each in file.parent.glob(".release*")] == []


@pytest.mark.parametrize("kind", ["directory", "link", "nowhere"])
def test_what_is_no_file(project: Project, file: Path, kind: str) -> None:
    project.write(v1="CREATE TABLE t ()")
    if kind == "directory":
        file.mkdir()
    elif kind == "link":
        file.symlink_to("/etc/passwd")
    else:
        file = file / "below" / "release.sql"
    with pytest.raises(errors.OptionInvalid, match=r"script_file: .*release\.sql: "):
        scripted(project, file)


REFUSED = {
    "reads rows": ("cursor.execute('SELECT 1')", r"it reads rows \(SELECT\), and what it does may depend on them"),
    "reads rows first": (
        "cursor.execute('CREATE TABLE u (); WITH a AS (SELECT 1) SELECT * FROM a')",
        r"it reads rows \(WITH\)",
    ),
    "rolls back": ("cursor.connection.rollback()", r"it uses rollback\(\), which isn't recorded"),
    "copies": ("cursor.copy_from(__import__('io').StringIO(''), 't')", r"it uses copy_from\(\)"),
    "sends much": (
        "[cursor.execute('INSERT INTO t VALUES (1)') for _ in range(2000)]",
        "it sent too much in the rehearsal to be recorded",
    ),
    "leaves its transaction": ("cursor.connection.autocommit = True", "it is in Python, and runs outside"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_python_that_cant_be_written(project: Project, file: Path, name: str) -> None:
    text, why = REFUSED[name]
    project.query("CREATE TABLE t (a int)")
    project.file("20200101_x.py", "def up(cursor):\n    " + text + "\n")
    with pytest.raises(errors.ScriptInvalid, match="20200101_x can't be written into a file for psql: .*" + why):
        scripted(project, file)
    assert not file.exists()


def test_sql_that_psql_would_read_otherwise(project: Project, file: Path) -> None:
    project.write(v1="CREATE TABLE t AS SELECT ('{1,2}'::int[])[1:VERSION_NUM] FROM (SELECT 2 AS VERSION_NUM) x")
    with pytest.raises(errors.ScriptInvalid, match="psql would put a value in the place of :VERSION_NUM"):
        scripted(project, file)


def test_one_that_fails_in_the_rehearsal(project: Project, file: Path) -> None:
    project.write(v1="SELEKT")
    with pytest.raises(errors.ScriptFailed):
        scripted(project, file)
    assert not file.exists()

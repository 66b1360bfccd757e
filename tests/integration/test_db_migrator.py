"""db-migrator itself and this collection take turns on one database: each reads what the other has recorded.

It is installed from the package index, and run as a program. It stumbles over a history with more columns than its own
two, as 0.1.0 of this collection made it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from server import Server

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "db-migrator.txt"

pytestmark = pytest.mark.slow

TABLE = """
def up(cursor):
    cursor.execute("CREATE TABLE {0} (x int)")


def down(cursor):
    cursor.execute("DROP TABLE {0}")
"""
REPEATABLE = """
def should_run(cursor):
    cursor.execute("SELECT count(*) FROM work")
    return cursor.fetchone()[0] > 0


def up(cursor):
    cursor.execute("DELETE FROM work")


def down(cursor):
    pass
"""
DEFERRED = """
from dbmigrator import deferred


@deferred
def up(cursor):
    cursor.execute("CREATE TABLE later (x int)")


def down(cursor):
    cursor.execute("DROP TABLE later")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install db-migrator into a directory of its own."""
    place = tmp_path_factory.mktemp("db-migrator")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    pins = {"PIP_CONSTRAINT": str(REQUIREMENTS)}  # for what builds it, too
    done = subprocess.run(
        [*pip, "--target", str(place), "-r", str(REQUIREMENTS)],
        check=False,
        env={**os.environ, **pins},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, f"db-migrator can't be installed:\n{done.stdout}{done.stderr}"
    version = psycopg2.__version__.split()[0]
    metadata = place / f"psycopg2-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: psycopg2\nVersion: {version}\n")
    return place


class Both:
    """One directory and one database, and the two tools."""

    def __init__(self, installed: Path, server: Server, url: str, tmp_path: Path) -> None:
        self.installed = installed
        self.url = url
        self.directory = tmp_path / "migrations"
        self.directory.mkdir()
        self.tmp_path = tmp_path
        programs = [server.bindir, str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        self.environment = {"HOME": str(tmp_path), "PATH": os.pathsep.join(programs), "LC_ALL": "C.UTF-8"}

    def write(self, **scripts: str) -> None:
        """Write scripts: v20160101_a="…" becomes 20160101_a.py."""
        for name, text in scripts.items():
            (self.directory / f"{name[1:]}.py").write_text(text)

    def dbmigrator(self, *arguments: str) -> str:
        """Run db-migrator; return what it printed."""
        command = [sys.executable, str(self.installed / "bin" / "dbmigrator"), "--db-connection-string", self.url]
        done = subprocess.run(
            [*command, "--migrations-directory", str(self.directory), *arguments],
            check=False,
            cwd=self.tmp_path,
            env={**self.environment, "PYTHONPATH": str(self.installed), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, f"dbmigrator {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def listed(self) -> dict[str, tuple[str, str]]:
        """Return what db-migrator's list shows: version → is applied, date applied."""
        lines = self.dbmigrator("list", "--wide").splitlines()[2:]
        rows = [line.split(maxsplit=3) for line in lines]
        return {row[0]: (row[2], row[3].strip() if len(row) > 3 else "") for row in rows}

    def task(self, module: str, **options: Any) -> Any:
        """Run one task of this collection; return its result."""
        result = self.tmp_path / "result.json"
        connection = {"url": self.url, "migrations_dir": str(self.directory)}
        tasks = [
            {"name": "The task", f"pgops.migrations.{module}": {**connection, **options}, "register": "result"},
            {"name": "Its result", "ansible.builtin.copy": {"content": "{{ result | to_json }}", "dest": str(result)}},
        ]
        playbook = self.tmp_path / "playbook.yml"
        playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        environment = {
            **self.environment,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.tmp_path / "ansible"),
            "PGPASSFILE": "no-such-file",
        }
        program = Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [str(program), str(playbook)],
            check=False,
            cwd=ROOT,
            env=environment,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(result.read_text())

    def migrate(self, **options: Any) -> list[str]:
        """Run pg_migrate; return the versions that it applied or rolled back."""
        options.setdefault("on_nonempty", "ignore")  # for the table that the test counts in
        result = self.task("pg_migrate", **options)
        return [each["version"] for each in result["applied"] + result["rolled_back"]]

    def states(self) -> dict[str, str]:
        """Return what pg_migration_info tells: version → state."""
        found = self.task("pg_migration_info")["migrations"]
        return {each["version"]: each["state"] + "*" * each["repeatable"] for each in found}

    def modified(self) -> list[str]:
        """Return the versions whose files aren't what pg_migrate has applied."""
        return [each["version"] for each in self.task("pg_migration_info")["migrations"] if each["modified"]]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the database says."""
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return rows


@pytest.fixture
def both(installed: Path, server: Server, tmp_path: Path) -> Iterator[Both]:
    yield Both(installed, server, server.create_database("both"), tmp_path)
    server.drop_database("both")


def test_it_reads_what_pg_migrate_has_recorded(both: Both) -> None:
    both.query("CREATE TABLE work (x int); INSERT INTO work VALUES (1)")
    both.write(
        v20160101000000_first=TABLE.format("a"),
        v20160102000000_second=TABLE.format("b"),
        v20160103000000_work=REPEATABLE,
        v20160104000000_later=DEFERRED,
    )
    assert both.migrate() == ["20160101000000", "20160102000000", "20160103000000"]
    both.task("pg_migration_mark", versions=["20160102000000"], state="deferred")
    both.write(v20160105000000_last=TABLE.format("c"))
    times = dict(both.query("SELECT version, applied FROM schema_migrations"))
    assert both.listed() == {
        "20160101000000": ("True", str(times["20160101000000"])),
        "20160102000000": ("deferred", "None"),
        "20160103000000": ("True*", str(times["20160103000000"])),
        "20160104000000": ("deferred", ""),
        "20160105000000": ("False", ""),
    }


def test_it_goes_on_where_pg_migrate_has_stopped_and_back(both: Both) -> None:
    both.query("CREATE TABLE work (x int)")
    both.write(v20160101000000_first=TABLE.format("a"), v20160102000000_work=REPEATABLE)
    assert both.migrate() == ["20160101000000"]

    both.query("INSERT INTO work VALUES (1)")
    both.write(v20160103000000_new=TABLE.format("b"), v20160104000000_later=DEFERRED)
    said = both.dbmigrator("migrate")
    assert "Running migration 20160101000000" not in said
    for version in ("20160102000000", "20160103000000"):
        assert f"Running migration {version}" in said
    both.query("INSERT INTO work VALUES (1)")
    both.dbmigrator("migrate", "--run-deferred")
    assert both.query("SELECT count(*) FROM schema_migrations WHERE version = '20160102000000'") == [(2,)]

    assert both.states() == {
        "20160101000000": "applied",
        "20160102000000": "applied*",
        "20160103000000": "applied",
        "20160104000000": "applied",
    }
    assert both.migrate(run_deferred=True) == []
    both.query("INSERT INTO work VALUES (1)")
    assert both.migrate() == ["20160102000000"]
    both.write(v20160105000000_last=TABLE.format("c"))
    assert both.migrate() == ["20160105000000"]
    assert {version: applied for version, (applied, dummy) in both.listed().items()} == {
        "20160101000000": "True",
        "20160102000000": "True*",
        "20160103000000": "True",
        "20160104000000": "True",
        "20160105000000": "True",
    }


def test_each_rolls_back_what_the_other_has_applied(both: Both) -> None:
    both.write(v20160101000000_first=TABLE.format("a"), v20160102000000_second=TABLE.format("b"))
    both.migrate()
    assert "Rolling back migration 20160102000000 second" in both.dbmigrator("rollback")
    assert both.states() == {"20160101000000": "applied", "20160102000000": "pending"}
    both.dbmigrator("migrate")
    assert both.migrate(state="rolled_back", steps=2) == ["20160102000000", "20160101000000"]
    assert both.listed() == {"20160101000000": ("False", ""), "20160102000000": ("False", "")}
    assert both.query("SELECT to_regclass('a'), to_regclass('b')") == [(None, None)]


def test_what_the_other_did_has_no_checksum_and_no_event(both: Both) -> None:
    both.write(v20160101000000_first=TABLE.format("a"), v20160102000000_second=TABLE.format("b"))
    both.migrate()
    both.dbmigrator("rollback")
    both.dbmigrator("migrate")
    both.write(v20160101000000_first=TABLE.format("x"), v20160102000000_second=TABLE.format("y"))
    assert both.modified() == ["20160101000000"]
    both.dbmigrator("mark", "-t", "20160101000000")
    assert both.modified() == []
    assert both.migrate() == []


def test_it_goes_on_with_a_history_of_the_first_release_once_that_is_reduced(both: Both) -> None:
    both.write(v20160101000000_first=TABLE.format("a"), v20160102000000_second=TABLE.format("b"))
    both.migrate(version="20160101000000")
    both.query(
        "ALTER TABLE schema_migrations ADD name text, ADD checksum text, ADD duration_ms bigint, ADD applied_by text, "
        "ADD applied_from text, ADD collection_version text, ADD event text"
    )
    both.task("pg_migration_mark", state="reduced")
    assert "Running migration 20160102000000" in both.dbmigrator("migrate")
    assert both.states() == {"20160101000000": "applied", "20160102000000": "applied"}


MARKS: dict[str, Callable[[Both], object]] = {
    "db-migrator": lambda both: [
        both.dbmigrator("mark", "-t", "20160101000000", "20160102000000"),
        both.dbmigrator("mark", "-d", "20160103000000"),
        both.dbmigrator("mark", "-f", "20160102000000"),
    ],
    "pg_migration_mark": lambda both: [
        both.task("pg_migration_mark", versions=["20160101000000", "20160102000000"], state="applied"),
        both.task("pg_migration_mark", versions=["20160103000000"], state="deferred"),
        both.task("pg_migration_mark", versions=["20160102000000"], state="pending"),
    ],
}


@pytest.mark.parametrize("name", MARKS)
def test_marks_mean_the_same_to_both(both: Both, name: str) -> None:
    for number in (1, 2, 3):
        both.write(**{f"v2016010{number}000000_x": TABLE.format(f"t{number}")})
    both.dbmigrator("init", "--version=0")
    MARKS[name](both)
    assert both.states() == {"20160101000000": "applied", "20160102000000": "pending", "20160103000000": "deferred"}
    assert [applied for applied, dummy in both.listed().values()] == ["True", "False", "deferred"]


@pytest.mark.parametrize("arguments, states", [([], ["applied", "applied"]), (["--version=0"], ["pending", "pending"])])
def test_a_database_that_it_has_begun_is_taken_over(both: Both, arguments: list[str], states: list[str]) -> None:
    both.write(v20160101000000_first=TABLE.format("a"), v20160102000000_second=TABLE.format("b"))
    both.dbmigrator("init", *arguments)
    assert list(both.states().values()) == states
    pending = [version for version, state in both.states().items() if state == "pending"]
    assert both.migrate() == pending
    assert [applied for applied, dummy in both.listed().values()] == ["True", "True"]
    assert "No pending migrations" in both.dbmigrator("migrate")


def test_init_finds_that_a_history_is_there(both: Both) -> None:
    both.write(v20160101000000_first=TABLE.format("a"))
    both.migrate(baseline_version="latest")
    assert "already initialized" in both.dbmigrator("init")
    assert [applied for applied, dummy in both.listed().values()] == ["True"]


# docs/coming-from.md


def _shown() -> list[tuple[str, dict[str, Any]]]:
    """Return the tasks in docs/coming-from.md, in its tables and in its blocks, as module and options."""
    text = (ROOT / "docs" / "coming-from.md").read_text()
    found = [yaml.safe_load(each) for each in re.findall(r"`(pg_\w+: \{.*?\})`", text)]
    for block in re.findall(r"(?:^ {4,}.*\n|^\n)+", text, re.MULTILINE):
        if "pgops.migrations." in block and block.lstrip().startswith("-"):
            for task in yaml.safe_load(textwrap.dedent(block)):
                found += task.get("tasks", [task])
    return [each for task in found for each in _calls(task)]


def _run() -> list[tuple[str, dict[str, Any]]]:
    """Return the tasks that the targets run which are about these tools."""
    targets = ROOT / "tests" / "integration" / "targets"
    files = sorted(file for name in ("old_tools", "kind_alembic") for file in (targets / name / "tasks").glob("*.yml"))
    return [each for file in files for task in yaml.safe_load(file.read_text()) for each in _calls(task)]


def _calls(task: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    inner = [each for name in ("block", "rescue") for each in task.get(name, [])]
    ours = re.compile(r"(pgops\.migrations\.)?pg_")
    own = [(name.rpartition(".")[2], options or {}) for name, options in task.items() if ours.match(name)]
    return own + [call for each in inner for call in _calls(each)]


def _is_same(shown: dict[str, Any], run: dict[str, Any]) -> bool:
    """Tell whether two tasks have the same options; a place is another one in a test, and a password isn't shown."""
    return shown.keys() == run.keys() and all(
        "{{" in str(run[name]) or shown[name] in (run[name], "…") for name in shown
    )


def test_every_task_of_the_guide_is_one_that_is_run() -> None:
    run = _run()
    shown = _shown()
    assert len(shown) > 20
    not_run = [call for call in shown if not any(call[0] == module and _is_same(call[1], args) for module, args in run)]
    assert not_run == []

"""A directory of scripts and a database, and the engine between the two."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.context import Context
from ansible_collections.pgops.migrations.plugins.module_utils.commands.migrate import migrate
from ansible_collections.pgops.migrations.plugins.module_utils.commands.report import Report
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Request


class Project:
    """What a user has: scripts in a directory, and a database."""

    bin_dir: str | None = None
    # Whether a migration that fails leaves nothing behind.
    is_atomic = True
    # Whether one in Python does.
    python_is_atomic = True
    cache_size = 0

    def __init__(self, url: str, directory: Path, bindir: str) -> None:
        self.url = url
        self.directory = directory
        self.scratch_files = directory.parent / "tmp"
        self.scratch_files.mkdir()
        self.bindir = bindir

    def write(self, **files: str) -> None:
        """Write SQL pairs: v1="…" becomes 1_v1.up.sql, with its number as the version."""
        for name, text in files.items():
            self.file(f"{name.lstrip('v')}_{name}.up.sql", text)

    def file(self, name: str, content: str | bytes) -> Path:
        """Write one file."""
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @property
    def target(self) -> Any:
        """Where the database is."""
        return Target(parse_url(self.url))

    def migrate(self, **options: Any) -> Report:
        """Run the engine as the module would."""
        table = parse_name(options.pop("history_table", "schema_migrations"), "history_table", reserve=4)
        target = options.pop("target", None) or self.target
        if isinstance(options.get("expect"), str):
            options["expect"] = (options["expect"],)
        options.setdefault("directories", (str(self.directory),))
        options.setdefault("on_nonempty", "ignore")  # tests put things there by hand
        request = Request(target=target, history_table=table, **options)
        self.context = Context(request, Tools(self._run, str(self.scratch_files), self.bin_dir, self.cache_size))
        migrate(self.context)
        return self.report

    @property
    def report(self) -> Report:
        """Return what the last run knows of itself, also after an error."""
        return self.context.report()

    def check(self, **options: Any) -> Report:
        """Run the engine in check mode."""
        return self.migrate(checking=True, with_diff=True, **options)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the database says."""
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return rows

    def execute(self, statement: str) -> None:
        """Have the database do what can't be in a transaction."""
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(statement)

    def applied(self) -> list[str]:
        """Return the recorded versions, in the order of their application."""
        return [row[0] for row in self.query("SELECT version FROM schema_migrations ORDER BY applied")]

    def tables(self) -> list[str]:
        """Return the tables of schema public, without the history's."""
        rows = self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [row[0] for row in rows if not row[0].startswith("schema_migrations")]

    def _run(self, argv: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
        """Run a client program; the server's own come first on PATH."""
        done = subprocess.run(
            argv, check=False, env={**os.environ, **environment}, capture_output=True, encoding="utf-8"
        )
        return done.returncode, done.stdout, done.stderr


def done(report: Report) -> list[str]:
    """Return the versions that a run applied."""
    return [str(outcome.step.script.version) for outcome in report.progress.done]


@pytest.fixture
def project(database: str, any_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return an empty project on a new, empty database."""
    monkeypatch.setenv("PATH", any_server.bindir, prepend=os.pathsep)
    directory = tmp_path / "migrations"
    directory.mkdir()
    yield Project(database, directory, any_server.bindir)
    left = Project.query(
        _on_postgres(database, directory), "SELECT datname FROM pg_database WHERE datname LIKE 'pgops_rehearsal_%'"
    )
    assert left == [], "a scratch database was left behind"
    assert list((tmp_path / "tmp").iterdir()) == [], "a temporary file was left behind"


def _on_postgres(url: str, directory: Path) -> Project:
    other = Project.__new__(Project)
    other.url = url.rpartition("/")[0] + "/postgres"
    return other

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository as the services of a cloud had them: each of its versions leaves what sqlalchemy-migrate itself leaves.

On PostgreSQL, SQLite and MariaDB; up to each version and back again, schema and rows.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from ansible_collections.pgops.migrations.plugins.module_utils.databases.generic.connection import Target
from ansible_collections.pgops.migrations.plugins.module_utils.databases.generic.snapshots import SchemaReader

from ..conftest import Project, done
from ..test_mariadb import MariaProject
from ..test_sqlite import FileProject

ROOT = Path(__file__).resolve().parents[3]
REPOSITORY = ROOT / "tests" / "scripts" / "cloud"
BESIDE = Path(sys.prefix) / "sqlalchemy-migrate"
LAST = 16
Pair = tuple[Project, str, str]


def on_sqlite(request: pytest.FixtureRequest, below: Path) -> Pair:
    """Return a project on a file, its URL, and that of the original's file."""
    for name in ("ours", "theirs"):
        (below / f"{name}.db").touch()
    return (
        FileProject(below / "scripts", below / "ours.db"),
        f"sqlite:///{below}/ours.db",
        f"sqlite:///{below}/theirs.db",
    )


def on_mariadb(request: pytest.FixtureRequest, below: Path) -> Pair:
    """Return the same on a MariaDB server."""
    server, names = request.getfixturevalue("mariadb_server"), [f"cloud_{os.getpid()}_{each}" for each in range(2)]
    for name in names:
        server.create_database(name)
        request.addfinalizer(lambda name=name: server.drop_database(name))
    return MariaProject(below / "scripts", server, names[0]), server.url(names[0]), server.url(names[1])


def on_postgresql(request: pytest.FixtureRequest, below: Path) -> Pair:
    """Return the same on a PostgreSQL server."""
    server, names = request.getfixturevalue("server"), [f"cloud_{os.getpid()}_{each}" for each in range(2)]
    request.getfixturevalue("monkeypatch").setenv("PATH", server.bindir, prepend=os.pathsep)
    urls = [server.create_database(name) for name in names]
    for name in names:
        request.addfinalizer(lambda name=name: server.drop_database(name))
    ours, theirs = (url.replace("postgresql://", "postgresql+psycopg2://") for url in urls)
    return Project(urls[0], below / "scripts", server.bindir), ours, theirs


DATABASES: dict[str, Callable[[pytest.FixtureRequest, Path], Pair]] = {
    "sqlite": on_sqlite,
    "mariadb": on_mariadb,
    "postgresql": on_postgresql,
}


@contextmanager
def original(url: str) -> Iterator[Callable[[int], None]]:
    """Lend what has sqlalchemy-migrate go to a version."""
    assert BESIDE.is_dir(), "bin/test installs it"
    argv = [sys.executable, str(Path(__file__).with_name("original.py")), url, str(REPOSITORY)]
    environment = {**os.environ, "PYTHONPATH": str(BESIDE), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as program:
        assert program.stdin is not None and program.stdout is not None and program.stderr is not None

        def go(version: int) -> None:
            print(version, file=program.stdin, flush=True)
            answer = ""
            while program.poll() is None and not answer.startswith("at "):  # it has more to say
                answer = program.stdout.readline()
            assert answer == f"at {version}\n", program.stderr.read()

        yield go
        program.stdin.close()


def state_of(url: str) -> Any:
    """Return the tables as SQLAlchemy sees them, and their rows; without the histories."""
    reader = SchemaReader(['"migrate_version"'])
    found = reader.take(Target(sqlalchemy.engine.make_url(url))).objects
    tables = {key.name: text for key, text in found.items() if not key.name.startswith("schema_migrations")}
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        rows = {
            name: sorted(map(repr, connection.execute(sqlalchemy.text(f"SELECT * FROM {name}")).fetchall()))
            for name in tables
            if tables[name].startswith("TABLE")
        }
    engine.dispose()
    return tables, rows


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES)
def test_each_version_is_as_the_original_leaves_it(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    (tmp_path / "scripts").mkdir()
    project, ours, theirs = DATABASES[database](request, tmp_path)
    project.directory = REPOSITORY
    with original(theirs) as go:
        for version in range(1, LAST + 1):
            go(version)
            assert done(project.migrate(version=str(version))) == [f"{version:03}"]
            assert state_of(ours) == state_of(theirs), f"at {version}"
        for version in reversed(range(LAST)):
            go(version)
            project.migrate(version=str(version), state="rolled_back")
            assert state_of(ours) == state_of(theirs), f"back at {version}"


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.4", "2.1"])
def test_so_it_is_under_other_versions(version: str) -> None:
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "sqlite"]
    environment = {**os.environ, "PYTHONPATH": str(Path(sys.prefix) / f"sqlalchemy-{version}")}
    told = subprocess.run(argv, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout

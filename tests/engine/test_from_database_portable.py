# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas of SQLite and MariaDB written as migrations: applied to an empty database, they are the same schema."""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import mariadb
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.commands.generate import (
    GenerateRequest,
    Source,
    generate,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.choose import database_of
from ansible_collections.pgops.migrations.plugins.module_utils.databases.generic.connection import parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import Snapshot

from .conftest import Project, done
from .test_mariadb import MariaProject
from .test_sqlite import FileProject

TABLE = parse_name("schema_migrations", "history_table")
NUMBERS = itertools.count(1)
New = Callable[[], Project]

SQLITE = """
CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, "odd ""q"" 100 %" TEXT DEFAULT 'a; "x"');
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    state TEXT CHECK (state IN ('new', 'paid')) -- not 'lost'
);
CREATE TABLE kv (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID;
CREATE TABLE twice (x INTEGER, y INTEGER GENERATED ALWAYS AS (x * 2) STORED, CONSTRAINT named UNIQUE (x));
CREATE TABLE egg (id INTEGER PRIMARY KEY, hen_id INTEGER REFERENCES hen (id));
CREATE TABLE hen (id INTEGER PRIMARY KEY, egg_id INTEGER REFERENCES egg (id));
CREATE INDEX plain ON orders (user_id DESC);
CREATE UNIQUE INDEX part ON orders (state) WHERE user_id > 3;
CREATE INDEX lowered ON users (lower(name));
CREATE VIEW a_view AS SELECT z_view.id FROM z_view;
CREATE VIEW z_view AS SELECT id FROM users WHERE name LIKE '100 %';
CREATE TRIGGER counted AFTER INSERT ON orders BEGIN UPDATE users SET name = 'x;y\\z"' WHERE id = new.user_id; END;
CREATE VIRTUAL TABLE words USING fts5(body);
PRAGMA user_version = 7;
"""
MARIADB = r"""
CREATE TABLE hen (id int AUTO_INCREMENT PRIMARY KEY, egg_id int, KEY (egg_id)) COMMENT 'it''s; a "hen"';
CREATE TABLE egg (id int PRIMARY KEY, hen_id int, CONSTRAINT laid FOREIGN KEY (hen_id) REFERENCES hen (id));
ALTER TABLE hen ADD CONSTRAINT hatched FOREIGN KEY (egg_id) REFERENCES egg (id) ON DELETE SET NULL;
CREATE TABLE `odd ``q`` 100 %` (
  name varchar(20) CHARACTER SET latin1 NOT NULL DEFAULT 'a; \\ "x"', state enum('new', 'it''s') DEFAULT 'new',
  x int CHECK (x > 0), y int AS (x * 2) STORED, at timestamp DEFAULT current_timestamp() ON UPDATE current_timestamp(),
  amount decimal(10, 2) unsigned, doc longtext, FULLTEXT KEY (doc), KEY `long` (doc(20))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE SEQUENCE numbers START WITH 7 INCREMENT BY 3;
CREATE TABLE counted (n bigint DEFAULT (NEXT VALUE FOR numbers));
CREATE FUNCTION doubled(n int) RETURNS int DETERMINISTIC RETURN 2 * n;
CREATE VIEW z_view AS SELECT id, doubled(id) AS twice FROM hen;
CREATE VIEW a_view AS SELECT id FROM z_view WHERE id LIKE '100 %';
SET sql_mode = 'ANSI_QUOTES';
DELIMITER //
CREATE PROCEDURE settle(IN n int) BEGIN UPDATE "hen" SET egg_id = NULL WHERE id = n; SELECT ';;'; END //
DELIMITER ;
SET sql_mode = DEFAULT;
DELIMITER //
CREATE TRIGGER laid BEFORE INSERT ON egg FOR EACH ROW BEGIN IF NEW.id IS NULL THEN SET NEW.id = 0; END IF; END //
DELIMITER ;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM egg WHERE id < 0;
"""


@pytest.fixture(params=["sqlite", "mariadb"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[New]:
    """Return what makes an empty project on an empty database of one kind."""
    server: mariadb.MariaDB | None = None
    if request.param == "mariadb":
        server = request.getfixturevalue("mariadb_server")
    names: list[str] = []

    def make() -> Project:
        name = f"written_{os.getpid()}_{next(NUMBERS)}"
        directory = tmp_path / name / "migrations"
        directory.mkdir(parents=True)
        if server is None:
            path = tmp_path / f"{name}.db"
            path.touch()
            return FileProject(directory, path)
        server.create_database(name)
        names.append(name)
        return MariaProject(directory, server, name)

    yield make
    for name in names:
        assert server is not None
        server.drop_database(name)


@pytest.fixture
def source(new: New) -> Any:
    """Return a project whose database holds something of everything."""
    project: Any = new()
    project.execute(SQLITE if isinstance(project, FileProject) else MARIADB)
    return project


def snapshot(project: Any) -> Snapshot:
    """Return the schema of a project's database, without the history."""
    database = database_of(project.target)
    with closing(database.sessions.connect(project.target, "test")) as connection:
        own = database.history.find(connection, TABLE).tables()
        taken: Snapshot = database.snapshots.reader(connection, None, own).take(project.target)
        return taken


def write(source: Any, kind: str, directory: Path) -> str:
    """Write the schema of a project's database into a directory; return the text."""
    tools = Tools(lambda *args, **options: (1, "", ""), str(directory.parent), None)
    made = generate(GenerateRequest(str(directory), "begin", kind, source=Source(source.target, TABLE)), tools)
    (text,) = made.files.values()
    return text


@pytest.mark.parametrize("kind", ["sql", "sqlalchemy"])
def test_what_is_written_is_the_same_schema(source: Any, new: New, kind: str) -> None:
    other: Any = new()
    text = write(source, kind, other.directory)
    assert isinstance(source, FileProject) or source.name not in text
    assert len(done(other.migrate())) == 1
    wanted, made = snapshot(source), snapshot(other)
    if kind == "sql":
        assert made.objects == wanted.objects
    assert set(made.objects) == set(wanted.objects)
    if kind == "sqlalchemy":
        other.migrate(state="rolled_back", version="0")
        assert [key for key in snapshot(other).objects if key.type != "DATABASE PROPERTIES"] == []


def test_the_database_is_only_read(source: Any, new: New, tmp_path: Path) -> None:
    before = snapshot(source)
    write(source, "sql", new().directory)
    assert snapshot(source).objects == before.objects
    if isinstance(source, FileProject):
        assert not [path for path in tmp_path.iterdir() if path.name.startswith("pgops")]
    else:
        assert source.server.sql("SHOW DATABASES LIKE 'pgops%'") == ""


def test_the_history_is_left_out(new: New) -> None:
    project: Any = new()
    project.write(v1="CREATE TABLE t (id integer);")
    project.migrate()
    text = write(project, "sql", new().directory)
    assert "schema_migrations" not in text
    assert "TABLE" in text


@pytest.mark.parametrize("kind", ["sql", "sqlalchemy"])
def test_an_empty_database_is_an_empty_migration(new: New, kind: str) -> None:
    other: Any = new()
    write(new(), kind, other.directory)
    other.migrate()
    assert snapshot(other).objects == snapshot(new()).objects


def test_plain_tables_are_python(new: New) -> None:
    project: Any = new()
    project.execute(
        "CREATE TABLE a (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(9)); CREATE INDEX named ON a (name);"
    )
    text = write(project, "sqlalchemy", new().directory)
    assert "BEFORE = []" in text
    assert "AFTER = []" in text
    assert "Table(" in text


def test_what_nobody_can_make_is_named(new: New) -> None:
    project: Any = new()
    if isinstance(project, FileProject):
        with closing(sqlite3.connect(project.path)) as application:
            application.create_collation("spanish", lambda a, b: (a > b) - (a < b))
            application.executescript("CREATE TABLE t (x); CREATE INDEX lost ON t (x COLLATE spanish)")
        what = "index lost fails with: no such collation sequence: spanish"
    else:
        project.execute("CREATE TABLE t (x int); CREATE VIEW lost AS SELECT x FROM t; DROP TABLE t")
        what = "view lost fails with: .*t"
    with pytest.raises(errors.MigrationError, match=what):
        write(project, "sql", new().directory)


def test_what_is_known_by_reflection_only_is_no_script(tmp_path: Path) -> None:
    pytest.importorskip("duckdb_engine")
    source = Source(parse_url(f"duckdb:///{tmp_path}/a.duckdb"), TABLE)
    tools = Tools(lambda *args, **options: (1, "", ""), str(tmp_path), None)
    with pytest.raises(errors.OptionInvalid, match="from_database: of duckdb only what SQLAlchemy sees is known"):
        generate(GenerateRequest(str(tmp_path / "m"), "begin", "sql", source=source), tools)

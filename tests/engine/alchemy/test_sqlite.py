# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sqlalchemy-migrate added to SQLAlchemy's classes, on SQLite: what that can't alter is made anew."""

from __future__ import annotations

import re
import sqlite3
import textwrap
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.savepoints import SAVEPOINT
from ansible_collections.pgops.migrations.plugins.module_utils.databases.sqlite.connection import connect, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.runtimes.alchemy import engine as alchemy

pytest.importorskip("sqlalchemy")

START = """
CREATE TABLE parent (id INTEGER PRIMARY KEY, name VARCHAR(20));
INSERT INTO parent (name) VALUES ('a'), ('b');
CREATE TABLE child (
  id INTEGER NOT NULL, parent_id INTEGER, note TEXT DEFAULT 'n', n INTEGER CONSTRAINT child_n CHECK (n > 0),
  CHECK (n < 100)
);
CREATE INDEX child_note ON child (note);
CREATE INDEX child_part ON child (parent_id) WHERE parent_id > 0;
CREATE TRIGGER counted AFTER INSERT ON child BEGIN UPDATE parent SET name = name || '+' WHERE id = new.parent_id; END;
INSERT INTO child (id, parent_id, n) VALUES (1, 1, 5);
"""
BEGINS = (
    "from sqlalchemy import *\nfrom migrate.changeset.constraint import *\n\ndef upgrade(migrate_engine):\n"
    "    meta = MetaData(bind=migrate_engine)\n    t = Table('child', meta, autoload=True)\n"
    "    p = Table('parent', meta, autoload=True)\n"
)

# What a script calls → what is in the statement of the table afterwards, and what isn't any more.
CALLS = {
    "create_column": ("t.create_column(Column('a', String(9)))", ["a VARCHAR(9)"], []),
    "Column.create, not null": (
        "Column('a', Integer, nullable=False, server_default='7').create(t)",
        ["a INTEGER DEFAULT '7' NOT NULL"],
        [],
    ),
    "Column.create, populated": (
        "Column('a', Integer, default=3, nullable=False).create(t, populate_default=True)",
        ["a INTEGER NOT NULL"],
        [],
    ),
    "Column.create, unique": (
        "Column('a', Integer).create(t, unique_name='child_a')",
        ["CONSTRAINT child_a UNIQUE (a)"],
        [],
    ),
    "drop_column": ("t.drop_column('note')", [], ["note"]),
    "Column.drop": ("t.c.note.drop()", [], ["note"]),
    "alter, name": ("t.c.note.alter(name='remark')", ["remark TEXT"], ["note TEXT"]),
    "alter, type": ("t.c.note.alter(type=String(50))", ["note VARCHAR(50)"], []),
    "alter, nullable": ("t.c.parent_id.alter(nullable=False)", ["parent_id INTEGER NOT NULL"], []),
    "alter, server_default": ("t.c.note.alter(server_default='x')", ["DEFAULT 'x'"], ["DEFAULT 'n'"]),
    "unique constraint": ("UniqueConstraint(t.c.note, name='u').create()", ["CONSTRAINT u UNIQUE (note)"], []),
    "foreign key": (
        "ForeignKeyConstraint([t.c.parent_id], [p.c.id], name='fk', ondelete='CASCADE').create()",
        ["CONSTRAINT fk FOREIGN KEY(parent_id) REFERENCES parent (id) ON DELETE CASCADE"],
        [],
    ),
    "drop of a unique constraint": (
        "UniqueConstraint(t.c.note, name='u').create(); UniqueConstraint(t.c.note, name='u', table=t).drop()",
        [],
        ["UNIQUE"],
    ),
    "drop of a foreign key": (
        "ForeignKeyConstraint([t.c.parent_id], [p.c.id], name='fk').create()\n"
        "ForeignKeyConstraint(['parent_id'], ['parent.id'], name='fk', table=t).drop()",
        [],
        ["REFERENCES"],
    ),
    "primary key": ("PrimaryKeyConstraint(t.c.id, name='pk').create()", ["CONSTRAINT pk PRIMARY KEY (id)"], []),
    "check": ("CheckConstraint('id > 0', name='ck', table=t).create()", ["CONSTRAINT ck CHECK (id > 0)"], []),
    "drop of a check": (
        "c = CheckConstraint('n > 0', name='child_n', table=t); c.drop()",
        [],
        ["child_n"],
    ),
}


class Script:
    """A script for an engine, on a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.query(START)

    def run(self, calls: str) -> None:
        """Run it as the runner does: in a transaction, with a savepoint."""
        names: dict[str, Any] = {}
        with closing(connect(parse_url(f"sqlite:///{self.path}"), "")) as connection:
            connection.to_write()
            connection.cursor().execute(SAVEPOINT)
            with alchemy.legacy(True), connection.lent(lambda: None):
                exec(compile(BEGINS + textwrap.indent(calls, "    "), "script.py", "exec"), names)
                with alchemy.engine_on(connection) as engine:
                    names["upgrade"](engine)
            connection.commit()

    def query(self, statement: str) -> list[Any]:
        """Return what the file says."""
        self.path.touch()
        with closing(sqlite3.connect(self.path)) as connection:
            if statement is START:
                connection.executescript(statement)
                return []
            return connection.execute(statement).fetchall()


@pytest.fixture
def on_file(tmp_path: Path) -> Script:
    """Return a file with tables, rows, indexes and a trigger."""
    return Script(tmp_path / "app.db")


@pytest.mark.parametrize("case", CALLS)
def test_changeset(on_file: Script, case: str) -> None:
    calls, there, gone = CALLS[case]
    on_file.run(calls)
    [(text,)] = on_file.query("SELECT sql FROM sqlite_master WHERE name = 'child' AND type = 'table'")
    text = re.sub(r"\s+", " ", text)
    assert [each for each in there if each not in text] == []
    assert [each for each in gone if each in text] == []
    # Whatever is made anew, rows, checks, indexes and triggers stay.
    assert on_file.query("SELECT id, parent_id, n FROM child") == [(1, 1, 5)]
    kept = {"child_part", "counted"} | ({"child_note"} if "note" not in gone else set())
    assert kept <= {name for (name,) in on_file.query("SELECT name FROM sqlite_master WHERE sql IS NOT NULL")}
    if "child_n" not in gone:
        assert text.count("CONSTRAINT child_n CHECK (n > 0)") == 1
    assert text.count("CHECK (n < 100)") == 1


def test_rename(on_file: Script) -> None:
    on_file.run("t.rename('offspring')")
    assert on_file.query("SELECT id FROM offspring") == [(1,)]


def test_what_fails_is_undone_with_the_migration(on_file: Script) -> None:
    with pytest.raises(ZeroDivisionError):
        on_file.run("t.c.note.alter(type=String(50))\n1 / 0")
    [(text,)] = on_file.query("SELECT sql FROM sqlite_master WHERE name = 'child' AND type = 'table'")
    assert "note TEXT" in text

"""A script for an engine and the runner's transaction around it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import (
    Target,
    connect,
    parse_url,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.session import SAVEPOINT
from ansible_collections.pgops.migrations.plugins.module_utils.runtimes.alchemy import engine as alchemy

sqlalchemy = pytest.importorskip("sqlalchemy")

START = """
CREATE TABLE parent (id serial PRIMARY KEY, name varchar(20));
INSERT INTO parent (name) VALUES ('a'), ('b');
CREATE TABLE child (id integer NOT NULL, parent_id integer, note text DEFAULT 'n');
CREATE INDEX child_note ON child (note);
"""

COLUMNS = """
SELECT string_agg(concat_ws(' ', column_name, udt_name, character_maximum_length::text,
                  CASE is_nullable WHEN 'NO' THEN '!' END, column_default), ', ' ORDER BY ordinal_position)
FROM information_schema.columns WHERE table_name = '%s'
"""
CONSTRAINTS = """
SELECT string_agg(conname || ' ' || pg_get_constraintdef(oid), ', ' ORDER BY conname)
FROM pg_constraint WHERE conrelid = '%s'::regclass AND contype <> 'n'
"""
INDEXES = "SELECT string_agg(indexname, ', ' ORDER BY indexname) FROM pg_indexes WHERE tablename = '%s'"
NAMES = "SELECT string_agg(name, ',' ORDER BY id) FROM parent"


class Runner:
    """What the runner does around a script, and how a script is called."""

    def __init__(self, url: str, connection: Any) -> None:
        self.url = url
        self.connection = connection
        self.left = False

    def run(self, text: str, changeset: bool = True) -> dict[str, Any]:
        """Load a script and call its upgrade(); return its names."""
        names: dict[str, Any] = {}
        code = compile(textwrap.dedent(text), "script.py", "exec")
        with alchemy.legacy(changeset):
            exec(code, names)
        with alchemy.legacy(changeset), alchemy.engine_on(self.connection) as engine:
            names["upgrade"](engine)
        return names

    def query(self, statement: str) -> Any:
        """Return the first value that a query gives, within the transaction."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    def leave(self) -> None:
        """Commit what was done, as the runner does when a script wants to go on outside a transaction."""
        self.connection.commit()
        self.left = True


@pytest.fixture
def runner(server: Any) -> Iterator[Runner]:
    """Return a runner on a database with two tables; what its scripts do must roll back with its transaction."""
    url = server.create_database("test_alchemy")
    execute(url, START)
    before = dump(url)
    with closing(connect(Target(parse_url(url)), "test")) as connection:
        with connection.scripted(), connection.cursor() as cursor:
            cursor.execute(SAVEPOINT)
        runner = Runner(url, connection)
        with connection.lent(runner.leave):
            yield runner
            assert not connection.closed
        connection.rollback()
    if not runner.left:
        assert dump(url) == before, "something was left behind"
    server.drop_database("test_alchemy")


def execute(url: str, statement: str) -> list[Any]:
    """Execute on a connection of its own."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
        connection.commit()
        return rows


def dump(url: str) -> list[Any]:
    """Return what there is in the database."""
    things = "SELECT oid::regclass::text, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    return [
        execute(url, things + " ORDER BY 1"),
        execute(url, COLUMNS % "parent") + execute(url, COLUMNS % "child"),
        execute(url, "SELECT * FROM parent ORDER BY 1") + execute(url, "SELECT typname FROM pg_type ORDER BY 1"),
    ]


HEAD = """
from sqlalchemy import *
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import sessionmaker, Session
"""
CHILD = "meta = MetaData(bind=e)\nt = Table('child', meta, autoload=True)\n"
BOTH = CHILD + "p = Table('parent', meta, autoload=True)\n"


def script(body: str, head: str = HEAD) -> str:
    """Return a script whose upgrade(e) has this body."""
    return head + "def upgrade(e):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"


def run_case(runner: Runner, case: tuple[str, str, Any], more: str = "") -> None:
    """Run what upgrade(e) does, and look whether the query gives what it has to.

    :param case: these three; more: further imports of the script.
    """
    body, query, expected = case
    runner.run(script(body, HEAD + more))
    assert runner.query(query) == expected

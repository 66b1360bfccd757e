# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of migrations on an SQLite file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import QualifiedName, parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.sqlite.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.values import Limits
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies
from ansible_collections.pgops.migrations.plugins.module_utils.rehearsal.proof import Verdict

from .conftest import Project, done

TABLE = parse_name("schema_migrations", "history_table")

ORDERS = """CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE lines (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id));
CREATE TRIGGER counted AFTER INSERT ON lines BEGIN
  UPDATE orders SET state = 'has lines' WHERE id = new.order_id;
END;
CREATE VIEW new_orders AS SELECT id FROM orders WHERE state = 'new; not paid';
"""


class FileProject(Project):
    """Scripts, and an SQLite file."""

    def __init__(self, directory: Path, path: Path) -> None:
        super().__init__(f"sqlite:///{path}", directory, "")
        self.path = path

    @property
    def target(self) -> Target:
        """Where it is."""
        return parse_url(self.url)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the file says."""
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute(statement, values).fetchall()
            connection.commit()
            return rows

    def execute(self, statement: str) -> None:
        """Have it do several things."""
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(statement)

    def tables(self) -> list[str]:
        """Return the tables, without the history's."""
        rows = self.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        return [name for (name,) in rows if not name.startswith(("schema_migrations", "sqlite_"))]

    def applied(self) -> list[str]:
        """Return the recorded versions."""
        return [row[0] for row in self.query("SELECT version FROM schema_migrations ORDER BY applied, version")]


@pytest.fixture
def project(tmp_path: Path) -> FileProject:
    """Return an empty project on an empty file."""
    directory, path = tmp_path / "migrations", tmp_path / "data" / "app.db"
    directory.mkdir()
    path.parent.mkdir()
    path.touch()
    return FileProject(directory, path)


def state_of(project: FileProject) -> dict[str, Any]:
    """Return what tells whether anything of a file, or beside it, was changed."""
    return {each.name: (each.read_bytes(), each.stat().st_mtime_ns) for each in sorted(project.path.parent.iterdir())}


def test_up_again_and_down(project: FileProject) -> None:
    project.write(v1=ORDERS, v2="INSERT INTO orders VALUES (1, 'new');\nINSERT INTO lines (order_id) VALUES (1);\n")
    project.file("2_v2.down.sql", "DELETE FROM lines; DELETE FROM orders;")
    assert done(project.migrate()) == ["1", "2"]
    assert project.tables() == ["lines", "orders"]
    assert project.query("SELECT state FROM orders") == [("has lines",)]
    assert done(project.migrate()) == []
    assert done(project.migrate(state="rolled_back")) == ["2"]
    assert project.query("SELECT count(*) FROM orders") == [(0,)]
    assert project.applied() == ["1"]
    events = project.query("SELECT event, version FROM schema_migrations_log ORDER BY id")
    assert events == [("applied", "1"), ("applied", "2"), ("rolled_back", "2")]
    assert project.query("SELECT name FROM pragma_table_info('schema_migrations')") == [("version",), ("applied",)]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_check_leaves_the_file_and_what_is_beside_it_untouched(project: FileProject, mode: str) -> None:
    project.execute(f"PRAGMA journal_mode = {mode}; CREATE TABLE t (x); INSERT INTO t VALUES (1), (2);")
    project.write(v1="CREATE TABLE a AS SELECT x FROM t;", v2="ALTER TABLE t ADD COLUMN y DEFAULT 3;")
    with closing(sqlite3.connect(project.path)) as another:  # keeps -wal and -shm there
        another.execute("SELECT count(*) FROM t").fetchall()
        before = state_of(project)
        checked = project.check()
        assert state_of(project) == before
    assert done(checked) == ["1", "2"]
    assert project.tables() == ["t"]
    applied = project.migrate(with_diff=True)
    assert applied.diffs == checked.diffs
    assert "+CREATE TABLE a(x);" in str(applied.diffs)
    assert list(project.scratch_files.iterdir()) == []


def test_a_rehearsal_has_all_rows(project: FileProject) -> None:
    project.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1), (1);")
    project.write(v1="CREATE UNIQUE INDEX t_x ON t (x);")
    with pytest.raises(errors.ScriptFailed, match=r"on a scratch copy: .*UNIQUE constraint failed: t\.x"):
        project.check()
    assert project.query("SELECT name FROM sqlite_master WHERE type = 'index'") == []


def test_what_fails_leaves_nothing_and_names_the_statement(project: FileProject) -> None:
    project.write(v1="CREATE TABLE a (x);", v2="CREATE TABLE b (x);\nINSERT INTO b VALUES (1);\n  DROP TABLE nope;\n")
    with pytest.raises(errors.ScriptFailed, match=r"line 3, column 3\): no such table: nope \[DROP TABLE nope\]"):
        project.migrate()
    assert project.tables() == ["a"]
    assert project.applied() == ["1"]
    assert project.query("SELECT event, version FROM schema_migrations_log ORDER BY id")[-1] == ("failed", "2")


# A script → how many rows of t there are in the end; None: it is refused.
OF_PYTHON = {
    "commit and rollback move a savepoint": (
        "def up(cursor):\n    cursor.execute('INSERT INTO t VALUES (1)')\n    cursor.connection.commit()\n"
        "    cursor.execute('INSERT INTO t VALUES (2)')\n    cursor.connection.rollback()\n",
        1,
    ),
    "a with block commits": (
        "def up(cursor):\n    with cursor.connection as connection:\n"
        "        connection.execute('INSERT INTO t VALUES (1)')\n    cursor.connection.rollback()\n",
        1,
    ),
    "it sets the isolation level": (
        "def up(cursor):\n    cursor.execute('INSERT INTO t VALUES (1)')\n"
        "    cursor.connection.isolation_level = None\n    cursor.connection.isolation_level = 'DEFERRED'\n"
        "    cursor.connection.rollback()\n",
        0,
    ),
    "it has rows of its own": (
        "def up(cursor):\n    connection = cursor.connection\n    connection.row_factory = lambda *given: {'x': 1}\n"
        "    connection.text_factory = bytes\n    connection.execute('INSERT INTO t VALUES (1)')\n",
        1,
    ),
    "as SQL too": (
        "def up(cursor):\n    cursor.executescript('INSERT INTO t VALUES (1); COMMIT; BEGIN; ROLLBACK;')\n",
        1,
    ),
    "several rows": ("def up(cursor):\n    cursor.executemany('INSERT INTO t VALUES (?)', [(1,), (2,)])\n", 2),
    "what fails in the end leaves nothing": (
        "def up(cursor):\n    cursor.execute('INSERT INTO t VALUES (1)')\n    cursor.connection.commit()\n    1 / 0\n",
        None,
    ),
    "outside a transaction": (
        "transactional = False\ndef up(cursor):\n    cursor.execute('INSERT INTO t VALUES (1)')\n"
        "    cursor.execute('VACUUM')\n",
        1,
    ),
    "it leaves its transaction": (
        "def up(cursor):\n    cursor.execute('INSERT INTO t VALUES (1)')\n    cursor.connection.autocommit = True\n"
        "    cursor.execute('VACUUM')\n",
        1,
    ),
}


@pytest.mark.parametrize("case", OF_PYTHON)
def test_python_scripts_get_a_cursor(project: FileProject, case: str) -> None:
    script, rows = OF_PYTHON[case]
    project.execute("CREATE TABLE t (x)")
    project.file("1_a.py", script + "\ndef down(cursor):\n    pass\n")
    if rows is None:
        with pytest.raises(errors.ScriptFailed, match="division by zero"):
            project.migrate()
    else:
        assert done(project.migrate()) == ["1"]
    assert project.query("SELECT count(*) FROM t") == [(rows or 0,)]


def test_what_a_script_sets_is_set_back(project: FileProject) -> None:
    project.execute("CREATE TABLE t (x CHECK (x > 0))")
    project.write(
        v1="-- no-transaction\nPRAGMA query_only = ON;\n",
        v2="PRAGMA ignore_check_constraints = ON;\nPRAGMA foreign_keys = ON;\nPRAGMA journal_mode = WAL;\n"
        "DROP TABLE IF EXISTS z;\n",
        v3="CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id));\n"
        "INSERT INTO c VALUES (1);\nINSERT INTO p VALUES (1);\n",
        v4="INSERT INTO t VALUES (-1);\n",
    )
    with pytest.raises(errors.ScriptFailed, match="4_v4.*CHECK constraint failed: x > 0"):
        project.migrate()
    assert project.applied() == ["1", "2", "3"]
    assert project.query("PRAGMA journal_mode") == [("wal",)]


def test_a_script_for_an_engine(project: FileProject) -> None:
    project.file(
        "1_a.py",
        "import sqlalchemy as sa\n\ndef upgrade(migrate_engine):\n    meta = sa.MetaData()\n"
        "    sa.Table('a', meta, sa.Column('id', sa.Integer, primary_key=True), sa.Column('n', sa.String(10)))\n"
        "    meta.create_all(migrate_engine)\n    with migrate_engine.begin() as connection:\n"
        "        connection.execute(sa.text('INSERT INTO a (n) VALUES (:n)'), {'n': 'x'})\n"
        "\ndef downgrade(migrate_engine):\n    sa.MetaData().drop_all(migrate_engine)\n",
    )
    assert done(project.migrate(kind="sqlalchemy")) == ["1"]
    assert project.query("SELECT id, n FROM a") == [(1, "x")]


REBUILT = """PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE new_orders (id INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state <> ''));
INSERT INTO new_orders SELECT id, state FROM orders;
DROP TABLE orders;
ALTER TABLE new_orders RENAME TO orders;
PRAGMA foreign_key_check;
COMMIT;
PRAGMA foreign_keys = ON;
"""


def test_a_table_is_rebuilt_as_the_manual_says(project: FileProject) -> None:
    tables = ORDERS.partition("CREATE TRIGGER")[0]
    project.write(
        v1=tables + "INSERT INTO orders VALUES (1, 'x'); INSERT INTO lines (order_id) VALUES (1);", v2=REBUILT
    )
    assert done(project.migrate()) == ["1", "2"]
    assert project.query("SELECT * FROM orders") == [(1, "x")]
    assert "state <> ''" in project.query("SELECT sql FROM sqlite_master WHERE name = 'orders'")[0][0]


def test_foreign_keys_are_enforced_where_the_url_says_so(project: FileProject) -> None:
    project.url += "?foreign_keys=on"
    project.write(v1=ORDERS, v2="INSERT INTO lines (order_id) VALUES (1);\nINSERT INTO orders VALUES (1, 'x');\n")
    with pytest.raises(errors.ScriptFailed, match="2_v2.*line 1, column 1.*FOREIGN KEY constraint failed"):
        project.migrate()


def test_foreign_keys_that_lead_nowhere_are_found_before_the_commit(project: FileProject) -> None:
    tables = ORDERS.partition("CREATE TRIGGER")[0]
    project.execute(tables + "INSERT INTO lines (order_id) VALUES (7);")  # that one was there before
    project.write(v1="CREATE TABLE a (x);", v2="INSERT INTO lines (order_id) VALUES (8), (9);")
    with pytest.raises(errors.ScriptFailed, match="leaves 2 rows of lines whose foreign key leads to no row of orders"):
        project.migrate()
    assert project.tables() == ["a", "lines", "orders"]
    assert project.query("SELECT order_id FROM lines") == [(7,)]


def test_outside_a_transaction_each_statement_is_done_once(project: FileProject) -> None:
    project.execute("CREATE TABLE t (x)")
    statements = ("INSERT INTO t VALUES (1)", "VACUUM", "INSERT INTO t VALUES (2)", "INSERT INTO late VALUES (3)")
    project.write(v1="-- no-transaction\n" + ";\n".join(statements) + ";\n")
    with pytest.raises(errors.ScriptFailed, match="line 5, column 1.*no such table: late"):
        project.migrate()
    with pytest.raises(errors.Interrupted, match="at statement 4 of 4; those before it stand"):
        project.migrate()
    project.execute("CREATE TABLE late (x)")
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert project.query("SELECT x FROM t") == [(1,), (2,)]
    assert project.query("SELECT x FROM late") == [(3,)]


HOLDER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("holding", flush=True)
time.sleep(60)
"""


def test_a_busy_file_names_who_is_in_the_way(project: FileProject) -> None:
    project.write(v1="CREATE TABLE a (x);")
    project.migrate()
    project.write(v2="CREATE TABLE b (x);")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(project.path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            with pytest.raises(
                errors.LockTimeout, match=rf"database is locked.*in the way: pid {other.pid} "
            ) as caught:
                project.migrate(limits=Limits(lock_timeout=0.2, lock_retries=1), policies=Policies(drift="ignore"))
        finally:
            other.kill()
    assert "tried 2 times" in caught.value.message
    assert done(project.migrate()) == ["2"]


def test_one_run_at_a_time(project: FileProject) -> None:
    project.write(v1="CREATE TABLE a (x);")
    holder = (
        "import fcntl, os, sys, time\nfd = os.open(sys.argv[1], os.O_RDONLY)\nfcntl.flock(fd, fcntl.LOCK_EX)\n"
        "print('holding', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(project.path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            with pytest.raises(errors.LockHeld, match=rf"Another run works on this database \(pid {other.pid}"):
                project.migrate(lock_wait=0.3)
            request = InfoRequest(project.target, (str(project.directory),), TABLE)
            assert (info(request).running or {})["pid"] == other.pid
        finally:
            other.kill()
    assert done(project.migrate()) == ["1"]


def test_no_such_file(project: FileProject) -> None:
    project.write(v1="CREATE TABLE a (x);")
    project.path.unlink()
    with pytest.raises(errors.DatabaseMissing, match="There is no database .*app.db"):
        project.migrate()
    checked = project.check()
    assert checked.database_missing
    assert "+CREATE TABLE a (x);" in str(checked.diffs)
    assert not project.path.exists()


UNOPENED = {
    "no database": (lambda path: path.write_bytes(b"x" * 5000), "can't be opened: file is not a database"),
    "a directory": (lambda path: (path.unlink(), path.mkdir()), "is a directory"),
    "no directory": (
        lambda path: (path.unlink(), path.parent.rmdir()),
        "The directory .*data of the database isn't there",
    ),
}


@pytest.mark.parametrize("case", UNOPENED)
def test_what_is_no_database(project: FileProject, case: str) -> None:
    spoil, message = UNOPENED[case]
    project.write(v1="CREATE TABLE a (x);")
    spoil(project.path)
    for checking in (False, True):
        with pytest.raises(errors.ConnectError, match=message):
            project.migrate(checking=checking)


def test_the_example_can_be_rolled_back(project: FileProject) -> None:
    example = Path(__file__).resolve().parents[2] / "examples/library/migrations"
    project.migrate(state="tested", directories=(str(example),))
    found = {proof.script.name: proof.verdict for proof in project.report.proofs}
    assert set(found.values()) == {Verdict.REVERSIBLE}


def test_nothing_of_a_script_is_left_for_the_next(project: FileProject, tmp_path: Path) -> None:
    project.write(
        v1="CREATE TABLE orders (a); CREATE TEMP TABLE orders AS SELECT 1 AS a;",
        v2="ALTER TABLE orders ADD COLUMN b;",
    )
    assert done(project.migrate()) == ["1", "2"]
    assert project.query("SELECT name FROM pragma_table_info('orders')") == [("a",), ("b",)]


def test_an_attached_file_is_gone_before_the_next(project: FileProject, tmp_path: Path) -> None:
    project.write(
        v1=f"-- no-transaction\nATTACH '{tmp_path}/other.db' AS other;\nCREATE TABLE other.t (x);\n",
        v2="CREATE TABLE other.u (x);",
    )
    with pytest.raises(errors.ScriptFailed, match="2_v2.*unknown database other"):
        project.migrate()
    assert project.applied() == ["1"]
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("t",)]


LEADS_OUT = {
    "ATTACH": "-- no-transaction\nATTACH '{0}' AS other;\n",
    "VACUUM INTO": "-- no-transaction\nVACUUM INTO '{0}';\n",
}


@pytest.mark.parametrize("case", LEADS_OUT)
def test_a_rehearsal_stays_in_its_copy(project: FileProject, tmp_path: Path, case: str) -> None:
    other = tmp_path / "other.db"
    project.write(v1="CREATE TABLE a (x);", v2=LEADS_OUT[case].format(other))
    report = project.check()
    assert done(report) == ["1"]
    assert report.rehearsal is not None
    assert "works on another file" in str(report.rehearsal.unproved)
    assert not other.exists()


def test_a_rehearsal_lets_no_script_open_a_file(project: FileProject) -> None:
    project.execute("CREATE TABLE t (x)")
    project.file(
        "1_a.py",
        f"import sqlite3\n\ndef up(cursor):\n    sqlite3.connect({str(project.path)!r}).execute('DROP TABLE t')\n"
        "\ndef down(cursor):\n    pass\n",
    )
    assert "opens" in str(project.check().rehearsal.unproved)  # type: ignore[union-attr]
    assert project.tables() == ["t"]


def test_a_schema_in_the_name_of_the_history(project: FileProject) -> None:
    project.write(v1="CREATE TABLE a (x);")
    with pytest.raises(errors.OptionInvalid, match="names a schema, and SQLite has none"):
        project.migrate(history_table="main.history")
    assert QualifiedName("history").quoted() == '"history"'


@pytest.mark.parametrize("moment", [0.05, 0.1, 0.15, 0.2, 0.3])
def test_killed_at_any_moment_the_next_run_goes_on(project: FileProject, moment: float) -> None:
    project.execute("CREATE TABLE log (n INTEGER PRIMARY KEY)")
    for number in range(1, 60):
        project.file(f"{number:03}_s.up.sql", f"CREATE TABLE t{number} (x);\nINSERT INTO log VALUES ({number});\n")
    program = (
        "import sys\nsys.path[:0] = sys.argv[3:]\nfrom pathlib import Path\n"
        "from engine.test_sqlite import FileProject\n"
        "project = FileProject.__new__(FileProject)\n"
        "project.path, project.directory = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "project.url, project.scratch_files, project.bindir = f'sqlite:///{sys.argv[1]}', Path('/tmp'), ''\n"
        "print('begins', flush=True)\nproject.migrate()\n"
    )
    paths = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / ".collections")]
    argv = [sys.executable, "-c", program, str(project.path), str(project.directory), *paths]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as run:
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(moment)
        run.kill()
    project.migrate()
    numbers = [(number,) for number in range(1, 60)]
    assert project.query("SELECT n FROM log ORDER BY n") == numbers
    assert [(int(version),) for version in project.applied()] == numbers

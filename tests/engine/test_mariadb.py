# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of migrations on MariaDB: what it does otherwise than the other databases."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import mariadb
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.mysql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.mysql.lock import name_of
from ansible_collections.pgops.migrations.plugins.module_utils.databases.mysql.session import MigrationCursor
from ansible_collections.pgops.migrations.plugins.module_utils.databases.values import Limits

from .conftest import Project, done

NUMBERS = itertools.count(1)


class MariaProject(Project):
    """Scripts, and a database on a MariaDB server."""

    is_atomic = python_is_atomic = False

    def __init__(self, directory: Path, server: mariadb.MariaDB, name: str) -> None:
        super().__init__(server.url(name), directory, "")
        self.server, self.name = server, name

    @property
    def target(self) -> Target:
        """Where it is."""
        return parse_url(self.url)

    def connect(self) -> Any:
        """Open a connection of the test's own."""
        import pymysql

        return pymysql.connect(host=self.server.host, port=self.server.port, user="root", database=self.name)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the database says."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            rows = list(cursor.fetchall())
            connection.commit()
            return rows

    def execute(self, statement: str) -> None:
        """Have it do several things."""
        self.server.sql(statement, self.name)

    def tables(self) -> list[str]:
        """Return the tables, without the history's."""
        rows = self.query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1")
        return [name for (name,) in rows if not name.startswith("schema_migrations")]

    def applied(self) -> list[str]:
        """Return the recorded versions."""
        return [row[0] for row in self.query("SELECT version FROM schema_migrations ORDER BY applied, version")]


@pytest.fixture
def project(mariadb_server: mariadb.MariaDB, tmp_path: Path) -> Iterator[MariaProject]:
    """Return an empty project on an empty database."""
    directory, name = tmp_path / "migrations", f"life_{os.getpid()}_{next(NUMBERS)}"
    directory.mkdir()
    mariadb_server.create_database(name)
    yield MariaProject(directory, mariadb_server, name)
    mariadb_server.drop_database(name)


ORDERS = """CREATE TABLE orders (
  id int AUTO_INCREMENT PRIMARY KEY, state varchar(20) NOT NULL DEFAULT 'new', total int);
CREATE VIEW open_orders AS SELECT id, total FROM orders WHERE state = 'new';
DELIMITER //
CREATE PROCEDURE settle(IN n int) BEGIN UPDATE orders SET state = 'paid' WHERE id = n; END //
CREATE TRIGGER priced BEFORE INSERT ON orders FOR EACH ROW
  BEGIN IF NEW.total IS NULL THEN SET NEW.total = 0; END IF; END //
DELIMITER ;
CREATE FUNCTION doubled(n int) RETURNS int DETERMINISTIC BEGIN RETURN CASE WHEN n > 0 THEN 2 * n ELSE 0 END; END;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM orders WHERE state = 'gone';
INSERT INTO orders (state) VALUES ('new'), ('it''s; \\'odd\\'');
"""
MORE = """ALTER TABLE orders ADD INDEX (state), ADD COLUMN note text;
CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders;
"""


def test_the_diff_of_a_check_is_the_real_one(project: MariaProject) -> None:
    project.execute("CREATE TABLE kept (id int AUTO_INCREMENT PRIMARY KEY, a varchar(9), UNIQUE (a))")
    project.execute("INSERT INTO kept (a) VALUES ('x'), ('y')")
    project.write(v1=ORDERS, v2=MORE)
    checked = project.check()
    assert project.tables() == ["kept"]
    assert project.server.sql("SHOW DATABASES LIKE 'pgops%'") == ""
    applied = project.migrate(with_diff=True, expect=checked.plan_digest)
    assert done(applied) == ["1", "2"]
    assert applied.diffs == checked.diffs
    again = project.check()
    assert done(again) == []
    project.write(v3="DROP EVENT nightly;\nALTER TABLE kept DROP INDEX a;")
    checked = project.check()
    assert project.migrate(with_diff=True, expect=checked.plan_digest).diffs == checked.diffs
    assert project.query("SELECT state, total FROM orders") == [("new", 0), ("it's; 'odd'", 0)]


def test_a_copy_is_like_its_original(project: MariaProject) -> None:
    project.server.sql(f"ALTER DATABASE `{project.name}` CHARACTER SET latin1 COLLATE latin1_german1_ci")
    project.write(v1="CREATE TABLE a (x varchar(9));")
    checked = project.check()
    assert "latin1_german1_ci" in str(checked.diffs)
    assert project.migrate(with_diff=True).diffs == checked.diffs


@pytest.mark.parametrize(("data", "fails"), [((), False), (("all",), True), (("t",), True), (("u",), False)])
def test_a_copy_has_the_rows_that_are_asked_for(project: MariaProject, data: tuple[str, ...], fails: bool) -> None:
    project.execute(
        "CREATE TABLE t (x int, y int AS (x + 1)); CREATE TABLE u (x int); INSERT INTO t (x) VALUES (1), (1)"
    )
    project.write(v1="ALTER TABLE t ADD UNIQUE (x);")
    if fails:
        with pytest.raises(errors.ScriptFailed, match="Duplicate entry '1' for key"):
            project.check(rehearsal_data=data)
    else:
        assert done(project.check(rehearsal_data=data)) == ["1"]
    assert project.query("SELECT count(*) FROM t") == [(2,)]


# What a rehearsal can't do → what it says.
OUTSIDE = {
    "CREATE USER somebody": "something of the server",
    "GRANT SELECT ON *.* TO root@localhost": "something of the server",
    "DROP DATABASE IF EXISTS nothing": "something of the server",
    "USE mysql": "something of the server",
    "SET GLOBAL max_connections = 200": "something of the server",
    "SET @@global.max_connections = 200": "something of the server",
    "SET @x = 1, @@GLOBAL . max_connections = 200": "something of the server",
    "/*!40101 SET GLOBAL max_connections = 200 */": "something of the server",
    "INSERT INTO {name}.t VALUES (5)": "it names the database",
    "INSERT INTO `{name}` . `t` VALUES (5)": "it names the database",
    "SET @s = 'INSERT INTO {name}.t VALUES (5)'; PREPARE p FROM @s; EXECUTE p": "put together only then",
    "EXECUTE IMMEDIATE 'INSERT INTO {name}.t VALUES (5)'": "it names the database",
    "INSERT INTO mysql.time_zone VALUES (99, 'N')": "it names the database mysql",
    "SELECT 1 INTO OUTFILE '/tmp/never'": "it writes a file",
    "SELECT RELEASE_ALL_LOCKS()": "locks of its session",
    "INSERT INTO far VALUES (5)": "writes through a view",
    "DROP /* old */ DATABASE {name}": "something of the server",
    "DROP -- old\nDATABASE {name}": "something of the server",
    "/*! DROP */ /*M!100100 DATABASE {name} */": "something of the server",
    "CREATE /* x */ USER somebody": "something of the server",
    "SET GLOBAL/**/max_connections = 200": "something of the server",
    "INSERT INTO {name}/**/.t VALUES (5)": "it names the database",
    "SET sql_mode = 'ANSI_QUOTES'; INSERT INTO \"{name}\" . \"t\" VALUES (5)": "it names the database",
    "BEGIN NOT ATOMIC DROP DATABASE {name}; END": "something of the server",
    "IF 1 = 1 THEN GRANT SELECT ON t TO root@localhost; END IF": "something of the server",
    "CREATE PROCEDURE p() BEGIN DROP DATABASE {name}; END; CALL p()": "something of the server",
    "CREATE PROCEDURE p() SQL SECURITY INVOKER DROP DATABASE {name}; CALL p()": "something of the server",
    "CREATE PROCEDURE p() EXECUTE IMMEDIATE 'DROP DATABASE {name}'; CALL p()": "something of the server",
    "EXECUTE IMMEDIATE 'DROP DATABASE {name}'": "something of the server",
    "EXECUTE IMMEDIATE \"DROP /* x */ DATABASE {name}\"": "something of the server",
    "PREPARE p FROM 'INSERT INTO {name}.t VALUES (5)'; EXECUTE p": "it names the database",
    "EXECUTE IMMEDIATE CONCAT('DROP DATA', 'BASE {name}')": "put together only then",
    "SET @s = CONCAT('DROP DATA', 'BASE {name}'); PREPARE p FROM @s; EXECUTE p": "put together only then",
}

# What looks like it, and stays inside.
INSIDE = (
    "INSERT INTO t2 VALUES ('USE the force, DROP DATABASE {name}; {name}.t')",
    "ALTER TABLE t2 CHANGE note remark varchar(99) COMMENT 'GRANT nothing'",
    "UPDATE t2 SET note = 'x' WHERE note = 'SET GLOBAL x' -- DROP DATABASE {name}",
    "CREATE PROCEDURE p() BEGIN ALTER TABLE t2 CHANGE note remark varchar(9); END; CALL p()",
    "EXECUTE IMMEDIATE 'INSERT INTO t2 VALUES (''DROP DATABASE'')'",
    "SELECT * FROM t2 USE INDEX ()",
)


@pytest.mark.parametrize("statement", INSIDE)
def test_what_only_looks_like_it_is_rehearsed(project: MariaProject, statement: str) -> None:
    project.execute("CREATE TABLE t2 (note varchar(99))")
    project.write(v1=statement.format(name=project.name) + "\n;")
    report = project.check()
    assert report.checked is not None
    assert report.checked.rehearsal.stopped is None


def test_a_rehearsal_takes_no_numbers_of_the_original(project: MariaProject) -> None:
    project.execute("CREATE SEQUENCE s; CREATE TABLE t (n bigint DEFAULT (NEXT VALUE FOR s), note varchar(9))")
    project.write(v1="INSERT INTO t (note) VALUES ('x');")
    project.check()
    assert project.query("SELECT next_not_cached_value FROM s") == [(1,)]


@pytest.mark.parametrize("statement", OUTSIDE)
def test_a_rehearsal_stays_in_its_copy(project: MariaProject, statement: str) -> None:
    other = project.name + "_other"
    project.server.create_database(other)
    try:
        project.server.sql("CREATE TABLE o (x int)", other)
        project.execute(f"CREATE TABLE t (x int); CREATE VIEW far AS SELECT x FROM {other}.o")
        project.write(v1="INSERT INTO t VALUES (1);", v2=statement.format(name=project.name) + ";")
        report = project.check()
        assert done(report) == ["1"]
        assert report.checked is not None
        assert OUTSIDE[statement] in str(report.checked.rehearsal.stopped)
        assert project.query("SELECT x FROM t") == []
        with pytest.raises(errors.RehearsalError, match="stopped before its end"):
            project.check(rehearsal="required")
        assert project.query("SELECT x FROM t") == []
        assert project.server.sql("SELECT x FROM o", other) == ""
    finally:
        project.server.drop_database(other)


def test_what_would_reach_out_is_left_out_of_the_copy(project: MariaProject) -> None:
    other = project.name + "_audit"
    project.server.create_database(other)
    try:
        project.server.sql("CREATE TABLE log (x int)", other)
        project.execute(
            "CREATE TABLE t (x int);"
            f"CREATE TRIGGER told AFTER INSERT ON t FOR EACH ROW INSERT INTO {other}.log VALUES (NEW.x)"
        )
        project.write(v1="INSERT INTO t VALUES (1);")
        report = project.check()
        assert report.checked is not None
        assert any(
            f"trigger told: left out of the copy (it names the database {other})" in each
            for each in report.checked.rehearsal.unproved
        )
        assert project.server.sql("SELECT count(*) FROM log", other) == "0"
        assert done(project.migrate()) == ["1"]
        assert project.server.sql("SELECT count(*) FROM log", other) == "1"
    finally:
        project.server.drop_database(other)


def test_without_the_right_to_make_a_copy_the_plan_is_listed(project: MariaProject) -> None:
    project.server.sql(
        "CREATE USER IF NOT EXISTS plain@'127.0.0.1' IDENTIFIED BY 'p:w@/d';"
        f"GRANT ALL ON `{project.name}`.* TO plain@'127.0.0.1'"
    )
    target = parse_url(project.server.url(project.name, "plain", "p:w@/d"))
    project.write(v1="CREATE TABLE a (x int);")
    report = project.check(target=target)
    assert report.checked is None
    assert [str(each.script.version) for each in report.progress.left] == ["1"]
    assert any(
        "Not rehearsed: no scratch database can be made" in each and "Access denied" in each for each in report.warnings
    )
    with pytest.raises(errors.RehearsalError):
        project.check(target=target, rehearsal="required")
    assert done(project.migrate(target=target)) == ["1"]


def test_scratch_databases_of_killed_runs_are_swept(project: MariaProject) -> None:
    project.server.create_database("pgops_rehearsal_0123456789abcdef")
    project.write(v1="CREATE TABLE a (x int);")
    project.check()
    assert project.server.sql("SHOW DATABASES LIKE 'pgops%'") == ""


KILLED = [
    "CREATE TABLE t{0} (x int)",
    "INSERT INTO log VALUES ({0})",
    "ALTER TABLE t{0} ADD INDEX (x)",
    "CREATE PROCEDURE p{0}() SELECT 1",
    "ALTER TABLE t{0} ADD CHECK (x > 0)",
    "RENAME TABLE t{0} TO u{0}",
]


class Plug(BaseException):
    """Somebody pulls it."""


def run_until(project: MariaProject, begins: str) -> None:
    """Run until a statement that begins so is about to be sent; there the plug is pulled."""
    execute = MigrationCursor.execute

    def pulled(self: Any, query: str, args: Any = None) -> Any:
        if query.startswith(begins):
            self.connection._raw._force_close()
            raise Plug
        return execute(self, query, args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MigrationCursor, "execute", pulled)
        with pytest.raises((Plug, errors.MigrationError)):
            project.migrate()


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", range(len(KILLED)))
def test_cut_off_at_any_statement_each_is_done_once(
    project: MariaProject, monkeypatch: pytest.MonkeyPatch, number: int, after: bool
) -> None:
    project.execute("CREATE TABLE log (n int)")
    project.write(v1=";\n".join(each.format(1) for each in KILLED) + ";\n")
    text, execute = KILLED[number].format(1), MigrationCursor.execute

    def pulled(self: Any, query: str, args: Any = None) -> Any:
        if query != text:
            return execute(self, query, args)
        if after:
            execute(self, query, args)
            if query.startswith("INSERT"):
                self.connection.commit()
        self.connection._raw._force_close()
        raise Plug

    monkeypatch.setattr(MigrationCursor, "execute", pulled)
    with pytest.raises((Plug, errors.MigrationError)):
        project.migrate()
    monkeypatch.undo()
    with pytest.raises(errors.Interrupted, match="at statement|behind its last statement"):
        project.migrate(lock_wait=10)
    assert done(project.migrate(on_interrupted="retry", lock_wait=10)) == ["1"]
    assert project.tables() == ["log", "u1"]
    assert project.query("SELECT n FROM log") == [(1,)]
    ((dummy, made),) = project.query("SHOW CREATE TABLE u1")
    assert made.count("KEY `x") == 1
    assert made.count("CHECK (") == 1


def test_of_a_call_that_was_cut_off_nobody_knows(project: MariaProject) -> None:
    project.execute("CREATE TABLE t (x int)\n; CREATE PROCEDURE p() INSERT INTO t VALUES (1)")
    project.write(v1="CREATE TABLE a (x int);\nCALL p();")
    run_until(project, "CALL p()")
    with pytest.raises(errors.Interrupted, match=r"at CALL p\(\) in line 2, and whether that was done can't be"):
        project.migrate(on_interrupted="retry", lock_wait=10)
    assert project.query("SELECT count(*) FROM t") == [(0,)]


@pytest.mark.parametrize("moment", [0.02, 0.1, 0.2, 0.4])
def test_killed_at_any_moment_the_next_run_goes_on(project: MariaProject, moment: float) -> None:
    project.execute("CREATE TABLE log (n int)")
    for number in range(1, 40):
        text = ";\n".join(each.format(number) for each in KILLED)
        project.file(f"{number:03}_s.up.sql", text + ";\n")
    program = (
        "import sys\nsys.path[:0] = sys.argv[3:]\nfrom pathlib import Path\n"
        "from engine.conftest import Project\nfrom engine.test_mariadb import MariaProject\n"
        "project = MariaProject.__new__(MariaProject)\n"
        "project.url, project.directory = sys.argv[1], Path(sys.argv[2])\n"
        "project.scratch_files, project.bindir = Path('/tmp'), ''\n"
        "print('begins', flush=True)\nproject.migrate()\n"
    )
    paths = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2] / ".collections")]
    paths.append(str(Path(__file__).resolve().parents[2] / "bin" / "lib"))
    argv = [sys.executable, "-c", program, project.url, str(project.directory), *paths]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) as run:
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(moment)
        run.kill()
    project.migrate(on_interrupted="retry", lock_wait=30)
    numbers = [(number,) for number in range(1, 40)]
    assert project.query("SELECT n FROM log ORDER BY n") == numbers
    assert [(int(version),) for version in project.applied()] == numbers


def test_one_run_at_a_time_and_who_it_is(project: MariaProject) -> None:
    project.write(v1="CREATE TABLE a (x int);")
    with closing(project.connect()) as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", [name_of(project.name)])
        with pytest.raises(errors.LockHeld, match=r"Another run works on this database \(session \d+: root@127"):
            project.migrate(lock_wait=0)
    assert done(project.migrate(lock_wait=5)) == ["1"]


def test_what_listens_and_never_greets_is_no_server(project: MariaProject) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        project.url = f"mysql+pymysql://root@127.0.0.1:{mute.getsockname()[1]}/x?connect_timeout=1"
        project.write(v1="CREATE TABLE a (x int);")
        with pytest.raises(errors.ConnectError, match="No connection to root@127.0.0.1"):
            project.migrate()


def test_a_statement_may_take_longer_than_to_connect(project: MariaProject) -> None:
    project.url += "?connect_timeout=1"
    project.write(v1="SELECT sleep(2);")
    assert done(project.migrate()) == ["1"]


def test_a_script_that_gives_the_lock_back(project: MariaProject) -> None:
    project.write(v1="SELECT RELEASE_ALL_LOCKS();\nCREATE TABLE a (x int);", v2="CREATE TABLE b (x int);")
    assert done(project.migrate()) == ["1", "2"]


def test_a_lock_that_is_waited_for_names_who_may_have_it(project: MariaProject) -> None:
    project.execute("CREATE TABLE t (x int)")
    project.write(v1="ALTER TABLE t ADD y int;")
    with closing(project.connect()) as other, other.cursor() as cursor:
        cursor.execute("SELECT * FROM t")
        with pytest.raises(errors.LockTimeout, match=r"perhaps in the way: session \d+ \(root@127") as caught:
            project.migrate(limits=Limits(1, 0, 0))
    assert caught.value.version == "1"
    assert done(project.migrate(on_interrupted="retry")) == ["1"]


def test_nothing_of_a_script_is_left_for_the_next(project: MariaProject) -> None:
    other = project.name + "_elsewhere"
    project.server.create_database(other)
    try:
        project.write(
            v1="CREATE TABLE p (id int PRIMARY KEY);\nCREATE TABLE c (p int, FOREIGN KEY (p) REFERENCES p (id));",
            v2="SET foreign_key_checks = 0, sql_mode = '';\nINSERT INTO c VALUES (7);\n"
            f"LOCK TABLES p READ;\nUSE {other};",
            v3="CREATE TABLE here (x varchar(2) NOT NULL);",
        )
        assert done(project.migrate()) == ["1", "2", "3"]
        assert project.tables() == ["c", "here", "p"]
        project.write(v4="INSERT INTO c VALUES (8);")
        with pytest.raises(errors.ScriptFailed, match="foreign key constraint fails"):
            project.migrate()
        project.write(v4="INSERT INTO here VALUES ('too long');")
        with pytest.raises(errors.ScriptFailed, match="Data too long"):
            project.migrate()
    finally:
        project.server.drop_database(other)


def test_rows_alone_are_one_transaction(project: MariaProject) -> None:
    project.execute("CREATE TABLE t (x int PRIMARY KEY)")
    project.write(v1="INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);")
    with pytest.raises(errors.ScriptFailed, match="line 2, column 1.*Duplicate entry"):
        project.migrate()
    assert project.query("SELECT x FROM t") == []
    project.write(v1="START TRANSACTION;\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\nCOMMIT;")
    assert done(project.migrate()) == ["1"]
    assert project.query("SELECT x FROM t") == [(1,), (2,)]


def test_a_block_in_the_middle_is_done_once(project: MariaProject) -> None:
    project.write(
        v1="CREATE TABLE t (x int);\nBEGIN;\nINSERT INTO t VALUES (1);\nINSERT INTO late VALUES (1);\nCOMMIT;\n"
    )
    with pytest.raises(errors.ScriptFailed, match="line 4, column 1"):
        project.migrate()
    assert project.query("SELECT x FROM t") == []
    project.execute("CREATE TABLE late (x int)")
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert project.query("SELECT x FROM t") == [(1,)]


ENGINE_SCRIPT = """
import sqlalchemy as sa

meta = sa.MetaData()


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    owners = sa.Table("owners", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
    owners.create(migrate_engine)
    with migrate_engine.begin() as connection:
        connection.execute(owners.insert(), [{"name": "a"}, {"name": "b"}])
"""


def test_a_script_for_an_engine(project: MariaProject) -> None:
    pytest.importorskip("sqlalchemy")
    project.file("1_a.py", ENGINE_SCRIPT)
    assert done(project.check()) == ["1"]
    assert done(project.migrate()) == ["1"]
    assert project.query("SELECT name FROM owners ORDER BY id") == [("a",), ("b",)]


CHANGES = """
from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint, ForeignKeyConstraint, Index
from migrate import *
from migrate.changeset.constraint import UniqueConstraint as Unique


def upgrade(migrate_engine):
    meta = MetaData()
    meta.bind = migrate_engine
    owners = Table("owners", meta, autoload=True)
    owners.c.name.alter(name="title", type=String(80), nullable=False)
    Column("age", Integer, server_default="3").create(owners)
    Unique("title", table=owners, name="one_title").create()
    owners.c.age.drop()


def downgrade(migrate_engine):
    pass
"""


def test_changesets_of_sqlalchemy_migrate(project: MariaProject) -> None:
    pytest.importorskip("alembic")
    project.file("1_a.py", ENGINE_SCRIPT)
    project.file("2_b.py", CHANGES)
    assert done(project.migrate()) == ["1", "2"]
    ((dummy, made),) = project.query("SHOW CREATE TABLE owners")
    assert "`title` varchar(80) NOT NULL" in made
    assert "UNIQUE KEY `one_title` (`title`)" in made
    assert "age" not in made


def test_no_such_database(project: MariaProject) -> None:
    project.write(v1="CREATE TABLE a (x int);")
    missing = parse_url(project.server.url("nowhere"))
    with pytest.raises(errors.DatabaseMissing, match="There is no database root@127.*/nowhere"):
        project.migrate(target=missing)
    report = project.check(target=missing)
    assert done(report) == ["1"]
    assert report.database_missing
    assert project.server.sql("SHOW DATABASES LIKE 'nowhere'") == ""


def test_no_such_server(project: MariaProject) -> None:
    with pytest.raises(errors.ConnectError, match=r"No connection to root@127.0.0.1:1/x: Can't connect"):
        project.migrate(target=parse_url("mysql+pymysql://root:secret@127.0.0.1:1/x"))


def test_a_statement_that_takes_too_long(project: MariaProject) -> None:
    project.write(v1="SELECT SLEEP(20);")
    with pytest.raises(errors.ScriptFailed, match="statement_timeout is over|max_statement_time exceeded"):
        project.migrate(limits=Limits(5, 0, 0.2))


HAZARDS = {
    "a column changes its type": ("ALTER TABLE t MODIFY a bigint", [("table_copied", "t")]),
    "an instant column": ("ALTER TABLE t ADD z int", []),
    "an index": ("CREATE INDEX i ON t (a)", []),
    "a table is optimized": ("OPTIMIZE TABLE t", [("table_copied", "t")]),
    "a column is gone": ("ALTER TABLE t DROP b", [("column_dropped", "t")]),
    "a column is called otherwise": ("ALTER TABLE t CHANGE b c varchar(9)", [("rename", "t")]),
    "a table is called otherwise": ("RENAME TABLE t TO u", [("rename", "t")]),
    "a table is dropped": ("DROP TABLE `odd-name €`", [("table_dropped", "odd-name €")]),
    "a table is emptied": ("TRUNCATE TABLE `odd-name €`", [("truncated", "odd-name €")]),
    "a view is dropped": ("DROP VIEW v", [("view_dropped", "v")]),
    "a view is made anew": ("CREATE OR REPLACE VIEW v AS SELECT 2 AS a", []),
    # As tools do that copy a table online; what became of its rows nobody sees.
    "another takes its place": (
        "CREATE TABLE n LIKE t; RENAME TABLE t TO old, n TO t; DROP TABLE old",
        [("table_copied", "t")],
    ),
    "a table of its own": ("CREATE TABLE n (x int); ALTER TABLE n MODIFY x bigint; DROP TABLE n", []),
}


@pytest.mark.parametrize("case", HAZARDS)
def test_what_a_migration_does_to_tables_is_told(project: MariaProject, case: str) -> None:
    project.execute(
        "CREATE TABLE t (a int, b varchar(9)); CREATE TABLE `odd-name €` (a int); CREATE VIEW v AS SELECT 1 AS a; "
        "INSERT INTO t VALUES (1, 'x'); INSERT INTO `odd-name €` VALUES (1)"
    )
    statements, wanted = HAZARDS[case]
    project.write(v1=statements + ";")
    for report in (project.check(), project.migrate()):
        assert [(each.kind.value, each.table) for each in report.hazards] == wanted


def test_a_hazard_that_is_not_allowed(project: MariaProject) -> None:
    project.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2), (3)")
    project.write(v1="ALTER TABLE t MODIFY a bigint;")
    with pytest.raises(errors.HazardRefused, match=r"table_copied in 1 on t \(\d+ kB, about 3 rows: MariaDB or MySQL"):
        project.migrate(allow_hazards=())
    assert "bigint" not in project.query("SHOW CREATE TABLE t")[0][1]
    assert done(project.migrate(allow_hazards=("rewrite",))) == ["1"]


def test_who_may_not_see_copies_is_told(project: MariaProject) -> None:
    project.server.sql(
        f"CREATE OR REPLACE USER app@'%'; GRANT ALL ON `{project.name}`.* TO app@'%';"
        "GRANT ALL ON `pgops\\_rehearsal\\_%`.* TO app@'%'"
    )
    project.execute("CREATE TABLE t (a int)")
    project.url = project.url.replace("root@", "app@")
    project.write(v1="ALTER TABLE t MODIFY a bigint;")
    report = project.check()
    assert any("whether tables are copied" in each for each in report.rehearsal.unproved)  # type: ignore[union-attr]
    assert report.hazards == ()


@pytest.mark.parametrize(("verifies", "rows"), [("SELECT 0", []), ("SELECT 1", [(1,)])])
def test_rows_of_a_python_script_are_one_transaction_with_its_record(
    project: MariaProject, verifies: str, rows: list[tuple[int]]
) -> None:
    project.execute("CREATE TABLE t (x int)")
    project.file("1_a.py", "def up(cursor):\n    cursor.execute('INSERT INTO t VALUES (1)')\n")
    project.file("1_a.verify.sql", verifies)
    if not rows:
        with pytest.raises(errors.ScriptFailed):
            project.migrate()
    else:
        project.migrate()
    assert project.query("SELECT x FROM t") == rows
    assert project.applied() == ["1"] * len(rows)


def test_rows_that_were_cut_off_first_are_known_not_to_be_written(project: MariaProject) -> None:
    project.execute("CREATE TABLE t (x int); INSERT INTO t VALUES (0)")
    project.write(v1="UPDATE t SET x = x + 1;\nALTER TABLE t ADD y int;")
    run_until(project, "UPDATE t")
    assert done(project.migrate(on_interrupted="retry", lock_wait=10)) == ["1"]
    assert project.query("SELECT x FROM t") == [(1,)]


def test_what_failed_has_done_nothing_whatever_a_person_does(project: MariaProject) -> None:
    project.execute("CREATE TABLE t (id int)")
    project.write(v1="INSERT INTO t VALUES (1);\nALTER TABLE t ADD b int AFTER a;\nINSERT INTO t (id) VALUES (2);")
    with pytest.raises(errors.ScriptFailed, match="Unknown column 'a'"):
        project.migrate()
    project.execute("ALTER TABLE t ADD a int")
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert "`b` int" in project.query("SHOW CREATE TABLE t")[0][1]
    assert project.query("SELECT id FROM t ORDER BY id") == [(1,), (2,)]


@pytest.mark.parametrize("end", ["", "COMMIT;", "ROLLBACK;", "START TRANSACTION; INSERT INTO u VALUES (3); COMMIT;"])
def test_rows_before_what_commits_are_written_once(project: MariaProject, end: str) -> None:
    project.execute("CREATE TABLE u (x int)")
    project.write(v1="START TRANSACTION;\nINSERT INTO u VALUES (1);\nALTER TABLE nope ADD y int;\n" + end)
    with pytest.raises(errors.ScriptFailed, match="nope"):
        project.migrate()
    project.execute("CREATE TABLE nope (x int)")
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert project.query("SELECT x FROM u WHERE x = 1") == [(1,)]


# What changes nothing that a look at the tables' definitions would see, and is cut off.
UNSEEN = (
    "RENAME TABLE a TO c, b TO a, c TO b",
    "ALTER TABLE p EXCHANGE PARTITION p0 WITH TABLE a",
    "ALTER TABLE elsewhere.t ADD y int",
)


@pytest.mark.parametrize("statement", UNSEEN)
def test_what_leaves_no_trace_is_not_sent_twice(project: MariaProject, statement: str) -> None:
    project.execute("CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE TABLE p (x int) PARTITION BY HASH (x)")
    project.write(v1="CREATE TABLE first (x int);\n" + statement + ";")
    run_until(project, statement)
    with pytest.raises(errors.Interrupted, match="whether that was done can't be known"):
        project.migrate(on_interrupted="retry", lock_wait=10)

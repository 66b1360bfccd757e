# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script has many ways to send transaction control: whichever it takes, its transaction stays the run's."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors

from .conftest import Project, _on_postgres, done

ROLE = "pgops_gate_role"
HAS_ROLE = "SELECT count(*) FROM pg_roles WHERE rolname = %s"

# How a script can send a text; {text} is put in as a literal of Python.
WAYS = {
    "str": "cursor.execute({text})",
    "bytes": "cursor.execute({text}.encode())",
    "composed": "import psycopg2.sql; cursor.execute(psycopg2.sql.SQL({text}))",
    "value": "import psycopg2.extensions as e; cursor.execute('%s', [e.AsIs({text})])",
    "executemany": "import psycopg2.extensions as e; cursor.executemany('%s', [[e.AsIs({text})]])",
    "comment": "cursor.execute('/* a /* b */ c */ -- d\\n' + {text})",
    "another class of cursors": (
        "import psycopg2.extras as e; cursor.connection.cursor(cursor_factory=e.DictCursor).execute({text})"
    ),
    "the connection's class of cursors": (
        "import psycopg2.extras as e; c = cursor.connection; c.cursor_factory = e.RealDictCursor; "
        "c.cursor().execute({text})"
    ),
    "one by one": "[cursor.execute(each) for each in {text}.split('; ')]",
    "a second connection": (
        "import psycopg2; c = psycopg2.connect(cursor.connection.dsn); c.cursor().execute({text}); c.commit()"
    ),
    "a second connection, as a context": (
        "import psycopg2\n    with psycopg2.connect(cursor.connection.dsn) as c: c.cursor().execute({text})"
    ),
    "a second connection in autocommit": (
        "import psycopg2; c = psycopg2.connect(cursor.connection.dsn); c.autocommit = True; "
        "[c.cursor().execute(each) for each in {text}.split('; ')]"
    ),
    "a second connection, by isolation level": (
        "import psycopg2; c = psycopg2.connect(cursor.connection.dsn); c.set_isolation_level(0); "
        "[c.cursor().execute(each) for each in {text}.split('; ')]"
    ),
    "super_user": "from dbmigrator import super_user\n    with super_user() as other: other.execute({text})",
    "autocommit": "cursor.connection.autocommit = True; cursor.execute({text})",
    "own transaction": "cursor.connection.autocommit = True; cursor.execute('BEGIN; ' + {text})",
    "own transaction, one by one": (
        "cursor.connection.autocommit = True; [cursor.execute(each) for each in ('BEGIN; ' + {text}).split('; ')]"
    ),
    "caught": "\n    try: cursor.execute({text})\n    except Exception: pass",
}
ENGINE_WAYS = {
    "engine": "migrate_engine.execute({text})",
    "connection": "migrate_engine.connect().execute({text})",
    "raw": "migrate_engine.raw_connection().cursor().execute({text})",
}


def script(way: str, text: str) -> str:
    return "def up(cursor):\n    " + WAYS[way].format(text=repr(text)) + "\n"


def engine_script(way: str, text: str) -> str:
    return "def upgrade(migrate_engine):\n    " + ENGINE_WAYS[way].format(text=repr(text)) + "\n"


@pytest.mark.parametrize("way", WAYS)
def test_a_rehearsal_leaves_no_role_in_the_cluster(project: Project, way: str) -> None:
    project.file("1_a.py", script(way, f"CREATE ROLE {ROLE}; COMMIT; CREATE TABLE t (a int)"))
    checked = project.check()
    assert project.query(HAS_ROLE, ROLE) == [(0,)]
    assert "roles" in checked.rehearsal.stopped


@pytest.mark.parametrize("way", ENGINE_WAYS)
def test_a_rehearsal_of_an_engine_script_leaves_no_role(project: Project, way: str) -> None:
    pytest.importorskip("sqlalchemy")
    project.file("001_a.py", engine_script(way, f"CREATE ROLE {ROLE}; COMMIT; CREATE TABLE t (a int)"))
    checked = project.check()
    assert project.query(HAS_ROLE, ROLE) == [(0,)]
    assert "roles" in checked.rehearsal.stopped


@pytest.mark.parametrize(
    "way", [way for way in WAYS if not any(word in way for word in ("auto", "super", "own", "second"))]
)
def test_what_a_failed_script_had_committed_is_undone(project: Project, way: str) -> None:
    text = "BEGIN; CREATE TABLE t (a int); COMMIT; CREATE TABLE u (a int)"
    project.file("1_a.py", script(way, text) + "    raise ValueError('stop')\n")
    with pytest.raises(errors.ScriptFailed, match="stop"):
        project.migrate()
    assert project.tables() == []
    project.file("1_a.py", script(way, text))
    assert done(project.migrate()) == ["1"]
    assert project.tables() == ["t", "u"]


@pytest.mark.parametrize("way", ENGINE_WAYS)
@pytest.mark.parametrize("text", ["BEGIN; CREATE TABLE t (a int); COMMIT;", "CREATE TABLE t (a int); COMMIT"])
def test_an_engine_script_may_wrap_itself(project: Project, way: str, text: str) -> None:
    pytest.importorskip("sqlalchemy")
    project.file("001_a.py", engine_script(way, text) + "    raise ValueError('stop')\n")
    with pytest.raises(errors.ScriptFailed, match="stop"):
        project.migrate()
    assert project.tables() == []
    project.file("001_a.py", engine_script(way, text))
    assert done(project.migrate()) == ["001"]
    assert project.tables() == ["t"]


def test_a_rollback_in_a_text_undoes_what_came_before(project: Project) -> None:
    project.file("1_a.py", script("str", "CREATE TABLE t (a int); ROLLBACK; CREATE TABLE u (a int)"))
    assert done(project.migrate()) == ["1"]
    assert project.tables() == ["u"]


def test_rows_of_the_last_piece_can_be_read(project: Project) -> None:
    project.file("1_a.py", script("str", "COMMIT; SELECT 42") + "    assert cursor.fetchone()[0] == 42\n")
    assert done(project.migrate()) == ["1"]


def test_two_phases_are_refused(project: Project) -> None:
    project.file("1_a.py", script("str", "CREATE TABLE t (a int); PREPARE TRANSACTION 'pgops'"))
    with pytest.raises(
        errors.ScriptInvalid, match="PREPARE TRANSACTION can't be part of a migration's own transaction"
    ):
        project.migrate()
    assert project.tables() == []


@pytest.mark.parametrize("head", ["-- no-transaction\n", ""])
def test_two_phases_end_a_rehearsal(project: Project, head: str) -> None:
    project.write(v1=head + "BEGIN; CREATE TABLE t (a int); PREPARE TRANSACTION 'pgops';")
    assert "PREPARE TRANSACTION" in project.check().rehearsal.stopped


def test_a_nested_comment_hides_nothing(project: Project) -> None:
    text = "/* /* */ VACUUM */ ALTER SYSTEM SET work_mem = '5MB'"
    project.file("1_a.py", script("autocommit", text))
    assert "ALTER SYSTEM" in project.check().rehearsal.stopped
    (project.directory / "1_a.py").unlink()
    project.write(v1="-- no-transaction\n" + text + ";")
    assert "ALTER SYSTEM" in project.check().rehearsal.stopped


@pytest.mark.parametrize(
    "text, tables",
    [
        (
            "BEGIN; CREATE TEMP TABLE x ON COMMIT DROP AS SELECT 1 AS a; CREATE TABLE y AS SELECT * FROM x; COMMIT;",
            ["y"],
        ),
        ("CREATE TABLE y (a int); BEGIN; DROP TABLE y; ROLLBACK;", ["y"]),
        ("CREATE TABLE y (a int); BEGIN; DROP TABLE y; COMMIT;", []),
    ],
)
def test_a_scripts_own_transaction_is_one_in_the_rehearsal_too(project: Project, text: str, tables: list[str]) -> None:
    project.write(v1="-- no-transaction\n" + text)
    checked = project.check()
    assert (done(checked), checked.rehearsal.stopped) == (["1"], None)
    assert ("CREATE TABLE public.y" in "".join(checked.diffs or ())) is bool(tables)
    assert done(project.migrate()) == ["1"]
    assert project.tables() == tables


REACHES_OUT = {
    "a slot": "SELECT pg_create_physical_replication_slot('pgops_slot')",
    "a slot in a block": "DO $$ BEGIN PERFORM pg_create_logical_replication_slot('pgops_slot', 'test'); END $$",
    "the configuration is read again": "SELECT pg_reload_conf()",
    "a file": "COPY (SELECT 1) TO '/tmp/pgops_reaches_out'",
    "a program": "COPY t FROM PROGRAM 'echo 1'",
    "a large object's file": "SELECT lo_export(1, '/tmp/pgops_reaches_out')",
    "a session is ended": "SELECT pg_terminate_backend(0)",
    "another server": "SELECT * FROM dblink('host=x', 'SELECT 1') AS t (a int)",
}


@pytest.mark.parametrize("name", REACHES_OUT)
@pytest.mark.parametrize("kind", ["sql", "outside", "python", "python outside"])
def test_what_no_rollback_takes_back_ends_a_rehearsal_before_it_runs(project: Project, name: str, kind: str) -> None:
    text = REACHES_OUT[name]
    if kind.startswith("python"):
        project.file("1_a.py", script("autocommit" if "outside" in kind else "str", text))
    else:
        project.write(v1=("-- no-transaction\n" if kind == "outside" else "") + text)
    checked = project.check()
    assert checked.rehearsal.stopped and "can't be taken back on a copy" in checked.rehearsal.stopped
    assert project.query("SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'pgops_slot'") == [(0,)]
    assert not Path("/tmp/pgops_reaches_out").exists()


@pytest.mark.parametrize(
    "text",
    [
        "-- SELECT pg_reload_conf()\nCREATE TABLE t (a int)",
        "CREATE TABLE copy (to_file text); CREATE TABLE t (a int)",
        "COMMENT ON SCHEMA public IS 'no dblink here'; CREATE TABLE t (a int)",
        "NOTIFY somebody; CREATE TABLE t (a int)",
    ],
)
def test_what_only_looks_so_does_not(project: Project, text: str) -> None:
    project.write(v1=text)
    assert (done(project.check()), project.report.rehearsal.stopped) == (["1"], None)


def test_a_foreign_table_is_not_written_by_a_rehearsal(project: Project) -> None:
    name = project.url.rpartition("/")[2]
    project.query("CREATE EXTENSION postgres_fdw; CREATE TABLE far (a int)")
    address = urlsplit(project.url)
    project.query(
        f"CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '{address.port}', "
        f"dbname '{name}'); CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (user 'postgres'); "
        "CREATE FOREIGN TABLE near (a int) SERVER s OPTIONS (table_name 'far')"
    )
    project.write(v1="INSERT INTO near VALUES (1)")
    checked = project.check()
    assert "it writes the foreign table" in checked.rehearsal.stopped
    assert project.query("SELECT count(*) FROM far") == [(0,)]


def test_a_prepared_transaction_and_a_slot_do_not_keep_a_scratch_database(project: Project) -> None:
    name = "pgops_rehearsal_00000001"
    maintenance = _on_postgres(project.url, project.directory)
    maintenance.execute(f"CREATE DATABASE {name}")
    left = _on_postgres(project.url, project.directory)
    left.url = left.url.rpartition("/")[0] + "/" + name
    prepares = maintenance.query("SHOW max_prepared_transactions") != [("0",)]
    if prepares:
        left.execute("BEGIN; CREATE TABLE t (a int); PREPARE TRANSACTION 'pgops_left'")
    if maintenance.query("SHOW wal_level") == [("logical",)]:
        left.query("SELECT pg_create_logical_replication_slot('pgops_left', 'test_decoding')")
    project.write(v1="CREATE TABLE a (x int)")
    assert done(project.check(rehearsal="required")) == ["1"]
    assert maintenance.query("SELECT count(*) FROM pg_database WHERE datname = %s", name) == [(0,)]
    assert maintenance.query("SELECT count(*) FROM pg_prepared_xacts") == [(0,)]


CONCURRENTLY = "CREATE INDEX CONCURRENTLY i ON t (a)"


@pytest.mark.parametrize("checking", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        f"CREATE TABLE t (a int); COMMIT; {CONCURRENTLY}",
        "CREATE TABLE t (a int); COMMIT; VACUUM t; COMMIT; " + CONCURRENTLY,
        "CREATE TABLE t (a int); COMMIT; -- now\n" + CONCURRENTLY,
    ],
)
@pytest.mark.parametrize("way", ["str", "one by one"])
def test_after_a_commit_of_its_own_a_script_leaves_for_what_needs_no_transaction(
    project: Project, text: str, way: str, checking: bool
) -> None:
    project.file("1_a.py", script(way, text))
    report = project.check() if checking else project.migrate()
    assert done(report) == ["1"]
    assert "outside a transaction" in str(report.progress.done[0].note)
    assert project.tables() == ([] if checking else ["t"])


def test_without_a_commit_it_is_the_servers_to_refuse(project: Project) -> None:
    project.file("1_a.py", script("one by one", "CREATE TABLE t (a int); SELECT 1; " + CONCURRENTLY))
    with pytest.raises(errors.ScriptFailed, match="cannot run inside a transaction block"):
        project.migrate()
    assert project.tables() == []


def test_a_script_that_ended_its_transaction_and_failed_was_interrupted(project: Project) -> None:
    around = "import psycopg2.extensions as e; e.cursor(cursor.connection).execute('CREATE TABLE t (a int); COMMIT')"
    project.file("1_a.py", f"def up(cursor):\n    {around}\n    raise ValueError('stop')\n")
    with pytest.raises(errors.Interrupted, match="stop.*what it did until then stands") as caught:
        project.migrate()
    assert caught.value.path == str(project.directory / "1_a.py")
    assert project.tables() == ["t"]
    with pytest.raises(errors.Interrupted, match="somewhere in its Python code"):
        project.migrate()


@pytest.mark.parametrize("name", ["{own}", "postgres"])
def test_a_rehearsal_connects_to_no_other_database(project: Project, name: str) -> None:
    url = project.url.rpartition("/")[0] + "/" + name.format(own=project.url.rpartition("/")[2])
    project.file(
        "1_a.py",
        f"import psycopg2\ndef up(cursor):\n    try: c = psycopg2.connect({url!r})\n    except Exception: return\n"
        "    c.cursor().execute('CREATE TABLE leaked ()'); c.commit()\n",
    )
    checked = project.check()
    assert "by itself" in checked.rehearsal.stopped
    assert project.tables() == []


def test_a_second_connection_works_in_a_rehearsal(project: Project) -> None:
    second = "import psycopg2\n    with psycopg2.connect(cursor.connection.dsn) as c: c.cursor().execute({text})"
    project.file(
        "1_a.py",
        "def up(cursor):\n    " + second.format(text=repr("CREATE TABLE t (a int)")) + "\n"
        "    cursor.execute('INSERT INTO t VALUES (1)')\n",
    )
    checked = project.check()
    assert (done(checked), checked.rehearsal.stopped) == (["1"], None)
    assert "CREATE TABLE public.t" in checked.diffs[0]

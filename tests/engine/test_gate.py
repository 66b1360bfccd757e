# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script has many ways to send transaction control: whichever it takes, its transaction stays the run's."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors

from .conftest import Project, done

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


@pytest.mark.parametrize("way", [way for way in WAYS if way not in ("autocommit", "super_user") and "own" not in way])
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

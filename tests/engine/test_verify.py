"""What has to hold when a migration is applied: <version>_<name>.verify.sql."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.planning.variables import Variables

from .conftest import Project, done

TABLE = "CREATE TABLE a (x int);\nINSERT INTO a VALUES (1);\n"
# kind → the script, and what verifies it
FILES = {
    "sql": ("1_a.up.sql", TABLE, "1_a.verify.sql"),
    "sql_plain": ("1_a.sql", TABLE, "1_a.verify.sql"),
    "dbmate": ("1_a.sql", "-- migrate:up\n" + TABLE, "1_a.verify.sql"),
    "sql_migrate": ("1-a.sql", "-- +migrate Up\n" + TABLE, "1-a.verify.sql"),
    "flyway": ("sub/V1__a.sql", TABLE, "sub/V1__a.verify.sql"),
    "diesel": ("1_a/up.sql", TABLE, "1_a/verify.sql"),
    "prisma": ("1_a/migration.sql", TABLE, "1_a/verify.sql"),
    "python": ("1_a.py", "def up(cursor):\n    cursor.execute(%r)\n" % TABLE, "1_a.verify.sql"),
    "outside": ("1_a.sql", "-- no-transaction\n" + TABLE, "1_a.verify.sql"),
}
GOOD = "-- there is one\nSELECT count(*) = 1, 'rows' FROM a;\nSELECT x FROM a;\nDELETE FROM a;\nSELECT NULL::bool;"
BAD = {
    "a row that is false": (
        "SELECT true;\nSELECT x > 1, x\n  FROM a;",
        "isn't what its verification asks for .*line 2.: false .1. .SELECT x > 1, x FROM a.",
        2,
    ),
    "the second row": ("SELECT * FROM (VALUES (true), (false)) v;", "line 1.: false", 1),
    "an error": ("SELECT true;\nSELECT 1 / (x - 1) FROM a;", "line 2.*division by zero", 2),
    "what isn't there": ("\nSELECT nothing FROM a;", "line 2, column 8.*nothing", 2),
}


@pytest.mark.parametrize("kind", FILES)
def test_what_holds(project: Project, kind: str) -> None:
    name, text, verify = FILES[kind]
    project.file(name, text)
    project.file(verify, GOOD)
    assert project.check().plan_digest
    assert done(project.migrate()) in (["1"], ["1-a"], ["1_a"])
    assert project.query("SELECT x FROM a") == [(1,)], "what verifies is taken back"
    assert project.migrate().warnings == ()


@pytest.mark.parametrize("checking", [True, False])
@pytest.mark.parametrize("name", BAD)
def test_what_doesn_t_hold(project: Project, name: str, checking: bool) -> None:
    text, told, line = BAD[name]
    project.file("1_a.up.sql", TABLE)
    path = project.file("1_a.verify.sql", text)
    with pytest.raises(MigrationError, match="(?s)" + told) as caught:
        project.migrate(checking=checking)
    assert (caught.value.kind, caught.value.path, caught.value.line) == ("script_failed", str(path), line)
    assert project.tables() == []
    path.write_text(GOOD)
    assert done(project.migrate()) == ["1"]


def test_what_verifies_is_another_s_text(project: Project) -> None:
    project.file("1_a.up.sql", TABLE)
    path = project.file("1_a.verify.sql", GOOD)
    project.migrate()
    path.write_text("SELECT false;")
    assert project.migrate().plan.findings == (), "it isn't a part of the checksum"
    project.file("1_a.down.sql", "DROP TABLE a;")
    assert len(project.migrate(state="rolled_back").progress.done) == 1, "it isn't asked on the way down"


def test_it_is_asked_in_the_script_s_own_session(project: Project) -> None:
    project.file("1_a.up.sql", "CREATE SCHEMA s; SET search_path = s; CREATE TABLE b (x int);")
    project.file("1_a.verify.sql", "SELECT count(*) = 0 FROM b; SET search_path = public;")
    assert done(project.migrate()) == ["1"]


def test_each_is_proved_with_it(project: Project) -> None:
    project.file("1_a.up.sql", TABLE)
    project.file("1_a.down.sql", "DROP TABLE a;")
    project.file("1_a.verify.sql", "SELECT false;")
    with pytest.raises(MigrationError, match="verification"):
        project.migrate(state="tested")


def test_variables_in_it(project: Project) -> None:
    project.file("1_a.up.sql", TABLE)
    project.file("1_a.verify.sql", "SELECT '${token}' = 'x', '${token}';")
    with pytest.raises(MigrationError) as caught:
        project.migrate(variables=Variables({}, {"token": "hunter2"}))
    assert "hunter2" not in caught.value.message


REFUSED = {
    "its script is gone": ({"1_a.up.sql": TABLE, "2_b.verify.sql": GOOD}, "2_b.verify.sql looks like a migration"),
    "a transaction": ({"1_a.up.sql": TABLE, "1_a.verify.sql": "SELECT 1;\nCOMMIT;"}, "1_a.verify.sql, line 2: COMMIT"),
    "never closed": ({"1_a.up.sql": TABLE, "1_a.verify.sql": "SELECT 'x;"}, "1_a.verify.sql, line 1, column 8"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(project: Project, name: str) -> None:
    files, told = REFUSED[name]
    for file_name, text in files.items():
        project.file(file_name, text)
    with pytest.raises(MigrationError, match=told) as caught:
        project.migrate()
    assert caught.value.kind == "script_invalid"
    assert project.tables() == []


def test_a_script_outside_a_transaction_goes_on_where_it_was(project: Project) -> None:
    project.file("1_a.sql", "-- no-transaction\n" + TABLE)
    path = project.file("1_a.verify.sql", "SELECT false;")
    with pytest.raises(MigrationError, match="verification"):
        project.migrate()
    assert project.query("SELECT x FROM a") == [(1,)], "what it has done stands"
    assert project.applied() == []
    path.write_text(GOOD)
    with pytest.raises(MigrationError) as caught:
        project.migrate()
    assert caught.value.kind == "interrupted"
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert project.query("SELECT x FROM a") == [(1,)], "nothing was sent twice"

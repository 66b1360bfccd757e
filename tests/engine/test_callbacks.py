# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flyway's callbacks on a server: when each runs, in which transaction, and what is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors

from .conftest import Project, done

EVENTS = [
    *("beforeMigrate", "afterVersioned", "beforeRepeatables", "beforeEachMigrate"),
    *("afterEachMigrate", "afterMigrateApplied", "afterMigrate"),
    *("beforeUndo", "beforeEachUndo", "afterEachUndo", "afterUndo"),
]


def tells(what: str) -> str:
    return f"INSERT INTO told (what) VALUES ('{what}');"


@pytest.fixture
def flyway(project: Project) -> Project:
    """Return a project in which each event tells of itself, and so does each script."""
    project.execute("CREATE TABLE told (id serial, what text)")
    for event in EVENTS:
        project.file(f"{event}.sql", tells(event))
    project.file("V1__one.sql", "CREATE TABLE one (x int);" + tells("V1"))
    project.file("U1__one.sql", "DROP TABLE one;" + tells("U1"))
    project.file("V2__two.sql", "CREATE TABLE two (x int);" + tells("V2"))
    project.file("U2__two.sql", "DROP TABLE two;" + tells("U2"))
    return project


def told(project: Project) -> list[str]:
    found = [what for (what,) in project.query("SELECT what FROM told ORDER BY id")]
    project.execute("TRUNCATE told")
    return found


def test_each_has_its_moment(flyway: Project) -> None:
    flyway.file("R__views.sql", tells("R"))
    assert done(flyway.migrate()) == ["1", "2", "R__views"]
    assert told(flyway) == [
        *("beforeMigrate", "beforeEachMigrate", "V1", "afterEachMigrate"),
        *("beforeEachMigrate", "V2", "afterEachMigrate"),
        *("afterVersioned", "beforeRepeatables", "beforeEachMigrate", "R", "afterEachMigrate"),
        *("afterMigrateApplied", "afterMigrate"),
    ]
    assert flyway.migrate().plan.idle
    assert told(flyway) == []
    flyway.migrate(state="rolled_back", version="0")
    assert told(flyway) == [
        *("beforeUndo", "beforeEachUndo", "U2", "afterEachUndo"),
        *("beforeEachUndo", "U1", "afterEachUndo", "afterUndo"),
    ]


def test_several_of_one_event_in_their_order_and_in_folders(project: Project) -> None:
    project.execute("CREATE TABLE told (id serial, what text)")
    project.file("V1__one.sql", "CREATE TABLE one (x int);")
    project.file("afterMigrate__2_second.sql", tells("second"))
    project.file("inner/afterMigrate__1_first.sql", tells("first"))
    project.file("inner/deeper/afterMigrate.sql", tells("plain"))
    project.migrate()
    assert told(project) == ["plain", "first", "second"]


def test_in_a_directory_of_their_own(project: Project, tmp_path: Path) -> None:
    project.execute("CREATE TABLE told (id serial, what text)")
    project.file("V1__one.sql", "CREATE TABLE one (x int);")
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "afterMigrate.sql").write_text(tells("after"))
    report = project.migrate(directories=(str(project.directory), str(tmp_path / "hooks")))
    assert report.warnings == ()
    assert told(project) == ["after"]


def test_one_that_fails_takes_its_migration_back(flyway: Project) -> None:
    flyway.file("afterMigrate__wrong.sql", "SELECT 1;\nSELECT nothing_there;")
    with pytest.raises(errors.ScriptFailed, match="2_two.*afterMigrate__wrong.sql, line 2") as caught:
        flyway.migrate()
    assert str(caught.value.path).endswith("afterMigrate__wrong.sql")
    assert flyway.query("SELECT version FROM schema_migrations") == [("1",)]
    assert told(flyway) == ["beforeMigrate", "beforeEachMigrate", "V1", "afterEachMigrate"]
    with pytest.raises(errors.ScriptFailed, match="afterMigrate__wrong.sql, line 2"):
        flyway.check()


def test_around_what_is_outside_a_transaction(flyway: Project) -> None:
    flyway.file("V3__index.sql", "CREATE INDEX CONCURRENTLY two_x ON two (x);" + tells("V3"))
    flyway.migrate(version="2")
    told(flyway)
    flyway.file("afterMigrate__wrong.sql", "SELECT nothing_there;")
    with pytest.raises(errors.ScriptFailed, match="afterMigrate__wrong.sql"):
        flyway.migrate()
    assert told(flyway) == ["beforeMigrate", "beforeEachMigrate", "V3"]
    flyway.file("afterMigrate__wrong.sql", "SELECT 1")
    assert done(flyway.migrate(on_interrupted="retry")) == ["3"]
    assert told(flyway) == ["afterEachMigrate", "afterMigrateApplied", "afterMigrate"]


def test_the_digest_has_them(flyway: Project) -> None:
    digest = flyway.check().plan_digest
    assert digest == flyway.check().plan_digest
    flyway.file("afterMigrate.sql", tells("another"))
    assert digest != flyway.check().plan_digest
    with pytest.raises(errors.ExpectationFailed, match="the scripts or what is pending"):
        flyway.migrate(expect=(digest,))


def test_a_proof_has_what_runs_around_each_and_not_what_ends_a_run(flyway: Project) -> None:
    flyway.file("beforeEachMigrate__helper.sql", "CREATE TEMP TABLE helper (x int);")
    flyway.file("V1__one.sql", "CREATE TABLE one (x int); INSERT INTO one SELECT x FROM helper;")
    flyway.file("afterMigrate__grants.sql", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;")
    proofs = flyway.migrate(state="tested").proofs
    assert [each.verdict.value for each in proofs] == ["reversible", "reversible"]
    (flyway.directory / "beforeEachMigrate__helper.sql").unlink()
    with pytest.raises(errors.ScriptFailed, match="helper"):
        flyway.migrate(state="tested")


def test_the_file_for_psql_has_them(flyway: Project, tmp_path: Path) -> None:
    flyway.file("V3__index.sql", "CREATE INDEX CONCURRENTLY two_x ON two (x);")
    path = tmp_path / "release.sql"
    flyway.migrate(state="scripted", script_file=str(path), writes_script=True)
    subprocess.run(["psql", "-qX", "-f", str(path), flyway.url], check=True, stdout=subprocess.DEVNULL)
    assert told(flyway) == [
        *("beforeMigrate", "beforeEachMigrate", "V1", "afterEachMigrate"),
        *("beforeEachMigrate", "V2", "afterEachMigrate"),
        *("beforeEachMigrate", "afterEachMigrate", "afterMigrateApplied", "afterMigrate"),
    ]
    assert flyway.migrate().plan.idle


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("afterMigrate.sql", "VACUUM", "afterMigrate.sql can't be in the transaction of a migration"),
        ("afterMigrate.sql", "SELECT 1; COMMIT; SELECT 2", "can't be in the transaction of a migration"),
        ("afterMigrate.sql", "SELECT '${nobody}'", r"line 1: \$\{nobody\} is a placeholder"),
        ("inner/afterMigrate.sql", "SELECT 1", "Two callbacks have one name"),
        ("beforeEachMigrateStatement.sql", "SELECT 1", "beforeEachMigrateStatement.sql looks like a migration"),
        ("afterMigrateError.sql", "SELECT 1", "afterMigrateError.sql looks like a migration"),
        ("createSchema.sql", "SELECT 1", "createSchema.sql looks like a migration"),
    ],
)
def test_what_is_refused(flyway: Project, name: str, text: str, words: str) -> None:
    flyway.file(name, text)
    with pytest.raises(errors.ScriptInvalid, match=words):
        flyway.migrate()
    assert told(flyway) == []


def test_with_variables(flyway: Project) -> None:
    from ansible_collections.pgops.migrations.plugins.module_utils.planning.variables import Variables

    flyway.file("afterMigrate.sql", tells("${who}"))
    flyway.migrate(variables=Variables({"who": "Ann"}, {}))
    assert told(flyway)[-1] == "Ann"


def test_what_runs_behind_a_script_outside_a_transaction_is_tried_again_alone(project: Project) -> None:
    project.execute("CREATE TABLE told (id serial, what text)")
    project.write(v1="-- no-transaction\n" + tells("once"))
    project.file(
        "1_v1.verify.sql",
        "DO $$ BEGIN IF nextval('told_id_seq') < 3 THEN RAISE lock_not_available; END IF; END $$; SELECT true",
    )
    project.migrate()
    assert told(project) == ["once"]

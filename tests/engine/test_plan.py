# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as a run has it: times, statements, rows, what Python has sent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.commands.report import Report
from ansible_collections.pgops.migrations.plugins.module_utils.task.results import failure, migrate_result

from .conftest import Project

PYTHON = """
def up(cursor):
    cursor.execute("CREATE TABLE made (id int)")
    cursor.executemany("INSERT INTO made VALUES (%s)", [(1,), (2,), (3,)])
    cursor.execute("UPDATE t SET a = 7")
"""


def rows(report: Report, checking: bool = False) -> list[dict[str, Any]]:
    """Return the rows of the plan, without their times."""
    found: list[dict[str, Any]] = migrate_result(report, checking)["plan"]
    assert all(isinstance(row.pop("duration_ms"), int) for row in found)
    return found


def row(version: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        **{
            "version": version,
            "name": name,
            "kind": "sql",
            "direction": "up",
            "transactional": True,
            "reversible": False,
        },
        **{"outcome": "applied", "rows_changed": None, "hazards": [], **more},
    }


@pytest.mark.parametrize("checking", [True, False])
def test_plan(project: Project, checking: bool) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)")
    project.write(v1="CREATE TABLE u (); ALTER TABLE t ADD b int DEFAULT random()")
    (project.directory / "python").mkdir()
    project.file("python/20200101_made.py", PYTHON)
    report = project.migrate(
        checking=checking,
        directories=(str(project.directory), str(project.directory / "python")),
        rehearsal_data=("all",),
    )
    outcome = "rehearsed" if checking else "applied"
    first = row("1", "v1", outcome=outcome, statements=2, objects=["+ table u", "+ column b of t"])
    second = row("20200101", "made", outcome=outcome, kind="python", statements=5, objects=["+ table made"])
    assert rows(report, checking) == [
        {**first, "hazards": ["table_rewrite"]},
        {**second, "hazards": ["rows_changed"], "rows_changed": 2},
    ]


def test_outside_a_transaction(project: Project) -> None:
    project.query("CREATE TABLE t (a int)")
    project.file("1_i.up.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);\nANALYZE t;\n")
    found = rows(project.migrate())
    assert [(each["transactional"], each["statements"], each["objects"]) for each in found] == [
        (False, 2, ["+ index i on t"])
    ]


def test_failure(project: Project) -> None:
    project.write(v1="CREATE TABLE t ()", v2="CREATE TABLE t ()", v3="CREATE TABLE u ()")
    with pytest.raises(errors.ScriptFailed) as caught:
        project.migrate()
    result = failure(project.report, False, caught.value)
    assert [each["outcome"] for each in result["plan"]] == ["applied", "failed", "not_run"]
    assert [line.split("  ")[-1].strip() for line in result["summary"][1:]] == [
        "+ table t",
        "✗ failed at line 1",
        "· not run",
    ]


def test_failure_on_a_copy(project: Project) -> None:
    project.write(v1="CREATE TABLE t ()", v2="CREATE TABLE t ()")
    with pytest.raises(errors.ScriptFailed) as caught:
        project.check()
    result = failure(project.report, True, caught.value)
    assert [each["outcome"] for each in result["plan"]] == ["not_run", "failed_in_rehearsal"]
    assert " · failed at 2 in the rehearsal, 0 applied · 2 migrations" in result["summary"][0]


def test_rows_that_violate_the_plan(project: Project) -> None:
    project.query("CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (17), (203)")
    project.write(v1="ALTER TABLE t ADD CONSTRAINT small CHECK (a < 9)", v2="CREATE TABLE u ()")
    with pytest.raises(errors.PrecheckFailed) as caught:
        project.check()
    result = failure(project.report, True, caught.value)
    assert [each["outcome"] for each in result["plan"]] == ["rehearsed", "rehearsed"]
    assert result["summary"][1].endswith("✗ CHECK small of t is violated by 2 rows, for example a 17, 203")
    assert result["summary"][0].endswith("1 needs a look")


def test_roll_back(project: Project) -> None:
    project.write(v1="CREATE TABLE t ()")
    project.file("1_v1.down.sql", "DROP TABLE t")
    project.migrate()
    found = rows(project.migrate(state="rolled_back"))
    assert [(each["outcome"], each["direction"], each["objects"]) for each in found] == [
        ("rolled_back", "down", ["- table t"])
    ]

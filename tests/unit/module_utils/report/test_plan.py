# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as rows."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.hazard import Hazard, HazardKind
from ansible_collections.pgops.migrations.plugins.module_utils.model import (
    Direction,
    Migration,
    Outcome,
    PythonBody,
    Script,
    Sent,
    SqlBody,
    Statement,
    Step,
    Version,
)
from ansible_collections.pgops.migrations.plugins.module_utils.report.plan import Ran, rows_of

SCRIPT = Script(Version.parse("7"), "orders", "sql", "/m/7_orders.up.sql")
STEP, BACK = Step(SCRIPT), Step(SCRIPT, Direction.DOWN)
OUTSIDE = SqlBody("", "VACUUM; ANALYZE", (Statement("VACUUM"), Statement("ANALYZE")), transactional=False)
SQL = SqlBody("", "CREATE TABLE a (); DROP TABLE b", (Statement("CREATE TABLE a (); DROP TABLE b"),))
UNREADABLE = SqlBody("", "SELECT 'open", (Statement("SELECT 'open"),))
PYTHON = PythonBody("", compile("", "x", "exec"), "up")
NOTHING = {
    **{"version": "7", "name": "orders", "kind": "sql", "direction": "up", "transactional": None},
    **{"reversible": None, "outcome": "not_run", "duration_ms": None, "statements": None, "rows_changed": None},
    **{"objects": [], "hazards": []},
}
SENT = Sent(9, ("CREATE TABLE c ()",))


def writes(rows, version="7"):
    return Hazard(HazardKind.ROWS_CHANGED, version, "orders", rows_changed=rows)


CASES = {
    "not read": (STEP, None, Ran(), {}),
    "sql": (
        STEP,
        SQL,
        Ran(),
        {"transactional": True, "statements": 2, "objects": ["+ table a", "- table b"]},
    ),
    "outside a transaction": (STEP, OUTSIDE, Ran(), {"transactional": False, "statements": 2}),
    "what can't be read": (STEP, UNREADABLE, Ran(), {"transactional": True}),
    "python that hasn't run": (STEP, PYTHON, Ran(), {"transactional": True}),
    "python that has": (
        STEP,
        PYTHON,
        Ran([Outcome(STEP, 12, sent=SENT)]),
        {
            **{"transactional": True, "statements": 9, "objects": ["+ table c"]},
            **{"outcome": "applied", "duration_ms": 12},
        },
    ),
    "rehearsed": (STEP, None, Ran([Outcome(STEP, 12)], rehearsed=True), {"outcome": "rehearsed", "duration_ms": 12}),
    "rolled back": (
        BACK,
        None,
        Ran([Outcome(BACK, 12)]),
        {"outcome": "rolled_back", "duration_ms": 12, "direction": "down"},
    ),
    "failed": (STEP, None, Ran(failed=Outcome(STEP, 3)), {"outcome": "failed", "duration_ms": 3}),
    "failed on a copy": (
        STEP,
        None,
        Ran(failed=Outcome(STEP, 3), rehearsed=True),
        {"outcome": "failed_in_rehearsal", "duration_ms": 3},
    ),
    "another one failed": (STEP, None, Ran(failed=Outcome(BACK, 3)), {}),
    "rows are known": (
        STEP,
        None,
        Ran(hazards=[writes(3), writes(4), writes(99, "8"), Hazard(HazardKind.RENAME, "7")]),
        {"rows_changed": 7, "hazards": ["rows_changed", "rename"]},
    ),
    "rows aren't": (STEP, None, Ran(hazards=[writes(3), writes(None)]), {"hazards": ["rows_changed"]}),
}


@pytest.mark.parametrize("name", CASES)
def test_row(name):
    step, body, ran, expected = CASES[name]
    migrations = {SCRIPT: Migration(SCRIPT, body)} if body else {}
    known = {"reversible": False} if body else {}
    assert rows_of([step], migrations, ran) == [{**NOTHING, **known, **expected}]


def test_a_way_back():
    migrations = {SCRIPT: Migration(SCRIPT, SQL, OUTSIDE)}
    there, back = rows_of([STEP, BACK], migrations, Ran())
    assert (there["reversible"], there["transactional"]) == (True, True)
    assert (back["reversible"], back["transactional"]) == (True, False)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of a run on its way, and how often there is one."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.report import progress
from ansible_collections.pgops.migrations.plugins.module_utils.report.progress import Pace, Work

PSQL = {"pid": 4711, "user": "cook", "application": "psql", "state": "idle in transaction"}
UNSEEN = {"pid": 12, "user": None, "application": "", "state": None}
WORK = Work(3, 7, "20250103", "totals", 12.4)
ENDED = [{"version": "1", "name": "a", "duration_ms": 40}, {"version": "2", "name": "b\x1b", "duration_ms": 70}]

AT_WORK = {
    "nothing is known": ({}, ""),
    "python": ({"sent": 4000}, ": statement 4,000"),
    "python that hasn't sent any": ({"sent": 0}, ""),
    "a statement of several": ({"statement": (3, 7, "CREATE INDEX")}, ": statement 3 of 7 (CREATE INDEX)"),
    "an index": (
        {"statement": (3, 7, "CREATE INDEX"), "doing": "CREATE INDEX CONCURRENTLY, building index", "percent": 43},
        ": statement 3 of 7, CREATE INDEX CONCURRENTLY, building index 43 %",
    ),
    "a lock": (
        {"blockers": [PSQL], "waited": 10, "doing": "CREATE INDEX, waiting"},
        ": waits for a lock held by pid 4711 (user cook, application psql, idle in transaction), for 10.0 s",
    ),
    "locks of several, some unseen": (
        {"blockers": [UNSEEN, PSQL, PSQL], "waited": 200},
        ": waits for a lock held by pid 12 and 2 other sessions, for 3 min 20 s",
    ),
    "a hostile name": (
        {"blockers": [{**PSQL, "application": "\x1b[2J\n"}], "waited": 1},
        ": waits for a lock held by pid 4711 (user cook, application \\x1b[2J\\x0a, idle in transaction), for 1.0 s",
    ),
}
ELSEWHERE = [
    ({"waits_for": [], "doing": None, "percent": None}, ""),
    ({"waits_for": [], "doing": "VACUUM, scanning heap", "percent": 7}, ": VACUUM, scanning heap 7 %"),
    (
        {"waits_for": [PSQL], "doing": None, "percent": None},
        ": waits for a lock held by pid 4711 (user cook, application psql, idle in transaction)",
    ),
]


@pytest.mark.parametrize("name", AT_WORK)
def test_at_work(name):
    known, said = AT_WORK[name]
    assert progress.at_work(WORK._replace(**known)) == "  [3/7] 20250103  totals, for 12.4 s" + said


@pytest.mark.parametrize("running, said", ELSEWHERE)
def test_elsewhere(running, said):
    running = {"application": "pg_migrate 3/7 42", **running}
    assert progress.at_work_elsewhere(running) == "pg_migrate 3/7 42 is at work" + said


def test_ended():
    assert progress.ended(1, 7, ENDED[:1]) == "  [1/7] 1  a  40 ms"
    assert progress.ended(2, 7, ENDED) == "  [2/7] 2 migrations, the last 2  b\\x1b  0.1 s"


def test_beginning():
    assert progress.beginning("shop@db1/shop", 7, on_copy=False) == "shop@db1/shop · running 7 migrations"
    assert progress.beginning(None, 1, on_copy=True) == "rehearsing 1 migration"


def test_phase():
    assert progress.phase("makes a copy", 3.2) == "  makes a copy, for 3.2 s"


def said(states, seconds=1):
    """Return at which seconds there is a line, where the state is looked at once a second."""
    pace = Pace()
    return [second for second, state in enumerate(states) if pace.is_due(state, float(second * seconds))]


def test_what_doesnt_change_is_said_less_and_less_often():
    assert said(["a"] * 100) == [0, 2, 7, 17, 37, 67, 97]


def test_what_changes_is_said_at_once():
    assert said(["a", "a", "a", "a", "b", "b", "c", "c", "c"]) == [0, 2, 4, 6, 8]


def test_the_statements_of_a_loop_are_no_change():
    assert WORK._replace(sent=7).state == WORK._replace(sent=9, seconds=20, percent=8).state
    assert WORK._replace(blockers=[PSQL]).state != WORK.state
    assert WORK._replace(statement=(2, 3, "")).state != WORK.state

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the results of two databases say the same."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.fleet.likeness import told_of

ROW = {"version": "1", "name": "a", "duration_ms": 3, "rows_changed": 7, "outcome": "applied"}
HAZARD = {"version": "1", "kind": "scan", "table": "t", "detail": None, "size_bytes": 10, "rows": 1}
PRECHECK = {"version": "1", "table": "t", "constraint": "NOT NULL (x)", "verdict": "passed", "rows": 0, "reason": None}
RESULT = {
    "plan": [ROW],
    "hazards": [HAZARD],
    "diff": [{"prepared": "+x"}],
    "current_version": "1",
    "plan_digest": "a-b-c",
    "pending": [],
    "prechecks": [PRECHECK],
}
SAME = {
    "took longer": {"plan": [{**ROW, "duration_ms": 900}]},
    "wrote more rows": {"plan": [{**ROW, "rows_changed": 900}]},
    "a larger table": {"hazards": [{**HAZARD, "size_bytes": 900, "rows": 2}]},
    "another reason": {"prechecks": [{**PRECHECK, "reason": "it took too long"}]},
    "what isn't told": {"msg": "another"},
}
OTHER = {
    "another migration": {"plan": [{**ROW, "version": "2"}]},
    "not run": {"plan": [{**ROW, "outcome": "not_run"}]},
    "another diff": {"diff": [{"prepared": "+y"}]},
    "another version": {"current_version": "2"},
    "another hazard": {"hazards": [{**HAZARD, "table": "u"}]},
    "another schema": {"plan_digest": "x-b-c"},
    "rows not looked at": {"prechecks": [{**PRECHECK, "verdict": "not_checked"}]},
    "drift": {"drift": {"since": "now", "diff": "+z"}, "diff": [{"prepared": "drift"}, {"prepared": "+x"}]},
    "something left": {"pending": [{"version": "9"}]},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_same(change):
    assert told_of(RESULT)[1] == told_of({**RESULT, **change})[1]


@pytest.mark.parametrize("change", OTHER.values(), ids=OTHER)
def test_other(change):
    assert told_of(RESULT)[1] != told_of({**RESULT, **change})[1]


def test_drift_of_the_same_kind_at_another_time_is_the_same():
    def drifted(since):
        diff = [{"prepared": "since %s" % since}, {"prepared": "+x"}]
        return {**RESULT, "drift": {"since": since, "diff": "+z"}, "diff": diff}

    assert told_of(drifted("yesterday"))[1] == told_of(drifted("today"))[1]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run's report → what the task returns."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.report import Applied, Checked, Report
from ansible_collections.pgops.migrations.plugins.module_utils.model import (
    Direction,
    Outcome,
    Plan,
    Progress,
    Reason,
    Script,
    Step,
    Version,
)
from ansible_collections.pgops.migrations.plugins.module_utils.precheck import Answer, Precheck, Verdict
from ansible_collections.pgops.migrations.plugins.module_utils.task.results import failure, migrate_result

REHEARSAL = SimpleNamespace(
    where="a copy",
    unproved=("rows: none", "time: unknown"),
    on="cluster",
    role="shop",
    changes=(("2", "2 changes roles"),),
    progress=Progress(),
    duration_ms=1200,
)


def versions(texts):
    return tuple(Version.parse(text) for text in texts.split())


def script(text):
    return Script(Version.parse(text), "n" + text, "sql", "/m/%s" % text)


def steps(texts, direction=Direction.UP):
    return tuple(Step(script(text), direction) for text in texts.split())


def outcomes(texts, direction=Direction.UP):
    return tuple(Outcome(step, 1200) for step in steps(texts, direction))


def report_of(plan, progress, rehearsal=None, diffs=None):
    """Return the report of a run that was rehearsed, or has taken snapshots."""
    checked = Checked(rehearsal) if rehearsal else None
    applied = Applied(diffs) if diffs is not None else None
    return Report(plan, progress, checked=checked, applied=applied)


def up(applied="", done="", left="", failed="", latest="9", **report):
    """Return the report of a run with these versions applied before it, done by it, and left."""
    progress = Progress(outcomes(done), failed=outcomes(failed)[0] if failed else None, left=steps(left))
    plan = Plan(steps("%s %s" % (done, left)), applied=versions(applied), latest=Version.parse(latest))
    return report_of(plan, progress, **report)


def down(applied="", done="", left="", latest="9", **report):
    """Return the same of a roll back."""
    progress = Progress(outcomes(done, Direction.DOWN), left=steps(left, Direction.DOWN))
    plan = Plan(steps("%s %s" % (done, left), Direction.DOWN), applied=versions(applied), latest=Version.parse(latest))
    return report_of(plan, progress, **report)


def found(result, key):
    return " ".join(each["version"] for each in result[key])


RUNS = {
    # name: report, check mode → changed, applied, rolled_back, pending, current_version, the beginning of msg
    "nothing to do": (up("1 2"), False, False, "", "", "", "2", "Nothing to do; the database is at version 2."),
    "nothing to check": (up("1"), True, False, "", "", "", "1", "Nothing to do; the database is at version 1."),
    "nothing at all": (up(), False, False, "", "", "", None, "Nothing to do; the database is at version 0."),
    "one": (up("1", "2"), False, True, "2", "", "", "2", "Applied 1 migration (2) in 1.2 s."),
    "some": (up("", "1 2 3"), False, True, "1 2 3", "", "", "3", "Applied 3 migrations (1 … 3) in 3.6 s."),
    "out of order": (up("1 10", "9"), False, True, "9", "", "", "10", "Applied 1 migration (9) in 1.2 s."),
    "rehearsed": (up("1", "2 3", rehearsal=REHEARSAL), True, True, "2 3", "", "", "3",
                  "Would apply 2 migrations (2 … 3); rehearsed in a copy."),
    "listed": (up("1", "", "2 3"), True, True, "", "", "2 3", "1", "Would apply 2 migrations (2 … 3); not rehearsed."),
    "rehearsed in part": (up("1", "2", "3 4", rehearsal=REHEARSAL), True, True, "2", "", "3 4", "2",
                          "Would apply 3 migrations (2 … 4); rehearsed in a copy, but not from 3_n3 on."),
    "failed at once": (up("1", "", "2 3", "2"), False, False, "", "", "2 3", "1", ""),
    "failed later": (up("1", "2", "3 4", "3"), False, True, "2", "", "3 4", "2", ""),
    "failed in the rehearsal": (up("1", "", "2 3", "2"), True, False, "", "", "2 3", "1", ""),
    "rolled back": (down("1 2 3", "3 2"), False, True, "", "3 2", "", "1",
                    "Rolled back 2 migrations (3 … 2) in 2.4 s."),
    "rolled back all": (down("1", "1"), False, True, "", "1", "", None, "Rolled back 1 migration (1) in 1.2 s."),
    "rolled back one below": (down("1 2 3", "2"), False, True, "", "2", "", "3",
                              "Rolled back 1 migration (2) in 1.2 s."),
    "roll back rehearsed": (down("1 2", "2", rehearsal=REHEARSAL), True, True, "", "2", "", "1",
                            "Would roll back 1 migration (2); rehearsed in a copy."),
    "roll back listed": (down("1 2", "", "2"), True, True, "", "", "", "2",
                         "Would roll back 1 migration (2); not rehearsed."),
}  # fmt: skip


def test_what_is_deferred_is_counted():
    deferred = tuple((script(text), Reason.DEFERRED) for text in ("3", "4"))
    for report, message in (
        (up("1", "2"), "Applied 1 migration (2) in 1.2 s; 2 deferred."),
        (up("1"), "Nothing to do; the database is at version 1; 2 deferred."),
    ):
        report = report._replace(plan=report.plan._replace(left_out=deferred))
        assert migrate_result(report, False)["msg"] == message


@pytest.mark.parametrize("name", RUNS)
def test_run(name):
    report, checking, changed, applied, rolled_back, pending, current, message = RUNS[name]
    result = migrate_result(report, checking)
    assert result["changed"] is changed
    assert (found(result, "applied"), found(result, "rolled_back")) == (applied, rolled_back)
    assert found(result, "pending") == pending
    assert result["current_version"] == current
    assert result["msg"].startswith(message)
    assert ("failed_migration" in result) is (report.progress.failed is not None)
    assert json.loads(json.dumps(result)) == result, "it consists of what JSON has"


@pytest.mark.parametrize("latest, shown", [("9", "9"), ("2019-01-02", "2019-01-02"), ("007", "007"), ("1.10", "1.10")])
def test_versions_are_as_in_the_file_name(latest, shown):
    result = migrate_result(up(done=latest, latest=latest), False)
    assert (result["latest_version"], result["current_version"], found(result, "applied")) == (shown,) * 3


def test_no_scripts():
    assert migrate_result(Report(Plan(())), False)["latest_version"] is None


@pytest.mark.parametrize(
    "diffs, changed, shown",
    [
        ((), False, []),
        (("",), False, []),
        (("-a\n+b\n",), True, ["-a\n+b\n"]),
        (("", "-a\n", "", "+b\n"), True, ["-a\n", "+b\n"]),
    ],
)
def test_diffs(diffs, changed, shown):
    result = migrate_result(up("1", "2", diffs=diffs), False)
    assert result["schema_changed"] is changed
    assert result["diff"] == [{"prepared": text} for text in shown]


def test_no_snapshots_no_diff():
    assert not {"schema_changed", "diff"} & set(migrate_result(up("1", "2"), False))


@pytest.mark.parametrize(
    "rehearsal, shown",
    [
        (None, None),
        (
            REHEARSAL,
            {
                **{"where": "a copy", "on": "cluster", "role": "shop", "duration_ms": 1200},
                **{"not_proved": ["rows: none", "time: unknown"]},
            },
        ),
    ],
)
def test_rehearsal(rehearsal, shown):
    result = migrate_result(up("1", "2", rehearsal=rehearsal), True)
    assert result.get("rehearsal") == shown
    assert result.get("cluster_changes") == (["2 changes roles"] if shown else None)


@pytest.mark.parametrize(
    "found", [None, (), (Precheck("2", "2_x", "public.t", "NOT NULL (a)", Answer(Verdict.PASSED)),)]
)
def test_prechecks(found):
    report = Report(Plan(steps("2")), Progress(), checked=Checked(REHEARSAL, prechecks=found))
    shown = {"version": "2", "table": "public.t", "constraint": "NOT NULL (a)", "verdict": "passed"}
    shown.update({"rows": None, "sample": [], "reason": None})
    assert migrate_result(report, True).get("prechecks") == (None if found is None else [shown] if found else [])


@pytest.mark.parametrize(
    "output, note, lines",
    [
        ("", None, []),
        ("one\n", None, ["one"]),
        ("one\n\ntwo", "ran outside", ["one", "", "two"]),
        ("naïve 😀\r\n", None, ["naïve 😀"]),
    ],
)
def test_one_migration(output, note, lines):
    done = (Outcome(steps("007")[0], 1234, output, note),)
    shown = {"version": "007", "name": "n007", "path": "/m/007", "duration_ms": 1234, "output": lines, "reason": note}
    assert migrate_result(Report(Plan(steps("007")), Progress(done)), False)["applied"] == [shown]
    failed = Report(Plan(steps("007")), Progress(failed=done[0], left=steps("007")))
    assert migrate_result(failed, False)["failed_migration"] == shown


def test_what_is_left_out_says_why():
    left_out = ((script("2"), Reason.DEFERRED), (script("4"), Reason.BEYOND_VERSION))
    skipped = outcomes("3")
    plan = Plan(steps("1 3"), left_out, (), Version.parse("4"))
    result = migrate_result(Report(plan, Progress(outcomes("1"), skipped)), False)
    assert [(each["version"], each["reason"]) for each in result["pending"]] == [("4", "beyond_version")]
    assert [each["version"] for each in result["passed_over"]] == ["2", "3"]
    assert result["passed_over"][0]["reason"] == "deferred"
    assert found(result, "applied") == "1"


def test_what_has_not_run_says_so():
    result = migrate_result(up("1", "2", "3 4", "3"), False)
    assert [each["reason"] for each in result["pending"]] == ["not_run", "not_run"]


def test_failure_leaves_the_sentence_to_the_error():
    result = failure(up("1", "2", "3", "3"), False)
    assert "msg" not in result
    assert (result["changed"], found(result, "applied"), found(result, "pending")) == (True, "2", "3")
    assert result["failed_migration"]["version"] == "3"


REHEARSED = SimpleNamespace(**{**vars(REHEARSAL), "progress": Progress(outcomes("1"))})
PLANNED = {
    "nothing is pending": (Report(Plan(())), False, [], []),
    "a real run": (
        report_of(Plan(steps("1 2")), Progress(outcomes("1 2")), diffs=()),
        False,
        ["applied", "applied"],
        ["applied in 2.4 s · 2 migrations, 1 → 2", "  1  n1  sql  1.2 s", "  2  n2  sql  1.2 s"],
    ),
    "one that didn't want to run": (
        report_of(Plan(steps("1 2")), Progress(outcomes("1"), skipped=outcomes("2")), diffs=()),
        False,
        ["applied"],
        ["applied in 1.2 s · 1 migration, 1", "  1  n1  sql  1.2 s"],
    ),
    "a rehearsal": (
        report_of(Plan(steps("1")), Progress(), REHEARSED),
        True,
        ["rehearsed"],
        [
            "rehearsed in a throwaway cluster in 1.2 s · 1 migration, 1",
            "  1  n1  sql  1.2 s",
            "  not proved: rows, time",
        ],
    ),
    "a failure": (
        report_of(Plan(steps("1 2")), Progress(outcomes("1"), failed=outcomes("2")[0], left=steps("2")), diffs=()),
        False,
        ["applied", "failed"],
        ["failed at 2, 1 applied · 2 migrations, 1 → 2", "  1  n1  sql  1.2 s", "  2  n2  sql  1.2 s  ✗ failed"],
    ),
    "a failure on a copy": (
        report_of(Plan(steps("2")), Progress(failed=outcomes("2")[0], left=steps("2"))),
        True,
        ["failed_in_rehearsal"],
        ["failed at 2 in the rehearsal, 0 applied · 1 migration, 2", "  2  n2  sql  1.2 s  ✗ failed"],
    ),
}


@pytest.mark.parametrize("name", PLANNED)
def test_plan_and_summary(name):
    report, checking, fates, lines = PLANNED[name]
    result = (failure if report.progress.failed else migrate_result)(report, checking)
    assert [row["outcome"] for row in result["plan"]] == fates
    assert result["summary"] == lines


def test_a_summary_that_cant_be_made_spoils_no_result():
    report = report_of(Plan(steps("1")), Progress(), SimpleNamespace(**{**vars(REHEARSAL), "progress": None}))
    result = migrate_result(report, True)
    assert result["plan"] == []
    assert result["summary"][0].startswith("Not all of this could be made (AttributeError")

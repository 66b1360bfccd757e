# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""(scripts on disk, history, what is asked for) → steps, in a table.

A script is written as its version, with ``*`` behind a repeatable and ``~`` behind a deferred one. A row of the
history is a version; ``~`` behind it: deferred; ``=``: of the baseline. Rows stand in the order of application.
"""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import (
    Irreversible,
    Missing,
    OptionInvalid,
    UnknownVersion,
)
from ansible_collections.pgops.migrations.plugins.module_utils.model import Direction, HistoryRow, Script, Version
from ansible_collections.pgops.migrations.plugins.module_utils.planning.plan import (
    plan_baseline,
    plan_migrate,
    plan_rollback,
)


def on_disk(written):
    """Return scripts, ordered by version as discovery gives them."""
    scripts = [
        Script(
            Version.parse(word.rstrip("*~")), "name", "sql", "/m", repeatable="*" in word, deferred=word.endswith("~")
        )
        for word in written.split()
    ]
    return tuple(sorted(scripts, key=lambda script: script.version))


def recorded(written):
    """Return rows, one second after the other."""
    rows = []
    for number, word in enumerate(written.split()):
        text = word.rstrip("~=")
        time = None if word.endswith("~") else "2026-01-01T00:00:%02d.000000Z" % number
        event = "baseline" if word.endswith("=") else "applied"
        rows.append(HistoryRow(Version.parse(text), time, "name", "0" * 64, event, (text,)))
    return tuple(rows)


def words(versions):
    return " ".join(str(version) for version in versions)


def current(plan):
    return str(max(plan.applied, default="-"))


MIGRATE = {
    # name: scripts, history, version → steps, left out (with the reason), current, latest
    "nothing on disk": ("", "", None, "", "", "-", None),
    "nothing on disk but a history": ("", "1 2", None, "", "", "2", None),
    "a new database": ("1 2 3", "", None, "1 2 3", "", "-", "3"),
    "all applied": ("1 2 3", "1 2 3", None, "", "", "3", "3"),
    "the rest": ("1 2 3", "1", None, "2 3", "", "1", "3"),
    "numbers, not texts": ("10 9 1", "", None, "1 9 10", "", "-", "10"),
    "out of order": ("1 2 3", "1 3", None, "2", "", "3", "3"),
    "only out of order": ("1 2 3", "3", None, "1 2", "", "3", "3"),
    "applied in another order": ("1 2 3", "3 1", None, "2", "", "3", "3"),
    "a file that is gone": ("1 3", "1 2", None, "3", "", "2", "3"),
    "a history beyond the files": ("1 2", "1 2 9", None, "", "", "9", "2"),
    "one version in two spellings": ("007 2019-01-02", "7 20190102", None, "", "", "20190102", "2019-01-02"),
    "Flyway's trailing zeros": ("1.0 1.1", "1", None, "1.1", "", "1", "1.1"),
    "deferred by hand": ("1 2 3", "1 2~", None, "3", "2 deferred", "1", "3"),
    "nothing but deferred": ("1 2", "1~ 2~", None, "", "1 deferred, 2 deferred", "-", "2"),
    "the highest is deferred": ("1 2", "1 2~", None, "", "2 deferred", "1", "2"),
    "deferred by its own word": ("1 2~ 3", "", None, "1 3", "2 deferred", "-", "3"),
    "deferred, yet applied": ("1 2~ 3", "1 2", None, "3", "", "2", "3"),
    "repeatable": ("1* 2", "1 2", None, "1", "", "2", "2"),
    "repeatable and new": ("1* 2", "", None, "1 2", "", "-", "2"),
    "repeatable and marked as deferred": ("1* 2", "1~ 2", None, "", "1 deferred", "2", "2"),
    "repeatable and deferred by its word": ("1*~ 2", "1 2", None, "", "1 deferred", "2", "2"),
    "up to a version": ("1 2 3", "", "2", "1 2", "3 beyond_version", "-", "3"),
    "up to the last": ("1 2 3", "", "3", "1 2 3", "", "-", "3"),
    "up to the first": ("1 2 3", "", "1", "1", "2 beyond_version, 3 beyond_version", "-", "3"),
    "up to what is there": ("1 2 3", "1 2", "2", "", "3 beyond_version", "2", "3"),
    "up to below what is there": ("1 2 3", "1 2", "1", "", "3 beyond_version", "2", "3"),
    "up to below what is there, out of order": ("1 2 3 4", "1 3", "2", "2", "4 beyond_version", "3", "4"),
    "a version in another spelling": ("1 007 10", "", "7", "1 007", "10 beyond_version", "-", "10"),
    "a version without its dashes": ("2019-01-02 2019-01-03", "", "20190102", "2019-01-02",
                                     "2019-01-03 beyond_version", "-", "2019-01-03"),
    "up to a deferred one": ("1 2 3", "2~", "2", "1", "2 deferred, 3 beyond_version", "-", "3"),
    "a deferred one beyond": ("1 2", "2~", "1", "1", "2 beyond_version", "-", "2"),
    "a repeatable one beyond": ("1 2*", "1 2", "1", "", "", "2", "2"),
}  # fmt: skip


@pytest.mark.parametrize("name", MIGRATE)
def test_migrate(name):
    scripts, history, version, steps, left_out, highest, latest = MIGRATE[name]
    plan = plan_migrate(on_disk(scripts), recorded(history), version)
    assert words(step.script.version for step in plan.steps) == steps
    assert ", ".join("%s %s" % (script.version, reason.value) for script, reason in plan.left_out) == left_out
    assert current(plan) == highest
    assert (None if plan.latest is None else str(plan.latest)) == latest
    assert all(step.direction is Direction.UP for step in plan.steps)


@pytest.mark.parametrize(
    "scripts, history, version, steps",
    [
        ("1 2 3", "1 2~", None, "2 deferred, 3 pending"),
        ("1 2~ 3", "", None, "1 pending, 2 deferred, 3 pending"),
        ("1 2~ 3", "1 2 3", None, ""),
        ("1* 2", "1~ 2", None, "1 deferred"),
        ("1*~ 2", "1 2", None, "1 deferred"),
        ("1* 2", "1 2", None, "1 repeatable"),
        ("1 2 3", "1 3~", "2", "2 pending"),
    ],
)
def test_run_deferred(scripts, history, version, steps):
    plan = plan_migrate(on_disk(scripts), recorded(history), version, run_deferred=True)
    assert ", ".join("%s %s" % (step.script.version, step.reason.value) for step in plan.steps) == steps


def test_a_step_knows_the_rows_that_it_replaces():
    rows = (HistoryRow(Version.parse("7"), None, spellings=("7", "007")),)
    (step,) = plan_migrate(on_disk("007"), rows, run_deferred=True).steps
    assert step.spellings == ("7", "007")
    (step,) = plan_migrate(on_disk("8"), rows).steps
    assert step.spellings == ()


ROLL_BACK = {
    # name: scripts, history, version, steps → what is rolled back
    "the last one": ("1 2 3", "1 2 3", None, 1, "3"),
    "the last two": ("1 2 3", "1 2 3", None, 2, "3 2"),
    "more than there are": ("1 2 3", "1 2", None, 9, "2 1"),
    "nothing applied": ("1 2", "", None, 1, ""),
    "by time, not by version": ("1 2 3", "3 1 2", None, 2, "2 1"),
    "deferred ones stay": ("1 2 3", "1 2 3~", None, 1, "2"),
    "to a version": ("1 2 3", "1 2 3", "1", 1, "3 2"),
    "to the highest": ("1 2 3", "1 2 3", "3", 1, ""),
    "to one beyond": ("1 2 3", "1 2", "3", 1, ""),
    "to nothing": ("1 2 3", "1 2 3", "0", 1, "3 2 1"),
    "to a version, by time": ("1 2 3", "3 1 2", "1", 1, "2 3"),
    "to another spelling": ("007 10", "7 10", "7", 1, "10"),
    "to a version whose file is gone": ("2 3", "1 2 3", "1", 1, "3 2"),
    "to a version, deferred ones stay": ("1 2 3", "1 2~ 3", "1", 1, "3"),
    "above the baseline": ("1 2 3", "1= 2= 3", "2", 1, "3"),
    "the last one, above the baseline": ("1 2", "1= 2", None, 1, "2"),
    "a file that is gone, but isn't concerned": ("2 3", "1 2 3", None, 2, "3 2"),
}


@pytest.mark.parametrize("name", ROLL_BACK)
def test_roll_back(name):
    scripts, history, version, number, steps = ROLL_BACK[name]
    plan = plan_rollback(on_disk(scripts), recorded(history), version, number)
    assert words(step.script.version for step in plan.steps) == steps
    assert all(step.direction is Direction.DOWN for step in plan.steps)


def test_applied_at_one_time_the_higher_version_goes_first():
    rows = tuple(HistoryRow(Version.parse(text), "2026-01-01T00:00:00.000000Z") for text in ("10", "9", "11"))
    plan = plan_rollback(on_disk("9 10 11"), rows, steps=3)
    assert words(step.script.version for step in plan.steps) == "11 10 9"


@pytest.mark.parametrize(
    "scripts, history, version, steps, error, about",
    [
        ("1 2", "1= 2=", None, 1, Irreversible, "2"),
        ("1 2 3", "1= 2= 3", "1", 1, Irreversible, "2"),
        ("1 2 3", "1= 2= 3", None, 2, Irreversible, "2"),
        ("1 3", "1 2 3", None, 2, Missing, "2"),
        ("1 3", "1 2 3", "0", 1, Missing, "2"),
        ("1 2", "1 2", "5", 1, UnknownVersion, "5"),
        ("1 2", "1 2", None, 0, OptionInvalid, None),
        ("1 2", "1 2", None, -1, OptionInvalid, None),
    ],
)
def test_no_roll_back(scripts, history, version, steps, error, about):
    with pytest.raises(error) as caught:
        plan_rollback(on_disk(scripts), recorded(history), version, steps)
    assert caught.value.version == about
    assert caught.value.hint


def test_the_lowest_version_is_named():
    with pytest.raises(Irreversible) as caught:
        plan_rollback(on_disk("1 9 10 11"), recorded("1= 9= 10= 11"), "1")
    assert "Version 10, the baseline's, is the lowest" in str(caught.value.hint)


@pytest.mark.parametrize(
    "version, expected",
    [("0", ""), ("latest", "1 2 007"), ("1", "1"), ("2", "1 2"), ("7", "1 2 007"), ("0-2", "1 2")],
)
def test_baseline(version, expected):
    assert words(script.version for script in plan_baseline(on_disk("1 2 007"), version)) == expected


@pytest.mark.parametrize("plan", [lambda version, scripts: plan_migrate(scripts, (), version),
                                  lambda version, scripts: plan_rollback(scripts, (), version),
                                  lambda version, scripts: plan_baseline(scripts, version)],
                         ids=["migrate", "roll back", "baseline"])  # fmt: skip
@pytest.mark.parametrize(
    "version, scripts, hinted",
    [
        ("20151217170515", "20151217170514 20160118103000", ["20151217170514"]),
        ("2015121717514", "20151217170514 20160118103000", ["20151217170514"]),
        ("4", "1 2 3", ["1", "2", "3"]),
        ("9999", "1 2 3 5 6", ["3", "5", "6"]),
        ("4", "", ["no scripts"]),
        ("1.5", "1.4 1.6", ["1.4", "1.6"]),
        ("head", "1", ["file name"]),
        ("", "1", ["file name"]),
        ("1 ", "1", ["file name"]),
        ("'; DROP TABLE x; --", "1", ["file name"]),
    ],
)
def test_unknown_version(plan, version, scripts, hinted):
    with pytest.raises(UnknownVersion) as caught:
        plan(version, on_disk(scripts))
    assert version in caught.value.sentence()
    assert all(word in caught.value.hint for word in hinted)

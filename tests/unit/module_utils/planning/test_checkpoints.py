# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan makes of checkpoints, in a table.

A script is written as its version. ``3[1,2,3]`` is a checkpoint that takes the place of 1, 2 and 3, and ``3[]`` one of
a tool that doesn't list them. ``*`` behind a script: repeatable; ``'``: changed since it was squashed. A row of the
history is a version; ``^``: it came with a checkpoint; ``~``: deferred.
"""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.model import (
    Checkpoint,
    Flaw,
    HistoryRow,
    Replaced,
    Script,
    Version,
)
from ansible_collections.pgops.migrations.plugins.module_utils.planning.integrity import examine
from ansible_collections.pgops.migrations.plugins.module_utils.planning.plan import (
    plan_baseline,
    plan_migrate,
    plan_rollback,
)

SUM, OTHER = "0" * 64, "1" * 64


def on_disk(written: str) -> tuple[Script, ...]:
    """Return scripts, ordered by version as discovery gives them."""
    return tuple(sorted(map(_script, written.split()), key=lambda script: script.version))


def _script(word: str) -> Script:
    text, bracket, inside = word.partition("[")
    if not bracket:
        checksum = OTHER if word.endswith("'") else SUM
        return Script(Version.parse(word.rstrip("*'")), "n", "sql", "/m", checksum=checksum, repeatable="*" in word)
    versions = [each for each in inside.rstrip("]").split(",") if each]
    replaces = tuple(Replaced(each, SUM, "n") for each in versions) or None
    checkpoint = Checkpoint(replaces)
    return Script(Version.checkpoint(text), "base", "checkpoint", "/m/c", checksum=OTHER, checkpoint=checkpoint)


def recorded(written: str) -> tuple[HistoryRow, ...]:
    """Return rows, one second after the other."""
    rows = []
    for number, word in enumerate(written.split()):
        text = word.rstrip("~^")
        time = None if word.endswith("~") else "2026-01-01T00:00:%02d.000000Z" % number
        event = "checkpoint" if word.endswith("^") else "applied"
        rows.append(HistoryRow(Version.parse(text), time, "n", None, event, (text,)))
    return tuple(rows)


# on disk, in the history → what is run, and what is recorded with the checkpoint
BEGINNINGS = {
    "a new database begins with it": ("1 2 3 3[1,2,3] 4", "", None, "3c 4", "1 2"),
    "where the files are gone too": ("3[1,2,3] 4", "", None, "3c 4", "1 2"),
    "and there is nothing behind it": ("3[1,2,3]", "", None, "3c", "1 2"),
    "the last of them": ("1 2 2[1,2] 3 3[1,2,3] 4", "", None, "3c 4", "1 2"),
    "one that goes beyond a version isn't for it": ("1 2 2[1,2] 3 4 4[1,2,3,4]", "", "3", "2c 3", "1"),
    "none does": ("1 2 3 3[1,2,3] 4", "", "2", "1 2", ""),
    "exactly that version": ("3[1,2,3] 4", "", "3", "3c", "1 2"),
    "beyond the first of two, with files": ("3[1,2,3] 4 5 6[1,2,3,4,5,6] 7", "", "4", "3c 4", "1 2"),
    "beyond the version, and what is gone is beyond it too": ("1 2 4[1,2,3,4] 5", "", "2", "1 2", ""),
    "what was merged late isn't in it": ("1 2 2.5 3 3[1,2,3] 4", "", None, "3c 2.5 4", "1 2"),
    "nor is what is asked each time": ("1 2* 3 3[1,3] 4", "", None, "3c 2* 4", "1"),
    "a database that has all": ("1 2 3 3[1,2,3] 4", "1 2 3", None, "4", ""),
    "a database that has all, and the files are gone": ("3[1,2,3] 4", "1 2 3", None, "4", ""),
    "a database that has begun with it": ("1 2 3 3[1,2,3] 4", "1^ 2^ 3^", None, "4", ""),
    "a database in the middle goes on with the old ones": ("1 2 3 3[1,2,3] 4", "1", None, "2 3 4", ""),
    "and may stop before": ("1 2 3[1,2,3] 4", "1", "2", "2", ""),
    "it has the first checkpoint and not all of the second": ("3 4 2[1,2] 4[1,2,3,4]", "1^ 2^ 3", None, "4", ""),
    "a script that is deferred here": ("1 2 3 3[1,2,3]", "1 2~ 3", None, "", ""),
    "another tool's: a new database": ("1 2 3 3[] 4", "", None, "3c 4", "1 2"),
    "another tool's, files gone": ("3[] 4", "", None, "3c 4", ""),
    "another tool's: one that has all": ("1 2 3 3[] 4", "1 2 3", None, "4", ""),
    "another tool's: one that has all, files gone": ("3[] 4", "1 2 3", None, "4", ""),
    "another tool's: one that has more": ("4 3[]", "1 2 4", None, "", ""),
    "another tool's: in the middle": ("1 2 3 3[] 4", "1", None, "2 3 4", ""),
    "another tool's: with a version of its own": ("1 2 3[] 4", "1 2", None, "4", ""),
    "another tool's: what came late is below it": ("1 1.5 3[] 4", "1^ 3^", None, "4", ""),
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_plan_migrate(name: str) -> None:
    scripts, history, target, run, with_it = BEGINNINGS[name]
    plan = plan_migrate(on_disk(scripts), recorded(history), target)
    words = [
        "%s%s%s" % (each.script.version, "c" * (each.script.checkpoint is not None), "*" * each.script.repeatable)
        for each in plan.steps
    ]
    assert " ".join(words) == run
    replaces = [str(each.version) for step in plan.steps for each in step.replaces]
    assert " ".join(replaces) == with_it


# on disk, in the history, up to which version → kind of the error, words of the message
REFUSED = {
    "in the middle, files gone": ("3[1,2,3] 4", "1", None, "missing", "has 1 of the 3 .* gone: 2_n, 3_n"),
    "in the middle, some files gone": ("2 3[1,2,3] 4", "1", None, "missing", "gone: 3_n"),
    "another tool's, in the middle, files gone": ("3[] 4", "1", None, "missing", "gone: 3_base"),
    "new, all below the version is gone": (
        *("2 2[1,2]", "", "1", "missing"),
        r"version 1: .* gone \(1_n\), and the checkpoint that takes their place, 2_base, goes",
    ),
    "new, some below the version is": ("2 3[1,2,3] 3 4", "", "2", "missing", r"gone \(1_n\)"),
    "new, the version's own file is": ("1 3[1,2,3] 3 4", "", "2", "missing", r"gone \(2_n\)"),
    "new, what is behind the first of two": (
        *("3[1,2,3] 6[1,2,3,4,5,6] 7", "", "4", "missing"),
        r"version 4: .* gone \(4_n\), and the checkpoint that takes their place, 6_base, goes",
    ),
    "two that overlap": ("4[2,3,4] 3[1,2,3]", "", None, "script_invalid", "overlap: .*doesn't take the place of 1_n"),
    "two that overlap, with another tool's between": (
        *("3[1,2,3] 4[] 6[4,5,6]", "", None, "script_invalid"),
        "overlap: .*doesn't take the place of 1_n",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    scripts, history, target, kind, words = REFUSED[name]
    with pytest.raises(MigrationError, match=words) as caught:
        plan_migrate(on_disk(scripts), recorded(history), target)
    assert caught.value.kind == kind
    assert "Nothing was touched" in str(caught.value.hint)


# on disk, in the history → findings
FINDINGS = {
    "what it takes the place of isn't missing": ("3[1,2,3] 4", "1 2 3", []),
    "nor is what another tool's does": ("3[] 4", "1 2 3", []),
    "what is above it is": ("3[1,2,3]", "1 2 3 4", ["missing 4"]),
    "scripts that have changed since": ("1 2' 3 3[1,2,3]", "", ["squashed 2"]),
    "are no matter to one that has them": ("1 2' 3 3[1,2,3]", "1 2 3", []),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_findings(name: str) -> None:
    scripts, history, expected = FINDINGS[name]
    plan = plan_migrate(on_disk(scripts), recorded(history))
    found = examine(on_disk(scripts), recorded(history), plan)
    assert ["%s %s" % (each.flaw.value, each.version) for each in found] == expected


def test_a_checkpoint_that_was_changed_after_a_database_has_begun_with_it() -> None:
    rows = [row._replace(checksum=SUM) if str(row.version) == "3" else row for row in recorded("1^ 2^ 3^")]
    scripts = on_disk("1 2 3 3[1,2,3] 4")
    found = examine(scripts, rows, plan_migrate(scripts, rows))
    assert [(each.flaw, each.path) for each in found] == [(Flaw.MODIFIED, "/m/c")]


@pytest.mark.parametrize("target, steps", [("2", 1), ("0", 1), (None, 3)])
def test_nothing_is_rolled_back_over_it(target: str | None, steps: int) -> None:
    with pytest.raises(MigrationError, match="came with a checkpoint") as caught:
        plan_rollback(on_disk("1 2 3 3[1,2,3] 4"), recorded("1^ 2^ 3^ 4"), target, steps)
    assert caught.value.kind == "irreversible"
    assert "Version 3, the checkpoint's, is the lowest" in str(caught.value.hint)


def test_what_is_above_it_is_rolled_back() -> None:
    plan = plan_rollback(on_disk("3[1,2,3] 4 5"), recorded("1^ 2^ 3^ 4 5"), "3")
    assert [str(step.script.version) for step in plan.steps] == ["5", "4"]


@pytest.mark.parametrize("version, expected", [("latest", "1 2 3 4"), ("3", "1 2 3"), ("2", "1 2"), ("0", "")])
def test_a_baseline_knows_what_it_takes_the_place_of(version: str, expected: str) -> None:
    baseline = plan_baseline(on_disk("3[1,2,3] 4"), version)
    assert " ".join(str(script.version) for script in baseline) == expected

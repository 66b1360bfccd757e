# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts, history and policies → what is refused, warned of and left out, in a table.

A script is written as version:checksum, with ``*`` behind a repeatable one; a row of the history likewise, with ``~``
behind a deferred one; one without a checksum comes from another tool.
"""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.model import HistoryRow, Script, Version
from ansible_collections.pgops.migrations.plugins.module_utils.planning.integrity import examine, settle
from ansible_collections.pgops.migrations.plugins.module_utils.planning.plan import plan_migrate
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies


def script(word):
    version, dummy, checksum = word.rstrip("*").partition(":")
    return Script(Version.parse(version), "x", "sql", "/m/" + version, checksum=checksum, repeatable="*" in word)


def row(word):
    version, dummy, checksum = word.rstrip("~").partition(":")
    applied = None if word.endswith("~") else "2026-01-01"
    return HistoryRow(Version.parse(version), applied, "x", checksum or None, "applied", (version,))


def plan_of(scripts, history):
    scripts, rows = [script(word) for word in scripts.split()], [row(word) for word in history.split()]
    plan = plan_migrate(scripts, rows)
    return plan._replace(findings=examine(scripts, rows, plan))


FINDINGS = {
    # name: scripts, history → findings
    "all is well": ("1:a 2:b 3:c", "1:a 2:b", ""),
    "modified": ("1:a 2:B", "1:a 2:b", "modified 2"),
    "modified, two of them": ("1:A 2:B", "1:a 2:b", "modified 1, modified 2"),
    "a repeatable one may change": ("1:A*", "1:a", ""),
    "another tool recorded no checksum": ("1:A", "1", ""),
    "a later release recorded it in another format": ("1:a 2:B", "1:2:x 2:2:b", ""),
    "a deferred one hasn't been applied": ("1:A", "1:a~", ""),
    "missing": ("2:b", "1:a 2:b", "missing 1"),
    "a deferred one that is gone": ("2:b", "1:a~ 2:b", ""),
    "out of order": ("1:a 2:b 3:c 4:d", "1:a 3:c", "out_of_order 2"),
    "all at once": ("2:b 3:C 4:d", "1:a 3:c", "modified 3, missing 1, out_of_order 2"),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_findings(name):
    scripts, history, expected = FINDINGS[name]
    found = plan_of(scripts, history).findings
    assert ", ".join("%s %s" % (each.flaw.value, each.version) for each in found) == expected


POLICIES = {
    # name: scripts, history, policies → steps, or the kind of the error; what is warned of
    "modified fails by default": ("1:A 2:b", "1:a", Policies(), "modified", ["/m/1"]),
    "modified warns": ("1:A 2:b", "1:a", Policies(modified="warn"), "2", ["/m/1"]),
    "modified is ignored": ("1:A 2:b", "1:a", Policies(modified="ignore"), "2", []),
    "missing warns by default": ("2:b", "1:a", Policies(), "2", ["1_x"]),
    "missing fails": ("2:b", "1:a", Policies(missing="fail"), "missing", ["1_x"]),
    "missing is ignored": ("2:b", "1:a", Policies(missing="ignore"), "2", []),
    "out of order is applied by default": ("1:a 2:b 3:c", "2:b", Policies(), "1 3", []),
    "out of order warns, and is applied": ("1:a 2:b 3:c", "2:b", Policies(out_of_order="warn"), "1 3", ["/m/1"]),
    "out of order is left out": ("1:a 2:b 3:c", "2:b", Policies(out_of_order="ignore"), "3", []),
    "out of order fails": ("1:a 2:b 3:c", "2:b", Policies(out_of_order="fail"), "out_of_order", ["/m/1"]),
}


@pytest.mark.parametrize("name", POLICIES)
def test_policies(name):
    scripts, history, policies, expected, named = POLICIES[name]
    plan = plan_of(scripts, history)
    try:
        settled, warnings = settle(plan, policies)
        outcome = " ".join(str(step.script.version) for step in settled.steps)
    except MigrationError as error:
        outcome, warnings = error.kind, [error.message]
    assert outcome == expected
    assert len(warnings) == len(named)
    assert all(what in warning for what, warning in zip(named, warnings))


def test_what_is_left_out_says_why():
    settled, dummy = settle(plan_of("1:a 2:b", "2:b"), Policies(out_of_order="ignore"))
    assert [(str(each.version), why.value) for each, why in settled.left_out] == [("1", "out_of_order")]

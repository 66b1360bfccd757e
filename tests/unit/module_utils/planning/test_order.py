# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order scripts run: as their tool has it, unless the history tells of another."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import HistoryForeign
from ansible_collections.pgops.migrations.plugins.module_utils.model import HistoryRow, Script, Version
from ansible_collections.pgops.migrations.plugins.module_utils.planning.order import in_one_order

VERSIONS = ["9", "10", "11"]


@pytest.mark.parametrize(
    "own, forced, applied, expected",
    [
        ("numeric", None, [], ["9", "10", "11"]),
        ("text", None, [], ["10", "11", "9"]),
        ("text", "numeric", [], ["9", "10", "11"]),
        ("numeric", "text", [], ["10", "11", "9"]),
        # A history keeps the order in which it was recorded.
        ("text", None, [("9", "1"), ("10", "2")], ["9", "10", "11"]),
        ("text", None, [("10", "1"), ("9", "2")], ["10", "11", "9"]),
        ("text", "text", [("9", "1"), ("10", "2")], ["10", "11", "9"]),
        # It tells nothing: recorded in one go, or in no order at all.
        ("text", None, [("9", "1"), ("10", "1")], ["10", "11", "9"]),
        ("text", None, [("11", "1"), ("9", "2"), ("10", "3")], ["10", "11", "9"]),
        ("text", None, [("9", None), ("10", "1")], ["10", "11", "9"]),
        ("text", None, [("R__a", "1"), ("10", "2")], ["10", "11", "9"]),
    ],
)
def test_the_order(own, forced, applied, expected):
    scripts = [Script(Version.parse(text, own), "a", "dbmate", text) for text in VERSIONS]
    scripts.sort(key=lambda script: script.version)
    rows = [HistoryRow(Version.parse(version), time) for version, time in applied]
    found, recorded = in_one_order(scripts, rows, forced)
    assert [str(script.version) for script in found] == expected
    assert [str(row.version) for row in recorded] == [version for version, dummy in applied]
    assert len({each.version.order for each in (*found, *recorded)}) == 1


def test_a_graph_places_what_is_recorded():
    scripts = [Script(Version.placed(text, place), "a", "alembic", text) for place, text in enumerate(["b", "a1", "7"])]
    rows = [HistoryRow(Version.recorded(text), "1") for text in ("7", "gone", "b", "a1")]
    found, recorded = in_one_order(scripts, rows)
    assert list(found) == scripts
    assert sorted(recorded, key=lambda row: row.version) == [recorded[1], recorded[2], recorded[3], recorded[0]]


def test_what_only_a_graph_places():
    scripts = [Script(Version.parse("1"), "a", "sql", "1")]
    with pytest.raises(HistoryForeign, match="holds a version that isn't one.*'ab12'.*"):
        in_one_order(scripts, [HistoryRow(Version.recorded("ab12"), "1")])


def test_no_scripts():
    assert in_one_order([], [HistoryRow(Version.parse("1"), "1")])[0] == ()

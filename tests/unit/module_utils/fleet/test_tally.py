# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is counted, and that it stays small."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.fleet.results import error_of, result_of
from ansible_collections.pgops.migrations.plugins.module_utils.fleet.tally import Fate, Outcome, Tally


def names(count):
    return ["t%04d" % number for number in range(count)]


def failed(message="no"):
    return Outcome(Fate.FAILED, {}, error={"error": {"message": message, "version": None}}, sentence=message + ".")


def test_alike_are_one_group_and_the_first_is_the_example():
    tally = Tally(["a", "b", "c"])
    for name in ("c", "a"):
        tally.add(name, Outcome(Fate.CHANGED, {"current_version": name}, "same"))
    tally.add("b", Outcome(Fate.CHANGED, {"current_version": "b"}, "other"))
    found = result_of(tally, "u@h:1", 1.0)["groups"]
    assert [(each["databases"], each["example"], each["current_version"]) for each in found] == [
        (2, "a", "a"),
        (1, "b", "b"),
    ]


def test_ten_thousand_that_all_differ_and_all_fail_stay_small():
    tally = Tally(names(20000))
    for number, name in enumerate(names(20000)):
        differs = Outcome(Fate.CHANGED, {}, str(number), warnings=("number %d" % number,))
        tally.add(name, differs if number % 2 else failed("no %d" % number))
    result = result_of(tally, "u@h:1", 1.0)
    assert result["counts"] == {"ok": 0, "changed": 10000, "failed": 10000, "not_reached": 0}
    assert max(len(value) for value in result.values() if isinstance(value, list)) <= 100
    assert result["groups_left_out"] == 10000 - len(result["groups"])
    assert len(error_of(tally).message) < 1000


def test_a_warning_of_many_is_said_once():
    tally = Tally(["a1", "a2", "a3"])
    for name in ("a2", "a3", "a1"):
        tally.add(name, Outcome(Fate.OK, {}, warnings=("%s isn't empty" % name,)))
    assert tally.warnings() == ["a1 and 2 others: a1 isn't empty"]


# what two databases say: what is said of them
WARNINGS = {
    "a name within a word": (["t", "h"], ["the table has data"] * 2, ["t and 1 other: the table has data"]),
    "a name that is a word": (["the", "b"], ["the t is large"] * 2, ["the: the t is large", "b: the t is large"]),
    "a name within a name": (
        ["shop", "shopping"],
        ["shop: shopping_cart is large", "shopping: shopping_cart is large"],
        ["shop and 1 other: shop: shopping_cart is large"],
    ),
    "in quotes and addresses": (
        ["x.y", "x-y"],
        ['"x.y" on h:1/x.y takes no writes', '"x-y" on h:1/x-y takes no writes'],
        ['x.y and 1 other: "x.y" on h:1/x.y takes no writes'],
    ),
    "not the same": (["a", "b"], ["t is large", "u is large"], ["a: t is large", "b: u is large"]),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_only_a_name_that_stands_by_itself_makes_no_difference(case):
    databases, said, expected = WARNINGS[case]
    tally = Tally(databases)
    for name, sentence in zip(databases, said):
        tally.add(name, Outcome(Fate.OK, {}, warnings=(sentence,)))
    assert tally.warnings() == expected


def test_a_warning_that_another_database_has_given_is_shown_as_it_was_given():
    tally = Tally(["a", "b", "c"])
    own = Outcome(Fate.OK, {}, warnings=("data of a and of alpha",))
    for name, outcome in (("b", own._replace(about="a")), ("a", own), ("c", own._replace(about="a"))):
        tally.add(name, outcome)
    assert tally.warnings() == ["a and 2 others: data of a and of alpha"]


def test_what_a_check_has_warned_of_is_said_with_its_run_and_once():
    tally = Tally(["a1", "a2", "a3"])
    for name in ("a1", "a2", "a3"):
        tally.checked(name, Outcome(Fate.CHANGED, {}, warnings=("a1 is large", "t is locked"), about="a1"))
    assert tally.warnings() == []  # none of them was reached
    tally.add("a1", Outcome(Fate.CHANGED, {}, warnings=("a1 is large",)))
    tally.add("a2", failed())
    assert tally.warnings() == ["a1 and 1 other: a1 is large", "a1 and 1 other: t is locked"]


def test_what_was_not_reached_is_counted():
    tally = Tally(names(10))
    tally.add("t0000", failed())
    assert result_of(tally, "u@h:1", 1.0)["counts"]["not_reached"] == 9
    assert error_of(tally).message == "1 of 10 databases failed. t0000: no; 9 weren't reached"


def test_without_a_failure_there_is_no_error():
    tally = Tally(names(2))
    assert error_of(tally) is None


def test_what_is_large_is_not_kept_of_a_thousand_groups():
    tally = Tally(names(1000))
    for number, name in enumerate(names(1000)):
        told = {"diff": [{"prepared": "x" * 1000}], "pending_count": number % 2}
        tally.add(name, Outcome(Fate.OK, told, str(number)))
    assert sum("diff" in group.told for group in tally.groups()) == 200
    assert result_of(tally, "u@h:1", 1.0)["pending_databases"] == 500

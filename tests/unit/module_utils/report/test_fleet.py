# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines on many databases: one for each group, one for all that failed of the same."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.report import fleet


def row(outcome="applied", version="2"):
    return {"version": version, "outcome": outcome}


def group(databases=1, example="a", changed=True, plan=None, **more):
    plan = [row()] if plan is None else plan
    return {
        "databases": databases,
        "example": example,
        "changed": changed,
        "plan": plan,
        "current_version": "2",
        **more,
    }


def failure(name, message, version=None):
    return {"name": name, "error": {"message": message, "version": version}}


def result(groups=(), failed=(), not_reached=0, **counts):
    counts = {"ok": 0, "changed": 0, "failed": len(failed), "not_reached": not_reached, **counts}
    return {
        **{"target": "u@h:1", "duration_ms": 1500, "counts": counts, "groups": list(groups), "groups_left_out": 0},
        "failed_databases": list(failed),
    }


SUMMARIES = {
    "nothing to do": (result([group(3, changed=False, plan=[])], ok=3), []),
    "migrated": (
        result([group(997, "t1"), group(3, "t5", False, [])], changed=997, ok=3),
        [
            "u@h:1 · 1,000 databases · 997 migrated, 3 nothing to do · 1.5 s",
            "  997  t1 …  1 migration, 2",
            "    3  t5 …  nothing to do, at version 2",
        ],
    ),
    "in check mode": (
        result([group(2, plan=[row("rehearsed", "1"), row("rehearsed")], plan_digest="a-b-c")], changed=2),
        [
            "u@h:1 · 2 databases · 2 would change · 1.5 s",
            "  2  a …  2 migrations, 1 → 2",
            "  to approve: expect: a-b-c",
        ],
    ),
    "two digests": (
        result([group(plan_digest="a-b-c"), group(example="b", plan_digest="d-b-c")], changed=2),
        [
            "u@h:1 · 2 databases · 2 migrated · 1.5 s",
            "  1  a  1 migration, 2",
            "  1  b  1 migration, 2",
            "  to approve: expect: [a-b-c, d-b-c]",
        ],
    ),
    "failed of the same": (
        result([], [failure("t%d" % n, "t%d is full" % n) for n in range(3)] + [failure("x", "no", "7")], 5),
        [
            "u@h:1 · 9 databases · 4 failed, 5 not reached · 1.5 s",
            "  t0 and 2 others  failed:  t0 is full",
            "  x  failed at 7:  no",
            "  5 databases not reached",
        ],
    ),
    "rolled back": (
        result([group(1, plan=[row("rolled_back")])], changed=1),
        ["u@h:1 · 1 database · 1 rolled back · 1.5 s", "  1  a  1 migration, 2"],
    ),
    "looked at": (
        result([group(1, hazards=[{"kind": "table_rewrite", "level": "rewrite"}], drift={"diff": "x"})], changed=1),
        [
            "u@h:1 · 1 database · 1 migrated · 1.5 s",
            "  1  a  1 migration, 2; ! table_rewrite; ! its schema was changed by hand",
        ],
    ),
}


@pytest.mark.parametrize("found, expected", SUMMARIES.values(), ids=SUMMARIES)
def test_summary(found, expected):
    assert fleet.summary(found) == expected


def test_more_groups_than_there_is_room_for():
    groups = [group(1, "t%d" % number) for number in range(20)]
    found = fleet.summary({**result(groups, changed=1030), "groups_left_out": 1010})
    assert len(found) == 1 + fleet.MOST_GROUPS + 1
    assert found[-1] == "  and 1,022 further groups"


def test_names_do_nothing_to_a_terminal():
    found = fleet.summary(result([group(1, "a\x1b[2J")], [failure("b\x07", "c\x1b")], changed=1))
    assert all(line.isprintable() for line in found)


PROGRESS = [
    ((0, 0, 1000, 3), "  0/1,000 databases"),
    ((412, 3, 1000, 84), "  412/1,000 databases, failed 3, about 2 min 00 s left"),
    ((1000, 0, 1000, 84), "  1,000/1,000 databases"),
]


def test_progress_while_they_are_looked_at():
    counts = {"done": 3, "failed": 1, "looked": 400}
    assert fleet.progress(counts, 1000, 10) == "  3/1,000 databases, 403 looked at, failed 1"


@pytest.mark.parametrize("numbers, expected", PROGRESS)
def test_progress(numbers, expected):
    done, failed, total, seconds = numbers
    assert fleet.progress({"done": done, "failed": failed}, total, seconds) == expected


@pytest.mark.parametrize(
    "others, expected", [(0, "a"), (1, "a, and the same for 1 other"), (997, "a, and the same for 997 others")]
)
def test_whose(others, expected):
    assert fleet.whose("a", others) == expected


ALIKE = {
    "the same": ([failure("a", "relation t"), failure("b", "relation t")], ["a and 1 other: relation t"]),
    "its own name": ([failure("x1", "no x1 here"), failure("x2", "no x2 here")], ["x1 and 1 other: no x1 here"]),
    "a name within a word": ([failure("t", "in the t"), failure("h", "in the h")], ["t and 1 other: in the t"]),
    "other tables": ([failure("x", "shop"), failure("shop", "shop_x")], ["x: shop", "shop: shop_x"]),
}


@pytest.mark.parametrize("case", ALIKE)
def test_who_has_failed_of_the_same(case):
    failed, expected = ALIKE[case]
    assert ["%s: %s" % (each.who, each.message) for each in fleet.failed_alike(failed)] == expected

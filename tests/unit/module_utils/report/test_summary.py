# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that sum a run up."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.hazard import HazardKind
from ansible_collections.pgops.migrations.plugins.module_utils.report.attention import IN_SHORT, Tone
from ansible_collections.pgops.migrations.plugins.module_utils.report.summary import laid_out, lines, summary
from ansible_collections.pgops.migrations.plugins.module_utils.report.words import columns_of

REHEARSAL = {"on": "server", "duration_ms": 1200, "not_proved": ["rows: the copy has none", "time: under load"]}
TARGET = "shop@db1:5432/shop"


def row(version, name="orders", outcome="rehearsed", duration_ms=12, **more):
    """Return a row of a plan."""
    return {
        **{"version": version, "name": name, "kind": "sql", "direction": "up", "transactional": True},
        **{"outcome": outcome, "duration_ms": duration_ms, "statements": 1, "rows_changed": None},
        **{"objects": ["+ table " + name], "hazards": [], **more},
    }


def hazard(version, kind, level, table="public.orders", **more):
    """Return a hazard as a result has it."""
    return {
        **{"version": version, "kind": kind, "level": level, "table": table, "size_bytes": None},
        **{"row_estimate": None, "detail": None, "partition_of": None, **more},
    }


def precheck(version, verdict="violated", reason="14 rows, for example id 17, 203"):
    return {
        **{"version": version, "table": "public.orders", "constraint": "CHECK state_is_known"},
        **{"verdict": verdict, "reason": reason},
    }


REWRITE = hazard("2", "table_rewrite", "rewrite", size_bytes=157 * 2**20, row_estimate=2_000_000)
WRITES = hazard("4", "rows_changed", "rewrite", size_bytes=8192)
WHOLE = {
    "target": TARGET,
    "rehearsal": REHEARSAL,
    "plan": [
        row("1", "add_customers", objects=["+ table customers", "+ index on customers"]),
        row("2", "orders_have_a_state", duration_ms=8),
        row("3", "state_is_known", duration_ms=5),
        row("4", "backfill_totals", duration_ms=2034, kind="python", statements=7, objects=[]),
    ],
    "hazards": [REWRITE, hazard("3", "access_exclusive_lock", "instant"), WRITES],
    "prechecks": [precheck("3"), precheck("1", "passed", None)],
    "plan_digest": "0123-4567",
}
BACK = [row("2", outcome="rolled_back", direction="down", objects=["- table orders"])]
FAILED = [
    row("1", outcome="applied"),
    row("2", outcome="failed", duration_ms=3),
    row("3", outcome="not_run", duration_ms=None),
]

CASES = {
    "nothing": ({"target": TARGET, "plan": []}, []),
    "no plan": ({}, []),
    "everything": (
        WHOLE,
        [
            "shop@db1:5432/shop · rehearsed on a scratch copy in 1.2 s · 4 migrations, 1 → 4 · 2 need a look",
            "  1  add_customers        sql     12 ms  + table customers, + index on customers",
            "  2  orders_have_a_state  sql      8 ms  "
            "! rewrites orders (157 MB, about 2,000,000 rows): nobody reads or writes it meanwhile",
            "  3  state_is_known       sql      5 ms  "
            "✗ CHECK state_is_known of orders is violated by 14 rows, for example id 17, 203",
            "  4  backfill_totals      python  2.0 s  ~ writes rows of orders (8.0 kB)",
            "  not proved: rows, time",
            "  to approve: expect: 0123-4567",
        ],
    ),
    "not rehearsed": (
        {"target": TARGET, "plan": [row("7", outcome="not_run", duration_ms=None)]},
        ["shop@db1:5432/shop · not rehearsed · 1 migration, 7", "  7  orders  sql  + table orders"],
    ),
    "applied": (
        {
            **WHOLE,
            "plan_digest": None,
            "rehearsal": None,
            "plan": [{**each, "outcome": "applied"} for each in WHOLE["plan"][:2]],
        },
        [
            "shop@db1:5432/shop · applied in 20 ms · 2 migrations, 1 → 2",
            "  1  add_customers        sql  12 ms  + table customers, + index on customers",
            "  2  orders_have_a_state  sql   8 ms  "
            "! rewrites orders (157 MB, about 2,000,000 rows): nobody reads or writes it meanwhile",
        ],
    ),
    "rolled back": (
        {"target": TARGET, "plan": BACK},
        ["shop@db1:5432/shop · rolled back in 12 ms · 1 migration, 2", "  2  orders  sql  12 ms  - table orders"],
    ),
    "failed": (
        {"target": TARGET, "plan": FAILED, "error": {"line": 3}},
        [
            "shop@db1:5432/shop · failed at 2, 1 applied · 3 migrations, 1 → 3",
            "  1  orders  sql  12 ms  + table orders",
            "  2  orders  sql   3 ms  ✗ failed at line 3",
            "  3  orders  sql         · not run",
        ],
    ),
    "failed in the rehearsal, without a line": (
        {"plan": [row("2", outcome="failed_in_rehearsal")], "error": {"line": None}},
        ["failed at 2 in the rehearsal, 0 applied · 1 migration, 2", "  2  orders  sql  12 ms  ✗ failed"],
    ),
    "tested": (
        {
            "plan": [row(each, outcome="not_run", duration_ms=None) for each in ("1", "2")],
            "rehearsal": {"on": "empty", "not_proved": ["time"]},
            "tested": [{"version": "1", "result": "reversible"}, {"version": "2", "result": "not_reversible"}],
        },
        [
            "tested in an empty throwaway cluster · 2 migrations, 1 → 2 · 1 needs a look",
            "  1  orders  sql  ✓ can be rolled back",
            "  2  orders  sql  ✗ can't be rolled back",
        ],
    ),
    "changed by hand": (
        {"plan": [row("1")], "drift": {"since": "2026-11-21", "diff": "…"}},
        [
            "not rehearsed · 1 migration, 1",
            "  1  orders  sql  12 ms  + table orders",
            "  drift: the schema was changed by hand since the last run (2026-11-21)",
        ],
    ),
    "nothing is known of what it does": (
        {"plan": [row("1", objects=[], statements=1), row("2", objects=[], statements=None)]},
        ["not rehearsed · 2 migrations, 1 → 2", "  1  orders  sql  12 ms  · 1 statement", "  2  orders  sql  12 ms"],
    ),
    "control characters": (
        {
            "target": "shop@db1/sh\x1bop",
            "plan": [row("1", "a\nb\x1b[2J", objects=["+ table a\u202e"])],
            "plan_digest": "a\x1b",
        },
        [
            "shop@db1/sh\\x1bop · not rehearsed · 1 migration, 1",
            "  1  a\\x0ab\\x1b[2J  sql  12 ms  + table a\\u202e",
            "  to approve: expect: a\\x1b",
        ],
    ),
    "more hazards than one": (
        {
            "plan": [row("1")],
            "hazards": [
                hazard("1", "rows_changed", "rewrite", detail="UPDATE 7", rows_changed=7),
                hazard("1", "full_scan", "scan", "sales.bills", partition_of="sales.all"),
                hazard("1", "column_dropped", "breaks_application", detail="state"),
            ],
        },
        [
            "not rehearsed · 1 migration, 1 · 1 needs a look",
            "  1  orders  sql  12 ms  ! drops state of orders; and 2 more",
        ],
    ),
}
WEIGHTS = {"table_rewrite": "rewrite", "table_dropped": "data_loss"}


@pytest.mark.parametrize("name", CASES)
def test_summary(name):
    result, expected = CASES[name]
    assert summary(result) == expected


def many(count, hazards):
    """Return a result of so many migrations, of which the numbered ones do what they say."""
    plan = [row("%03d" % number, duration_ms=10) for number in range(count)]
    found = [hazard("%03d" % number, kind, WEIGHTS[kind]) for number, kind in hazards.items()]
    return {"plan": plan, "hazards": found, "rehearsal": REHEARSAL}


def test_as_many_as_there_is_room_for_are_all_shown():
    assert len([line for line in summary(many(12, {})) if "orders" in line]) == 12


def test_without_anything_to_look_at_all_are_one_line():
    assert summary(many(300, {}))[1:2] == ["  300 migrations  sql  3.0 s  + 300 tables"]


def test_those_that_need_a_look_are_shown_and_the_rest_is_folded():
    shown = summary(many(300, {7: "table_rewrite", 250: "table_dropped"}))
    assert shown[0].endswith("300 migrations, 000 → 299 · 2 need a look")
    assert [line.split()[0] for line in shown[1:3]] == ["007", "250"]
    assert shown[3] == "  and 298 more  sql  3.0 s  + 298 tables"
    assert len(shown) == 5


def test_of_too_many_that_need_a_look_the_worst_are_shown():
    shown = summary(many(300, {**dict.fromkeys(range(0, 200), "table_rewrite"), 250: "table_dropped"}))
    assert len(shown) == 12
    assert shown[9].split()[0] == "250"
    assert shown[10] == "  and 291 more  sql  2.9 s  ! 192 need a look, + 291 tables"


@pytest.mark.parametrize("columns", [79, 100, 149])
def test_no_line_is_wider_than_the_terminal(columns):
    shown = laid_out(lines(WHOLE), columns)
    assert max(columns_of(text) for text, dummy in shown) <= columns
    words = [word for text, dummy in shown for word in text.split() if word != "·"]
    assert words == [word for text in summary(WHOLE) for word in text.split() if word != "·"]


def test_what_has_no_room_stands_below():
    assert [text for text, dummy in laid_out(lines(WHOLE), 60)][:5] == [
        "shop@db1:5432/shop · rehearsed on a scratch copy in 1.2 s",
        "  4 migrations, 1 → 4 · 2 need a look",
        "  1  add_customers        sql     12 ms",
        "      + table customers, + index on customers",
        "  2  orders_have_a_state  sql      8 ms",
    ]


def test_tones():
    assert [line.tone for line in lines(WHOLE)] == [
        *(Tone.HEAD, Tone.ADDS, Tone.LOOK, Tone.WRONG, Tone.WRITES),
        *(Tone.PLAIN, Tone.PLAIN),
    ]


def test_a_name_that_is_too_long_is_cut():
    shown = summary({"plan": [row("1", "x" * 200, objects=[])]})
    assert shown[1] == "  1  %s…  sql  12 ms  · 1 statement" % ("x" * 39)


def test_every_hazard_that_is_more_than_a_lock_has_short_words():
    instant = {HazardKind.ACCESS_EXCLUSIVE_LOCK.value, HazardKind.BLOCKS_WRITES.value}
    assert set(IN_SHORT) == {kind.value for kind in HazardKind} - instant

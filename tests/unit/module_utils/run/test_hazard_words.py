# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hazards in words, and which of them pass."""

from __future__ import annotations

import re

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import HazardRefused
from ansible_collections.pgops.migrations.plugins.module_utils.hazard import Hazard, HazardKind, Level
from ansible_collections.pgops.migrations.plugins.module_utils.run.hazard_rules import LEVELS, RULES, severity
from ansible_collections.pgops.migrations.plugins.module_utils.run.hazard_words import (
    refuse,
    sentence,
    warnings,
    without_rows,
)

REWRITE = Hazard(HazardKind.TABLE_REWRITE, "7", "public.a")
INSTANT = Hazard(HazardKind.ACCESS_EXCLUSIVE_LOCK, "7", "public.a")


def test_every_kind_says_what_it_does_and_what_to_do_instead() -> None:
    assert set(RULES) == set(HazardKind) and set(LEVELS) == set(Level)
    assert "Use CREATE INDEX CONCURRENTLY" in RULES[HazardKind.INDEX_NOT_CONCURRENT].instead
    assert all(rule.instead.endswith(".") and not rule.does.endswith(".") for rule in RULES.values())
    assert all(rule.example for rule in RULES.values())


def test_kinds_and_levels_are_words_of_their_own() -> None:
    words = [each.value for each in (*HazardKind, *Level)]
    assert len(set(words)) == len(words)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", word) for word in words)


def test_a_level_is_worse_than_all_kinds_of_a_milder_one() -> None:
    ordered = sorted(HazardKind, key=severity)
    levels = [list(Level).index(RULES[kind].level) for kind in ordered]
    assert levels == sorted(levels)
    assert len(set(map(severity, HazardKind))) == len(HazardKind)


SIZES = {
    (None, None): "(",
    (0, 0): "(0 bytes, about 0 rows: ",
    (2048, None): "(2.0 kB: ",
    (5 << 30, 7_000_000): "(5.0 GB, about 7,000,000 rows: ",
}


@pytest.mark.parametrize("size, rows", SIZES)
def test_sentence(size: int | None, rows: int | None) -> None:
    hazard = REWRITE._replace(size_bytes=size, row_estimate=rows)
    assert sentence(hazard).startswith("table_rewrite in 7 on public.a " + SIZES[size, rows])


def test_rows_in_a_sentence() -> None:
    hazard = Hazard(HazardKind.ROWS_CHANGED, "7", "orders", row_estimate=2_000_000)
    changed = hazard._replace(rows_changed=700_000, detail="UPDATE 700,000")
    assert sentence(changed).startswith(
        "rows_changed in 7 on orders (about 2,000,000 rows, UPDATE 700,000: writes rows"
    )
    assert without_rows([changed, REWRITE]) == (hazard, REWRITE)


ALLOWED: list[list[str] | None] = [
    None,
    ["table_rewrite"],
    ["rewrite"],
    ["data_loss", "table_rewrite", "cluster_wide"],
]


@pytest.mark.parametrize("allowed", ALLOWED)
def test_what_is_allowed_passes(allowed: list[str] | None) -> None:
    refuse([REWRITE, INSTANT], allowed)


@pytest.mark.parametrize("allowed", [[], ["column_dropped"], ["data_loss", "scan", "instant"]])
def test_what_is_not_allowed_is_refused(allowed: list[str]) -> None:
    with pytest.raises(HazardRefused, match="table_rewrite in 7 on public.a") as caught:
        refuse([INSTANT, REWRITE], allowed)
    assert caught.value.version == "7"
    assert "access_exclusive_lock" not in caught.value.message
    assert "(table_rewrite), or its level (rewrite), to allow_hazards" in str(caught.value.hint)


def test_what_takes_a_moment_is_never_refused() -> None:
    for kind, rule in RULES.items():
        if rule.level is Level.INSTANT:
            refuse([Hazard(kind, "7", "public.a")], [])


def partitions(kind: HazardKind, *numbers: int) -> list[Hazard]:
    return [Hazard(kind, "7", "public.p_%d" % number, size_bytes=number, partition_of="public.p") for number in numbers]


WHOLE = Hazard(HazardKind.TABLE_REWRITE, "7", "public.p", size_bytes=0)
WARNED: dict[str, tuple[list[Hazard], list[str]]] = {
    "nothing": ([], []),
    "one": ([REWRITE], ["rewrite: table_rewrite in 7 on public.a ("]),
    "a partitioned table": (
        [*partitions(HazardKind.TABLE_REWRITE, *range(1499)), WHOLE],
        ["rewrite: table_rewrite in 7 on public.p and 1,499 partitions of it ("],
    ),
    "partitions alone, the largest first": (
        partitions(HazardKind.TABLE_REWRITE, 1, 3, 2),
        ["rewrite: table_rewrite in 7 on public.p_3 and 2 partitions of public.p ("],
    ),
    "other tables": (
        [REWRITE, WHOLE, *partitions(HazardKind.TABLE_REWRITE, 1)],
        ["rewrite: table_rewrite in 7 on public.a and 2 other tables ("],
    ),
    "one partition and one other table": (
        [WHOLE._replace(size_bytes=5), REWRITE, *partitions(HazardKind.TABLE_REWRITE, 1)],
        ["rewrite: table_rewrite in 7 on public.p and 1 partition of it and 1 other table ("],
    ),
    "the worst first, of whichever migration": (
        [INSTANT, REWRITE._replace(version="8"), REWRITE, Hazard(HazardKind.TRUNCATED, "9", "public.a")],
        [
            "data_loss: truncated in 9 on public.a (",
            "rewrite: table_rewrite in 8 on public.a (",
            "rewrite: table_rewrite in 7 on public.a (",
            "instant: access_exclusive_lock in 7 on public.a (",
        ],
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_one_warning_for_each_migration_and_kind(name: str) -> None:
    hazards, expected = WARNED[name]
    found = warnings(hazards)
    assert len(found) == len(expected)
    assert all(said.startswith(begin) for said, begin in zip(found, expected))


def test_the_truncated_get_the_right_advice() -> None:
    [said] = warnings([Hazard(HazardKind.TRUNCATED, "7", "public.a")])
    assert "empties the table" in said and "switch over" not in said

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session holds → hazards, in a table. A table was there as (filenode 10, 1 column dropped, 2 indexes)."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.eyes import Held, Relation
from ansible_collections.pgops.migrations.plugins.module_utils.errors import HazardRefused
from ansible_collections.pgops.migrations.plugins.module_utils.hazard import Hazard, HazardKind
from ansible_collections.pgops.migrations.plugins.module_utils.model import Script, Step, Version
from ansible_collections.pgops.migrations.plugins.module_utils.run.hazards import RULES, judge, refuse, sentence

BEFORE = {1: Relation("public.a", 10, 1, 2), 2: Relation("public.b", 10, 1, 2)}
STEP = Step(Script(Version.parse("7"), "x", "sql", "/m/7"))
ALL, SHARE, ROW = "AccessExclusiveLock", "ShareLock", "ShareRowExclusiveLock"

HELD = {
    # name: (oid, mode, is there, filenode, dropped, indexes) … → kinds by table
    "nothing": ([], []),
    "a table of its own": ([(9, ALL, True, 10, 0, 0)], []),
    "locked": ([(1, ALL, True, 10, 1, 2)], ["access_exclusive_lock public.a"]),
    "rewritten": ([(1, ALL, True, 11, 1, 2)], ["table_rewrite public.a"]),
    "a column less": ([(1, ALL, True, 10, 2, 2)], ["column_dropped public.a"]),
    "both": ([(1, ALL, True, 11, 2, 2)], ["column_dropped public.a", "table_rewrite public.a"]),
    "gone": ([(1, ALL, False, None, 0, 0)], ["table_dropped public.a"]),
    "an index more": ([(1, SHARE, True, 10, 1, 3)], ["index_not_concurrent public.a"]),
    "LOCK TABLE": ([(1, SHARE, True, 10, 1, 2)], ["blocks_writes public.a"]),
    "a trigger": ([(1, ROW, True, 10, 1, 2)], ["blocks_writes public.a"]),
    "closed for all, and for writing": (
        [(1, ROW, True, 10, 1, 2), (1, ALL, True, 10, 1, 2)],
        ["access_exclusive_lock public.a"],
    ),
    "an index and a lock for all": (
        [(1, SHARE, True, 10, 1, 3), (1, ALL, True, 10, 1, 3)],
        ["access_exclusive_lock public.a", "index_not_concurrent public.a"],
    ),
    "two tables": (
        [(1, ROW, True, 10, 1, 2), (2, ALL, True, 11, 1, 2)],
        ["blocks_writes public.a", "table_rewrite public.b"],
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_judge(name):
    held, expected = HELD[name]
    found = judge(BEFORE, [Held(*each) for each in held], STEP, 12)
    assert sorted("%s %s" % (each.kind.value, each.table) for each in found) == expected
    assert {(each.version, each.hold_ms) for each in found} <= {("7", 12)}


def test_every_kind_says_what_it_does_and_what_to_do_instead():
    assert set(RULES) == set(HazardKind)
    assert "Use CREATE INDEX CONCURRENTLY" in RULES[HazardKind.INDEX_NOT_CONCURRENT][1]
    assert all(instead.endswith(".") and not does.endswith(".") for does, instead in RULES.values())


SIZES = {
    (None, None): "(",
    (0, 0): "(0 bytes, about 0 rows: ",
    (2048, None): "(2.0 kB: ",
    (5 << 30, 7): "(5.0 GB, about 7",
}


@pytest.mark.parametrize("size, rows", SIZES)
def test_sentence(size, rows):
    hazard = Hazard(HazardKind.TABLE_REWRITE, "7", "public.a", size_bytes=size, row_estimate=rows)
    assert sentence(hazard).startswith("table_rewrite in 7 on public.a " + SIZES[size, rows])


@pytest.mark.parametrize("allowed", [None, ["table_rewrite"], ["table_rewrite", "cluster_wide"]])
def test_what_is_allowed_passes(allowed):
    refuse([Hazard(HazardKind.TABLE_REWRITE, "7", "public.a")], allowed)


@pytest.mark.parametrize("allowed", [[], ["column_dropped"]])
def test_what_is_not_allowed_is_refused(allowed):
    with pytest.raises(HazardRefused, match="table_rewrite in 7 on public.a") as caught:
        refuse([Hazard(HazardKind.TABLE_REWRITE, "7", "public.a")], allowed)
    assert caught.value.version == "7"

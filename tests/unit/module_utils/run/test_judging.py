# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of a session → what it has done to which tables, in a table of cases."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.sight import (
    Column,
    Details,
    Held,
    Key,
    Relation,
    Sight,
)
from ansible_collections.pgops.migrations.plugins.module_utils.run.judging import judge, total, whole_of
from ansible_collections.pgops.migrations.plugins.module_utils.run.relation import (
    Counted,
    Known,
    changed_meanwhile,
    listed,
)

A = Relation("public.a", "r", 10, "0 p 2", ("id", "name"), "10")
BEFORE = {
    1: A,
    2: A._replace(name="public.b"),
    3: Relation("public.v", "v", columns=("id",), not_null="0"),
    4: Relation("public.m", "m", 10, "0 p 2", ("id",), "0"),
    5: Relation("public.p", "p", 0, "0 p 0", ("id",), "0"),
    6: Relation("public.p_1", "r", 10, "0 p 2", ("id",), "0", parent=5, is_partition=True),
    7: Relation("public.p_2", "r", 10, "0 p 2", ("id",), "0", parent=5, is_partition=True),
    9: Relation("public.s", "p", 0, "0 p 0", ("id",), "0", parent=5, is_partition=True),
    10: Relation("public.s_1", "r", 10, "0 p 2", ("id",), "0", parent=9, is_partition=True),
    8: Relation("public.child", "r", 10, "0 p 2", ("id", "name"), "10", parent=1),
}
ALL, SHARE, ROW, WRITE = "AccessExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "RowExclusiveLock"


def held(oid: int, *modes: str, exists: bool = True, **more: Any) -> Held:
    """Return a relation that is held, as it was before but for what is said."""
    was = BEFORE.get(oid, A)
    seen = {name: more.pop(name) for name in ("name", "filenode", "layout", "is_partition") if name in more}
    columns, not_null = more.pop("columns", was.columns), more.pop("not_null", was.not_null)
    changed = [
        Column(number, name, closed == "1")
        for number, (name, closed) in enumerate(zip_longest(columns, not_null, fillvalue="0"), 1)
        if more.pop("touched", False) or columns[number - 1 :] != was.columns[number - 1 :] or not_null != was.not_null
    ]
    details = Details(tuple(changed), **more)
    looks = Held(oid, frozenset(modes), exists, was.name, was.filenode, was.layout, was.is_partition)
    return looks._replace(**seen, details=details if set(modes) - {WRITE} else None)


def scans(*counted: tuple[int, int]) -> Known:
    """Return how often tables were read."""
    return Known(counted={oid: Counted((0, 0, 0), number, 0) for oid, number in counted})


REWRITTEN = Sight((held(1, ALL, filenode=11, touched=True),), transient=True)
KEY, LOOSE = Key(90, True, True, "k"), Key(91, False, False, "k")

CASES: dict[str, tuple[Sight, Known, list[str]]] = {
    "nothing": (Sight(), Known(), []),
    "a table of its own": (Sight((held(99, ALL),)), Known(), []),
    "locked": (Sight((held(1, ALL),)), Known(), ["access_exclusive_lock public.a"]),
    "locked by an earlier step": (Sight((held(1, ALL),)), Known(locked={1: frozenset([ALL])}), []),
    "locked by an earlier step, and altered by this one": (
        Sight((held(1, ALL, columns=("id", "name", "more")),)),
        Known(locked={1: frozenset([ALL])}),
        ["access_exclusive_lock public.a"],
    ),
    "a view, locked": (Sight((held(3, ALL),)), Known(), []),
    "LOCK TABLE": (Sight((held(1, SHARE),)), Known(), ["blocks_writes public.a"]),
    "a trigger": (Sight((held(1, ROW),)), Known(), ["blocks_writes public.a"]),
    "closed for all, and for writing": (Sight((held(1, ROW, ALL),)), Known(), ["access_exclusive_lock public.a"]),
    # names
    "another name": (Sight((held(1, ALL, name="public.c"),)), Known(), ["rename public.a: to public.c"]),
    "another name of a column": (
        Sight((held(1, ALL, columns=("id", "title", "more")),)),
        Known(),
        ["rename public.a: column name to title"],
    ),
    "both": (
        Sight((held(1, ALL, name="x.a", columns=("key", "name")),)),
        Known(),
        ["rename public.a: to x.a, column id to key"],
    ),
    "a view's": (Sight((held(3, ALL, name="public.w"),)), Known(), ["rename public.v: to public.w"]),
    "a column less": (Sight((held(1, ALL, columns=("id", "")),)), Known(), ["column_dropped public.a: name"]),
    "a column instead of another": (
        Sight((held(1, ALL, columns=("", "name", "id")),)),
        Known(),
        ["column_dropped public.a: id"],
    ),
    # what is gone
    "gone": (Sight((held(1, ALL, exists=False),)), Known(), ["table_dropped public.a"]),
    "gone, by somebody else": (Sight((held(1, SHARE, exists=False),)), Known(), []),
    "a view is gone": (Sight((held(3, ALL, exists=False),)), Known(), ["view_dropped public.v"]),
    "a view was made anew": (Sight((held(3, ALL, exists=False),), anew=frozenset(["public.v"])), Known(), []),
    "a table is a view now": (
        Sight((held(1, ALL, exists=False),), anew=frozenset(["public.a"])),
        Known(),
        ["table_dropped public.a"],
    ),
    "a materialized view is gone": (Sight((held(4, ALL, exists=False),)), Known(), ["view_dropped public.m"]),
    # new files
    "emptied": (Sight((held(1, ALL, filenode=11),)), Known(), ["truncated public.a"]),
    "emptied and altered": (Sight((held(1, ALL, filenode=11, touched=True),)), Known(), ["truncated public.a"]),
    "rewritten": (REWRITTEN, Known(), ["table_rewrite public.a"]),
    "rewritten, read once": (REWRITTEN, scans((1, 1)), ["table_rewrite public.a"]),
    "emptied beside a rewrite": (REWRITTEN, scans((1, 0)), ["truncated public.a"]),
    "emptied beside a rewrite, with two indexes": (
        Sight((held(1, ALL, filenode=11, touched=True, index_count=2),), transient=True),
        scans((1, 2)),
        ["truncated public.a"],
    ),
    "read, and emptied, beside a rewrite": (
        Sight((held(1, ALL, filenode=11),), transient=True),
        scans((1, 1)),
        ["truncated public.a"],
    ),
    "clustered": (
        Sight((held(1, ALL, filenode=11, clustered=True),), transient=True),
        scans((1, 1)),
        ["table_rewrite public.a"],
    ),
    "unlogged": (
        Sight((held(1, ALL, filenode=11, layout="0 u 2"),), transient=True),
        scans((1, 1)),
        ["table_rewrite public.a"],
    ),
    "another tablespace": (Sight((held(1, ALL, filenode=11, layout="7 p 2"),)), Known(), ["table_rewrite public.a"]),
    "refreshed": (Sight((held(4, ALL, filenode=11),)), Known(), ["table_rewrite public.m"]),
    "rewritten, and a column less": (
        Sight((held(1, ALL, filenode=11, touched=True, columns=("id", "")),), transient=True),
        Known(),
        ["column_dropped public.a: name", "table_rewrite public.a"],
    ),
    "a partitioned table, emptied": (
        Sight((held(5, ALL), *(held(oid, ALL, filenode=11) for oid in (6, 7, 10)))),
        Known(),
        ["truncated public.p", "truncated public.p_1", "truncated public.p_2", "truncated public.s_1"],
    ),
    "one partition, emptied": (
        Sight((held(5, ALL), held(6, ALL, filenode=11))),
        Known(),
        ["access_exclusive_lock public.p", "truncated public.p_1"],
    ),
    # reads
    "NOT NULL": (
        Sight((held(1, ALL, not_null="11"),)),
        scans((1, 1)),
        ["full_scan public.a: NOT NULL of name"],
    ),
    "NOT NULL, uncounted": (Sight((held(1, ALL, not_null="11"),)), Known(), ["full_scan public.a: NOT NULL of name"]),
    "NOT NULL that a check proves": (
        Sight((held(1, ALL, not_null="11"),)),
        scans((1, 0)),
        ["access_exclusive_lock public.a"],
    ),
    "a new column that is NOT NULL": (
        Sight((held(1, ALL, columns=("id", "name", "new"), not_null="101"),)),
        scans((1, 0)),
        ["access_exclusive_lock public.a"],
    ),
    "read by a query, and locked": (Sight((held(1, ALL),)), scans((1, 3)), ["access_exclusive_lock public.a"]),
    "a check": (Sight((held(1, ALL, checks=frozenset([80])),)), scans((1, 1)), ["full_scan public.a: CHECK"]),
    "a check that was told": (
        Sight((held(1, ALL, checks=frozenset([80])),)),
        Known(told=frozenset([80])),
        ["access_exclusive_lock public.a"],
    ),
    "a check of a partitioned table": (
        Sight((held(5, ALL, checks=frozenset([80])),)),
        scans((5, 0)),
        ["full_scan public.p: CHECK"],
    ),
    "a partition": (
        Sight((held(1, ALL, is_partition=True),)),
        scans((1, 1)),
        ["full_scan public.a: the bounds of a partition"],
    ),
    "a domain": (Sight((held(1, SHARE),)), scans((1, 1)), ["full_scan public.a: all of its rows"]),
    "a foreign key": (
        Sight((held(1, ROW, keys=(KEY,)), held(2, ROW))),
        scans((1, 0), (2, 0)),
        ["blocks_writes public.b", "full_scan public.a: FOREIGN KEY k"],
    ),
    "a foreign key, not valid, without an index": (
        Sight((held(1, ROW, keys=(LOOSE,)),)),
        Known(),
        ["blocks_writes public.a", "foreign_key_without_index public.a: k"],
    ),
    "a foreign key that was told": (
        Sight((held(1, ROW, keys=(KEY, LOOSE)),)),
        Known(told=frozenset([90, 91])),
        ["blocks_writes public.a"],
    ),
    # indexes
    "an index": (
        Sight((held(1, SHARE, indexes=frozenset([70])),)),
        scans((1, 1)),
        ["index_not_concurrent public.a"],
    ),
    "an index, uncounted": (
        Sight((held(1, SHARE, indexes=frozenset([70])),)),
        Known(),
        ["index_not_concurrent public.a"],
    ),
    "an index of an earlier step": (
        Sight((held(1, SHARE, indexes=frozenset([70])),)),
        Known(told=frozenset([70])),
        ["blocks_writes public.a"],
    ),
    "an index that keeps its file": (
        Sight((held(1, ALL, indexes=frozenset([70]), touched=True),)),
        scans((1, 0)),
        ["access_exclusive_lock public.a"],
    ),
    "an index and a lock for all": (
        Sight((held(1, SHARE, ALL, indexes=frozenset([70])),)),
        scans((1, 1)),
        ["access_exclusive_lock public.a", "index_not_concurrent public.a"],
    ),
    # rows
    "rows": (
        Sight((held(1, WRITE),)),
        Known(counted={1: Counted((1, 2, 0), 0, 0)}),
        ["rows_changed public.a (1, 2, 0)"],
    ),
    "rows, uncounted": (Sight((held(1, WRITE),)), Known(), ["rows_changed public.a"]),
    "no rows": (Sight((held(1, WRITE),)), scans((1, 0)), ["rows_changed public.a (0, 0, 0)"]),
    "the lock of an earlier step": (Sight((held(1, WRITE),)), Known(locked={1: frozenset([WRITE])}), []),
    "the lock of an earlier step, and rows": (
        Sight((held(1, WRITE),)),
        Known(locked={1: frozenset([WRITE])}, counted={1: Counted((1, 0, 0), 0, 0)}),
        ["rows_changed public.a (1, 0, 0)"],
    ),
    "rows through a view": (Sight((held(3, WRITE), held(1, WRITE))), Known(), ["rows_changed public.a"]),
    "rows of partitions": (
        Sight((held(5, WRITE), held(6, WRITE), held(7, WRITE))),
        Known(counted={oid: Counted((0, oid, 0), 0, 0) for oid in (5, 6, 7)}),
        ["rows_changed public.p (0, 18, 0)"],
    ),
    "rows of a part of the partitions": (Sight((held(9, WRITE), held(10, WRITE))), Known(), ["rows_changed public.s"]),
    "rows of all partitions of all": (
        Sight((held(5, WRITE), held(9, WRITE), held(10, WRITE))),
        Known(),
        ["rows_changed public.p"],
    ),
    "rows of one partition": (Sight((held(6, WRITE),)), Known(), ["rows_changed public.p_1"]),
    # what waits
    "rows behind a lock": (
        Sight((held(1, ALL, WRITE),)),
        Known(),
        ["rows_changed public.a", "waits_while_locked public.a: work on public.a"],
    ),
    "rows of another behind a lock": (
        Sight((held(1, ALL), held(2, WRITE))),
        Known(),
        ["rows_changed public.b", "waits_while_locked public.a: work on public.b"],
    ),
    "behind the lock of an earlier step": (
        Sight((held(1, ALL), held(2, WRITE))),
        Known(locked={1: frozenset([ALL])}),
        ["rows_changed public.b", "waits_while_locked public.a: work on public.b"],
    ),
    "a family": (
        Sight((held(1, ALL, checks=frozenset([80])), held(8, ALL, checks=frozenset([81])))),
        Known(),
        ["full_scan public.a: CHECK", "full_scan public.child: CHECK"],
    ),
    "emptied, and filled": (
        Sight((held(1, ALL, WRITE, filenode=11),)),
        Known(),
        ["rows_changed public.a", "truncated public.a"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_judge(name: str) -> None:
    sight, known, expected = CASES[name]
    found = [
        "%s %s%s%s"
        % (
            each.kind.value,
            BEFORE[each.oid].name,
            ": " + each.detail if each.detail else "",
            " %s" % (each.rows,) if each.rows else "",
        )
        for each in judge(BEFORE, sight, known)
    ]
    assert sorted(found) == expected


MEANWHILE: dict[str, tuple[dict[int, Relation], list[str]]] = {
    "nothing": ({}, []),
    "a new file": ({1: A._replace(filenode=11)}, ["table_rewrite"]),
    "a column less": ({1: A._replace(columns=("id", ""))}, ["column_dropped"]),
    "another name": ({1: A._replace(name="public.z")}, ["rename"]),
    "a column more": ({1: A._replace(columns=("id", "name", "more"))}, []),
}


@pytest.mark.parametrize("name", MEANWHILE)
def test_what_has_changed_meanwhile(name: str) -> None:
    changed, expected = MEANWHILE[name]
    found = changed_meanwhile(BEFORE, {**BEFORE, **changed})
    assert [each.kind.value for each in found] == expected
    assert all(each.lock is None for each in found)


def test_what_is_gone_meanwhile() -> None:
    assert [each.kind.value for each in changed_meanwhile({1: A, 3: BEFORE[3]}, {})] == [
        "table_dropped",
        "view_dropped",
    ]
    assert changed_meanwhile({3: BEFORE[3]}, {33: BEFORE[3]}) == []


def test_whole_of() -> None:
    assert [whole_of(BEFORE, oid) for oid in (1, 5, 6, 8, 10)] == [1, 5, 5, 8, 5]
    assert whole_of(BEFORE, 8, inherited=True) == 1


def test_one_unknown_number_makes_a_sum_unknown() -> None:
    assert total([(1, 2, 3), (4, 5, 6)]) == (5, 7, 9)
    assert total([(1, 2, 3), None]) is None


def test_many_names_are_cut() -> None:
    assert listed(list("abc")) == "a, b, c"
    assert listed(list("abcde")) == "a, b, c and 2 more"

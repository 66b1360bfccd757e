# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several looks of one run, put together: whose hazard it is, and what of the session's counts is the step's."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.sight import (
    Column,
    Details,
    Held,
    Key,
    Relation,
    Sight,
    Survey,
)
from ansible_collections.pgops.migrations.plugins.module_utils.model import Script, Step, Version
from ansible_collections.pgops.migrations.plugins.module_utils.run.hazards import Counter, TableWatch

A = Relation("public.a", "r", 10, "", ("id",), "0")
SURVEY = Survey({1: A, 2: A._replace(name="public.b")}, 100)
ALL, WRITE = frozenset(["AccessExclusiveLock"]), frozenset(["RowExclusiveLock"])
DETAILS = Details()


def locked(oid: int = 1, name: str = "public.a", **more: object) -> Held:
    return Held(oid, ALL, True, name, 10, details=DETAILS._replace(**more))


def written(events: int | None, *, rows: int, oid: int = 1) -> Sight:
    return Sight((Held(oid, WRITE, True, "public.a", 10, inserted=rows),), events)


def step(version: str) -> Step:
    return Step(Script(Version.parse(version), "x", "sql", "/m/7"))


def told(watch: TableWatch, version: str = "7") -> list[str]:
    return ["%s %s" % (each.kind.value, each.table) for each in watch.take(step(version), 12)]


def test_a_hazard_knows_its_step_and_the_first_name_of_its_table() -> None:
    watch = TableWatch(SURVEY)
    watch.see(Sight((locked(name="public.z"),)))
    [renamed] = watch.take(step("7"), 12)
    assert (renamed.version, renamed.hold_ms, renamed.table) == ("7", 12, "public.a")
    watch.see(Sight((locked(name="public.z"),)))
    [after] = watch.take(step("8"), 12)
    assert (after.kind.value, after.table, after.origin) == ("access_exclusive_lock", "public.z", (1, "public.a"))


def test_two_looks_at_one_transaction_tell_it_once() -> None:
    watch = TableWatch(SURVEY)
    for dummy in range(2):
        watch.see(Sight((locked(columns=(Column(1, "key", False),)),)))
    assert told(watch) == ["rename public.a"]


def test_two_things_of_one_kind_are_one_hazard() -> None:
    watch = TableWatch(SURVEY)
    keys = (Key(101, False, False, "one"), Key(102, False, False, "two"))
    watch.see(Sight((locked(keys=keys),)))
    first, dummy = watch.take(step("7"), 12)
    assert (first.kind.value, first.detail) == ("foreign_key_without_index", "one, two")


def test_the_worst_comes_first() -> None:
    watch = TableWatch(SURVEY)
    watch.see(Sight((locked(columns=(Column(1, "", False),)), Held(2, ALL, exists=False))))
    assert told(watch) == ["table_dropped public.b", "column_dropped public.a"]


@pytest.mark.parametrize("together, expected", [(False, ["access_exclusive_lock public.a"]), (True, [])])
def test_locks_of_an_earlier_step(together: bool, expected: list[str]) -> None:
    watch = TableWatch(SURVEY, keeps_locks=together)
    watch.see(Sight((locked(),)))
    told(watch)
    watch.see(Sight((locked(),)))
    assert told(watch) == expected


def test_an_index_is_told_of_once() -> None:
    watch = TableWatch(SURVEY, keeps_locks=True)
    index = locked(indexes=frozenset([101]))
    watch.see(Sight((index,)))
    assert "index_not_concurrent public.a" in told(watch)
    watch.see(Sight((index, locked(2, "public.b"))))
    assert told(watch) == ["access_exclusive_lock public.b"]


def test_a_new_try_begins_anew() -> None:
    watch = TableWatch(SURVEY)
    watch.see(Sight((Held(1, ALL, exists=False),)))
    watch.reset()
    watch.see(Sight((Held(1, ALL, exists=False),)))
    assert told(watch) == ["table_dropped public.a"]


# Looks, each with how many events the session's counts still have and how many rows they tell → what each step has
# written.
COUNTS: dict[str, tuple[list[tuple[int | None, int]], list[int | None]]] = {
    "the first one": ([(0, 5)], [5]),
    "the counts grow": ([(0, 5), (1, 7), (2, 7)], [5, 2, 0]),
    "they were handed over": ([(0, 5), (0, 7), (1, 8)], [5, 7, 1]),
    "handed over, and grown since": ([(0, 5), (3, 7)], [5, 7]),
    "a baseline was recorded before": ([(4, 5), (5, 9)], [5, 4]),
    "nothing is counted": ([(None, 0)], [None]),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name: str) -> None:
    looks, expected = COUNTS[name]
    counter, found = Counter(), []
    for events, rows in looks:
        counted = counter.step(written(events, rows=rows)).get(1)
        counter.recorded()
        found.append(counted.rows[0] if counted and counted.rows else None)
    assert found == expected


def test_counts_of_a_try_that_was_rolled_back_are_nobodys() -> None:
    counter = Counter()
    counter.distrust()
    assert counter.step(written(0, rows=5)) == {}
    counter.recorded()
    assert counter.step(written(1, rows=7))[1].rows == (2, 0, 0)


def test_counts_behind_a_script_outside_a_transaction() -> None:
    for events, expected in ((0, (5, 0, 0)), (1, None)):
        counter = Counter()
        counter.lose()
        counter.recorded()
        counted = counter.step(written(events, rows=5)).get(1)
        assert (counted and counted.rows) == expected

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of a plan → what is asked of rows, in tables.

There was t (oid 1: a integer, b text), its partition (2), and o (3: a integer), whose rows follow those of t.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.prechecks.promises import (
    Before,
    Locked,
    Look,
    Now,
    Promise,
    Table,
    Use,
)
from ansible_collections.pgops.migrations.plugins.module_utils.precheck import Kind
from ansible_collections.pgops.migrations.plugins.module_utils.rehearsal.prechecks import added
from ansible_collections.pgops.migrations.plugins.module_utils.rehearsal.writes import Ran, Seen

A, B = (1, "a", 23, -1, "integer", False), (2, "b", 25, -1, "text", False)
BEFORE = Before(
    {
        1: Table("public", "t", "p", 0, [A, B]),
        2: Table("public", "part", "r", 12, [A, B]),
        3: Table("public", "o", "r", 13, [A]),
    },
    standing=frozenset([100]),
    names=frozenset([(3, "old")]),
    parts=((1, 2),),
    cascades=((1, 3),),
)
NOT_NULL = Look(columns={(1, 1): Now("a", 23, -1, "integer", True)})
FILL = NOT_NULL._replace(functions=frozenset(["fill"]))
ON_O = Look(columns={(3, 1): Now("a", 23, -1, "integer", True)})
NOTHING = Look()
BIGINT = Now("a", 20, -1, "bigint", False)
NEW_FILE = Locked(3, False, False, 99, False)
CHECK = Promise(("object", 7), Kind.CHECK, "k", 3, (1,), "(a > 0)")


def check(**changes: Any) -> Look:
    return Look((CHECK._replace(**changes),))


def wrote(oid: int, triggers: bool = False) -> Locked:
    return Locked(oid, True, False, 13, triggers)


def read(oid: int) -> Locked:
    return Locked(oid, False, True, 13, False)


def step(version: int, look: Look = NOTHING, locked: Sequence[Locked] = (), text: str | None = "") -> tuple[Ran, Seen]:
    return Ran(str(version), f"{version}_x", text), Seen(tuple(locked), look)


def reasons(*steps: tuple[Ran, Seen], **options: Any) -> list[str]:
    found = added(BEFORE, steps, **options)
    return [f"{each.ran.version} {each.constraint}: {each.reason or 'asked'}" for each in found]


WRITES = {
    # name: steps → what is asked
    "nothing": ([step(1, NOT_NULL)], ["1 NOT NULL (a): asked"]),
    "the table": ([step(1, NOT_NULL, [wrote(1)])], ["1 NOT NULL (a): migration 1_x writes its rows first"]),
    "before": (
        [step(1, locked=[wrote(1)]), step(2), step(3, NOT_NULL)],
        ["3 NOT NULL (a): migration 1_x writes its rows first"],
    ),
    "afterwards": ([step(1, NOT_NULL), step(2, NOT_NULL, [wrote(1)])], ["1 NOT NULL (a): asked"]),
    "a part": ([step(1, NOT_NULL, [wrote(2)])], ["1 NOT NULL (a): migration 1_x writes its rows first"]),
    "rows that follow": ([step(1, ON_O, [wrote(2)])], ["1 NOT NULL (a): migration 1_x writes its rows first"]),
    "not the other way": ([step(1, NOT_NULL, [wrote(3)])], ["1 NOT NULL (a): asked"]),
    "triggers": (
        [step(1, NOT_NULL, [wrote(3, True)])],
        ["1 NOT NULL (a): migration 1_x writes rows of a table whose triggers may write others"],
    ),
    "reads": ([step(1, NOT_NULL, [read(3)], "ALTER TABLE t ALTER a SET NOT NULL")], ["1 NOT NULL (a): asked"]),
    "reads, and runs code": (
        [step(1, NOT_NULL, [read(3)], "DO $$ … $$; ALTER TABLE t")],
        ["1 NOT NULL (a): what migration 1_x writes depends on the rows that it reads"],
    ),
    "reads with functions of the server": (
        [step(1, FILL, [read(3)], "SELECT setval('s', max(a)) FROM o")],
        ["1 NOT NULL (a): asked"],
    ),
    "reads with a function that may write": (
        [step(1, FILL, [read(3)], 'INSERT INTO x SELECT public."fill" (a) FROM o')],
        ["1 NOT NULL (a): what migration 1_x writes depends on the rows that it reads"],
    ),
    "a text that isn't closed": (
        [step(1, NOT_NULL, [read(3)], "CREATE VIEW 'x")],
        ["1 NOT NULL (a): what migration 1_x writes depends on the rows that it reads"],
    ),
    "Python that reads": (
        [step(1, NOT_NULL, [read(3)], None)],
        ["1 NOT NULL (a): what migration 1_x writes depends on the rows that it reads"],
    ),
    "Python that reads nothing": ([step(1, NOT_NULL, [], None)], ["1 NOT NULL (a): asked"]),
    "another file": (
        [step(1, ON_O, [NEW_FILE])],
        ["1 NOT NULL (a): migration 1_x writes its rows first"],
    ),
    "another file, for a new column": (
        [step(1, Look(columns={**ON_O.columns, (3, 2): Now("n", 23, -1, "integer", False)}), [NEW_FILE])],
        ["1 NOT NULL (a): asked"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITES)
def test_what_may_be_written(name: str) -> None:
    steps, expected = WRITES[name]
    assert reasons(*steps) == expected


def test_our_own_history_does_not_count() -> None:
    assert reasons(step(1, NOT_NULL, [wrote(8), read(8)], None), history=frozenset([8])) == ["1 NOT NULL (a): asked"]


PROMISES: dict[str, tuple[Look, list[str]]] = {
    "a check": (check(), ["1 CHECK k: asked"]),
    "one that holds already": (check(key=("object", 100)), []),
    "of a new table": (check(table=9), []),
    "that calls something new": (
        check(uses=(Use("function", "public.f(integer)", young=True),)),
        ["1 CHECK k: the plan makes or changes the function public.f(integer)"],
    ),
    "that calls what varies": (
        check(uses=(Use("operator", "public.===(integer,integer)", varies=True),)),
        ["1 CHECK k: it calls public.===(integer,integer), which isn't immutable"],
    ),
    "of whole rows": (check(expression="(o.* IS NOT NULL)"), ["1 CHECK k: no query asks exactly this"]),
    "an operator that is none": (
        check(operators=(("public", "=) OR (1 ="),)),
        ["1 CHECK k: no query asks exactly this"],
    ),
    "a larger type, and a new check": (Look((CHECK,), {(3, 1): BIGINT}), ["1 CHECK k: asked"]),
    "a larger type, and a check made anew": (Look((CHECK._replace(name="old"),), {(3, 1): BIGINT}), []),
    "another type": (
        Look((CHECK,), {(3, 1): Now("a", 25, -1, "text", False)}),
        ["1 TYPE (a: integer to text): asked", "1 CHECK k: the plan changes the type of a"],
    ),
    "a column that is filled": (
        Look((CHECK._replace(columns=(4,)),), {(3, 4): Now("n", 23, -1, "integer", False, True, "expression")}),
        ["1 CHECK k: the plan makes the column n, and fills it"],
    ),
    "a column of a new type": (
        Look((CHECK._replace(columns=(4,)),), {(3, 4): Now("n", 999, -1, "public.d", False, young_type=True)}),
        ["1 CHECK k: the plan makes or changes the type of n"],
    ),
    "a new column with a default": (Look(columns={(3, 4): Now("n", 23, -1, "integer", True, True, None, "0")}), []),
    "a new column without one": (
        Look(columns={(3, 4): Now("n", 23, -1, "integer", True)}),
        ["1 NOT NULL (n): asked"],
    ),
    "a larger type": (Look(columns={(3, 1): Now("a", 20, -1, "bigint", False)}), []),
    "a smaller type": (
        Look(columns={(3, 1): Now("a", 21, -1, "smallint", False)}),
        ["1 TYPE (a: integer to smallint): asked"],
    ),
    "a part of a part": (
        Look(columns={place: Now("a", 23, -1, "integer", True) for place in ((1, 1), (2, 1))}),
        ["1 NOT NULL (a): asked"],
    ),
}


@pytest.mark.parametrize("name", PROMISES)
def test_what_is_asked(name: str) -> None:
    look, expected = PROMISES[name]
    assert reasons(step(1, look)) == expected


def test_what_is_dropped_and_added_again_is_asked_again() -> None:
    assert reasons(step(1, ON_O), step(2), step(3, ON_O)) == ["1 NOT NULL (a): asked", "3 NOT NULL (a): asked"]


def test_what_was_renamed_is_asked_by_its_old_name() -> None:
    look = Look((CHECK,), {(3, 1): Now("z", 23, -1, "integer", False)})
    (found,) = added(BEFORE, [step(1, look)])
    assert found.question is not None
    assert found.question.table == ("public", "o")
    assert [(each.name, each.original) for each in found.question.columns] == [("z", "a")]


@pytest.mark.parametrize(
    ("look", "answer"),
    [(check(), "the copy is on another server, whose SQL isn't run here"), (NOT_NULL, "asked")],
)
def test_no_sql_of_another_server_is_run(look: Look, answer: str) -> None:
    (found,) = reasons(step(1, look), elsewhere=True)
    assert found.endswith(": " + answer)


def test_values_that_a_using_has_changed_are_not_asked() -> None:
    widened = step(1, Look(columns={(3, 1): BIGINT}), text="ALTER TABLE o ALTER a TYPE bigint USING a * 10")
    later = step(2, Look((CHECK,), {(3, 1): BIGINT}))
    assert reasons(widened, later)[-1] == "2 CHECK k: the plan changes the type of a"


TEXTS = {
    "ALTER TABLE o ALTER a TYPE smallint": "asked",
    "ALTER TABLE o ALTER a TYPE smallint USING a::smallint": "asked",
    'alter table o alter "a" type smallint using ("a"::smallint), add b int;': "asked",
    "ALTER TABLE o ALTER a TYPE smallint USING CAST(a AS smallint)": "asked",
    "ALTER TABLE o ALTER a TYPE smallint USING a::smallint + 1": "what its USING makes of the values isn't known",
    "ALTER TABLE o ALTER a TYPE smallint USING f(a)": "what its USING makes of the values isn't known",
    "ALTER TABLE o ALTER a TYPE smallint USING b::smallint": "what its USING makes of the values isn't known",
    "ALTER TABLE o ALTER a TYPE smallint; CREATE INDEX ON o USING btree (a)": "asked",
}


@pytest.mark.parametrize("text", TEXTS)
def test_how_a_type_is_cast(text: str) -> None:
    look = Look(columns={(3, 1): Now("a", 21, -1, "smallint", False)})
    assert reasons(step(1, look, text=text)) == ["1 TYPE (a: integer to smallint): " + TEXTS[text]]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases are meant."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.port_fleet import Census
from ansible_collections.pgops.migrations.plugins.module_utils.fleet.selection import Selection, chosen

THERE = ("a", "postgres", "pgops_rehearsal_1", "tenant_1", "tenant_2", "tenant_x")


def census(*rows, answer=None):
    return Census(THERE, ("postgres", "pgops_rehearsal_1"), 90, "u@h:1", tuple(rows) if answer is None else answer)


MEANT = {
    "a pattern": (Selection(matching=("tenant_*",)), ("tenant_1", "tenant_2", "tenant_x")),
    "a range": (Selection(matching=("tenant_[0-9]",)), ("tenant_1", "tenant_2")),
    "several patterns": (Selection(matching=("*_1", "a")), ("a", "tenant_1")),
    "what every server has, and rehearsals": (Selection(matching=("p*", "*_1")), ("tenant_1",)),
    "what every server has, in full": (Selection(matching=("postgres",)), ("postgres",)),
    "everything": (Selection(matching=("*",)), ("a", "tenant_1", "tenant_2", "tenant_x")),
    "names in their order": (Selection(names=("tenant_2", "a")), ("tenant_2", "a")),
}


@pytest.mark.parametrize("selection, expected", MEANT.values(), ids=MEANT)
def test_meant(selection, expected):
    assert chosen(selection, census()) == expected


def test_the_rows_of_a_query():
    assert chosen(Selection(query="x"), census(("b",), ("a",))) == ("b", "a")


REFUSED = {
    "no match": (Selection(matching=("tenant-*",)), (), "no database matches tenant-\\* on u@h:1"),
    "another case": (Selection(matching=("TENANT_*",)), (), "no database matches TENANT"),
    "a name twice": (Selection(names=("a", "b", "a")), (), "names has twice: a"),
    "a row twice": (Selection(query="x"), (("a",), ("a",)), "query gives twice: a"),
    "no row": (Selection(query="x"), (), "query gives no rows"),
    "NULL": (Selection(query="x"), (("a",), (None,)), "query gives NULL in row 2"),
    "an empty name": (Selection(query="x"), (("",),), "query gives an empty name in row 1"),
    "a number": (Selection(query="x"), ((1,),), "query gives no text \\(int\\) in row 1"),
    "two columns": (Selection(query="x"), (("a", 1),), "query gives 2 columns"),
}


@pytest.mark.parametrize("selection, rows, message", REFUSED.values(), ids=REFUSED)
def test_refused(selection, rows, message):
    with pytest.raises(errors.OptionInvalid, match=message):
        chosen(selection, census(*rows))


def test_no_match_says_what_there_is():
    with pytest.raises(errors.OptionInvalid) as caught:
        chosen(Selection(matching=("x",)), census())
    assert caught.value.hint == "There are: a, tenant_1, tenant_2, tenant_x."

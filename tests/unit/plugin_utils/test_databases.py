# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of a query as hosts with variables."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.port_fleet import Census
from ansible_collections.pgops.migrations.plugins.plugin_utils import databases


def census(columns, *rows):
    return Census((), (), 9, "u@h:1", tuple(rows), tuple(columns))


def test_the_first_column_is_the_host_and_the_others_are_variables():
    # The database of a row needn't be there yet: what is to be created has variables too.
    found = databases._of_rows(census(["datname", "plan"], ("a", "small"), ("b", None)))
    assert found == {"a": {"plan": "small"}, "b": {"plan": None}}


VALUES = [
    (Decimal("1.50"), 1.5),
    (Decimal(7), 7),
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (datetime.datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"),
    ([Decimal(1), None], [1, None]),
    ({"a": Decimal(1)}, {"a": 1}),
    (datetime.timedelta(1), "1 day, 0:00:00"),
    (True, True),
    ("{{ x }}", "{{ x }}"),
]


@pytest.mark.parametrize("value, expected", VALUES)
def test_values(value, expected):
    assert databases.plain(value) == expected


REFUSED = {
    "a column of Ansible's": (["n", "ansible_host"], ("a", "x"), "ansible_host would say how Ansible works"),
    "one without a name": (["n", "?column?"], ("a", 1), r"the column \?column\? can't be a variable"),
    "two of a name": (["n", "x", "x"], ("a", 1, 2), "the column x can't be a variable"),
    "no name": (["n", "x"], (None, 1), "query gives NULL in row 1"),
}


@pytest.mark.parametrize("columns, row, message", REFUSED.values(), ids=REFUSED)
def test_refused(columns, row, message):
    with pytest.raises(errors.OptionInvalid, match=message):
        databases._of_rows(census(columns, row))


def test_a_query_and_patterns_exclude_each_other():
    params = dict.fromkeys(databases.options.CONNECTION)
    with pytest.raises(errors.OptionInvalid, match="query and matching exclude each other"):
        databases.hosts(params, ["a*"], "SELECT 1")

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of pg_migrate that exclude each other."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.task import combinations
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import CONNECTION, MIGRATE

EMPTY = {"rehearsal_on": "empty"}


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in combinations.PLACES:
        monkeypatch.delenv(name, raising=False)


def check(params, checking=True):
    defaults = {name: each.get("default") for name, each in MIGRATE.items()}
    combinations.check({**defaults, **params}, checking)


MANY = {"databases": {"names": ["a"]}}
SCRIPTED = {"state": "scripted", "script_file": "x"}
FINE = {
    "a file for psql": (SCRIPTED, False),
    "nothing": ({}, False),
    "a cluster": ({"rehearsal_on": "cluster", "url": "postgresql:///shop"}, False),
    "a server by name": ({"rehearsal_on": "server", "rehearsal_url": "postgresql:///"}, True),
    "an empty one in check mode": (EMPTY, True),
    "an empty one, tested": ({**EMPTY, "state": "tested"}, False),
    "many databases": ({**MANY, "serial": ["1"], "max_fail_percentage": 5.0}, False),
    "many, rolled back to a version": ({**MANY, "state": "rolled_back", "version": "1"}, False),
    "an empty one with extensions": ({**EMPTY, "rehearsal_extensions": ["hstore"]}, True),
}
REFUSED = {
    "a file without its state": ({"script_file": "x"}, False, "state: scripted and script_file belong together"),
    "its state without a file": ({"state": "scripted"}, False, "state: scripted and script_file belong together"),
    "a file that nobody has rehearsed": ({**SCRIPTED, "rehearsal": "off"}, False, "scripted and rehearsal: off"),
    "a file of one transaction": ({**SCRIPTED, "single_transaction": True}, False, "and single_transaction: true"),
    "a file for no database": ({**SCRIPTED, **EMPTY}, True, "scripted and rehearsal_on: empty"),
    "a diff for each of one transaction": ({"single_transaction": True, "diff_per": "migration"}, True, "diff_per"),
    "a cluster on a server": ({"rehearsal_on": "cluster", "rehearsal_url": "x"}, True, "rehearsal_url exclude"),
    "an empty one on a server": ({**EMPTY, "rehearsal_url": "x"}, True, "rehearsal_url exclude"),
    "a real run": (EMPTY, False, "has no database that anything could be done to"),
    "rolled back": ({**EMPTY, "state": "rolled_back"}, True, "has no database that anything"),
    "a clone and a server": ({"rehearsal_database_url": "x", "rehearsal_url": "x"}, True, "and rehearsal_url"),
    "a clone and a place": (
        {"rehearsal_database_url": "x", "rehearsal_on": "cluster"},
        True,
        "and rehearsal_on: cluster",
    ),
    "a clone and rows": ({"rehearsal_database_url": "x", "rehearsal_data": ["all"]}, True, "and rehearsal_data"),
    "a clone and extensions": ({"rehearsal_database_url": "x", "rehearsal_extensions": ["a"]}, True, "rehearsal_ext"),
    "a clone, and nothing done": ({"rehearsal_database_url": "x", "rehearsal": "off"}, True, "and rehearsal: off"),
    "a clone, tested": ({"rehearsal_database_url": "x", "state": "tested"}, True, "and state: tested"),
    "no rehearsal": ({**EMPTY, "rehearsal": "off"}, True, "rehearsal: off and"),
    "batches of one": ({"serial": ["1"]}, False, "serial has no meaning without databases"),
    "failures of one": ({"max_fail_percentage": 0.0}, False, "max_fail_percentage has no meaning without databases"),
    "many, rolled back by steps": ({**MANY, "state": "rolled_back"}, False, "needs version"),
    "many, tested": ({**MANY, "state": "tested"}, False, "databases and state: tested exclude"),
    "many in one file": ({**MANY, **SCRIPTED}, False, "databases and state: scripted exclude"),
    "a schema of many": ({**MANY, "schema_file": "x"}, False, "databases and schema_file exclude"),
    "a schema, tested": ({"schema_file": "x", "state": "tested"}, False, "state: tested and schema_file exclude"),
    "a schema, scripted": ({**SCRIPTED, "schema_file": "x"}, False, "state: scripted and schema_file exclude"),
    "a report of many": ({**MANY, "report": True}, False, "databases and report exclude"),
    "many in one clone": (
        {**MANY, "rehearsal_database_url": "x"},
        True,
        "databases and rehearsal_database_url exclude",
    ),
    "many of none": ({**MANY, **EMPTY}, True, "databases and rehearsal_on: empty exclude"),
    "rows": ({**EMPTY, "rehearsal_data": ["all"]}, True, "has no rows"),
}


@pytest.mark.parametrize("name", FINE)
def test_fine(name):
    check(*FINE[name])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    params, checking, message = REFUSED[name]
    with pytest.raises(errors.OptionInvalid, match=message) as caught:
        check(params, checking)
    assert caught.value.hint


@pytest.mark.parametrize("name", [name for name in CONNECTION if name != "config_key"])
def test_whatever_names_a_database_beside_an_empty_cluster(name):
    with pytest.raises(errors.OptionInvalid, match=name):
        check({**EMPTY, name: {"host": "a"} if name == "connect_params" else "a"})


@pytest.mark.parametrize("name", combinations.PLACES)
def test_a_variable_that_names_one(name, monkeypatch):
    monkeypatch.setenv(name, "a")
    with pytest.raises(errors.OptionInvalid, match="the variable " + name):
        check(EMPTY)
    check({})

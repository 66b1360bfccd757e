# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a summary is shown, and where not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.pgops.migrations.plugins.plugin_utils import terminal

ROW = {
    **{"version": "1", "name": "orders", "kind": "sql", "direction": "up", "outcome": "applied", "duration_ms": 3},
    **{"statements": 1, "objects": ["+ table orders"], "hazards": []},
}
RESULT = {"plan": [ROW, {**ROW, "version": "2"}], "target": "shop@db1/shop", "summary": ["as the module has it"]}
HEAD = "shop@db1/shop · applied in 6 ms · 2 migrations, 1 → 2"
BRIEF = "shop@db1/shop · applied in 6 ms · 2 migrations"
ROWS = ["  1  orders  sql   3 ms  + table orders", "  2  orders  sql   3 ms  + table orders"]

CALLBACKS = {
    **{"default": True, "ansible.builtin.default": True, "community.general.yaml": True, "awx_display": True},
    **{"json": False, "ansible.posix.json": False, "ansible.posix.jsonl": False, "junit": False, "minimal": False},
    **{"oneline": False, "null": False, "acme.tools.default": False, "community.general.dense": False},
}
PROGRAMS = {"/usr/bin/ansible-playbook": True, "ansible": False, "ansible-console": False, "run.py": False, "": False}
VARIABLES = {
    "one host": ({"ansible_play_hosts_all": ["a"]}, [HEAD, *ROWS]),
    "nothing is known": ({}, [HEAD, *ROWS]),
    "two hosts": ({"ansible_play_hosts_all": ["a", "b"], "inventory_hostname": "a"}, ["[a] " + HEAD, *ROWS]),
    "many hosts": ({"ansible_play_hosts_all": list("abcd"), "inventory_hostname": "b"}, ["[b] " + BRIEF]),
    "a loop": ({"ansible_loop_var": "item", "item": 1}, [BRIEF]),
}


@pytest.fixture
def shown(monkeypatch):
    """Return what is shown on the screen, and what goes to the log."""
    found = SimpleNamespace(screen=[], log=[])

    def display(text, screen_only=False, log_only=False):
        assert screen_only is not log_only
        (found.screen if screen_only else found.log).extend(text.split("\n"))

    monkeypatch.setattr(terminal, "Display", lambda: SimpleNamespace(columns=79, display=display))
    monkeypatch.setattr(terminal, "is_for_people", lambda: True)
    monkeypatch.setattr("ansible.utils.color.ANSIBLE_COLOR", False)
    return found


def of_callback(monkeypatch, name, program="/usr/bin/ansible-playbook", shows_ok=True):
    def value(setting, **dummy):
        return name if setting == "DEFAULT_STDOUT_CALLBACK" else shows_ok

    monkeypatch.setattr(terminal.constants.config, "get_config_value", value)
    monkeypatch.setattr(terminal.sys, "argv", [program] if program else [])


@pytest.mark.parametrize("name", CALLBACKS)
def test_callbacks(name, monkeypatch):
    of_callback(monkeypatch, name)
    assert terminal.is_for_people() is CALLBACKS[name]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(program, monkeypatch):
    of_callback(monkeypatch, "default", program)
    assert terminal.is_for_people() is PROGRAMS[program]


def test_who_wants_to_hear_of_failures_alone(monkeypatch):
    of_callback(monkeypatch, "default", shows_ok=False)
    assert terminal.is_for_people() is False


@pytest.mark.parametrize("name", VARIABLES)
def test_summary(name, shown):
    variables, expected = VARIABLES[name]
    terminal.show_summary(RESULT, SimpleNamespace(no_log=False), variables)
    assert shown.screen == shown.log == expected


def test_nothing_with_no_log(shown):
    terminal.show_summary(RESULT, SimpleNamespace(no_log=True), {})
    assert shown.screen == shown.log == []


def test_nothing_for_a_parser(shown, monkeypatch):
    monkeypatch.setattr(terminal, "is_for_people", lambda: False)
    terminal.show_summary(RESULT, SimpleNamespace(no_log=False), {})
    assert shown.screen == shown.log == []


def test_what_ansible_has_masked_is_shown_as_it_was_made(shown):
    masked = {**RESULT, "plan": [{**ROW, "duration_ms": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}]}
    terminal.show_summary(masked, SimpleNamespace(no_log=False), {})
    assert shown.screen == ["as the module has it"]


def test_colours_are_ansibles(shown, monkeypatch):
    monkeypatch.setattr("ansible.utils.color.ANSIBLE_COLOR", True)
    monkeypatch.setattr(terminal.constants, "COLOR_DIFF_ADD", "blue")
    terminal.show_summary(RESULT, SimpleNamespace(no_log=False), {})
    assert shown.screen == [HEAD, *("\x1b[0;34m%s\x1b[0m" % row for row in ROWS)]
    assert shown.log == [HEAD, *ROWS]

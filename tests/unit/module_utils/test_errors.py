# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error says, and what it returns."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError, ScriptFailed

ROOT = Path(__file__).parents[3]
ALL = [found for dummy, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, MigrationError)]


@pytest.mark.parametrize(
    "message, hint, expected",
    [
        ("It broke", None, "It broke."),
        ("It broke.", None, "It broke."),
        ("It broke!", None, "It broke!"),
        ("Broke it?", None, "Broke it?"),
        ("It broke", "Fix it.", "It broke. Fix it."),
        ("It broke.", "Fix it.", "It broke. Fix it."),
        ("It broke (here)", "Fix it.", "It broke (here). Fix it."),
        ("It broke", "", "It broke."),
        ("100 % broke", "Fix %s.", "100 % broke. Fix %s."),
    ],
)
def test_sentence(message, hint, expected):
    error = MigrationError(message, hint=hint)
    assert error.sentence() == expected
    assert str(error) == message


@pytest.mark.parametrize("text", ["In the rehearsal: it broke", ""])
def test_str_is_the_message_as_it_is_now(text):
    error = MigrationError("It broke")
    error.message = text
    assert str(error) == text


def test_result_of_everything():
    error = ScriptFailed(
        "It broke",
        hint="Fix it.",
        version="007",
        path="/m/007_x.up.sql",
        line=3,
        column=14,
        sqlstate="42601",
        blockers=[{"pid": 5}],
    )
    assert error.to_result() == {
        "kind": "script_failed",
        "version": "007",
        "path": "/m/007_x.up.sql",
        "line": 3,
        "column": 14,
        "sqlstate": "42601",
        "message": "It broke",
        "hint": "Fix it.",
        "blockers": [{"pid": 5}],
    }


def test_result_of_nothing_but_a_message():
    result = ScriptFailed("It broke").to_result()
    nothing = dict.fromkeys(["version", "path", "line", "column", "sqlstate", "hint"])
    assert result == {"kind": "script_failed", "message": "It broke", "blockers": [], **nothing}


def test_result_is_a_copy():
    blockers = [{"pid": 5}]
    error = MigrationError("It broke", blockers=blockers)
    error.to_result()["blockers"][0]["pid"] = 6
    blockers.append({"pid": 7})
    assert error.to_result()["blockers"] == [{"pid": 5}]


@pytest.mark.parametrize(
    "before, about, after",
    [
        ({}, {"version": "7", "path": "/a"}, ("7", "/a")),
        ({"version": "1"}, {"version": "7", "path": "/a"}, ("1", "/a")),
        ({"path": "/b"}, {"version": "7", "path": "/a"}, ("7", "/b")),
        ({"version": "1", "path": "/b"}, {"version": "7", "path": "/a"}, ("1", "/b")),
        ({"version": "1", "path": "/b"}, {}, ("1", "/b")),
    ],
)
def test_about_keeps_what_is_known(before, about, after):
    error = MigrationError("It broke", **before)
    assert error.about(**about) is error
    assert (error.version, error.path) == after


def test_kinds_are_words_of_their_own():
    kinds = [each.kind for each in ALL]
    assert len(set(kinds)) == len(kinds) >= 12
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", kind) for kind in kinds)


def test_each_kind_is_on_the_page():
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", page, re.MULTILINE)
    on_page = {kind for row in rows for kind in re.findall("`([a-z_]+)`", row)}
    assert on_page == {found.kind for found in ALL if found is not MigrationError}


def test_nothing_raises_an_error_without_a_kind():
    modules = [*(ROOT / "plugins").rglob("*.py")]
    assert [path for path in modules if re.search(r"(?<!class )\bMigrationError\(", path.read_text())] == []

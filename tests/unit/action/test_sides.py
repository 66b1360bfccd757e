# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diff as before and after of each hunk, of which Ansible's callback makes the same hunks."""

from __future__ import annotations

import difflib

import pytest
from ansible.plugins.callback import CallbackBase
from ansible_collections.pgops.migrations.plugins.action.pg_migrate import _coloured, sides

BEFORE = "".join(f"line {number}\n" for number in range(60))
AFTER: dict[str, str] = {
    "added": BEFORE + "more\n",
    "changed": BEFORE.replace("line 30\n", "another\n"),
    "removed": BEFORE.replace("line 30\n", ""),
    "far apart": BEFORE.replace("line 3\n", "").replace("line 50\n", "another\nand more\n"),
    "what looks like a diff": BEFORE.replace("line 30\n", "-- a comment\n@@ -1 +1 @@\n++ x\n"),
    "an empty line": BEFORE.replace("line 30\n", "\n"),
    "all gone": "",
}


@pytest.mark.parametrize("name", AFTER)
def test_the_callback_shows_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible.constants.DIFF_CONTEXT", 10)
    olds, news = BEFORE.splitlines(keepends=True), AFTER[name].splitlines(keepends=True)
    text = "".join(difflib.unified_diff(olds, news, "before", "after", n=10))
    shown = CallbackBase()._get_diff(sides({"prepared": text}))
    assert _hunks(shown) == _hunks(text)


def test_a_files_diff_keeps_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible.constants.DIFF_CONTEXT", 10)
    prepared = "--- before: /srv/s.sql\n+++ after: /srv/s.sql\n@@ -1,1 +1,1 @@\n-a\n+b\n"
    diff = {"before_header": "/srv/s.sql", "after_header": "/srv/s.sql", "prepared": prepared}
    shown = CallbackBase()._get_diff(sides(diff))
    assert "--- before: /srv/s.sql\n+++ after: /srv/s.sql\n" in shown
    assert _hunks(shown) == ["--- before: /srv/s.sql", "+++ after: /srv/s.sql", "-a", "+b"]


def _hunks(diff: str) -> list[str]:
    """Return the lines of a diff without its headers, and without where the hunks are."""
    heads = ("--- before", "+++ after", "")
    return [line for line in diff.splitlines() if line not in heads and not line.startswith("@@ ")]


@pytest.mark.parametrize("shown", ["VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", None, 10**6])
def test_a_context_that_is_no_number_or_too_large_leaves_the_diff_as_text(shown: object) -> None:
    # A password of the same digits masks it.
    answer = {
        "diff": [{"prepared": "--- before\n+++ after\n@@ -1,1 +1,1 @@\n-one\n+two\n"}],
        "invocation": {"module_args": {"diff_context": shown}},
    }
    assert _coloured(answer) == answer


def test_a_line_has_one_end(monkeypatch: pytest.MonkeyPatch) -> None:
    (side,) = sides({"prepared": "--- before\n+++ after\n@@ -1,1 +1,1 @@\n-one\x0cline\n+two\u2028lines\n"})
    assert side == {"before": "one\x0cline\n", "after": "two\u2028lines\n"}


@pytest.mark.parametrize("other", [{"prepared": "a_b: reversible\n"}, {"before": "x", "after": "y"}])
def test_what_is_no_diff_stays(other: dict[str, str]) -> None:
    assert sides(other) == [other]

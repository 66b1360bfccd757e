# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/safety.md: each promise names a test, and each of these tests is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
TEXT = (TESTS.parent / "docs/safety.md").read_text(encoding="utf-8")
PROMISES = [part for part in TEXT.split("## What is not promised")[0].split("\n\n") if part.startswith("**")]
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.split("**")[1][:40])
def test_a_promise_names_a_test(promise: str) -> None:
    assert ".py::test_" in promise


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_what_is_named_is_there(path: str, name: str) -> None:
    assert f"def {name}(" in (TESTS / path).read_text(encoding="utf-8")

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.wording import many, some


@pytest.mark.parametrize("count, words", [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (12345, "12,345 rows")])
def test_many(count: int, words: str) -> None:
    assert many(count, "row") == words


@pytest.mark.parametrize(
    "names, most, words",
    [
        ([], 5, ""),
        (["a"], 5, "a"),
        (["a", "b"], 2, "a, b"),
        (["a", "b", "c"], 2, "a, b and 1 more"),
        (["a"] * 2001, 1, "a and 2,000 more"),
    ],
)
def test_some(names: list[str], most: int, words: str) -> None:
    assert some(names, most) == words

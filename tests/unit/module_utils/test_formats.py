# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checksums of several formats: only those of the same one can differ."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import formats

ONE, OTHER = "a" * 64, "b" * 64
CASES = [
    # recorded, of the file → whether that says that it was changed
    (ONE, ONE, False),
    (ONE, OTHER, True),
    ("2:" + ONE, ONE, False),
    ("2:" + ONE, OTHER, False),
    (ONE, "2:" + OTHER, False),
    ("2:" + ONE, "2:" + OTHER, True),
    ("2:" + ONE, "2:" + ONE, False),
    ("1:" + ONE, ONE, False),
    ("1:" + ONE, OTHER, True),
    ("17:" + ONE, "18:" + ONE, False),
    (None, ONE, False),
    ("", ONE, False),
    (ONE, "", False),
]


@pytest.mark.parametrize("recorded, current, expected", CASES)
def test_differ(recorded: str | None, current: str, expected: bool) -> None:
    assert formats.differ(recorded, current) is expected

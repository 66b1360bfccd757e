# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for people: harmless, measured, broken into lines."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.report import words

HARMLESS = {
    "orders": "orders",
    "Tür ‧ 注文": "Tür ‧ 注文",
    "a\x1b[31mb": "a\\x1b[31mb",
    "a\nb\tc\r": "a\\x0ab\\x09c\\x0d",
    "\x9b31m\x7f": "\\x9b31m\\x7f",
    "right\u202eto left": "right\\u202eto left",
    "zero\u200bwidth": "zero\\u200bwidth",
    "line\u2028end": "line\\u2028end",
    "half \ud83d": "half \\ud83d",
    "tag\U000e0041": "tag\\U000e0041",
}
COLUMNS = {"": 0, "orders": 6, "Tür": 3, "注文": 4, "e\u0301": 1, "✗ a → b": 7}
CLIPPED = [
    ("orders", 6, "orders"),
    ("orders", 5, "orde…"),
    ("注文注文", 8, "注文注文"),
    ("注文注文", 6, "注文…"),
    ("a b", 2, "a…"),
]
WRAPPED = [
    (("a b c", 5), ["a b c"]),
    (("a b c", 3), ["a b", "c"]),
    (("a b c", 4, "> ", "  "), ["> a", "  b", "  c"]),
    (("averylongword b", 4), ["averylongword", "b"]),
    (("a b · c d · e", 9, "", "  ", " · "), ["a b · c d", "  e"]),
    (("", 9, "> "), ["> "]),
]
SIZES = {0: "0 bytes", 1023: "1023 bytes", 8192: "8.0 kB", 157 * 2**20: "157 MB", 3 * 2**40: "3.0 TB", 2**50: "1024 TB"}
DURATIONS = {
    0: "0 ms",
    99: "99 ms",
    100: "0.1 s",
    1249: "1.2 s",
    59_940: "59.9 s",
    180_000: "3 min 00 s",
    5_999_000: "99 min 59 s",
    7_380_000: "2 h 03 min",
}


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless(text):
    assert words.harmless(text) == HARMLESS[text]


@pytest.mark.parametrize("text", COLUMNS)
def test_columns(text):
    assert words.columns_of(text) == COLUMNS[text]
    assert words.columns_of(words.padded(text, 9)) == 9


@pytest.mark.parametrize("text, columns, expected", CLIPPED)
def test_clipped(text, columns, expected):
    assert words.clipped(text, columns) == expected
    assert words.columns_of(expected) <= columns


@pytest.mark.parametrize("arguments, expected", WRAPPED)
def test_wrapped(arguments, expected):
    assert words.wrapped(*arguments) == expected


@pytest.mark.parametrize("count", SIZES)
def test_size(count):
    assert words.size(count) == SIZES[count]


@pytest.mark.parametrize("milliseconds", DURATIONS)
def test_duration(milliseconds):
    assert words.duration(milliseconds) == DURATIONS[milliseconds]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which migrations came after a release, in a table. A row is ``version:release``; rows stand in the order of time.

A word in brackets is a release that ran with nothing to apply.
"""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import UnknownVersion
from ansible_collections.pgops.migrations.plugins.module_utils.model import HistoryRow, Version
from ansible_collections.pgops.migrations.plugins.module_utils.planning.releases import after, releases

# the history → for each release what is rolled back to go back to it
CASES = {
    "one after the other": ("1:A 2:A 3:B 4:C", {"A": "4 3", "B": "4", "C": ""}),
    "what has no release goes by its time": ("1 2:A 3 4:B 5", {"A": "5 4 3", "B": "5"}),
    "a hotfix of an earlier release stays": ("1:A 2:B 3:A 4:B", {"A": "4 2", "B": ""}),
    "what has none, in between": ("1:A 2 3:A 4:B", {"A": "4", "B": ""}),
    "one with nothing to apply": ("1:A [B] 2:C", {"A": "2", "B": "2", "C": ""}),
    "the first has nothing": ("[A] 1:B", {"A": "1", "B": ""}),
    "it ran again": ("1:A [B] 2 [B] 3:C", {"A": "3 2", "B": "3"}),
    "what is repeated stays": ("1:A R__v:B 2:B", {"A": "2"}),
    "deferred": ("1:A 2~ 3:B", {"A": "3"}),
}


def read(written: str) -> tuple[list[HistoryRow], list[tuple[str, str]]]:
    rows, runs = [], []
    for number, word in enumerate(written.split()):
        at = "2026-01-01T00:00:%02d.000000Z" % number
        if word.startswith("["):
            runs.append((word.strip("[]"), at))
            continue
        text, dummy, release = word.partition(":")
        version = Version.parse(text.rstrip("~"))
        rows.append(HistoryRow(version, None if text.endswith("~") else at, release=release or None))
    return rows, runs


@pytest.mark.parametrize("name", CASES)
def test_after(name: str) -> None:
    written, expected = CASES[name]
    rows, runs = read(written)
    found = {release: " ".join(str(row.version) for row in after(release, rows, runs)) for release in expected}
    assert found == expected


def test_releases() -> None:
    found = releases(*read("1:A 2:B 3:A [C]"))
    assert [(each.name, " ".join(map(str, each.versions)), each.since[17:19], each.until[17:19]) for each in found] == [
        ("A", "1 3", "00", "02"),
        ("B", "2", "01", "01"),
        ("C", "", "03", "03"),
    ]


@pytest.mark.parametrize(
    "written, hint", [("1:2026.10 2:2026.11", "It has 2026.11, 2026.10."), ("1 2", "No run has named one yet.")]
)
def test_one_that_isn_t_there(written: str, hint: str) -> None:
    with pytest.raises(UnknownVersion, match="no release 2026.12") as caught:
        after("2026.12", *read(written))
    assert str(caught.value.hint).endswith(hint)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the head of a checkpoint says."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import ScriptInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.model import Checkpoint, Replaced
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.kinds.checkpoint import head, read_head

REPLACED = (Replaced("1", "aa", "one"), Replaced("2", "bb", "zwei – \n-- replaces [] "))
HEAD = head("2", REPLACED)
OTHER = head("9", [Replaced("8", "cc", "eight")])
ROW = '-- replaces ["0", "dd", "zero"]\n'

# What stands below the head, and says nothing of it.
BODIES = {
    "nothing": "",
    "statements": "\nSELECT 1;\n",
    "a row's text that looks like a line of a head": "\nINSERT INTO t VALUES ('\n%s');\n" % ROW,
    "a row's text that looks like its last line": "\nSELECT '\n-- replaces 7 in all: 0123456789abcdef\n';\n",
    "a whole head in a text": "\nINSERT INTO t VALUES ('\n%s');\n" % OTHER,
    "a comment below a blank line": "\n" + ROW + "SELECT 1;\n",
    "a comment below a statement": "SELECT 1;\n" + ROW,
    "a comment without an end": "-- the end",
}


@pytest.mark.parametrize("name", BODIES)
def test_what_stands_below_it_says_nothing(name: str) -> None:
    assert read_head(HEAD + BODIES[name], "x.sql") == Checkpoint(REPLACED)


FIRST, ONE, TWO, LAST = HEAD.splitlines(keepends=True)
CHANGED = {
    "a line more": FIRST + ROW + ONE + TWO + LAST,
    "a line more behind the last": HEAD + ROW,
    "a line less": FIRST + ONE + LAST,
    "two lines in another order": FIRST + TWO + ONE + LAST,
    "no last line": FIRST + ONE + TWO,
    "the last line in a text below": FIRST + ONE + TWO + "\nSELECT '\n" + LAST + "';\n",
    "a blank line in between": FIRST + ONE + "\n" + TWO + LAST,
}


@pytest.mark.parametrize("name", CHANGED)
def test_changed_by_hand(name: str) -> None:
    with pytest.raises(ScriptInvalid, match="x.sql: the list .* was changed by hand"):
        read_head(CHANGED[name], "x.sql")


@pytest.mark.parametrize("text", ["", "SELECT 1;\n", "\n" + HEAD, "SELECT '\n" + HEAD + "';\n"])
def test_none(text: str) -> None:
    assert read_head(text, "x.sql") is None

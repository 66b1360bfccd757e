# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a variable is one, and where it isn't."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.sql.variables import VariableError, fill

VALUES = {"who": "bob", "a.b:c-d": "x", "dollar": "${who} $1 $$", "quote": "'"}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("GRANT SELECT ON t TO ${who};", "GRANT SELECT ON t TO bob;"),
        ("SELECT '${who}', E'\\'${who}', \"${who}\";", "SELECT 'bob', E'\\'bob', \"bob\";"),
        ("${who}${who}", "bobbob"),
        ("SELECT ${a.b:c-d}", "SELECT x"),
        ("SELECT '${dollar}' || ${who}", "SELECT '${who} $1 $$' || bob"),
        ("SELECT ${quote}, ${who}", "SELECT ', bob"),
        ("SELECT '-- ${who}', '/* ${who} */', '$$', ${who}", "SELECT '-- bob', '/* bob */', '$$', bob"),
        ("SELECT (1), (${who}), f(a, (${who}))", "SELECT (1), (bob), f(a, (bob))"),
        ("SELECT $1; PREPARE p AS SELECT $2", "SELECT $1; PREPARE p AS SELECT $2"),
        ("SELECT '{who}', $ {who}, a$b", "SELECT '{who}', $ {who}, a$b"),
        # Not there.
        ("DO $$ BEGIN PERFORM '${who}'; END $$; SELECT ${who}", "DO $$ BEGIN PERFORM '${who}'; END $$; SELECT bob"),
        ("DO $x$ ${nobody $$ ${ $x$; SELECT ${who}", "DO $x$ ${nobody $$ ${ $x$; SELECT bob"),
        ("-- ${nobody} ${\nSELECT ${who}", "-- ${nobody} ${\nSELECT bob"),
        ("/* ${nobody} /* ${ */ */ SELECT ${who} -- ${x", "/* ${nobody} /* ${ */ */ SELECT bob -- ${x"),
        ("", ""),
    ],
)
def test_filled(text: str, expected: str) -> None:
    assert fill(text, VALUES) == expected


@pytest.mark.parametrize(
    "text, offset, words",
    [
        ("SELECT ${nobody}", 7, "${nobody} has no value"),
        ("SELECT ${WHO}", 7, "${WHO} has no value"),
        ("SELECT '${nobody}'", 8, "${nobody} has no value"),
        ("SELECT ${who", 7, "${who is no variable"),
        ("SELECT ${who\n}", 7, "${who is no variable"),
        ("SELECT ${}", 7, "${} is no variable"),
        ("SELECT ${ who }", 7, "${ who } is no variable"),
        ("SELECT ${1}", 7, "${1} is no variable"),
        ("SELECT '${who'", 8, "is no variable"),
        ("SELECT ${who}, ${${who}}", 15, "${${who} is no variable"),
    ],
)
def test_refused(text: str, offset: int, words: str) -> None:
    with pytest.raises(VariableError) as caught:
        fill(text, VALUES)
    assert words in caught.value.message and caught.value.offset == offset

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script is read as SQLite reads it."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.sqlite.grammar import adapted, keyword, split
from ansible_collections.pgops.migrations.plugins.module_utils.errors import ScriptInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.kinds import sqltext

TRIGGER = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  INSERT INTO b VALUES (1);\n  SELECT CASE WHEN 1 THEN 2 END;\nEND"

# A text → its statements, and the lines at which they begin.
TEXTS = {
    "": [],
    "-- only a comment\n/* and ; another */ ;;": [],
    "SELECT 1": [("SELECT 1", 1)],
    "SELECT 1;\n-- x\nSELECT ';' ; SELECT 3;": [("SELECT 1", 1), ("SELECT ';'", 3), ("SELECT 3", 3)],
    'SELECT [a;b], `c;d`, "e;f" FROM t;SELECT 2': [('SELECT [a;b], `c;d`, "e;f" FROM t', 1), ("SELECT 2", 1)],
    f"{TRIGGER};\nSELECT 1;": [(TRIGGER, 1), ("SELECT 1", 5)],
    "CREATE TABLE t (\n  x -- a; comment\n);": [("CREATE TABLE t (\n  x -- a; comment\n)", 1)],
    "SELECT 'it''s; fine';": [("SELECT 'it''s; fine'", 1)],
}


@pytest.mark.parametrize("text", TEXTS)
def test_statements(text: str) -> None:
    assert [(each.text, each.line) for each in split(text)] == TEXTS[text]
    assert all(text[each.offset :].startswith(each.text) for each in split(text))


KEYWORDS = {
    "commit": "COMMIT",
    " -- x\n end transaction": "END",
    "ROLLBACK TO SAVEPOINT x": "ROLLBACK TO",
    "rollback": "ROLLBACK",
    "(SELECT 1)": "",
}


@pytest.mark.parametrize("text", KEYWORDS)
def test_keywords(text: str) -> None:
    assert keyword(text) == KEYWORDS[text]


# A script → whether it is one transaction, and the statements that are sent.
BODIES = {
    "SELECT 1; SELECT 2;": (True, ["SELECT 1", "SELECT 2"]),
    f"{TRIGGER};": (True, [TRIGGER]),
    "BEGIN;\nSELECT 1;\nCOMMIT;": (True, ["SELECT 1"]),
    "BEGIN IMMEDIATE;\nSELECT 1;\nEND;": (True, ["SELECT 1"]),
    "SELECT 1;\nCOMMIT;\nSELECT 2;": (False, ["SELECT 1", "COMMIT", "SELECT 2"]),
    "-- no-transaction\nVACUUM;\nSELECT 1;": (False, ["VACUUM", "SELECT 1"]),
    "SAVEPOINT x; SELECT 1; RELEASE x;": (True, ["SAVEPOINT x", "SELECT 1", "RELEASE x"]),
}


@pytest.mark.parametrize("text", BODIES)
def test_what_of_a_script_is_sent(text: str) -> None:
    body = adapted(sqltext.body("x.sql", text))
    assert (body.transactional, [each.text for each in body.messages]) == BODIES[text]
    assert all((body.whole or body.text)[each.offset :].startswith(each.text) for each in body.messages)


def test_a_trigger_without_its_end() -> None:
    with pytest.raises(ScriptInvalid, match="line 2, column 1: a statement that begins here has no end"):
        adapted(sqltext.body("x.sql", "SELECT 1;\nCREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;\n"))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a text for MariaDB is read: which statements it has, and which of them can be rolled back."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors, model
from ansible_collections.pgops.migrations.plugins.module_utils.databases.mysql import grammar

# A text → its statements.
TEXTS = {
    "SELECT 1; SELECT 2": ["SELECT 1", "SELECT 2"],
    "SELECT ';'; SELECT \";\"; SELECT `;`": ["SELECT ';'", 'SELECT ";"', "SELECT `;`"],
    r"SELECT 'it\'s; so'; SELECT 'it''s; so'": [r"SELECT 'it\'s; so'", "SELECT 'it''s; so'"],
    "-- a; b\nSELECT 1 # c; d\n; /* e; f */ SELECT 2;": ["SELECT 1 # c; d", "SELECT 2"],
    "SELECT 1--1;": ["SELECT 1--1"],
    "/*!40101 SET NAMES utf8 */; SELECT 1": ["/*!40101 SET NAMES utf8 */", "SELECT 1"],
    "DELIMITER //\nSELECT 1; SELECT 2//\ndelimiter ;\nSELECT 3;": ["SELECT 1; SELECT 2", "SELECT 3"],
    "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT 1; END$$\nDELIMITER ;": [
        "CREATE PROCEDURE p() BEGIN SELECT 1; END"
    ],
    "CREATE PROCEDURE p() BEGIN SELECT 1; IF 1 THEN SELECT 2; END IF; END; SELECT 3": [
        "CREATE PROCEDURE p() BEGIN SELECT 1; IF 1 THEN SELECT 2; END IF; END",
        "SELECT 3",
    ],
    "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN RETURN CASE 1 WHEN 1 THEN 2 END; END; SELECT 3": [
        "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN RETURN CASE 1 WHEN 1 THEN 2 END; END",
        "SELECT 3",
    ],
    "CREATE TRIGGER t AFTER INSERT ON x FOR EACH ROW BEGIN CASE a WHEN 1 THEN SELECT 1; END CASE; END; SELECT 3": [
        "CREATE TRIGGER t AFTER INSERT ON x FOR EACH ROW BEGIN CASE a WHEN 1 THEN SELECT 1; END CASE; END",
        "SELECT 3",
    ],
    "CREATE PROCEDURE p() BEGIN WHILE 1 DO SELECT 1; END WHILE; l: LOOP LEAVE l; END LOOP; END; SELECT 3": [
        "CREATE PROCEDURE p() BEGIN WHILE 1 DO SELECT 1; END WHILE; l: LOOP LEAVE l; END LOOP; END",
        "SELECT 3",
    ],
    "BEGIN NOT ATOMIC SELECT 1; SELECT 2; END; SELECT 3": ["BEGIN NOT ATOMIC SELECT 1; SELECT 2; END", "SELECT 3"],
    "BEGIN; SELECT 1; COMMIT;": ["BEGIN", "SELECT 1", "COMMIT"],
    " ;; \n": [],
}


@pytest.mark.parametrize("text", TEXTS)
def test_the_statements_of_a_text(text: str) -> None:
    assert [each.text for each in grammar.split(text)] == TEXTS[text]


def test_where_statements_stand() -> None:
    text = "-- first\nSELECT 1;\n\n  SELECT 2;"
    assert [(each.line, each.offset, each.keyword) for each in grammar.split(text)] == [
        (2, 9, "SELECT"),
        (4, 22, "SELECT"),
    ]


KEYWORDS = {
    "rollback to savepoint a": "ROLLBACK TO",
    "ROLLBACK WORK TO a": "ROLLBACK TO",
    "rollback": "ROLLBACK",
    "begin not atomic select 1; end": "BEGIN NOT ATOMIC",
    "Start Transaction": "START",
    "/*!40101 SET NAMES utf8 */": "SET",
    "(SELECT 1)": "",
}


@pytest.mark.parametrize("text", KEYWORDS)
def test_what_a_statement_begins_with(text: str) -> None:
    assert grammar.keyword(text) == KEYWORDS[text]


# A script → whether it is one transaction, and what is sent.
BODIES = {
    "INSERT INTO t VALUES (1); UPDATE t SET a = 2": (True, ["INSERT INTO t VALUES (1)", "UPDATE t SET a = 2"]),
    "SET @a = 1; DELETE FROM t": (True, ["SET @a = 1", "DELETE FROM t"]),
    "START TRANSACTION; DELETE FROM t; COMMIT": (True, ["DELETE FROM t"]),
    "CREATE TABLE t (a int); INSERT INTO t VALUES (1)": (
        False,
        ["CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)"],
    ),
    "SET autocommit = 1; DELETE FROM t": (True, ["DELETE FROM t"]),
    "SET AUTOCOMMIT=0; DELETE FROM t; COMMIT; SET @@session.autocommit = ON": (True, ["DELETE FROM t"]),
    # As phpMyAdmin writes its dumps.
    "SET AUTOCOMMIT = 0; START TRANSACTION; CREATE TABLE t (a int); INSERT INTO t VALUES (1); COMMIT": (
        False,
        ["BEGIN", "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)"],
    ),
    "SET PASSWORD = ''": (False, ["SET PASSWORD = ''"]),
    "CALL p()": (False, ["CALL p()"]),
    "BEGIN; DELETE FROM t; COMMIT; DROP TABLE t": (False, ["BEGIN", "DELETE FROM t", "COMMIT", "DROP TABLE t"]),
    "DELETE FROM t; COMMIT; ROLLBACK": (True, ["DELETE FROM t"]),
    # The server commits at the DROP: the block is none, whatever ends it.
    "BEGIN; DELETE FROM t; DROP TABLE t": (False, ["DELETE FROM t", "DROP TABLE t"]),
    "BEGIN; DELETE FROM t; DROP TABLE t; ROLLBACK": (False, ["DELETE FROM t", "DROP TABLE t"]),
    "BEGIN; DELETE FROM t; DROP TABLE t; BEGIN; DELETE FROM u; COMMIT": (
        False,
        ["DELETE FROM t", "DROP TABLE t", "BEGIN", "DELETE FROM u", "COMMIT"],
    ),
    "BEGIN; DELETE FROM t; DROP TABLE t; COMMIT; DELETE FROM u": (
        False,
        ["DELETE FROM t", "DROP TABLE t", "DELETE FROM u"],
    ),
}


@pytest.mark.parametrize("text", BODIES)
def test_what_is_one_transaction(text: str) -> None:
    body = grammar.adapted(model.SqlBody("1.sql", text, ()))
    assert (body.transactional, [each.text for each in body.messages]) == BODIES[text]


def test_a_script_outside_a_transaction_stays_there() -> None:
    body = grammar.adapted(model.SqlBody("1.sql", "DELETE FROM t", (), transactional=False))
    assert not body.transactional


@pytest.mark.parametrize("text", ["SELECT 1;\nSELECT 'open", "SELECT 1;\nSELECT `open", "SELECT 1;\nSELECT /* open"])
def test_what_has_no_end(text: str) -> None:
    with pytest.raises(errors.ScriptInvalid, match="1.sql, line 2, column 1: a statement that begins here has no end"):
        grammar.adapted(model.SqlBody("1.sql", text, ()))


def test_names_are_told_from_strings_and_comments() -> None:
    text = "INSERT INTO `a b` SELECT 'c' /* d */ FROM e -- f\n WHERE g = \"h\""
    assert [each for each in grammar.identifiers(text) if each.islower() or " " in each] == ["a b", "e", "g"]

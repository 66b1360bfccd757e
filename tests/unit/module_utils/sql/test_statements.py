# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where statements begin and end, and what a script does about transactions."""

from __future__ import annotations

import random

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.sql.statements import (
    Shape,
    SplitError,
    Statement,
    split,
    transaction_shape,
    unwrap,
)

ATOMIC = "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC %s END"


def texts(sql):
    return [statement.text for statement in split(sql)]


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("", []),
        (" \r\n\t", []),
        ("-- only; a comment", []),
        ("/* only; */ -- comments;\n", []),
        (";", []),
        (" ; /* ; */ ;; -- ;\n;", []),
        ("a", ["a"]),
        ("a;", ["a"]),
        ("a;b", ["a", "b"]),
        ("a ;\n\n b\n;\n", ["a", "b"]),
        ("a\r\nb;\r\nc;\r\n", ["a\r\nb", "c"]),
        ("SELECT 50 % 3; SELECT '%s'", ["SELECT 50 % 3", "SELECT '%s'"]),
        ("SELECT '😀;'; SELECT 2", ["SELECT '😀;'", "SELECT 2"]),
    ],
)
def test_semicolons(sql, expected):
    assert texts(sql) == expected


@pytest.mark.parametrize(
    "literal",
    [
        "';'",
        "''",
        "'''; '",
        "'it''s; it'",
        "';''' || ''''",
        "'\\' || ';'",
        "';' ';'",
        "E'\\';'",
        "e'\\';'",
        "E'\\\\' || ';'",
        "E'a'';\\';'",
        "E''';'",
        "E'a'\n  'b\\';'",
        "E';'\r\n\r\n'\\';'",
        "(E'\\';')",
        "1,E'\\';'",
        "U&'\\0041;'",
        "U&';'' \\'",
        "date'2020;\\'",
        "type'\\' || ';'",
        "_e'\\' || ';'",
        "1e'\\' || ';'",
        "éE'\\' || ';'",
        "$e'\\' || ';'",
        "B'1;' || X';' || N';'",
        '";"',
        '"a"";"',
        '"""" || ";"',
        '"it\'s;"',
        'U&"\\0041;"',
        '"\\" || ";"',
        "$$;$$",
        "$$$$ || $$;$$",
        "$$ ' ; $$",
        "$a$ $$ ; $b$ $a$",
        "$a$ $A$ ; $a$",
        "$_1é$;$_1é$",
        "$function$ begin; $_$ ; $_$ end; $function$",
        "-- ;\n1",
        "-- it's;\n1",
        "-- /* ;\n1",
        "-- $$ ;\r\n1",
        "--;\n1",
        "/* ; */ 1",
        "/* /* ; */ ; */ 1",
        "/* it's; $$ \" */ 1",
        "/*/ ; */ 1",
        "/***;***/ 1",
        "/* -- */ ';' || 1",
        "- - ';'",
        "1 / 2 * ';'",
        "'-- ' || ';' || '/*' || '*/'",
        "(a; b)",
        "((a;) ; (b))",
        "(';)' || $$)$$ /* ) */ -- )\n;)",
        "(a(1), b(2);)",
    ],
)
def test_what_hides_a_semicolon(literal):
    assert texts("SELECT %s; SELECT 2 ;" % literal) == ["SELECT %s" % literal, "SELECT 2"]


@pytest.mark.parametrize(
    "code",
    [
        "a$b$",
        "a$$",
        "$1",
        "$1, $2",
        "_$x$",
        "é$$",
        "a$1$",
        "€$x$",
        "a)",
        "a)) + (b)",
        "@-",
        "END",
        "CASE",
        "BEGIN ATOMIC",
        "CREATE FUNCTION f() BEGIN ATOMIC",
    ],
)
def test_what_hides_none(code):
    assert texts("SELECT %s; SELECT 2" % code) == ["SELECT %s" % code, "SELECT 2"]


@pytest.mark.parametrize(
    "statement",
    [
        ATOMIC % "SELECT 1;",
        ATOMIC % "SELECT 1; SELECT 2;",
        ATOMIC % "SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE 0 END; SELECT 2;",
        ATOMIC % "SELECT (CASE WHEN true THEN (1) END); SELECT 2;",
        ATOMIC % "SELECT 'END' || $$END$$ || \"END\" /* END */ -- END\n; SELECT 2;",
        ATOMIC % "SELECT 1 AS end, 2 AS case, t.end, t.case, ends, end_, cases, _case, end$, éend; SELECT 2;",
        ATOMIC % "SELECT 1 AS\n\tbegin; SELECT 2;",
        ATOMIC % "",
        (ATOMIC % "SELECT 1; ").lower(),
        (ATOMIC % "SELECT 1;").replace("BEGIN ATOMIC", "BEGIN /* ; */\n-- ;\nATOMIC"),
        (ATOMIC % "SELECT 1;").replace("CREATE", "CREATE OR REPLACE"),
        (ATOMIC % "SELECT 1;").replace("CREATE", "create /* ; */ or -- ;\n replace"),
        (ATOMIC % "SELECT 1;").replace("FUNCTION", "PROCEDURE"),
        (ATOMIC % "SELECT 1;") + " IMMUTABLE",
        "CREATE FUNCTION f(begin int, atomic int) RETURNS int LANGUAGE sql RETURN CASE WHEN true THEN 1 END",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ATOMIC; $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN; ATOMIC'",
        "CREATE FUNCTION begin() RETURNS int LANGUAGE sql RETURN 1",
        "CREATE FUNCTION f(begin atomic) RETURNS int LANGUAGE sql RETURN 1",
        "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM t; DELETE FROM u)",
        "DO $$ BEGIN PERFORM 1; END $$",
    ],
)
def test_bodies(statement):
    assert texts("SELECT 0; %s; SELECT 2" % statement) == ["SELECT 0", statement, "SELECT 2"]


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("-- first\nSELECT 1 -- one\n; /* second */ SELECT 2 /* two */", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1 -- one\n/* uno */ -- un", ["SELECT 1"]),
        ("SELECT /* in */ 1 -- one", ["SELECT /* in */ 1"]),
        ("SELECT -- in\n1\n\n", ["SELECT -- in\n1"]),
    ],
)
def test_comments_around_a_statement_are_no_part_of_it(sql, expected):
    assert texts(sql) == expected


def test_where_statements_are():
    sql = "-- é😀\r\n SELECT 1;\n/*\n*/ \tSELECT\n'\n';COMMIT"
    assert split(sql) == (
        Statement("SELECT 1", 8, 2, "SELECT"),
        Statement("SELECT\n'\n'", 25, 4, "SELECT"),
        Statement("COMMIT", 36, 6, "COMMIT"),
    )
    assert split("\nSELECT 1") == (Statement("SELECT 1", 1, 2, "SELECT"),)


@pytest.mark.parametrize(
    "sql, message, line, column",
    [
        ("SELECT 'a", "string", 1, 8),
        ("\n'", "string", 2, 1),
        ("SELECT 1;\n  SELECT 'it''s", "string", 2, 10),
        ("SELECT ''''';", "string", 1, 8),
        ("SELECT E'a\\'", "string", 1, 9),
        ("SELECT E'a\\", "string", 1, 9),
        ("SELECT 'ok', 'a\n", "string", 1, 14),
        ('SELECT\n\n"a;', "quoted identifier", 3, 1),
        ('SELECT "a""', "quoted identifier", 1, 8),
        ("é😀 /* /* */", "comment", 1, 4),
        ("/* a", "comment", 1, 1),
        ("SELECT 1; -- x\r\n/*", "comment", 2, 1),
        ("CREATE /* OR REPLACE FUNCTION f()", "comment", 1, 8),
        ("DO $$ begin", "dollar-quoted string $$", 1, 4),
        ("DO\n $é1$ $$ $é$", "dollar-quoted string $é1$", 2, 2),
        (ATOMIC % "SELECT 'x; ", "string", 1, 71),
    ],
)
def test_what_is_never_closed(sql, message, line, column):
    with pytest.raises(SplitError) as caught:
        split(sql)
    error = caught.value
    assert (error.message, error.line, error.column) == ("unterminated " + message, line, column)
    assert str(error) == error.message
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    "sql, keyword",
    [
        ("select 1", "SELECT"),
        ("(SELECT 1)", ""),
        ("'x'", ""),
        ("BEGIN", "BEGIN"),
        ("begin isolation level serializable", "BEGIN"),
        ("START /* */ TRANSACTION read only", "START TRANSACTION"),
        ("COMMIT WORK", "COMMIT"),
        ("commit transaction and no chain", "COMMIT"),
        ("COMMIT AND CHAIN", "COMMIT AND CHAIN"),
        ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
        ("END TRANSACTION", "END"),
        ("ROLLBACK", "ROLLBACK"),
        ("ROLLBACK TO a", "ROLLBACK TO"),
        ("ROLLBACK\nWORK -- x\nTO SAVEPOINT a", "ROLLBACK TO"),
        ("ROLLBACK AND CHAIN", "ROLLBACK AND CHAIN"),
        ("ROLLBACK tomorrow", "ROLLBACK"),
        ("ABORT", "ABORT"),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
        ("PREPARE q AS SELECT 1", "PREPARE"),
        ("PREPARE transactions AS SELECT 1", "PREPARE"),
        ("ENDLESS", "ENDLESS"),
        ("commit$", "COMMIT$"),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "CREATE INDEX"),
        ("CREATE UNIQUE INDEX i ON t (a)", "CREATE INDEX"),
        ("create or replace function f()", "CREATE FUNCTION"),
        ("CREATE OR REPLACE TEMPORARY RECURSIVE VIEW v", "CREATE VIEW"),
        ("CREATE UNLOGGED TABLE t ()", "CREATE TABLE"),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", "CREATE MATERIALIZED VIEW"),
        ('CREATE "x"', "CREATE"),
        ("ALTER TABLE t ADD a int", "ALTER TABLE"),
        ("DROP INDEX CONCURRENTLY i", "DROP INDEX"),
        ("VACUUM", "VACUUM"),
    ],
)
def test_keywords(sql, keyword):
    assert [statement.keyword for statement in split(sql + ";")] == [keyword]


@pytest.mark.parametrize(
    "sql, shape",
    [
        ("", Shape.PLAIN),
        ("SELECT 1; SELECT 2", Shape.PLAIN),
        ("SAVEPOINT a; ROLLBACK TO a; RELEASE a", Shape.PLAIN),
        ("PREPARE q AS SELECT 1; EXECUTE q", Shape.PLAIN),
        ("DO $$ BEGIN; COMMIT; END $$", Shape.PLAIN),
        (ATOMIC % "SELECT 1;", Shape.PLAIN),
        ("SELECT 'BEGIN'; -- COMMIT;\n", Shape.PLAIN),
        ("BEGIN; SELECT 1; COMMIT;", Shape.WRAPPED),
        ("-- x\nbegin work; SELECT 1; end work -- x\n", Shape.WRAPPED),
        ("START TRANSACTION; SELECT 1; COMMIT TRANSACTION", Shape.WRAPPED),
        ("BEGIN; SAVEPOINT a; ROLLBACK TO a; RELEASE a; COMMIT", Shape.WRAPPED),
        ("BEGIN; COMMIT", Shape.WRAPPED),
        ("BEGIN; SELECT 1", Shape.BROKEN),
        ("SELECT 1; COMMIT", Shape.BROKEN),
        ("BEGIN", Shape.BROKEN),
        ("COMMIT", Shape.BROKEN),
        ("COMMIT; BEGIN", Shape.BROKEN),
        ("SELECT 0; BEGIN; SELECT 1; COMMIT", Shape.BROKEN),
        ("BEGIN; SELECT 1; COMMIT; SELECT 2", Shape.BROKEN),
        ("BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT", Shape.BROKEN),
        ("BEGIN; SELECT 1; ROLLBACK", Shape.BROKEN),
        ("BEGIN; SELECT 1; ABORT", Shape.BROKEN),
        ("BEGIN; ROLLBACK; COMMIT", Shape.BROKEN),
        ("BEGIN; ABORT WORK; COMMIT", Shape.BROKEN),
        ("BEGIN; START TRANSACTION; COMMIT", Shape.BROKEN),
        ("BEGIN; END; COMMIT", Shape.BROKEN),
        ("BEGIN; SELECT 1; COMMIT AND CHAIN", Shape.BROKEN),
        ("BEGIN; SELECT 1; PREPARE TRANSACTION 'x'", Shape.BROKEN),
        ("COMMIT PREPARED 'x'", Shape.BROKEN),
        ("ROLLBACK PREPARED 'x'", Shape.BROKEN),
        ("ROLLBACK AND CHAIN", Shape.BROKEN),
    ],
)
def test_shapes(sql, shape):
    assert transaction_shape(split(sql)) is shape


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("BEGIN;SELECT 1;COMMIT;", "      SELECT 1;       "),
        ("BEGIN; COMMIT", "             "),
        ("-- x\nBEGIN\r\n WORK ; SELECT 1;\nEND -- y\n;\n", "-- x\n     \r\n        SELECT 1;\n        \n \n"),
        ("BEGIN;\n'é😀';\nCOMMIT\n", "      \n'é😀';\n      \n"),
    ],
)
def test_unwrap(sql, expected):
    result = unwrap(sql, split(sql))
    assert result == expected
    assert split(result) == split(sql)[1:-1]


def reference(sql):
    """Return where the statements are, found in the plain way: character by character, comments turned to spaces.

    It knows nothing of E'…', of tags and of bodies. None where something is never closed.
    """
    code, position, depth, nested = "", 0, 0, 0
    while position < len(sql):
        two = sql[position : position + 2]
        if nested or two == "/*":
            nested += {"/*": 1, "*/": -1}.get(two, 0)
            width = 2 if two in ("/*", "*/") else 1
            code += " " * width
        elif two == "--":
            width = len(sql[position:].split("\n")[0])
            code += " " * width
        elif two[0] in "'\"" or two == "$$":
            quote = two if two == "$$" else two[0]
            closing = sql.find(quote, position + len(quote))
            if closing < 0:
                return None
            width = closing + len(quote) - position
            code += "x" * width
        else:
            depth = max(depth + {"(": 1, ")": -1}.get(two[0], 0), 0)
            width = 1
            code += "x" if two[0] == ";" and depth else two[0]
        position += width
    parts, start, spans = code.split(";"), 0, []
    for part in parts:
        if part.strip():
            spans.append((start + len(part) - len(part.lstrip()), start + len(part.rstrip())))
        start += len(part) + 1
    return None if nested else spans


PIECES = ["'", '"', "$$", "--", "\n", ";", "; x", "(", ")", "''", "@", "/*", "*/", "x", " ", " ", "\n", ";"]


@pytest.mark.parametrize("seed", range(500))
def test_as_the_reference(seed):
    rnd = random.Random(seed)
    # Blanks around the dollars: next to anything else they could be a part of it.
    sql = "".join(rnd.choices(PIECES, k=rnd.randrange(1, 25))).replace("$$", " $$ ")
    expected = reference(sql)
    if expected is None:
        with pytest.raises(SplitError):
            split(sql)
    else:
        assert [(found.offset, found.offset + len(found.text)) for found in split(sql)] == expected


@pytest.mark.parametrize("count", [100_000])
@pytest.mark.parametrize(
    "text, statements",
    [
        ("'", 1),
        ('"', 1),
        ("$$", 1),
        ("$a$b$c$ ", 1),
        ("(", 1),
        (";", 0),
        ("-- x\n", 0),
        ("/**/", 0),
        ("E'\\'' ", 1),
        ("a$", 1),
        ("CREATE /**/ ", 1),
        ("CREATE FUNCTION f() BEGIN ATOMIC ", 1),
    ],
)
def test_long_texts_take_no_more_than_their_length(text, statements, count):
    """Anything quadratic would run for minutes here."""
    assert len(split(text * count)) == statements


@pytest.mark.parametrize(
    "text, end", [("/*", ""), ("/* */ ", "/*"), ("$a$ $b$ $a$ ", "$a$"), ("'' ", "'"), ("''", "'"), ('"" ', '"')]
)
def test_long_texts_that_end_open(text, end):
    with pytest.raises(SplitError):
        split("SELECT " + text * 100_000 + end)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What transaction control in an SQL text means."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import ScriptInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.kinds.sqltext import body

ATOMIC = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END;"
DO = "DO $$ BEGIN PERFORM 1; EXCEPTION WHEN others THEN ROLLBACK; END $$;"

PLAIN = [
    "",
    "-- nothing but a comment\n",
    "CREATE TABLE a (b int); INSERT INTO a VALUES (1);",
    "SELECT 100 % 3, '%s', '{}';",
    "COMMENT ON TABLE a IS 'the begin; COMMIT; the end';",
    'CREATE TABLE "begin" ("commit" int, "end" int);',
    "CREATE TABLE a (start int, backend int);",
    "SELECT CASE WHEN true THEN 1 END;",
    "-- BEGIN;\nSELECT 1;\n-- COMMIT;",
    "/* COMMIT; */ SELECT 1;",
    "SAVEPOINT a; SELECT 1; RELEASE SAVEPOINT a;",
    "SAVEPOINT a; SELECT 1; ROLLBACK TO SAVEPOINT a;",
    "SAVEPOINT a; SELECT 1; ROLLBACK TO a;",
    "PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p;",
    ATOMIC,
    DO,
    "SELECT $commit$; COMMIT; $commit$;",
    "SELECT 1; -- no-transaction",
    "SELECT 1;\n-- no-transaction\n",
    "-- no-transactions\nSELECT 1;",
    "-- no transaction\nSELECT 1;",
    "/* no-transaction */ SELECT 1;",
]


@pytest.mark.parametrize("text", PLAIN)
def test_inside_a_transaction(text):
    found = body("/m/1_a.up.sql", text)
    assert (found.path, found.text, found.transactional, found.note) == ("/m/1_a.up.sql", text, True, None)


@pytest.mark.parametrize(
    "text, rest",
    [
        ("BEGIN; SELECT 1; COMMIT;", "SELECT 1;"),
        ("begin; SELECT 1; end;", "SELECT 1;"),
        ("BEGIN TRANSACTION; SELECT 1; COMMIT TRANSACTION;", "SELECT 1;"),
        ("BEGIN WORK;\nSELECT 1;\nCOMMIT WORK;\n", "SELECT 1;"),
        ("START TRANSACTION; SELECT 1; COMMIT", "SELECT 1;"),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT;", "SELECT 1;"),
        ("-- first\nBEGIN;\nSELECT 1;\nCOMMIT;\n-- last\n", "-- first\nSELECT 1;\n-- last"),
        ("/* first */ BEGIN ; SELECT 1 ; COMMIT ;", "/* first */ SELECT 1 ;"),
        ("BEGIN; " + ATOMIC + " COMMIT;", ATOMIC),
        ("BEGIN; " + DO + " COMMIT;", DO),
        ("BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT;", "SAVEPOINT a; ROLLBACK TO a;"),
        ("BEGIN; COMMIT;", ""),
    ],
)
def test_wrapped(text, rest):
    found = body("/m", text)
    assert (found.transactional, found.note) == (True, None)
    assert found.text.split() == rest.split()
    assert len(found.text) == len(text), "positions in it stay the file's"
    assert [i for i, each in enumerate(found.text) if each == "\n"] == [
        i for i, each in enumerate(text) if each == "\n"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1; COMMIT; SELECT 2;",
        "COMMIT;",
        "BEGIN; SELECT 1;",
        "SELECT 1; COMMIT;",
        "BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2; COMMIT;",
        "BEGIN; SELECT 1; ROLLBACK;",
        "BEGIN; SELECT 1; COMMIT; SELECT 2;",
        "SELECT 1; BEGIN; SELECT 2; COMMIT;",
        "SELECT 1; ROLLBACK; SELECT 2;",
        "SELECT 1; ABORT; SELECT 2;",
        "BEGIN; SELECT 1; COMMIT AND CHAIN; SELECT 2; COMMIT;",
        "BEGIN; SELECT 1; PREPARE TRANSACTION 'x';",
        "SELECT 1; PREPARE TRANSACTION 'x';",
        "COMMIT PREPARED 'x';",
        "commit /* really */ ; SELECT 2;",
    ],
)
def test_control_of_its_own(text):
    found = body("/m", text)
    assert found.transactional is False
    assert found.text == text
    assert "outside a transaction" in found.note


@pytest.mark.parametrize(
    "text",
    [
        "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (b);",
        "--no-transaction\nSELECT 1;",
        "-- NO-TRANSACTION: an index\nSELECT 1;",
        "\n\n  -- no-transaction\nSELECT 1;",
        "-- no-transaction",
    ],
)
def test_asked_for(text):
    found = body("/m", text)
    assert (found.transactional, found.text, found.note) == (False, text, None)


@pytest.mark.parametrize(
    "text, line, column",
    [
        ("BEGIN;\nSELECT 'oops;\nCOMMIT;", 2, 8),
        ("BEGIN;\n\n  SELECT $x$ oops; COMMIT;", 3, 10),
        ("/* never\nCOMMIT;", 1, 1),
        ('COMMIT; SELECT "oops', 1, 16),
        ("-- no-transaction\nSELECT 'oops", 2, 8),
    ],
)
def test_unterminated(text, line, column):
    with pytest.raises(ScriptInvalid) as caught:
        body("/m/1_a.up.sql", text)
    assert (caught.value.line, caught.value.column, caught.value.path) == (line, column, "/m/1_a.up.sql")
    assert "/m/1_a.up.sql, line %d, column %d" % (line, column) in caught.value.message

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks that commit by themselves: what they may reach is read, and what is in doubt doesn't run."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies.own_commits import (
    Routine,
    doubt_about,
)

BACKFILL = Routine("fill", "UPDATE orders SET total = 0 WHERE user_id = 1; COMMIT", True, False)
CASES = {
    "a plain backfill": ("DO $$ BEGIN UPDATE t SET a = 1; COMMIT; END $$", [], None),
    "DDL": ("DO $$ BEGIN CREATE TABLE t (a int); COMMIT; DROP TABLE u; END $$", [], None),
    "grouped": ("DO $$ BEGIN CREATE TABLE t AS SELECT a FROM u GROUP  BY a; COMMIT; END $$", [], None),
    "a column that is called like a role": ("CALL fill()", [BACKFILL], None),
    "a trigger that it makes": ("CREATE TRIGGER a AFTER INSERT ON t EXECUTE FUNCTION f()", [], None),
    "a role": ("DO $$ BEGIN CREATE ROLE x; COMMIT; END $$", [], "ROLE"),
    "a role behind a comment": ("DO $$ BEGIN ALTER /* /* */ x */ role y; END $$", [], "ROLE"),
    "a setting": ("DO $$ BEGIN ALTER DATABASE shop SET a.b = 1; END $$", [], "DATABASE"),
    "a membership": ("DO $$ BEGIN GRANT a TO b; END $$", [], "GRANT"),
    "text made at run time": ("DO $$ BEGIN EXECUTE x; END $$", [], "EXECUTE"),
    "a catalog": ("DO $$ BEGIN UPDATE pg_database SET datname = 'x'; END $$", [], "PG_DATABASE"),
    "a routine that isn't called": ("CALL fill()", [BACKFILL, Routine("other", "EXECUTE x", True, False)], None),
    "a routine that is called": (
        "CALL Other()",
        [Routine("other", "EXECUTE x", True, False)],
        "EXECUTE in the function",
    ),
    "one that it calls": (
        "CALL a()",
        [Routine("a", "PERFORM b()", True, False), Routine("b", "DROP ROLE x", True, False)],
        "ROLE in the function b",
    ),
    "one that a trigger calls": ("CALL fill()", [BACKFILL, Routine("t", "REVOKE a FROM b", True, True)], "REVOKE in"),
    "one with an odd name": ("CALL fill()", [BACKFILL, Routine("odd name", "EXECUTE x", True, False)], "EXECUTE in"),
    "one in another language": ("CALL fill()", [BACKFILL, Routine("t", "", False, True)], "isn't in SQL"),
}


@pytest.mark.parametrize("name", CASES)
def test_doubt(name: str) -> None:
    text, routines, doubt = CASES[name]
    found = doubt_about(text, routines)
    assert found is None if doubt is None else doubt in str(found)

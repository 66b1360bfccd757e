# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a text that a script sends is cut at its transaction control."""

from __future__ import annotations

import psycopg2.extras
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.gate import (
    MigrationCursor,
    gated,
    has_control,
    pieces,
)

PIECES = {
    "CREATE TABLE a (b int)": ["CREATE TABLE a (b int)"],
    "SELECT 1; SELECT 2;": ["SELECT 1; SELECT 2;"],
    "-- nothing": ["-- nothing"],
    "COMMIT": ["COMMIT"],
    "/* a /* b */ c */ commit work ;": ["commit work"],
    "CREATE ROLE x; COMMIT; CREATE TABLE t (a int)": ["CREATE ROLE x", "COMMIT", "CREATE TABLE t (a int)"],
    "begin; select 1; select 2; end; select 3": ["begin", "select 1; select 2", "end", "select 3"],
    "SELECT 'a; COMMIT; b'": ["SELECT 'a; COMMIT; b'"],
    "DO $$ BEGIN COMMIT; END $$; ROLLBACK": ["DO $$ BEGIN COMMIT; END $$", "ROLLBACK"],
    "SAVEPOINT a; ROLLBACK TO a": ["SAVEPOINT a; ROLLBACK TO a"],
    "SELECT 'never closed; COMMIT": ["SELECT 'never closed; COMMIT"],
    "ROLLBACK AND CHAIN; PREPARE TRANSACTION 'x'": ["ROLLBACK AND CHAIN", "PREPARE TRANSACTION 'x'"],
}


@pytest.mark.parametrize("text", PIECES)
def test_pieces(text: str) -> None:
    assert [piece for piece, dummy in pieces(text)] == PIECES[text]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("COMMIT", True),
        ("SELECT 1; END", True),
        ("SAVEPOINT a; ROLLBACK TO a", False),
        ("SELECT 'COMMIT'", False),
        ("", False),
    ],
)
def test_control_is_found(text: str, expected: bool) -> None:
    assert has_control(text) is expected


def test_a_class_of_cursors_passes_the_gate_and_stays_what_it_is() -> None:
    known: dict[type, type] = {}
    made = gated(psycopg2.extras.DictCursor, known)
    assert issubclass(made, MigrationCursor) and issubclass(made, psycopg2.extras.DictCursor)
    assert gated(psycopg2.extras.DictCursor, known) is made
    assert gated(MigrationCursor, known) is MigrationCursor

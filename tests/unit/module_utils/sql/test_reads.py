# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which statements tell whoever sends them something of rows."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.sql.reads import first_read, may_tell

TELLS = [
    "SELECT 1",
    "  -- a comment\n select count(*) from t",
    "CREATE TABLE t (); SELECT 1",
    "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
    "UPDATE t SET a = 1 RETURNING a",
    "VALUES (1)",
    "TABLE t",
    "FETCH ALL FROM c",
    "COPY t TO STDOUT",
]
TELLS_NOTHING = [
    "CREATE TABLE t AS SELECT 1",
    "INSERT INTO t SELECT * FROM u",
    "UPDATE t SET a = 1",
    "DO $$ BEGIN PERFORM 1; END $$",
    "ALTER TABLE t ADD returned int",
    "-- SELECT 1\nDROP TABLE t",
    "",
]


@pytest.mark.parametrize("text", TELLS)
def test_tells(text):
    assert may_tell(text)


@pytest.mark.parametrize("text", TELLS_NOTHING)
def test_tells_nothing(text):
    assert not may_tell(text)


def test_the_first_one_is_named():
    assert first_read("CREATE TABLE t (); SELECT 1; VALUES (2)") == "SELECT"
    assert first_read("INSERT INTO t VALUES (1) RETURNING 1") is None

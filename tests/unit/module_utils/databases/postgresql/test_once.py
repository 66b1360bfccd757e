# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a statement outside a transaction is, by its text."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import once
from ansible_collections.pgops.migrations.plugins.module_utils.sql.statements import split

BUILDS = {
    "CREATE INDEX CONCURRENTLY i ON t (a)": True,
    "-- why\n/* and\nwhere */ create unique index concurrently if not exists I on t (a)": True,
    'CREATE INDEX CONCURRENTLY "i" ON t (a)': True,
    'CREATE INDEX CONCURRENTLY "I" ON t (a)': False,
    'CREATE INDEX CONCURRENTLY "a ""quoted"" name" ON t (a)': True,
    "CREATE INDEX CONCURRENTLY ON t (a)": True,
    "CREATE INDEX CONCURRENTLY one ON t (a)": False,
    "CREATE INDEX i ON t (a)": False,
    "DROP INDEX CONCURRENTLY i": False,
    "SELECT 'CREATE INDEX CONCURRENTLY i'": False,
}
SETS = {
    "SET search_path = a": True,
    "-- before\nset role b": True,
    "RESET ALL": True,
    "SET LOCAL search_path = a": False,
    "SET TRANSACTION READ ONLY": False,
    "SET CONSTRAINTS ALL DEFERRED": False,
    "SETTLE": False,
    "UPDATE t SET a = 1": False,
}


@pytest.mark.parametrize("text", BUILDS)
def test_an_index_that_was_built_already(text: str) -> None:
    assert once.has_built(split(text)[0], ("i", 'a "quoted" name')) is BUILDS[text]
    assert not once.has_built(split(text)[0], ())


@pytest.mark.parametrize("text", SETS)
def test_what_holds_for_the_session(text: str) -> None:
    assert once.sets(split(text)[0]) is SETS[text]


# Python scripts

# What was sent before, what is sent now, whether that is looked at.
SENT: dict[str, tuple[list[str], str, bool]] = {
    "the first": ([], "UPDATE a SET b = 1 WHERE id < 100", True),
    "another value": (["UPDATE a SET b = 1 WHERE id < 100"], "UPDATE a SET b = 2 WHERE id < 200", False),
    "another text": (["UPDATE a SET b = 'x' WHERE id < 100"], "UPDATE a SET b = 'yy' WHERE id < 100", False),
    "another table": (["UPDATE a SET b = 1"], "UPDATE c SET b = 1", True),
    "no rows": (["ALTER TABLE a ADD b int"], "ALTER TABLE a ADD b int", True),
    "a block of code": (["DO 'BEGIN END'"], "DO 'BEGIN PERFORM 1; END'", True),
    "a commit": (["UPDATE a SET b = 1; COMMIT"], "UPDATE a SET b = 2; COMMIT", True),
    "in small letters": (["delete from a where id = 1"], "delete from a where id = 2", False),
}


@pytest.mark.parametrize("name", SENT)
def test_what_is_looked_at(name: str) -> None:
    before, now, expected = SENT[name]
    looking = once.Looking(lambda cursor: None)
    assert all(looking.wants(text) for text in before)
    assert looking.wants(now) is expected


def test_nobody_looks_for_ever() -> None:
    looking = once.Looking(lambda cursor: None)
    looking._left = 0
    assert once.MOST_LOOKS > 0 and not looking.wants("DROP TABLE a")

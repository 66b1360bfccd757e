# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the log tells of the history's rows, and when it tells nothing; a history with the columns of 0.1.0."""

from __future__ import annotations

from contextlib import closing

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import (
    Target,
    connect,
    parse_url,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.history import (
    tables as history_room,
)
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.model import HistoryRow
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies

from .conftest import Project, done
from .test_history import COLUMNS
from .test_mark_info_generate import mark_as

LENIENT = Policies(modified="ignore")

# What 0.1.0 makes of a history, in whatever state it finds it.
OF_THE_FIRST_RELEASE = """
    CREATE TABLE IF NOT EXISTS schema_migrations (version text NOT NULL, applied timestamptz DEFAULT now());
    ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS name text, ADD COLUMN IF NOT EXISTS checksum text,
      ADD COLUMN IF NOT EXISTS duration_ms bigint, ADD COLUMN IF NOT EXISTS applied_by text,
      ADD COLUMN IF NOT EXISTS applied_from text, ADD COLUMN IF NOT EXISTS collection_version text,
      ADD COLUMN IF NOT EXISTS event text;
    CREATE TABLE IF NOT EXISTS schema_migrations_log (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      logged timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), event text NOT NULL, version text, name text,
      duration_ms bigint, done_by text, done_from text, collection_version text, detail text);
"""
ROW_OF_THE_FIRST_RELEASE = """
    WITH at AS (SELECT clock_timestamp() AS applied),
    logged AS (INSERT INTO schema_migrations_log (event, version, name, done_by) VALUES ('{1}', '{0}', 'old', 'x'))
    INSERT INTO schema_migrations SELECT '{0}', applied, 'old', '{2}', 3, 'x', 'y', '0.1.0', '{1}' FROM at
"""


def rows(project: Project, table: str = "schema_migrations") -> tuple[HistoryRow, ...]:
    """Return the history as the engine reads it."""
    with closing(connect(Target(parse_url(project.url)), "tests")) as connection:
        history = history_room.find(connection, parse_name(table, "history_table", reserve=4))
        return history_room.rows(connection, history)


def told(project: Project) -> list[tuple[str, str | None, str | None, bool]]:
    """Return version, event and name of each row, and whether there is a checksum."""
    return [(row.version.text, row.event, row.name, bool(row.checksum)) for row in rows(project)]


def make_wide(project: Project, **events: str) -> None:
    """Make a history as 0.1.0 left it: v1="applied"."""
    project.query(OF_THE_FIRST_RELEASE)
    for name, event in events.items():
        project.query(ROW_OF_THE_FIRST_RELEASE.format(name[1:], event, "0" * 64))


def test_each_way_into_the_history_is_tied_to_the_log(project: Project) -> None:
    project.write(v1="SELECT 1", v2="SELECT 2", v3="SELECT 3", v4="SELECT 4")
    assert done(project.migrate(baseline_version="1", version="2")) == ["2"]
    mark_as(project, "applied", "3")
    mark_as(project, "deferred", "4")
    assert told(project) == [
        ("4", "deferred", "v4", True),
        ("1", "baseline", "v1", True),
        ("2", "applied", "v2", True),
        ("3", "marked", "v3", True),
    ]


# What another tool does to a version that we have recorded → what is known of it then: event, and whether a checksum.
OTHERS = {
    "nothing": ("SELECT 1", ("applied", True)),
    "it applies it again": (
        "DELETE FROM schema_migrations; INSERT INTO schema_migrations (version) VALUES ('1')",
        (None, False),
    ),
    "it adds a row": ("INSERT INTO schema_migrations VALUES ('1', now() + interval '1 s')", (None, False)),
    "it adds an earlier row": ("INSERT INTO schema_migrations VALUES ('1', '2001-01-01')", ("applied", True)),
    "it adds one without a time": ("INSERT INTO schema_migrations VALUES ('1', NULL)", ("applied", True)),
    "it moves the time by the least there is": (
        "UPDATE schema_migrations SET applied = applied + interval '1 microsecond'",
        (None, False),
    ),
    "it defers it": ("UPDATE schema_migrations SET applied = NULL", (None, False)),
    "its table is copied": (
        "CREATE TABLE other AS TABLE schema_migrations; DROP TABLE schema_migrations; "
        "ALTER TABLE other RENAME TO schema_migrations",
        ("applied", True),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_another_tool_has_written_is_its_own(project: Project, name: str) -> None:
    statement, expected = OTHERS[name]
    project.write(v1="SELECT 1")
    project.migrate()
    project.query(statement)
    (row,) = rows(project)
    assert (row.event, bool(row.checksum)) == expected
    # What it wrote has no checksum that could differ.
    project.write(v1="SELECT 'something else'")
    if expected == (None, False) and row.applied is not None:
        assert project.migrate().plan.findings == ()


@pytest.mark.parametrize("taken_over", [False, True])
def test_a_table_of_the_applications_with_the_logs_name(project: Project, taken_over: bool) -> None:
    if taken_over:
        project.query("CREATE TABLE schema_migrations (version text NOT NULL, applied timestamptz DEFAULT now())")
        project.query("INSERT INTO schema_migrations VALUES ('1', now())")
    project.query("CREATE TABLE schema_migrations_log (event text, applied timestamptz, checksum text)")
    project.write(v1="SELECT 1", v2="SELECT 2")
    with pytest.raises(MigrationError, match="schema_migrations_log is there, but isn't a log") as caught:
        project.migrate()
    assert caught.value.kind == "history_foreign"
    assert project.query("SELECT to_regclass('schema_migrations') IS NOT NULL") == [(taken_over,)]
    assert len(project.query(COLUMNS, "schema_migrations_log")) == 3
    if taken_over:
        assert told(project) == [("1", None, None, False)]


def test_a_baseline_that_another_tool_has_applied_again_can_be_rolled_back(project: Project) -> None:
    project.write(v1="SELECT 1")
    project.file("1_v1.down.sql", "SELECT 1")
    project.migrate(baseline_version="1")
    with pytest.raises(MigrationError, match="belongs to the baseline"):
        project.migrate(state="rolled_back")
    project.query("UPDATE schema_migrations SET applied = now()")
    assert done(project.migrate(state="rolled_back")) == ["1"]


def test_a_repeated_migration_leaves_one_row_and_all_its_events(project: Project) -> None:
    project.file("1_r.py", "def should_run(cursor):\n    return True\n\ndef up(cursor):\n    pass\n")
    for dummy in range(3):
        project.migrate()
    assert project.query("SELECT count(*) FROM schema_migrations") == [(1,)]
    logged = "SELECT count(*), count(DISTINCT applied) FROM schema_migrations_log WHERE version IS NOT NULL"
    assert project.query(logged) == [(3, 3)]
    assert told(project) == [("1", "applied", "r", True)]


def test_a_wide_history_goes_on_as_it_is(project: Project) -> None:
    make_wide(project, v1="applied", v2="baseline")
    project.write(v1="SELECT 1", v2="SELECT 2", v3="SELECT 3")
    with pytest.raises(MigrationError, match="Modified after it was applied"):
        project.migrate()
    assert done(project.migrate(policies=LENIENT)) == ["3"]
    wide = "SELECT version, name, event, length(checksum), duration_ms >= 0, applied_by, applied_from <> '' FROM "
    assert project.query(wide + "schema_migrations WHERE version = '3'") == [
        ("3", "v3", "applied", 64, True, "postgres", True)
    ]
    # The log has it too, and those that the first release wrote are what they were.
    assert project.query("SELECT version, length(checksum) FROM schema_migrations_log WHERE applied IS NOT NULL") == [
        ("3", 64)
    ]
    assert told(project) == [
        ("1", "applied", "old", True),
        ("2", "baseline", "old", True),
        ("3", "applied", "v3", True),
    ]


def test_what_the_first_release_does_to_a_new_history_loses_nothing(project: Project) -> None:
    project.write(v1="SELECT 1", v2="SELECT 2")
    project.migrate(baseline_version="1")
    before = told(project)
    make_wide(project, v3="applied")
    assert told(project) == [*before, ("3", "applied", "old", True)]
    # What it did again is its own: its columns count, not what the log says of an earlier time.
    project.query("DELETE FROM schema_migrations WHERE version = '1'")
    make_wide(project, v1="applied")
    assert ("1", "applied", "old", True) in told(project)


def test_a_history_whose_log_was_lost_is_another_tools(project: Project) -> None:
    project.write(v1="SELECT 1")
    project.migrate()
    project.query("DROP TABLE schema_migrations_log")
    assert told(project) == [("1", None, None, False)]
    project.write(v2="SELECT 2")
    assert done(project.migrate()) == ["2"]
    assert told(project) == [("1", None, None, False), ("2", "applied", "v2", True)]


@pytest.mark.parametrize("wide", [False, True])
def test_no_right_to_read_the_log(project: Project, wide: bool) -> None:
    name = project.url.rpartition("/")[2] + "_half_blind"
    project.write(v1="SELECT 1")
    if wide:
        make_wide(project)
    project.migrate()
    project.query(f"CREATE ROLE {name} LOGIN; GRANT SELECT ON schema_migrations TO {name}")
    target = Target({**parse_url(project.url), "user": name})
    try:
        with pytest.raises(MigrationError, match="can't be read: permission denied .*schema_migrations_log") as caught:
            project.migrate(target=target)
        assert caught.value.kind == "privilege"
        assert "and on its log public.schema_migrations_log" in str(caught.value.hint)
        project.query(f"GRANT SELECT ON schema_migrations_log TO {name}")
        assert project.migrate(target=target).plan.steps == ()
    finally:
        project.query(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_role_that_may_write_the_tables_need_not_own_them(project: Project) -> None:
    name = project.url.rpartition("/")[2] + "_writer"
    project.write(v1="SELECT 1")
    project.migrate()
    project.query(
        f"CREATE ROLE {name} LOGIN; GRANT CREATE ON SCHEMA public TO {name}; "
        f"GRANT ALL ON schema_migrations, schema_migrations_log, schema_migrations_snapshot TO {name}"
    )
    project.write(v2="SELECT 2")
    try:
        assert done(project.migrate(target=Target({**parse_url(project.url), "user": name}))) == ["2"]
    finally:
        project.query(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.mark.parametrize("viewed", [False, True])
def test_a_copy_of_a_wide_history_is_wide(project: Project, viewed: bool) -> None:
    make_wide(project, v1="baseline")
    project.write(
        v1="SELECT 1",
        v2="DO $$ BEGIN ASSERT (SELECT (h.event, h.name, l.event, l.checksum) = ('baseline', 'old', 'baseline', "
        "h.checksum) FROM schema_migrations h JOIN schema_migrations_log l USING (version, applied)); END $$",
    )
    if viewed:
        project.query("CREATE VIEW looks AS SELECT checksum FROM schema_migrations")
    assert done(project.check(policies=LENIENT, rehearsal="required")) == ["2"]

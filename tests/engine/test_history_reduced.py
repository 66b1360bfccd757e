# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A history with the columns of 0.1.0 becomes db-migrator's table again, and loses nothing by it."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.upkeep import Reduced, UpkeepRequest, reduce
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done
from .test_history import COLUMNS
from .test_history_log import LENIENT, make_wide, rows, told
from .test_mark_info_generate import states

TWO = [("version", "text"), ("applied", "timestamp with time zone")]
ALL = ("name", "checksum", "duration_ms", "applied_by", "applied_from", "collection_version", "event")


def reduced(project: Project, **options: Any) -> Reduced:
    """Reduce the history."""
    target = options.pop("target", Target(parse_url(project.url)))
    table = parse_name(options.pop("history_table", "schema_migrations"), "history_table", reserve=4)
    return reduce(UpkeepRequest(target, table, **options))


def test_it_loses_nothing(project: Project) -> None:
    make_wide(project, v1="applied", v2="baseline", v3="marked")
    # A deferred one, one that another tool has written, and two whose events the log doesn't have.
    project.query(
        "INSERT INTO schema_migrations_log (event, version, name) VALUES ('deferred', '4', 'd'); "
        "INSERT INTO schema_migrations (version, applied, name, checksum, event) VALUES "
        "('4', NULL, 'd', 'dd', 'deferred'), ('5', '2020-01-01', NULL, NULL, NULL), "
        "('6', '2020-01-02', 'six', '66', 'applied'), ('7', NULL, 'seven', '77', 'deferred')"
    )
    before, logged = rows(project), project.query("SELECT count(*) FROM schema_migrations_log")[0][0]
    foretold = reduced(project, checking=True)
    assert project.query(COLUMNS, "schema_migrations") != TWO
    assert reduced(project) == foretold
    assert (foretold.taken, foretold.after) == (ALL, ("version text", "applied timestamp with time zone"))
    assert project.query(COLUMNS, "schema_migrations") == TWO
    assert rows(project) == before
    # Those that were logged are told once.
    assert project.query("SELECT count(*) FROM schema_migrations_log") == [(logged + 2,)]
    assert project.query("SELECT version, applied, duration_ms FROM schema_migrations_log WHERE version = '6'") != []
    again = reduced(project)
    assert (again.taken, again.before) == ((), again.after)
    project.write(v8="SELECT 1")
    assert done(project.migrate(policies=LENIENT)) == ["8"]


# Histories that are made by hand → what is left in the columns.
NOTHING_TO_DO = {
    "no history": "SELECT 1",
    "another tool's": "CREATE TABLE schema_migrations (version text NOT NULL, applied timestamptz DEFAULT now())",
}


@pytest.mark.parametrize("name", NOTHING_TO_DO)
def test_nothing_to_do(project: Project, name: str) -> None:
    project.query(NOTHING_TO_DO[name])
    tables = project.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    assert reduced(project).taken == ()
    assert project.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == tables


def test_what_the_log_says_of_later_events_stays_the_last_word(project: Project) -> None:
    """A script that was cut off stays cut off, and one that failed stays failed."""
    make_wide(project, v1="applied")
    project.query(
        "DELETE FROM schema_migrations_log; INSERT INTO schema_migrations_log (event, version) "
        "VALUES ('applied', '1'), ('started', '1'), ('failed', '2'); "
        "UPDATE schema_migrations SET applied = '2020-01-01'"
    )
    reduced(project)
    assert told(project) == [("1", "applied", "old", True)]
    assert project.query("SELECT event FROM schema_migrations_log WHERE version = '1' ORDER BY id DESC LIMIT 1") == [
        ("started",)
    ]
    project.write(v2="SELECT 1")
    assert states(project) == {"1": "applied", "2": "failed"}
    # The log goes on numbering as before.
    assert done(project.migrate(policies=LENIENT)) == ["2"]
    assert project.query("SELECT count(*) FROM schema_migrations_log WHERE id < 1") == [(1,)]


def test_what_the_first_release_adds_is_taken_away_again(project: Project) -> None:
    project.write(v1="SELECT 1")
    project.migrate()
    before = rows(project)
    make_wide(project, v2="applied")
    assert reduced(project).taken == ALL
    assert [row for row in rows(project) if str(row.version) == "1"] == list(before)
    assert told(project) == [("1", "applied", "v1", True), ("2", "applied", "old", True)]
    assert project.query("SELECT count(version) FROM schema_migrations_log") == [(2,)]


def test_a_view_on_the_columns_stops_it(project: Project) -> None:
    make_wide(project, v1="applied")
    project.query("CREATE VIEW looks AS SELECT checksum FROM schema_migrations")
    before = project.query("SELECT * FROM schema_migrations, schema_migrations_log")
    with pytest.raises(MigrationError, match="view public.looks depends on column checksum") as caught:
        reduced(project)
    assert caught.value.kind == "conflict"
    assert project.query("SELECT * FROM schema_migrations, schema_migrations_log")[0][:9] == before[0][:9]
    assert project.query("SELECT * FROM looks") == [("0" * 64,)]


def test_whoever_reads_it_is_waited_for_and_not_for_ever(project: Project) -> None:
    make_wide(project, v1="applied")
    with closing(psycopg2.connect(project.url)) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT * FROM schema_migrations")
        with pytest.raises(MigrationError, match="another session is reading it") as caught:
            reduced(project, lock_wait=0)
    assert caught.value.kind == "lock_timeout"
    assert reduced(project).taken == ALL


def test_what_no_log_can_tell_stops_it(project: Project) -> None:
    make_wide(project, v1="applied")
    project.query("UPDATE schema_migrations SET event = NULL")
    with pytest.raises(MigrationError, match="so its log can't tell of them") as caught:
        reduced(project)
    assert caught.value.kind == "conflict"
    assert project.query("SELECT checksum IS NOT NULL FROM schema_migrations") == [(True,)]


def test_another_role_may_not(project: Project) -> None:
    name = project.url.rpartition("/")[2] + "_other"
    make_wide(project, v1="applied")
    project.migrate(directories=(str(project.directory),))
    project.query(
        f"CREATE ROLE {name} LOGIN; GRANT ALL ON SCHEMA public TO {name}; "
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}"
    )
    try:
        with pytest.raises(MigrationError, match="must be owner of table") as caught:
            reduced(project, target=Target({**parse_url(project.url), "user": name}))
        assert caught.value.kind == "privilege"
    finally:
        project.query(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_history_in_a_schema_of_its_own_with_a_name_of_its_own(project: Project) -> None:
    project.query('CREATE SCHEMA "o%s"; SET search_path = "o%s"')
    project.write(v1="SELECT 1")
    project.migrate(history_table='"o%s"."H i%d"')
    project.query('ALTER TABLE "o%s"."H i%d" ADD name text, ADD event text, ADD checksum text')
    project.query("UPDATE \"o%s\".\"H i%d\" SET name = 'v1', event = 'applied'")
    assert reduced(project, history_table='"o%s"."H i%d"').taken == ("name", "checksum", "event")
    assert project.query(COLUMNS, '"o%s"."H i%d"') == TWO


def test_ten_thousand_rows_take_seconds(project: Project) -> None:
    make_wide(project)
    project.query(
        "INSERT INTO schema_migrations (version, applied, name, checksum, event) "
        "SELECT n::text, '2020-01-01'::timestamptz + n * interval '1 s', 'x', md5(n::text), 'applied' "
        "FROM generate_series(1, 10000) n; "
        "INSERT INTO schema_migrations_log (event, version, logged) "
        "SELECT event, version, applied FROM schema_migrations"
    )
    before = rows(project)
    started = time.monotonic()
    reduced(project)
    assert time.monotonic() - started < 10
    assert rows(project) == before
    assert project.query("SELECT count(*) FROM schema_migrations_log") == [(10000,)]

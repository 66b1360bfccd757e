"""The history table: its first two columns are what older tools know."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.version import COLLECTION_VERSION

from .conftest import Project, done

COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
     WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


def test_a_new_history_is_db_migrators_table(project: Project) -> None:
    project.write(v1="SELECT 1")
    project.migrate()
    columns = project.query(COLUMNS, "schema_migrations")
    assert columns == [("version", "text"), ("applied", "timestamp with time zone")]


def test_what_is_recorded(project: Project) -> None:
    project.file("007_a name.up.sql", "SELECT 1")
    project.migrate()
    assert project.query(
        "SELECT version, applied BETWEEN now() - interval '1 min' AND now() FROM schema_migrations"
    ) == [("007", True)]
    log = project.query(
        "SELECT event, version, name, length(checksum), duration_ms >= 0, done_by, done_from <> '', "
        "collection_version, applied = (SELECT applied FROM schema_migrations) FROM schema_migrations_log "
        "WHERE version IS NOT NULL"
    )
    assert log == [("applied", "007", "a name", 64, True, "postgres", True, COLLECTION_VERSION, True)]


def test_a_failure_is_logged(project: Project) -> None:
    project.write(v1="SELECT nonsense")
    with pytest.raises(MigrationError):
        project.migrate()
    assert project.query("SELECT event, version, detail LIKE '%%nonsense%%' FROM schema_migrations_log") == [
        ("failed", "1", True)
    ]
    assert project.applied() == []


def test_a_table_of_two_columns_is_taken_over(project: Project) -> None:
    project.query("CREATE TABLE schema_migrations (version text NOT NULL, applied timestamptz DEFAULT now())")
    project.query("INSERT INTO schema_migrations VALUES ('20190226002946', '2019-03-01 12:00:00+00')")
    project.file("2019-02-26-002946_old.up.sql", "SELECT nonsense")
    project.file("2020_new.up.sql", "SELECT 1")
    assert done(project.check()) == ["2020"]
    assert done(project.migrate()) == ["2020"]
    assert project.query("SELECT version, applied::text FROM schema_migrations ORDER BY applied LIMIT 1") == [
        ("20190226002946", "2019-03-01 12:00:00+00")
    ]
    # A tool that knows only the two columns still works on the table.
    project.query("INSERT INTO schema_migrations (version) VALUES ('2021')")
    project.query("INSERT INTO schema_migrations VALUES ('2022', now())")
    assert project.migrate().plan.steps == ()


def test_a_history_in_a_schema_of_its_own(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    checked = project.check(history_table="ops.history")
    real = project.migrate(history_table="ops.history", with_diff=True)
    assert checked.diffs == real.diffs
    assert "+CREATE SCHEMA ops;" in real.diffs[0]  # type: ignore[index]
    assert "ops.history" not in real.diffs[0]  # type: ignore[index]
    assert project.query("SELECT version FROM ops.history") == [("1",)]


def test_history_tables_and_their_sequences_are_in_no_diff(project: Project) -> None:
    project.query("CREATE TABLE kept (a int)")
    project.write(v1="SELECT 1")
    assert project.migrate(with_diff=True).diffs == ("",)
    project.write(v2="DROP TABLE kept")
    assert "schema_migrations" not in project.migrate(with_diff=True, diff_context=1000).diffs[0]  # type: ignore[index]


def test_no_right_to_make_the_history(project: Project) -> None:
    name = project.url.rpartition("/")[2] + "_reader"
    project.query(f"CREATE ROLE {name} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    try:
        project.write(v1="CREATE TABLE a (x int)")
        with pytest.raises(MigrationError, match="The history table public.schema_migrations can't be made") as caught:
            project.migrate(target=Target({**parse_url(project.url), "user": name}))
        assert (caught.value.kind, caught.value.sqlstate) == ("privilege", "42501")
    finally:
        project.query(f"DROP ROLE {name}")


def test_up_to_a_version(project: Project) -> None:
    project.write(v1="SELECT 1", v2="SELECT 1", v3="SELECT 1")
    report = project.migrate(version="02")
    assert done(report) == ["1", "2"]
    assert [(str(script.version), why.value) for script, why in report.plan.left_out] == [("3", "beyond_version")]
    assert project.migrate(version="2").plan.steps == ()
    assert done(project.migrate()) == ["3"]


def test_several_directories_are_one_sequence(project: Project) -> None:
    for number, directory in ((1, "a"), (2, "b"), (3, "a")):
        project.file(f"{directory}/{number}_x.up.sql", "SELECT 1")
    directories = tuple(str(project.directory / name) for name in ("b", "a"))
    assert done(project.migrate(directories=directories)) == ["1", "2", "3"]


def test_no_right_to_read_the_history(project: Project) -> None:
    name = project.url.rpartition("/")[2] + "_blind"
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate()
    project.query(f"CREATE ROLE {name} LOGIN")
    try:
        with pytest.raises(MigrationError, match="The history table public.schema_migrations can't be read") as caught:
            project.migrate(target=Target({**parse_url(project.url), "user": name}))
        assert (caught.value.kind, caught.value.sqlstate) == ("privilege", "42501")
    finally:
        project.query(f"DROP ROLE {name}")


@pytest.mark.parametrize("data", [(), ("all",)], ids=["schema", "with rows"])
def test_a_view_on_the_history_is_no_obstacle_to_a_rehearsal(project: Project, data: tuple[str, ...]) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate(history_table="ops.history")
    project.query("CREATE VIEW watch AS SELECT version, applied FROM ops.history")
    project.write(v2="DO $$ BEGIN ASSERT (SELECT count(*) FROM watch) = 1; END $$")
    checked = project.check(history_table="ops.history", rehearsal_data=data, rehearsal="required")
    assert done(checked) == ["2"]
    assert checked.diffs == project.migrate(history_table="ops.history", with_diff=True).diffs == ("",)

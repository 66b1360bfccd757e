"""Databases that another tool has migrated: noticed, and taken over exactly as its table says."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.scripts import repository

from .conftest import Project, done

FLYWAY = (
    "CREATE TABLE flyway_schema_history (installed_rank int, version text, description text, type text, script text, "
    "checksum int, installed_by text, installed_on timestamp, execution_time int, success boolean);"
    "INSERT INTO flyway_schema_history (installed_rank, version, description, type, success) VALUES "
    "(1, '1', 'a', 'SQL', true), (2, '2', 'b', 'SQL', true), (3, '3', 'c', 'SQL', true), "
    "(4, '3', 'c', 'UNDO_SQL', true), (5, NULL, 'view', 'SQL', true)"
)

# tool → (what made its table, its table, versions that are applied; of the scripts 1, 2, 3)
TABLES: dict[str, tuple[str, str, list[str]]] = {
    "golang-migrate": (
        "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);"
        "INSERT INTO schema_migrations VALUES (2, false)",
        "schema_migrations",
        ["1", "2"],
    ),
    "dbmate": (
        "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY);"
        "INSERT INTO schema_migrations VALUES ('1'), ('3')",
        "schema_migrations",
        ["1", "3"],
    ),
    "diesel": (
        "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp DEFAULT now());"
        "INSERT INTO __diesel_schema_migrations VALUES ('1'), ('2')",
        "__diesel_schema_migrations",
        ["1", "2"],
    ),
    "goose": (
        "CREATE TABLE goose_db_version (id serial, version_id bigint, is_applied boolean, tstamp timestamp);"
        "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (2, false)",
        "goose_db_version",
        ["1"],
    ),
    "sqlx": (
        "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text, installed_on timestamptz, "
        "success boolean, checksum bytea, execution_time bigint);"
        "INSERT INTO _sqlx_migrations (version, description, success) VALUES (1, 'a', true), (2, 'b', true)",
        "_sqlx_migrations",
        ["1", "2"],
    ),
    "Flyway": (FLYWAY, "flyway_schema_history", ["1", "2"]),
    "sqlalchemy-migrate": (
        "CREATE TABLE migrate_version (repository_id varchar PRIMARY KEY, repository_path text, version int);"
        "INSERT INTO migrate_version VALUES ('shop', '/x', 2)",
        "migrate_version",
        ["1", "2"],
    ),
}


@pytest.fixture
def scripts(project: Project) -> Project:
    for number in (1, 2, 3):
        project.file(f"{number}_m.up.sql", f"CREATE TABLE t{number} (x int)")
    return project


@pytest.mark.parametrize("tool", TABLES)
def test_another_tools_history_is_noticed_and_adopted(scripts: Project, tool: str) -> None:
    made, table, applied = TABLES[tool]
    scripts.query(made)
    before = scripts.query(f"SELECT * FROM {table} ORDER BY 1, 2" if tool != "dbmate" else f"SELECT * FROM {table}")
    for checking in (True, False):
        with pytest.raises(MigrationError, match=f"recorded by {tool}") as caught:
            scripts.migrate(history_table="ours", checking=checking)
        assert caught.value.kind == "history_foreign"
        assert "adopt" in str(caught.value.hint)
    pending = [version for version in ("1", "2", "3") if version not in applied]
    assert done(scripts.check(history_table="ours", baseline_version="adopt")) == pending
    assert done(scripts.migrate(history_table="ours", baseline_version="adopt")) == pending
    assert scripts.query("SELECT version FROM ours_log WHERE event = 'baseline' ORDER BY 1") == [
        (each,) for each in applied
    ]
    assert (
        scripts.query(f"SELECT * FROM {table} ORDER BY 1, 2" if tool != "dbmate" else f"SELECT * FROM {table}")
        == before
    )
    assert scripts.migrate(history_table="ours", baseline_version="adopt").plan.steps == ()


def test_what_has_no_file_any_more_is_adopted_too(scripts: Project) -> None:
    scripts.query(TABLES["sqlx"][0] + ", (5, 'gone', true)")
    assert done(scripts.migrate(baseline_version="adopt")) == ["3"]
    assert scripts.query("SELECT version, name FROM schema_migrations_log WHERE version = '5'") == [("5", "gone")]


HALF_DONE = {
    "golang-migrate": TABLES["golang-migrate"][0].replace("false", "true"),
    "sqlx": TABLES["sqlx"][0].replace("(2, 'b', true)", "(2, 'b', false)"),
}


@pytest.mark.parametrize("tool", HALF_DONE)
def test_one_that_the_other_tool_left_half_done_stops(scripts: Project, tool: str) -> None:
    scripts.query(HALF_DONE[tool])
    with pytest.raises(MigrationError, match=f"{tool} left the migration 2 half-done"):
        scripts.migrate(history_table="ours", baseline_version="adopt")
    assert scripts.query("SELECT to_regclass('ours')") == [(None,)]


def test_nothing_to_adopt(scripts: Project) -> None:
    with pytest.raises(MigrationError, match="no table of another tool") as caught:
        scripts.migrate(baseline_version="adopt")
    assert caught.value.kind == "unknown_version"


def test_another_history_can_be_left_aside(scripts: Project) -> None:
    scripts.query(TABLES["diesel"][0])
    assert done(scripts.migrate(baseline_version="0")) == ["1", "2", "3"]


CONFIG = "[db_settings]\nrepository_id={0}\nversion_table=migrate_version\nrequired_dbs=[]\n"


def test_a_repositorys_sql_by_dialect(project: Project) -> None:
    project.file("migrate.cfg", CONFIG.format("shop"))
    for name, text in {
        "001_first_default_upgrade.sql": "CREATE TABLE a (x int);",
        "001_first_default_downgrade.sql": "DROP TABLE a;",
        "001_first_postgresql_upgrade.sql": "CREATE TABLE a (x int, of_postgres int);",
        "001_first_mysql_upgrade.sql": "nonsense",
        "002_postgresql_upgrade.sql": "CREATE TABLE b (x int);",
        "002_postgresql_downgrade.sql": "DROP TABLE b;",
    }.items():
        project.file(f"versions/{name}", text)
    assert repository.find(str(project.directory)) == repository.Repository(
        str(project.directory), "shop", "migrate_version"
    )
    assert done(project.migrate(repository_id="shop")) == ["001", "002"]
    assert project.query("SELECT of_postgres FROM a") == []
    assert done(project.migrate(repository_id="shop", state="rolled_back", version="0")) == ["002", "001"]


def test_a_history_that_another_repository_wrote(project: Project) -> None:
    project.file("1_x.up.sql", "CREATE TABLE a (x int)")
    project.migrate(repository_id="shop")
    project.file("2_y.up.sql", "CREATE TABLE b (x int)")
    for other in ("blog", None):
        with pytest.raises(MigrationError, match="the history of the repository shop, not of") as caught:
            project.migrate(repository_id=other)
        assert caught.value.kind == "history_foreign"
    assert done(project.migrate(repository_id="shop")) == ["2"]


def test_only_the_repositorys_own_row_counts(scripts: Project) -> None:
    scripts.query(TABLES["sqlalchemy-migrate"][0] + ", ('blog', '/y', 1)")
    assert done(scripts.check(repository_id="blog", baseline_version="adopt")) == ["2", "3"]
    assert done(scripts.check(repository_id="new")) == ["1", "2", "3"]


def test_sql_for_another_database_only(project: Project) -> None:
    project.file("migrate.cfg", CONFIG.format("shop"))
    project.file("versions/001_x_mysql_upgrade.sql", "SELECT 1")
    with pytest.raises(MigrationError, match="written for mysql"):
        project.migrate(repository_id="shop")


def test_a_repository_without_a_name(project: Project) -> None:
    project.file("migrate.cfg", "[db_settings]\n")
    with pytest.raises(MigrationError, match="migrate.cfg can't be read") as caught:
        project.migrate()
    assert caught.value.kind == "script_invalid"

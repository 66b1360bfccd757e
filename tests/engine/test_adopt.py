"""Databases that another tool has migrated: noticed, and taken over exactly as its table says."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
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
    "tern": (
        "CREATE TABLE schema_version (version int4 NOT NULL); INSERT INTO schema_version VALUES (2)",
        "schema_version",
        ["1", "2"],
    ),
    "node-pg-migrate": (
        "CREATE TABLE pgmigrations (id serial, name varchar(255), run_on timestamp);"
        "INSERT INTO pgmigrations (name, run_on) VALUES ('1_m', now()), ('2_m', now())",
        "pgmigrations",
        ["1", "2"],
    ),
    "the Supabase CLI": (
        "CREATE SCHEMA supabase_migrations;"
        "CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY, statements text[], name text);"
        "INSERT INTO supabase_migrations.schema_migrations VALUES ('1', '{}', 'm'), ('3', '{}', 'm')",
        "supabase_migrations.schema_migrations",
        ["1", "3"],
    ),
    "sqlalchemy-migrate": (
        "CREATE TABLE migrate_version (repository_id varchar PRIMARY KEY, repository_path text, version int);"
        "INSERT INTO migrate_version VALUES ('shop', '/x', 2)",
        "migrate_version",
        ["1", "2"],
    ),
}


ONE_COLUMN = ("dbmate", "tern")


@pytest.fixture
def scripts(project: Project) -> Project:
    for number in (1, 2, 3):
        project.file(f"{number}_m.up.sql", f"CREATE TABLE t{number} (x int)")
    return project


@pytest.mark.parametrize("tool", TABLES)
def test_another_tools_history_is_noticed_and_adopted(scripts: Project, tool: str) -> None:
    made, table, applied = TABLES[tool]
    scripts.query(made)
    rows = f"SELECT * FROM {table}" + ("" if tool in ONE_COLUMN else " ORDER BY 1, 2")
    before = scripts.query(rows)
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
    assert scripts.query(rows) == before
    assert scripts.migrate(history_table="ours", baseline_version="adopt").plan.steps == ()


def test_what_has_no_file_any_more_is_adopted_too(scripts: Project) -> None:
    scripts.query(TABLES["sqlx"][0] + ", (5, 'gone', true)")
    assert done(scripts.migrate(baseline_version="adopt")) == ["3"]
    assert scripts.query("SELECT version, name FROM schema_migrations_log WHERE version = '5'") == [("5", "gone")]


HASURA = {
    "config v2": "CREATE TABLE hdb_catalog.schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL);"
    "INSERT INTO hdb_catalog.schema_migrations VALUES (1620138136207, %s), (1620138136208, false)",
    "config v3": "CREATE TABLE hdb_catalog.hdb_version (hasura_uuid uuid PRIMARY KEY DEFAULT gen_random_uuid(), "
    "version text NOT NULL, upgraded_on timestamptz NOT NULL, cli_state jsonb NOT NULL DEFAULT '{}', "
    "console_state jsonb NOT NULL DEFAULT '{}');"
    "INSERT INTO hdb_catalog.hdb_version (version, upgraded_on, cli_state) VALUES ('47', now(), "
    """'{"migrations": {"default": {"1620138136207": %s, "1620138136208": false}, "other": {"1": false}}}')""",
}


@pytest.mark.parametrize("dirty", ["false", "true"])
@pytest.mark.parametrize("config", HASURA)
def test_what_hasura_applied_is_adopted(project: Project, config: str, dirty: str) -> None:
    for version in (1620138136207, 1620138136208, 1620138136209):
        project.file(f"{version}_m/up.sql", f"CREATE TABLE t{version} (x int)")
    project.query("CREATE SCHEMA hdb_catalog;" + HASURA[config] % dirty)
    with pytest.raises(MigrationError, match="recorded by Hasura"):
        project.migrate()
    if dirty == "true":
        with pytest.raises(MigrationError, match="Hasura left the migration 1620138136207 half-done"):
            project.migrate(baseline_version="adopt")
        return
    assert done(project.migrate(baseline_version="adopt")) == ["1620138136209"]
    assert len(project.applied()) == 3


def test_hasura_beside_other_scripts_is_none_of_their_business(scripts: Project) -> None:
    scripts.query("CREATE SCHEMA hdb_catalog;" + HASURA["config v3"] % "false")
    assert done(scripts.migrate()) == ["1", "2", "3"]


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


FLYWAY_4 = FLYWAY.replace("flyway_schema_history", "schema_version").replace("(5, NULL", "(6, NULL")


def test_flyways_table_of_its_release_4_and_a_baseline(scripts: Project) -> None:
    scripts.query("CREATE TABLE t1 (x int)")
    inserted = FLYWAY_4.split(" VALUES", maxsplit=1)[0]
    scripts.query(inserted + " VALUES (1, '2', '<< Flyway Baseline >>', 'BASELINE', true)")
    with pytest.raises(MigrationError, match="recorded by Flyway .table schema_version, last version 2"):
        scripts.migrate()
    assert done(scripts.migrate(baseline_version="adopt")) == ["3"]
    assert scripts.applied() == ["1", "2", "3"]


def test_a_baseline_without_a_file_is_none_that_is_gone(scripts: Project) -> None:
    scripts.query(FLYWAY.split(" VALUES", maxsplit=1)[0] + " VALUES (1, '2.5', 'begin', 'BASELINE', true)")
    report = scripts.migrate(baseline_version="adopt")
    assert (done(report), report.warnings) == (["3"], ())
    assert scripts.applied() == ["1", "2", "3"]


def test_a_table_that_is_named(scripts: Project) -> None:
    scripts.query("CREATE SCHEMA audit; " + FLYWAY.replace("flyway_schema_history", "audit.changes"))
    name = parse_name("audit.changes", "adopt_from")
    assert done(scripts.check(baseline_version="adopt", adopt_from=name)) == ["3"]
    for other, told in (("audit.nothing", "isn't there"), ("audit.others", "isn't the table of a tool")):
        scripts.query("CREATE TABLE IF NOT EXISTS audit.others (x int)")
        with pytest.raises(MigrationError, match=f"adopt_from: {other} {told}"):
            scripts.migrate(baseline_version="adopt", adopt_from=parse_name(other, "adopt_from"))


def test_prisma_s_history(project: Project) -> None:
    for name in ("20240101000000_a", "20240101000000_b", "20240102_c"):
        project.file(f"{name}/migration.sql", f"CREATE TABLE {name[-1]} (x int);")
    project.query(
        "CREATE TABLE _prisma_migrations (id varchar(36), checksum varchar(64), finished_at timestamptz, "
        "migration_name varchar(255), logs text, rolled_back_at timestamptz, started_at timestamptz, "
        "applied_steps_count int);"
        "INSERT INTO _prisma_migrations (migration_name, finished_at, rolled_back_at) VALUES "
        "('20240101000000_a', now(), NULL), ('20240101000000_b', NULL, now())"
    )
    with pytest.raises(MigrationError, match="recorded by Prisma .*last version 20240101000000_a"):
        project.migrate()
    assert done(project.migrate(baseline_version="adopt")) == ["20240101000000_b", "20240102_c"]
    assert project.tables() == ["_prisma_migrations", "b", "c"]


def test_sql_migrate_s_history(project: Project) -> None:
    for name in ("1-a", "1-b"):
        project.file(f"{name}.sql", f"-- +migrate Up\nCREATE TABLE {name[-1]} (x int);\n")
    project.query("CREATE TABLE gorp_migrations (id text PRIMARY KEY, applied_at timestamptz)")
    project.query("INSERT INTO gorp_migrations VALUES ('1-a.sql', now())")
    assert done(project.migrate(baseline_version="adopt")) == ["1-b"]


def test_drizzle_s_history(project: Project) -> None:
    texts = [f"CREATE TABLE t{number} (x int);" for number in range(3)]
    tags = ",".join('{"idx": %d, "tag": "000%d_t"}' % (number, number) for number in range(3))
    project.file("meta/_journal.json", '{"entries": [%s]}' % tags)
    for number, text in enumerate(texts):
        project.file(f"000{number}_t.sql", text)
    project.query(
        "CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial, hash text, created_at bigint)"
    )
    for text in texts[:2]:
        project.query(
            "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES (%s, 1)",
            hashlib.sha256(text.encode()).hexdigest(),
        )
    with pytest.raises(MigrationError, match="recorded by drizzle .*2 migrations"):
        project.migrate()
    assert done(project.check(baseline_version="adopt")) == ["0002"]
    project.file("0001_t.sql", "SELECT 1;")
    with pytest.raises(MigrationError, match="has 2 migrations, and the scripts here are as far as its number 1"):
        project.migrate(baseline_version="adopt")


def test_pairs_that_are_known_by_their_whole_names(project: Project) -> None:
    for name in ("0001_a", "0002_b", "0002_c", "0003_d"):
        project.file(f"{name}.up.sql", f"CREATE TABLE {name[-1]} (x int);")
        project.file(f"{name}.down.sql", f"DROP TABLE {name[-1]};")
    with pytest.raises(MigrationError, match="Two scripts have the version 0002") as caught:
        project.migrate()
    assert "kind: sql_by_name" in str(caught.value.hint)
    project.query("CREATE TABLE migrations (version text NOT NULL); INSERT INTO migrations VALUES ('0002_b')")
    with pytest.raises(MigrationError, match="recorded by maragudk/migrate .*last version 0002_b"):
        project.migrate(kind="sql_by_name")
    assert done(project.migrate(kind="sql_by_name", baseline_version="adopt")) == ["0002_c", "0003_d"]
    assert project.tables() == ["c", "d", "migrations"]
    project.migrate(kind="sql_by_name", state="rolled_back", version="0002_b")
    assert project.tables() == ["migrations"]

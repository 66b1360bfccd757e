"""A database that was restored from a dump of another: what its history says of that one isn't taken for its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done

TABLES = "-- no-transaction\nCREATE TABLE a (x int);\nCREATE TABLE b (x int);\n%sCREATE TABLE c (x int);\n"


def restore(project: Project) -> str:
    """Restore a dump of the database beside it; return where."""
    place = project.url + "_restored"
    project.execute(f'CREATE DATABASE "{place.rpartition("/")[2]}"')
    dump = subprocess.run([f"{project.bindir}/pg_dump", project.url], check=True, capture_output=True).stdout
    subprocess.run([f"{project.bindir}/psql", "-Xq", place], input=dump, check=True, stdout=subprocess.DEVNULL)
    return place


@pytest.fixture
def shop(project: Project) -> Iterator[Project]:
    """A database with one migration."""
    project.write(v1="CREATE TABLE one (x int)")
    project.migrate()
    original = project.url
    yield project
    project.url = original
    project.execute(f'DROP DATABASE IF EXISTS "{original.rpartition("/")[2]}_restored"')


def drift_of(project: Project) -> Any:
    table = parse_name("schema_migrations", "history_table")
    request = InfoRequest(project.target, (str(project.directory),), table, check_drift=True)
    return info(request, Tools(project._run, str(project.scratch_files))).drift


def test_what_the_last_run_left_was_left_elsewhere(shop: Project) -> None:
    assert drift_of(shop).state == "same"
    shop.url = restore(shop)
    found = drift_of(shop)
    assert found.state == "unknown"
    assert "was restored from a dump, or moved here" in found.reason
    shop.write(v2="CREATE TABLE two (x int)")
    assert "was restored from a dump, or moved here" in shop.check().warnings[0]
    report = shop.migrate()
    assert report.drift is None
    assert "was restored from a dump, or moved here" in report.warnings[0]
    # From here on it has a life of its own.
    assert drift_of(shop).state == "same"
    shop.write(v3="CREATE TABLE three (x int)")
    assert shop.migrate().warnings == ()


def test_a_script_that_was_cut_off_elsewhere_is_not_gone_on_with(shop: Project) -> None:
    shop.file("2_a.up.sql", TABLES % "SELECT 1 / 0;\n")
    with pytest.raises(MigrationError):
        shop.migrate()
    shop.file("2_a.up.sql", TABLES % "")
    original, shop.url = shop.url, restore(shop)
    shop.query("DROP TABLE b")  # as if the dump were of the moment between the two
    for policy in ("fail", "retry"):
        with pytest.raises(MigrationError, match="in another database, of which this one is a copy") as caught:
            shop.migrate(on_interrupted=policy)
        assert caught.value.kind == "interrupted"
        assert "pg_migration_mark" in str(caught.value.hint)
    assert shop.tables() == ["a", "one"]
    shop.url = original
    assert done(shop.migrate(on_interrupted="retry")) == ["2"]
    assert shop.tables() == ["a", "b", "c", "one"]


def test_the_log_says_once_where_it_is(shop: Project) -> None:
    shop.write(v2="SELECT 2")
    shop.migrate()
    assert shop.query("SELECT count(*) FROM schema_migrations_log WHERE event = 'home'") == [(1,)]


def test_a_role_that_may_not_know_the_cluster(shop: Project) -> None:
    shop.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    shop.url = restore(shop)
    assert drift_of(shop).state == "unknown"

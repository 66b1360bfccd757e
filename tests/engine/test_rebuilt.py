"""A history that was lost, or has lost rows, is rebuilt from its log."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.upkeep import UpkeepRequest, rebuild
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done

HISTORY = parse_name("schema_migrations", "history_table")
ALL = "SELECT * FROM schema_migrations ORDER BY applied NULLS FIRST"


@pytest.fixture
def shop(project: Project) -> Project:
    """Three applied migrations, one that was rolled back, and one that has failed."""
    project.write(v1="SELECT 1", v2="SELECT 2", v3="SELECT 3", v4="SELECT 4")
    project.file("4_v4.down.sql", "SELECT 4")
    project.migrate()
    project.migrate(state="rolled_back")
    project.write(v4="SELECT nothing")
    with pytest.raises(MigrationError):
        project.migrate()
    return project


def rebuilt(project: Project, *versions: str, checking: bool = False) -> list[tuple[str, str]]:
    request = UpkeepRequest(project.target, HISTORY, checking=checking)
    return [(row[0], row[2]) for row in rebuild(request, versions or None).rows]


def test_a_table_that_is_gone(shop: Project) -> None:
    rows = shop.query(ALL)
    shop.query("DROP TABLE schema_migrations")
    with pytest.raises(MigrationError, match="is gone") as caught:
        shop.migrate()
    assert "state: rebuilt" in str(caught.value.hint)
    expected = [("1", "applied"), ("2", "applied"), ("3", "applied")]
    assert rebuilt(shop, checking=True) == expected
    assert shop.query("SELECT to_regclass('schema_migrations')") == [(None,)]
    assert rebuilt(shop) == expected
    assert shop.query(ALL) == rows
    assert rebuilt(shop) == []
    shop.write(v4="SELECT 4")
    assert done(shop.migrate()) == ["4"]
    shop.write(v1="SELECT 7")
    with pytest.raises(MigrationError, match="Modified"):
        shop.migrate()


def test_rows_that_are_gone(shop: Project) -> None:
    rows = shop.query(ALL)
    shop.query("DELETE FROM schema_migrations WHERE version <> '2'")
    assert rebuilt(shop, "3") == [("3", "applied")]
    assert rebuilt(shop) == [("1", "applied")]
    assert shop.query(ALL) == rows


def test_a_version_that_isn_t_lost(shop: Project) -> None:
    shop.query("DELETE FROM schema_migrations WHERE version = '1'")
    with pytest.raises(MigrationError, match="Version 4 can't be given back") as caught:
        rebuilt(shop, "1", "4")
    assert caught.value.kind == "unknown_version"
    assert rebuilt(shop, checking=True) == [("1", "applied")]


def test_a_version_may_be_spelt_otherwise(shop: Project) -> None:
    shop.query("DELETE FROM schema_migrations WHERE version = '1'")
    assert rebuilt(shop, "001") == [("1", "applied")]


def test_there_may_be_no_log(project: Project) -> None:
    with pytest.raises(MigrationError, match="there is no log") as caught:
        rebuilt(project)
    assert caught.value.kind == "conflict"

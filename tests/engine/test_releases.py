"""Releases in the history, and back to one of them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import Info, InfoRequest, info, listing
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done


def add(project: Project, number: int, way_back: bool = True, directory: Path | None = None) -> None:
    """Write a migration that makes a table."""
    directory = directory or project.directory
    directory.mkdir(exist_ok=True)
    (directory / f"{number}_m{number}.up.sql").write_text(f"CREATE TABLE m{number} (x int)")
    if way_back:
        (directory / f"{number}_m{number}.down.sql").write_text(f"DROP TABLE m{number}")


def look(project: Project) -> Info:
    table = parse_name("schema_migrations", "history_table")
    return info(InfoRequest(project.target, (str(project.directory),), table))


def known(project: Project) -> list[tuple[str, str]]:
    return [(each.name, " ".join(map(str, each.versions))) for each in look(project).releases]


@pytest.fixture
def shop(project: Project) -> Project:
    """Three releases of two, one and one migrations."""
    for release, numbers in (("2026.09", (1, 2)), ("2026.10", (3,)), ("2026.11", (4,))):
        for number in numbers:
            add(project, number)
        project.migrate(release=release)
    return project


def test_what_is_applied_is_listed_by_its_release(shop: Project) -> None:
    assert known(shop) == [("2026.09", "1 2"), ("2026.10", "3"), ("2026.11", "4")]
    found = look(shop)
    assert [each.release for each in found.standings] == ["2026.09", "2026.09", "2026.10", "2026.11"]
    assert [line.rpartition("|")[2].strip() for line in listing(found, False)][2:] == [
        *("2026.09", "2026.09", "2026.10", "2026.11")
    ]
    assert shop.query("SELECT count(*) FROM schema_migrations") == [(4,)]


@pytest.mark.parametrize(
    "release, expected", [("2026.11", []), ("2026.10", ["4"]), ("2026.09", ["4", "3"])], ids=["last", "one", "two"]
)
def test_back_to_a_release(shop: Project, release: str, expected: list[str]) -> None:
    rehearsed = shop.check(state="rolled_back", release=release)
    assert [str(each.script.version) for each in rehearsed.plan.steps] == expected
    report = shop.migrate(state="rolled_back", release=release)
    assert done(report) == expected
    assert [number for number in ("1", "2", "3", "4") if number not in expected] == shop.applied()
    assert done(shop.migrate(state="rolled_back", release=release)) == []


def test_a_release_that_isn_t_there(shop: Project) -> None:
    with pytest.raises(MigrationError, match=r"has no release 2026\.12") as caught:
        shop.migrate(state="rolled_back", release="2026.12")
    assert caught.value.kind == "unknown_version"
    assert "2026.11" in str(caught.value.hint)


def test_all_that_has_no_way_back_is_told_before_anything_is_touched(shop: Project) -> None:
    add(shop, 5, way_back=False)
    add(shop, 6)
    add(shop, 7, way_back=False)
    shop.migrate(release="2026.12")
    with pytest.raises(MigrationError, match="2 of the migrations have no down: 7_m7, 5_m5") as caught:
        shop.migrate(state="rolled_back", release="2026.11")
    assert caught.value.kind == "irreversible"
    assert len(shop.applied()) == 7


def test_across_directories(shop: Project) -> None:
    other = shop.directory.parent / "other"
    add(shop, 5, directory=other)
    add(shop, 6)
    directories = (str(shop.directory), str(other))
    shop.migrate(release="2026.12", directories=directories)
    with pytest.raises(MigrationError) as caught:
        shop.migrate(state="rolled_back", release="2026.11")
    assert caught.value.kind == "missing"
    assert len(shop.applied()) == 6
    assert done(shop.migrate(state="rolled_back", release="2026.11", directories=directories)) == ["6", "5"]


def test_a_release_with_nothing_to_apply_is_noted_once(shop: Project) -> None:
    report = shop.migrate(release="2026.12")
    shop.migrate(release="2026.12")
    shop.migrate(release="2026.13", checking=True)
    assert report.warnings == ()
    assert shop.query("SELECT detail FROM schema_migrations_log WHERE event = 'released'") == [("2026.12",)]
    assert known(shop)[-1] == ("2026.12", "")
    add(shop, 5)
    shop.migrate(release="2026.13")
    assert done(shop.migrate(state="rolled_back", release="2026.12")) == ["5"]
    assert done(shop.migrate(state="rolled_back", release="2026.10")) == ["4"]


def test_what_comes_with_a_checkpoint_has_its_release(project: Project) -> None:
    for name, text in (("V1__a", "a"), ("V2__b", "b"), ("B2__base", "c")):
        project.file(f"{name}.sql", f"CREATE TABLE {text} (x int)")
    project.migrate(release="2026.11")
    assert known(project) == [("2026.11", "1 2")]


def test_a_file_for_psql_has_the_release(shop: Project, tmp_path: Path) -> None:
    add(shop, 5)
    path = tmp_path / "release.sql"
    shop.migrate(state="scripted", script_file=str(path), checking=True, release="2026 'Q4'")
    subprocess.run([f"{shop.bindir}/psql", "-Xqf", str(path), shop.url], check=True, stdout=subprocess.DEVNULL)
    assert known(shop)[-1] == ("2026 'Q4'", "5")


def test_the_same_on_sqlite(tmp_path: Path) -> None:
    from ansible_collections.pgops.migrations.plugins.module_utils.databases.sqlite.connection import parse_url

    (tmp_path / "shop.db").touch()
    target: Any = parse_url(f"sqlite:///{tmp_path}/shop.db")
    project = Project("sqlite://", tmp_path / "migrations", "")
    for release, number in (("A", 1), ("B", 2)):
        add(project, number)
        project.migrate(target=target, release=release)
    project.migrate(target=target, release="C")
    table = parse_name("schema_migrations", "history_table")
    found = info(InfoRequest(target, (str(project.directory),), table))
    assert [(each.name, len(each.versions)) for each in found.releases] == [("A", 1), ("B", 1), ("C", 0)]
    assert done(project.migrate(target=target, state="rolled_back", release="A")) == ["2"]

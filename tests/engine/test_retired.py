"""Applied migrations whose files are gone on purpose, and a log that is kept small."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info, listing
from ansible_collections.pgops.migrations.plugins.module_utils.commands.mark import MarkRequest, mark
from ansible_collections.pgops.migrations.plugins.module_utils.commands.retire import retire
from ansible_collections.pgops.migrations.plugins.module_utils.commands.upkeep import Trimmed, UpkeepRequest, trim
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.model import State
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.discovery import discover

from .conftest import Project, done

HISTORY = parse_name("schema_migrations", "history_table")
FAIL = Policies(missing="fail")


@pytest.fixture
def old(project: Project) -> Project:
    """Four migrations, all applied, of which the files of two are gone."""
    project.write(v1="SELECT 1", v2="SELECT 2", v3="SELECT 3", v4="SELECT 4")
    project.migrate()
    for number in (1, 3):
        (project.directory / f"{number}_v{number}.up.sql").unlink()
    return project


def retired(project: Project, *versions: str, **options: Any) -> tuple[list[str], list[str]]:
    """Retire; return what is retired now, and what was before."""
    request = MarkRequest(project.target, (str(project.directory),), HISTORY, versions, State.APPLIED, **options)
    found = retire(request)
    return [str(row.version) for row in found.anew], [str(row.version) for row in found.before]


def test_what_is_retired_is_told_of_no_more(old: Project) -> None:
    assert old.migrate().warnings == ("Applied, but the file is gone: 1_v1, 3_v3.",)
    rows = old.query("SELECT * FROM schema_migrations")
    assert retired(old) == (["1", "3"], [])
    assert old.migrate(policies=FAIL).warnings == ()
    assert old.query("SELECT * FROM schema_migrations") == rows
    assert retired(old) == ([], ["1", "3"])
    found = info(InfoRequest(old.target, (str(old.directory),), HISTORY))
    assert [(each.missing, each.retired) for each in found.standings] == [(True, True), (False, False)] * 2
    assert not any("!" in line for line in listing(found, True))


def test_one_that_is_named(old: Project) -> None:
    assert retired(old, "3", "03") == (["3"], [])
    assert old.migrate().warnings == ("Applied, but the file is gone: 1_v1.",)


def test_what_there_is_to_say_of_the_scripts(old: Project) -> None:
    old.file("5-odd.py", "")
    request = MarkRequest(old.target, (str(old.directory),), HISTORY, (), State.APPLIED, on_unread="warn")
    here: list[str] = []
    retire(request, here.append)
    assert len(here) == 1 and "5-odd.py looks like a migration" in here[0]
    described = discover(request.directories, on_unread="ignore")
    there: list[str] = []
    retire(request._replace(described=described, said=tuple(here)), there.append)
    assert there == here


def test_check_mode_writes_nothing(old: Project) -> None:
    assert retired(old, checking=True) == (["1", "3"], [])
    assert retired(old) == (["1", "3"], [])


def test_what_goes_later_is_told(old: Project) -> None:
    retired(old)
    (old.directory / "2_v2.up.sql").unlink()
    with pytest.raises(MigrationError, match="gone: 2_v2$") as caught:
        old.migrate(policies=FAIL)
    assert caught.value.kind == "missing"
    assert "state: retired" in str(caught.value.hint)


def test_a_file_that_comes_back_is_one_like_others(old: Project) -> None:
    retired(old)
    old.write(v1="SELECT 1")
    assert done(old.migrate()) == []
    old.write(v1="SELECT 7")
    with pytest.raises(MigrationError, match="Modified"):
        old.migrate()


def test_what_was_retired_can_be_forgotten(old: Project) -> None:
    retired(old)
    mark(MarkRequest(old.target, (str(old.directory),), HISTORY, ("1",), State.PENDING))
    old.write(v1="SELECT 1")
    assert done(old.migrate()) == ["1"]
    (old.directory / "1_v1.up.sql").unlink()
    assert old.migrate().warnings == ("Applied, but the file is gone: 1_v1.",)


@pytest.mark.parametrize(
    "version, kind, words",
    [("2", "conflict", "its file is there"), ("9", "unknown_version", "9"), ("x", "unknown_version", "x")],
)
def test_what_can_t_be_retired(old: Project, version: str, kind: str, words: str) -> None:
    with pytest.raises(MigrationError, match=words) as caught:
        retired(old, "1", version)
    assert caught.value.kind == kind
    assert retired(old, checking=True) == (["1", "3"], [])


def test_nothing_is_retired_without_a_history(project: Project) -> None:
    assert retired(project) == ([], [])
    assert project.query("SELECT to_regclass('schema_migrations')") == [(None,)]


def trimmed(project: Project, days: int, **options: Any) -> Trimmed:
    return trim(UpkeepRequest(project.target, HISTORY, days=days, **options))


def aged(project: Project, days: int) -> None:
    """Make all that is in the log so old."""
    project.query("UPDATE schema_migrations_log SET logged = logged - make_interval(days => %s)", days)


def events(project: Project) -> list[tuple[Any, ...]]:
    return project.query("SELECT event, version FROM schema_migrations_log WHERE event <> 'home' ORDER BY id")


def test_what_the_history_needs_stays(project: Project) -> None:
    project.write(v1="SELECT 1", v2="SELECT nothing")
    for dummy in range(3):
        with pytest.raises(MigrationError):
            project.migrate()
    project.write(v2="SELECT 2", v3="SELECT 3")
    project.file("3_v3.down.sql", "SELECT 3")
    for dummy in range(3):
        project.migrate()
        project.migrate(state="rolled_back")
    before = info(InfoRequest(project.target, (str(project.directory),), HISTORY))
    aged(project, 40)
    count = len(events(project))
    # One more event says in which database it is.
    assert trimmed(project, 41) == Trimmed(parse_name("public.schema_migrations_log", "x"), 0, count + 1)
    assert trimmed(project, 39, checking=True)[1:] == (count - 3, 4)
    assert len(events(project)) == count
    assert trimmed(project, 39)[1:] == (count - 3, 4)
    assert events(project) == [("applied", "1"), ("applied", "2"), ("rolled_back", "3")]
    assert info(InfoRequest(project.target, (str(project.directory),), HISTORY)) == before
    project.write(v1="SELECT 7")
    with pytest.raises(MigrationError, match="Modified"):
        project.migrate()


def test_where_a_script_goes_on_stays(project: Project) -> None:
    project.file("1_a.up.sql", "-- no-transaction\nCREATE TABLE a (x int);\nCREATE TABLE a (x int);\n")
    with pytest.raises(MigrationError):
        project.migrate()
    aged(project, 400)
    kept = events(project)
    assert trimmed(project, 1)[1] == 0
    assert events(project) == kept
    with pytest.raises(MigrationError) as caught:
        project.migrate()
    assert caught.value.kind == "interrupted"


def test_what_was_retired_stays(old: Project) -> None:
    retired(old)
    aged(old, 400)
    trimmed(old, 1)
    assert old.migrate().warnings == ()


def test_a_log_of_a_history_with_0_1_0_s_columns_keeps_what_it_tells_of_rows(project: Project) -> None:
    project.write(v1="SELECT 1")
    project.migrate()
    project.query("ALTER TABLE schema_migrations ADD COLUMN name text, ADD COLUMN event text, ADD COLUMN checksum text")
    project.query("UPDATE schema_migrations_log SET applied = NULL, checksum = NULL")
    aged(project, 400)
    assert trimmed(project, 1)[1:] == (0, 2)


def test_there_may_be_no_log(project: Project) -> None:
    assert trimmed(project, 1)[1:] == (0, 0)

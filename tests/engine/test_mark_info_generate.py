"""Marking, listing and generating migrations."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.generate import GenerateRequest, generate
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import Info, InfoRequest, info, listing
from ansible_collections.pgops.migrations.plugins.module_utils.commands.mark import MarkRequest, mark
from ansible_collections.pgops.migrations.plugins.module_utils.commands.templates import TEMPLATES
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import lock
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.model import State

from .conftest import Project, done

TABLE = """
def up(cursor):
    cursor.execute("CREATE TABLE {0} (x int)")

def down(cursor):
    cursor.execute("DROP TABLE {0}")
"""
WITHOUT_DOWN = "def up(cursor):\n    pass\n"
REPEATABLE = "def should_run(cursor):\n    return True\n\ndef up(cursor):\n    pass\n"
DEFERRED = "from dbmigrator import deferred\n\n@deferred\ndef up(cursor):\n    pass\n"

# What db-migrator's init makes.
TWO_COLUMNS = "CREATE TABLE schema_migrations (version text NOT NULL, applied timestamptz DEFAULT CURRENT_TIMESTAMP)"


def request_of(project: Project, **options: Any) -> dict[str, Any]:
    return {
        "target": options.pop("target", Target(parse_url(project.url))),
        "directories": options.pop("directories", (str(project.directory),)),
        "history_table": parse_name(options.pop("history_table", "schema_migrations"), "history_table", reserve=4),
        **options,
    }


def mark_as(project: Project, state: str, *versions: str, **options: Any) -> list[tuple[str, str, str]]:
    """Mark, and return version, state before and state after of each."""
    marks = mark(MarkRequest(**request_of(project, versions=versions, state=State(state), **options)))
    return [(each.version, each.before.value, each.after.value) for each in marks]


def look(project: Project, **options: Any) -> Info:
    return info(InfoRequest(**request_of(project, **options)))


def states(project: Project, **options: Any) -> dict[str, str]:
    return {str(each.version): each.state.value for each in look(project, **options).standings}


@pytest.fixture
def three(project: Project) -> Project:
    """Three migrations, a table each, of which none is applied."""
    for number, name in ((1, "a"), (2, "b"), (3, "c")):
        project.file(f"{number}_{name}.py", TABLE.format(name))
    return project


# Marks, one after the other → the state of 1, 2 and 3 → what a run then applies.
MARKS: dict[str, tuple[list[tuple[str, list[str]]], list[str], list[str]]] = {
    "applied": ([("applied", ["2"])], ["pending", "applied", "pending"], ["1", "3"]),
    "several at once": ([("applied", ["3", "1"])], ["applied", "pending", "applied"], ["2"]),
    "deferred": ([("deferred", ["1", "2"])], ["deferred", "deferred", "pending"], ["3"]),
    "pending again": ([("applied", ["1", "2"]), ("pending", ["1"])], ["pending", "applied", "pending"], ["1", "3"]),
    "from applied to deferred": ([("applied", ["1"]), ("deferred", ["1"])], ["deferred", *["pending"] * 2], ["2", "3"]),
    "from deferred to applied": ([("deferred", ["1"]), ("applied", ["1"])], ["applied", *["pending"] * 2], ["2", "3"]),
    "no longer deferred": (
        [("deferred", ["1", "2", "3"]), ("pending", ["2"])],
        ["deferred", "pending", "deferred"],
        ["2"],
    ),
    "pending at once": ([("pending", ["1"])], ["pending", "pending", "pending"], ["1", "2", "3"]),
    "spelt otherwise": ([("applied", ["002", "0-3"])], ["pending", "applied", "applied"], ["1"]),
}


@pytest.mark.parametrize("name", MARKS)
def test_mark(three: Project, name: str) -> None:
    marks, expected, run = MARKS[name]
    for state, versions in marks:
        mark_as(three, state, *versions)
    assert list(states(three).values()) == expected
    assert three.tables() == [], "a mark runs nothing"
    assert done(three.migrate()) == run


def test_a_mark_tells_what_was_before(three: Project) -> None:
    three.migrate(version="1")
    assert mark_as(three, "deferred", "3", "1") == [("3", "pending", "deferred"), ("1", "applied", "deferred")]
    assert mark_as(three, "applied", "1", "2", "3") == [
        ("1", "deferred", "applied"),
        ("2", "pending", "applied"),
        ("3", "deferred", "applied"),
    ]
    assert mark_as(three, "pending", "2") == [("2", "applied", "pending")]


@pytest.mark.parametrize("state", ["applied", "deferred", "pending"])
def test_marking_twice_writes_once(three: Project, state: str) -> None:
    mark_as(three, "applied" if state == "pending" else "deferred", "1", "2")
    mark_as(three, state, "1", "2")
    rows = three.query("SELECT version, applied FROM schema_migrations ORDER BY 1")
    logged = three.query("SELECT count(*) FROM schema_migrations_log")
    assert mark_as(three, state, "1", "2") == [("1", state, state), ("2", state, state)]
    assert three.query("SELECT version, applied FROM schema_migrations ORDER BY 1") == rows
    assert three.query("SELECT count(*) FROM schema_migrations_log") == logged


@pytest.mark.parametrize("versions", [("2", "2"), ("2", "002"), ("0-2", "2", "02")])
def test_a_version_that_is_named_twice_is_marked_once(three: Project, versions: tuple[str, ...]) -> None:
    assert mark_as(three, "applied", *versions) == [("2", "pending", "applied")]
    assert three.applied() == ["2"]


def test_marks_are_logged(three: Project) -> None:
    for state in ("deferred", "applied", "pending"):
        mark_as(three, state, "2")
    assert three.query("SELECT event, version, name FROM schema_migrations_log ORDER BY id") == [
        ("deferred", "2", "b"),
        ("marked", "2", "b"),
        ("forgotten", "2", "b"),
    ]


@pytest.mark.parametrize("state", ["applied", "deferred", "pending"])
@pytest.mark.parametrize("unknown", ["7", "first", "2."])
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_an_unknown_version_and_nothing_is_marked(three: Project, state: str, unknown: str, checking: bool) -> None:
    three.migrate(version="1")
    before = states(three)
    with pytest.raises(MigrationError) as caught:
        mark_as(three, state, "1", unknown, "3", checking=checking)
    assert caught.value.kind == "unknown_version"
    assert unknown in caught.value.message
    assert states(three) == before


def test_a_missing_migration_can_be_forgotten(three: Project) -> None:
    three.migrate()
    (three.directory / "2_b.py").unlink()
    assert mark_as(three, "pending", "2", checking=True) == [("2", "applied", "pending")]
    assert mark_as(three, "pending", "2") == [("2", "applied", "pending")]
    assert states(three) == {"1": "applied", "3": "applied"}
    with pytest.raises(MigrationError, match="No script has the version 2") as caught:
        mark_as(three, "pending", "2")
    assert caught.value.kind == "unknown_version"


@pytest.mark.parametrize("state", ["applied", "deferred"])
def test_a_missing_migration_can_only_be_forgotten(three: Project, state: str) -> None:
    three.migrate()
    (three.directory / "2_b.py").unlink()
    with pytest.raises(MigrationError, match="No script has the version 2") as caught:
        mark_as(three, state, "1", "2")
    assert caught.value.kind == "unknown_version"
    assert states(three) == {"1": "applied", "2": "applied", "3": "applied"}


@pytest.mark.parametrize("state", ["applied", "deferred", "pending"])
def test_marking_in_check_mode_writes_nothing(three: Project, state: str) -> None:
    assert mark_as(three, state, "1", checking=True) == [("1", "pending", state)]
    assert three.query("SELECT to_regclass('schema_migrations')") == [(None,)]
    mark_as(three, "applied", "1", "2")
    rows = three.query("SELECT version, applied FROM schema_migrations")
    three.query(f"ALTER DATABASE {three.url.rpartition('/')[2]} SET default_transaction_read_only = on")
    assert mark_as(three, state, "1", "3", checking=True) == [("1", "applied", state), ("3", "pending", state)]
    assert three.query("SELECT version, applied FROM schema_migrations") == rows


def test_marking_as_pending_makes_no_history(three: Project) -> None:
    assert mark_as(three, "pending", "1", "2") == [("1", "pending", "pending"), ("2", "pending", "pending")]
    assert three.query("SELECT to_regclass('schema_migrations')") == [(None,)]


def test_marking_begins_a_history(three: Project) -> None:
    mark_as(three, "applied", "1", history_table="ops.done")
    assert three.query("SELECT version, name, event FROM ops.done JOIN ops.done_log USING (version, applied)") == [
        ("1", "a", "marked")
    ]
    assert done(three.migrate(history_table="ops.done")) == ["2", "3"]


def test_what_was_marked_as_applied_can_be_rolled_back(three: Project) -> None:
    three.query("CREATE TABLE c (x int)")
    mark_as(three, "applied", "3")
    assert done(three.migrate(state="rolled_back")) == ["3"]
    assert three.tables() == []


@pytest.mark.parametrize(
    "rows, state, left",
    [
        ("('2', now()), ('2', now())", "pending", []),
        ("('2', now()), ('002', NULL)", "pending", []),
        ("('2', now()), ('2', NULL)", "deferred", [("2", True)]),
        ("('2', NULL), ('0-2', NULL)", "applied", [("2", False)]),
    ],
)
def test_rows_that_another_tool_wrote_twice(three: Project, rows: str, state: str, left: list[Any]) -> None:
    three.query(TWO_COLUMNS)
    three.query(f"INSERT INTO schema_migrations VALUES {rows}")
    mark_as(three, state, "2")
    assert three.query("SELECT version, applied IS NULL FROM schema_migrations") == left


def test_another_run_holds_the_lock(three: Project) -> None:
    with closing(psycopg2.connect(three.url, application_name="the other run")) as other, other.cursor() as cursor:
        cursor.execute(lock.TRY_LOCK, [lock.KEY])
        with pytest.raises(MigrationError, match="application the other run") as caught:
            mark_as(three, "applied", "1", lock_wait=0)
        assert caught.value.kind == "lock_held"
        assert states(three) == {"1": "pending", "2": "pending", "3": "pending"}
        # Looking, and saying what would be done, waits for nobody.
        assert mark_as(three, "applied", "1", checking=True, lock_wait=0) == [("1", "pending", "applied")]
    mark_as(three, "applied", "1")
    assert three.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'") == []


def test_no_database_to_mark_in(three: Project) -> None:
    absent = Target({**parse_url(three.url), "dbname": "of_no_such_name"})
    with pytest.raises(MigrationError, match='There is no database "of_no_such_name"') as caught:
        mark_as(three, "applied", "1", target=absent)
    assert caught.value.kind == "database_missing"


# Looking


def test_without_a_history_all_are_pending(three: Project) -> None:
    found = look(three)
    assert [each.state.value for each in found.standings] == ["pending"] * 3
    assert [each.applied_at for each in found.standings] == [None] * 3
    assert (str(found.latest), found.current, found.pending_count) == ("3", None, 3)
    assert three.query("SELECT to_regclass('schema_migrations')") == [(None,)]


def test_without_a_database_all_are_pending(three: Project) -> None:
    found = look(three, target=Target({**parse_url(three.url), "dbname": "of_no_such_name"}))
    assert [each.state.value for each in found.standings] == ["pending"] * 3
    assert (found.current, found.pending_count) == (None, 3)


def test_no_server_is_an_error(three: Project) -> None:
    with pytest.raises(MigrationError) as caught:
        look(three, target=Target({**parse_url(three.url), "port": "1"}))
    assert caught.value.kind == "connection"


def test_an_empty_directory(project: Project) -> None:
    found = look(project)
    assert (found.standings, found.latest, found.current, found.pending_count) == ((), None, None, 0)
    assert len(listing(found, wide=True)) == 2


def test_what_info_tells_of_each(project: Project) -> None:
    project.file("1_reversible.py", TABLE.format("a"))
    project.file("2_one_way.py", WITHOUT_DOWN)
    project.file("3_whenever.py", REPEATABLE)
    project.file("4_later.py", DEFERRED)
    project.file("5_broken.py", "def up(cursor)\n")
    project.migrate(version="2")
    found = look(project)
    assert [
        (str(each.version), each.name, each.kind, each.state.value, each.repeatable, each.reversible)
        for each in found.standings
    ] == [
        ("1", "reversible", "python", "applied", False, True),
        ("2", "one_way", "python", "applied", False, False),
        ("3", "whenever", "python", "pending", True, False),
        ("4", "later", "python", "deferred", False, False),
        ("5", "broken", "python", "pending", False, None),
    ]
    assert [(each.modified, each.missing) for each in found.standings] == [(False, False)] * 5
    assert (str(found.latest), str(found.current), found.pending_count) == ("5", "2", 2)


def test_applied_at_is_the_moment_in_utc(three: Project) -> None:
    three.query(TWO_COLUMNS)
    three.query("INSERT INTO schema_migrations VALUES ('1', '2016-01-31 01:15:01.69257+01')")
    three.query(f"ALTER DATABASE {three.url.rpartition('/')[2]} SET timezone = 'Asia/Tokyo'")
    assert [each.applied_at for each in look(three).standings] == ["2016-01-31T00:15:01.692570Z", None, None]


def test_a_failed_migration_is_failed_until_it_is_applied_or_forgotten(project: Project) -> None:
    project.write(v1="SELECT nonsense", v2="SELECT 1")
    with pytest.raises(MigrationError):
        project.migrate()
    assert states(project) == {"1": "failed", "2": "pending"}
    assert look(project).pending_count == 2
    project.write(v1="SELECT 1")
    project.migrate()
    assert states(project) == {"1": "applied", "2": "applied"}


def test_a_down_that_failed_leaves_it_applied(project: Project) -> None:
    project.file("1_m.up.sql", "CREATE TABLE a (x int)")
    project.file("1_m.down.sql", "DROP TABLE nonsense")
    project.migrate()
    with pytest.raises(MigrationError):
        project.migrate(state="rolled_back")
    assert states(project) == {"1": "applied"}


def test_what_was_rolled_back_is_pending(three: Project) -> None:
    three.migrate()
    three.migrate(state="rolled_back", steps=2)
    assert states(three) == {"1": "applied", "2": "pending", "3": "pending"}
    assert str(look(three).current) == "1"


def test_missing_and_modified(three: Project) -> None:
    three.migrate()
    (three.directory / "3_c.py").unlink()
    three.file("1_a.py", TABLE.format("other"))
    # The same with other line ends is no modification.
    three.file("2_b.py", TABLE.format("b").replace("\n", "\r\n"))
    found = look(three)
    assert [(str(each.version), each.name, each.modified, each.missing) for each in found.standings] == [
        ("1", "a", True, False),
        ("2", "b", False, False),
        ("3", "c", False, True),
    ]
    assert [(each.kind, each.reversible, each.state.value) for each in found.standings[2:]] == [(None, None, "applied")]
    assert (str(found.latest), str(found.current), found.pending_count) == ("2", "3", 0)


def test_how_to_roll_back_may_be_mended(project: Project) -> None:
    project.file("1_m.up.sql", "CREATE TABLE a (x int)")
    project.file("1_m.down.sql", "DROP TABLE nonsense")
    project.migrate()
    project.file("1_m.down.sql", "DROP TABLE a")
    assert [each.modified for each in look(project).standings] == [False]


def test_a_modified_one_that_is_not_applied_is_only_pending(three: Project) -> None:
    mark_as(three, "deferred", "1")
    three.file("1_a.py", WITHOUT_DOWN)
    three.file("2_b.py", WITHOUT_DOWN)
    assert [each.modified for each in look(three).standings] == [False] * 3


def test_a_table_of_db_migrators_own(project: Project) -> None:
    """It has two columns, a row for each run of a repeatable migration, and NULL for a deferred one."""
    for number in (20160101000000, 20160102000000, 20160103000000, 20160104000000, 20160105000000):
        project.file(f"{number}_x.py", REPEATABLE if number == 20160101000000 else TABLE.format("t"))
    project.query(TWO_COLUMNS)
    project.query(
        "INSERT INTO schema_migrations VALUES ('20160101000000', '2016-02-01 00:00:00+00'), "
        "('20160101000000', '2016-02-03 00:00:00+00'), ('20160101000000', '2016-02-02 00:00:00+00'), "
        "('20160102000000', '2016-02-01 00:00:00+00'), ('20160103000000', NULL), "
        "('20160105000000', '2016-02-04 00:00:00+00'), ('20160105000000', NULL)"
    )
    found = look(project, sort="applied")
    assert [(str(each.version), each.state.value, each.applied_at) for each in found.standings] == [
        ("20160102000000", "applied", "2016-02-01T00:00:00.000000Z"),
        ("20160101000000", "applied", "2016-02-03T00:00:00.000000Z"),
        ("20160105000000", "applied", "2016-02-04T00:00:00.000000Z"),
        ("20160103000000", "deferred", None),
        ("20160104000000", "pending", None),
    ]
    assert [each.repeatable for each in found.standings] == [False, True, False, False, False]
    assert not any(each.modified for each in found.standings), "no checksum was recorded, so nothing can differ"
    assert (str(found.current), found.pending_count) == ("20160105000000", 1)
    assert project.query(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'schema_migrations'::regclass AND attnum > 0"
    ) == [(2,)]


@pytest.mark.parametrize(
    "table",
    [
        "CREATE TABLE schema_migrations (version text NOT NULL, installed_on date)",
        "CREATE VIEW schema_migrations AS SELECT ''::text AS version, now() AS applied",
    ],
)
def test_a_foreign_history(three: Project, table: str) -> None:
    three.query(table)
    with pytest.raises(MigrationError) as caught:
        look(three)
    assert caught.value.kind == "history_foreign"


def test_a_version_that_is_none(three: Project) -> None:
    three.query(TWO_COLUMNS)
    three.query("INSERT INTO schema_migrations VALUES ('head', now())")
    with pytest.raises(MigrationError, match="'head'") as caught:
        look(three)
    assert caught.value.kind == "history_foreign"


def test_info_never_writes(three: Project) -> None:
    """On a database that takes no write, it says the same."""
    three.migrate(version="2")
    mark_as(three, "deferred", "3")
    before = look(three, sort="applied")
    three.query(f"ALTER DATABASE {three.url.rpartition('/')[2]} SET default_transaction_read_only = on")
    assert look(three, sort="applied") == before


LISTINGS: dict[str, tuple[dict[str, Any], bool, list[str]]] = {
    "as it is": (
        {},
        False,
        [
            "version        | name            | is applied   | date applied",
            "-" * 62,
            "20151217170514 | add_id_to_users | applied      | (date)",
            "20151218145832 | add_karen_to_us | pending*     |",
            "20160107200351 | blah            | deferred     |",
            "20160108000000 | gone            | applied !    | (date)",
            "! the file of 20160108000000 is gone",
        ],
    ),
    "wide": (
        {},
        True,
        [
            "version        | name               | is applied   | date applied",
            "-" * 65,
            "20151217170514 | add_id_to_users    | applied      | (date)",
            "20151218145832 | add_karen_to_users | pending*     |",
            "20160107200351 | blah               | deferred     |",
            "20160108000000 | gone               | applied !    | (date)",
            "! the file of 20160108000000 is gone",
        ],
    ),
    "sorted by time of application": (
        {"sort": "applied"},
        False,
        [
            "version        | name            | is applied   | date applied",
            "-" * 62,
            "20160108000000 | gone            | applied !    | (date)",
            "20151217170514 | add_id_to_users | applied      | (date)",
            "20151218145832 | add_karen_to_us | pending*     |",
            "20160107200351 | blah            | deferred     |",
            "! the file of 20160108000000 is gone",
        ],
    ),
}


@pytest.mark.parametrize("name", LISTINGS)
def test_listing(project: Project, name: str) -> None:
    options, wide, lines = LISTINGS[name]
    project.file("20151217170514_add_id_to_users.py", TABLE.format("a"))
    project.file("20151218145832_add_karen_to_users.py", REPEATABLE)
    project.file("20160107200351_blah.py", DEFERRED)
    gone = project.file("20160108000000_gone.py", WITHOUT_DOWN)
    mark_as(project, "applied", "20160108000000", "20151217170514")
    gone.unlink()
    shown = listing(look(project, **options), wide)
    date = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
    assert [date.sub("(date)", line) for line in shown] == lines


def test_what_was_modified_is_told_below_the_listing(three: Project) -> None:
    three.migrate(version="2")
    three.file("1_a.py", TABLE.format("other"))
    lines = listing(look(three), wide=False)
    assert lines[2].startswith("1       | a               | applied !    | ")
    assert lines[3].startswith("2       | b               | applied      | ")
    assert lines[5:] == ["! 1 was modified after it was applied"]


# Generating

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "migrations"
    directory.mkdir()
    return directory


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


# Files that are there → kind that is asked for → files that are written.
GENERATED: dict[str, tuple[list[str], str | None, list[str]]] = {
    "into an empty directory": ([], None, ["20260102030405_new.py"]),
    "Python": ([], "python", ["20260102030405_new.py"]),
    "for an engine": ([], "sqlalchemy", ["20260102030405_new.py"]),
    "SQL": ([], "sql", ["20260102030405_new.down.sql", "20260102030405_new.up.sql"]),
    "beside files that are no migrations": (["README.md", "__init__.py"], None, ["20260102030405_new.py"]),
    "beside moments in time": (["20151217170514_a.py"], None, ["20260102030405_new.py"]),
    "beside moments with dashes": (["2019-02-26-002946_a.py"], None, ["20260102030405_new.py"]),
    "the next number": (["1_a.py", "2_b.py"], None, ["3_new.py"]),
    "the highest number counts, not the last name": (["9_a.py", "10_b.py"], None, ["11_new.py"]),
    "leading zeros": (["001_a.py", "002_b.py"], None, ["003_new.py"]),
    "leading zeros run out": (["098_a.py", "099_b.py"], None, ["100_new.py"]),
    "one more digit": (["99_a.py"], None, ["100_new.py"]),
    "a gap is left": (["001_a.py", "007_b.py"], None, ["008_new.py"]),
    "the directory's kind is SQL": (
        ["0001_a.up.sql", "0001_a.down.sql"],
        None,
        ["0002_new.down.sql", "0002_new.up.sql"],
    ),
    "plain SQL": (["0001_a.sql"], None, ["0002_new.sql"]),
    "Flyway's": (["V1__a.sql", "V1.10__b.sql", "R__c.sql"], None, ["U2__new.sql", "V2__new.sql"]),
    "the first of Flyway's": (["R__c.sql"], None, ["U20260102030405__new.sql", "V20260102030405__new.sql"]),
    "the same kind once more": (["1_a.up.sql"], "sql", ["2_new.down.sql", "2_new.up.sql"]),
}


@pytest.mark.parametrize("name", GENERATED)
def test_generate(directory: Path, name: str) -> None:
    there, kind, written = GENERATED[name]
    for file_name in there:
        (directory / file_name).write_text(WITHOUT_DOWN if file_name.endswith("py") else "SELECT 1;\n")
    before = names(directory)
    request = GenerateRequest(str(directory), "new", kind)
    foretold = generate(request._replace(checking=True), now=NOW)
    assert names(directory) == before
    made = generate(request, now=NOW)
    assert made == foretold
    assert sorted(set(names(directory)) - set(before)) == written
    assert sorted(made.paths) == [str(directory / file_name) for file_name in written]
    assert made.version == re.sub("^[UV]", "", written[0]).partition("_")[0]
    assert {path: Path(path).read_text() for path in made.paths} == made.files
    # Once more: it is there.
    again = generate(request, now=NOW)
    assert (again.version, sorted(again.paths), again.files) == (made.version, sorted(made.paths), {})
    assert sorted(set(names(directory)) - set(before)) == written


def test_into_a_repository(directory: Path) -> None:
    (directory / "migrate.cfg").write_text("[db_settings]\nrepository_id=shop\n")
    made = [generate(GenerateRequest(str(directory), name), now=NOW) for name in ("first", "second")]
    assert names(directory / "versions") == ["20260102030405_first.py", "20260102030406_second.py"]
    assert "def upgrade(migrate_engine)" in next(iter(made[0].files.values()))
    assert generate(GenerateRequest(str(directory), "first")).files == {}


def test_a_link_that_leads_out_is_refused_or_followed(directory: Path) -> None:
    (directory.parent / "elsewhere.py").write_text("def up(cursor): pass\n")
    (directory / "7_a.py").symlink_to("../elsewhere.py")
    with pytest.raises(MigrationError, match="7_a.py is a link that leads out"):
        generate(GenerateRequest(str(directory), "new"))
    assert generate(GenerateRequest(str(directory), "new", follow=True)).version == "8"


def test_a_directory_that_is_not_there_is_made(tmp_path: Path) -> None:
    directory = tmp_path / "not" / "yet"
    generate(GenerateRequest(str(directory), "new", checking=True), now=NOW)
    assert not directory.parent.exists()
    generate(GenerateRequest(str(directory), "new"), now=NOW)
    assert names(directory) == ["20260102030405_new.py"]


def test_the_version_is_a_moment_in_utc(directory: Path) -> None:
    """Wherever the host thinks that it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        before = datetime.now(timezone.utc).replace(microsecond=0)
        made = generate(GenerateRequest(str(directory), "new"))
        after = datetime.now(timezone.utc)
    time.tzset()
    assert before <= datetime.strptime(made.version, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc) <= after


def test_two_in_the_same_second_have_two_versions(directory: Path) -> None:
    made = [generate(GenerateRequest(str(directory), name), now=NOW).version for name in ("a", "b", "c")]
    assert made == ["20260102030405", "20260102030406", "20260102030407"]


def test_the_last_second_of_a_year(directory: Path) -> None:
    eve = datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    made = [generate(GenerateRequest(str(directory), name), now=eve).version for name in ("a", "b")]
    assert made == ["20261231235959", "20270101000000"]


NAMES = {
    "add id to users": "add_id_to_users",
    "  spaces \t around ": "spaces_around",
    "two\nlines": "two_lines",
    "a-b.c": "a-b.c",
    "größer": "größer",
    "100%": "100%",
    "%s": "%s",
    "2_of_2": "2_of_2",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["python", "sql", "sqlalchemy"])
def test_names(project: Project, name: str, kind: str) -> None:
    made = generate(GenerateRequest(str(project.directory), name, kind), now=NOW)
    assert {re.sub(r"(\.up|\.down)?\.\w+$", "", os.path.basename(path)) for path in made.paths} == {
        "20260102030405_" + NAMES[name]
    }
    assert [(str(each.version), each.name) for each in look(project).standings] == [("20260102030405", NAMES[name])]
    assert generate(GenerateRequest(str(project.directory), name, kind)).files == {}


BAD_NAMES = ["", "  ", ".", "..", ".hidden", "a/b", "../a", "/etc/passwd", "a\\b", "a\0b", "a\x1bb"]


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_names_that_are_none(directory: Path, name: str, checking: bool) -> None:
    with pytest.raises(MigrationError) as caught:
        generate(GenerateRequest(str(directory), name, checking=checking))
    assert caught.value.kind == "option"
    assert repr(name) in caught.value.message
    assert caught.value.hint
    assert names(directory) == []
    assert names(directory.parent) == ["migrations"]


def test_a_name_that_is_too_long(directory: Path) -> None:
    with pytest.raises(MigrationError, match="No migration can be written into .*: File name too long") as caught:
        generate(GenerateRequest(str(directory), "x" * 300))
    assert caught.value.kind == "script_invalid"
    assert names(directory) == []


@pytest.mark.parametrize(
    "there", [["1_a.py", "20151217170514_b.py"], ["20151217170514_b.py", "20151217170515_c.py", "7_a.py"]]
)
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_mixed_numbering(directory: Path, there: list[str], checking: bool) -> None:
    for file_name in there:
        (directory / file_name).write_text(WITHOUT_DOWN)
    with pytest.raises(MigrationError) as caught:
        generate(GenerateRequest(str(directory), "new", checking=checking))
    assert caught.value.kind == "script_invalid"
    for file_name in there[:1] + there[-1:]:
        assert file_name.partition("_")[0] in caught.value.message
    assert names(directory) == sorted(there)


@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_another_kind_than_the_directory_has(directory: Path, checking: bool) -> None:
    (directory / "1_a.py").write_text(WITHOUT_DOWN)
    with pytest.raises(MigrationError, match="the directory's scripts are python, not sql") as caught:
        generate(GenerateRequest(str(directory), "new", "sql", checking))
    assert caught.value.kind == "option"
    assert names(directory) == ["1_a.py"]


def test_into_a_directory_that_another_tool_lists(directory: Path) -> None:
    (directory / "meta").mkdir()
    (directory / "meta/_journal.json").write_text('{"entries": [{"idx": 0, "tag": "0000_a"}]}')
    (directory / "0000_a.sql").write_text("SELECT 1;\n")
    with pytest.raises(MigrationError, match="the directory's scripts are drizzle") as caught:
        generate(GenerateRequest(str(directory), "new"))
    assert caught.value.kind == "option"
    assert names(directory) == ["0000_a.sql", "meta"]


@pytest.mark.parametrize("kind", [kind for kind in TEMPLATES if kind not in ("tern", "supabase")])
def test_what_was_generated_is_of_its_kind(project: Project, kind: str) -> None:
    named = kind if kind == "sql_by_name" else None
    for name in ("one", "two"):
        generate(GenerateRequest(str(project.directory), name, kind), now=NOW)
    found = look(project, kind=named)
    assert [(each.name, each.kind) for each in found.standings] == [("one", kind), ("two", kind)]
    assert len(done(project.migrate(kind=named))) == 2
    if kind != "sql_plain":
        assert len(project.migrate(state="rolled_back", steps=2, kind=named).progress.done) == 2


@pytest.mark.parametrize("place", ["file", "file/below", "loop"])
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_a_directory_that_can_not_be_written(tmp_path: Path, place: str, checking: bool) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(MigrationError, match="No migration can be written into") as caught:
        generate(GenerateRequest(str(tmp_path / place), "new", checking=checking))
    assert caught.value.kind == "script_invalid"
    assert caught.value.path == str(tmp_path / place)
    assert caught.value.hint
    assert names(tmp_path) == ["file", "loop"]


def test_half_a_pair_is_taken_back(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (directory / "20260102030405_new.down.sql").symlink_to("nowhere")
    with pytest.raises(MigrationError):
        generate(GenerateRequest(str(directory), "new", "sql"), now=NOW)
    assert names(directory) == ["20260102030405_new.down.sql"]


@pytest.fixture(params=["python", "sql"])
def generated(request: pytest.FixtureRequest, project: Project) -> Iterator[Project]:
    for name in ("one", "two"):
        generate(GenerateRequest(str(project.directory), name, request.param))
    yield project


def test_what_was_generated_runs(generated: Project) -> None:
    versions = [str(each.version) for each in look(generated).standings]
    assert len(versions) == 2
    assert [each.reversible for each in look(generated).standings] == [True, True]
    assert [proof.verdict.value for proof in generated.migrate(state="tested").proofs] == ["reversible"] * 2
    assert done(generated.check()) == versions
    assert done(generated.migrate(with_diff=True)) == versions
    assert done(generated.migrate(state="rolled_back", steps=2)) == versions[::-1]


def test_only_what_is_pending_is_listed_and_all_is_counted(project: Project) -> None:
    project.write(v1="CREATE TABLE a ()", v2="CREATE TABLE b ()")
    project.file("2_v2.down.sql", "DROP TABLE b")
    project.migrate(version="1")
    found = look(project, only="pending")
    assert [(str(each.version), each.reversible) for each in found.standings] == [("2", True)]
    assert (found.total, found.pending_count) == (2, 1)
    assert [line.split(" ")[0] for line in listing(found, wide=False)[2:]] == ["2"]
    assert (str(found.latest), str(found.current)) == ("2", "1")
    assert look(project).total == len(look(project).standings) == 2

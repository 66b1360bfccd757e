"""Bad input: a clear error, and nothing changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done

GOOD = "CREATE TABLE good (a int)"

# files → (kind of error, what its message says)
SCRIPTS: dict[str, tuple[dict[str, str | bytes], str, list[str]]] = {
    "two files of one version": (
        {"7_a.up.sql": GOOD, "007_b.up.sql": GOOD},
        "duplicate_version",
        ["7_a.up.sql", "007_b.up.sql"],
    ),
    "dashes don't make another version": (
        {"2019-01_a.up.sql": GOOD, "201901_b.up.sql": GOOD},
        "duplicate_version",
        ["2019-01_a.up.sql", "201901_b.up.sql"],
    ),
    "almost a Python migration": ({"1_a.py": "def up(cursor): pass", "12-foo.py": ""}, "script_invalid", ["12-foo.py"]),
    "almost a Flyway migration": ({"1_a.up.sql": GOOD, "V2_x.SQL": ""}, "script_invalid", ["V2_x.SQL"]),
    "no version": ({"1_a.up.sql": GOOD, "users.up.sql": ""}, "script_invalid", ["users.up.sql"]),
    "not UTF-8": ({"1_a.up.sql": b"SELECT 1;\nSELECT 'caf\xe9';\n"}, "script_invalid", ["not UTF-8", "0xe9", "line 2"]),
    "a NUL byte": (
        {"1_a.up.sql": b"CREATE TABLE a (x int);\n\0CREATE TABLE b (x int);"},
        "script_invalid",
        ["NUL byte", "line 2"],
    ),
    "UTF-16": ({"1_a.up.sql": "SELECT 1;".encode("utf-16")}, "script_invalid", ["UTF-16", "line 1"]),
    "UTF-16 without a mark": (
        {"1_a.up.sql": "SELECT 1;".encode("utf-16-le")},
        "script_invalid",
        ["NUL byte", "line 1"],
    ),
    "Python in another encoding than it says": (
        {"1_a.py": b"# -*- coding: ascii -*-\n# caf\xe9\ndef up(cursor): pass\n"},
        "script_invalid",
        ["isn't in the encoding that it names"],
    ),
    "Python in no encoding": (
        {"1_a.py": b"# coding: of-no-such-name\ndef up(cursor): pass\n"},
        "script_invalid",
        ["isn't in the encoding that it names"],
    ),
    "Python that is not UTF-8": ({"1_a.py": b"# caf\xe9\n"}, "script_invalid", ["not UTF-8", "0xe9", "line 1"]),
    "a syntax error": ({"1_a.py": "def up(cursor):\n    pass\n  oops\n"}, "script_invalid", ["1_a.py, line 3"]),
    "return outside a function": ({"1_a.py": "def up(cursor): pass\nreturn 1\n"}, "script_invalid", ["1_a.py, line 2"]),
    "a null byte": ({"1_a.py": "def up(cursor): pass\n\0"}, "script_invalid", ["1_a.py"]),
    "no up": ({"1_a.py": "def down(cursor): pass\n"}, "script_invalid", ["1_a.py has no up(cursor)"]),
    "up is no function": ({"1_a.py": "up = 3\n"}, "script_invalid", ["1_a.py has no up(cursor)"]),
    "an import that isn't there": (
        {"1_a.py": "import of_no_such_thing\ndef up(cursor): pass\n"},
        "script_invalid",
        ["of_no_such_thing", "1_a.py"],
    ),
    "sys.exit at the top": (
        {"1_a.py": "import sys\nsys.exit(0)\ndef up(cursor): pass\n"},
        "script_invalid",
        ["1_a.py"],
    ),
    "down without up": ({"1_a.down.sql": GOOD}, "script_invalid", ["1_a.down.sql has no up script"]),
    "a pair with two names": (
        {"1_a.up.sql": GOOD, "1_b.down.sql": GOOD},
        "script_invalid",
        ["1_a.up.sql", "1_b.down.sql"],
    ),
    "two kinds in one directory": (
        {"1_a.up.sql": GOOD, "2_b.py": "def up(cursor): pass"},
        "script_invalid",
        ["1_a.up.sql", "2_b.py"],
    ),
    "an unterminated quote": ({"1_a.up.sql": "BEGIN;\nSELECT 'oops;\nCOMMIT;"}, "script_invalid", ["line 2, column 8"]),
}


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_bad_scripts(project: Project, name: str, checking: bool) -> None:
    files, kind, words = SCRIPTS[name]
    # A good migration comes first, so that "nothing changed" means something.
    directory = project.directory / "first"
    project.file("first/0_good.up.sql", "CREATE TABLE very_good (a int)")
    for file_name, content in files.items():
        project.file(file_name, content)
    with pytest.raises(MigrationError) as caught:
        project.migrate(checking=checking, directories=(str(directory), str(project.directory)))
    assert caught.value.kind == kind
    for word in words:
        assert word in caught.value.message
    assert caught.value.hint
    assert project.tables() == []


# What stands where a script should → what its message says.
NO_FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a FIFO": (os.mkfifo, "it is a FIFO, and only regular files are opened"),
    "an endless device": (lambda path: path.symlink_to("/dev/zero"), "it is a character device"),
    "a directory": (Path.mkdir, "Is a directory"),
    "a hole of three gigabytes": (
        lambda path: (path.touch(), os.truncate(path, 3 * 2**30)),
        "it has 3 GiB, and 100 MiB is the most",
    ),
}


@pytest.mark.parametrize("file_name", ["2_b.up.sql", "2_b.py"])
@pytest.mark.parametrize("name", NO_FILES)
def test_what_is_no_regular_file(project: Project, name: str, file_name: str) -> None:
    make, reason = NO_FILES[name]
    project.write(v1="CREATE TABLE good (a int)")
    make(project.directory / file_name)
    with pytest.raises(MigrationError) as caught:
        project.migrate(follow=True)
    assert caught.value.kind == "script_invalid"
    assert f"{project.directory}/{file_name} can't be read: {reason}" in caught.value.message
    assert caught.value.hint
    assert project.tables() == []


def test_names_that_are_no_migrations_are_passed_over(project: Project) -> None:
    project.write(v1=GOOD)
    for name in ("README.md", "helpers.py", "__init__.py", "data.csv", ".hidden", "1_notes.txt", "1_a.up.sql.orig"):
        project.file(name, "no migration")
    assert done(project.migrate()) == ["1"]


def test_no_directory(project: Project) -> None:
    with pytest.raises(MigrationError, match="/no/such/place can't be read: No such file or directory") as caught:
        project.migrate(directories=("/no/such/place",))
    assert caught.value.kind == "script_invalid"


@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_an_empty_directory_is_a_warning(project: Project, checking: bool) -> None:
    report = project.migrate(checking=checking)
    assert report.plan.steps == ()
    assert str(project.directory) in report.warnings[0]
    assert project.query("SELECT to_regclass('schema_migrations')") == [(None,)]


@pytest.mark.parametrize("version", ["3", "20", "first"])
def test_unknown_version(project: Project, version: str) -> None:
    project.write(v1=GOOD, v2="SELECT 1")
    with pytest.raises(MigrationError) as caught:
        project.migrate(version=version)
    assert caught.value.kind == "unknown_version"
    assert version in caught.value.message
    assert project.tables() == []


BAD_URLS = ["nonsense", "postgresql://u:s3cret@[::1/db", "host=x port", "postgresql://u:s3cret%zz@h/d"]


@pytest.mark.parametrize("url", BAD_URLS)
def test_bad_url(url: str) -> None:
    with pytest.raises(MigrationError) as caught:
        parse_url(url)
    assert caught.value.kind == "connection"
    assert "s3cret" not in caught.value.sentence()
    assert url not in caught.value.sentence()


def test_no_such_database(project: Project) -> None:
    project.write(v1=GOOD)
    with pytest.raises(MigrationError, match='no database "no such; 🐘%s"') as caught:
        project.migrate(target=Target(parse_url(project.url)).with_database("no such; 🐘%s"))
    assert caught.value.kind == "database_missing"


def test_nobody_listens(project: Project) -> None:
    project.write(v1=GOOD)
    with pytest.raises(MigrationError) as caught:
        project.migrate(target=Target({**parse_url(project.url), "port": "1"}))
    assert caught.value.kind == "connection"


FOREIGN = {
    "golang-migrate's": (
        "CREATE TABLE schema_migrations (version bigint, dirty boolean)",
        ["version bigint", "dirty boolean"],
    ),
    "dbmate's": (
        "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)",
        ["version character varying(128)"],
    ),
    "a view": ("CREATE VIEW schema_migrations AS SELECT 'x'::text AS version, now() AS applied", ["version text"]),
    "something else": ("CREATE TABLE schema_migrations (id int, applied timestamptz)", ["id integer"]),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_a_history_of_another_tool(project: Project, name: str, checking: bool) -> None:
    statement, columns = FOREIGN[name]
    project.query(statement)
    project.write(v1=GOOD)
    with pytest.raises(MigrationError) as caught:
        project.migrate(checking=checking)
    assert caught.value.kind == "history_foreign"
    for column in columns:
        assert column in caught.value.message
    assert "good" not in project.tables()
    assert done(project.migrate(history_table="ours")) == ["1"]


def test_a_history_with_a_version_that_is_none(project: Project) -> None:
    project.query("CREATE TABLE schema_migrations (version text, applied timestamptz)")
    project.query("INSERT INTO schema_migrations VALUES ('abc', now())")
    project.write(v1=GOOD)
    with pytest.raises(MigrationError, match="'abc'") as caught:
        project.migrate()
    assert caught.value.kind == "history_foreign"


BAD_TABLE_NAMES = ["", "a.b.c", "a..b", 'un"closed', "x" * 60, "é" * 30]


@pytest.mark.parametrize("name", BAD_TABLE_NAMES)
def test_bad_history_table(project: Project, name: str) -> None:
    project.write(v1=GOOD)
    with pytest.raises(MigrationError, match="history_table"):
        project.migrate(history_table=name)


ODD_NAMES = ['it\'s "quoted"', "per % cent %s", "semi; colon --", "🐘 elephant"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_schema_and_history(project: Project, name: str) -> None:
    quoted = '"%s"' % name.replace('"', '""')
    project.write(v1=f"CREATE SCHEMA IF NOT EXISTS {quoted}; CREATE TABLE {quoted}.{quoted} (a int)", v2="SELECT 1")
    table = f'{quoted}.{quoted[:-1]} h"'
    assert done(project.check(history_table=table)) == ["1", "2"]
    report = project.migrate(history_table=table, with_diff=True)
    assert done(report) == ["1", "2"]
    assert " h" not in report.diffs[0].replace(" has ", "")  # type: ignore[index]
    assert project.migrate(history_table=table).plan.steps == ()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_of_database_and_user(project: Project, name: str, any_server: Any) -> None:
    any_server.create_database(name)
    quoted = '"%s"' % name.replace('"', '""')
    try:
        project.query(f"CREATE ROLE {quoted} LOGIN CREATEDB")
        project.query(f"ALTER DATABASE {quoted} OWNER TO {quoted}")
        target = Target({**parse_url(project.url), "dbname": name, "user": name})
        project.write(v1="CREATE TABLE a (x int)")
        checked = project.check(target=target)
        assert checked.rehearsal is not None
        real = project.migrate(target=target, with_diff=True)
        assert checked.diffs == real.diffs
        assert f"ALTER TABLE public.a OWNER TO {quoted};" in real.diffs[0]  # type: ignore[index]
    finally:
        any_server.drop_database(name)
        project.query(f"DROP ROLE {quoted}")

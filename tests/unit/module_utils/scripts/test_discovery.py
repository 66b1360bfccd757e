# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File names → scripts in order; what is no script, and what is refused."""

from __future__ import annotations

import os
from typing import NamedTuple, Optional, Tuple

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import (
    DuplicateVersion,
    OptionInvalid,
    ScriptInvalid,
)
from ansible_collections.pgops.migrations.plugins.module_utils.model import Script, Version
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.discovery import discover, scripts_of
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.kinds.catalogue import read
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.kinds.claim import DIALECTS, Listing

UP = "def up(cursor): pass\n"


def fill(directory, names):
    """Make empty files, and directories where a name ends in a slash."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = directory / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.write_text(UP if name.endswith(".py") else "SELECT 1;\n")
    return str(directory)


def shown(scripts):
    """Return what was found as text: label, kind, and ↓ where there is a down file."""
    return ["%s %s%s" % (each.label, each.kind, "↓" if each.down_path else "") for each in scripts]


@pytest.mark.parametrize(
    "names, expected",
    [
        ([], []),
        (["1_a.py"], ["1_a python"]),
        (["1_a.up.sql"], ["1_a sql"]),
        (["1_a.up.sql", "1_a.down.sql"], ["1_a sql↓"]),
        (["10_c.up.sql", "9_b.up.sql", "007_a.up.sql"], ["007_a sql", "9_b sql", "10_c sql"]),
        (["2019-02-26-002946_b.py", "20190226002945_a.py"], ["20190226002945_a python", "2019-02-26-002946_b python"]),
        (["1_a b.py", "2_naïve 😀.py", "3_%s;'\".py"], ["1_a b python", "2_naïve 😀 python", "3_%s;'\" python"]),
        (["1_a.b.up.sql", "1_a.b.down.sql"], ["1_a.b sql↓"]),
        (["1_a_2.py", "2_1_b.py"], ["1_a_2 python", "2_1_b python"]),
        (["1_a.up.sql", "2_b.up.sql", "2_b.down.sql"], ["1_a sql", "2_b sql↓"]),
        (["1_a.up.sql", "1-_a.down.sql"], ["1_a sql↓"]),
        (["0_a.py"], ["0_a python"]),
    ],
)
def test_found(tmp_path, names, expected):
    assert shown(discover((fill(tmp_path / "m", names),))) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "README", "notes.txt", ".gitkeep", ".1_a.py.swp", "1_a.py~", "1_a.up.sql.orig", "1_a.pyc"),
        *("__init__.py", "helpers.py", "schema.sql", "_1.py", "a1_b.py", "v.py"),
        *("__pycache__/", "data/"),
    ],
)
def test_passed_over(tmp_path, name):
    directory = fill(tmp_path / "m", ["1_a.py", name])
    assert shown(discover((directory,))) == ["1_a python"]


@pytest.mark.parametrize("kind", ["1_a.py", "1_a.up.sql"])
@pytest.mark.parametrize(
    "name",
    [
        *("12-foo.py", "12.py", "12_.py", "12foo.py", "2020-01-01.py", "3_b.PY", "3_b.Py", "v3_b.py", "V3_b.py"),
        *("V3__b.py", "R__b.py", "b.up.py", "b.down.py", "b.UP.SQL", "3_b.UP.SQL", "b.up.sql", "b.down.sql"),
        *("3_b\nc.PY", "\u0663_b.up.sql"),
    ],
)
def test_almost_a_migration(tmp_path, kind, name):
    # In silence passed over, it would be left out for good.
    directory = fill(tmp_path / "m", [kind, name])
    with pytest.raises(ScriptInvalid) as caught:
        discover((directory,))
    assert name in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["\u0663_b.py", "\u0663-b.sql", "\uff11_b.py", "1\u0660_b.py"])
def test_only_ascii_digits_make_a_version(tmp_path, name):
    directory = fill(tmp_path / "m", ["1_a.py", name])
    try:
        found = shown(discover((directory,)))
    except ScriptInvalid as error:
        assert name in error.message
    else:
        assert found == ["1_a python"]


def test_sql_that_a_python_script_of_that_version_reads(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.py", "1_data.sql", "1.sql", "2_b.py", "2-more.sql"])
    assert shown(discover((directory,), "python")) == ["1_a python", "2_b python"]


@pytest.mark.parametrize(
    "names, told",
    [
        (["7_a.py", "007_b.py"], ["7_a.py", "007_b.py"]),
        (["2019-01_a.py", "201901_b.py"], ["2019-01_a.py", "201901_b.py"]),
        (["1_a.py", "1_b.py"], ["1_a.py", "1_b.py"]),
        (["7_a.up.sql", "007_b.up.sql"], ["7_a.up.sql", "007_b.up.sql"]),
        (["7_a.up.sql", "7_a.down.sql", "07_a.down.sql"], ["7_a.down.sql", "07_a.down.sql"]),
    ],
)
def test_duplicates(tmp_path, names, told):
    with pytest.raises(DuplicateVersion) as caught:
        discover((fill(tmp_path / "m", names),))
    assert all(name in caught.value.message for name in told)


@pytest.mark.parametrize(
    "names, told",
    [
        (["1_a.down.sql"], ["1_a.down.sql has no up script"]),
        (["1_a.up.sql", "2_b.down.sql"], ["2_b.down.sql has no up script"]),
        (["1_a.up.sql", "1_b.down.sql"], ["1_a.up.sql", "1_b.down.sql", "two names"]),
        (["1_a.py", "2_b.up.sql"], ["more than one kind", "1_a.py", "2_b.up.sql"]),
        (["1_a.py", "1_a.up.sql"], ["more than one kind", "1_a.py", "1_a.up.sql"]),
    ],
)
def test_refused(tmp_path, names, told):
    with pytest.raises(ScriptInvalid) as caught:
        discover((fill(tmp_path / "m", names),))
    assert all(words in caught.value.message for words in told)


BOM = "\ufeff"
GOOSE, DBMATE, SQL_MIGRATE = "-- +goose Up\n", "-- migrate:up\n", "-- +migrate Up\n"
TERN, NODE = "---- create above / drop below ----\n", "-- Up Migration\n-- Down Migration\n"
PLAIN = "SELECT 1;\n"


@pytest.mark.parametrize(
    "texts, kind, expected",
    [
        ([DBMATE, BOM + DBMATE], None, "dbmate"),
        ([DBMATE, BOM + DBMATE], "dbmate", "dbmate"),
        ([GOOSE, BOM + GOOSE], None, "goose"),
        ([DBMATE.replace("\n", "\r"), "\r" + DBMATE], None, "dbmate"),
        ([SQL_MIGRATE, BOM + SQL_MIGRATE], None, "sql_migrate"),
        ([TERN, BOM + PLAIN], None, "tern"),
        ([NODE, PLAIN], None, "node_pg_migrate"),
        (["-- Up Migration\n", PLAIN], None, "node_pg_migrate"),
        ([PLAIN, PLAIN], "tern", "tern"),
        ([PLAIN, PLAIN], "node_pg_migrate", "node_pg_migrate"),
        ([NODE, PLAIN], "sql_plain", "sql_plain"),
        ([PLAIN, "-- Up migration for people\nSELECT 1;"], None, "sql_plain"),
        ([GOOSE, GOOSE + "-- Up Migration\n"], None, "goose"),
        ([TERN, TERN + NODE], None, "tern"),
    ],
)
def test_kind_by_marks(tmp_path, texts, kind, expected):
    for number, text in enumerate(texts, 1):
        (tmp_path / ("%d_a.sql" % number)).write_bytes(text.encode())
    assert shown(discover((str(tmp_path),), kind)) == ["%d_a %s" % (n, expected) for n in range(1, len(texts) + 1)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_mark_in_utf_16_is_told_of(tmp_path, encoding):
    bom = "" if encoding == "utf-16" else BOM
    (tmp_path / "1_a.sql").write_bytes((bom + DBMATE).encode(encoding))
    (script,) = discover((str(tmp_path),), "dbmate")
    with pytest.raises(ScriptInvalid, match="UTF-16"):
        read(script)


def test_several_directories_are_one_sequence(tmp_path):
    one = fill(tmp_path / "one", ["1_a.py", "10_d.py"])
    two = fill(tmp_path / "two", ["2_b.up.sql", "9_c.up.sql", "9_c.down.sql"])
    found = discover((one, two))
    assert shown(found) == ["1_a python", "2_b sql", "9_c sql↓", "10_d python"]
    assert [each.path for each in found[:2]] == [os.path.join(one, "1_a.py"), os.path.join(two, "2_b.up.sql")]
    assert found[2].down_path == os.path.join(two, "9_c.down.sql")
    assert discover((two, one)) == found


def test_no_directory_at_all():
    assert discover(()) == ()


def test_a_duplicate_across_directories(tmp_path):
    one, two = fill(tmp_path / "one", ["1_a.py"]), fill(tmp_path / "two", ["001_b.up.sql"])
    with pytest.raises(DuplicateVersion) as caught:
        discover((one, two))
    assert os.path.join(one, "1_a.py") in caught.value.message
    assert caught.value.path == os.path.join(two, "001_b.up.sql")
    assert Version.parse(caught.value.version) == Version.parse("1")


def test_a_directory_listed_twice(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.py"])
    with pytest.raises(DuplicateVersion):
        discover((directory, directory + "/."))


@pytest.mark.parametrize("name", ["nowhere", "a file", "é%s"])
def test_no_directory(tmp_path, name):
    (tmp_path / "a file").touch()
    path = str(tmp_path / name)
    with pytest.raises(ScriptInvalid) as caught:
        discover((path,))
    assert path in caught.value.message
    assert caught.value.path == path


def link(target):
    return lambda path: path.symlink_to(target)


def sparse(path):
    path.touch()
    os.truncate(path, 3 * 2**30)


# What stands where a script should → what is told of it, with and without follow.
NO_SCRIPTS = {
    "a FIFO": (os.mkfifo, "it is a FIFO, and only regular files are opened"),
    "an endless device": (link("/dev/zero"), "it is a character device, and only regular files are opened"),
    "a directory": (os.mkdir, "Is a directory"),
    "a hole of three gigabytes": (sparse, "it has 3 GiB, and 100 MiB is the most"),
    "a link that leads nowhere": (link("nowhere"), "No such file or directory"),
    "a link in a circle": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
}


@pytest.mark.parametrize(
    "file_name",
    ["2_b.py", "2_b.up.sql", "2_b.sql", "2_postgres_upgrade.sql", "V2__b.sql", "migrate.cfg", "1_a/up.sql"]
    + ["1_a/metadata.toml"],
)
@pytest.mark.parametrize("name", NO_SCRIPTS)
def test_what_is_no_regular_file(tmp_path, name, file_name):
    make, reason = NO_SCRIPTS[name]
    path = tmp_path / "m" / file_name
    path.parent.mkdir(parents=True)
    if file_name.endswith("metadata.toml"):
        (path.parent / "up.sql").write_text("SELECT 1")
    make(path)
    with pytest.raises(ScriptInvalid) as caught:
        for script in discover((str(tmp_path / "m"),), follow=True):
            read(script)
    assert caught.value.message == "%s can't be read: %s" % (path, reason)
    assert (caught.value.path, bool(caught.value.hint)) == (str(path), True)


@pytest.mark.parametrize("name", ["helpers.py", "README", "notes.txt", "data"])
def test_what_is_no_regular_file_and_has_no_script_s_name(tmp_path, name):
    directory = fill(tmp_path / "m", ["1_a.py"])
    os.mkfifo(tmp_path / "m" / name)
    os.symlink("loop", tmp_path / "m" / "loop")
    assert shown(discover((directory,))) == ["1_a python"]


# Kind, links → what is named as leading out; None: nothing does.
LINKS = {
    "a script beside it": ("python", {"2_b.py": "1_a.py"}, None),
    "a script further down": ("python", {"2_b.py": "deep/real.py"}, None),
    "through a link inside, as Kubernetes mounts": ("python", {"..data": "deep", "2_b.py": "..data/real.py"}, None),
    "an absolute path inside": ("python", {"2_b.py": "{here}/m/1_a.py"}, None),
    "a script": (
        None,
        {"2_b.py": "../elsewhere/real.py"},
        "2_b.py is a link that leads out of {here}/m, to {here}/else",
    ),
    "a script in SQL": ("sql", {"2_b.up.sql": "../elsewhere/real.sql"}, "2_b.up.sql is a link that leads out"),
    "a private file": (None, {"2_b.py": "/etc/shadow"}, "2_b.py is a link that leads out of {here}/m, to /etc/shadow"),
    "the way back": (
        "sql",
        {"2_b.up.sql": "1_a.py", "2_b.down.sql": "../elsewhere/real.sql"},
        "2_b.down.sql is a link that leads out",
    ),
    "a folder of diesel's": (
        "diesel",
        {"2_b": "../elsewhere/2_b"},
        "2_b/up.sql lies out of {here}/m, by a link: at {here}/elsewhere/2_b/up.sql",
    ),
    "what says how it is run": ("diesel", {"3_c/metadata.toml": "/etc/shadow"}, "3_c/metadata.toml is a link that"),
    "a repository's configuration": (None, {"migrate.cfg": "/etc/shadow"}, "migrate.cfg is a link that leads out"),
    "a repository's scripts": (
        None,
        {"migrate.cfg": "deep/migrate.cfg", "versions": "../elsewhere"},
        "versions is a link that leads out",
    ),
}


@pytest.mark.parametrize("name", LINKS)
def test_links(tmp_path, name):
    kind, made, told = LINKS[name]
    for path in ("elsewhere/real.py", "elsewhere/real.sql", "elsewhere/2_b/up.sql", "m/deep/real.py", "m/3_c/up.sql"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(UP if path.endswith(".py") else "SELECT 1")
    (tmp_path / "m/deep/migrate.cfg").write_text("[db_settings]\nrepository_id = x\n")
    (tmp_path / "m/1_a.py").write_text(UP)
    for path, target in made.items():
        (tmp_path / "m" / path).symlink_to(target.format(here=tmp_path))
    if told is None:
        assert shown(discover((str(tmp_path / "m"),), kind)) == ["1_a python", "2_b python"]
        return
    with pytest.raises(ScriptInvalid) as caught:
        discover((str(tmp_path / "m"),), kind)
    assert told.format(here=tmp_path) in caught.value.message
    assert "follow: true" in caught.value.hint
    assert caught.value.path.startswith(str(tmp_path / "m"))


def test_links_that_lead_out_are_followed_where_that_is_wanted(tmp_path):
    fill(tmp_path / "elsewhere", ["real.py"])
    directory = fill(tmp_path / "m", ["1_a.py"])
    os.symlink(tmp_path / "elsewhere" / "real.py", os.path.join(directory, "2_b.py"))
    assert shown(discover((directory,), follow=True)) == ["1_a python", "2_b python"]


def test_the_directory_itself_may_be_a_link(tmp_path):
    fill(tmp_path / "release", ["1_a.py"])
    (tmp_path / "current").symlink_to("release")
    assert shown(discover((str(tmp_path / "current"),))) == ["1_a python"]


def test_a_repository_that_is_another_file_is_not_quoted(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.py"])
    (tmp_path / "m/migrate.cfg").write_text("root:s3cret:1::::\n")
    with pytest.raises(ScriptInvalid, match="migrate.cfg can't be read: it is no INI file") as caught:
        discover((directory,))
    assert "s3cret" not in caught.value.sentence()


def test_checksum_is_that_of_the_text_whatever_its_line_ends(tmp_path):
    directory = fill(tmp_path / "m", [])
    texts = [b"SELECT 1;\nSELECT 2;\n", b"SELECT 1;\r\nSELECT 2;\r\n", b"\xef\xbb\xbfSELECT 1;\rSELECT 2;\r"]
    for number, text in enumerate([*texts, b"SELECT 1; SELECT 2;\n"]):
        (tmp_path / "m" / ("%d_a.up.sql" % number)).write_bytes(text)
    sums = [each.checksum for each in discover((directory,))]
    # printf 'SELECT 1;\nSELECT 2;\n' | sha256sum
    assert sums[:3] == ["82efb67f3010c6eb7ead02e4f6d9550633dbc1407f99aa487468e7b2567aebbc"] * 3
    assert sums[3] != sums[0]


def told(directory, **options):
    """Return what was found, and what was warned of."""
    warnings = []
    return shown(discover((directory,), warn=warnings.append, **options)), warnings


# A name beside 1_a.up.sql that isn't read.
UNREAD = [
    "2_b.up.go",
    "2_b.up.cql",
    "170000000000-AddUser.ts",
    "2_b/",
    "V2__b.java",
    "3",
    "3.0/",
    "b.down.json",
    "12-c.sql",
]


@pytest.mark.parametrize("name", UNREAD)
def test_what_isn_t_read_is_named(tmp_path, name):
    directory = fill(tmp_path / "m", ["1_a.up.sql", name])
    path = os.path.join(directory, name.rstrip("/"))
    for kind in (None, "sql"):
        with pytest.raises(ScriptInvalid) as caught:
            discover((directory,), kind)
        assert caught.value.message == "%s looks like a migration, but no kind of script reads it" % path
        assert "on_unread" in caught.value.hint and caught.value.path == path
    assert told(directory, on_unread="warn") == (["1_a sql"], [caught.value.message + "."])
    assert told(directory, on_unread="ignore") == (["1_a sql"], [])


def test_several_names_are_told_of_at_once(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.up.sql", *("%d_b.rb" % number for number in range(100, 107))])
    with pytest.raises(
        ScriptInvalid, match=r"7 names look like migrations.*: 100_b.rb, .*104_b.rb and 2 more"
    ) as caught:
        discover((directory,))
    assert "Rails" in caught.value.hint


def test_what_a_named_kind_leaves_to_another_is_a_warning(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.up.sql", "2_b.py", "3_c/"])
    (tmp_path / "m/3_c/up.sql").write_text("SELECT 1")
    (tmp_path / "m/4_d.sql").write_text("-- +goose Up\n")
    passed = "kind: sql passes over what is of kind %s in %s: 2_b.py, 3_c, 4_d.sql." % (
        "python, diesel, goose",
        directory,
    )
    assert told(directory, kind="sql") == (["1_a sql"], [passed])
    assert told(directory, kind="sql", on_unread="ignore") == (["1_a sql"], [])


def test_a_kind_of_which_there_is_nothing(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.up.sql"])
    with pytest.raises(ScriptInvalid) as caught:
        discover((directory,), "goose")
    assert caught.value.message == (
        "There are no migrations of the kind goose in %s; what is there looks like sql: 1_a.up.sql" % directory
    )


NOTHING = {
    "empty": [],
    "what anybody has": [".git/", ".gitkeep", "README", "README.md", "LICENSE", "LICENSE.txt", "Makefile", "COPYING"],
    "what Python has": ["__init__.py", "__pycache__/"],
    "an empty folder": ["data/"],
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_directory_with_nothing_in_it_is_a_warning(tmp_path, name):
    directory = fill(tmp_path / "m", NOTHING[name])
    assert told(directory) == ([], ["There are no migrations in %s." % directory])


def test_a_directory_whose_scripts_are_further_down(tmp_path):
    directory = fill(tmp_path / "m", [])
    fill(tmp_path / "m/db/deep/migrations", ["1_a.up.sql"])
    with pytest.raises(ScriptInvalid) as caught:
        discover((directory,))
    assert (
        "what is in %s/db/deep/migrations looks like scripts of the kind sql: 1_a" % directory in caught.value.message
    )
    found, (first, second) = told(directory, on_unread="warn")
    assert (found, first) == ([], caught.value.message + ".")
    assert second == "There are no migrations in %s." % directory


def test_folders_of_flyway(tmp_path):
    directory = fill(tmp_path / "m", ["V1__a.sql"])
    fill(tmp_path / "m/b/c", ["V3__c.sql", "U3__c.sql", "V2.1__b.sql"])
    fill(tmp_path / "m/.hidden", ["V4__d.sql"])
    os.symlink("..", tmp_path / "m/b/loop")
    os.symlink("b", tmp_path / "m/same")
    with pytest.raises(DuplicateVersion):
        discover((directory,))
    os.remove(tmp_path / "m/same")
    found = discover((directory,))
    assert shown(found) == ["1_a flyway", "2.1_b flyway", "3_c flyway↓"]
    assert found[2].down_path == os.path.join(directory, "b/c/U3__c.sql")


def test_a_folder_of_flyway_that_leads_out(tmp_path):
    fill(tmp_path / "elsewhere", ["V2__b.sql"])
    directory = fill(tmp_path / "m", ["V1__a.sql"])
    os.symlink(tmp_path / "elsewhere", tmp_path / "m/b")
    with pytest.raises(ScriptInvalid, match="b/V2__b.sql lies out of"):
        discover((directory,))
    assert shown(discover((directory,), follow=True)) == ["1_a flyway", "2_b flyway"]


def test_folders_beside_another_kind_s_scripts_are_its_own_business(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.py", "data/"])
    fill(tmp_path / "m/data", ["V2__b.sql", "3_c.up.sql"])
    assert told(directory) == (["1_a python"], [])


def marked(directory, texts):
    """Make files with their texts."""
    directory.mkdir()
    for name, text in texts.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    return str(directory)


def test_each_kind_in_its_own_order(tmp_path):
    names = ["20240101000000_a.sql", "20240102_b.sql", "3_c.sql"]
    dbmate = marked(tmp_path / "dbmate", dict.fromkeys(names, DBMATE))
    plain = marked(tmp_path / "plain", dict.fromkeys(names, PLAIN))
    diesel = marked(tmp_path / "diesel", {"2025-09-19-132648-0000_a/up.sql": "", "2025-10-01-000000_b/up.sql": ""})
    assert [each.name for each in discover((dbmate,))] == ["a", "b", "c"]
    assert [each.name for each in discover((plain,))] == ["c", "b", "a"]
    assert [each.name for each in discover((diesel,))] == ["a", "b"]
    assert [each.name for each in discover((plain,), order="text")] == ["a", "b", "c"]
    assert [each.name for each in discover((diesel,), order="numeric")] == ["b", "a"]


def test_directories_that_order_differently(tmp_path):
    one = marked(tmp_path / "dbmate", {"1_a.sql": DBMATE})
    two = marked(tmp_path / "goose", {"10_b.sql": GOOSE})
    with pytest.raises(OptionInvalid, match=r"order differently \(dbmate: text, goose: numeric\)") as caught:
        discover((one, two))
    assert "Set order to numeric" in caught.value.hint
    assert shown(discover((one, two), order="numeric")) == ["1_a dbmate", "10_b goose"]
    assert shown(discover((one, two), order="text")) == ["10_b goose", "1_a dbmate"]


def test_scripts_with_one_number_of_a_tool_that_knows_them_by_name(tmp_path):
    names = ["2_b.sql", "10-a.sql", "10_b.sql"]
    directory = marked(tmp_path / "m", dict.fromkeys(names, SQL_MIGRATE))
    found = discover((directory,))
    assert [str(each.version) for each in found] == ["2_b", "10-a", "10_b"]
    assert shown(found) == ["2_b sql_migrate", "10-a sql_migrate", "10_b sql_migrate"]


def test_callbacks_of_flyway(tmp_path):
    one, two = fill(tmp_path / "one", ["V1__a.sql", "afterMigrate__2.sql"]), str(tmp_path / "two")
    fill(tmp_path / "two/b", ["V2__b.sql", "afterMigrate__1.sql", "beforeEachUndo.sql"])
    found = [
        [(each.event, os.path.relpath(each.path, tmp_path)) for each in script.callbacks]
        for script in discover((one, two))
    ]
    expected = [
        ("afterMigrate", "two/b/afterMigrate__1.sql"),
        ("afterMigrate", "one/afterMigrate__2.sql"),
        ("beforeEachUndo", "two/b/beforeEachUndo.sql"),
    ]
    assert found == [expected, expected]


def test_callbacks_beside_other_scripts_are_none(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.up.sql", "afterMigrate.sql"])
    assert [script.callbacks for script in discover((directory,))] == [()]


def test_a_callback_that_leads_out(tmp_path):
    directory = fill(tmp_path / "m", ["V1__a.sql"])
    (tmp_path / "elsewhere.sql").write_text("SELECT 1")
    (tmp_path / "m" / "afterMigrate.sql").symlink_to(tmp_path / "elsewhere.sql")
    with pytest.raises(ScriptInvalid, match="afterMigrate.sql is a link that leads out"):
        discover((directory,))
    assert len(discover((directory,), follow=True)[0].callbacks) == 1


@pytest.mark.parametrize("name", ["V4__d.java", "v4__d.sql", "V4_d.sql", "afterClean.sql", "B4_d.sql", "r__d.sql"])
def test_what_isn_t_read_in_a_folder_of_flyway(tmp_path, name):
    directory = fill(tmp_path / "m", ["V1__a.sql"])
    fill(tmp_path / "m/b/c", ["V3__c.sql", "V3__c.sql.conf", "README.md", "schema.sql", "4.png", name])
    with pytest.raises(ScriptInvalid) as caught:
        discover((directory,))
    path = os.path.join(directory, "b", "c", name)
    assert caught.value.message == "%s looks like a migration, but no kind of script reads it" % path
    os.remove(path)
    assert told(directory) == (["1_a flyway", "3_c flyway"], [])


def test_a_migration_sql_that_is_somebody_else_s(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.py", "templates/"])
    (tmp_path / "m/templates/migration.sql").write_text("SELECT 1")
    assert told(directory) == (["1_a python"], [])


def test_a_folder_that_is_gone_by_now(tmp_path):
    listed = Listing(str(tmp_path), (), ("gone",))
    with pytest.raises(ScriptInvalid, match="The folder .*gone can't be read: No such file or directory"):
        list(listed.inner())


class Asked(NamedTuple):
    """What scripts_of() looks at in a request."""

    directories: Tuple[str, ...]
    described: Optional[Tuple[Script, ...]] = None
    said: Tuple[str, ...] = ()
    kind: Optional[str] = None
    follow: bool = False
    on_unread: str = "warn"
    order: Optional[str] = None


def test_scripts_that_are_described_are_not_looked_for(tmp_path):
    directory = fill(tmp_path / "m", ["1_a.up.sql", "2-b.up.sql"])
    warnings = []
    found = scripts_of(Asked((directory,)), DIALECTS, warnings.append)
    assert shown(found) == ["1_a sql"]
    assert len(warnings) == 1 and "2-b.up.sql looks like a migration" in warnings[0]
    for described in (found, ()):
        again = []
        asked = Asked(("/nowhere",), described, tuple(warnings))
        assert scripts_of(asked, DIALECTS, again.append) == described
        assert again == warnings
        assert scripts_of(asked, DIALECTS) == described

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""schema_file on its host: what is refused before a run, what is written after it, and what is only compared."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.keeping.schema_file import (
    HANDED_OVER,
    Wanted,
    handed_over,
    look_before,
    settled,
    taken_over,
)
from ansible_collections.pgops.migrations.plugins.module_utils.schema.file import Head, as_text
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import ObjectKey, Snapshot


def text(table: str, reads: str = "pg_dump 15") -> str:
    return as_text(Head(reads), "1", Snapshot({ObjectKey("TABLE", "public", table): f"CREATE TABLE {table} ();"}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    return tmp_path / "schema.sql"


def in_link(path: Path) -> Path:
    path.symlink_to(path.parent / "elsewhere")
    return path


def in_fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path


def in_directory(path: Path) -> Path:
    path.mkdir()
    return path


def of_others(path: Path) -> Path:
    path.write_text("CREATE TABLE mine ();\n")
    return path


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a link": (in_link, "it is a link"),
    "a FIFO": (in_fifo, "it is no regular file"),
    "a directory": (in_directory, "it is no regular file"),
    "another's": (of_others, "this file wasn't made by pg_migrate"),
    "nowhere": (lambda path: path.parent / "nowhere" / "schema.sql", "there is no directory .*nowhere"),
    "below a file": (lambda path: of_others(path) / "schema.sql", "Not a directory"),
    "named like a migration": (lambda path: path.parent / "migrations" / "3_schema.sql", "be read as a migration"),
    "named like Flyway's": (lambda path: path.parent / "migrations" / "sql" / "R__s.sql", "be read as a migration"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_before_a_run(name: str, path: Path) -> None:
    make, why = REFUSED[name]
    found = make(path)
    with pytest.raises(OptionInvalid, match=f"schema_file: {re.escape(str(found))}: .*{why}") as caught:
        look_before(str(found), [str(path.parent / "migrations")])
    assert caught.value.hint


def test_a_directory_that_cant_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere, so the kernel isn't asked.
    monkeypatch.setattr(os, "access", lambda place, mode: place != str(path.parent))
    with pytest.raises(OptionInvalid, match=f"the directory {path.parent} can't be written"):
        look_before(str(path), [])


@pytest.mark.parametrize("content", [None, "", text("a")])
def test_fine(path: Path, content: str | None) -> None:
    if content is not None:
        path.write_text(content)
    assert look_before(str(path), [str(path.parent / "migrations")]) is (content is None)


def test_beside_the_scripts_a_name_without_a_version_is_fine(path: Path) -> None:
    assert look_before(str(path.parent / "migrations" / "schema.sql"), [str(path.parent / "migrations")])


def test_written(path: Path) -> None:
    result = settled({"changed": False, "msg": "Done."}, str(path), Wanted(text("a"), None, 10, True), False)
    assert path.read_text() == text("a")
    assert path.stat().st_mode & 0o777 == 0o644
    assert result == {
        "changed": True,
        "msg": "Done.",
        "schema_file": {"path": str(path), "differs": True, "written": True, "reason": None},
    }
    assert sorted(os.listdir(path.parent)) == ["migrations", "schema.sql"]


def test_its_mode_is_kept(path: Path) -> None:
    path.write_text(text("a"))
    path.chmod(0o640)
    settled({}, str(path), Wanted(text("b"), None, 10, True), False)
    assert (path.read_text(), path.stat().st_mode & 0o777) == (text("b"), 0o640)


def test_the_same_isnt_written(path: Path) -> None:
    path.write_text(text("a"))
    before = path.stat().st_ino
    result = settled({"changed": False}, str(path), Wanted(text("a"), None, 10, True), False)
    assert (result["changed"], result["schema_file"]["differs"], path.stat().st_ino) == (False, False, before)


def test_another_format_is_written_anew(path: Path) -> None:
    path.write_text(text("a", "pg_dump 14"))
    result = settled({}, str(path), Wanted(text("a"), None, 10, True), False)
    assert (path.read_text(), result.get("warnings")) == (text("a"), None)


def test_what_cant_be_written_in_the_end_is_a_warning(path: Path) -> None:
    result = settled({"changed": True}, str(path / "below"), Wanted(text("a"), None, 10, True), False)
    assert result["changed"] is True
    assert result["schema_file"]["written"] is False
    assert result["warnings"] == [
        f"schema_file: {path / 'below'} wasn't written: No such file or directory. What was applied stays so. "
        "Remove the file, and run again, to have it made anew."
    ]


@pytest.mark.parametrize(("checking", "verb"), [(True, "compared"), (False, "written")])
def test_what_isnt_known_is_a_warning(path: Path, checking: bool, verb: str) -> None:
    path.write_text(text("a"))
    result = settled({"changed": False}, str(path), Wanted(None, "nobody looked.", 10, True), checking)
    assert result["changed"] is False
    assert result["schema_file"] == {
        "path": str(path),
        "differs": None,
        "written": False,
        "reason": "nobody looked.",
    }
    assert f"wasn't {verb}: nobody looked." in result["warnings"][0]
    assert path.read_text() == text("a")


@pytest.mark.parametrize("is_pending", [True, False])
def test_stale_in_check_mode(path: Path, is_pending: bool) -> None:
    path.write_text(text("a"))
    earlier = {"prepared": "of the schema"}
    result = settled(
        {"changed": False, "diff": [earlier]}, str(path), Wanted(text("b"), None, 10, is_pending), checking=True
    )
    assert result["changed"] is True
    assert path.read_text() == text("a")
    assert result["diff"][0] == earlier
    shown = result["diff"][1]
    assert (shown["before_header"], shown["after_header"]) == (str(path), str(path))
    assert "-CREATE TABLE a ();\n+CREATE TABLE b ();\n" in shown["prepared"]
    # With something pending, the real run writes it.
    assert bool(result.get("warnings")) is not is_pending


def test_no_file_yet_in_check_mode(path: Path) -> None:
    result = settled({"changed": False}, str(path), Wanted(text("a"), None, 10, False), checking=True)
    assert (result["changed"], "diff" in result, path.exists()) == (True, False, False)


def test_not_compared_is_no_change(path: Path) -> None:
    path.write_text(text("a", "pg_dump 14"))
    result = settled({"changed": False}, str(path), Wanted(text("b"), None, 10, False), checking=True)
    assert (result["changed"], result["schema_file"]["differs"]) == (False, None)
    assert "it was read by pg_dump 14" in result["warnings"][0]


@pytest.mark.parametrize("secret", ["e", "CREATE", "15", "schema", "10", "0", "u28"])
def test_a_password_takes_nothing_out_of_what_is_handed_over(secret: str) -> None:
    wanted = Wanted(text("a") + "-- \udcff é\n", None, 10, True)
    told = remove_values(handed_over(wanted), [secret])
    arrived = json.loads(json.dumps(told))[HANDED_OVER]
    assert taken_over(arrived) == wanted


def test_what_doesnt_arrive_whole_is_told() -> None:
    told = handed_over(Wanted(text("a"), None, 10, True))[HANDED_OVER]
    assert taken_over({**told, "text": told["text"][:-4]}) == Wanted(None, "it didn't arrive whole", 10, True)


def test_what_isnt_known_is_handed_over() -> None:
    wanted = Wanted(None, "nobody looked", 3, False)
    assert taken_over(handed_over(wanted)[HANDED_OVER]) == wanted

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The password file: one line kept right, where libpq finds it, and all others as they are."""

from __future__ import annotations

import os
import stat
import string
from dataclasses import replace

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid, PasswordFileError
from ansible_collections.pgops.migrations.plugins.module_utils.provision.pgpass import (
    Entry,
    PasswordFile,
    check,
    has_entry,
    host_of,
    read,
    with_entry,
    without_entry,
    write,
)

SHOP = Entry("db", "5432", "shop", "ann", "new")
LINE = "db:5432:shop:ann:new\n"


@pytest.mark.parametrize(
    "entry, line",
    [
        (SHOP, "db:5432:shop:ann:new"),
        (Entry("::1", "5432", "*", "ann", "p"), "\\:\\:1:5432:*:ann:p"),
        (Entry("db", "5432", "a:b", "c\\d", "e:f\\g"), "db:5432:a\\:b:c\\\\d:e\\:f\\\\g"),
        (Entry("db", "5432", "shop", "ann", "# 'x' \"y\" "), "db:5432:shop:ann:# 'x' \"y\" "),
    ],
)
def test_line(entry, line):
    assert entry.line() == line


@pytest.mark.parametrize(
    "before, after",
    [
        (None, LINE),
        ("", LINE),
        ("# mine\n", "# mine\n" + LINE),
        ("db:5432:shop:ann:old\n", LINE),
        ("# a\ndb:5432:shop:ann:old\n# b\nx:1:y:z:w\n", "# a\n" + LINE + "# b\nx:1:y:z:w\n"),
        ("x:1:y:z:w", "x:1:y:z:w\n" + LINE),
        ("db:5432:shop:bob:old\n", "db:5432:shop:bob:old\n" + LINE),
        ("db:5432:*:ann:old\n", LINE + "db:5432:*:ann:old\n"),
        ("x:1:y:z:w\n*:*:*:*:old\n", "x:1:y:z:w\n" + LINE + "*:*:*:*:old\n"),
        ("*:*:*:ann:old\ndb:5432:shop:ann:old\n", LINE + "*:*:*:ann:old\n"),
        ("db:5432:shop:ann:old\n*:*:*:*:old\n", LINE + "*:*:*:*:old\n"),
        ("db:5432:shop:ann:old\nx:1:y:z:w\ndb:5432:shop:ann:older\n", LINE + "x:1:y:z:w\n"),
        ("db:5432:shop:ann:o:l:d\n", LINE),
        ("d\\b:5432:shop:ann:old\n", LINE),
        ("#db:5432:shop:ann:old\n", "#db:5432:shop:ann:old\n" + LINE),
        ("db:5432:shop:ann\n", "db:5432:shop:ann\n" + LINE),
        ("x:1:y:z:w\\\n\n", "x:1:y:z:w\\\n\n" + LINE),
        ("db:5432:shop:ann:old\r\nx:1:y:z:w\r\n", LINE.replace("\n", "\r\n") + "x:1:y:z:w\r\n"),
    ],
)
def test_with_entry(before, after):
    written = with_entry(PasswordFile("file", before, 0o644), SHOP)
    assert (written.text, written.mode) == (after, 0o600)
    assert has_entry(written, SHOP)
    assert with_entry(written, SHOP) == written


@pytest.mark.parametrize(
    "before, after",
    [
        (None, None),
        ("# a\nx:1:y:z:w", "# a\nx:1:y:z:w"),
        ("# a\ndb:5432:shop:ann:old\nx:1:y:z:w\n", "# a\nx:1:y:z:w\n"),
        ("db:5432:*:ann:old\ndb:5432:shop:ann:old\n", "db:5432:*:ann:old\n"),
        (LINE, ""),
    ],
)
def test_without_entry(before, after):
    assert without_entry(PasswordFile("file", before), SHOP).text == after


@pytest.mark.parametrize("part", ["host", "database", "user", "password"])
@pytest.mark.parametrize("character", "\n\r\0")
def test_line_breaks_are_refused(part, character):
    with pytest.raises(OptionInvalid, match="line break"):
        check(replace(SHOP, **{part: "a%sb" % character}))


@pytest.mark.parametrize(
    "host, expected",
    [
        (None, "localhost"),
        ("", "localhost"),
        ("/tmp", "localhost"),
        ("/var/run/postgresql/", "localhost"),
        ("/srv/socket", "/srv/socket"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_host(host, expected):
    assert host_of(host) == expected


def test_write_and_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"# \xff latin\r\nx:1:y:z:w")
    path.chmod(0o644)
    there = read(str(path))
    assert (there.mode, there.is_ignored) == (0o644, True)
    write(with_entry(there, SHOP))
    assert path.read_bytes() == b"# \xff latin\r\nx:1:y:z:w\n" + LINE.encode().replace(b"\n", b"\r\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("mode, ignored", [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o610, True)])
def test_what_libpq_ignores(mode, ignored):
    assert PasswordFile("file", "", mode).is_ignored is ignored


def test_the_home_directory_s_is_the_usual_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    there = read(None)
    assert (there.path, there.text) == (str(tmp_path / ".pgpass"), None)


def test_a_link_stays_one(tmp_path):
    (tmp_path / "real").write_text("")
    (tmp_path / "link").symlink_to("real")
    write(with_entry(read(str(tmp_path / "link")), SHOP))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == LINE


@pytest.mark.parametrize("path", ["no/such/directory/file", "."])
def test_unusable(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PasswordFileError):
        read(path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old")
    there = with_entry(read(str(path)), SHOP)
    path.unlink()
    path.mkdir()
    (path / "x").write_text("")
    with pytest.raises(PasswordFileError):
        write(there)
    assert os.listdir(tmp_path) == ["file"]


def test_no_secret_in_repr():
    file = with_entry(PasswordFile("file"), replace(SHOP, password="secret"))
    assert "secret" not in repr([file, replace(SHOP, password="secret")])


def test_every_printable_character_survives_its_own_escaping():
    password = string.printable.translate({10: None, 13: None})
    entry = replace(SHOP, password=password)
    line = entry.line()
    assert line.count("\\\\") == 1 and line.count("\\:") == 1
    assert has_entry(PasswordFile("file", line + "\n"), entry)

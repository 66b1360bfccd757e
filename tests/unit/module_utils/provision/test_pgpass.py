# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The password file: one line kept right, where libpq finds it, and all others as they are."""

from __future__ import annotations

import os
import pwd
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


def test_a_link_that_leads_nowhere_yet(tmp_path):
    (tmp_path / "link").symlink_to("real")
    write(with_entry(read(str(tmp_path / "link")), SHOP))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == LINE


IRREGULAR = {
    "a FIFO": (os.mkfifo, "it is a FIFO, and only regular files are opened"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "it is a character device, and only regular files are"),
    "a directory": (os.mkdir, "Is a directory"),
    "a circle": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
    "too much of it": (lambda path: (path.touch(), os.truncate(path, 2**30)), "it has 1 GiB, and 10 MiB is the most"),
}


@pytest.mark.parametrize("name", IRREGULAR)
def test_what_is_no_regular_file(tmp_path, name):
    make, reason = IRREGULAR[name]
    make(tmp_path / "file")
    with pytest.raises(PasswordFileError, match="The password file .* can't be read: " + reason) as caught:
        read(str(tmp_path / "file"))
    assert caught.value.kind == "password_file" and caught.value.hint


# Root, and a directory of somebody else's.

ANN = pwd.getpwnam("daemon")
BOB = pwd.getpwnam("bin")
by_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can write for somebody else")


@pytest.fixture
def home(tmp_path):
    path = tmp_path / "home"
    path.mkdir(mode=0o755)
    os.chown(path, ANN.pw_uid, ANN.pw_gid)
    return path


def owner_and_mode(path):
    status = path.lstat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


BEFORE = {"none": None, "root's": 0, "theirs": ANN.pw_uid, "another's": BOB.pw_uid}


@by_root
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_in_a_directory_of_somebody_else_s_it_is_theirs(home, before):
    path = home / ".pgpass"
    if before is not None:
        path.write_text("x:1:y:z:w\n")
        path.chmod(0o644)
        os.chown(path, before, 0)
    there = read(str(path))
    write(with_entry(there, SHOP))
    whose = BOB if before == BOB.pw_uid else ANN
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (whose.pw_uid, 0o600)
    assert there.given_to == (ANN.pw_uid if not before else None)
    assert read(str(path)).given_to is None
    assert os.listdir(home) == [".pgpass"]


@by_root
def test_in_a_directory_of_root_s_it_is_root_s(tmp_path):
    path = tmp_path / "file"
    write(with_entry(read(str(path)), SHOP))
    assert owner_and_mode(path) == (0, 0, 0o600)


def linked(home, where, maker=ANN, target="../private"):
    (home / where).parent.mkdir(exist_ok=True)
    (home / where).symlink_to(target)
    os.chown(home / where, maker.pw_uid, maker.pw_gid, follow_symlinks=False)


# How a link of theirs comes in between → the path, and the link that is named; None: it is written.
LINKS = {
    "in its place": (lambda home: linked(home, ".pgpass"), ".pgpass", ".pgpass"),
    "in its place, leading nowhere": (lambda home: linked(home, ".pgpass", target="nowhere"), ".pgpass", ".pgpass"),
    "in its place, inside": (lambda home: linked(home, ".pgpass", target="real"), ".pgpass", ".pgpass"),
    "root's own, in a directory of theirs": (
        lambda home: linked(home, ".pgpass", pwd.getpwuid(0)),
        ".pgpass",
        ".pgpass",
    ),
    "a directory of root's": (lambda home: linked(home, "etc", target="../etc"), "etc/.pgpass", "etc"),
    "a directory of their own": (lambda home: linked(home, "more", target="deep"), "more/.pgpass", None),
    "a link of root's to theirs": (
        lambda home: linked(home, "../link", pwd.getpwuid(0), "home"),
        "../link/.pgpass",
        None,
    ),
    "a link of root's to a link of theirs": (
        lambda home: (linked(home, ".pgpass"), linked(home, "../link", pwd.getpwuid(0), "home/.pgpass")),
        "../link",
        ".pgpass",
    ),
}


@by_root
@pytest.mark.parametrize("name", LINKS)
def test_a_link_that_somebody_else_may_turn_elsewhere(home, name):
    make, path, link = LINKS[name]
    (home.parent / "private").write_text("root's")
    (home.parent / "etc").mkdir()
    (home / "deep").mkdir()
    os.chown(home / "deep", ANN.pw_uid, ANN.pw_gid)
    make(home)
    if link is None:
        write(with_entry(read(str(home / path)), SHOP))
        assert owner_and_mode(home / path) == (ANN.pw_uid, ANN.pw_gid, 0o600)
        return
    with pytest.raises(PasswordFileError) as caught:
        read(str(home / path))
    expected = "The password file %s isn't touched: %s is a link, and daemon may turn it elsewhere"
    assert caught.value.message == expected % (os.path.abspath(home / path), home / link)
    assert caught.value.hint == "Remove the link; or name with pgpass_file the file that is meant."
    assert (home.parent / "private").read_text() == "root's"
    assert os.listdir(home.parent / "etc") == []


@by_root
def test_a_directory_that_is_exchanged_meanwhile(home):
    there = with_entry(read(str(home / ".pgpass")), SHOP)
    os.rename(home, home.parent / "old")
    (home.parent / "etc").mkdir()
    for make in (lambda: home.symlink_to("etc"), lambda: os.rename(home.parent / "etc", home)):
        make()
        with pytest.raises(PasswordFileError, match="can't be written"):
            write(there)
        assert os.listdir(home) == []
        if home.is_symlink():
            home.unlink()


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

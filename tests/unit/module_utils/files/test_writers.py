# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else may write a file: real files with real owners, modes and access lists. To give a file away takes root."""

from __future__ import annotations

import errno
import os
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.files import writers

DAEMON, BIN = pwd.getpwnam("daemon"), pwd.getpwnam("bin")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
Made = Callable[[Path], object]


def tree(top: Path) -> tuple[Path, Path]:
    """Make a directory in a directory, and a file in it; nobody else may write any of them."""
    (top / "up/m").mkdir(parents=True)
    (top / "up/m/file").touch()
    for path in (top / "up", top / "up/m", top / "up/m/file"):
        path.chmod(0o755)
    return top / "up/m", top / "up/m/file"


def stranger(path: Path, *trusted: int) -> writers.Writer | None:
    """Ask for one file, and for the same as the second of two beside each other."""
    others = {0, os.geteuid(), *trusted}
    found = writers.stranger(str(path), others)
    many = writers.first_stranger([str(path), str(path)], others)
    assert (many and many.who) == (found and found.who)
    return found


def access_list(path: Path, *entries: tuple[int, int, int]) -> None:
    """Set an access list: tag, permissions, and whose; owner, owning group and others are added."""
    whole = [(0x01, 7, 2**32 - 1), *entries, (0x20, 5, 2**32 - 1)]
    if not any(tag == 0x04 for tag, dummy, whose in entries):
        whole.insert(1, (0x04, 5, 2**32 - 1))
    packed = writers.VERSION.pack(2) + b"".join(writers.ENTRY.pack(*each) for each in sorted(whole))
    try:
        os.setxattr(path, writers.ACCESS_LIST, packed)
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        pytest.skip("this file system has no access lists")


def owned(path: str, uid: int, gid: int, mode: int) -> Made:
    def make(top: Path) -> None:
        os.chown(top / path, uid, gid)
        (top / path).chmod(mode)

    return make


def moded(path: str, mode: int) -> Made:
    return lambda top: (top / path).chmod(mode)


def listed(path: str, *entries: tuple[int, int, int]) -> Made:
    return lambda top: access_list(top / path, *entries)


MASK = (writers.MASK, 7, 2**32 - 1)

# What is done to the tree → who may write, what (below the tree), and what to do; None: nobody else.
ALL: dict[str, tuple[Made, tuple[str, str, str | None] | None]] = {
    "as it is": (moded("up", 0o755), None),
    "the file, everybody": (moded("up/m/file", 0o646), ("Everybody on this host", "up/m/file", "chmod o-w it")),
    "its directory": (moded("up/m", 0o757), ("Everybody on this host", "up/m", "chmod o-w it")),
    "its directory, even if it is sticky: one may be added": (
        moded("up/m", 0o1777),
        ("Everybody on this host", "up/m", "chmod o-w it"),
    ),
    "further up": (moded("up", 0o777), ("Everybody on this host", "up", "chmod o-w it")),
    "further up, but sticky: nothing can be renamed": (moded("up", 0o1777), None),
}
BY_ROOT: dict[str, tuple[Made, tuple[str, str, str | None] | None]] = {
    "the file belongs to another": (owned("up/m/file", DAEMON.pw_uid, 0, 0o400), ("daemon", "up/m/file", None)),
    "the directory does": (owned("up/m", DAEMON.pw_uid, 0, 0o555), ("daemon", "up/m", None)),
    "one further up does": (owned("up", DAEMON.pw_uid, 0, 0o555), ("daemon", "up", None)),
    "a sticky one further up does": (owned("up", DAEMON.pw_uid, 0, 0o1777), ("daemon", "up", None)),
    "all to whom it may": (owned("up/m/file", BIN.pw_uid, 0, 0o644), None),
    "a group with a stranger": (
        owned("up/m/file", 0, DAEMON.pw_gid, 0o664),
        ("daemon, who is in the group daemon,", "up/m/file", "chmod g-w it"),
    ),
    "a group with a stranger, which may read": (owned("up/m/file", 0, DAEMON.pw_gid, 0o644), None),
    "the directory's group": (
        owned("up/m", 0, DAEMON.pw_gid, 0o2775),
        ("daemon, who is in the group daemon,", "up/m", "chmod g-w it"),
    ),
    "the group of one further up": (
        owned("up", 0, DAEMON.pw_gid, 0o775),
        ("daemon, who is in the group daemon,", "up", "chmod g-w it"),
    ),
    "the group of one further up, but sticky": (owned("up", 0, DAEMON.pw_gid, 0o1775), None),
    "a group of nobody but whom it may": (owned("up/m/file", BIN.pw_uid, BIN.pw_gid, 0o664), None),
    "a group that nobody is in": (owned("up/m/file", 0, 54321, 0o664), None),
    "the group of root": (owned("up/m/file", 0, 0, 0o664), None),
    "a user by an access list": (
        listed("up/m/file", (writers.USER, 6, DAEMON.pw_uid), MASK),
        ("daemon", "up/m/file", "setfacl -b it"),
    ),
    "a user of an access list who may only read": (
        listed("up/m/file", (writers.USER, 4, DAEMON.pw_uid), (writers.USER, 6, BIN.pw_uid), MASK),
        None,
    ),
    "a user by an access list, which its mask takes back": (
        listed("up/m/file", (writers.USER, 6, DAEMON.pw_uid), (writers.MASK, 5, 2**32 - 1)),
        None,
    ),
    "a group by an access list": (
        listed("up/m", (writers.GROUP, 7, DAEMON.pw_gid), MASK),
        ("daemon, who is in the group daemon,", "up/m", "chmod g-w it"),
    ),
    "a user of an access list who may only read, whatever groups they are in": (
        listed("up/m", (writers.USER, 5, DAEMON.pw_uid), (writers.GROUP, 7, DAEMON.pw_gid), MASK),
        None,
    ),
    "a user whom this host doesn't know": (owned("up/m/file", 54321, 0, 0o644), ("the user 54321", "up/m/file", None)),
}


def check(tmp_path: Path, made: Made, expected: tuple[str, str, str | None] | None) -> None:
    directory, file = tree(tmp_path)
    made(tmp_path)
    who, path, remedy = expected or ("", "", None)
    wanted = writers.Writer(who, str(tmp_path / path), remedy) if expected else None
    assert stranger(file, BIN.pw_uid) == wanted
    if path != "up/m/file":
        assert stranger(directory, BIN.pw_uid) == wanted


@pytest.mark.parametrize("name", ALL)
def test_anybody(tmp_path: Path, name: str) -> None:
    check(tmp_path, *ALL[name])


@needs_root
@pytest.mark.parametrize("name", BY_ROOT)
def test_others(tmp_path: Path, name: str) -> None:
    check(tmp_path, *BY_ROOT[name])


def test_a_link_s_target_and_the_directories_on_the_way_count(tmp_path: Path) -> None:
    directory, file = tree(tmp_path)
    (tmp_path / "far/away").mkdir(parents=True)
    (tmp_path / "far/away/file").touch()
    (tmp_path / "far").chmod(0o755)
    (directory / "link").symlink_to(tmp_path / "far/away/file")
    assert stranger(directory / "link") is None
    for path, before in (("far", 0o755), ("far/away", 0o755), ("far/away/file", 0o644)):
        (tmp_path / path).chmod(0o777)
        found = stranger(directory / "link")
        assert found is not None and found.path == str(tmp_path / path)
        (tmp_path / path).chmod(before)
    assert stranger(file) is None


@needs_root
def test_in_a_sticky_directory_a_link_is_its_owner_s(tmp_path: Path) -> None:
    directory, file = tree(tmp_path)
    (tmp_path / "up").chmod(0o1777)
    link = tmp_path / "up/link"
    link.symlink_to(file)
    assert stranger(link) is None
    os.chown(link, DAEMON.pw_uid, DAEMON.pw_gid, follow_symlinks=False)
    assert stranger(link) == writers.Writer("daemon", str(link))
    assert stranger(link, DAEMON.pw_uid) is None
    (tmp_path / "up").chmod(0o1755)
    assert stranger(link) is None

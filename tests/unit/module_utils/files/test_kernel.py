# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told as a writer, compared with what the kernel lets that user do: trees with owners, modes, access lists and
links by chance, each of which somebody then tries to change."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.files import links, writers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away, and become another user")

TRUSTED, STRANGER = pwd.getpwnam("bin"), pwd.getpwnam("daemon")
GROUPS = (0, TRUSTED.pw_gid, STRANGER.pw_gid, 54321)
NOBODY = 2**32 - 1


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a directory that others may look into, which pytest's own isn't."""
    path = Path(os.path.realpath(tempfile.mkdtemp()))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def grow(top: Path, chance: random.Random) -> Path:
    """Make directories and a file, and perhaps a link to it; return by which path it is to be read."""
    file = top / "a/b/c/file"
    file.parent.mkdir(parents=True)
    file.touch()
    made = [top / "a", top / "a/b", file.parent, file]
    path = file
    if chance.random() < 0.5:
        (top / "d/e").mkdir(parents=True)
        made += [top / "d", top / "d/e"]
        path = top / "d/e/link"
        path.symlink_to(chance.choice([str(file), "../../a/b/c/file"]))
        os.chown(path, chance.choice([0, TRUSTED.pw_uid, STRANGER.pw_uid]), 0, follow_symlinks=False)
    for each in made:
        owner = chance.choice([0] * 5 + [TRUSTED.pw_uid] * 3 + [STRANGER.pw_uid])
        os.chown(each, owner, chance.choice(GROUPS))
        by_others = 0o020 * (chance.random() < 0.3) | 0o002 * (chance.random() < 0.1)
        sticky = 0o1000 * (each != file and chance.random() < 0.35)
        each.chmod(0o755 | by_others | sticky)
        if chance.random() < 0.2:
            give_access_list(each, chance)
            each.chmod(each.stat().st_mode & 0o777 | sticky)
    return path


def give_access_list(path: Path, chance: random.Random) -> None:
    entries = [(0x01, 7, NOBODY), (0x04, chance.choice([5, 7]), NOBODY), (0x20, 5, NOBODY)]
    entries.append((writers.MASK, chance.choice([5, 7]), NOBODY))
    if chance.random() < 0.7:
        entries.append((writers.USER, chance.choice([5, 7]), chance.choice([TRUSTED.pw_uid, STRANGER.pw_uid])))
    if chance.random() < 0.5:
        entries.append((writers.GROUP, chance.choice([5, 7]), chance.choice(GROUPS)))
    packed = writers.VERSION.pack(2) + b"".join(writers.ENTRY.pack(*each) for each in sorted(entries))
    try:
        os.setxattr(path, writers.ACCESS_LIST, packed)
    except OSError:
        return  # without access lists, it is a trial of the modes


def changes(path: Path, top: Path) -> Iterator[str]:
    """Try to change what is read at a path, in each way there is; yield those that work."""
    file = path.resolve()
    steps = [entry for entry, dummy in links.walk(str(path)) if entry.startswith(str(top) + os.sep)]
    for own in {*steps, str(file.parent)}:
        if not os.path.islink(own) and os.stat(own).st_uid == os.geteuid():
            os.chmod(own, 0o777)
    for flags, name in ((os.O_WRONLY, str(file)), (os.O_WRONLY | os.O_CREAT | os.O_EXCL, str(file.parent / "new"))):
        try:
            os.close(os.open(name, flags))
            yield f"write {name}"
        except PermissionError:
            continue
    for step in reversed(steps):
        try:
            os.rename(step, step + ".gone")
            yield f"rename {step}"
        except PermissionError:
            continue


def a_stranger_can(path: Path, top: Path) -> bool:
    """Let another process become the stranger and try."""
    process = os.fork()
    if process == 0:
        status = 2
        try:
            os.setgroups([])
            os.setgid(STRANGER.pw_gid)
            os.setuid(STRANGER.pw_uid)
            status = 1 if list(changes(path, top)) else 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    assert status in (0, 1), "the trial itself failed"
    return status == 1


@pytest.mark.parametrize("seed", range(4))
def test_whoever_can_change_a_file_is_told(place: Path, seed: int) -> None:
    chance, told, right = random.Random(seed), 0, 0
    for number in range(150):
        top = place / str(number)
        top.mkdir()
        path = grow(top, chance)
        found = writers.stranger(str(path), {0, TRUSTED.pw_uid})
        shown = [(str(each), oct(each.lstat().st_mode), each.lstat().st_uid) for each in sorted(top.rglob("*"))]
        can = a_stranger_can(path, top)
        assert found is not None or not can, shown
        told += found is not None
        right += found is not None and can
    # "Everybody" may be told where the one who tries is kept out by the group that he is in, and alone that.
    assert 0 < right < 150 and told - right < 15

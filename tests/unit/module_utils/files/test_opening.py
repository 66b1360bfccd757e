# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is opened and what isn't. A test that waits for a FIFO is ended by a signal, and has failed."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.files import opening

MOST = 1000


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    def give_up(*dummy: object) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(path.parent)  # a socket's path must be short
        listener.bind(path.name)
        os.chdir(here)


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 3 * opening.GIB)


def a_loop(path: Path) -> None:
    path.symlink_to(path.name)


def a_link_to_a_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


# What there is → what is told.
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a FIFO": (os.mkfifo, "it is a FIFO, and only regular files are opened"),
    "a link to a FIFO": (a_link_to_a_fifo, "it is a FIFO, and only regular files are opened"),
    "a socket": (a_socket, "it is a socket, and only regular files are opened"),
    "an endless device": (lambda path: path.symlink_to("/dev/zero"), "it is a character device"),
    "an empty device": (lambda path: path.symlink_to("/dev/null"), "it is a character device"),
    "a directory": (Path.mkdir, "Is a directory"),
    "nothing": (lambda path: None, "No such file or directory"),
    "a link that leads nowhere": (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    "a link in a circle": (a_loop, "Too many levels of symbolic links"),
    "a byte too much": (lambda path: path.write_bytes(b"x" * (MOST + 1)), "it has 1001 bytes, and 1000 bytes is the"),
    "a hole of three gigabytes": (sparse, "it has 3 GiB, and 1000 bytes is the most"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path: Path, name: str) -> None:
    make, reason = REFUSED[name]
    make(tmp_path / "file")
    with pytest.raises(opening.Unopened) as caught:
        opening.read(str(tmp_path / "file"), MOST)
    assert reason in caught.value.reason
    assert caught.value.absent is (reason == "No such file or directory")
    assert caught.value.too_big is ("is the most" in reason or "is the" in reason)


def test_a_null_byte() -> None:
    with pytest.raises(opening.Unopened, match="null byte"):
        opening.read("a\0b", MOST)


@pytest.mark.parametrize("size", [0, 1, MOST - 1, MOST])
def test_read(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        assert opening.read(str(tmp_path / name), MOST) == content


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="there is no /proc")
def test_what_says_that_it_is_empty_is_read_up_to_the_most() -> None:
    assert b"Name:" in opening.read("/proc/self/status", opening.MIB)
    with pytest.raises(opening.Unopened, match="goes on and on, and 5 bytes is the most"):
        opening.read("/proc/self/status", 5)


def test_what_a_library_opens_is_looked_at(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    with pytest.raises(opening.Unopened, match="a FIFO"):
        opening.refuse_irregular(str(tmp_path / "pipe"))
    for name in ("file", "nothing"):
        opening.refuse_irregular(str(tmp_path / name))


@pytest.mark.parametrize(
    "size, text",
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (100 * 2**20, "100 MiB"), (3 * 2**29, "1.5 GiB")],
)
def test_sizes(size: int, text: str) -> None:
    assert opening.shown(size) == text

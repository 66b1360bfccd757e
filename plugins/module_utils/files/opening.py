# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens a file that somebody has named: a regular one, without waiting for anybody, and not endlessly much of it.

To open a FIFO waits for who writes into it, to open a device may set it to work, and to read one may never end. So
what a file is, is looked at before it is opened, and once more of what was opened.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import BinaryIO, Iterator, List, Optional, Tuple

KIB, MIB, GIB = 2**10, 2**20, 2**30

# Neither waits for the other end of a FIFO, nor takes a terminal as its own.
FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
OTHERS = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


class Unopened(Exception):
    """A file that can't be read, or won't be.

    :ivar reason: why, as the end of a sentence.
    :ivar hint: what to do, where more is known of it than that it can't be read.
    :ivar absent: there is none.
    :ivar too_big: it could be read, but for its size.
    """

    def __init__(self, reason: str, hint: Optional[str] = None, absent: bool = False, too_big: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.absent = absent
        self.too_big = too_big


@contextmanager
def opened(path: str, most: int) -> Iterator[Tuple[BinaryIO, os.stat_result]]:
    """Lend a regular file, open for reading, and what it is.

    :param most: how many bytes it may have.
    :raises Unopened: when it is no regular file, is too big, or can't be opened or read.
    """
    descriptor, status = _open(path, most)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        yield stream, status


def read(path: str, most: int) -> bytes:
    """Return a regular file's content.

    :param most: how many bytes it may have.
    :raises Unopened: see opened().
    """
    return read_with_status(path, most)[0]


def read_with_status(path: str, most: int) -> Tuple[bytes, os.stat_result]:
    """Return a regular file's content, and what it is.

    :raises Unopened: see opened().
    """
    descriptor, status = _open(path, most)
    try:
        # Some say that they are empty, and aren't (/proc); some grow meanwhile.
        left = most + 1
        parts: List[bytes] = []
        while left > 0:
            part = os.read(descriptor, min(left, status.st_size + KIB))
            if not part:
                return b"".join(parts), status
            parts.append(part)
            left -= len(part)
            if len(part) == status.st_size:  # all that there was when it was opened
                return part, status
    except OSError as error:
        raise _unopened(error) from None
    finally:
        os.close(descriptor)
    raise _too_big("it goes on and on", most)


def _open(path: str, most: int) -> Tuple[int, os.stat_result]:
    """Open a regular file. A directory may have thousands of them, so this is as short as can be.

    :returns: its descriptor, and what it is.
    :raises Unopened: see opened().
    """
    try:
        _require_regular(os.stat(path))
        descriptor = os.open(path, FLAGS)
    except (OSError, ValueError) as error:
        raise _unopened(error) from None
    try:
        status = os.fstat(descriptor)
        _require_regular(status)
        if status.st_size > most:
            raise _too_big("it has %s" % shown(status.st_size), most)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status


def refuse_irregular(path: str) -> None:
    """Look at a file that a library is going to open: if it is there, it must be a regular one.

    :raises Unopened: when it isn't.
    """
    try:
        _require_regular(os.stat(path))
    except (OSError, ValueError):
        return  # what the library says of it is better


def is_regular(path: str) -> bool:
    """Tell whether there is a regular file, also behind a link."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def shown(size: int) -> str:
    """Return a size as people write it."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if size >= unit:
            return ("%.1f" % (size / unit)).removesuffix(".0") + " " + name
    return "%d bytes" % size


def _unopened(error: Exception) -> Unopened:
    if isinstance(error, OSError):
        return Unopened(error.strerror or str(error), absent=error.errno == errno.ENOENT)
    return Unopened("its name holds a null byte")


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISDIR(status.st_mode):
        raise Unopened(os.strerror(errno.EISDIR), "Name a file, or move the directory elsewhere.")
    for is_other, name in OTHERS:
        if is_other(status.st_mode):
            raise Unopened(
                "it is %s, and only regular files are opened" % name, "Put a file there, or move it elsewhere."
            )


def _too_big(what: str, most: int) -> Unopened:
    reason = "%s, and %s is the most" % (what, shown(most))
    return Unopened(reason, "Look whether it is the file that was meant.", too_big=True)

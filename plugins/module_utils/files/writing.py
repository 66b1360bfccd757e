# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are made here, and read again: regular ones, never behind a link, and written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from typing import Optional

LARGEST = 512 * 1024 * 1024
READS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Unwritten(Exception):
    """A file that can't be written, or read; it says why, as the end of a sentence."""


def content(path: str) -> Optional[str]:
    """Return what is in a file; None: there is none.

    :raises Unwritten: when it is something else than a file, or can't be read.
    """
    if os.path.islink(path):
        raise Unwritten("it is a link, and would be replaced by a file")
    try:
        handle = os.open(path, READS)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Unwritten(_why(error, "it can't be opened")) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Unwritten("it is no regular file")
    with os.fdopen(handle, "rb") as stream:
        return stream.read(LARGEST).decode("utf-8", "surrogateescape")


def refuse_place(path: str) -> None:
    """Look whether a file can be made, or replaced.

    :raises Unwritten: when its directory isn't there, or nothing can be made in it.
    """
    directory = os.path.dirname(path) or "."
    if not os.path.isdir(directory):
        raise Unwritten("there is no directory %s" % directory)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise Unwritten("the directory %s can't be written" % directory)


def write(path: str, text: str, mode: int, keeps_mode: bool = False) -> None:
    """Write all of it or nothing.

    :param mode: of the file.
    :param keeps_mode: a file that is there keeps its own.
    :raises Unwritten: when it can't be written.
    """
    made = None
    try:
        if keeps_mode and os.path.exists(path):
            mode = stat.S_IMODE(os.stat(path).st_mode) & 0o777
        handle, made = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".%s." % os.path.basename(path))
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            os.fchmod(handle, mode)
            stream.write(text)
        os.replace(made, path)
    except (OSError, ValueError) as error:
        if made is not None:
            with contextlib.suppress(OSError):
                os.unlink(made)
        raise Unwritten(_why(error, "it can't be written")) from None


def _why(error: Exception, otherwise: str) -> str:
    return getattr(error, "strerror", None) or otherwise

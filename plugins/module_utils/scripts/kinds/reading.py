# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of scripts as text, with errors that name file, line and column."""

from __future__ import annotations

import hashlib
from typing import Callable

from ... import errors, model
from ...files import opening

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

# What gives the text of a script by its path: with variables filled in, where there are some.
Source = Callable[[str], str]

# More than people write, and no more than a small host has memory for.
MOST = 100 * opening.MIB


def read_bytes(path: str) -> bytes:
    """Return a file's content.

    :raises ScriptInvalid: when it can't be read, is no regular file, or is too big for a script.
    """
    try:
        return opening.read(path, MOST)
    except opening.Unopened as error:
        raise unreadable(path, error) from None


def unreadable(path: str, error: opening.Unopened) -> errors.ScriptInvalid:
    """Return what is told of a file of the scripts that wasn't opened."""
    return errors.ScriptInvalid(
        "%s can't be read: %s" % (path, error.reason),
        hint=error.hint or "Fix its rights, or what it links to.",
        path=path,
    )


def decode(data: bytes, path: str) -> str:
    """Return a file's bytes as text, without a byte order mark and with line ends of one sort.

    Line ends come from the checkout, not from the author: a function made from a Windows checkout
    must not differ from the same function made elsewhere.

    :raises ScriptInvalid: when it is not UTF-8, or has a NUL in it; names line and column.
    """
    if data.startswith(BYTE_ORDER_MARK):
        data = data[len(BYTE_ORDER_MARK) :]
    if data.startswith(OF_UTF_16):
        raise _undecodable(path, data, 0, "is in UTF-16, not in UTF-8: a byte order mark")
    # Behind a NUL the server reads nothing, and says nothing.
    if b"\0" in data:
        raise _undecodable(path, data, data.index(b"\0"), "has a NUL byte")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _undecodable(path, data, error.start, "is not UTF-8: byte 0x%02x" % data[error.start]) from None
    return lines_of_one_sort(text)


def text(path: str) -> str:
    """Return a file's text.

    :raises ScriptInvalid: when it can't be read, is not UTF-8, or has a NUL in it.
    """
    return decode(read_bytes(path), path)


def looked_at(data: bytes) -> str:
    """Return a file's bytes as text to look for marks in, whatever they are.

    What decode() refuses has to be found first: passed over for its encoding, a script would be left out for good.
    """
    if data.startswith(OF_UTF_16):
        return lines_of_one_sort(data.decode("utf-16", "replace"))
    return lines_of_one_sort(data.decode("utf-8-sig", "replace"))


def lines_of_one_sort(text: str) -> str:
    """Return a text whose line ends are those of Unix."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def invalid(path: str, line: int, what: str) -> errors.ScriptInvalid:
    """Return what is told of a line (from 1) that a kind doesn't read."""
    return errors.ScriptInvalid(
        "%s, line %d: %s" % (path, line, what), hint="Fix the file; nothing has been run.", path=path, line=line
    )


def _undecodable(path: str, data: bytes, start: int, what: str) -> errors.ScriptInvalid:
    before = data[:start]
    line = before.count(b"\n") + 1
    return errors.ScriptInvalid(
        "%s %s in line %d" % (path, what, line),
        hint="Save the file as UTF-8.",
        path=path,
        line=line,
        column=len(before) - before.rfind(b"\n"),
    )


def checksum(data: bytes) -> str:
    """Return the SHA-256 of a script (64 hexadecimal digits), the same whatever its line ends are.

    What it is made of is format 1 of formats.py; if that changes, so does the number, which then stands before it.
    """
    if data.startswith(BYTE_ORDER_MARK):
        data = data[len(BYTE_ORDER_MARK) :]
    return hashlib.sha256(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).hexdigest()


def survey(script: model.Script) -> model.Script:
    """Look at a script whose text tells no more than its checksum.

    Of two files only the way up counts: how to roll back may be fixed after it was applied.

    :raises ScriptInvalid: when it can't be read.
    """
    return script._replace(checksum=checksum(read_bytes(script.path)))


def position(text: str, offset: int) -> "tuple[int, int]":
    """Return line and column, both from 1, of a character offset (from 0)."""
    before = text[:offset]
    return before.count("\n") + 1, offset - before.rfind("\n")

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The password file of libpq (~/.pgpass): one line kept right, all others as they are; 0600, replaced in one go."""

from __future__ import annotations

import os
import re
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import List, Optional, Tuple

from .. import errors

USUAL_FILE = "~/.pgpass"
LOCAL = "localhost"

# libpq takes these directories of a Unix socket for the host "localhost", depending on how it was built.
SOCKET_DIRECTORIES = ("", "/var/run/postgresql", "/run/postgresql", "/tmp")

FIELD = re.compile(r"(?:\\.|[^:\\])*")
PRIVATE = 0o600


@dataclass(frozen=True)
class Entry:
    """A line: for which connection, and the password. ``*`` stands for any."""

    host: str
    port: str
    database: str
    user: str
    password: str = field(default="", repr=False)

    @property
    def key(self) -> Tuple[str, ...]:
        """Return for which connection it is."""
        return (self.host, self.port, self.database, self.user)

    def line(self, password: Optional[str] = None) -> str:
        """Return it as a line of the file.

        :param password: what to show in place of the password.
        """
        return ":".join([*map(_escape, self.key), _escape(self.password) if password is None else password])


@dataclass(frozen=True)
class PasswordFile:
    """The file as it is, or as it is to be.

    :ivar text: None: there is none.
    :ivar mode: its permission bits.
    """

    path: str
    text: Optional[str] = field(default=None, repr=False)
    mode: int = PRIVATE

    @property
    def is_ignored(self) -> bool:
        """Tell whether libpq ignores it, because others may read it."""
        return bool(self.mode & 0o077)


def host_of(host: Optional[str]) -> str:
    """Return the host as libpq looks it up in the file."""
    return LOCAL if host is None or host.rstrip("/") in SOCKET_DIRECTORIES else host


def read(path: Optional[str]) -> PasswordFile:
    """Read the file.

    :param path: None: that of the user who runs this.
    :raises PasswordFileError: when it can't be read, or a new one couldn't be written.
    """
    whole = os.path.realpath(os.path.expanduser(path or USUAL_FILE))
    try:
        with open(whole, encoding="utf-8", errors="surrogateescape", newline="") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            found = PasswordFile(whole, stream.read(), stat.S_IMODE(mode))
    except FileNotFoundError:
        found = PasswordFile(whole)
    except OSError as error:
        raise _unusable(whole, "read", error) from None
    if not os.access(os.path.dirname(whole), os.W_OK | os.X_OK):
        raise errors.PasswordFileError(
            "The password file %s can't be written: its directory isn't there, or is closed" % whole,
            hint="Make the directory, or name another file with pgpass_file.",
        )
    return found


def check(entry: Entry) -> None:
    """Check that the file can hold an entry.

    :raises OptionInvalid: when it has a line break in it.
    """
    if re.search(r"[\r\n\0]", "".join([*entry.key, entry.password])):
        raise errors.OptionInvalid(
            "pgpass: a password file can't hold a name or a password with a line break",
            hint="Choose another password, or do without pgpass.",
        )


def with_entry(file: PasswordFile, entry: Entry) -> PasswordFile:
    """Return the file with this entry, where libpq finds it: it takes the first line that fits."""
    lines = _lines(file)
    mine = [number for number, line in enumerate(lines) if _key(line) == entry.key]
    fitting = next((number for number, line in enumerate(lines) if _fits(line, entry)), len(lines))
    kept = [line for number, line in enumerate(lines) if number not in mine]
    place = fitting - sum(number < fitting for number in mine)
    ending = "\r" if any(line.endswith("\r") for line in lines) else ""
    return _with_lines(file, [*kept[:place], entry.line() + ending, *kept[place:]])


def has_entry(file: PasswordFile, entry: Entry) -> bool:
    """Tell whether there is a line for exactly this connection, with whatever password."""
    return any(_key(line) == entry.key for line in _lines(file))


def without_entry(file: PasswordFile, entry: Entry) -> PasswordFile:
    """Return the file without the lines that are for exactly this connection."""
    lines = _lines(file)
    kept = [line for line in lines if _key(line) != entry.key]
    return file if kept == lines else _with_lines(file, kept)


def write(file: PasswordFile) -> None:
    """Put a file in the place of the one that is there, in one go; only its owner may read it.

    :raises PasswordFileError: when that can't be done.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=".pgpass-", dir=os.path.dirname(file.path))
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
                stream.write(file.text or "")
                stream.flush()
                os.fsync(stream.fileno())
            _keep_owner(file.path, name)
            os.replace(name, file.path)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name)
    except OSError as error:
        raise _unusable(file.path, "written", error) from None


def _keep_owner(path: str, new: str) -> None:
    """Root may keep the file of another user, who has to go on reading it."""
    with suppress(FileNotFoundError):
        there = os.stat(path)
        if there.st_uid != os.geteuid():
            os.chown(new, there.st_uid, there.st_gid)


def _lines(file: PasswordFile) -> List[str]:
    return (file.text or "").removesuffix("\n").split("\n") if file.text else []


def _with_lines(file: PasswordFile, lines: List[str]) -> PasswordFile:
    return replace(file, text="".join(line + "\n" for line in lines), mode=PRIVATE)


def _fields(line: str) -> List[str]:
    """Return the fields of a line as they are written; none of a comment."""
    if line.startswith("#"):
        return []
    fields, position = [], 0
    while True:
        found = FIELD.match(line, position)
        end = found.end() if found else position
        fields.append(line[position:end])
        if end >= len(line) or line[end] != ":":
            return fields
        position = end + 1


def _key(line: str) -> Optional[Tuple[str, ...]]:
    """Return for which connection a line is; None: it is a comment, or no line that libpq reads."""
    fields = _fields(line)
    return tuple(map(_unescape, fields[:4])) if len(fields) >= 5 else None


def _fits(line: str, entry: Entry) -> bool:
    """Tell whether libpq would take a line for this connection."""
    key = _key(line)
    return key is not None and all(has in ("*", wanted) for has, wanted in zip(key, entry.key))


def _escape(text: str) -> str:
    return re.sub(r"([\\:])", r"\\\1", text)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _unusable(path: str, verb: str, error: OSError) -> errors.PasswordFileError:
    return errors.PasswordFileError(
        "The password file %s can't be %s: %s" % (path, verb, error.strerror or error),
        hint="Correct its path or its rights, or name another file with pgpass_file.",
    )

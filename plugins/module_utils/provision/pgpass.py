# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The password file of libpq (~/.pgpass): one line kept right, all others as they are; 0600, replaced in one go."""

from __future__ import annotations

import os
import pwd
import re
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import List, Optional, Tuple

from .. import errors
from ..files import links, opening, writers

USUAL_FILE = "~/.pgpass"
LOCAL = "localhost"

# libpq takes these directories of a Unix socket for the host "localhost", depending on how it was built.
SOCKET_DIRECTORIES = ("", "/var/run/postgresql", "/run/postgresql", "/tmp")

FIELD = re.compile(r"(?:\\.|[^:\\])*")
PRIVATE = 0o600
MOST = 10 * opening.MIB

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


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
    :ivar given_to: root keeps it in a directory of this user's, whose it isn't yet.
    :ivar folder: its directory's device and inode.
    """

    path: str
    text: Optional[str] = field(default=None, repr=False)
    mode: int = PRIVATE
    given_to: Optional[int] = None
    folder: Optional[Tuple[int, int]] = None

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
    given = os.path.abspath(os.path.expanduser(path or USUAL_FILE))
    whole = os.path.realpath(given)
    try:
        folder = os.stat(os.path.dirname(whole))
        _refuse_links(given, folder.st_uid)
    except OSError:
        raise _no_directory(whole) from None
    there = PasswordFile(whole, folder=(folder.st_dev, folder.st_ino))
    try:
        data, status = opening.read_with_status(whole, MOST)
    except opening.Unopened as error:
        if not error.absent:
            raise _unusable(whole, "read", error.reason) from None
        found = replace(there, given_to=_given_to(0, folder.st_uid))
    else:
        text, mode = data.decode("utf-8", "surrogateescape"), stat.S_IMODE(status.st_mode)
        found = replace(there, text=text, mode=mode, given_to=_given_to(status.st_uid, folder.st_uid))
    if not os.access(os.path.dirname(whole), os.W_OK | os.X_OK):
        raise _no_directory(whole)
    return found


def _refuse_links(path: str, owner: int) -> None:
    """Refuse a link that somebody else may turn elsewhere. On the way there, it may lead to a directory of their own.

    :param owner: whose the directory is in the end.
    :raises PasswordFileError: when there is such a link.
    """
    place, in_its_place = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)), False
    with suppress(OSError):  # there needn't be a file yet
        for entry, status in links.walk(path):
            in_its_place = in_its_place or entry == place
            if not stat.S_ISLNK(status.st_mode):
                continue
            others = {status.st_uid, os.stat(os.path.dirname(entry)).st_uid} - {writers.ROOT, os.geteuid()}
            if others - (set() if in_its_place else {owner}):
                raise errors.PasswordFileError(
                    "The password file %s isn't touched: %s is a link, and %s may turn it elsewhere"
                    % (path, entry, writers.name_of(max(others))),
                    hint="Remove the link; or name with pgpass_file the file that is meant.",
                )


def _given_to(has: int, owner_of_folder: int) -> Optional[int]:
    """Return whom root has to give a file to: libpq reads it as the user in whose directory it is."""
    needed = os.geteuid() == writers.ROOT == has and owner_of_folder != writers.ROOT
    return owner_of_folder if needed else None


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
    directory, last = os.path.split(file.path)
    try:
        folder = os.open(directory, FOLDER)
        try:
            status = os.fstat(folder)
            if file.folder not in (None, (status.st_dev, status.st_ino)):
                raise _unusable(file.path, "written", "its directory is another one meanwhile")
            _write_in(folder, last, file)
        finally:
            os.close(folder)
    except OSError as error:
        raise _unusable(file.path, "written", error.strerror or str(error)) from None


def _write_in(folder: int, last: str, file: PasswordFile) -> None:
    """Write a file, by its directory's descriptor: the path to it may be changed at any time by whose it is."""
    name = ".pgpass-%s" % secrets.token_hex(8)
    descriptor = os.open(name, NEW, PRIVATE, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            os.fchmod(descriptor, PRIVATE)
            stream.write(file.text or "")
            stream.flush()
            _give(descriptor, folder, last, file.given_to)
            os.fsync(descriptor)
        os.replace(name, last, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)


def _give(descriptor: int, folder: int, last: str, given_to: Optional[int]) -> None:
    """Give the file to whom it has to belong, who else couldn't read it: as a rule, whose it was."""
    if given_to is not None:
        os.fchown(descriptor, given_to, _group_of(given_to))
        return
    with suppress(FileNotFoundError):
        there = os.stat(last, dir_fd=folder, follow_symlinks=False)
        if there.st_uid != os.geteuid():
            os.fchown(descriptor, there.st_uid, there.st_gid)


def _group_of(uid: int) -> int:
    """Return a user's own group; -1, which leaves it as it is, where this host doesn't know the user."""
    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return -1


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


def _no_directory(path: str) -> errors.PasswordFileError:
    return errors.PasswordFileError(
        "The password file %s can't be written: its directory isn't there, or is closed" % path,
        hint="Make the directory, or name another file with pgpass_file.",
    )


def _unusable(path: str, verb: str, reason: str) -> errors.PasswordFileError:
    return errors.PasswordFileError(
        "The password file %s can't be %s: %s" % (path, verb, reason),
        hint="Correct its path or its rights, or name another file with pgpass_file.",
    )

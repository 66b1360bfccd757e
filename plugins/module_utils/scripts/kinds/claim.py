# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a directory holds, and what a kind says about it: this is mine, and it is this section of that migration."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Dict, FrozenSet, Iterator, NamedTuple, Optional, Tuple

from ... import errors, model
from ...files import links
from . import reading

# What scripts are written in. A directory of such a name was meant as a script too, and is refused as one.
LANGUAGES = (".py", ".sql")
# A file in a language of scripts, or a directory with a version in front.
SCRIPT = re.compile(r"\d|.*\.(?:py|sql)$", re.IGNORECASE | re.DOTALL)
# What SQL is called that is written for PostgreSQL, the best first.
DIALECTS = ("postgresql", "postgres", "default")
# Folders of what others have written.
NO_SCRIPTS = ("__pycache__", "node_modules", "lost+found")


@dataclass(frozen=True)
class Listing:
    """A directory's entries by name, sorted.

    :ivar files: all that isn't a directory, whatever it is: what can't be read is told, not passed over.
    :ivar home: the directory that no link may lead out of; None: they may.
    :ivar named: people have said which kind the scripts are.
    :ivar dialects: what SQL is called that is written for the database, the best first.
    :ivar verifying: the files that verify a script; they are in no other list.
    :ivar checkpoints: the files that are one by their names; they are in no other list.
    :ivar above: the folders that this one was found in, by device and inode: a link may lead back to one of them.
    """

    directory: str
    files: Tuple[str, ...]
    folders: Tuple[str, ...]
    home: Optional[str] = None
    named: bool = False
    above: Tuple[Tuple[int, int], ...] = ()
    verifying: FrozenSet[str] = frozenset()
    dialects: Tuple[str, ...] = DIALECTS
    checkpoints: Tuple[str, ...] = ()
    _links: FrozenSet[str] = frozenset()
    _data: Dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    _texts: Dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        directory: str,
        home: Optional[str] = None,
        named: bool = False,
        above: Tuple[Tuple[int, int], ...] = (),
        dialects: Tuple[str, ...] = DIALECTS,
    ) -> Listing:
        """List a directory.

        :raises ScriptInvalid: when it can't be read, or the name of a script in it.
        """
        try:
            with os.scandir(directory) as entries:
                found = sorted((entry.name, _is_folder(entry), entry.is_symlink()) for entry in entries)
        except (OSError, ValueError) as error:
            raise errors.ScriptInvalid(
                "The migrations directory %s can't be read: %s" % (directory, getattr(error, "strerror", error)),
                hint="migrations_dir is a directory on the host where the task runs.",
                path=directory,
            ) from None
        for name, *dummy in found:
            if SCRIPT.match(name) and _readable(name) != name:
                raise errors.ScriptInvalid(
                    "The name of %s is not UTF-8" % _readable(os.path.join(directory, name)),
                    hint="Rename it: versions and names are kept in the database.",
                    path=_readable(os.path.join(directory, name)),
                )
        every = [name for name, is_folder, dummy in found if not is_folder or name.endswith(LANGUAGES)]
        files = tuple(name for name in every if not name.endswith((VERIFY, CHECKPOINT)))
        checkpoints = tuple(name for name in every if name.endswith(CHECKPOINT))
        verifying = frozenset(name for name in every if name.endswith(VERIFY))
        folders = tuple(name for name, is_folder, dummy in found if is_folder)
        links = frozenset(name for name, dummy, is_link in found if is_link)
        return cls(directory, files, folders, home, named, above, verifying, dialects, checkpoints, links)

    def ending(self, suffix: str) -> Iterator[str]:
        """Yield the files whose names end so; each kind looks only at those in its language."""
        return (name for name in self.files if name.endswith(suffix))

    def inner(self) -> Iterator[Listing]:
        """Yield the folders in this one, each listed; not those that are hidden or of others' making.

        :raises ScriptInvalid: when one can't be read.
        """
        above = (*self.above, _identity(self.directory))
        for folder in self.folders:
            path = self.path(folder)
            if not folder.startswith(".") and folder not in NO_SCRIPTS and _identity(path) not in above:
                yield Listing.of(path, self.home, self.named, above)

    def path(self, *names: str) -> str:
        """Return the path of an entry; a directory may have thousands."""
        if len(names) == 1 and not names[0].startswith(os.sep):
            return self._prefix + names[0]
        return os.path.join(self.directory, *names)

    @cached_property
    def _prefix(self) -> str:
        return os.path.join(self.directory, "")

    def has(self, *names: str) -> bool:
        """Tell whether there is something at a path, be it a link that leads nowhere."""
        return os.path.lexists(self.path(*names))

    def data(self, name: str) -> bytes:
        """Return the content of a file; several kinds look at the same one.

        :raises ScriptInvalid: when it can't be read, or a link to it leads out.
        """
        if name not in self._data:
            self.admit(name)
            self._data[name] = reading.read_bytes(self.path(name))
        return self._data[name]

    def text(self, name: str) -> str:
        """Return the content of a file as text to look for marks in; see reading.looked_at.

        :raises ScriptInvalid: when it can't be read, or a link to it leads out.
        """
        if name not in self._texts:
            self._texts[name] = reading.looked_at(self.data(name))
        return self._texts[name]

    def verify(self, file_name: str) -> Optional[str]:
        """Return the name of the file that verifies a script, if it is there.

        :raises ScriptInvalid: when it is a link that leads out.
        """
        name = verify_of(file_name)
        if not (self.has(name) if os.sep in name else name in self.verifying):
            return None
        self.admit(name)
        return name

    def admit(self, name: str) -> None:
        """Let a script in, or what else a kind reads.

        :raises ScriptInvalid: when it is a link that leads out, or lies behind one.
        """
        if self.home is not None and (name in self._links or os.sep in name):
            refuse_leading_out(self.path(name), self.home)


def refuse_leading_out(path: str, home: str) -> None:
    """Refuse what is somewhere else than in the directory that people have named.

    :raises ScriptInvalid: when it is.
    """
    if not links.leads_out(path, home):
        return
    what = "%s is a link that leads out of %s, to %s" if os.path.islink(path) else "%s lies out of %s, by a link: at %s"
    raise errors.ScriptInvalid(
        what % (path, home, os.path.realpath(path)),
        hint="Put what it leads to in its place; or set follow: true, if it is to be taken from there.",
        path=path,
    )


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or into what is closed: whoever claims it is told so
        return False


def _identity(folder: str) -> Tuple[int, int]:
    try:
        status = os.stat(folder)
    except OSError as error:  # it may be gone by now
        raise errors.ScriptInvalid(
            "The folder %s can't be read: %s" % (folder, error.strerror),
            hint="Is %s the right directory?" % os.path.dirname(folder),
            path=folder,
        ) from None
    return status.st_dev, status.st_ino


def _readable(name: str) -> str:
    """Return a name in which bytes that aren't UTF-8 are written as backslashes and digits."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


# What has to hold when a script is applied, in a file beside it.
VERIFY = ".verify.sql"
# What gives at once what many scripts have given.
CHECKPOINT = ".checkpoint.sql"
UP = ".up.sql"


def verify_of(file_name: str) -> str:
    """Return the path of the file that verifies a script, by that of its way up; it need not be there."""
    folder, base = os.path.split(file_name)
    if folder and base in ("up.sql", "migration.sql"):
        return os.path.join(folder, VERIFY[1:])
    stem = base[: -len(UP)] if base.endswith(UP) else os.path.splitext(base)[0]
    return os.path.join(folder, stem + VERIFY)


class Claim(NamedTuple):
    """One file of one migration.

    :ivar section: None: the file holds both directions.
    :ivar revision: where a graph puts it; None: its version does.
    """

    file_name: str
    version: model.Version
    name: str
    section: Optional[model.Direction] = None
    revision: Optional[model.Revision] = None

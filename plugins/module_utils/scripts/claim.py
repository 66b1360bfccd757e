# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a directory holds, and what a kind says about it: this is mine, and it is this section of that migration."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Dict, Iterator, NamedTuple, Optional, Tuple

from .. import errors, model
from . import reading

# A file in a language of scripts, or a directory with a version in front.
SCRIPT = re.compile(r"\d|.*\.(?:py|sql)$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Listing:
    """A directory's entries by name, sorted."""

    directory: str
    files: Tuple[str, ...]
    folders: Tuple[str, ...]
    _data: Dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, directory: str) -> Listing:
        """List a directory.

        :raises ScriptInvalid: when it can't be read, or the name of a script in it.
        """
        try:
            with os.scandir(directory) as entries:
                found = sorted((entry.name, entry.is_dir()) for entry in entries)
        except OSError as error:
            raise errors.ScriptInvalid(
                "The migrations directory %s can't be read: %s" % (directory, error.strerror),
                hint="migrations_dir is a directory on the host where the task runs.",
                path=directory,
            ) from None
        for name, dummy in found:
            if SCRIPT.match(name) and _readable(name) != name:
                raise errors.ScriptInvalid(
                    "The name of %s is not UTF-8" % _readable(os.path.join(directory, name)),
                    hint="Rename it: versions and names are kept in the database.",
                    path=_readable(os.path.join(directory, name)),
                )
        files = tuple(name for name, is_folder in found if not is_folder)
        return cls(directory, files, tuple(name for name, is_folder in found if is_folder))

    def ending(self, suffix: str) -> Iterator[str]:
        """Yield the files whose names end so; each kind looks only at those in its language."""
        return (name for name in self.files if name.endswith(suffix))

    def path(self, *names: str) -> str:
        """Return the path of an entry."""
        return os.path.join(self.directory, *names)

    def data(self, name: str) -> bytes:
        """Return the content of a file; several kinds look at the same one."""
        if name not in self._data:
            self._data[name] = reading.read_bytes(self.path(name))
        return self._data[name]


def _readable(name: str) -> str:
    """Return a name in which bytes that aren't UTF-8 are written as backslashes and digits."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


class Claim(NamedTuple):
    """One file of one migration. ``section`` is None where one file holds both directions."""

    file_name: str
    version: model.Version
    name: str
    section: Optional[model.Direction] = None

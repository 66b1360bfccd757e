# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that are somewhere else: what is known of them as plain data, and the files themselves as one archive."""

from __future__ import annotations

import os
import tarfile
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import errors, model
from .discovery import discover
from .repository import repository_of_all

# What no script needs, and what a checkout has.
LEFT_OUT = (".git", ".hg", ".svn", "__pycache__")


def describe(directories: Sequence[str], kind: Optional[str]) -> Dict[str, Any]:
    """Return what is known of the directories' scripts without running any, as plain data.

    :raises MigrationError: see discovery.
    """
    scripts = [script._asdict() for script in discover(directories, kind)]
    for script in scripts:
        script["version"] = str(script["version"])
    return {"repository_id": repository_of_all(directories), "scripts": scripts}


def scripts_of(described: Mapping[str, Any]) -> Tuple[model.Script, ...]:
    """Return the scripts that were described."""
    found: Sequence[Mapping[str, Any]] = described["scripts"]
    return tuple(model.Script(**{**each, "version": model.Version.parse(each["version"])}) for each in found)


def pack(directories: Sequence[str], archive: str) -> None:
    """Write the files of directories into one archive; a link's target goes in its place.

    :raises ScriptInvalid: when one can't be read.
    """

    def wanted(member: tarfile.TarInfo) -> Optional[tarfile.TarInfo]:
        return None if os.path.basename(member.name) in LEFT_OUT else member

    try:
        with tarfile.open(archive, "w:gz", dereference=True) as tar:
            for number, directory in enumerate(directories):
                tar.add(directory, arcname=str(number), filter=wanted)
    except OSError as error:
        raise errors.ScriptInvalid(
            "%s can't be packed: %s" % (error.filename, error.strerror), path=error.filename
        ) from None


def unpack(archive: str, place: str, count: int) -> Tuple[str, ...]:
    """Unpack such an archive of so many directories. Return where they are now, in the same order.

    :raises ScriptInvalid: when it isn't one, or would write outside the directory.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            _refuse_escapes(members, archive)
            tar.extractall(place, members=members)
    except (OSError, tarfile.TarError) as error:
        raise errors.ScriptInvalid("The archive of the scripts can't be unpacked: %s" % error, path=archive) from None
    return tuple(os.path.join(place, str(number)) for number in range(count))


def _refuse_escapes(members: List[tarfile.TarInfo], archive: str) -> None:
    for member in members:
        outside = os.path.isabs(member.name) or ".." in member.name.split("/")
        if outside or not (member.isfile() or member.isdir()):
            raise errors.ScriptInvalid(
                "The archive of the scripts holds %s, which is no plain file" % member.name, path=archive
            )

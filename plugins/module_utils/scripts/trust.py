# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuses scripts that others may write: what stands in them runs with the database's rights."""

from __future__ import annotations

import os
from typing import Dict, Iterable, Iterator, List, Sequence

from .. import errors, model
from ..files import writers
from . import imports, repository
from .callbacks import as_scripts
from .kinds import catalogue


def refuse_writable(directories: Sequence[str], scripts: Iterable[model.Script]) -> None:
    """Refuse scripts, and what they import, that others may write or may put another into the place of.

    Others are all but root, the user who runs this, and the owner of the directory that people have named.

    :param directories: those that the scripts were found in.
    :raises ScriptInvalid: names the first file or directory, and who it is.
    """
    scripts = list(scripts)
    for directory, own in _by_directory(directories, [*scripts, *as_scripts(scripts)]).items():
        try:
            owner = os.stat(directory).st_uid
            trusted = {writers.ROOT, os.geteuid(), owner}
            found = writers.first_stranger(dict.fromkeys(_read_for(directory, own)), trusted)
        except OSError as error:
            path = error.filename or directory
            raise errors.ScriptInvalid("%s can't be read: %s" % (path, error.strerror), path=path) from None
        if found is not None:
            raise _others_error(found, directory, owner)


def _by_directory(directories: Sequence[str], scripts: Iterable[model.Script]) -> Dict[str, List[model.Script]]:
    found: Dict[str, List[model.Script]] = {}
    for script in scripts:
        homes = [each for each in directories if script.path.startswith(os.path.join(each, ""))]
        found.setdefault(max(homes, key=len, default=os.path.dirname(script.path)), []).append(script)
    return found


def _read_for(directory: str, scripts: Iterable[model.Script]) -> Iterator[str]:
    """Yield the files that decide what runs, and the directories that Python looks for modules in."""
    yield directory
    yield os.path.join(directory, repository.CONFIG)
    for script in scripts:
        yield from filter(None, (script.path, script.down_path, script.verify_path))
        yield from catalogue.beside(script)
        if script.path.endswith(".py"):
            yield os.path.dirname(script.path)
            yield from imports.beside(script.path)


def _others_error(found: writers.Writer, directory: str, owner: int) -> errors.ScriptInvalid:
    to = "root" if owner == writers.ROOT else "%s, the owner of %s" % (writers.name_of(owner), directory)
    remedy = found.remedy or "chown it to %s" % to
    return errors.ScriptInvalid(
        "%s may write %s, and what stands there would run with the database's rights" % (found.who, found.path),
        hint="%s; or set allow_writable_scripts: true, if that is as it has to be." % remedy,
        path=found.path,
    )

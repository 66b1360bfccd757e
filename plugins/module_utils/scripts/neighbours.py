# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside scripts and may be imported or read by them: data files, modules, packages.

Not a script's business, and passed over: what has a name with a dot in front, compiled Python, virtual environments,
packages of Node; and what can't be read like a file: sockets, FIFOs, devices, links that lead nowhere.
"""

from __future__ import annotations

import errno
import os
from typing import Callable, Iterator, NamedTuple, Optional, Tuple

from ..files import opening

LEFT_OUT = ("__pycache__", "node_modules")
COMPILED = (".pyc", ".pyo")
VIRTUAL_ENVIRONMENT = "pyvenv.cfg"


class Entry(NamedTuple):
    """A file or a folder below a directory. ``name`` is its path there, ``path`` where it is."""

    path: str
    name: str
    is_folder: bool


def beside(directory: str, refuse: Optional[Callable[[str, str], None]], deep: bool = True) -> Iterator[Entry]:
    """Yield the files and folders below a directory, each folder before what it holds.

    :param refuse: is called with each link and the directory, to raise if it leads out.
    :param deep: also what is in the folders.
    :raises OSError: when a folder can't be listed.
    """

    def admit(path: str) -> None:
        if refuse is not None:
            refuse(path, directory)

    return _below(directory, "", (_identity(directory),) if deep else (), admit)


def _below(
    folder: str, prefix: str, above: Tuple[Tuple[int, int], ...], admit: Callable[[str], None]
) -> Iterator[Entry]:
    """Yield what a folder holds.

    :param above: the folders that it is in, and itself: a link back to one of them would go round in circles. Without
        any, the folders in it are passed over.
    """
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.startswith(".") or entry.name in LEFT_OUT or entry.name.endswith(COMPILED):
            continue
        name = prefix + entry.name
        if entry.is_symlink():
            if _leads_nowhere(entry.path):
                continue
            admit(entry.path)
        if os.path.isdir(entry.path):
            identity = _identity(entry.path)
            if not above or identity in above or os.path.lexists(os.path.join(entry.path, VIRTUAL_ENVIRONMENT)):
                continue
            yield Entry(entry.path, name, True)
            yield from _below(entry.path, name + os.sep, (*above, identity), admit)
        elif opening.is_regular(entry.path):
            yield Entry(entry.path, name, False)


def _leads_nowhere(path: str) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
    return False


def _identity(folder: str) -> Tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino

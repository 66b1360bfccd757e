# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that are somewhere else: what is known of them as plain data, and the files themselves as one archive."""

from __future__ import annotations

import os
import tarfile
from typing import Any, BinaryIO, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from .. import errors, model
from ..files import opening
from ..schemes import GENERIC, dialect_of, kind_of
from ..versions import GRAPH
from . import neighbours, repository, trust
from .callbacks import as_scripts, with_callbacks
from .discovery import FAIL, discover
from .kinds import catalogue, reading
from .kinds.claim import DIALECTS, refuse_leading_out
from .repository import repository_of_all

# What goes to the target at each run that has something to do; more was hardly meant to.
MOST_FILES = 20000
MOST_BYTES = opening.GIB
LEFT_BEHIND = "src: %s wasn't taken along: %s. If a script reads it, have it on the host and read it there."


# What SQL is called that is written for another database than PostgreSQL, the best first.
OTHERS = {"sqlite": ("sqlite", "default"), "mysql": ("mysql", "mariadb", "default")}


def describe(
    directories: Sequence[str],
    kind: Optional[str],
    follow: bool = False,
    on_unread: str = FAIL,
    order: Optional[str] = None,
    url: Optional[str] = None,
) -> Dict[str, Any]:
    """Return what is known of the directories' scripts without running any, as plain data; and what to warn of.

    :param url: of the database that they are for.
    :raises MigrationError: see discovery.
    """
    warnings: List[str] = []
    dialects = _dialects(url)
    found = discover(directories, kind, follow, on_unread, order, warnings.append, dialects)
    scripts = [script._asdict() for script in found]
    for script in scripts:
        del script["callbacks"]  # all of Flyway's have the same
        script["checkpoint"] = script["checkpoint"] and (script["checkpoint"].replaces,)
        script["version"] = (str(script["version"]), script["version"].order)
        script["revision"] = script["revision"] and tuple(script["revision"])
    callbacks = [tuple(each) for each in next((each.callbacks for each in found if each.callbacks), ())]
    return {
        "repository_id": repository_of_all(directories, follow),
        "scripts": scripts,
        "callbacks": callbacks,
        "warnings": warnings,
    }


def refuse_writable(described: Mapping[str, Any], directories: Sequence[str], versions: Sequence[str]) -> None:
    """Refuse scripts that others on this host may write, of those that are to be run.

    :raises ScriptInvalid: see trust.
    """
    trust.refuse_writable(directories, [each for each in scripts_of(described) if str(each.version) in versions])


def scripts_of(described: Mapping[str, Any]) -> Tuple[model.Script, ...]:
    """Return the scripts that were described."""
    found: Sequence[Mapping[str, Any]] = described["scripts"]
    scripts = tuple(_script_of(place, each) for place, each in enumerate(found))
    return with_callbacks(scripts, tuple(model.Callback(*each) for each in described["callbacks"]))


def _script_of(place: int, described: Mapping[str, Any]) -> model.Script:
    text, order = described["version"]
    checkpoint = _checkpoint_of(described["checkpoint"])
    parse = model.Version.parse if checkpoint is None else model.Version.checkpoint
    version = model.Version.placed(text, place) if order == GRAPH else parse(text, order)
    revision = described["revision"] and model.Revision(*map(tuple, described["revision"]))
    return model.Script(**{**described, "version": version, "revision": revision, "checkpoint": checkpoint})


def _checkpoint_of(described: Optional[Sequence[Any]]) -> Optional[model.Checkpoint]:
    if described is None:
        return None
    replaces = described[0]
    return model.Checkpoint(None if replaces is None else tuple(model.Replaced(*each) for each in replaces))


def at(described: Mapping[str, Any], sources: Sequence[str], places: Sequence[str]) -> Tuple[model.Script, ...]:
    """Return the scripts that were described, with the paths that they have where they were unpacked.

    :param sources: where they were described; in the same order as places.
    """
    moved = {os.path.join(source, ""): place for source, place in zip(sources, places)}

    def path(text: Optional[str]) -> Optional[str]:
        home = max((each for each in moved if text and text.startswith(each)), key=len, default=None)
        return os.path.join(moved[home], text[len(home) :]) if text is not None and home is not None else text

    scripts = tuple(
        script._replace(
            path=str(path(script.path)), down_path=path(script.down_path), verify_path=path(script.verify_path)
        )
        for script in scripts_of(described)
    )
    callbacks: Tuple[model.Callback, ...] = next((each.callbacks for each in scripts if each.callbacks), ())
    return with_callbacks(scripts, tuple(each._replace(path=str(path(each.path))) for each in callbacks))


def pack(described: Mapping[str, Any], directories: Sequence[str], archive: str, follow: bool = False) -> List[str]:
    """Write scripts into one archive, and what they may import and read beside themselves; see neighbours.

    Scripts in SQL read nothing. What a link leads to goes in its place.

    :param follow: also where that is out of the directory.
    :returns: what was left behind although a script may read it, as warnings.
    :raises ScriptInvalid: when a link leads out, a file can't be read, or it is too much of all.
    """
    try:
        with tarfile.open(archive, "w:gz") as tar:
            parcel = _Parcel(tar)
            for number, directory in enumerate(directories):
                _pack_one(parcel, scripts_of(described), directory, str(number), follow)
    except OSError as error:
        raise errors.ScriptInvalid(
            "src: %s can't be packed: %s" % (error.filename or "what is to be taken along", error.strerror),
            hint="Fix its rights; or move it out of the directory, if no script needs it.",
            path=error.filename,
        ) from None
    return parcel.left_behind


def _pack_one(parcel: _Parcel, scripts: Sequence[model.Script], directory: str, name: str, follow: bool) -> None:
    home = os.path.join(directory, "")
    own = [script for script in (*scripts, *as_scripts(scripts)) if script.path.startswith(home)]
    with_python = any(script.path.endswith(".py") for script in own)
    parcel.add_folder(name)
    needed = dict.fromkeys(path for path in _needed(directory, own) if os.path.lexists(path))
    for path in needed:
        parcel.add_file(path, os.path.join(name, path[len(home) :]), directory)
    for entry in neighbours.beside(directory, None if follow else refuse_leading_out, deep=with_python):
        if not with_python or entry.path in needed:
            continue
        if entry.is_folder:
            parcel.add_folder(os.path.join(name, entry.name))
        else:
            parcel.add_file(entry.path, os.path.join(name, entry.name), directory, optional=True)


def _needed(directory: str, scripts: Sequence[model.Script]) -> Iterator[str]:
    """Yield the files that are read here."""
    yield os.path.join(directory, repository.CONFIG)
    for script in scripts:
        yield from filter(None, (script.path, script.down_path, script.verify_path))
        yield from catalogue.beside(script)


class _Parcel:
    """An archive in the making. What it holds belongs to whoever unpacks it, and nobody else may write it then."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.left_behind: List[str] = []
        self._tar = tar
        self._files = 0
        self._bytes = 0

    def add_folder(self, name: str) -> None:
        """Add a folder."""
        member = tarfile.TarInfo(name)
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        self._tar.addfile(member)

    def add_file(self, path: str, name: str, directory: str, optional: bool = False) -> None:
        """Add a file.

        :param optional: no more than a warning, if it is too big.
        :raises ScriptInvalid: when it can't be read, or it is too much of all.
        """
        try:
            with opening.opened(path, reading.MOST) as (stream, status):
                self._count(status.st_size, directory)
                member = tarfile.TarInfo(name)
                member.size, member.mtime, member.mode = status.st_size, int(status.st_mtime), 0o644
                self._tar.addfile(member, stream)
        except opening.Unopened as error:
            if not (optional and error.too_big):
                raise reading.unreadable(path, error) from None
            self.left_behind.append(LEFT_BEHIND % (path, error.reason))

    def _count(self, size: int, directory: str) -> None:
        self._files += 1
        self._bytes += size
        if self._files > MOST_FILES or self._bytes > MOST_BYTES:
            raise errors.ScriptInvalid(
                "src: %s holds too much to be taken along; %d files and %s are the most"
                % (directory, MOST_FILES, opening.shown(MOST_BYTES)),
                hint="Name the directory of the scripts alone, or move elsewhere what they don't need.",
                path=directory,
            )


def unpack(archive: Union[str, BinaryIO], place: str, count: int) -> Tuple[str, ...]:
    """Unpack such an archive of so many directories. Return where they are now, in the same order.

    :param archive: its path, or itself.

    :raises ScriptInvalid: when it isn't one, or would write outside the directory.
    """
    try:
        with tarfile.open(archive, "r:gz") if isinstance(archive, str) else tarfile.open(None, "r:gz", archive) as tar:
            members = tar.getmembers()
            _refuse_escapes(members)
            tar.extractall(place, members=members)
    except (OSError, tarfile.TarError) as error:
        raise errors.ScriptInvalid("The archive of the scripts can't be unpacked: %s" % error) from None
    return tuple(os.path.join(place, str(number)) for number in range(count))


def _refuse_escapes(members: List[tarfile.TarInfo]) -> None:
    for member in members:
        outside = os.path.isabs(member.name) or ".." in member.name.split("/")
        if outside or not (member.isfile() or member.isdir()):
            raise errors.ScriptInvalid("The archive of the scripts holds %s, which is no plain file" % member.name)


def _dialects(url: Optional[str]) -> Tuple[str, ...]:
    """Return what SQL is called that is written for the database of a URL."""
    kind = kind_of(url)
    if kind == GENERIC:
        return (dialect_of(url), "default")
    return OTHERS.get(kind, DIALECTS)

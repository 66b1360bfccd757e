# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories → ordered scripts. Duplicates and ambiguous names are refused."""

from __future__ import annotations

import os
import re
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ..errors import DuplicateVersion, ScriptInvalid
from ..model import Direction, Migration, Script, Version
from . import dbmigrator, sql_pair
from .claim import Claim

# One module a kind. Each has KIND, LOOKS_LIKE, claim(file names) and read(script).
KINDS = (dbmigrator, sql_pair)

# A name that can only have been meant as a migration: a version in front, or a section behind.
SUSPECT = re.compile(r"(?:[VUR]?\d.*|R__.*|.*\.(?:up|down))\.(?:py|sql)", re.IGNORECASE)
LEADING_VERSION = re.compile(r"\d[\d-]*")


def discover(directories: Sequence[str]) -> Tuple[Script, ...]:
    """Find the scripts of several directories, as one sequence ordered by version, and look at each.

    :raises ScriptInvalid: a directory that isn't there, mixed kinds in one, or a name that is almost a migration's.
    :raises DuplicateVersion: two files of one version, in whichever directories.
    """
    found: Dict[Version, Script] = {}
    for directory in directories:
        for script in _discover_one(directory):
            other = found.setdefault(script.version, script)
            if other is not script:
                raise _duplicate(other.path, script.path, script.version)
    surveyors: Dict[str, Callable[[Script], Script]] = {kind.KIND: kind.survey for kind in KINDS}
    return tuple(surveyors[found[version].kind](found[version]) for version in sorted(found))


def read(script: Script) -> Migration:
    """Read a script's files by its kind.

    :raises ScriptInvalid: see the kinds.
    """
    readers: Dict[str, Callable[[Script], Migration]] = {kind.KIND: kind.read for kind in KINDS}
    return readers[script.kind](script)


def _discover_one(directory: str) -> List[Script]:
    file_names = _file_names(directory)
    claims = {kind.KIND: list(kind.claim(file_names)) for kind in KINDS}
    looks = {kind: claimed for kind, claimed in claims.items() if claimed}
    if len(looks) > 1:
        raise _mixed(directory, looks)
    kind, claimed = next(iter(looks.items()), ("", []))
    _refuse_suspects(directory, file_names, claimed)
    return _pair(directory, kind, claimed)


def _file_names(directory: str) -> List[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry in entries if entry.is_file() or entry.is_symlink())
    except OSError as error:
        raise ScriptInvalid(
            "The migrations directory %s can't be read: %s" % (directory, error.strerror),
            hint="migrations_dir is a directory on the host where the task runs.",
            path=directory,
        ) from None


def _pair(directory: str, kind: str, claims: Sequence[Claim]) -> List[Script]:
    """Make one script of the one or two files that each version has."""
    files: Dict[Tuple[Version, Optional[Direction]], Claim] = {}
    for claim in claims:
        other = files.setdefault((claim.version, claim.section), claim)
        if other is not claim:
            paths = [os.path.join(directory, each.file_name) for each in (other, claim)]
            raise _duplicate(paths[0], paths[1], claim.version)
    scripts = []
    for (version, section), claim in files.items():
        down = files.get((version, Direction.DOWN))
        if section is Direction.DOWN:
            _require_up(directory, claim, files.get((version, Direction.UP)))
            continue
        down_path = os.path.join(directory, down.file_name) if down is not None else None
        scripts.append(Script(version, claim.name, kind, os.path.join(directory, claim.file_name), down_path))
    return scripts


def _require_up(directory: str, down: Claim, up: Optional[Claim]) -> None:
    path = os.path.join(directory, down.file_name)
    if up is None:
        raise ScriptInvalid("%s has no up script beside it" % path, hint="Add it, or remove the file.", path=path)
    if up.name != down.name:
        raise ScriptInvalid(
            "%s and %s have one version and two names" % (up.file_name, down.file_name),
            hint="Give the pair one name, or two versions.",
            path=path,
        )


def _refuse_suspects(directory: str, file_names: Sequence[str], claims: Sequence[Claim]) -> None:
    """Refuse names that are almost a migration's: to pass over one in silence would leave it out for good."""
    claimed = {claim.file_name for claim in claims}
    versions = {claim.version for claim in claims}
    for file_name in file_names:
        if file_name in claimed or not SUSPECT.fullmatch(file_name):
            continue
        leading = LEADING_VERSION.match(file_name)
        if file_name.endswith(".sql") and leading and Version.parse(leading[0]) in versions:
            continue  # SQL that a Python script of that version reads
        path = os.path.join(directory, file_name)
        raise ScriptInvalid(
            "%s looks like a migration, but no kind of script has such a name" % path,
            hint="Name it %s; or move it elsewhere." % " or ".join(kind.LOOKS_LIKE for kind in KINDS),
            path=path,
        )


def _duplicate(first: str, second: str, version: Version) -> DuplicateVersion:
    return DuplicateVersion(
        "Two scripts have the version %s: %s and %s" % (version, first, second),
        hint="Give one of them another version; if one is a copy, remove it.",
        version=str(version),
        path=second,
    )


def _mixed(directory: str, looks: Dict[str, List[Claim]]) -> ScriptInvalid:
    samples = "; ".join("%s: %s" % (kind, claims[0].file_name) for kind, claims in looks.items())
    return ScriptInvalid(
        "%s holds scripts of more than one kind (%s)" % (directory, samples),
        hint="Put each kind into a directory of its own and list both in migrations_dir; they stay one sequence.",
        path=directory,
    )

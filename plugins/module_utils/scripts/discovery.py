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
from . import dbmate, dbmigrator, diesel, flyway, goose, repository, sql_pair, sql_plain, sqlalchemy_migrate
from .claim import Claim, Listing
from .reading import survey

# One module a kind. Each has KIND, LOOKS_LIKE, claim(listing) and read(script); survey(script) where a script's text
# tells more than its checksum.
KINDS = (dbmigrator, sqlalchemy_migrate, sql_pair, sql_plain, dbmate, goose, diesel, flyway)
KIND_NAMES = tuple(kind.KIND for kind in KINDS)

# A name that can only have been meant as a migration: a version in front, or a section behind.
SUSPECT = re.compile(r"(?:[VURB]?\d.*|R__.*|.*\.(?:up|down))\.(?:py|sql)", re.IGNORECASE | re.DOTALL)
LEADING_VERSION = re.compile(r"[0-9][0-9-]*")


def discover(directories: Sequence[str], kind: Optional[str] = None) -> Tuple[Script, ...]:
    """Find the scripts of several directories, as one sequence ordered by version, and look at each.

    :param kind: the kind of all of them; None: found by looking, for each directory.
    :raises ScriptInvalid: a directory that isn't there, mixed kinds in one, or a name that is almost a migration's.
    :raises DuplicateVersion: two files of one version, in whichever directories.
    """
    found: Dict[Version, Script] = {}
    for directory in directories:
        for script in _discover_one(directory, kind):
            other = found.setdefault(script.version, script)
            if other is not script:
                raise _duplicate(other.path, script.path, script.version)
    surveyors: Dict[str, Callable[[Script], Script]] = {each.KIND: getattr(each, "survey", survey) for each in KINDS}
    return tuple(surveyors[found[version].kind](found[version]) for version in sorted(found))


def read(script: Script) -> Migration:
    """Read a script's files by its kind.

    :raises ScriptInvalid: see the kinds.
    """
    readers: Dict[str, Callable[[Script], Migration]] = {each.KIND: each.read for each in KINDS}
    return readers[script.kind](script)


def _discover_one(directory: str, wanted: Optional[str]) -> List[Script]:
    own = repository.find(directory)
    if own is not None:
        directory, wanted = own.versions, sqlalchemy_migrate.KIND
    listing = Listing.of(directory)
    claims = {each.KIND: list(each.claim(listing)) for each in KINDS if wanted in (None, each.KIND)}
    looks = {kind: claimed for kind, claimed in claims.items() if claimed}
    if len(looks) > 1:
        raise _mixed(directory, looks)
    kind, claimed = next(iter(looks.items()), ("", []))
    if wanted is None:
        _refuse_suspects(directory, listing.files, claimed)
    return _pair(directory, kind, claimed)


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
            hint="Name it %s; or move it elsewhere." % " or ".join(_looks_of(file_name)),
            path=path,
        )


def _looks_of(file_name: str) -> List[str]:
    """Return what the names of scripts in this language look like."""
    suffix = os.path.splitext(file_name)[1].lower()
    return [kind.LOOKS_LIKE for kind in KINDS if suffix in kind.LOOKS_LIKE]


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
        hint="Put each kind into a directory of its own and list both in migrations_dir, they stay one sequence; or "
        "say with kind which one is meant.",
        path=directory,
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories → ordered scripts. Duplicates and ambiguous names are refused."""

from __future__ import annotations

import os
import re
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from .. import errors, model
from . import (
    dbmate,
    dbmigrator,
    diesel,
    flyway,
    goose,
    node_pg_migrate,
    reading,
    repository,
    sql_migrate,
    sql_pair,
    sql_plain,
    sqlalchemy_migrate,
    tern,
)
from .claim import Claim, Listing, refuse_leading_out

# One module a kind. Each has KIND, LOOKS_LIKE, claim(listing) and read(script); survey(script) where a script's text
# tells more than its checksum.
KINDS = (
    dbmigrator,
    sqlalchemy_migrate,
    sql_pair,
    sql_plain,
    dbmate,
    goose,
    diesel,
    flyway,
    node_pg_migrate,
    sql_migrate,
    tern,
)
KIND_NAMES = tuple(kind.KIND for kind in KINDS)

# A name that can only have been meant as a migration: a version in front, or a section behind.
SUSPECT = re.compile(r"(?:[VURB]?\d.*|R__.*|.*\.(?:up|down))\.(?:py|sql)", re.IGNORECASE | re.DOTALL)
LEADING_VERSION = re.compile(r"[0-9][0-9-]*")


def discover(directories: Sequence[str], kind: Optional[str] = None, follow: bool = False) -> Tuple[model.Script, ...]:
    """Find the scripts of several directories, as one sequence ordered by version, and look at each.

    :param kind: the kind of all of them; None: found by looking, for each directory.
    :param follow: also take scripts that are links which lead out of their directory.
    :raises ScriptInvalid: a directory that isn't there, mixed kinds in one, a name that is almost a migration's, what
        is no regular file, or a link that leads out.
    :raises DuplicateVersion: two files of one version, in whichever directories.
    """
    found: Dict[model.Version, model.Script] = {}
    for directory in directories:
        for script in _discover_one(directory, kind, follow):
            other = found.setdefault(script.version, script)
            if other is not script:
                raise _duplicate(other.path, script.path, script.version)
    surveyors: Dict[str, Callable[[model.Script], model.Script]] = {
        each.KIND: getattr(each, "survey", reading.survey) for each in KINDS
    }
    return tuple(surveyors[found[version].kind](found[version]) for version in sorted(found))


def read(script: model.Script) -> model.Migration:
    """Read a script's files by its kind.

    :raises ScriptInvalid: see the kinds.
    """
    readers: Dict[str, Callable[[model.Script], model.Migration]] = {each.KIND: each.read for each in KINDS}
    return readers[script.kind](script)


def _discover_one(directory: str, wanted: Optional[str], follow: bool) -> List[model.Script]:
    own, home = repository.find(directory, follow), None if follow else directory
    if own is not None:
        if home is not None:
            refuse_leading_out(own.versions, home)
        directory, wanted = own.versions, sqlalchemy_migrate.KIND
    listing = Listing.of(directory, home, wanted is not None)
    claims = {each.KIND: list(each.claim(listing)) for each in KINDS if wanted in (None, each.KIND)}
    looks = _without_plain({kind: claimed for kind, claimed in claims.items() if claimed})
    if len(looks) > 1:
        raise _mixed_error(directory, looks)
    kind, claimed = next(iter(looks.items()), ("", []))
    for claim in claimed:
        listing.admit(claim.file_name)
    if wanted is None:
        _refuse_suspects(directory, listing.files, claimed)
    return _pair(directory, kind, claimed)


def _without_plain(looks: Dict[str, List[Claim]]) -> Dict[str, List[Claim]]:
    """Leave plain SQL out where a tool whose files need no marks claims all of it, since one of them has a mark."""
    plain = {claim.file_name for claim in looks.get(sql_plain.KIND, [])}
    others = [kind.KIND for kind in (node_pg_migrate, tern) if kind.KIND in looks]
    if any(plain <= {claim.file_name for claim in looks[kind]} for kind in others):
        return {kind: claimed for kind, claimed in looks.items() if kind != sql_plain.KIND}
    return looks


def _pair(directory: str, kind: str, claims: Sequence[Claim]) -> List[model.Script]:
    """Make one script of the one or two files that each version has."""
    files: Dict[Tuple[model.Version, Optional[model.Direction]], Claim] = {}
    for claim in claims:
        other = files.setdefault((claim.version, claim.section), claim)
        if other is not claim:
            paths = [os.path.join(directory, each.file_name) for each in (other, claim)]
            raise _duplicate(paths[0], paths[1], claim.version)
    scripts = []
    for (version, section), claim in files.items():
        down = files.get((version, model.Direction.DOWN))
        if section is model.Direction.DOWN:
            _require_up(directory, claim, files.get((version, model.Direction.UP)))
            continue
        down_path = os.path.join(directory, down.file_name) if down is not None else None
        scripts.append(model.Script(version, claim.name, kind, os.path.join(directory, claim.file_name), down_path))
    return scripts


def _require_up(directory: str, down: Claim, up: Optional[Claim]) -> None:
    path = os.path.join(directory, down.file_name)
    if up is None:
        raise errors.ScriptInvalid(
            "%s has no up script beside it" % path, hint="Add it, or remove the file.", path=path
        )
    if up.name != down.name:
        raise errors.ScriptInvalid(
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
        if file_name.endswith(".sql") and leading and model.Version.parse(leading[0]) in versions:
            continue  # SQL that a Python script of that version reads
        path = os.path.join(directory, file_name)
        raise errors.ScriptInvalid(
            "%s looks like a migration, but no kind of script has such a name" % path,
            hint="Name it %s; or move it elsewhere." % " or ".join(_looks_of(file_name)),
            path=path,
        )


def _looks_of(file_name: str) -> List[str]:
    """Return what the names of scripts in this language look like."""
    suffix = os.path.splitext(file_name)[1].lower()
    return [kind.LOOKS_LIKE for kind in KINDS if suffix in kind.LOOKS_LIKE]


def _duplicate(first: str, second: str, version: model.Version) -> errors.DuplicateVersion:
    return errors.DuplicateVersion(
        "Two scripts have the version %s: %s and %s" % (version, first, second),
        hint="Give one of them another version; if one is a copy, remove it.",
        version=str(version),
        path=second,
    )


def _mixed_error(directory: str, looks: Dict[str, List[Claim]]) -> errors.ScriptInvalid:
    samples = "; ".join("%s: %s" % (kind, claims[0].file_name) for kind, claims in looks.items())
    return errors.ScriptInvalid(
        "%s holds scripts of more than one kind (%s)" % (directory, samples),
        hint="Put each kind into a directory of its own and list both in migrations_dir, they stay one sequence; or "
        "say with kind which one is meant.",
        path=directory,
    )

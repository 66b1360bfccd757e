# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories → ordered scripts. Duplicates and ambiguous names are refused."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple

from .. import errors, model
from ..revisions import in_order
from ..versions import GRAPH, NUMERIC
from . import callbacks, repository
from .kinds import catalogue, checkpoint, flyway, sqlalchemy_migrate
from .kinds.claim import DIALECTS, Claim, Listing, refuse_leading_out

# on_unread: what to do about what has a version in its name and isn't read.
FAIL, WARN, IGNORE = "fail", "warn", "ignore"


def discover(
    directories: Sequence[str],
    kind: Optional[str] = None,
    follow: bool = False,
    on_unread: str = FAIL,
    order: Optional[str] = None,
    warn: Optional[Callable[[str], None]] = None,
    dialects: Tuple[str, ...] = DIALECTS,
) -> Tuple[model.Script, ...]:
    """Find the scripts of several directories, as one sequence in the order of their kind, and look at each.

    :param kind: the kind of all of them; None: found by looking, for each directory.
    :param follow: also take scripts that are links which lead out of their directory.
    :param on_unread: fail, warn or ignore, where something looks like a script and isn't read.
    :param order: numeric, text or graph; None: as the kind's own tool has it.
    :param warn: is called with each warning.
    :param dialects: what SQL is called that is written for the database, the best first.
    :raises ScriptInvalid: a directory that isn't there, mixed kinds in one, what looks like a script and isn't read,
        what is no regular file, or a link that leads out.
    :raises OptionInvalid: directories of kinds whose orders differ, and none is asked for.
    :raises DuplicateVersion: two files of one version, in whichever directories.
    """
    found: Dict[model.Version, model.Script] = {}
    around: List[str] = []
    for directory in directories:
        scripts, its_callbacks = _discover_one(directory, kind, follow, on_unread, warn or _unheard, dialects)
        around += its_callbacks
        for script in scripts:
            other = found.setdefault(script.version, script)
            if other is not script:
                raise _duplicate(other.path, script.path, script.version)
    if any(script.revision is not None for script in found.values()) or order == GRAPH:
        return _by_graph(found.values(), order)
    order = order or _order_of(found.values())
    ordered = sorted(version.ordered(order) for version in found)
    surveyed = tuple(catalogue.survey(_with_version(found[version], version)) for version in ordered)
    return callbacks.with_callbacks(surveyed, callbacks.survey(around))


def scripts_of(
    request: Any, dialects: Tuple[str, ...], warn: Optional[Callable[[str], None]] = None
) -> Tuple[model.Script, ...]:
    """Return the scripts of a task: those that the controller has described, or else what is found.

    :param request: has the directories, how they are read, what was described, and what was said of that.
    :param warn: is called with what there is to say of them, there or here.
    :raises MigrationError: see discover().
    """
    for warning in request.said:
        (warn or _unheard)(warning)
    if request.described is not None:
        return tuple(request.described)
    wanted = (request.kind, request.follow, request.on_unread, request.order)
    return discover(request.directories, *wanted, warn, dialects)


def _by_graph(scripts: Iterable[model.Script], order: Optional[str]) -> Tuple[model.Script, ...]:
    """Return scripts that name the ones before them, in the order that follows from it.

    :raises OptionInvalid: when another order is asked for, or some of them name none.
    """
    named = {script.version.text: script for script in scripts}
    kinds = sorted({script.kind for script in named.values() if script.revision is None})
    if order not in (None, GRAPH) or kinds:
        raise errors.OptionInvalid(
            "order: scripts of kind alembic are ordered by the revisions that they name, and %s"
            % ("those of kind %s name none" % kinds[0] if kinds else "not as %s" % order),
            hint="Leave order out; give scripts of another kind a task, and a history_table, of their own.",
        )
    revisions = {text: script.revision for text, script in named.items() if script.revision is not None}
    try:
        ordered = in_order(revisions)
    except errors.ScriptInvalid as error:
        path = named[error.version].path if error.version else os.path.dirname(next(iter(named.values())).path)
        error.message = "%s: %s" % (path, error.message)
        raise error.about(path=path) from None
    return tuple(
        catalogue.survey(named[text]._replace(version=model.Version.placed(text, place)))
        for place, text in enumerate(ordered)
    )


def _with_version(script: model.Script, version: model.Version) -> model.Script:
    return script if script.version is version else script._replace(version=version)


def _order_of(scripts: Iterable[model.Script]) -> str:
    """Return the order of the tools that scripts are written for.

    :raises OptionInvalid: when it isn't one.
    """
    kinds = dict.fromkeys(script.kind for script in scripts if script.kind != checkpoint.KIND)
    orders = {catalogue.order_of(kind): kind for kind in kinds}
    if len(orders) > 1:
        raise errors.OptionInvalid(
            "order: the directories hold kinds that order differently (%s)"
            % ", ".join("%s: %s" % (kind, each) for each, kind in orders.items()),
            hint="Set order to numeric (they compare as numbers) or text (they compare character by character).",
        )
    return next(iter(orders), NUMERIC)


def _unheard(sentence: str) -> None:
    """Take a warning that nobody wants."""


def _discover_one(
    directory: str,
    wanted: Optional[str],
    follow: bool,
    on_unread: str,
    warn: Callable[[str], None],
    dialects: Tuple[str, ...],
) -> Tuple[List[model.Script], List[str]]:
    """Return the scripts of a directory, and the paths of callbacks."""
    own, home = repository.find(directory, follow), None if follow else directory
    if own is not None:
        if home is not None:
            refuse_leading_out(own.versions, home)
        directory, wanted = own.versions, sqlalchemy_migrate.KIND
    listing = Listing.of(directory, home, wanted is not None, dialects=dialects)
    looks = catalogue.claims(listing, wanted)
    if len(looks) > 1:
        raise _mixed_error(directory, looks)
    kind, claimed = next(iter(looks.items()), (wanted or "", []))
    around = _callbacks(listing, kind) if kind in ("", flyway.KIND) else []
    for name in (*(claim.file_name for claim in claimed), *around):
        listing.admit(name)
    if on_unread != IGNORE and _is_more(listing, claimed) and (claimed or not around):
        _tell_unread(listing, kind, claimed, on_unread, warn)
    beginnings = list(checkpoint.claim(listing))
    if not claimed and not beginnings and not around:
        warn("There are no migrations in %s." % directory)
    scripts = _pair(listing, kind, claimed) + _pair(listing, checkpoint.KIND, beginnings)
    return scripts, [listing.path(name) for name in around]


def _callbacks(listing: Listing, kind: str) -> List[str]:
    """Return the callbacks of a directory of Flyway's, or of one that has no scripts."""
    if not kind and not any(callbacks.FILE.fullmatch(name) for name in listing.files):
        return []
    return list(callbacks.find(listing))


def _is_more(listing: Listing, claimed: Sequence[Claim]) -> bool:
    """Return whether there is anything but files that were claimed; else nobody has to look closer."""
    return bool(listing.folders or listing.verifying) or len({each.file_name for each in claimed}) < len(listing.files)


def _tell_unread(
    listing: Listing, kind: str, claimed: Sequence[Claim], on_unread: str, warn: Callable[[str], None]
) -> None:
    """Look for what may have been meant as a script.

    :raises ScriptInvalid: where the policy says fail.
    """
    from . import unread

    for told in unread.look(listing, kind, claimed):
        if on_unread == FAIL and not told.always_warned:
            raise told.error
        warn(told.error.message + ".")


def _pair(listing: Listing, kind: str, claims: Sequence[Claim]) -> List[model.Script]:
    """Make one script of the files that each version has."""
    directory = listing.directory
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
        verify = listing.verify(claim.file_name)
        down_path = listing.path(down.file_name) if down is not None else None
        verify_path = listing.path(verify) if verify is not None else None
        path = listing.path(claim.file_name)
        scripts.append(model.Script(version, claim.name, kind, path, down_path, verify_path, revision=claim.revision))
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


def _duplicate(first: str, second: str, version: model.Version) -> errors.DuplicateVersion:
    return errors.DuplicateVersion(
        "Two scripts have the version %s: %s and %s" % (version, first, second),
        hint="If one is a copy, remove it. If their tool knows scripts by their whole names, set kind: sql_by_name. "
        "Else give another version to one that isn't applied anywhere yet.",
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

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: scripts that give at once what many have given. Pure functions.

A new database begins with the last one. A database that has anything goes on with the scripts themselves, and counts a
checkpoint as applied when its history has all that the checkpoint takes the place of.
"""

from __future__ import annotations

from itertools import combinations
from typing import AbstractSet, Dict, List, Optional, Sequence, Tuple

from .. import errors, formats, model
from ..wording import some

Scripts = Tuple[model.Script, ...]


def apart(scripts: Sequence[model.Script]) -> Tuple[Scripts, Scripts]:
    """Return the migrations, and the checkpoints among them; both in their order."""
    plain = tuple(script for script in scripts if script.checkpoint is None)
    return plain, tuple(script for script in scripts if script.checkpoint is not None)


def replaced_by(checkpoint: model.Script, plain: Sequence[model.Script]) -> Scripts:
    """Return what a checkpoint takes the place of, in order, its own version too; where a file is gone, a stand-in."""
    listed = checkpoint.checkpoint.replaces if checkpoint.checkpoint is not None else None
    base, files = checkpoint.version.base, {script.version: script for script in plain}
    if listed is None:
        once = [script for script in plain if not (script.repeatable or script.deferred)]
        found = [script for script in once if not script.version.is_repeatable and script.version < base]
        return (*found, files.get(base) or model.Script(base, checkpoint.name, "", ""))
    versions = [model.Version.parse(each.version, base.order) for each in listed]
    return tuple(
        files.get(version) or model.Script(version, each.name, "", "", checksum=each.checksum)
        for version, each in zip(versions, listed)
    )


def with_replaced(scripts: Sequence[model.Script]) -> Scripts:
    """Return all migrations that are known: those with files, and those that a checkpoint takes the place of."""
    plain, checkpoints = apart(scripts)
    if not checkpoints:
        return plain
    known: Dict[model.Version, model.Script] = {script.version: script for script in plain}
    for checkpoint in checkpoints:
        for each in replaced_by(checkpoint, plain):
            known.setdefault(each.version, each)
    return tuple(sorted(known.values(), key=lambda script: script.version))


def is_replaced(version: model.Version, scripts: Sequence[model.Script], checkpoints: Sequence[model.Script]) -> bool:
    """Return whether a checkpoint takes the place of a version whose file is gone.

    :param scripts: what with_replaced() returns.
    """
    if any(script.version == version for script in scripts):
        return True
    unlisted = [each for each in checkpoints if each.checkpoint is not None and each.checkpoint.replaces is None]
    return not version.is_repeatable and any(version <= each.version.base for each in unlisted)


def to_begin_with(
    scripts: Sequence[model.Script],
    history: Sequence[model.HistoryRow],
    wanted: Optional[AbstractSet[model.Version]] = None,
) -> Optional[model.Script]:
    """Return the checkpoint that a database begins with; None: it has something already, or there is none.

    :param wanted: the versions up to which to apply; None: all.
    :raises ScriptInvalid: when two checkpoints don't go together.
    :raises Missing: when files are gone that the database needs on its way, and no checkpoint takes their place for it.
    """
    plain, checkpoints = apart(scripts)
    _refuse_overlaps(checkpoints, plain)
    if any(not row.version.is_repeatable for row in history):
        for checkpoint in checkpoints:
            _require_way(checkpoint, plain, history, wanted)
        return None
    fitting = [each for each in checkpoints if wanted is None or each.version.base in wanted]
    begin = fitting[-1] if fitting else None
    _require_beginning(begin, scripts, wanted)
    return begin


def beginning(checkpoint: model.Script, plain: Sequence[model.Script]) -> model.Step:
    """Return the step of a new database that begins with a checkpoint."""
    replaced = replaced_by(checkpoint, plain)
    others = tuple(each for each in replaced if each.version != checkpoint.version.base)
    return model.Step(checkpoint, model.Direction.UP, model.Reason.CHECKPOINT, replaces=others)


def passed_over(
    scripts: Sequence[model.Script], history: Sequence[model.HistoryRow], begin: Optional[model.Script]
) -> AbstractSet[model.Version]:
    """Return the versions that are never to be applied, since a checkpoint has taken, or takes, their place.

    :param begin: the checkpoint that the database begins with now.
    """
    plain, dummy = apart(scripts)
    taken = (*((begin,) if begin is not None else ()), *begun_with(scripts, history))
    return {each.version for checkpoint in taken for each in replaced_by(checkpoint, plain)}


def begun_with(scripts: Sequence[model.Script], history: Sequence[model.HistoryRow]) -> Scripts:
    """Return the checkpoints that a database has begun with."""
    events = {row.version: row.event for row in history}
    dummy, checkpoints = apart(scripts)
    return tuple(each for each in checkpoints if events.get(each.version.base) == model.Event.CHECKPOINT.value)


def is_applied(checkpoint: model.Script, plain: Sequence[model.Script], history: Sequence[model.HistoryRow]) -> bool:
    """Return whether a history has all that a checkpoint takes the place of."""
    applied = {row.version for row in history if row.applied is not None}
    if checkpoint.checkpoint is not None and checkpoint.checkpoint.replaces is None:
        return any(version >= checkpoint.version.base and not version.is_repeatable for version in applied)
    return all(each.version in applied for each in replaced_by(checkpoint, plain))


def changed_since(begin: model.Script, plain: Sequence[model.Script]) -> List[model.Script]:
    """Return the scripts that were changed after the checkpoint was made that takes their place."""
    listed = begin.checkpoint.replaces if begin.checkpoint is not None else None
    then = {model.Version.parse(each.version): each.checksum for each in listed or ()}
    return [each for each in plain if formats.differ(then.get(each.version), each.checksum)]


def _require_beginning(
    begin: Optional[model.Script], scripts: Sequence[model.Script], wanted: Optional[AbstractSet[model.Version]]
) -> None:
    """Refuse a new database that can't come to its version: only a checkpoint beyond that has what is gone."""
    plain, checkpoints = apart(scripts)
    needed = [each for each in with_replaced(scripts) if wanted is None or each.version in wanted]
    gone = [each for each in needed if not each.path and not (begin and _covers(begin, each.version, plain))]
    if gone:
        last = max(each.version for each in needed)
        beyond = next(each for each in checkpoints if _covers(each, gone[0].version, plain))
        raise errors.Missing(
            "A new database can't come to the version %s: the files of migrations are gone (%s), and the checkpoint "
            "that takes their place, %s, goes beyond that version"
            % (last, some([each.label for each in gone]), beyond.label),
            hint="Nothing was touched. Ask for the version %s at least; or bring the files back from version control."
            % beyond.version,
            version=str(gone[0].version),
            path=beyond.path,
        )


def _covers(checkpoint: model.Script, version: model.Version, plain: Sequence[model.Script]) -> bool:
    """Return whether a checkpoint takes the place of a version, whether or not that has a file."""
    if checkpoint.checkpoint is not None and checkpoint.checkpoint.replaces is None:
        return version <= checkpoint.version.base
    return any(each.version == version for each in replaced_by(checkpoint, plain))


def _require_way(
    checkpoint: model.Script,
    plain: Sequence[model.Script],
    history: Sequence[model.HistoryRow],
    wanted: Optional[AbstractSet[model.Version]],
) -> None:
    """Refuse a database that is on its way to a checkpoint, and can't go on."""
    if is_applied(checkpoint, plain, history):
        return
    replaced, recorded = replaced_by(checkpoint, plain), {row.version for row in history}
    left = [each for each in replaced if each.version not in recorded and (wanted is None or each.version in wanted)]
    gone = [each for each in left if not each.path]
    listed = checkpoint.checkpoint is not None and checkpoint.checkpoint.replaces is not None
    if not listed and len(replaced) > 1:
        gone = [each for each in gone if each.version != checkpoint.version.base]  # it may be of the checkpoint alone
    if gone:
        raise _stuck_error(checkpoint, len(replaced), len(left), gone)


def _stuck_error(
    checkpoint: model.Script, total: int, left: int, gone: Sequence[model.Script]
) -> errors.MigrationError:
    return errors.Missing(
        "This database has %d of the %d migrations that the checkpoint %s takes the place of, and the files of others "
        "are gone: %s" % (total - left, total, checkpoint.label, some([each.label for each in gone])),
        hint="Nothing was touched. A checkpoint is for a new database: bring the files back from version control and "
        "apply them here; or, if the database has what they do, mark them as applied with pg_migration_mark.",
        version=str(gone[0].version),
        path=checkpoint.path,
    )


def _refuse_overlaps(checkpoints: Sequence[model.Script], plain: Sequence[model.Script]) -> None:
    """Refuse a checkpoint that lacks something which an earlier one has."""
    for earlier, later in combinations(checkpoints, 2):
        has = {each.version for each in replaced_by(later, plain)}
        lacking = [each for each in replaced_by(earlier, plain) if each.version not in has]
        if lacking and later.checkpoint is not None and later.checkpoint.replaces is not None:
            raise errors.ScriptInvalid(
                "The checkpoints %s and %s overlap: the second doesn't take the place of %s, which the first does"
                % (earlier.path, later.path, lacking[0].label),
                hint="Nothing was touched. They were made of different directories, or branches: remove the second, "
                "and squash again with all scripts there.",
                version=str(later.version),
                path=later.path,
            )

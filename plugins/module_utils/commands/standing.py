# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each migration stands, by scripts and history."""

from __future__ import annotations

from typing import AbstractSet, Callable, Iterable, List, NamedTuple, Optional, Sequence

from .. import errors, model
from ..planning.checkpoints import apart, is_applied, is_replaced, passed_over, to_begin_with, with_replaced
from ..planning.integrity import is_modified
from ..scripts.kinds.catalogue import read

CHECKPOINT = "checkpoint"
PENDING = (model.State.PENDING, model.State.FAILED)


class Standing(NamedTuple):
    """One migration, and where it stands.

    :ivar applied_at: the server's time in ISO 8601, in UTC.
    :ivar missing: it is recorded, and its file is gone.
    :ivar release: the release that it was applied with.
    :ivar retired: that is so on purpose, as somebody has said.
    :ivar modified: its checksum differs from the one recorded.
    """

    version: model.Version
    name: str
    kind: Optional[str]
    state: model.State
    repeatable: bool = False
    reversible: Optional[bool] = None
    applied_at: Optional[str] = None
    modified: bool = False
    missing: bool = False
    retired: bool = False
    release: Optional[str] = None

    @property
    def is_odd(self) -> bool:
        """Return whether scripts and history don't agree on it."""
        return self.modified or (self.missing and not self.retired)


def standings(
    scripts: Sequence[model.Script],
    rows: Sequence[model.HistoryRow],
    failed: AbstractSet[model.Version],
    warn: Callable[[str], None],
) -> List[Standing]:
    """Return where each stands.

    :param failed: the versions whose last event is a failure.
    :param warn: is called with what would keep a run from beginning with a checkpoint.
    """
    plain, checkpoints = apart(scripts)
    begin = _begin(scripts, rows, warn)
    found = [*_of_scripts(plain, rows, failed), *_of_missing(scripts, rows)]
    found = _without_passed_over(found, passed_over(scripts, rows, begin))
    return found + [_of_checkpoint(each, plain, rows, each is begin) for each in checkpoints]


def _of_scripts(
    scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow], failed: AbstractSet[model.Version]
) -> Iterable[Standing]:
    recorded = {row.version: row for row in rows}
    for script in scripts:
        row = recorded.get(script.version)
        yield Standing(
            script.version,
            script.name,
            script.kind,
            _state(script, row, failed),
            script.repeatable or script.repeats_on_change,
            applied_at=row.applied if row else None,
            release=row.release if row else None,
            modified=row is not None and row.applied is not None and is_modified(script, row),
        )


def _of_missing(scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow]) -> Iterable[Standing]:
    plain, checkpoints = apart(scripts)
    there, known = {script.version for script in plain}, with_replaced(scripts)
    for row in rows:
        if row.version not in there:
            state = model.State.DEFERRED if row.applied is None else model.State.APPLIED
            missing = not is_replaced(row.version, known, checkpoints)
            yield Standing(
                row.version, row.name or "", None, state, applied_at=row.applied, missing=missing, release=row.release
            )


def _begin(
    scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow], warn: Callable[[str], None]
) -> Optional[model.Script]:
    """Return the checkpoint that a run would begin with; what would keep it from running is no more than a warning."""
    try:
        return to_begin_with(scripts, rows)
    except errors.MigrationError as error:
        warn(error.sentence())
        return None


def _without_passed_over(standings: Sequence[Standing], never: AbstractSet[model.Version]) -> List[Standing]:
    """Return where each stands, if some are never to be applied since a checkpoint takes their place."""
    passed = model.State.PASSED_OVER
    return [
        each._replace(state=passed) if each.state in PENDING and each.version in never else each for each in standings
    ]


def _of_checkpoint(
    script: model.Script, plain: Sequence[model.Script], rows: Sequence[model.HistoryRow], begins: bool
) -> Standing:
    row = next((each for each in rows if each.version == script.version.base), None)
    applied = is_applied(script, plain, rows)
    state = model.State.PENDING if begins else model.State.APPLIED if applied else model.State.PASSED_OVER
    at = row.applied if row is not None and applied else None
    modified = is_modified(script, row)
    return Standing(script.version, script.name, CHECKPOINT, state, applied_at=at, modified=modified)


def _state(script: model.Script, row: Optional[model.HistoryRow], failed: AbstractSet[model.Version]) -> model.State:
    if row is not None:
        return model.State.DEFERRED if row.applied is None else model.State.APPLIED
    if script.version in failed:
        return model.State.FAILED
    return model.State.DEFERRED if script.deferred else model.State.PENDING


def with_reversible(found: Sequence[Standing], scripts: Sequence[model.Script]) -> List[Standing]:
    """Return what is shown with whether it can be rolled back; to look for that in others would be for nothing."""
    shown = {each.version for each in found}
    known = {script.version: _reversible(script) for script in scripts if script.version in shown}
    return [each._replace(reversible=known.get(each.version)) for each in found]


def _reversible(script: model.Script) -> Optional[bool]:
    """Return whether it has a down; None: it can't be read."""
    try:
        return read(script).down is not None
    except errors.MigrationError:
        return None

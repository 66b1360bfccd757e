# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""(scripts, history, what is asked for) → Plan. Pure functions."""

from __future__ import annotations

from typing import AbstractSet, Dict, List, Optional, Sequence, Tuple

from .. import errors, model, revisions
from .checkpoints import apart, beginning, passed_over, to_begin_with, with_replaced

LATEST = "latest"
NOTHING = "0"
# By the event of a row: why it can't be rolled back, and what it came with.
NEVER_RAN = {
    model.Event.CHECKPOINT.value: (
        "The migration %s came with a checkpoint: this database has begun with that, and never ran it",
        "checkpoint",
    ),
    model.Reason.BASELINE.value: (
        "The migration %s belongs to the baseline: it was recorded, and never run here",
        "baseline",
    ),
}


def plan_migrate(
    scripts: Sequence[model.Script],
    history: Sequence[model.HistoryRow],
    target: Optional[str] = None,
    run_deferred: bool = False,
) -> model.Plan:
    """Decide what to apply.

    :param scripts: all scripts on disk, ordered by version, checkpoints among them.
    :param target: version up to and including which to apply; None: all.
    :param run_deferred: apply deferred migrations too.
    :raises UnknownVersion: when no script has the version asked for.
    :raises Missing, ScriptInvalid: see to_begin_with.
    """
    plain, dummy = apart(scripts)
    rows = {row.version: row for row in history}
    applied = [version for version, row in rows.items() if row.applied is not None]
    wanted = up_to(target, with_replaced(scripts), applied) if target is not None else None
    beyond = {script.version for script in plain} - wanted if wanted is not None else set()
    begin = to_begin_with(scripts, history, wanted)
    replaced = passed_over(scripts, history, begin)
    steps: List[model.Step] = [beginning(begin, plain)] if begin is not None else []
    left_out: List[Tuple[model.Script, model.Reason]] = []
    for script in plain:
        if script.version in replaced:
            continue
        row = rows.get(script.version)
        deferred = _is_deferred(script, row)
        if _is_settled(script, row):
            continue
        if script.version in beyond:
            left_out += [(script, model.Reason.BEYOND_VERSION)] if row is None or row.applied is None else []
        elif deferred and not run_deferred:
            left_out.append((script, model.Reason.DEFERRED))
        else:
            reason = _reason(script, deferred)
            steps.append(model.Step(script, model.Direction.UP, reason, row.spellings if row else ()))
    return _found(scripts, history)._replace(steps=tuple(steps), left_out=tuple(left_out))


def plan_rollback(
    scripts: Sequence[model.Script],
    history: Sequence[model.HistoryRow],
    target: Optional[str] = None,
    steps: int = 1,
    later: Optional[Sequence[model.HistoryRow]] = None,
) -> model.Plan:
    """Decide what to roll back; deferred migrations are left alone.

    :param target: everything above this version is rolled back ("0": everything); None: go by steps.
    :param steps: how many to roll back, the last applied first.
    :param later: what came after a release, and is rolled back in this order; None: go by the others.
    :raises UnknownVersion: when neither a script nor the history has the version asked for.
    :raises Missing: when the file of one of them is gone.
    :raises Irreversible: when one of them belongs to the baseline, or came with a checkpoint.
    """
    scripts, dummy = apart(scripts)
    applied = [row for row in history if row.applied is not None and not row.version.is_repeatable]
    newest_first = sorted(applied, key=lambda row: (row.applied or "", row.version), reverse=True)
    if later is not None:
        chosen = list(later)
    elif target is None:
        if steps < 1:
            raise errors.OptionInvalid(
                "steps: %d is no number of migrations to roll back" % steps, hint="Name 1 or more."
            )
        chosen = newest_first[:steps]
    else:
        chosen = _above(target, scripts, history, newest_first)
    _require_reversible(chosen, history)
    _require_files(chosen, scripts)
    files = {script.version: script for script in scripts}
    planned = [
        model.Step(files[row.version], model.Direction.DOWN, model.Reason.ROLL_BACK, row.spellings) for row in chosen
    ]
    return _found(scripts, history)._replace(steps=tuple(planned))


def plan_baseline(scripts: Sequence[model.Script], version: str) -> Tuple[model.Script, ...]:
    """Decide what to record as applied without running it: up to a version, "latest" for all, "0" for nothing.

    :raises UnknownVersion: when no script has the version.
    """
    scripts = with_replaced(scripts)
    if version == LATEST:
        return tuple(scripts)
    if version == NOTHING:
        return ()
    wanted = up_to(version, scripts)
    return tuple(script for script in scripts if script.version in wanted)


def up_to(
    target: str, scripts: Sequence[model.Script], applied: Sequence[model.Version] = ()
) -> AbstractSet[model.Version]:
    """Return the versions that belong to a target: those up to it, or those that a graph puts before it.

    :param applied: what a target like +1 is counted from.
    :raises UnknownVersion: when no script has the version.
    """
    graph = revisions_of(scripts)
    if graph:
        found = revisions.upwards(graph, target, [version.text for version in applied])
        return {script.version for script in scripts if script.version.text in found}
    last = find_version(target, scripts)
    return {script.version for script in scripts if script.version <= last}


def revisions_of(scripts: Sequence[model.Script]) -> Dict[str, model.Revision]:
    """Return the graph of scripts, by version; empty, where they are ordered by their versions."""
    return {script.version.text: script.revision for script in scripts if script.revision is not None}


def _above(
    target: str,
    scripts: Sequence[model.Script],
    history: Sequence[model.HistoryRow],
    newest_first: List[model.HistoryRow],
) -> List[model.HistoryRow]:
    """Return what is applied above a target, in the order in which it is rolled back."""
    graph = revisions_of(scripts)
    if target == NOTHING or (graph and target == revisions.BASE):
        return newest_first
    if not graph:
        floor = find_version(target, scripts, [row.version for row in history])
        return [row for row in newest_first if row.version > floor]
    _require_files(newest_first, scripts)
    applied = {row.version.text: row for row in newest_first}
    return [applied[each] for each in revisions.downwards(graph, target, applied) if each in applied]


def _reason(script: model.Script, deferred: bool) -> model.Reason:
    if deferred:
        return model.Reason.DEFERRED
    return model.Reason.REPEATABLE if script.repeatable or script.repeats_on_change else model.Reason.PENDING


def _is_settled(script: model.Script, row: Optional[model.HistoryRow]) -> bool:
    """Return whether a script is applied, and has no reason to run again.

    A checksum in another format is none that could be compared: what runs at each change runs, and is recorded anew.
    """
    if row is None or row.applied is None or script.repeatable:
        return False
    return not script.repeats_on_change or row.checksum == script.checksum


def _is_deferred(script: model.Script, row: Optional[model.HistoryRow]) -> bool:
    """A mark wins over the script's own word; once applied, only a repeatable one is still deferred by its word."""
    if row is None:
        return script.deferred
    return row.applied is None or (script.repeatable and script.deferred)


def _found(scripts: Sequence[model.Script], history: Sequence[model.HistoryRow]) -> model.Plan:
    return model.Plan(
        steps=(),
        applied=tuple(row.version for row in history if row.applied is not None and not row.version.is_repeatable),
        latest=max((script.version.base for script in scripts if not script.version.is_repeatable), default=None),
    )


def _require_reversible(rows: Sequence[model.HistoryRow], history: Sequence[model.HistoryRow]) -> None:
    """Refuse to roll back what has never run in this database."""
    for row in rows:
        if row.event in NEVER_RAN:
            sentence, what = NEVER_RAN[row.event]
            lowest = max(each.version for each in history if each.event == row.event)
            raise errors.Irreversible(
                sentence % row.version,
                hint="Nothing was rolled back. Version %s, the %s's, is the lowest that this database can be rolled "
                "back to." % (lowest, what),
                version=str(row.version),
            )


def _require_files(rows: Sequence[model.HistoryRow], scripts: Sequence[model.Script]) -> None:
    files = {script.version for script in scripts}
    for row in rows:
        if row.version not in files:
            raise errors.Missing(
                "The migration %s is applied, but its file is gone"
                % "_".join(filter(None, [str(row.version), row.name])),
                hint="Nothing was rolled back. Bring the file back, or forget the migration with pg_migration_mark, "
                "state: pending.",
                version=str(row.version),
            )


def find_version(target: str, scripts: Sequence[model.Script], recorded: Sequence[model.Version] = ()) -> model.Version:
    """Return the version asked for; one that nobody knows is more likely misspelt than meant.

    :param recorded: versions of the history that count as known too.
    :raises UnknownVersion: names those that come near.
    """
    graph = revisions_of(scripts)
    if graph and target not in {version.text for version in recorded}:
        name = revisions.named(graph, target)
        return next(script.version for script in scripts if script.version.text == name)
    try:
        wanted = model.Version.recorded(target) if graph else model.Version.parse(target)
    except ValueError as error:
        raise errors.UnknownVersion("version: %s" % error, hint="Name a version as in a script's file name.") from None
    known = [script.version for script in scripts]
    for version in (*known, *recorded):
        if version == wanted:
            return version
    named = [version for version in known if version.begins_with(target)]
    if len(named) == 1:
        return named[0]
    import difflib  # few are misspelt, and it would cost every run

    texts = list(map(str, named or known))
    near = difflib.get_close_matches(target, texts, n=3) or texts[-3:]
    raise errors.UnknownVersion(
        "No script has the version %s" % target,
        hint=("Did you mean %s?" % " or ".join(near)) if near else "There are no scripts at all.",
        version=target,
    )

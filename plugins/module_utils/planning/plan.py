# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""(scripts, history, what is asked for) → Plan. Pure functions."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from .. import errors, model

LATEST = "latest"
NOTHING = "0"


def plan_migrate(
    scripts: Sequence[model.Script],
    history: Sequence[model.HistoryRow],
    target: Optional[str] = None,
    run_deferred: bool = False,
) -> model.Plan:
    """Decide what to apply.

    :param scripts: all scripts on disk, ordered by version.
    :param target: version up to and including which to apply; None: all.
    :param run_deferred: apply deferred migrations too.
    :raises UnknownVersion: when no script has the version asked for.
    """
    rows = {row.version: row for row in history}
    last = find_version(target, scripts) if target is not None else None
    steps: List[model.Step] = []
    left_out: List[Tuple[model.Script, model.Reason]] = []
    for script in scripts:
        row = rows.get(script.version)
        deferred = _is_deferred(script, row)
        if _is_settled(script, row):
            continue
        if last is not None and script.version > last:
            left_out += [(script, model.Reason.BEYOND_VERSION)] if row is None or row.applied is None else []
        elif deferred and not run_deferred:
            left_out.append((script, model.Reason.DEFERRED))
        else:
            repeatable = script.repeatable or script.repeats_on_change
            reason = (
                model.Reason.DEFERRED if deferred else model.Reason.REPEATABLE if repeatable else model.Reason.PENDING
            )
            steps.append(model.Step(script, model.Direction.UP, reason, row.spellings if row else ()))
    return _found(scripts, history)._replace(steps=tuple(steps), left_out=tuple(left_out))


def plan_rollback(
    scripts: Sequence[model.Script], history: Sequence[model.HistoryRow], target: Optional[str] = None, steps: int = 1
) -> model.Plan:
    """Decide what to roll back; deferred migrations are left alone.

    :param target: everything above this version is rolled back ("0": everything); None: go by steps.
    :param steps: how many to roll back, the last applied first.
    :raises UnknownVersion: when neither a script nor the history has the version asked for.
    :raises Missing: when the file of one of them is gone.
    :raises Irreversible: when one of them belongs to the baseline.
    """
    applied = [row for row in history if row.applied is not None and not row.version.is_repeatable]
    newest_first = sorted(applied, key=lambda row: (row.applied or "", row.version), reverse=True)
    if target is None:
        if steps < 1:
            raise errors.OptionInvalid(
                "steps: %d is no number of migrations to roll back" % steps, hint="Name 1 or more."
            )
        chosen = newest_first[:steps]
    else:
        floor = None if target == NOTHING else find_version(target, scripts, [row.version for row in history])
        chosen = [row for row in newest_first if floor is None or row.version > floor]
    files = {script.version: script for script in scripts}
    _require_reversible(chosen, files)
    planned = [
        model.Step(files[row.version], model.Direction.DOWN, model.Reason.ROLL_BACK, row.spellings) for row in chosen
    ]
    return _found(scripts, history)._replace(steps=tuple(planned))


def plan_baseline(scripts: Sequence[model.Script], version: str) -> Tuple[model.Script, ...]:
    """Decide what to record as applied without running it: up to a version, "latest" for all, "0" for nothing.

    :raises UnknownVersion: when no script has the version.
    """
    if version == LATEST:
        return tuple(scripts)
    if version == NOTHING:
        return ()
    last = find_version(version, scripts)
    return tuple(script for script in scripts if script.version <= last)


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
        latest=max((script.version for script in scripts if not script.version.is_repeatable), default=None),
    )


def _require_reversible(rows: Sequence[model.HistoryRow], files: Dict[model.Version, model.Script]) -> None:
    for row in rows:
        if row.event == model.Reason.BASELINE.value:
            raise errors.Irreversible(
                "The migration %s belongs to the baseline: it was recorded, and never run here" % row.version,
                hint="Nothing was rolled back. Roll back to the baseline's version at most.",
                version=str(row.version),
            )
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
    try:
        wanted = model.Version.parse(target)
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

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where scripts and history don't agree, and what is to be done about it. Pure functions."""

from __future__ import annotations

from typing import AbstractSet, Dict, List, Optional, Sequence, Tuple, Type

from .. import errors, formats, model, revisions
from .checkpoints import apart, changed_since, is_replaced, with_replaced
from .plan import revisions_of
from .request import Policies

SENTENCES = {
    model.Flaw.MODIFIED: "Modified after it was applied: %s",
    model.Flaw.SQUASHED: "Modified after the checkpoint was made that takes their place: %s",
    model.Flaw.MISSING: "Applied, but the file is gone: %s",
    model.Flaw.OUT_OF_ORDER: "Not applied, yet below the current version: %s",
}
FAILURES: Dict[model.Flaw, Tuple[Type[errors.MigrationError], str]] = {
    model.Flaw.MODIFIED: (
        errors.Modified,
        "Nothing was touched. Restore what was applied and put the change into a new migration; if the database is as "
        "the script says now, mark the version as applied again with pg_migration_mark; or set on_modified.",
    ),
    model.Flaw.SQUASHED: (
        errors.Modified,
        "Nothing was touched. Restore them, and put the change into a new migration; or remove the checkpoint, and "
        "squash again; or set on_modified.",
    ),
    model.Flaw.MISSING: (
        errors.Missing,
        "Nothing was touched. Bring the file back; or, if it is gone on purpose, say so with pg_migration_mark, "
        "state: retired; or set on_missing.",
    ),
    model.Flaw.OUT_OF_ORDER: (
        errors.OutOfOrder,
        "Nothing was touched. Give it a version above the current one, or set on_out_of_order: apply.",
    ),
}


def examine(
    scripts: Sequence[model.Script],
    history: Sequence[model.HistoryRow],
    plan: model.Plan,
    retired: AbstractSet[model.Version] = frozenset(),
) -> Tuple[model.Finding, ...]:
    """Return what doesn't agree: first what was modified, then what is missing, then what is out of order.

    A repeatable script may change: it runs again. A checksum that another tool didn't record can't differ. What a
    checkpoint takes the place of isn't missing.

    :param retired: what is gone on purpose.
    """
    rows = {row.version: row for row in history if row.applied is not None}
    known, (plain, checkpoints) = with_replaced(scripts), apart(scripts)
    current = max(plan.applied, default=None)
    modified = [each for each in scripts if is_modified(each, rows.get(each.version.base))]
    begins = [step.script for step in plan.steps if step.reason is model.Reason.CHECKPOINT]
    squashed = [each for begin in begins for each in changed_since(begin, plain)]
    files = {*retired, *(script.version for script in known)}
    unknown = [row for row in history if row.applied is not None and row.version not in files]
    missing = [row for row in unknown if not is_replaced(row.version, (), checkpoints)]
    pending = [step.script for step in plan.steps if step.reason is model.Reason.PENDING]
    late = _below(pending, plain, plan) if current is not None else []
    return (
        *(_of_script(model.Flaw.MODIFIED, script) for script in modified),
        *(_of_script(model.Flaw.SQUASHED, script) for script in squashed),
        *(model.Finding(model.Flaw.MISSING, row.version, _label(row)) for row in missing),
        *(_of_script(model.Flaw.OUT_OF_ORDER, script) for script in late),
    )


def _below(pending: Sequence[model.Script], scripts: Sequence[model.Script], plan: model.Plan) -> List[model.Script]:
    """Return what should have been applied before something that is; in a graph, branches are beside each other."""
    graph = revisions_of(scripts)
    if not graph:
        return [script for script in pending if script.version < max(plan.applied)]
    needed = revisions.below(graph, [version.text for version in plan.applied])
    return [script for script in pending if script.version.text in needed]


def settle(plan: model.Plan, policies: Policies) -> Tuple[model.Plan, List[str]]:
    """Return the plan as the policies want it, and what to warn of.

    :raises MigrationError: Modified, Missing or OutOfOrder, naming all of them, where the policy says fail.
    """
    chosen = {
        model.Flaw.MODIFIED: policies.modified,
        model.Flaw.SQUASHED: policies.modified,
        model.Flaw.MISSING: policies.missing,
        model.Flaw.OUT_OF_ORDER: policies.out_of_order,
    }
    warnings = []
    for flaw, policy in chosen.items():
        found = [finding for finding in plan.findings if finding.flaw is flaw]
        if not found or policy == "apply":
            continue
        sentence = SENTENCES[flaw] % ", ".join(each.path or each.label for each in found)
        if policy == "fail":
            kind, hint = FAILURES[flaw]
            raise kind(sentence, hint=hint, version=str(found[0].version), path=found[0].path)
        if policy == "warn":
            warnings.append(sentence + ".")
        elif flaw is model.Flaw.OUT_OF_ORDER:
            plan = _without(plan, found)
    return plan, warnings


def _without(plan: model.Plan, found: Sequence[model.Finding]) -> model.Plan:
    versions = {finding.version for finding in found}
    late = tuple((step.script, model.Reason.OUT_OF_ORDER) for step in plan.steps if step.script.version in versions)
    steps = tuple(step for step in plan.steps if step.script.version not in versions)
    return plan._replace(steps=steps, left_out=plan.left_out + late)


def is_modified(script: model.Script, row: Optional[model.HistoryRow]) -> bool:
    """Return whether an applied script's text isn't the recorded one; not where that can't be known.

    What came with a checkpoint has the checkpoint's text.

    :param row: of its version; None: there is none.
    """
    if row is None or row.applied is None or script.repeatable or script.repeats_on_change:
        return False
    if (script.checkpoint is not None) != (row.event == model.Event.CHECKPOINT.value):
        return False
    return formats.differ(row.checksum, script.checksum)


def _of_script(flaw: model.Flaw, script: model.Script) -> model.Finding:
    return model.Finding(flaw, script.version, script.label, script.path)


def _label(row: model.HistoryRow) -> str:
    return "_".join(filter(None, [str(row.version), row.name]))

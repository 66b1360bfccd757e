# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exit_json returns, in check mode and in diff mode: values → plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Sequence

from .. import errors, model
from ..commands.report import Report
from ..hazard import Hazard

if TYPE_CHECKING:  # a run with nothing to do never needs it
    from ..precheck import Precheck

NOT_RUN = "not_run"
DRIFTED = "changed since the last run (%s), and not by a migration:\n%s"


def migrate_result(report: Report, checking: bool) -> Dict[str, Any]:
    """Return pg_migrate's result for a run that came to its end."""
    return {**_planned(report, _known(report, checking)), "warnings": list(report.warnings)}


def failure(report: Report, checking: bool, error: Optional[errors.MigrationError] = None) -> Dict[str, Any]:
    """Return what is known of a run that failed, and why it did."""
    result = _known(report, checking)
    del result["msg"]
    return _planned(report, result, error)


def _planned(report: Report, result: Dict[str, Any], error: Optional[errors.MigrationError] = None) -> Dict[str, Any]:
    """Return the result with the plan as rows, and its summary; a fault of theirs is none of the run's."""
    skipped = {outcome.step for outcome in report.progress.skipped}
    steps = [step for step in report.plan.steps if step not in skipped]
    result = {**result, "plan": [], "summary": []}
    if not steps:
        return result
    try:
        result.update(_plan(report, steps, result, error))
        if report.is_wanted:
            result["report"] = _collected(report)
    except Exception as fault:  # noqa: BLE001
        result["summary"].append("Not all of this could be made (%s: %s)." % (type(fault).__name__, fault))
    return result


def _plan(
    report: Report, steps: Sequence[model.Step], result: Dict[str, Any], error: Optional[errors.MigrationError]
) -> Dict[str, Any]:
    """Return target, plan and summary. What makes them is imported only where there is a plan."""
    from ..report.plan import Ran, rows_of
    from ..report.summary import summary

    migrations = {step.script: migration for step, migration in report.jobs}
    found: Dict[str, Any] = {
        "target": report.target.address if report.target else None,
        "plan": rows_of(
            steps, migrations, Ran(_done(report), report.progress.failed, report.applied is None, report.hazards)
        ),
    }
    return {**found, "summary": summary({**result, **found, "error": error.to_result() if error else None})}


def _done(report: Report) -> Sequence[model.Outcome]:
    """Return the steps that came to their end: in a real run, else on the copy."""
    on_copy = report.applied is None and report.checked is not None
    return report.checked.rehearsal.progress.done if report.checked and on_copy else report.progress.done


def _collected(report: Report) -> Dict[str, Any]:
    """Return what a report for people needs."""
    from ..report.collected import collected

    skipped = {outcome.step for outcome in report.progress.skipped}
    jobs = [(step, migration) for step, migration in report.jobs if step not in skipped]
    sent = {outcome.step: outcome.sent for outcome in _done(report) if outcome.sent is not None}
    return collected(report.snapshots, jobs, sent)


def _known(report: Report, checking: bool) -> Dict[str, Any]:
    progress, plan = report.progress, report.plan
    rehearsed_only = checking and progress.failed is None and not report.proofs
    result: Dict[str, Any] = {
        "changed": bool(progress.done) or plan.baseline is not None or (rehearsed_only and bool(progress.left)),
        "msg": sentence(report, checking),
        "applied": [_outcome(each) for each in progress.done if each.step.direction is model.Direction.UP],
        "rolled_back": [_outcome(each) for each in progress.done if each.step.direction is model.Direction.DOWN],
        # Not "skipped", as it would be called: to Ansible a result with that key is a task that was skipped.
        "passed_over": _passed_over(plan, progress),
        "pending": _pending(plan, progress),
        "current_version": _text(report.current),
        "latest_version": _text(plan.latest),
    }
    if report.diffs is not None:
        result["schema_changed"] = any(report.diffs)
        result["diff"] = [{"prepared": text} for text in report.diffs if text]
    if report.rehearsal is not None:
        result["rehearsal"] = _rehearsal(report.rehearsal)
        result["cluster_changes"] = [told for dummy, told in report.rehearsal.changes]
    if report.hazards is not None:
        result["hazards"] = [_hazard(each) for each in report.hazards]
    if report.prechecks is not None:
        result["prechecks"] = [_precheck(each) for each in report.prechecks]
    if report.plan_digest is not None:
        result["plan_digest"] = report.plan_digest
    if report.drift is not None:
        result["drift"] = {"since": report.drift.since, "diff": report.drift.diff}
        if report.diffs is not None:
            result["diff"].insert(0, {"prepared": DRIFTED % (report.drift.since, report.drift.diff)})
    if report.database_missing:
        result["database_missing"] = True
    if report.written is not None:
        result.update(changed=report.written.differs, script_file=report.written.path)
    if progress.failed is not None:
        result["failed_migration"] = _outcome(progress.failed)
    return {**result, **_tested(report)} if report.proofs else result


def _rehearsal(rehearsal: Any) -> Dict[str, Any]:
    """Return where it was, how long it took, and what it couldn't prove."""
    where = {"where": rehearsal.where, "on": rehearsal.on, "role": rehearsal.role}
    took = getattr(rehearsal, "duration_ms", None)  # proofs have none
    return {**where, "duration_ms": took, "not_proved": list(rehearsal.unproved)}


def sentence(report: Report, checking: bool) -> str:
    """Return what happened, in one sentence."""
    done, left = report.progress.done, report.progress.left
    if report.proofs:
        return "Tested %s." % _count(proof.script for proof in report.proofs)
    steps = [outcome.step for outcome in done] + (list(left) if checking else [])
    if not steps:
        return _nothing(report.plan, checking)
    up = steps[0].direction is model.Direction.UP
    what = _count(step.script for step in steps)
    if not checking:
        took = _readable(sum(outcome.duration_ms for outcome in done))
        return "%s %s in %s%s." % ("Applied" if up else "Rolled back", what, took, _deferred(report.plan))
    if report.written is not None:
        verb = "Wrote" if report.written.differs else "Would write nothing new into"
        return "%s %s: %s." % (verb, report.written.path, what)
    how = "not rehearsed"
    if report.rehearsal is not None:
        how = "rehearsed %s %s" % ("on" if report.rehearsal.on == "server" else "in", report.rehearsal.where)
    if left and report.rehearsal is not None:
        how += ", but not from %s on" % left[0].script.label
    return "Would %s %s; %s." % ("apply" if up else "roll back", what, how)


def _nothing(plan: model.Plan, checking: bool) -> str:
    version = _text(max(plan.applied, default=None)) or "0"
    if plan.baseline is None:
        return "Nothing to do; the database is at version %s%s." % (version, _deferred(plan))
    verb = "Would begin" if checking else "Began"
    what = _count(plan.baseline) if plan.baseline else "no migration"
    return "%s the history with %s as the baseline; nothing to run." % (verb, what)


def _readable(duration_ms: int) -> str:
    return "%d ms" % duration_ms if duration_ms < 100 else "%.1f s" % (duration_ms / 1000)


def _deferred(plan: model.Plan) -> str:
    count = sum(why is model.Reason.DEFERRED for dummy, why in plan.left_out)
    return "; %d deferred" % count if count else ""


def _count(scripts: Iterable[model.Script]) -> str:
    versions = [str(script.version) for script in scripts]
    if len(versions) == 1:
        return "1 migration (%s)" % versions[0]
    return "%d migrations (%s … %s)" % (len(versions), versions[0], versions[-1])


def _passed_over(plan: model.Plan, progress: model.Progress) -> List[Dict[str, Any]]:
    baseline = [_script(script, model.Reason.BASELINE.value) for script in plan.baseline or ()]
    passed = (model.Reason.DEFERRED, model.Reason.OUT_OF_ORDER)
    deferred = [_script(script, why.value) for script, why in plan.left_out if why in passed]
    return baseline + deferred + [_outcome(outcome) for outcome in progress.skipped]


def _pending(plan: model.Plan, progress: model.Progress) -> List[Dict[str, Any]]:
    left = [_script(step.script, NOT_RUN) for step in progress.left if step.direction is model.Direction.UP]
    return left + [_script(script, why.value) for script, why in plan.left_out if why is model.Reason.BEYOND_VERSION]


def _tested(report: Report) -> Dict[str, Any]:
    """Return the verdicts; each diff is shown under its migration's name."""
    shown: List[Dict[str, Any]] = [
        {"version": str(each.script.version), "name": each.script.name, "path": each.script.path}
        for each in report.proofs
    ]
    for one, each in zip(shown, report.proofs):
        one.update(result=each.verdict.value, diff=each.diff, error=each.error.message if each.error else None)
    diffs = [{"prepared": "%s: %s\n%s" % (each.script.label, each.verdict.value, each.diff)} for each in report.proofs]
    return {"tested": shown, "diff": [diff for diff, each in zip(diffs, report.proofs) if each.diff]}


def _outcome(outcome: model.Outcome) -> Dict[str, Any]:
    shown = _script(outcome.step.script, outcome.note)
    shown["duration_ms"] = outcome.duration_ms
    shown["output"] = outcome.output.splitlines()
    return shown


def _script(script: model.Script, reason: Optional[str]) -> Dict[str, Any]:
    return {"version": str(script.version), "name": script.name, "path": script.path, "reason": reason}


def _hazard(hazard: Hazard) -> Dict[str, Any]:
    from ..run.hazard_rules import RULES

    shown, rule = hazard._asdict(), RULES[hazard.kind]
    del shown["origin"]
    kind = {"kind": hazard.kind.value, "level": rule.level.value}
    return {**shown, **kind, "does": rule.does, "instead": rule.instead}


def _precheck(precheck: Precheck) -> Dict[str, Any]:
    asked = {"version": precheck.version, "table": precheck.table, "constraint": precheck.constraint}
    answer = precheck.answer
    found = {"verdict": answer.verdict.value, "rows": answer.rows, "sample": list(answer.sample)}
    return {**asked, **found, "reason": answer.reason}


def _text(version: Optional[model.Version]) -> Optional[str]:
    return None if version is None else str(version)

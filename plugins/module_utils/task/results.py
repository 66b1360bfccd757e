# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exit_json returns, in check mode and in diff mode: values → plain dictionaries."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Optional

from ..engine.request import Report
from ..model import Outcome, Script, Step


def migrate_result(report: Report, checking: bool) -> Dict[str, Any]:
    """Return pg_migrate's result for a run that came to its end, or as far as ``report`` says."""
    progress, plan = report.progress, report.plan
    changed = bool(progress.done) or (checking and bool(plan.steps) and progress.failed is None)
    versions = [plan.current] if plan.current else []
    versions += [outcome.step.script.version for outcome in progress.done]
    result: Dict[str, Any] = {
        "changed": changed,
        "msg": sentence(report, checking),
        "applied": [_outcome(outcome) for outcome in progress.done],
        "pending": [_script(step.script, "not_run") for step in progress.left]
        + [_script(script, "beyond_version") for script in plan.beyond],
        "current_version": str(max(versions)) if versions else None,
        "latest_version": str(plan.latest) if plan.latest else None,
    }
    if report.diffs is not None:
        result["schema_changed"] = any(report.diffs)
        result["diff"] = [{"prepared": text} for text in report.diffs if text]
    if report.rehearsal is not None:
        result["rehearsal"] = {"where": report.rehearsal.where, "not_proved": list(report.rehearsal.unproved)}
    if progress.failed is not None:
        result["failed_migration"] = _outcome(progress.failed)
    return result


def sentence(report: Report, checking: bool) -> str:
    """Return what happened, in one sentence."""
    done, left = report.progress.done, report.progress.left
    if not done and not left:
        return "Nothing is pending; the database is at version %s." % (report.plan.current or 0)
    if not checking:
        return "Applied %s." % _count(outcome.step for outcome in done)
    if report.rehearsal is None:
        return "Would apply %s; not rehearsed." % _count(left)
    stopped = "; from %s on it was not rehearsed" % left[0].script.label if left else ""
    steps = [outcome.step for outcome in done] + list(left)
    return "Would apply %s; rehearsed on %s%s." % (_count(steps), report.rehearsal.where, stopped)


def _count(steps: Iterable[Step]) -> str:
    versions = [str(step.script.version) for step in steps]
    if len(versions) == 1:
        return "1 migration (%s)" % versions[0]
    return "%d migrations (%s … %s)" % (len(versions), versions[0], versions[-1])


def _outcome(outcome: Outcome) -> Dict[str, Any]:
    shown = _script(outcome.step.script, outcome.note)
    shown["duration_ms"] = outcome.duration_ms
    shown["output"] = outcome.output.splitlines()
    return shown


def _script(script: Script, reason: Optional[str]) -> Dict[str, Any]:
    return {"version": str(script.version), "name": script.name, "path": script.path, "reason": reason}


def failure(report: Optional[Report], checking: bool) -> Dict[str, Any]:
    """Return what is known of a run that failed."""
    if report is None:
        return {}
    result = migrate_result(report, checking)
    del result["msg"]
    return result

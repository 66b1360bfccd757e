# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: rehearse the plan as far as the user and the server let us, and say what stays unproved."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

from .. import errors, model
from ..databases.postgresql.scratch import Facts, RehearsalImpossible, facts_of
from ..databases.postgresql.snapshots import differences
from ..databases.tools import Tools
from ..hazard import Hazard
from ..history import drift
from ..planning import digest
from ..planning.request import Request
from ..rehearsal.rehearse import Rehearsal, rehearse
from ..rehearsal.stage import Original, Wishes
from ..run.hazards import RULES, cluster_wide, refuse, sentence, sized
from .report import Report, with_drift
from .view import View, read_all


def check(request: Request, tools: Tools, view: View, connection: Any) -> Report:
    """Rehearse the plan; the target gets no write.

    :param connection: to the target; None: it doesn't exist yet.
    :raises MigrationError: when a migration fails on the copy, or a required rehearsal can't be made.
    """
    listed = Report(view.plan, model.Progress(left=view.plan.steps))
    jobs = read_all(view.plan.steps)
    if request.rehearsal == "off" or not jobs:
        return listed
    try:
        rehearsal = rehearse(_original(request, view, connection), _wishes(request), tools, jobs)
    except RehearsalImpossible as error:
        if request.rehearsal == "required":
            raise
        return listed._replace(warnings=("Not rehearsed: %s. The plan is listed only." % error.message.rstrip("."),))
    except errors.MigrationError as error:
        raise _on_copy(error, listed) from None
    if rehearsal.stopped and request.rehearsal == "required":
        raise _incomplete(rehearsal)
    report = Report(view.plan, rehearsal.progress, differences(rehearsal.snapshots, request.diff_context), rehearsal)
    return _judged(request, view, connection, report)


def _judged(request: Request, view: View, connection: Any, report: Report) -> Report:
    """Say what the rehearsal has shown of hazards, of drift, and of what was expected.

    :raises MigrationError: when one of them isn't allowed.
    """
    rehearsal, steps = report.rehearsal, view.plan.steps
    before, after = rehearsal.snapshots[0], rehearsal.snapshots[-1]
    report = report._replace(hazards=_hazards(report, connection))
    report = report._replace(warnings=(*report.warnings, *map(_warning, report.hazards or ())))
    if connection is not None and request.policies.drift != "ignore":
        last = drift.kept(connection, view.history, view.rows, rehearsal.pg_dump)
        found = drift.compare(last, before, request.diff_context)
        report = with_drift(report, found, request.policies.drift)
    if rehearsal.stopped is None:
        report = report._replace(plan_digest=digest.digest_of(before, steps, after))
    try:
        refuse(report.hazards or (), request.allow_hazards)
        if request.expect is not None:
            digest.expect(request.expect, before, steps, after)
    except errors.MigrationError as error:
        error.report = report._replace(progress=report.progress._replace(done=(), left=steps))
        raise
    return report


def _warning(hazard: Hazard) -> str:
    return "%s. %s" % (sentence(hazard), RULES[hazard.kind][1])


def _hazards(report: Report, connection: Any) -> Tuple[Hazard, ...]:
    found = tuple(hazard for outcome in report.progress.done for hazard in outcome.hazards)
    if report.rehearsal.stopped is not None:
        found += (cluster_wide(str(report.progress.left[0].script.version)),)
    return found if connection is None else sized(found, connection)


def prove_all(request: Request, tools: Tools, view: View, connection: Any) -> Report:
    """Prove on a scratch copy that what is pending can be rolled back; the target gets no write.

    :raises RehearsalError: when one can't, or no copy can be made.
    :raises MigrationError: when a migration fails on the copy, up or down.
    """
    from ..rehearsal.proof import Verdict, prove

    listed = Report(view.plan, model.Progress(left=view.plan.steps))
    original, jobs = _original(request, view, connection), read_all(view.plan.steps)
    try:
        proofs = prove(original, _wishes(request), tools, jobs, request.diff_context)
    except RehearsalImpossible:
        raise
    except errors.MigrationError as error:
        raise _on_copy(error, listed) from None
    report = listed._replace(progress=listed.progress._replace(skipped=proofs.skipped), rehearsal=proofs)
    report = report._replace(proofs=proofs.proofs)
    failed = [proof.script.label for proof in proofs.proofs if proof.verdict is Verdict.NOT_REVERSIBLE]
    if failed:
        raise _irreversible(failed, report)
    return report


def _irreversible(labels: Sequence[str], report: Report) -> errors.RehearsalError:
    error = errors.RehearsalError(
        "Not reversible: after down, or up again, the schema isn't what it was (%s)" % ", ".join(labels),
        hint="The diff of each says what its down leaves behind or takes away too much.",
    )
    error.report = report
    return error


def _on_copy(error: errors.MigrationError, listed: Report) -> errors.MigrationError:
    """Say of an error of a run that it happened on a copy: on the target nothing was done."""
    error.report = listed._replace(progress=(error.progress or listed.progress)._replace(done=()))
    if error.progress is not None:
        error.message = "In the rehearsal, on a scratch copy: " + error.message
    return error


def _original(request: Request, view: View, connection: Any) -> Original:
    if connection is None:
        return Original(None, Facts(), (), request.history_table, 0)
    facts = facts_of(connection)
    connection.rollback()
    return Original(request.target, facts, view.rows, view.history.table, connection.server_version)


def _wishes(request: Request) -> Wishes:
    server = request.rehearsal_server or request.target
    return Wishes(
        server,
        request.rehearsal_data,
        request.super_user,
        request.single_transaction,
        request.per_migration,
        request.rehearsal_extensions,
    )


def _incomplete(rehearsal: Rehearsal) -> errors.RehearsalError:
    return errors.RehearsalError(
        "The rehearsal stopped before its end: %s" % rehearsal.stopped,
        hint="Apply that migration by itself, up to its version, with rehearsal: auto; then rehearse the rest.",
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real run: lock, look again, apply, and show the difference."""

from __future__ import annotations

from typing import Any, Optional

from .. import deps, errors, model
from ..databases.postgresql.eyes import survey
from ..databases.postgresql.limits import require_own_backend, settings
from ..databases.postgresql.lock import acquire, release
from ..databases.postgresql.session import abandon
from ..databases.postgresql.trouble import told
from ..databases.tools import Tools
from ..history.history import History
from ..history.record import ensure
from ..planning.request import Request
from ..run import runner
from ..run.hazards import Look, sized
from ..run.preparation import Prepared, prepare
from ..run.session import Session
from .report import Report
from .view import View, baseline_steps, look, read_all
from .witness import Witness, summon


def apply(request: Request, tools: Tools, view: View, connection: Any) -> Report:
    """Apply the plan to the target. All that can be known to fail is tried before anything is touched.

    :raises MigrationError: its ``report`` says what was done until then.
    """
    require_own_backend(connection, request.target)
    jobs = read_all(view.plan.steps)
    witness, warnings = summon(request, tools, view, connection)
    rehearsed = _rehearse_first(request, tools, view, connection)
    acquire(connection, request.lock_wait)
    try:
        view = _look_again(connection, request, view)
        report = Report(view.plan, rehearsal=rehearsed and rehearsed.rehearsal, warnings=warnings)
        if view.plan.idle:
            return report
        prepared = prepare(read_all(view.plan.steps, jobs), request.single_transaction)
        return _run(request, view, connection, prepared, report, witness if prepared.jobs else None)
    finally:
        _let_go(connection)


def _let_go(connection: Any) -> None:
    """Give the lock back. After a signal a migration may be half-done; that must not be committed."""
    try:
        if not connection.closed:
            abandon(connection)
            release(connection)
    except deps.DatabaseError:
        connection.close()


def _look_again(connection: Any, request: Request, first: View) -> View:
    """Plan anew: what another run did while we waited is done. Nothing is rolled back that wasn't planned to be."""
    view = look(connection, request, first.scripts)
    if request.state == "rolled_back":
        steps = tuple(step for step in view.plan.steps if step in first.plan.steps)
        return view._replace(plan=view.plan._replace(steps=steps))
    return view


def _rehearse_first(request: Request, tools: Tools, view: View, connection: Any) -> Optional[Report]:
    """Rehearse, where only what has passed may be applied: the target isn't touched until then."""
    needed = request.rehearsal == "required" or request.allow_hazards is not None or request.expect is not None
    if not needed or not view.plan.steps:
        return None
    from .check import check

    return check(request._replace(rehearsal="required"), tools, view, connection)


def _run(
    request: Request, view: View, connection: Any, prepared: Prepared, report: Report, witness: Optional[Witness]
) -> Report:
    if witness is not None:
        report = witness.before(report, view)
    history = ensure(connection, view.history, baseline_steps(view.plan))
    try:
        progress = runner.run(_session(request, connection, history), prepared, witness.after_each if witness else None)
    except (errors.MigrationError, errors.Stop) as error:
        progress = error.progress or model.Progress(left=view.plan.steps)
        report = _reported(report, progress, connection)
        looks = witness and progress.done and not isinstance(error, errors.Stop)
        error.report = witness.after_failure(report, history) if witness and looks else report
        raise
    report = _reported(report, progress, connection)
    if witness is None:
        return report
    try:
        with told():
            return witness.after(report, history)
    except errors.MigrationError as error:
        error.report = error.report or report
        raise


def _session(request: Request, connection: Any, history: History) -> Session:
    return Session(
        connection,
        history,
        request.target,
        request.super_user,
        request.single_transaction,
        settings=settings(request.limits, connection),
        lock_timeout=request.limits.lock_timeout,
        lock_retries=request.limits.lock_retries,
        look=Look(survey(connection)),
    )


def _reported(report: Report, progress: model.Progress, connection: Any) -> Report:
    """Say what was done; where the server is gone by now, without the sizes of tables."""
    hazards = tuple(hazard for outcome in progress.done for hazard in outcome.hazards)
    try:
        connection.rollback()
        hazards = sized(hazards, connection)
    except deps.DatabaseError:
        connection.close()
    return report._replace(progress=progress, hazards=hazards)

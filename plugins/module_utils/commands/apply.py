# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real run: lock, look again, apply, and show the difference."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.sight import Survey
from ..hazard import Hazard
from ..planning.request import Request
from ..run import runner
from ..run.hazard_words import sized
from ..run.hazards import TableWatch
from ..run.preparation import Prepared, prepare
from ..run.session import Session
from .context import Context
from .report import Applied
from .schema_watch import SchemaWatch, watch_for
from .view import View, baseline_steps, read_all, read_view

UNSEEN = "What the run does to tables that others use (hazards) can't be told: %s."


def apply(context: Context, view: View, connection: Any) -> None:
    """Apply the plan to the target. All that can be known to fail is tried before anything is touched.

    :raises MigrationError: the context's report() says what was done until then.
    """
    request = context.request
    database = database_of(connection)
    database.locks.require_own_session(connection, request.target)
    database.settings.let_last(connection)
    context.jobs = read_all(context, view.plan.steps)
    watch = watch_for(context, view, connection)
    _rehearse_first(context, view, connection)
    context.live.enters("waits for another run on this database")
    with database.locks.held(connection, request.lock_wait):
        view = _plan_again(connection, request, view)
        context.live.enters("looks at the schema")
        context.plan, context.progress = view.plan, model.Progress()
        if view.plan.idle:
            return
        context.jobs = read_all(context, view.plan.steps)
        prepared = prepare(context.jobs, request.single_transaction)
        _run(context, view, connection, prepared, watch if prepared.jobs else None)


def _plan_again(connection: Any, request: Request, first: View) -> View:
    """Plan anew: what another run did while we waited is done. Nothing is rolled back that wasn't planned to be."""
    view = read_view(connection, request, first.scripts)
    if request.state == "rolled_back":
        steps = tuple(step for step in view.plan.steps if step in first.plan.steps)
        return view._replace(plan=view.plan._replace(steps=steps))
    return view


def _rehearse_first(context: Context, view: View, connection: Any) -> None:
    """Rehearse, where only what has passed may be applied: the target isn't touched until then."""
    request = context.request
    if request.rehearses_first and not request.rehearsed and view.plan.steps:
        from .check import check

        warnings = list(context.warnings)
        check(context, view, connection, required=True)
        # The real run says itself what it sees.
        context.warnings, context.drift, context.progress = warnings, None, None


def _run(context: Context, view: View, connection: Any, prepared: Prepared, watch: Optional[SchemaWatch]) -> None:
    if context.in_step is not None:
        context.in_step.begin(connection)
    if watch is not None:
        watch.before(view)
    history = database_of(connection).history.ensure(connection, view.history, baseline_steps(view.plan))
    try:
        context.progress = runner.run(
            _session(context, connection, history), prepared, watch.after_each if watch else None
        )
    except (errors.MigrationError, errors.Stop) as error:
        context.progress = error.progress or model.Progress(left=view.plan.steps)
        context.applied = Applied(hazards=_hazards(context.progress, connection))
        if watch is not None and context.progress.done and not isinstance(error, errors.Stop):
            watch.after_failure(history)
        raise
    context.applied = Applied(hazards=_hazards(context.progress, connection))
    if watch is not None:
        watch.after(history)


def _session(context: Context, connection: Any, history: Any) -> Session:
    request = context.request
    return Session(
        connection,
        history,
        request.target,
        request.super_user,
        request.single_transaction,
        settings=database_of(connection).settings.settings(request.limits, connection),
        lock_timeout=request.limits.lock_timeout,
        lock_wait=request.lock_wait,
        lock_retries=request.limits.lock_retries,
        tables=TableWatch(_survey(context, connection, history), request.single_transaction),
        live=context.live,
        home=_home(context, connection),
        release=request.release if request.state == "migrated" else None,
        in_step=context.in_step.after if context.in_step is not None else None,
    )


def _home(context: Context, connection: Any) -> Optional[str]:
    """Return which database it is, for the journal of a script outside a transaction."""
    bodies = (migration.body(step.direction) for step, migration in context.jobs)
    if any(isinstance(body, model.PythonBody) or not body.transactional for body in bodies):
        return database_of(connection).sessions.identity(connection)
    return None


def _survey(context: Context, connection: Any, history: Any) -> Any:
    """Return what is there; what keeps us from seeing it keeps no migration from its run."""
    try:
        kept = [context.in_step.table.quoted()] if context.in_step is not None else []
        return database_of(connection).observing.survey_of(connection, [*history.tables(), *kept])
    except (connection.Error, UnicodeError) as error:  # names may be in any encoding
        connection.rollback()
        context.warn(UNSEEN % database_of(connection).errors.first_words(error))
        return Survey()


def _hazards(progress: model.Progress, connection: Any) -> Tuple[Hazard, ...]:
    """Return what the steps did; where the server is gone by now, without the sizes of tables."""
    hazards = tuple(hazard for outcome in progress.done for hazard in outcome.hazards)
    try:
        connection.rollback()
        return sized(hazards, connection)
    except connection.Error:
        connection.close()
        return hazards

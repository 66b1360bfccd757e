# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: connect → discover → plan → apply, or in check mode rehearse."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, List, Sequence, Tuple

from ..errors import DatabaseMissing, Irreversible
from ..model import Direction, HistoryRow, Migration, Plan, Progress, Reason, Script, Step
from ..scripts.discovery import discover, read
from ..server.connection import connect, settled
from . import history as history_room
from .history import History
from .plan import plan_baseline, plan_migrate, plan_rollback
from .request import Report, Request
from .tools import Tools

PROGRAM = "pg_migrate"


@dataclass(frozen=True)
class View:
    """What was found: the scripts on disk, the history, and the plan that follows from the two."""

    scripts: Tuple[Script, ...]
    history: History
    rows: Tuple[HistoryRow, ...]
    plan: Plan


def migrate(request: Request, tools: Tools) -> Report:
    """Apply what is pending, roll back, or prove; in check mode rehearse it.

    :param tools: the means to run client programs.
    :raises MigrationError: its ``report`` says what was done until then.
    """
    scripts = discover(request.directories, request.kind)
    warnings = tuple("There are no migrations in %s." % each for each in request.directories if not scripts)
    try:
        connection = connect(request.target, PROGRAM)
    except DatabaseMissing:
        if not request.checking:
            raise
        report = _proceed(request, tools, _view(request, scripts, History(request.history_table), ()), None)
    else:
        with closing(connection):
            request = replace(request, target=settled(request.target, connection))
            report = _proceed(request, tools, look(connection, request, scripts), connection)
    return replace(report, warnings=warnings + report.warnings)


def look(connection: Any, request: Request, scripts: Tuple[Script, ...]) -> View:
    """Read the history and plan. Nothing is written."""
    history = history_room.find(connection, request.history_table)
    rows = history_room.rows(connection, history)
    connection.rollback()
    return _view(request, scripts, history, rows)


def read_all(steps: Sequence[Step]) -> List[Tuple[Step, Migration]]:
    """Read and compile every script of a plan, so that a broken one stops the run before anything is touched.

    :raises Irreversible: when one that is to be rolled back has no down.
    """
    jobs = [(step, read(step.script)) for step in steps]
    for step, migration in jobs:
        if step.direction is Direction.DOWN and migration.down is None:
            raise Irreversible(
                "The migration %s has no down (%s)" % (step.script.label, step.script.path),
                hint="Nothing was rolled back. Add one, or roll back by hand and mark it as pending.",
                version=str(step.script.version),
                path=step.script.path,
            )
    return jobs


def baseline_steps(plan: Plan) -> Tuple[Step, ...]:
    """Return what is to be recorded without being run."""
    return tuple(Step(script, reason=Reason.BASELINE) for script in plan.baseline or ())


def _view(request: Request, scripts: Tuple[Script, ...], history: History, rows: Tuple[HistoryRow, ...]) -> View:
    """Plan. A baseline is planned as if it were recorded already; it is, before the first step."""
    if request.state == "rolled_back":
        return View(scripts, history, rows, plan_rollback(scripts, rows, request.version, request.steps))
    baseline = None
    if request.baseline_version is not None and not history.exists:
        baseline = plan_baseline(scripts, request.baseline_version)
        rows = tuple(_as_recorded(script) for script in baseline)
    plan = plan_migrate(scripts, rows, request.version, request.run_deferred)
    return View(scripts, history, rows, replace(plan, baseline=baseline))


def _as_recorded(script: Script) -> HistoryRow:
    text = script.version.text
    return HistoryRow(script.version, "now", script.name, script.checksum, Reason.BASELINE.value, (text,))


def _proceed(request: Request, tools: Tools, view: View, connection: Any) -> Report:
    """Do what the plan asks for. The rooms for that are entered, and compiled, only when it asks for something."""
    skipped: Tuple[Any, ...] = ()
    if connection is not None and view.plan.steps and all(each.script.repeatable for each in view.plan.steps):
        view, skipped = _ask_ahead(request, view, connection)
    if view.plan.idle:
        return Report(view.plan, Progress(skipped=skipped))
    if request.state == "tested" or request.checking:
        from .check import check, prove_all

        todo = prove_all if request.state == "tested" else check
        report = todo(request, tools, view, connection)
    else:
        from .apply import apply

        report = apply(request, tools, view, connection)
    return replace(report, progress=replace(report.progress, skipped=skipped + report.progress.skipped))


def _ask_ahead(request: Request, view: View, connection: Any) -> Tuple[View, Tuple[Any, ...]]:
    """Where only repeatable migrations are left, leave out those that don't want to run."""
    if request.state == "rolled_back":
        return view, ()
    from .repeat import ask_ahead
    from .session import Session

    session = Session(connection, view.history, request.target, request.super_user)
    wanted, skipped = ask_ahead(session, read_all(view.plan.steps))
    plan = replace(view.plan, steps=tuple(step for step, dummy in wanted))
    return replace(view, plan=plan), skipped

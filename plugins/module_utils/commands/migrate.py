# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: connect → discover → plan → apply, or in check mode rehearse."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Tuple

from .. import errors, model
from ..databases.postgresql.connection import connect, settled
from ..databases.postgresql.trouble import told
from ..databases.tools import Tools
from ..history.history import History
from ..planning.request import Request
from ..scripts import trust
from ..scripts.discovery import discover
from .report import Report
from .view import View, look, read_all, view_of

PROGRAM = "pg_migrate"


@told()
def migrate(request: Request, tools: Tools) -> Report:
    """Apply what is pending, roll back, or prove; in check mode rehearse it.

    :param tools: the means to run client programs.
    :raises MigrationError: its ``report`` says what was done until then.
    """
    scripts = request.described
    if scripts is None:
        scripts = discover(request.directories, request.kind, request.follow)
    warnings = tuple("There are no migrations in %s." % each for each in request.directories if not scripts)
    try:
        connection = connect(request.target, PROGRAM)
    except errors.DatabaseMissing:
        if not request.checking:
            raise
        report = _proceed(
            request,
            tools,
            view_of(request, scripts, History(request.history_table, repository_id=request.repository_id), ()),
            None,
        )
    else:
        with closing(connection):
            request = request._replace(target=settled(request.target, connection))
            view = look(connection, request, scripts)
            warnings += view.warnings
            report = _proceed(request, tools, view, connection)
    return report._replace(warnings=warnings + report.warnings)


def _proceed(request: Request, tools: Tools, view: View, connection: Any) -> Report:
    """Do what the plan asks for. The rooms for that are entered, and compiled, only when it asks for something."""
    if request.described is not None and view.plan.steps:
        return Report(view.plan, wants_scripts=True)
    skipped: Tuple[Any, ...] = ()
    if not request.allow_writable_scripts and not request.described:
        trust.refuse_writable(request.directories, [step.script for step in view.plan.steps])
    if connection is not None and view.plan.steps and all(each.script.repeatable for each in view.plan.steps):
        view, skipped = _ask_ahead(request, view, connection)
    if view.plan.idle:
        return Report(view.plan, model.Progress(skipped=skipped))
    if request.state == "tested" or request.checking:
        from .check import check, prove_all

        todo = prove_all if request.state == "tested" else check
        report = todo(request, tools, view, connection)
    else:
        from .apply import apply

        report = apply(request, tools, view, connection)
    return report._replace(progress=report.progress._replace(skipped=skipped + report.progress.skipped))


def _ask_ahead(request: Request, view: View, connection: Any) -> Tuple[View, Tuple[Any, ...]]:
    """Where only repeatable migrations are left, leave out those that don't want to run."""
    if request.state == "rolled_back":
        return view, ()
    from ..run.repeat import ask_ahead
    from ..run.session import Session

    session = Session(connection, view.history, request.target, request.super_user)
    wanted, skipped = ask_ahead(session, read_all(view.plan.steps))
    plan = view.plan._replace(steps=tuple(step for step, dummy in wanted))
    return view._replace(plan=plan), skipped

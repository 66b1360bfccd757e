# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: connect → discover → plan → apply, or in check mode rehearse."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, List, Sequence, Tuple

from ..errors import DatabaseMissing
from ..model import HistoryRow, Migration, Plan, Script, Step
from ..scripts.discovery import discover, read
from ..server.connection import connect, settled
from . import history as history_room
from .history import History
from .plan import plan_migrate
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
    """Apply what is pending, or in check mode rehearse it.

    :param tools: the means to run client programs.
    :raises MigrationError: its ``report`` says what was done until then.
    """
    scripts = discover(request.directories)
    warnings = tuple("There are no migrations in %s." % each for each in request.directories if not scripts)
    try:
        connection = connect(request.target, PROGRAM)
    except DatabaseMissing:
        if not request.checking:
            raise
        report = _proceed(request, tools, _view_of_nothing(request, scripts), None)
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
    return View(scripts, history, rows, plan_migrate(scripts, rows, request.version))


def read_all(steps: Sequence[Step]) -> List[Tuple[Step, Migration]]:
    """Read and compile every script of a plan, so that a broken one stops the run before anything is touched."""
    return [(step, read(step.script)) for step in steps]


def _view_of_nothing(request: Request, scripts: Tuple[Script, ...]) -> View:
    return View(scripts, History(request.history_table), (), plan_migrate(scripts, (), request.version))


def _proceed(request: Request, tools: Tools, view: View, connection: Any) -> Report:
    """Do what the plan asks for. The rooms for that are entered, and compiled, only when it asks for something."""
    if not view.plan.steps:
        return Report(view.plan)
    if request.checking:
        from .check import check

        return check(request, tools, view, connection)
    from .apply import apply

    return apply(request, tools, view, connection)

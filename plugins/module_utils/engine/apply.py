# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real run: lock, look again, apply, and show the difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional, Tuple

from ..errors import MigrationError
from ..model import Outcome, Progress
from ..server import client
from . import runner
from .lock import acquire, release
from .preparation import Prepared, prepare
from .record import ensure
from .request import Report, Request
from .session import Session
from .snapshots import Camera, Film, differences
from .tools import Tools
from .view import View, baseline_steps, look, read_all


def apply(request: Request, tools: Tools, view: View, connection: Any) -> Report:
    """Apply the plan to the target. All that can be known to fail is tried before anything is touched.

    :raises MigrationError: its ``report`` says what was done until then.
    """
    jobs = read_all(view.plan.steps)
    pg_dump = client.find("pg_dump", connection.server_version, tools.run) if request.with_diff else None
    required = request.rehearsal == "required" and view.plan.steps
    rehearsal = _rehearse_first(request, tools, view, connection) if required else None
    acquire(connection, request.lock_wait)
    try:
        view = _look_again(connection, request, view)
        report = Report(view.plan, rehearsal=rehearsal)
        if view.plan.idle:
            return report
        prepared = prepare(read_all(view.plan.steps, jobs), request.single_transaction)
        return _run(request, tools, view, connection, pg_dump, prepared, report)
    finally:
        if not connection.closed:
            # After a signal a migration may be half-done; giving the lock back must not commit it.
            connection.rollback()
            release(connection)


def _look_again(connection: Any, request: Request, first: View) -> View:
    """Plan anew: what another run did while we waited is done. Nothing is rolled back that wasn't planned to be."""
    view = look(connection, request, first.scripts)
    if request.state == "rolled_back":
        steps = tuple(step for step in view.plan.steps if step in first.plan.steps)
        return replace(view, plan=replace(view.plan, steps=steps))
    return view


def _rehearse_first(request: Request, tools: Tools, view: View, connection: Any) -> Any:
    from .check import check

    return check(request, tools, view, connection).rehearsal


def _run(
    request: Request,
    tools: Tools,
    view: View,
    connection: Any,
    pg_dump: Optional[client.Client],
    prepared: Prepared,
    report: Report,
) -> Report:
    film = None
    if pg_dump is not None and prepared.jobs:
        film = Film(Camera(tools, pg_dump, view.history.tables()), request.target, request.per_migration)
        film.start()
    history = ensure(connection, view.history, baseline_steps(view.plan))
    session = Session(connection, history, request.target, request.super_user, request.single_transaction)
    try:
        progress = runner.run(session, prepared, film.after_each if film else _unseen)
    except MigrationError as error:
        progress = error.progress or Progress(left=view.plan.steps)
        error.report = replace(report, progress=progress, diffs=_diffs_after_failure(request, film, progress))
        raise
    return replace(report, progress=progress, diffs=_diffs(request, film))


def _diffs(request: Request, film: Optional[Film]) -> Optional[Tuple[str, ...]]:
    if film is None:
        return None
    film.end()
    return differences(film.frames, request.diff_context)


def _diffs_after_failure(request: Request, film: Optional[Film], progress: Progress) -> Optional[Tuple[str, ...]]:
    """Show what stands, if anything does; a server that is gone has said enough by then."""
    try:
        return _diffs(request, film) if progress.done else None
    except MigrationError:
        return None


def _unseen(dummy: Outcome) -> None:
    return None

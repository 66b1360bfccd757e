# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: rehearse the plan as far as the user and the server let us, and say what stays unproved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import MigrationError, RehearsalError
from ..model import Progress
from ..server.scratch import Facts, RehearsalImpossible, facts_of
from .migrate import View, read_all
from .rehearsal import Original, Rehearsal, Wishes, rehearse
from .request import Report, Request
from .snapshots import differences
from .tools import Tools


def check(request: Request, tools: Tools, view: View, connection: Any) -> Report:
    """Rehearse the plan; the target gets no write.

    :param connection: to the target; None: it doesn't exist yet.
    :raises MigrationError: when a migration fails on the copy, or a required rehearsal can't be made.
    """
    listed = Report(view.plan, Progress(left=view.plan.steps))
    jobs = read_all(view.plan.steps)
    if request.rehearsal == "off":
        return listed
    try:
        rehearsal = rehearse(_original(request, view, connection), _wishes(request), tools, jobs)
    except RehearsalImpossible as error:
        if request.rehearsal == "required":
            raise
        return replace(listed, warnings=("Not rehearsed: %s. The plan is listed only." % error.message.rstrip("."),))
    except MigrationError as error:
        error.report = replace(listed, progress=replace(error.progress or listed.progress, done=()))
        error.message = "In the rehearsal, on a scratch copy: " + error.message
        raise
    if rehearsal.stopped and request.rehearsal == "required":
        raise _incomplete(rehearsal)
    diffs = differences(rehearsal.snapshots, request.diff_context)
    return Report(view.plan, rehearsal.progress, diffs, rehearsal)


def _original(request: Request, view: View, connection: Any) -> Original:
    if connection is None:
        return Original(None, Facts(), (), request.history_table, 0)
    facts = facts_of(connection)
    connection.rollback()
    return Original(request.target, facts, view.rows, view.history.table, connection.server_version)


def _wishes(request: Request) -> Wishes:
    server = request.rehearsal_server or request.target
    return Wishes(server, request.rehearsal_data, request.single_transaction, request.per_migration)


def _incomplete(rehearsal: Rehearsal) -> RehearsalError:
    return RehearsalError(
        "The rehearsal stopped before its end: %s" % rehearsal.stopped,
        hint="Apply that migration by itself, up to its version, with rehearsal: auto; then rehearse the rest.",
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""state: scripted: the plan is rehearsed, and written into a file for psql; the database itself gets no write."""

from __future__ import annotations

from typing import Any, List

from .. import errors
from ..authoring.release import Release
from ..databases.choose import database_of
from ..files import writing
from ..report.words import harmless
from ..run.session import Session
from .check import check
from .context import Context
from .report import Written
from .view import View, baseline_steps

MODE = 0o600


def script(context: Context, view: View, connection: Any) -> None:
    """Write the file, if it isn't what it is to be already.

    :raises MigrationError: when the plan fails in the rehearsal, or can't be written.
    """
    request, path = context.request, str(context.request.script_file)
    if view.history.wide:
        raise errors.OptionInvalid(
            "state: scripted can't write the further columns that 0.1.0 has added to %s" % view.history.table,
            hint="Move them into the log first: pg_migration_mark with state: reduced.",
        )
    check(context, view, connection, required=True)
    rehearsal = context.checked.rehearsal if context.checked else None
    ran = {outcome.step: outcome for outcome in rehearsal.progress.done} if rehearsal else {}
    limits = database_of(connection).settings.settings(request.limits, connection)
    session = Session(connection, view.history, request.target, settings=limits)
    release = Release(connection, view.history, session.reset(), request.release)
    text = release.text(
        harmless(request.target.address or ""),
        _applied(view),
        baseline_steps(view.plan),
        [(step, migration) for step, migration in context.jobs if step in ran],
        ran,
    )
    try:
        differs = writing.content(path) != text
        if differs and request.writes_script:
            writing.write(path, text, MODE)
    except writing.Unwritten as error:
        raise _file_error(path, str(error)) from None
    context.written = Written(path, differs)


def _applied(view: View) -> List[str]:
    """Return the versions that are applied now, as the table spells them."""
    if view.plan.baseline is not None:
        return []  # view.rows has what is to be recorded
    return [spelling for row in view.rows if row.applied is not None for spelling in row.spellings]


def _file_error(path: str, why: str) -> errors.OptionInvalid:
    return errors.OptionInvalid("script_file: %s: %s" % (path, why), hint="Name a file in a directory that is there.")

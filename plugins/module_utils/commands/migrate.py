# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: connect → discover → plan → apply, or in check mode rehearse."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import Any, Iterator, Optional, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.values import Remark
from ..scripts import trust
from ..scripts.discovery import scripts_of
from .context import Context
from .in_step import in_step
from .view import View, read_all, read_view, view_of

PROGRAM = "pg_migrate"
RELEASED = model.Event.RELEASED
NOT_THERE = 'There is no database "%s" yet. What is shown is what would come out in a new, empty one.'


def migrate(context: Context) -> None:
    """Apply what is pending, roll back, or prove; in check mode rehearse it.

    :param context: what is asked for; afterwards, also after an error, its report() tells what was done.
    :raises MigrationError: at the first failure.
    """
    with database_of(context.request.target).errors.translated():
        _migrate(context)


def _migrate(context: Context) -> None:
    with opened(context) as (view, connection):
        _proceed(context, view, connection)


@contextmanager
def opened(context: Context) -> Iterator[Tuple[View, Any]]:
    """Lend what is found, and the connection to it; None: there is no database yet, and in check mode needn't be.

    :raises MigrationError: when there is no connection, or what is found isn't as it has to be.
    """
    request = context.request
    database = database_of(request.target)
    sessions, history, scripts = database.sessions, database.history, request.found
    if scripts is None:
        scripts = scripts_of(request, database.abilities.dialects, context.warn)
    unfound = history.unfound(request.history_table, repository_id=request.repository_id)
    if request.rehearsal_on == "empty":
        yield view_of(request, scripts, unfound, ()), None
        return
    try:
        target = request.target.for_reading() if request.checking else request.target
        connection = sessions.connect(target, PROGRAM)
    except errors.DatabaseMissing:
        if not request.checking or request.state == "scripted":
            raise
        context.database_missing = True
        context.warnings.append(NOT_THERE % request.target.name)
        connection = None
    if connection is None:
        yield view_of(request, scripts, unfound, ()), None
        return
    with closing(connection):
        context.request = request._replace(target=sessions.settled(request.target, connection))
        yield read_view(connection, context.request, scripts), connection


def planned(context: Context, view: View, connection: Any) -> Optional[View]:
    """Settle what is to be done, before anything is; return it, or None where that takes scripts that aren't here.

    :raises MigrationError: when somebody else may write a script that is to be run, or a should_run fails.
    """
    request = context.request
    context.warnings += view.warnings
    context.plan = view.plan
    if request.keep_in_step:
        context.in_step = in_step(request, view.scripts, view.plan)
    if request.described is not None and view.plan.steps:
        context.wants_scripts, context.progress = True, model.Progress()
        return None
    if not request.allow_writable_scripts and not request.described:
        trust.refuse_writable(request.directories, [step.script for step in view.plan.steps])
    if connection is not None and view.plan.steps and all(each.script.repeatable for each in view.plan.steps):
        view = _ask_ahead(context, view, connection)
    if view.plan.idle:
        context.progress = model.Progress()
    return view


def _proceed(context: Context, view: View, connection: Any) -> None:
    """Do what the plan asks for. What does that is imported, and compiled, only when it asks for something."""
    request, settled = context.request, planned(context, view, connection)
    if settled is None:
        return
    view = settled
    _do(context, view, connection)
    if request.schema_file is not None and (request.checking or request.makes_schema_file):
        from .schema_file import look

        look(context, view.history, connection)


def _do(context: Context, view: View, connection: Any) -> None:
    request = context.request
    if view.plan.idle:
        _note_release(context, view, connection)
    elif request.state == "scripted":
        from .scripted import script

        script(context, view, connection)
    elif request.state == "tested" or request.checking:
        from .check import check, prove_all

        (prove_all if request.state == "tested" else check)(context, view, connection)
    else:
        from .apply import apply

        apply(context, view, connection)


def _ask_ahead(context: Context, view: View, connection: Any) -> View:
    """Where only repeatable migrations are left, leave out those that don't want to run."""
    request = context.request
    if request.state == "rolled_back":
        return view
    from ..run.repeat import ask_ahead
    from ..run.session import Session

    session = Session(connection, view.history, request.target, request.super_user)
    wanted, context.skipped = ask_ahead(session, read_all(context, view.plan.steps))
    context.plan = view.plan._replace(steps=tuple(step for step, dummy in wanted))
    return view._replace(plan=context.plan)


def _note_release(context: Context, view: View, connection: Any) -> None:
    """Note that a release ran with nothing to apply, so that it can be gone back to; once, and if that can't be: told.

    It is no change: nothing of the database is another.
    """
    request = context.request
    unnoted = request.release is not None and request.release not in {row.release for row in view.rows}
    if not unnoted or connection is None or request.checking or request.state != "migrated" or not view.history.exists:
        return
    database = database_of(connection)
    try:
        history = database.history.ensure(connection, view.history)
        if request.release in [name for name, dummy in database.log.told(connection, history, RELEASED.value)]:
            connection.rollback()
            return
        with connection.cursor() as cursor:
            database.log.log(cursor, history, Remark(RELEASED), str(request.release))
        connection.commit()
    except (connection.Error, errors.MigrationError) as error:
        connection.rollback()
        words = error.message if isinstance(error, errors.MigrationError) else database.errors.first_words(error)
        context.warnings.append("That the release %s was here isn't recorded: %s." % (request.release, words))

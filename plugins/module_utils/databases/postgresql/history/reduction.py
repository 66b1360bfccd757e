# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A history with the further columns of 0.1.0 becomes db-migrator's table again: what they hold goes into the log."""

from __future__ import annotations

from typing import Any

from .... import deps, errors
from ..limits import set_lock_timeout
from ..server_errors import as_migration_error
from . import beside_sql
from .history_sql import WIDE
from .reading import History, rows
from .record import ensure

# For 0 there would be no end.
LEAST_PATIENCE = 1


def reduce(connection: Any, history: History, patience: float) -> None:
    """Move what only the history's further columns hold into the log, and take them away: all in one transaction.

    :param patience: how long to wait for whoever reads the history, in seconds.
    :raises MigrationError: when something hangs on the columns, the role doesn't own the table, somebody reads it for
        too long, or the log can't tell all of it; then nothing was changed.
    """
    history = ensure(connection, history)
    before = rows(connection, history)
    try:
        with connection.cursor() as cursor:
            set_lock_timeout(cursor, max(patience, LEAST_PATIENCE))
            for statement in (beside_sql.TIE_LOGGED, beside_sql.LOG_REST):
                cursor.execute(history.compose(statement, **_columns(history)))
            cursor.execute(history.compose(beside_sql.NARROW, drops=_drops(history)))
    except deps.DatabaseError as error:
        raise _refused(history, error) from None
    if rows(connection, history._replace(columns=())) != before:
        raise errors.Conflict(
            "The history %s has rows with a name or a checksum and without an event, so its log can't tell of them"
            % history.table,
            hint="Nothing was changed. Set event in them (applied, baseline, marked), or name and checksum to NULL.",
        )
    connection.commit()


def _columns(history: History) -> Any:
    """Return how the further columns are read; one that somebody has taken away is empty."""
    there = deps.sql.SQL("h.{}")
    nothing = deps.sql.SQL("NULL::text")
    return {name: there.format(deps.sql.Identifier(name)) if name in history.wide else nothing for name in WIDE}


def _drops(history: History) -> Any:
    drop = deps.sql.SQL(beside_sql.DROP)
    return deps.sql.SQL(", ").join(drop.format(deps.sql.Identifier(name)) for name in history.wide)


def _refused(history: History, error: Any) -> errors.MigrationError:
    """Return the error for what the server says to it."""
    said = error.diag.message_primary or str(error)
    if error.pgcode == deps.errorcodes.DEPENDENT_OBJECTS_STILL_EXIST:
        detail = " ".join((error.diag.message_detail or "").split())
        return errors.Conflict(
            "The history %s can't be reduced: something hangs on its columns (%s)" % (history.table, detail or said),
            hint="Nothing was changed. Let it read the log %s instead, or drop it." % history.log,
            sqlstate=error.pgcode,
        )
    if error.pgcode == deps.errorcodes.LOCK_NOT_AVAILABLE:
        return errors.LockTimeout(
            "The history %s can't be reduced: another session is reading it" % history.table,
            hint="Nothing was changed. Run again when that session (a dump, perhaps) has ended, or raise lock_wait.",
            sqlstate=error.pgcode,
        )
    if error.pgcode == deps.errorcodes.INSUFFICIENT_PRIVILEGE:
        return errors.PrivilegeError(
            "The history %s can't be reduced: %s" % (history.table, said),
            hint="Nothing was changed. Connect as the owner of the history and its log, or set session_role.",
            sqlstate=error.pgcode,
        )
    return as_migration_error(error)

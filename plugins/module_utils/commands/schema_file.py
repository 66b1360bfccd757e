# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What schema_file is to hold: the schema that a run has left, or that its rehearsal came to.

It is an auxiliary: what can't be seen is told, and no reason not to run. keeping/schema_file.py compares and writes.
"""

from __future__ import annotations

from contextlib import suppress
from types import MappingProxyType
from typing import Any, Iterable, List

from .. import errors
from ..databases.choose import database_of
from ..history.drift import tables_of
from ..schema.file import Head, as_text
from ..schema.snapshot import Snapshot
from ..schema.unreadable import Unreadable, labels, without
from .context import Context
from .report import SchemaText

# How often to try while a lock lets nobody read.
HASTE = 1

UNREADABLE = "this role may not read all of the schema (%s)"
UNREHEARSED = "the plan wasn't rehearsed"
STOPPED = "the rehearsal stopped before its end"
NOT_EXACT = "what the rehearsal came to isn't what a real run would leave to the byte (see rehearsal.not_proved)"
EMPTY = "empty"


def note_after_run(context: Context, history: Any, connection: Any, snapshot: Snapshot, reader: Any) -> None:
    """Note the schema that a real run has left.

    :param reader: what has taken the snapshot.
    """
    context.schema = _taken(context, history, connection, snapshot, reader)


def look(context: Context, history: Any, connection: Any) -> None:
    """Note the schema where no run has left one: in check mode, and where there is no file yet.

    :param connection: None: there is no database yet.
    """
    if context.schema is not None:
        return
    if context.request.checking and context.plan is not None and context.plan.steps:
        context.schema = _rehearsed(context, history, connection)
    elif connection is not None:
        context.live.enters("looks at the schema")
        context.schema = _present(context, history, connection)


def _rehearsed(context: Context, history: Any, connection: Any) -> SchemaText:
    """Return the schema that the rehearsal came to, where a real run would leave the very same."""
    rehearsal = context.checked.rehearsal if context.checked else None
    if rehearsal is None:
        return SchemaText(reason=UNREHEARSED)
    if rehearsal.stopped is not None:
        return SchemaText(reason=STOPPED)
    # In an empty database there is nobody else's to be seen: what differs is who runs it.
    if not (rehearsal.is_exact or (rehearsal.on == EMPTY and rehearsal.is_whole)):
        return SchemaText(reason=NOT_EXACT)
    roles = {context.request.target.role, rehearsal.role}
    snapshot = without(rehearsal.snapshots[-1], _others(context, history, connection, rehearsal.snapshots[-1]))
    return _schema(context, snapshot, rehearsal.reads, roles)


def _present(context: Context, history: Any, connection: Any) -> SchemaText:
    """Return the schema as it is now, in the time of one dump."""
    request, database = context.request, database_of(connection)
    try:
        connection.rollback()
        reader = database.snapshots.reader(connection, context.tools, history.tables(), False, HASTE)
        snapshot = reader.take(request.target)
    except errors.MigrationError as error:
        return SchemaText(reason=error.message.rstrip("."))
    except connection.Error as error:
        return SchemaText(reason=database.errors.first_words(error).rstrip("."))
    return _taken(context, history, connection, snapshot, reader)


def _taken(context: Context, history: Any, connection: Any, snapshot: Snapshot, reader: Any) -> SchemaText:
    """Return the schema that was read from the database itself."""
    if reader.left_out:
        return SchemaText(reason=UNREADABLE % labels(reader.left_out))
    snapshot = without(snapshot, _others(context, history, connection, snapshot))
    return _schema(context, snapshot, reader.name, [context.request.target.role])


def _others(context: Context, history: Any, connection: Any, snapshot: Snapshot) -> List[Unreadable]:
    """Return the tables that no script makes: of other histories, and the one that is kept in step with this one."""
    found: List[Unreadable] = []
    if connection is not None:
        # One that is broken is no reason to be without a file.
        with suppress(errors.MigrationError, connection.Error):
            siblings = database_of(connection).beside.siblings(connection, history) or ()
            found += [table for each in siblings for table in tables_of(each)]
        with suppress(connection.Error):
            connection.rollback()
    if context.in_step is not None:
        kept = context.in_step.table
        tables = [key for key in snapshot.objects if key.type == "TABLE" and key.name == kept.name]
        found += [Unreadable(key.schema, key.name) for key in tables if kept.schema in (None, key.schema)]
    return found


def _schema(context: Context, snapshot: Snapshot, reads: str, roles: Iterable[str]) -> SchemaText:
    """Return a schema as text: that of whoever runs the migrations, whatever that role is called.

    :param reads: what reads the schema, with its major version.
    """
    request = context.request
    database = database_of(request.target)
    objects = dict(snapshot.objects)
    for role in roles:
        objects = {key: database.snapshots.of_anybody(key.type, text, role) for key, text in objects.items()}
    current = context.report().current
    secrets = request.variables.secret.values() if request.variables is not None else ()
    version = None if current is None else str(current)
    return SchemaText(as_text(Head(reads), version, Snapshot(MappingProxyType(objects)), secrets))

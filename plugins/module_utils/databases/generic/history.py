# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history in any database that SQLAlchemy knows: the same two tables as elsewhere. It is the port History."""

from __future__ import annotations

import socket
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from ... import deps, errors, model
from ...version import COLLECTION_VERSION
from ..history_rows import detail_of, folded, release_of
from ..names import QualifiedName
from ..sight import Sight
from ..values import Entry, Remark, Seen
from . import tables
from .driver_errors import translated
from .transaction import SESSION

LOG_SUFFIX, SNAPSHOT_SUFFIX = "_log", "_snapshot"
OF_HISTORY = ("version", "applied")
# Name, checksum and event of what isn't in the log.
UNLOGGED = (None, None, None, None)


class History(NamedTuple):
    """The history of one database.

    :ivar columns: of its table; (): there is none. They tell when a script changes it.
    :ivar log_columns: of its log; (): there is none.
    """

    table: QualifiedName
    columns: Tuple[str, ...] = ()
    log_columns: Tuple[str, ...] = ()
    repository_id: Optional[str] = None

    @property
    def exists(self) -> bool:
        """Return whether the table is there."""
        return bool(self.columns)

    @property
    def keeps_log(self) -> bool:
        """Return whether there is a log too."""
        return set(tables.LOG_COLUMNS) <= set(self.log_columns)

    @property
    def wide(self) -> Tuple[str, ...]:
        """Return its columns beyond db-migrator's two: it never had any."""
        return ()

    @property
    def log(self) -> QualifiedName:
        """Return the name of its log."""
        return QualifiedName(self.table.name + LOG_SUFFIX)

    @property
    def snapshot(self) -> QualifiedName:
        """Return the name of the table that keeps what the last run left."""
        return QualifiedName(self.table.name + SNAPSHOT_SUFFIX)

    def tables(self) -> List[str]:
        """Return the quoted names of what has to be left out of a snapshot."""
        ours = (QualifiedName(tables.LOCK), QualifiedName(tables.MARK))
        return [each.quoted() for each in (self.table, self.log, self.snapshot, *ours)]


def unfound(table: QualifiedName, repository_id: Optional[str] = None) -> History:
    """Return a history that nobody has looked for."""
    return History(QualifiedName(table.name), repository_id=repository_id)


def find(connection: Any, wanted: QualifiedName, repository_id: Optional[str] = None) -> History:
    """Look for the history, and at it.

    :raises OptionInvalid: when its name has a schema.
    :raises HistoryForeign: when a table of that name is another tool's; its columns are told.
    """
    if wanted.schema is not None:
        raise errors.OptionInvalid(
            "history_table: %s names a schema; here it stands in the one that the session begins in" % wanted,
            hint="Write the table's name alone.",
        )
    history = unfound(wanted, repository_id)
    columns = tables.columns_of(connection, wanted.name)
    if columns and set(columns) != set(OF_HISTORY):
        raise errors.HistoryForeign(
            "%s is there, but isn't a history of this collection: its columns are %s" % (wanted, ", ".join(columns)),
            hint="It belongs to another tool; nothing was touched. Set history_table to another name.",
        )
    return history._replace(columns=columns, log_columns=tables.columns_of(connection, history.log.name))


def rows(connection: Any, history: History) -> Tuple[model.HistoryRow, ...]:
    """Return what is recorded, a row for each version, by time of application; () where there is no history.

    :raises HistoryForeign: when a version in it isn't one.
    """
    if not history.exists:
        return ()
    sa, table = deps.import_sqlalchemy(), tables.history_of(history.table.name)
    recorded = connection.run(sa.select(table.c.version, table.c.applied)).fetchall()
    logged: Dict[Tuple[Any, Any], Tuple[Any, Any, Any, Any]] = {}
    if history.keeps_log:
        log = tables.log_of(history.log.name)
        columns = (log.c.version, log.c.applied, log.c.name, log.c.checksum, log.c.event, log.c.detail)
        for version, applied, name, checksum, event, detail in connection.run(sa.select(*columns).order_by(log.c.id)):
            if applied is not None or event == model.Event.DEFERRED.value:
                logged[version, applied] = name, checksum, event, release_of(detail)
    try:
        return folded(
            _row(version, applied, *logged.get((version, applied), UNLOGGED))
            for version, applied in sorted(recorded, key=lambda row: (row[1] or "", row[0]))
        )
    except (ValueError, TypeError) as error:
        raise errors.HistoryForeign(
            "The history table %s holds a version that isn't one: %s" % (history.table, error),
            hint="Set history_table to another name, or fix that row.",
        ) from None


def _row(version: str, applied: Any, name: Any, checksum: Any, event: Any, release: Any) -> model.HistoryRow:
    return model.HistoryRow(model.Version.parse(version), applied, name, checksum, event, (version,), release)


def ensure(connection: Any, history: History, baseline: Tuple[model.Step, ...] = (), is_wide: bool = False) -> History:
    """Make the history's tables, or what they lack, and record the baseline. Return the history as it is then.

    :raises HistoryForeign: when a table of the application's has the log's name.
    """
    if history.exists and history.keeps_log and not baseline:
        return history
    makers = (tables.history_of(history.table.name), tables.log_of(history.log.name))
    with translated(), connection.cursor() as cursor:
        for table in (*makers, tables.snapshot_of(history.snapshot.name)):
            table.create(connection.sa, checkfirst=True)
        connection.commit()  # some use what was made only then
        made = find(connection, history.table, history.repository_id)
        if not made.keeps_log:
            raise errors.HistoryForeign(
                "%s is there, but isn't a log of this collection: its columns are %s"
                % (made.log, ", ".join(made.log_columns)),
                hint="It belongs to the application; nothing was touched. Set history_table to another name.",
            )
        writer = Recorder(made, in_run=False)
        for step in baseline:
            writer.record(cursor, Entry(model.Event.BASELINE, step))
        connection.commit()
    return made


class Recorder:
    """Writes the history of one run, on one connection."""

    def __init__(self, history: History, in_run: bool) -> None:
        """Take where to write.

        :param in_run: whether scripts run before it writes.
        """
        self.history, self._in_run = history, in_run

    def before(self, cursor: Any) -> None:
        """There is nothing to compare with."""

    def record(self, cursor: Any, entry: Entry, prelude: str = "", chained: bool = False) -> Seen:
        """Record what happened to a migration, in the open transaction.

        :raises ScriptFailed: when the history isn't the table that it was.
        """
        connection, step, history = cursor.connection, entry.step, self.history
        if self._in_run and tables.columns_of(connection, history.table.name) != history.columns:
            raise errors.ScriptFailed(
                "The script changed the history table %s itself; it isn't recorded" % history.table,
                hint="Take that out of the script. If the table is the application's own, set history_table to another "
                "name.",
            )
        table = tables.history_of(history.table.name)
        for spelling in step.spellings:
            connection.run(table.delete().where(table.c.version == spelling))
        values = {**values_of(entry), "detail": detail_of(entry.release)}
        if step.direction is model.Direction.UP:
            applied = None if entry.event is model.Event.DEFERRED else values["logged"]
            values.update(checksum=step.script.checksum, applied=applied)
            connection.run(table.insert(), {"version": values["version"], "applied": applied})
        add_to_log(connection, history, values)
        if chained:
            connection.commit()
        left = self._in_run and connection.is_set
        return Seen(Sight(), (SESSION,) if left else ())

    def forget(self) -> None:
        """Nothing is prepared."""


def recorder(history: History, survey: Any = None, locked: bool = False) -> Recorder:
    """Return who writes the history in a run. The lock is another connection's: no script can give it back."""
    return Recorder(history, survey is not None)


def copy_rows(source: Tuple[model.HistoryRow, ...], connection: Any, history: History) -> None:
    """Make another database's rows its own, for a rehearsal."""
    table = tables.history_of(history.table.name)
    for row in source:
        values = {**_here(), "event": row.event or model.Event.APPLIED.value, "version": str(row.spellings[0])}
        values.update(name=row.name, checksum=row.checksum, applied=row.applied)
        connection.run(table.insert(), {"version": values["version"], "applied": row.applied})
        add_to_log(connection, history, values)
    connection.commit()


def reduce(connection: Any, history: History, patience: float) -> None:
    """There is nothing to take away."""


def add_to_log(connection: Any, history: History, values: Dict[str, Any]) -> int:
    """Add an event. Return its number."""
    sa, log = deps.import_sqlalchemy(), tables.log_of(history.log.name)
    number = int(connection.run(sa.select(sa.func.coalesce(sa.func.max(log.c.id), 0))).scalar()) + 1
    connection.run(log.insert(), {**values, "id": number})
    return number


def values_of(entry: Union[Entry, Remark]) -> Dict[str, Any]:
    """Return what an event is, by the names of the log's columns."""
    names = ("event", "version", "name", "duration_ms")
    return {**dict(zip(names, entry.values())), **_here(), "detail": None, "checksum": None, "applied": None}


def _here() -> Dict[str, Any]:
    return {"logged": tables.now(), "done_from": socket.gethostname(), "collection_version": COLLECTION_VERSION}

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history in MariaDB and MySQL: the same two tables as elsewhere, with times as text. It is the port History."""

from __future__ import annotations

import socket
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from ... import errors, model
from ...version import COLLECTION_VERSION
from ..history_rows import detail_of, folded, release_of
from ..names import QualifiedName
from ..sight import Sight
from ..values import Entry, Remark, Seen
from . import history_sql as sql
from .composed import composed
from .driver_errors import translated
from .lock import acquire
from .transaction import left_in

LOG_SUFFIX, SNAPSHOT_SUFFIX = "_log", "_snapshot"
OF_HISTORY = ("version", "applied")


class History(NamedTuple):
    """The history of one database.

    :ivar columns: of its table, each with its type; (): there is none. They tell when a script changes it.
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
        return set(sql.LOG_COLUMNS) <= set(self.log_columns)

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
        return [each.quoted() for each in (self.table, self.log, self.snapshot)]

    def compose(self, statement: str) -> str:
        """Put the tables' names into a statement."""
        return composed(statement, table=self.table.name, log=self.log.name, snapshot=self.snapshot.name)


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
            "history_table: %s names a schema; here that is another database" % wanted,
            hint="Write the table's name alone: it stands in the database that is migrated.",
        )
    history = unfound(wanted, repository_id)
    with connection.cursor() as cursor:
        columns = _columns(cursor, wanted.name)
        log_columns = tuple(name for name, dummy in _columns(cursor, history.log.name))
    names = [name for name, dummy in columns]
    if columns and set(names) != set(OF_HISTORY):
        raise errors.HistoryForeign(
            "%s is there, but isn't a history of this collection: its columns are %s" % (wanted, ", ".join(names)),
            hint="It belongs to another tool; nothing was touched. Set history_table to another name.",
        )
    return history._replace(columns=tuple("%s %s" % each for each in columns), log_columns=log_columns)


def rows(connection: Any, history: History) -> Tuple[model.HistoryRow, ...]:
    """Return what is recorded, a row for each version, by time of application; () where there is no history.

    :raises HistoryForeign: when a version in it isn't one.
    """
    if not history.exists:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.ROWS if history.keeps_log else sql.ROWS_ALONE))
        found = cursor.fetchall()
    try:
        return folded(
            model.HistoryRow(
                model.Version.parse(version),
                None if applied is None else str(applied),
                name,
                checksum,
                event,
                (version,),
                release_of(detail),
            )
            for version, applied, name, checksum, event, detail in found
        )
    except (ValueError, TypeError) as error:
        raise errors.HistoryForeign(
            "The history table %s holds a version that isn't one: %s" % (history.table, error),
            hint="Set history_table to another name, or fix that row.",
        ) from None


def ensure(connection: Any, history: History, baseline: Tuple[model.Step, ...] = (), is_wide: bool = False) -> History:
    """Make the history's tables, or what they lack, and record the baseline. Return the history as it is then.

    :raises PrivilegeError: when this user may not.
    :raises HistoryForeign: when a table of the application's has the log's name.
    """
    if history.exists and history.keeps_log and not baseline:
        return history
    with translated(), connection.cursor() as cursor:
        cursor.execute(history.compose(sql.CREATE_TABLES))
        made = find(connection, history.table, history.repository_id)
        if not made.keeps_log:
            raise errors.HistoryForeign(
                "%s is there, but isn't a log of this collection: its columns are %s"
                % (made.log, ", ".join(made.log_columns)),
                hint="It belongs to the application; nothing was touched. Set history_table to another name.",
            )
        writer = Recorder(made, in_run=False, locked=False)
        for step in baseline:
            writer.record(cursor, Entry(model.Event.BASELINE, step))
        connection.commit()
    return made


class Recorder:
    """Writes the history of one run, on one connection."""

    def __init__(self, history: History, in_run: bool, locked: bool) -> None:
        """Take where to write.

        :param in_run: whether scripts run before it writes, and may have left something in its session.
        :param locked: whether it writes only as long as the session has the lock of the run.
        """
        self.history, self._in_run, self._locked = history, in_run, locked

    def before(self, cursor: Any) -> None:
        """There is nothing to compare with."""

    def record(self, cursor: Any, entry: Entry, prelude: str = "", chained: bool = False) -> Seen:
        """Record what happened to a migration, in the open transaction.

        :raises ScriptFailed: when the history isn't the table that it was.
        :raises LockHeld: when a script has given the lock of the run back, and another run has it.
        """
        if prelude:
            cursor.execute(prelude)
        if self._in_run:
            self._require_untouched(cursor)
        if self._locked:
            self._require_lock(cursor)
        step, history = entry.step, self.history
        for spelling in step.spellings:
            cursor.execute(history.compose(sql.ERASE), [spelling])
        values = {**values_of(cursor, entry), "detail": detail_of(entry.release)}
        if step.direction is model.Direction.UP:
            is_deferred = entry.event is model.Event.DEFERRED
            values.update(checksum=step.script.checksum, applied=None if is_deferred else values["now"])
            cursor.execute(history.compose(sql.RECORD), values)
        cursor.execute(history.compose(sql.LOG), values)
        seen = Seen(Sight(), tuple(left_in(cursor.connection)) if self._in_run else ())
        if chained:
            cursor.connection.commit()
        return seen

    def forget(self) -> None:
        """Nothing is prepared."""

    def _require_untouched(self, cursor: Any) -> None:
        now = tuple("%s %s" % each for each in _columns(cursor, self.history.table.name))
        if now != self.history.columns:
            raise errors.ScriptFailed(
                "The script changed the history table %s itself; it isn't recorded" % self.history.table,
                hint="Undo that by hand, and take it out of the script. If the table is the application's own, set "
                "history_table to another name.",
            )

    def _require_lock(self, cursor: Any) -> None:
        """Take the lock of the run again, where a script has given it back."""
        cursor.execute(sql.HAS_LOCK, [cursor.connection.lock])
        if not cursor.fetchone()[0]:
            acquire(cursor.connection, 0)


def recorder(history: History, survey: Any = None, locked: bool = False) -> Recorder:
    """Return who writes the history in a run."""
    return Recorder(history, survey is not None, locked)


def copy_rows(source: Tuple[model.HistoryRow, ...], connection: Any, history: History) -> None:
    """Make another database's rows its own, for a rehearsal."""
    with connection.cursor() as cursor:
        for row in source:
            values = {**_here(cursor), "event": row.event or model.Event.APPLIED.value, "detail": None}
            values.update(version=str(row.spellings[0]), name=row.name, duration_ms=None)
            values.update(checksum=row.checksum, applied=row.applied)
            cursor.execute(history.compose(sql.RECORD), values)
            cursor.execute(history.compose(sql.LOG), values)
    connection.commit()


def reduce(connection: Any, history: History, patience: float) -> None:
    """There is nothing to take away."""


def values_of(cursor: Any, entry: Union[Entry, Remark]) -> Dict[str, Any]:
    """Return what an event is, by the names of the log's columns."""
    names = ("event", "version", "name", "duration_ms")
    rest = {"detail": None, "checksum": None, "applied": None}
    return {**dict(zip(names, entry.values())), **_here(cursor), **rest}


def now(cursor: Any) -> str:
    """Return the server's time, in UTC."""
    cursor.execute(sql.NOW)
    return str(cursor.fetchone()[0])


def _here(cursor: Any) -> Dict[str, Any]:
    return {"now": now(cursor), "done_from": socket.gethostname(), "collection": COLLECTION_VERSION}


def _columns(cursor: Any, table: str) -> List[Tuple[str, str]]:
    cursor.execute(sql.COLUMNS, [table])
    return [(name, _text(kind)) for name, kind in cursor.fetchall()]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)

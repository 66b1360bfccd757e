# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history in SQLite: the same two tables as elsewhere, with times as text. It is the port History."""

from __future__ import annotations

import socket
import sqlite3
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

from ... import errors, model
from ...version import COLLECTION_VERSION
from ..history_rows import detail_of, folded, release_of
from ..names import QualifiedName
from ..sight import Sight
from ..values import Entry, Remark, Seen
from . import history_sql as sql
from .composed import composed
from .lock import locked_error
from .settings import FOREIGN_KEYS
from .transaction import left_in

LOG_SUFFIX, SNAPSHOT_SUFFIX = "_log", "_snapshot"
OF_HISTORY = ("version", "applied")


class History(NamedTuple):
    """The history of one file.

    :ivar text: the statement that made its table; '': there is none. It tells when a script changes it.
    :ivar log_columns: of its log; (): there is none.
    """

    table: QualifiedName
    text: str = ""
    log_columns: Tuple[str, ...] = ()
    repository_id: Optional[str] = None

    @property
    def exists(self) -> bool:
        """Return whether the table is there."""
        return bool(self.text)

    @property
    def keeps_log(self) -> bool:
        """Return whether there is a log too."""
        return set(sql.LOG_COLUMNS) <= set(self.log_columns)

    @property
    def wide(self) -> Tuple[str, ...]:
        """Return its columns beyond db-migrator's two: it never had any."""
        return ()

    @property
    def columns(self) -> Tuple[str, ...]:
        """Return its columns, each with its type."""
        return ("version text", "applied text") if self.exists else ()

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
            "history_table: %s names a schema, and SQLite has none" % wanted, hint="Write the table's name alone."
        )
    history = unfound(wanted, repository_id)
    with connection.cursor() as cursor:
        row = cursor.execute(sql.INSPECT, [wanted.name]).fetchone()
        log_columns = _columns(cursor, history.log.name)
        columns = _columns(cursor, wanted.name)
    if row is None:
        return history._replace(log_columns=log_columns)
    kind, text = row
    if kind != "table" or set(columns) != set(OF_HISTORY):
        raise errors.HistoryForeign(
            "%s is there, but isn't a history of this collection: its columns are %s"
            % (wanted, ", ".join(columns) or "none"),
            hint="It belongs to another tool; nothing was touched. Set history_table to another name.",
        )
    return history._replace(text=text, log_columns=log_columns)


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
                model.Version.recorded(version), applied, name, checksum, event, (version,), release_of(detail)
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

    :raises PrivilegeError: when the file takes no writes.
    :raises HistoryForeign: when a table of the application's has the log's name.
    """
    if history.exists and history.keeps_log and not baseline:
        return history
    connection.to_write()
    try:
        with connection.cursor() as cursor:
            cursor.execute(history.compose(sql.CREATE_TABLES))
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
    except sqlite3.Error as error:
        connection.rollback()
        raise locked_error(error, connection) from None


class Recorder:
    """Writes the history of one run, on one connection.

    Before it writes, it looks whether the script has left rows whose foreign keys lead nowhere: unless the application
    enforces them as it goes, nobody else would.
    """

    def __init__(self, history: History, in_run: bool) -> None:
        """Take where to write.

        :param in_run: whether scripts run before it writes, and may have left something in its session.
        """
        self.history, self._in_run = history, in_run
        self._broken: Optional[Dict[Any, int]] = None

    def before(self, cursor: Any) -> None:
        """Count the foreign keys that lead nowhere before a script runs: they aren't its. Enforce them as before."""
        if not cursor.connection.in_transaction:
            cursor.execute(FOREIGN_KEYS[cursor.connection.enforces_keys])
        if self._in_run and self._broken is None:
            self._broken = _broken(cursor)

    def record(self, cursor: Any, entry: Entry, prelude: str = "", chained: bool = False) -> Seen:
        """Record what happened to a migration, in the open transaction.

        :raises ScriptFailed: when the history isn't the table that it was, or foreign keys lead nowhere.
        """
        if prelude:
            cursor.execute(prelude)
        self._require_untouched(cursor)
        self._require_keys(cursor)
        step, history = entry.step, self.history
        marks = [(spelling,) for spelling in step.spellings]
        if marks:
            cursor.executemany(history.compose(sql.ERASE), marks)
        values = {**values_of(entry), "checksum": None, "applied": None}
        if step.direction is model.Direction.UP:
            values["checksum"] = step.script.checksum
            is_deferred = entry.event is model.Event.DEFERRED
            values["applied"] = None if is_deferred else cursor.execute(sql.NOW).fetchone()[0]
            cursor.execute(history.compose(sql.RECORD), values)
        cursor.execute(history.compose(sql.LOG), {**values, "detail": detail_of(entry.release)})
        seen = Seen(Sight(), tuple(left_in(cursor)) if self._in_run else ())
        if chained:
            cursor.connection.commit()
        return seen

    def forget(self) -> None:
        """Nothing is prepared."""

    def _require_untouched(self, cursor: Any) -> None:
        row = cursor.execute(sql.INSPECT, [self.history.table.name]).fetchone()
        if row is None or row[1] != self.history.text:
            raise errors.ScriptFailed(
                "The script changed the history table %s itself; it was rolled back" % self.history.table,
                hint="Take that statement out of the script. If the table is the application's own, set history_table "
                "to another name.",
            )

    def _require_keys(self, cursor: Any) -> None:
        if self._broken is None:
            return
        now = _broken(cursor)
        worse = [key for key, count in now.items() if count > self._broken.get(key, 0)]
        if worse:
            (table, parent), more = worse[0], now[worse[0]] - self._broken.get(worse[0], 0)
            raise errors.ScriptFailed(
                "It leaves %d rows of %s whose foreign key leads to no row of %s; it was rolled back"
                % (more, table, parent),
                hint="PRAGMA foreign_key_check shows them. Correct them in the script.",
            )


def recorder(history: History, survey: Any = None, locked: bool = False) -> Recorder:
    """Return who writes the history in a run. No script can give the lock of a run back: it ends with the process."""
    return Recorder(history, in_run=survey is not None)


def copy_rows(source: Tuple[model.HistoryRow, ...], connection: Any, history: History) -> None:
    """A copy of a file has its history in it."""


def reduce(connection: Any, history: History, patience: float) -> None:
    """There is nothing to take away."""


def values_of(entry: Union[Entry, Remark]) -> Dict[str, Any]:
    """Return what an event is, by the names of the log's columns."""
    names = ("event", "version", "name", "duration_ms")
    here = {"done_by": None, "done_from": socket.gethostname(), "collection": COLLECTION_VERSION}
    return {**dict(zip(names, entry.values())), **here}


def _columns(cursor: Any, table: str) -> Tuple[str, ...]:
    return tuple(name for (name,) in cursor.execute(sql.COLUMNS, [table]).fetchall())


def _broken(cursor: Any) -> Dict[Any, int]:
    """Return how many rows of a table refer to rows of another that aren't there, by both names."""
    found: Dict[Any, int] = {}
    for table, dummy, parent, dummy in cursor.execute(sql.BROKEN_KEYS).fetchall():
        found[table, parent] = found.get((table, parent), 0) + 1
    return found

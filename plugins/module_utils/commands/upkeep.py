# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a history small: takes from it the further columns that 0.1.0 gave it, and old events from its log."""

from __future__ import annotations

from contextlib import closing
from typing import Any, NamedTuple, Optional, Sequence, Tuple

from .. import errors
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..versions import Version


class UpkeepRequest(NamedTuple):
    """Whose history it is. ``lock_wait`` is in seconds.

    :ivar days: how old the events are that may go, with trim().
    """

    target: Any
    history_table: QualifiedName
    repository_id: Optional[str] = None
    lock_wait: float = 60
    checking: bool = False
    days: int = 0


class Trimmed(NamedTuple):
    """How many events were taken out of a log, or would be; and how many stay."""

    log: QualifiedName
    gone: int
    left: int


class Rebuilt(NamedTuple):
    """Rows that a history has lost, and gets back.

    :ivar rows: version, name, event and time of each, as the log has it.
    """

    table: QualifiedName
    rows: Tuple[Tuple[str, str, str, str], ...]


class Reduced(NamedTuple):
    """What was done to a history, or would be.

    :ivar table: its name.
    :ivar before: its columns, each with its type; (): there is no history.
    :ivar taken: the names of those that were taken away.
    """

    table: QualifiedName
    before: Tuple[str, ...]
    taken: Tuple[str, ...]

    @property
    def after(self) -> Tuple[str, ...]:
        """Return the columns that are left."""
        return tuple(each for each in self.before if each.split(" ")[0] not in self.taken)


def reduce(request: UpkeepRequest) -> Reduced:
    """Let a history have db-migrator's two columns; where it has them, or there is none, nothing is done.

    :raises MigrationError: when it can't be done; then nothing was changed.
    """
    database = database_of(request.target)
    with (
        database.errors.translated(),
        closing(database.sessions.connect(request.target, "pg_migration_mark")) as connection,
    ):
        history = _find(connection, request)
        if request.checking or not history.wide:
            return _of(history)
        with database.locks.held(connection, request.lock_wait):
            history = _find(connection, request)
            if history.wide:
                database.history.reduce(connection, history, request.lock_wait)
            return _of(history)


def trim(request: UpkeepRequest) -> Trimmed:
    """Take events out of the log that are older than so many days, but for those that the history needs.

    These are the ones that say of a migration how it came to be applied, and the last word on each version.

    :raises MigrationError: when it can't be done; then nothing was changed.
    """
    database = database_of(request.target)
    with (
        database.errors.translated(),
        closing(database.sessions.connect(request.target, "pg_migration_mark")) as connection,
    ):
        history = _find(connection, request)
        if not history.keeps_log:
            return Trimmed(history.log, 0, 0)
        if request.checking:
            return Trimmed(history.log, *database.upkeep.count(connection, history, request.days))
        with database.locks.held(connection, request.lock_wait):
            return Trimmed(history.log, *database.upkeep.trim(connection, history, request.days))


def rebuild(request: UpkeepRequest, versions: Optional[Sequence[str]] = None) -> Rebuilt:
    """Give a history back the rows that its log tells of and that it has lost, with the times of then.

    :param versions: only these; None: all.
    :raises Conflict: when there is no log.
    :raises UnknownVersion: when the log tells of no lost row of a version; then nothing is written.
    """
    database = database_of(request.target)
    with (
        database.errors.translated(),
        closing(database.sessions.connect(request.target, "pg_migration_mark")) as connection,
    ):
        if request.checking:
            return _rebuild(connection, request, versions)
        with database.locks.held(connection, request.lock_wait):
            return _rebuild(connection, request, versions)


def _rebuild(connection: Any, request: UpkeepRequest, versions: Optional[Sequence[str]]) -> Rebuilt:
    database = database_of(connection)
    history = _find(connection, request)
    lost = database.upkeep.lost_rows(connection, history)
    connection.rollback()
    if lost is None:
        raise errors.Conflict(
            "The history %s can't be rebuilt: there is no log %s" % (history.table, history.log),
            hint="Nothing was written. Mark what is applied with pg_migration_mark, or begin a history with "
            "baseline_version.",
        )
    chosen = lost if versions is None else [_lost(version, lost, history) for version in dict.fromkeys(versions)]
    if chosen and not request.checking:
        database.upkeep.rebuild(connection, history, [row[0] for row in chosen])
    return Rebuilt(history.table, tuple(chosen))


def _lost(version: str, lost: Sequence[Tuple[str, str, str, str]], history: Any) -> Tuple[str, str, str, str]:
    """Return the row of a version, as it is spelt in the log or as the same number."""
    found = [row for row in lost if row[0] == version] or [row for row in lost if _is_same(row[0], version)]
    if found:
        return found[0]
    raise errors.UnknownVersion(
        "Version %s can't be given back: either the history %s has it still, or its log never had it"
        % (version, history.table),
        hint="Nothing was written. In check mode, and without versions, the task lists what is lost.",
        version=version,
    )


def _is_same(text: str, other: str) -> bool:
    try:
        return Version.recorded(text) == Version.recorded(other)
    except ValueError:
        return False


def _find(connection: Any, request: UpkeepRequest) -> Any:
    history = database_of(connection).history.find(connection, request.history_table, request.repository_id)
    connection.rollback()
    return history


def _of(history: Any) -> Reduced:
    return Reduced(history.table, history.columns, history.wide)

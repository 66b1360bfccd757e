# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each migration stands. Never writes."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..databases.values import Activity
from ..planning.integrity import is_modified
from ..planning.order import in_one_order
from ..scripts.discovery import discover
from ..scripts.kinds.catalogue import read

NARROW = 15
PENDING = (model.State.PENDING, model.State.FAILED)
HEADER = ("version", "name", "is applied", "date applied")


class InfoRequest(NamedTuple):
    """Whose migrations to list, which of them ("all" or "pending"), and in which order ("version" or "applied").

    :ivar described: the scripts, where they aren't to be looked for.
    :ivar said: what there was to say of these.
    :ivar reads: whether to read the scripts, for whether they can be rolled back.
    """

    target: Any
    directories: Tuple[str, ...]
    history_table: QualifiedName
    sort: str = "version"
    kind: Optional[str] = None
    repository_id: Optional[str] = None
    follow: bool = False
    on_unread: str = "fail"
    order: Optional[str] = None
    only: str = "all"
    described: Optional[Tuple[model.Script, ...]] = None
    said: Tuple[str, ...] = ()
    reads: bool = True


class Standing(NamedTuple):
    """One migration, and where it stands.

    :ivar applied_at: the server's time in ISO 8601, in UTC.
    :ivar missing: it is recorded, and its file is gone.
    :ivar modified: its checksum differs from the one recorded.
    """

    version: model.Version
    name: str
    kind: Optional[str]
    state: model.State
    repeatable: bool = False
    reversible: Optional[bool] = None
    applied_at: Optional[str] = None
    modified: bool = False
    missing: bool = False


class Info(NamedTuple):
    """The migrations that were asked for, ordered so.

    :ivar total: how many there are in all.
    :ivar pending_count: how many would be applied; repeatable ones that ran before don't count.
    :ivar running: who is at work on the database right now, see lock.holder, and what at, see Activity.
    :ivar database_missing: there is no database of that name yet.
    :ivar warnings: what there is to say of the scripts.
    """

    standings: Tuple[Standing, ...]
    latest: Optional[model.Version]
    current: Optional[model.Version]
    total: int
    pending_count: int
    running: Optional[Dict[str, Any]] = None
    database_missing: bool = False
    warnings: Tuple[str, ...] = ()


def info(request: InfoRequest) -> Info:
    """Return where each migration stands; with no history, or no database yet, all are pending.

    :raises MigrationError: when directory, connection or history can't be read.
    """
    warnings: List[str] = [*request.said]
    scripts: Sequence[model.Script] = request.described or ()
    if request.described is None:
        wanted = (request.kind, request.follow, request.on_unread, request.order)
        dialects = database_of(request.target).abilities.dialects
        scripts = discover(request.directories, *wanted, warnings.append, dialects)
    missing = False
    try:
        rows, failed, running = _read(request)
    except errors.DatabaseMissing:
        rows, failed, running, missing = (), frozenset(), None, True
    scripts, rows = in_one_order(scripts, rows, request.order)
    standings = [*_of_scripts(scripts, rows, failed), *_of_missing(scripts, rows)]
    pending = [each for each in standings if each.state in PENDING]
    count = len(standings)
    standings = pending if request.only == "pending" else standings
    shown = _shown_of(scripts, standings) if request.reads else ()
    reversible = {script.version: _reversible(script) for script in shown}
    standings = [each._replace(reversible=reversible.get(each.version)) for each in standings]
    standings.sort(key=lambda each: each.version)
    if request.sort == "applied":
        standings.sort(key=lambda each: (each.applied_at is None, each.applied_at or ""))
    applied = [row.version for row in rows if row.applied is not None]
    on_disk = [script.version for script in scripts]
    latest, current = _highest(on_disk), _highest(applied)
    return Info(tuple(standings), latest, current, count, len(pending), running, missing, tuple(warnings))


def _read(
    request: InfoRequest,
) -> Tuple[Tuple[model.HistoryRow, ...], FrozenSet[model.Version], Optional[Dict[str, Any]]]:
    """Return what is recorded, the versions whose last event is a failure, and who is at work."""
    database = database_of(request.target)
    with (
        database.errors.translated(),
        closing(database.sessions.connect(request.target.for_reading(), "pg_migration_info")) as connection,
    ):
        history = database.history.find(connection, request.history_table, request.repository_id)
        rows = database.history.rows(connection, history)
        return rows, _failed(connection, history), _running(connection)


def _running(connection: Any) -> Optional[Dict[str, Any]]:
    """Return who is at work, whom that session waits for, and how far a long statement is."""
    locks = database_of(connection).locks
    found = locks.holder(connection)
    if found is None:
        return None
    try:
        activity = locks.activity(connection, found["pid"])
    except (connection.Error, UnicodeError):  # it is no more than a look
        connection.rollback()
        activity = Activity()
    return {**found, "waits_for": list(activity.blockers), "doing": activity.doing, "percent": activity.percent}


def listing(found: Info, wide: bool) -> List[str]:
    """Return a table for people, in the columns that db-migrator's users know; a * marks a repeatable migration."""
    names = [each.name for each in found.standings]
    width = max([NARROW, *map(len, names)]) if wide else NARROW
    longest = max([len(HEADER[0]), *(len(str(each.version)) for each in found.standings)])
    template = "%%-%ds | %%-%ds | %%-12s | %%s" % (longest, width)
    lines = [template % HEADER, "-" * len(template % HEADER)]
    for each in found.standings:
        state = each.state.value + ("*" if each.repeatable else "") + (" !" if each.missing or each.modified else "")
        lines.append((template % (each.version, each.name[:width], state, each.applied_at or "")).rstrip())
    return lines + _legend(found.standings)


def _highest(versions: Sequence[model.Version]) -> Optional[model.Version]:
    return max((version for version in versions if not version.is_repeatable), default=None)


def _legend(standings: Iterable[Standing]) -> List[str]:
    gone = ["! the file of %s is gone" % each.version for each in standings if each.missing]
    return gone + ["! %s was modified after it was applied" % each.version for each in standings if each.modified]


def _of_scripts(
    scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow], failed: FrozenSet[model.Version]
) -> Iterable[Standing]:
    recorded = {row.version: row for row in rows}
    for script in scripts:
        row = recorded.get(script.version)
        yield Standing(
            script.version,
            script.name,
            script.kind,
            _state(script, row, failed),
            script.repeatable or script.repeats_on_change,
            applied_at=row.applied if row else None,
            modified=row is not None and row.applied is not None and is_modified(script, row),
        )


def _shown_of(scripts: Sequence[model.Script], standings: Sequence[Standing]) -> Iterable[model.Script]:
    """Yield the scripts that are shown: to look for the way back in others would be for nothing."""
    shown = {each.version for each in standings}
    return (script for script in scripts if script.version in shown)


def _of_missing(scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow]) -> Iterable[Standing]:
    there = {script.version for script in scripts}
    for row in rows:
        if row.version not in there:
            state = model.State.DEFERRED if row.applied is None else model.State.APPLIED
            yield Standing(row.version, row.name or "", None, state, applied_at=row.applied, missing=True)


def _state(script: model.Script, row: Optional[model.HistoryRow], failed: FrozenSet[model.Version]) -> model.State:
    if row is not None:
        return model.State.DEFERRED if row.applied is None else model.State.APPLIED
    if script.version in failed:
        return model.State.FAILED
    return model.State.DEFERRED if script.deferred else model.State.PENDING


def _reversible(script: model.Script) -> Optional[bool]:
    """Return whether it has a down; None: it can't be read."""
    try:
        return read(script).down is not None
    except errors.MigrationError:
        return None


def _failed(connection: Any, history: Any) -> FrozenSet[model.Version]:
    """Return the versions whose last event is a failure."""
    if not history.exists:
        return frozenset()
    try:
        found = database_of(connection).log.last_failed(connection, history)
        return frozenset(map(model.Version.recorded, found))
    except (connection.Error, ValueError):
        connection.rollback()
        return frozenset()

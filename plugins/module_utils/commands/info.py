# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each migration stands. Never writes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..databases.tools import Tools
from ..databases.values import Activity
from ..history.retired import with_last_event
from ..planning.order import in_one_order
from ..planning.releases import Release, releases
from ..scripts.discovery import scripts_of
from .standing import PENDING, Standing, standings, with_reversible

if TYPE_CHECKING:  # few ask for it
    from .drift_check import DriftCheck

DIFF_CONTEXT = 10
NARROW = 15
HEADER = ("version", "name", "is applied", "date applied")


class InfoRequest(NamedTuple):
    """Whose migrations to list, which of them ("all" or "pending"), and in which order ("version" or "applied").

    :ivar described: the scripts, where they aren't to be looked for.
    :ivar said: what there was to say of these.
    :ivar check_drift: also look whether the schema is what the last run left.
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
    check_drift: bool = False
    reads: bool = True


class Info(NamedTuple):
    """The migrations that were asked for, ordered so.

    :ivar total: how many there are in all.
    :ivar pending_count: how many would be applied; repeatable ones that ran before don't count.
    :ivar running: who is at work on the database right now, see lock.holder, and what at, see Activity.
    :ivar database_missing: there is no database of that name yet.
    :ivar warnings: what there is to say of the scripts.
    :ivar drift: what a look for changes by hand has shown; None: nobody has looked.
    :ivar releases: those that the history knows of, the first one first.
    """

    standings: Tuple[Standing, ...]
    latest: Optional[model.Version]
    current: Optional[model.Version]
    total: int
    pending_count: int
    running: Optional[Dict[str, Any]] = None
    database_missing: bool = False
    warnings: Tuple[str, ...] = ()
    drift: Optional[DriftCheck] = None
    releases: Tuple[Release, ...] = ()


class Recorded(NamedTuple):
    """What a database tells: see Info.

    :ivar failed: the versions whose last event is a failure.
    :ivar retired: the versions whose files are gone on purpose.
    """

    rows: Tuple[model.HistoryRow, ...] = ()
    failed: FrozenSet[model.Version] = frozenset()
    retired: FrozenSet[model.Version] = frozenset()
    running: Optional[Dict[str, Any]] = None
    drift: Optional[DriftCheck] = None
    releases: Tuple[Release, ...] = ()
    database_missing: bool = False


def info(request: InfoRequest, tools: Optional[Tools] = None) -> Info:
    """Return where each migration stands; with no history, or no database yet, all are pending.

    :param tools: the means to read the schema, where drift is to be looked for.
    :raises MigrationError: when directory, connection or history can't be read; or the schema, with check_drift.
    """
    warnings: List[str] = []
    scripts: Sequence[model.Script] = scripts_of(
        request, database_of(request.target).abilities.dialects, warnings.append
    )
    try:
        recorded = _read(request, tools)
    except errors.DatabaseMissing:
        recorded = Recorded(database_missing=True)
    scripts, rows = in_one_order(scripts, recorded.rows, request.order)
    every = standings(scripts, rows, recorded.failed, warnings.append)
    every = [each._replace(retired=each.missing and each.version in recorded.retired) for each in every]
    pending = [each for each in every if each.state in PENDING]
    shown = pending if request.only == "pending" else every
    shown = with_reversible(shown, scripts) if request.reads else list(shown)
    shown.sort(key=lambda each: each.version)
    if request.sort == "applied":
        shown.sort(key=lambda each: (each.applied_at is None, each.applied_at or ""))
    applied = [row.version for row in rows if row.applied is not None]
    on_disk = [script.version.base for script in scripts]
    latest, current = _highest(on_disk), _highest(applied)
    warnings += recorded.drift.warnings if recorded.drift else ()
    found = Info(tuple(shown), latest, current, len(every), len(pending), warnings=tuple(warnings))
    found = found._replace(drift=recorded.drift, releases=recorded.releases)
    return found._replace(running=recorded.running, database_missing=recorded.database_missing)


def _read(request: InfoRequest, tools: Optional[Tools]) -> Recorded:
    database = database_of(request.target)
    with (
        database.errors.translated(),
        closing(database.sessions.connect(request.target.for_reading(), "pg_migration_info")) as connection,
    ):
        history = database.history.find(connection, request.history_table, request.repository_id)
        rows = database.history.rows(connection, history)
        failed = with_last_event(connection, history, model.Event.FAILED)
        retired = with_last_event(connection, history, model.Event.RETIRED) if history.keeps_log else frozenset()
        running = _running(connection)
        released = tuple(_releases(connection, history, rows))
        return Recorded(rows, failed, retired, running, _drift(request, connection, history, tools), released)


def _releases(connection: Any, history: Any, rows: Sequence[model.HistoryRow]) -> Sequence[Release]:
    """Return the releases that a database has had."""
    if not history.exists or not history.keeps_log:
        return ()
    runs = database_of(connection).log.told(connection, history, model.Event.RELEASED.value)
    connection.rollback()
    return releases(rows, runs)


def _drift(request: InfoRequest, connection: Any, history: Any, tools: Optional[Tools]) -> Optional[DriftCheck]:
    if not request.check_drift or tools is None:
        return None
    from .drift_check import look_for_drift

    target = database_of(connection).sessions.settled(request.target.for_reading(), connection)
    return look_for_drift(connection, target, history, tools, DIFF_CONTEXT, whole=False).check


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
    with_release = any(each.release for each in found.standings)
    template += " | %s" if with_release else ""
    header = template % (*HEADER, "release") if with_release else template % HEADER
    lines = [header, "-" * len(header)]
    for each in found.standings:
        state = each.state.value + ("*" if each.repeatable else "") + (" !" if each.is_odd else "")
        row = (each.version, each.name[:width], state, each.applied_at or "")
        lines.append((template % ((*row, each.release or "") if with_release else row)).rstrip())
    return lines + _legend(found.standings)


def _legend(standings: Iterable[Standing]) -> List[str]:
    gone = ["! the file of %s is gone" % each.version for each in standings if each.missing and not each.retired]
    return gone + ["! %s was modified after it was applied" % each.version for each in standings if each.modified]


def _highest(versions: Sequence[model.Version]) -> Optional[model.Version]:
    return max((version for version in versions if not version.is_repeatable), default=None)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says of applied migrations that their files are gone on purpose. They stay applied, and are told of no more."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.values import Entry
from ..history.retired import with_last_event
from ..planning.checkpoints import apart, is_replaced, with_replaced
from ..planning.order import in_one_order
from ..planning.plan import find_version
from ..scripts.discovery import scripts_of
from .mark import MarkRequest


class Retired(NamedTuple):
    """Migrations that are applied, and whose files are gone.

    :ivar anew: those that are retired now; before: those that were already.
    """

    anew: Tuple[model.HistoryRow, ...]
    before: Tuple[model.HistoryRow, ...]


def retire(request: MarkRequest, warn: Optional[Callable[[str], None]] = None) -> Retired:
    """Retire versions, or all whose files are gone where none is named; all in one transaction.

    :param warn: is called with what there is to say of the scripts.
    :raises UnknownVersion: when one isn't in the history; then nothing is written.
    :raises Conflict: when the file of one is there.
    """
    database = database_of(request.target)
    scripts = scripts_of(request, database.abilities.dialects, warn)
    with (
        database.errors.translated(),
        closing(database.sessions.connect(request.target, "pg_migration_mark")) as connection,
    ):
        if request.checking:
            return _plan(connection, request, scripts)[1]
        with database.locks.held(connection, request.lock_wait):
            return _write(connection, request, scripts)


def _write(connection: Any, request: MarkRequest, scripts: Sequence[model.Script]) -> Retired:
    history, found = _plan(connection, request, scripts)
    if found.anew:
        database = database_of(connection)
        history = database.history.ensure(connection, history)
        with connection.cursor() as cursor:
            for row in found.anew:
                step = model.Step(model.Script(row.version, row.name or "", "", ""))
                database.log.log(cursor, history, Entry(model.Event.RETIRED, step))
        connection.commit()
    return found


def _plan(connection: Any, request: MarkRequest, scripts: Sequence[model.Script]) -> Tuple[Any, Retired]:
    store = database_of(connection).history
    history = store.find(connection, request.history_table, request.repository_id)
    scripts, rows = in_one_order(scripts, store.rows(connection, history), request.order)
    already = with_last_event(connection, history, model.Event.RETIRED) if history.keeps_log else frozenset()
    connection.rollback()
    gone = _gone(scripts, rows)
    named = {row.version: row for row in (_chosen(text, scripts, rows, gone) for text in request.versions)}
    chosen = list(named.values()) or gone
    anew = tuple(row for row in chosen if row.version not in already)
    return history, Retired(anew, tuple(row for row in chosen if row.version in already))


def _gone(scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow]) -> List[model.HistoryRow]:
    """Return what is applied and has no file; what a checkpoint takes the place of isn't missed anyway."""
    (plain, checkpoints), known = apart(scripts), with_replaced(scripts)
    files = {script.version for script in plain}
    applied = [row for row in rows if row.applied is not None and row.version not in files]
    return [row for row in applied if not is_replaced(row.version, known, checkpoints)]


def _chosen(
    text: str,
    scripts: Sequence[model.Script],
    rows: Sequence[model.HistoryRow],
    gone: Sequence[model.HistoryRow],
) -> model.HistoryRow:
    plain, dummy = apart(scripts)
    version = find_version(text, plain, [row.version for row in rows])
    row = next((each for each in gone if each.version == version), None)
    if row is None:
        path = next((script.path for script in plain if script.version == version), None)
        raise errors.Conflict(
            "%s can't be retired: %s"
            % (
                version,
                "its file is there, %s" % path if path else "it isn't applied, or a checkpoint takes its place",
            ),
            hint="Nothing was written. Retire what is applied here, and whose file is gone on purpose.",
            version=str(version),
            path=path,
        )
    return row

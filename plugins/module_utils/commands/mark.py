# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes history without running anything."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, AbstractSet, Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..databases.values import Entry
from ..planning.checkpoints import apart, begun_with, replaced_by, with_replaced
from ..planning.integrity import is_modified
from ..planning.plan import find_version
from ..run.journal import unfinished
from ..scripts.discovery import scripts_of

if TYPE_CHECKING:  # few ask for it
    from .accept_drift import Accepting

# What the log says of a mark.
EVENTS = {
    model.State.APPLIED: model.Event.MARKED,
    model.State.DEFERRED: model.Event.DEFERRED,
    model.State.PENDING: model.Event.FORGOTTEN,
}


class MarkRequest(NamedTuple):
    """Which versions to mark as what. ``lock_wait`` is in seconds.

    :ivar described: the scripts, where they aren't to be looked for.
    :ivar said: what there was to say of these.
    """

    target: Any
    directories: Tuple[str, ...]
    history_table: QualifiedName
    versions: Tuple[str, ...]
    state: model.State
    kind: Optional[str] = None
    repository_id: Optional[str] = None
    follow: bool = False
    on_unread: str = "fail"
    order: Optional[str] = None
    lock_wait: float = 60
    checking: bool = False
    described: Optional[Tuple[model.Script, ...]] = None
    said: Tuple[str, ...] = ()


class Mark(NamedTuple):
    """One version, with what it is marked as and what it was before.

    :ivar anew: rewrite the row although the state is unchanged: its script was modified, or it was cut off.
    """

    version: str
    name: Optional[str]
    before: model.State
    after: model.State
    anew: bool = False

    @property
    def written(self) -> bool:
        """Return whether the history gets a row for it, or loses one."""
        return self.anew or self.before is not self.after


def mark(
    request: MarkRequest, warn: Optional[Callable[[str], None]] = None, accepting: Optional[Accepting] = None
) -> List[Mark]:
    """Mark each version, all in one transaction.

    :param warn: is called with what there is to say of the scripts.
    :param accepting: also takes the live schema as known.
    :returns: a mark for each version; where before and after are the same, nothing was written for it.
    :raises UnknownVersion: when one of them is unknown; then nothing is marked.
    """
    database = database_of(request.target)
    scripts = scripts_of(request, database.abilities.dialects, warn)
    with (
        database.errors.translated(),
        closing(database.sessions.connect(request.target, "pg_migration_mark")) as connection,
    ):
        if request.checking:
            history, planned = _plan(connection, request, scripts)
            if accepting is not None:
                accepting.look(connection, request.target, history)
            return [each for each, dummy in planned]
        with database.locks.held(connection, request.lock_wait):
            return _write(connection, request, scripts, accepting)


def _write(
    connection: Any, request: MarkRequest, scripts: Sequence[model.Script], accepting: Optional[Accepting]
) -> List[Mark]:
    history, planned = _plan(connection, request, scripts)
    if accepting is not None:
        accepting.look(connection, request.target, history)
    marked = any(each.written for each, dummy in planned)
    if marked:
        database = database_of(connection)
        history = database.history.ensure(connection, history)
        recorder = database.history.recorder(history)
        with connection.cursor() as cursor:
            for each, step in planned:
                entry = Entry(EVENTS[request.state], step)
                if each.written and each.after is each.before is model.State.PENDING:
                    database.log.log(cursor, history, entry)  # there is no row to take away
                elif each.written:
                    recorder.record(cursor, entry)
        connection.commit()
    if accepting is not None:
        accepting.accept(connection, history, marked)
    return [each for each, dummy in planned]


def _plan(
    connection: Any, request: MarkRequest, scripts: Sequence[model.Script]
) -> Tuple[Any, List[Tuple[Mark, model.Step]]]:
    """Return the history, and what to write for each version."""
    store = database_of(connection).history
    history = store.find(connection, request.history_table, request.repository_id)
    rows = {row.version: row for row in store.rows(connection, history)}
    connection.rollback()
    files = {script.version: script for script in with_replaced(scripts)}
    planned: Dict[model.Version, Tuple[Mark, model.Step]] = {}
    for text in request.versions:
        each, step = _plan_one(text, request.state, files, rows)
        planned.setdefault(step.script.version, (each, step))
    if request.state is not model.State.APPLIED:
        _refuse_in_vain(planned.keys(), request.state, scripts, list(rows.values()))
    begun = unfinished(connection, history, [each.version for each, dummy in planned.values()])
    connection.rollback()
    return history, [(each._replace(anew=each.anew or each.version in begun), step) for each, step in planned.values()]


def _plan_one(
    text: str, state: model.State, files: Dict[model.Version, model.Script], rows: Dict[model.Version, model.HistoryRow]
) -> Tuple[Mark, model.Step]:
    """A missing file's migration can be forgotten; to be marked as anything else, it must be there."""
    recorded = list(rows) if state is model.State.PENDING else []
    version = find_version(text, list(files.values()), recorded)
    row = rows.get(version)
    script = files.get(version) or _ghost(version, row)
    before = (
        model.State.PENDING if row is None else model.State.DEFERRED if row.applied is None else model.State.APPLIED
    )
    direction = model.Direction.DOWN if state is model.State.PENDING else model.Direction.UP
    step = model.Step(script, direction, model.Reason.PENDING, row.spellings if row else ())
    anew = before is state is model.State.APPLIED and row is not None and is_modified(script, row)
    return Mark(str(script.version), script.name or None, before, state, anew), step


def _refuse_in_vain(
    again: AbstractSet[model.Version],
    state: model.State,
    scripts: Sequence[model.Script],
    rows: Sequence[model.HistoryRow],
) -> None:
    """Refuse to mark as to be run what never would: the database has begun with a checkpoint that takes its place.

    :param again: the versions to mark. If the checkpoint's own is among them, the database has no longer begun with it.
    :raises Conflict: names the checkpoint.
    """
    plain, dummy = apart(scripts)
    for checkpoint in begun_with(scripts, [row for row in rows if row.version not in again]):
        in_vain = next((each for each in replaced_by(checkpoint, plain) if each.version in again), None)
        if in_vain is not None:
            raise errors.Conflict(
                "%s can't be marked as %s: this database has begun with the checkpoint %s, which takes its place, and "
                "so it would never run" % (in_vain.label, state.value, checkpoint.label),
                hint="Nothing was marked. To run its statements here, write them as a new migration. To begin "
                "anew with an empty database, mark all that it has as pending, version %s included."
                % checkpoint.version.base,
                version=str(in_vain.version),
                path=checkpoint.path,
            )


def _ghost(version: model.Version, row: Optional[model.HistoryRow]) -> model.Script:
    """Return a stand-in for a script whose file is gone."""
    if row is None:
        raise errors.UnknownVersion("No script has the version %s" % version, version=str(version))
    return model.Script(version, row.name or "", "", "")

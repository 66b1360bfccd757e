# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal of one database tells of another: which databases are alike, and which scripts keep it to itself.

The copy of a rehearsal has the schema of its database, its history, and no row. So it is the same for all that have the
same of both, unless what a script does depends on rows.
"""

from __future__ import annotations

import hashlib
import json
from types import CodeType
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence

from .. import model
from ..commands.context import Context
from ..commands.view import View
from ..databases.choose import database_of
from ..history import drift
from ..sql.reads import may_tell

HAS_ROWS = "the copy gets rows of each (rehearsal_data)"
ASKED_THERE = "%s says by itself whether it wants to run, and may look at rows for that"
READS = "%s reads, and what it does may depend on rows"
# Of a result, what tells a script in Python something of rows without another statement.
TELLS = frozenset(["rowcount", "fetchone", "fetchall", "fetchmany", "super_user"])


class Likeness(NamedTuple):
    """What a database is like.

    :ivar schema: equal for those with the same schema.
    :ivar state: equal for those with the same history, plan, and snapshot to compare with.
    :ivar alone: why its rehearsal tells nothing of another; None: it does.
    """

    schema: str
    state: str
    alone: Optional[str] = None


def likeness(context: Context, view: View, connection: Any) -> Likeness:
    """Look what a database is like that has something pending.

    :param connection: to it; None: it isn't there yet.
    :raises MigrationError: when its schema can't be read.
    """
    alone = _alone(context, view.plan.steps)
    if connection is None:
        return Likeness("", _digest(["missing", *_of_plan(view)]), alone)
    state = [*map(_row, sorted(view.rows)), *_of_plan(view), bool(view.history.wide), *_kept(view, connection)]
    return Likeness(_schema(context, view, connection), _digest(state), alone)


def _alone(context: Context, steps: Sequence[model.Step]) -> Optional[str]:
    if context.request.rehearsal_data:
        return HAS_ROWS
    asked = next((step.script for step in steps if step.script.repeatable and not step.wanted), None)
    return ASKED_THERE % asked.label if asked is not None else None


def _schema(context: Context, view: View, connection: Any) -> str:
    """Return a digest of the schema, by a query; where that can't tell, by a snapshot."""
    database = database_of(connection)
    digest = database.fleet.alike(connection)
    if digest is not None:
        return digest
    reader = database.snapshots.reader(connection, context.tools, view.history.tables(), whole=False)
    taken = reader.take(context.request.target).digest()
    return _digest(["snapshot", taken, reader.left_out])


def _row(row: model.HistoryRow) -> List[Any]:
    return [row.version.text, row.applied is None, row.checksum, row.event, row.spellings]


def _of_plan(view: View) -> List[Any]:
    baseline = None if view.plan.baseline is None else [str(script.version) for script in view.plan.baseline]
    steps = [
        [str(step.script.version), step.script.checksum, step.direction.value, step.wanted, step.resume, step.spellings]
        for step in view.plan.steps
    ]
    return [baseline, steps]


def _kept(view: View, connection: Any) -> Iterator[Any]:
    """Yield what there is to compare with, to notice drift: of this history, and of others."""
    if not view.history.keeps_log:
        return
    beside = database_of(connection).beside
    siblings = beside.siblings(connection, view.history)
    yield siblings is None
    for history in (view.history, *(siblings or ())):
        kept = beside.kept_snapshot(connection, history)
        # The state has the times of the history in it, and so each database has its own.
        own = history is view.history and kept is not None and drift.goes_with(kept[2], view.rows)
        yield [str(history.table), own, None if kept is None else [kept[2][drift.DIGITS :], kept[3], kept[4]]]
    connection.rollback()


def _digest(parts: Sequence[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode("utf-8", "surrogatepass")).hexdigest()


def reading(context: Context) -> Optional[str]:
    """Return why a rehearsal that was made tells nothing of other databases; None: it does."""
    if context.checked is None:
        return None
    migrations = dict(context.jobs)
    for outcome in context.checked.rehearsal.progress.done:
        body = migrations[outcome.step].body(outcome.step.direction)
        if isinstance(body, model.PythonBody) and _reads(body, outcome.sent):
            return READS % outcome.step.script.label
    return None


def _reads(body: model.PythonBody, sent: Optional[model.Sent]) -> bool:
    if sent is None or not sent.is_whole or TELLS & set(_names(body.code)):
        return True
    return any(may_tell(text) for text in sent.texts)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)

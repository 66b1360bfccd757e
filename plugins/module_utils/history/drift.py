# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: the live schema isn't what the last run left. Its snapshot is kept beside the history.

A database may have several histories. What the run of a sibling has left is no drift, so the latest snapshot counts.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from types import MappingProxyType
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from .. import deps, errors, model
from ..databases.postgresql import history_sql as sql
from ..databases.postgresql.names import QualifiedName
from ..databases.postgresql.unreadable import Unreadable, without
from ..schema.diff import unified_diff
from ..schema.snapshot import ObjectKey, Snapshot
from .history import History, find
from .history import rows as rows_of


class Drifted(NamedTuple):
    """The schema has changed since the last run, and not by a migration.

    :ivar since: when that run ended, as the server writes it; of a sibling's run, whose.
    :ivar diff: from what that run left to what is there.
    """

    since: str
    diff: str


class LastSnapshot(NamedTuple):
    """What the last run left.

    :ivar since: when that run ended, as the server writes it; of a sibling's run, whose.
    :ivar state: the digest of that run's history, and of what it couldn't read.
    :ivar body: the statements, compressed.
    :ivar rows: that history as it is now.
    :ivar histories: quoted names of every history's tables, where there are several.
    """

    since: str
    state: str
    digest: str
    body: bytes
    rows: Tuple[model.HistoryRow, ...] = ()
    histories: Tuple[Unreadable, ...] = ()

    def snapshot(self) -> Snapshot:
        """Return the schema itself."""
        objects = json.loads(zlib.decompress(self.body).decode("utf-8", "surrogatepass"))
        return Snapshot(MappingProxyType({ObjectKey(*row[:4]): row[4] for row in objects}))


def last_snapshot(
    connection: Any, history: History, rows: Sequence[model.HistoryRow], pg_dump: int
) -> Optional[LastSnapshot]:
    """Return what the live schema can be compared with, if anything.

    There is nothing where no snapshot is kept, where another major version of pg_dump wrote it, and where there is a
    sibling that this role may not read.

    :param rows: the history as it is now.
    :param pg_dump: major version of the one that is to take the live snapshot.
    """
    if not history.keeps_log:
        return None
    siblings = _siblings(connection, history)
    if siblings is None:
        return None
    histories = tuple(_tables_of(each) for each in (history, *siblings)) if siblings else ()
    flat = tuple(table for tables in histories for table in tables)
    found = [_read(connection, history, tuple(rows), pg_dump, "")]
    for each in siblings:
        found.append(_read(connection, each, rows_of(connection, each), pg_dump, " by the history %s" % each.table))
    connection.rollback()
    kept = [each for each in found if each is not None]
    return max(kept, key=lambda each: each[0])[1]._replace(histories=flat) if kept else None


def compare(last: Optional[LastSnapshot], live: Snapshot, scope: Sequence[str], context: int) -> Optional[Drifted]:
    """Compare the live schema with what the last run left; None: it is the same, or nobody can say.

    Nobody can where the history has been written since (a run was killed, or another tool is at work), and where that
    run could read more than this one, or less.

    :param scope: what of the schema the live snapshot lacks.
    """
    if last is None or last.state != _state_of(last.rows, scope) or last.digest == live.digest():
        return None
    try:
        left = last.snapshot()
    except (zlib.error, ValueError, TypeError):
        return None  # somebody has written there who isn't one of us
    diff = unified_diff(without(left, last.histories), without(live, last.histories), context)
    return Drifted(last.since, diff) if diff else None


def store(
    connection: Any,
    history: History,
    rows: Sequence[model.HistoryRow],
    snapshot: Snapshot,
    scope: Sequence[str],
    pg_dump: int,
) -> None:
    """Store the snapshot of what a run has left, in place of the one before.

    :param scope: what of the schema it lacks.
    """
    with connection.cursor() as cursor:
        values = [_state_of(rows, scope), pg_dump, snapshot.digest(), deps.psycopg2.Binary(_pack(snapshot))]
        cursor.execute(history.compose(sql.STORE_SNAPSHOT), values)
    connection.commit()


def _read(
    connection: Any, history: History, rows: Tuple[model.HistoryRow, ...], pg_dump: int, whose: str
) -> Optional[Tuple[float, LastSnapshot]]:
    """Return a history's snapshot, and when it was taken."""
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.LAST_SNAPSHOT))
        row = cursor.fetchone()
    if row is None or row[3] != pg_dump:
        return None
    since, taken, state, dummy, digest, body = row
    return taken, LastSnapshot(since + whose, state, digest, bytes(body), rows)


def _siblings(connection: Any, history: History) -> Optional[List[History]]:
    """Return the other histories of the database that keep snapshots; None: this role may not read one of them."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SIBLINGS, [history.oid])
        found = cursor.fetchall()
    if not all(readable for dummy, dummy, readable in found):
        return None
    try:
        return [find(connection, QualifiedName(name, schema)) for schema, name, dummy in found]
    except errors.HistoryForeign:
        return None


def _tables_of(history: History) -> Tuple[Unreadable, ...]:
    schema = history.table.schema or ""
    return tuple(Unreadable(schema, each.name) for each in (history.table, history.log, history.snapshot))


def _state_of(rows: Sequence[model.HistoryRow], scope: Sequence[str]) -> str:
    """Return a digest of what is applied, and when: it tells whether the history has been written since."""
    text = json.dumps(sorted((row.version.text, row.applied or "") for row in rows))
    return hashlib.sha256((text + "".join(scope)).encode()).hexdigest()


def _pack(snapshot: Snapshot) -> bytes:
    text = json.dumps([[*key, body] for key, body in snapshot.objects.items()])
    return zlib.compress(text.encode("utf-8", "surrogatepass"))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift: the live schema isn't what the last run left. Its snapshot is kept beside the history."""

from __future__ import annotations

import hashlib
import json
import zlib
from types import MappingProxyType
from typing import Any, NamedTuple, Optional, Sequence

from .. import deps, model
from ..databases.postgresql import history_sql as sql
from ..schema.diff import unified_diff
from ..schema.snapshot import ObjectKey, Snapshot
from .history import History


class Drifted(NamedTuple):
    """The schema has changed since the last run, and not by a migration.

    :ivar since: when that run ended, as the server writes it.
    :ivar diff: from what that run left to what is there.
    """

    since: str
    diff: str


class LastSnapshot(NamedTuple):
    """What the last run left.

    :ivar since: when that run ended, as the server writes it.
    :ivar body: the statements, compressed.
    """

    since: str
    digest: str
    body: bytes


def last_snapshot(
    connection: Any, history: History, rows: Sequence[model.HistoryRow], pg_dump: int
) -> Optional[LastSnapshot]:
    """Return what the live schema can be compared with, if anything.

    There is nothing where no snapshot is kept, where the history has been written since (a run was killed, or another
    tool is at work), and where another major version of pg_dump wrote it.

    :param rows: the history as it is now.
    :param pg_dump: major version of the one that is to take the live snapshot.
    """
    if not history.keeps_log:
        return None
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.LAST_SNAPSHOT))
        row = cursor.fetchone()
    connection.rollback()
    if row is None:
        return None
    since, state, version, digest, body = row
    return LastSnapshot(since, digest, bytes(body)) if (state, version) == (_state_of(rows), pg_dump) else None


def compare(last: Optional[LastSnapshot], live: Snapshot, context: int) -> Optional[Drifted]:
    """Compare the live schema with what the last run left; None: it is the same, or nobody can say."""
    if last is None or last.digest == live.digest():
        return None
    return Drifted(last.since, unified_diff(_unpack(last.body), live, context))


def store(
    connection: Any, history: History, rows: Sequence[model.HistoryRow], snapshot: Snapshot, pg_dump: int
) -> None:
    """Store the snapshot of what a run has left, in place of the one before."""
    with connection.cursor() as cursor:
        values = [_state_of(rows), pg_dump, snapshot.digest(), deps.psycopg2.Binary(_pack(snapshot))]
        cursor.execute(history.compose(sql.STORE_SNAPSHOT), values)
    connection.commit()


def _state_of(rows: Sequence[model.HistoryRow]) -> str:
    """Return a digest of what is applied, and when: it tells whether the history has been written since."""
    text = json.dumps(sorted((row.version.text, row.applied or "") for row in rows))
    return hashlib.sha256(text.encode()).hexdigest()


def _pack(snapshot: Snapshot) -> bytes:
    text = json.dumps([[*key, body] for key, body in snapshot.objects.items()])
    return zlib.compress(text.encode("utf-8", "surrogatepass"))


def _unpack(body: bytes) -> Snapshot:
    objects = json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass"))
    return Snapshot(MappingProxyType({ObjectKey(*row[:4]): row[4] for row in objects}))

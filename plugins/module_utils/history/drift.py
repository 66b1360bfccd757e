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
from typing import Any, Callable, NamedTuple, Optional, Sequence, Tuple, Union

from .. import errors, formats, model
from ..databases.choose import database_of
from ..databases.values import Remark
from ..schema.diff import unified_diff
from ..schema.snapshot import ObjectKey, Snapshot
from ..schema.unreadable import Unreadable, without

# Of the digest that says which history a snapshot goes with; behind it stands a note, see note_of.
DIGITS = 64

# Why there is nothing to compare with.
NO_SNAPSHOT = "no run has left a snapshot of the schema yet"
NO_SIBLING = "another history of this database can't be read, and its runs may have changed the schema"
OTHER_VERSION = "the snapshot is of a client program of version %s, and this is version %s, which prints differently"
WRITTEN_SINCE = (
    "the history was written after the snapshot: by a mark, by another tool, or by a run that was cut off or had no "
    "client program"
)
RESTORED = "this database was restored from a dump, or moved here, and the last run's snapshot is of where it came from"
NOT_OURS = "what is kept isn't a snapshot of this collection's"
LATER_RELEASE = "the snapshot is of a later release of this collection"


class Drifted(NamedTuple):
    """The schema has changed since the last run, and not by a migration.

    :ivar since: when that run ended, as the server writes it; of a sibling's run, whose.
    :ivar diff: from what that run left to what is there.
    :ivar left: what that run left; found: what is there; both without what either lacks.
    """

    since: str
    diff: str
    left: Snapshot
    found: Snapshot


class LastSnapshot(NamedTuple):
    """What the last run left.

    :ivar since: when that run ended, as the server writes it; of a sibling's run, whose.
    :ivar body: the statements, compressed.
    :ivar lacks: what it lacks: what that run couldn't read, and where there are several histories their tables.
    :ivar number: the format of the statements, see formats.py.
    :ivar renewed: brings an object's statements in the first format into the present one.
    """

    since: str
    digest: str
    body: bytes
    lacks: Tuple[Unreadable, ...] = ()
    number: int = formats.FIRST
    renewed: Callable[[str], str] = str

    @property
    def is_readable(self) -> bool:
        """Return whether what is kept is a schema: somebody may have written there who isn't one of us."""
        try:
            return bool(self.snapshot() is not None)
        except (zlib.error, ValueError, TypeError):
            return False

    def snapshot(self) -> Snapshot:
        """Return the schema itself, in the present format."""
        objects = json.loads(zlib.decompress(self.body).decode("utf-8", "surrogatepass"))
        now = self.renewed if self.number == formats.FIRST else str
        return Snapshot(MappingProxyType({ObjectKey(*row[:4]): now(row[4]) for row in objects}))


def look_for_last(
    connection: Any, history: Any, rows: Sequence[model.HistoryRow], pg_dump: int
) -> Union[LastSnapshot, str]:
    """Return what the live schema can be compared with; else why there is nothing, in words.

    There is nothing where no snapshot is kept, where the history has been written since (a run was killed, or another
    tool is at work), where another major version of pg_dump wrote it, and where a sibling can't be read.

    :param rows: the history as it is now.
    :param pg_dump: major version of the one that is to take the live snapshot.
    """
    if not history.keeps_log:
        return NO_SNAPSHOT
    if _is_moved(connection, history):
        return RESTORED
    siblings = database_of(connection).beside.siblings(connection, history)
    if siblings is None:
        return NO_SIBLING
    rows_of = database_of(connection).history.rows
    found = [_read(connection, history, rows, pg_dump, "")]
    try:
        for each in siblings:
            found.append(_read(connection, each, rows_of(connection, each), pg_dump, " by the history %s" % each.table))
    except (errors.MigrationError, connection.Error):  # a sibling that is broken is no reason not to run
        return NO_SIBLING
    finally:
        connection.rollback()
    dummy, last = max(filter(None, found), key=lambda each: each[0], default=(0, NO_SNAPSHOT))
    if isinstance(last, str) or not siblings:
        return last
    return last._replace(lacks=last.lacks + tuple(table for each in (history, *siblings) for table in tables_of(each)))


def compare(
    last: Optional[LastSnapshot], live: Snapshot, lacks: Sequence[Unreadable], context: int
) -> Optional[Drifted]:
    """Compare the live schema with what the last run left; None: it is the same, or nobody can say.

    :param lacks: what of the schema the live snapshot lacks; what either of the two lacks isn't compared.
    """
    if last is None or last.digest == live.digest():
        return None
    if not last.is_readable:
        return None
    left = last.snapshot()
    left_out = (*last.lacks, *lacks)
    left, live = without(left, left_out), without(live, left_out)
    diff = unified_diff(left, live, context)
    return Drifted(last.since, diff, left, live) if diff else None


def store(
    connection: Any,
    history: Any,
    rows: Sequence[model.HistoryRow],
    snapshot: Snapshot,
    lacks: Sequence[Unreadable],
    pg_dump: int,
) -> None:
    """Store the snapshot of what a run has left, in place of the one before. What is open is rolled back.

    :param lacks: what of the schema it lacks.
    """
    _settle(connection, history)
    state = _state_of(rows) + note_of(snapshot.number, lacks)
    beside = database_of(connection).beside
    beside.keep_snapshot(connection, history, state, pg_dump, snapshot.digest(), _pack(snapshot))


def _is_moved(connection: Any, history: Any) -> bool:
    """Return whether the last snapshot was kept in another database, of which this one is a copy."""
    homes = database_of(connection).log.told(connection, history, model.Event.HOME.value)
    connection.rollback()
    return bool(homes) and homes[-1][0] != database_of(connection).sessions.identity(connection)


def _settle(connection: Any, history: Any) -> None:
    """Let the log say in which database the next snapshot is kept, if it doesn't."""
    here = database_of(connection).sessions.identity(connection)
    homes = database_of(connection).log.told(connection, history, model.Event.HOME.value)
    if here is not None and (not homes or homes[-1][0] != here):
        with connection.cursor() as cursor:
            database_of(connection).log.log(cursor, history, Remark(model.Event.HOME), here)


def _read(
    connection: Any, history: Any, rows: Sequence[model.HistoryRow], pg_dump: int, whose: str
) -> Optional[Tuple[float, Union[LastSnapshot, str]]]:
    """Return when a history's snapshot was taken, and it, or why it can't be compared with."""
    row = database_of(connection).beside.kept_snapshot(connection, history)
    if row is None:
        return None
    since, taken, state, version, digest, body = row
    if version != pg_dump:
        return taken, OTHER_VERSION % (version, pg_dump)
    if not goes_with(state, rows):
        return taken, WRITTEN_SINCE
    try:
        number, lacks = read_note(state[DIGITS:])
    except (ValueError, TypeError, KeyError):
        return taken, NOT_OURS
    if number > formats.SCHEMA:
        return taken, LATER_RELEASE
    renewed = database_of(connection).snapshots.renewed
    return taken, LastSnapshot(since + whose, digest, body, lacks, number, renewed)


def goes_with(state: str, rows: Sequence[model.HistoryRow]) -> bool:
    """Return whether a snapshot was kept when the history was as it is now.

    :param state: what was kept with it.
    """
    return state[:DIGITS] == _state_of(rows)


def note_of(number: int, lacks: Sequence[Unreadable]) -> str:
    """Return what stands behind the digest of the history: the format, if it isn't the first, and what is lacking.

    0.1.0 takes a snapshot with such a note for one that it can't compare with.
    """
    if number != formats.FIRST:
        return json.dumps({"format": number, "lacks": list(lacks)})
    return json.dumps(lacks) if lacks else ""


def read_note(note: str) -> Tuple[int, Tuple[Unreadable, ...]]:
    """Return the format, and what is lacking.

    :raises ValueError, TypeError, KeyError: when it is no note.
    """
    read = json.loads(note or "[]")
    number, lacks = (read["format"], read["lacks"]) if isinstance(read, dict) else (formats.FIRST, read)
    return int(number), tuple(Unreadable(*each) for each in lacks)


def tables_of(history: Any) -> Tuple[Unreadable, ...]:
    """Return the tables of a history, as what a snapshot is to be without."""
    schema = history.table.schema or ""
    return tuple(Unreadable(schema, each.name) for each in (history.table, history.log, history.snapshot))


def _state_of(rows: Sequence[model.HistoryRow]) -> str:
    """Return a digest of what is applied, and when: it tells whether the history has been written since."""
    text = json.dumps(sorted((row.version.text, row.applied or "") for row in rows))
    return hashlib.sha256(text.encode()).hexdigest()


def _pack(snapshot: Snapshot) -> bytes:
    text = json.dumps([[*key, body] for key, body in snapshot.objects.items()])
    return zlib.compress(text.encode("utf-8", "surrogatepass"))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks between two runs whether somebody has changed the schema by hand. It reads, in the time of one dump."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, List, Mapping, NamedTuple, Optional, Tuple

from ..databases.choose import database_of
from ..databases.tools import Tools
from ..history import drift
from ..schema.diff import unified_diff
from ..schema.snapshot import ObjectKey, Snapshot
from ..schema.unreadable import Unreadable, labels

SAME, DRIFTED, UNKNOWN = "same", "drifted", "unknown"
AT_WORK = "a run is at work on this database, or has ended while the schema was read"
UNREAD = "Not looked at for changes by hand, since this role may not read it: %s."


class ObjectDrift(NamedTuple):
    """One object that isn't what the last run left.

    :ivar type: as in a dump, with schema and name.
    :ivar change: added, removed or changed.
    :ivar way_back: the statements that would make of it what it was; None: they can't be known.
    """

    type: str
    schema: Optional[str]
    name: str
    change: str
    diff: str
    way_back: Optional[str]


class DriftCheck(NamedTuple):
    """What a look for drift has shown.

    :ivar state: same, drifted or unknown.
    :ivar since: when the run ended that is compared with, as the server writes it.
    :ivar reason: why it isn't known.
    :ivar left_out: what this role may not read.
    """

    state: str
    since: Optional[str] = None
    reason: Optional[str] = None
    diff: str = ""
    objects: Tuple[ObjectDrift, ...] = ()
    left_out: Tuple[Unreadable, ...] = ()

    @property
    def warnings(self) -> Tuple[str, ...]:
        """Return what a person should hear of the look itself."""
        return (UNREAD % labels(self.left_out),) if self.left_out else ()


class Looked(NamedTuple):
    """A check, and what the schema is now, for whoever takes it as known."""

    check: DriftCheck
    live: Snapshot
    reader: Any


def look_for_drift(connection: Any, target: Any, history: Any, tools: Tools, context: int, whole: bool) -> Looked:
    """Compare the live schema with what the last run has left. Nothing is written.

    :param context: lines around a change in a diff.
    :param whole: what this role may not read is an error; else it is left out.
    :raises DependencyError: when there is no client program that fits.
    :raises SchemaUnread: when the schema can't be read.
    """
    database = database_of(connection)
    reader = database.snapshots.reader(connection, tools, history.tables(), whole)
    last = _last(connection, history, reader)
    busy = database.locks.held_by_another(connection)
    connection.rollback()
    live = reader.take(target)
    if busy or database.locks.held_by_another(connection) or _differ(last, _last(connection, history, reader)):
        last = AT_WORK
    elif not isinstance(last, str) and not last.is_readable:
        last = drift.NOT_OURS
    connection.rollback()
    left_out = tuple(reader.left_out)
    if isinstance(last, str):
        return Looked(DriftCheck(UNKNOWN, reason=last, left_out=left_out), live, reader)
    found = drift.compare(last, live, left_out, context)
    if found is None:
        return Looked(DriftCheck(SAME, last.since, left_out=left_out), live, reader)
    objects = tuple(_objects(found, context, database.undoing))
    return Looked(DriftCheck(DRIFTED, found.since, None, found.diff, objects, left_out), live, reader)


def _last(connection: Any, history: Any, reader: Any) -> Any:
    rows = database_of(connection).history.rows(connection, history)
    return drift.look_for_last(connection, history, rows, reader.version)


def _differ(one: Any, other: Any) -> bool:
    """Return whether a run has ended between two looks."""
    if isinstance(one, str) or isinstance(other, str):
        return bool(one != other)
    return (one.since, one.digest) != (other.since, other.digest)


def _objects(found: drift.Drifted, context: int, undoing: Any) -> List[ObjectDrift]:
    """Return what differs, in the order of the schema."""
    before, after = found.left.objects, found.found.objects
    keys = [key for key in found.left.canonical() if before[key] != after.get(key)]
    keys += [key for key in found.found.canonical() if key not in before]
    return [_object(key, before, after, context, undoing) for key in keys]


def _object(
    key: ObjectKey, before: Mapping[ObjectKey, str], after: Mapping[ObjectKey, str], context: int, undoing: Any
) -> ObjectDrift:
    old, new = before.get(key), after.get(key)
    change = "added" if old is None else "removed" if new is None else "changed"
    diff = unified_diff(_alone(key, old), _alone(key, new), context)
    schema = None if key.schema == "-" else key.schema
    return ObjectDrift(key.type.lower(), schema, key.name, change, diff, undoing.way_back(key.type, old, new))


def _alone(key: ObjectKey, text: Optional[str]) -> Snapshot:
    return Snapshot(MappingProxyType({} if text is None else {key: text}))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history's log: its events, and what they tell. It is the port Log of databases/port_history.py."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from ... import deps
from ..values import Entry, Remark
from . import tables
from .history import History, add_to_log, values_of
from .outside import CUT_OFF

FAILED, STARTED = "failed", "started"


def log(cursor: Any, history: History, entry: Union[Entry, Remark], detail: str = "") -> None:
    """Add an event, in the open transaction; the cursor gives its number."""
    cursor.give((add_to_log(cursor.connection, history, {**values_of(entry), "detail": detail}),))


def log_position(cursor: Any, history: History, number: Optional[int], detail: str) -> None:
    """Write where a script is into the event that tells of its start.

    :param number: of that event.
    """
    table = tables.log_of(history.log.name)
    cursor.connection.run(table.update().where(table.c.id == number).values(detail=detail))


def knows(connection: Any, history: History, events: Sequence[str]) -> bool:
    """Return whether the log tells of one of these events."""
    return any(row["event"] in events for row in _events(connection, history))


def last(connection: Any, history: History, event: str) -> List[str]:
    """Return the versions whose last event this is.

    :raises Exception: the driver's error, when there is no log.
    """
    found = {row["version"]: row["event"] for row in _events(connection, history) if row["version"] is not None}
    return [version for version, last_one in found.items() if last_one == event]


def told(connection: Any, history: History, event: str) -> List[Tuple[str, str]]:
    """Return detail and time of each such event, in their order."""
    return [(row["detail"], row["logged"]) for row in _events(connection, history) if row["event"] == event]


def unfinished(cursor: Any, history: History, versions: Sequence[str]) -> List[Tuple[Any, ...]]:
    """Return what was begun and neither ended nor marked since, of these versions.

    :returns: version, detail, since when, from where, whether an error ended it, and what became() is told.
    """
    begun: Dict[str, Any] = {}
    failed = set()
    for row in _events(cursor.connection, history):
        version, event = row["version"], row["event"]
        if event == FAILED:
            failed.add(version)
            continue
        failed.discard(version)
        begun.pop(version, None)
        if event == STARTED and version in versions:
            begun[version] = row
    return [
        (version, row["detail"], row["logged"], row["done_from"] or "?", version in failed, _mark(version in failed))
        for version, row in begun.items()
    ]


def lost(connection: Any, history: History, events: Sequence[str]) -> bool:
    """Return whether there is a log that tells of one of these events, and the table that it belongs to is gone."""
    return not history.exists and history.keeps_log and knows(connection, history, events)


def _mark(failed: bool) -> str:
    return "" if failed else CUT_OFF


def _events(connection: Any, history: History) -> List[Any]:
    """Return the log, the first event first."""
    table = tables.log_of(history.log.name)
    return list(connection.run(deps.import_sqlalchemy().select(table).order_by(table.c.id)).mappings())

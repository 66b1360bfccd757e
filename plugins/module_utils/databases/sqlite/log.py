# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history's log: its events, and what they tell. It is the port Log of databases/port_history.py."""

from __future__ import annotations

import sqlite3
from typing import Any, List, Optional, Sequence, Tuple, Union

from ..values import Entry, Remark
from . import history_sql as sql
from .history import History, values_of


def log(cursor: Any, history: History, entry: Union[Entry, Remark], detail: str = "") -> None:
    """Add an event, in the open transaction; the cursor gives its number."""
    values = {**values_of(entry), "detail": detail, "checksum": None, "applied": None}
    cursor.execute(history.compose(sql.LOG), values)
    cursor.execute(sql.LOG_NUMBER)


def log_position(cursor: Any, history: History, number: Optional[int], detail: str) -> None:
    """Write where a script is into the event that tells of its start.

    :param number: of that event.
    """
    cursor.execute(history.compose(sql.LOG_POSITION), [detail, number])


def knows(connection: Any, history: History, events: Sequence[str]) -> bool:
    """Return whether the log tells of one of these events."""
    with connection.cursor() as cursor:
        return any(event in events for (event,) in cursor.execute(history.compose(sql.EVENTS)).fetchall())


def last(connection: Any, history: History, event: str) -> List[str]:
    """Return the versions whose last event this is.

    :raises sqlite3.Error: when there is no log.
    """
    with connection.cursor() as cursor:
        return [version for (version,) in cursor.execute(history.compose(sql.LAST), [event]).fetchall()]


def told(connection: Any, history: History, event: str) -> List[Tuple[str, str]]:
    """Return detail and time of each such event, in their order."""
    with connection.cursor() as cursor:
        return [(str(detail), str(at)) for detail, at in cursor.execute(history.compose(sql.TOLD), [event]).fetchall()]


def unfinished(cursor: Any, history: History, versions: Sequence[str]) -> List[Tuple[Any, ...]]:
    """Return what was begun and neither ended nor marked since, of these versions.

    :returns: version, detail, since when, from where, whether an error ended it, and nothing.
    """
    found = cursor.execute(history.compose(sql.LAST_EVENTS)).fetchall()
    return [
        (version, detail, since, host or "?", bool(failed), "")
        for version, event, detail, since, host, failed in found
        if event == "started" and version in versions
    ]


def lost(connection: Any, history: History, events: Sequence[str]) -> bool:
    """Return whether there is a log that tells of one of these events, and the table that it belongs to is gone."""
    if history.exists or not history.keeps_log:
        return False
    try:
        return knows(connection, history, events)
    except sqlite3.Error:
        connection.rollback()
        return True

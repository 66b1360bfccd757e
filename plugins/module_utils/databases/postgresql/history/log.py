# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history's log: its events, and what they tell. It is the port Log of databases/port.py."""

from __future__ import annotations

import socket
from typing import Any, List, Optional, Sequence, Tuple, Union

from .... import deps
from ....version import COLLECTION_VERSION
from ...values import Entry, Remark
from . import history_sql as sql
from .reading import OF_A_LOG, History


def log(cursor: Any, history: History, entry: Union[Entry, Remark], detail: str = "") -> None:
    """Add an event to the log only, in the open transaction."""
    values = [*entry.values(), socket.gethostname(), COLLECTION_VERSION, detail]
    cursor.execute(history.compose(sql.LOG), values)


def log_position(cursor: Any, history: History, number: Optional[int], detail: str) -> None:
    """Write where a script is into the event that tells of its start.

    :param number: of that event.
    """
    cursor.execute(history.compose(sql.LOG_POSITION), [detail, number])


def knows(connection: Any, history: History, events: Sequence[str]) -> bool:
    """Return whether the log tells of one of these events."""
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.KNOWS), [list(events)])
        return bool(cursor.fetchone()[0])


def last(connection: Any, history: History, event: str) -> List[str]:
    """Return the versions whose last event this is.

    :raises DatabaseError: when there is no log, because only another tool has written this history.
    """
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.LAST), [event])
        return [row[0] for row in cursor.fetchall()]


def told(connection: Any, history: History, event: str) -> List[Tuple[str, str]]:
    """Return detail and time of each such event, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.TOLD), [event])
        return list(cursor.fetchall())


def unfinished(cursor: Any, history: History, versions: Sequence[str]) -> List[Tuple[Any, ...]]:
    """Return what was begun and neither ended nor marked since, of these versions.

    :returns: version, detail, since when, by whom, whether an error ended it, and the transaction that has logged it.
    """
    cursor.execute(history.compose(sql.UNFINISHED), [list(versions)])
    return list(cursor.fetchall())


def lost(connection: Any, history: History, events: Sequence[str]) -> bool:
    """Return whether there is a log that tells of one of these events, and the table that it belongs to is gone.

    A log that can't be read counts as one that does.
    """
    names = {"table": history.table.quoted(), "log": history.log.quoted()}
    with connection.cursor() as cursor:
        cursor.execute(sql.INSPECT, {**names, "table": names["log"]})
        row = cursor.fetchone()
        # In this order: another run may have made both since we looked, in one transaction.
        cursor.execute(sql.INSPECT, names)
        is_there = cursor.fetchone() is not None
    if is_there or row is None or not set(OF_A_LOG) <= set(row[3]):
        return False
    try:
        return knows(connection, history, events)
    except deps.DatabaseError:
        connection.rollback()
        return True

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the history's log small. It is the port Upkeep of databases/port_history.py."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from .... import deps
from . import beside_sql
from . import history_sql as sql
from .reading import OF_A_LOG, TIES, History, rows
from .record import ensure


def count(connection: Any, history: History, days: int) -> Tuple[int, int]:
    """Return how many events are older and may go, and how many stay."""
    return _counted(connection, history, days) if history.is_tied else (0, 0)


def trim(connection: Any, history: History, days: int) -> Tuple[int, int]:
    """Take events out of the log that are older and that nothing needs; commit."""
    history = ensure(connection, history)
    gone, left = _counted(connection, history, days)
    with connection.cursor() as cursor:
        cursor.execute(history.compose(beside_sql.TRIM, old=_old(history)), {"days": days})
    connection.commit()
    return gone, left


def lost_rows(connection: Any, history: History) -> Optional[List[Tuple[str, str, str, str]]]:
    """Return what the log says is recorded, and isn't in the history; None: there is no log."""
    found = [spelling for row in rows(connection, history) for spelling in row.spellings]
    with connection.cursor() as cursor:
        cursor.execute(sql.INSPECT, {"table": history.log.quoted(), "log": history.log.quoted()})
        inspected = cursor.fetchone()
        if inspected is None or not {*OF_A_LOG, *TIES} <= set(inspected[3]):
            return None
        cursor.execute(_with_recorded(history, beside_sql.LOST_ROWS), [found])
        return list(cursor.fetchall())


def rebuild(connection: Any, history: History, versions: Sequence[str]) -> None:
    """Record these as the log says it, with the times of then; commit."""
    history = ensure(connection, history)
    with connection.cursor() as cursor:
        cursor.execute(_with_recorded(history, beside_sql.REBUILD), [list(versions)])
    connection.commit()


def _with_recorded(history: History, statement: str) -> Any:
    return history.compose(statement, recorded=history.compose(beside_sql.RECORDED))


def _counted(connection: Any, history: History, days: int) -> Tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(history.compose(beside_sql.COUNT_OLD, old=_old(history)), {"days": days})
        gone, left = cursor.fetchone()
    connection.rollback()
    return gone, left


def _old(history: History) -> Any:
    """Return what tells an event that may go. Of a history of 0.1.0's, rows are told apart by their version alone."""
    tie = deps.sql.SQL(beside_sql.BY_VERSION if history.wide else beside_sql.BY_TIME)
    return history.compose(beside_sql.OLD, tie=tie)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a first run finds: an empty database, or one that may be the wrong one, or was migrated before."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from .. import deps, errors, model
from ..databases.postgresql import beside_sql
from ..databases.postgresql import history_sql as sql
from .history import OF_A_LOG, History

MOST_NAMED = 5
# What of the log means that the history has begun.
BEGUN = (model.Event.APPLIED, model.Event.BASELINE, model.Event.MARKED, model.Event.DEFERRED, model.Event.STARTED)


def has_begun(connection: Any, history: History, rows: Sequence[model.HistoryRow]) -> bool:
    """Return whether a history tells of anything. A run that failed at its first migration leaves an empty one.

    :raises HistoryLost: when there is a log, and the table that it belongs to is gone.
    """
    if not history.exists:
        _refuse_lost(connection, history)
        return False
    return bool(rows) or not history.keeps_log or _knows(connection, history)


def objects_there(connection: Any) -> Optional[str]:
    """Return what a database holds though no history is there, in words; None: nothing, or what a sibling has made."""
    with connection.cursor() as cursor:
        cursor.execute(beside_sql.OBJECTS)
        found = ["%s %s" % row for row in cursor.fetchall()]
        # In this order: another run may be at it, whose history is there before anything else of it.
        cursor.execute(beside_sql.SIBLINGS, [0])
        if cursor.fetchall():
            return None
    more = " and %d more" % (len(found) - MOST_NAMED) if len(found) > MOST_NAMED else ""
    return ", ".join(found[:MOST_NAMED]) + more if found else None


def nonempty(what: str, policy: str, database: str) -> Optional[str]:
    """Return what to warn of where a database isn't empty, and nothing says that it was migrated before.

    :param what: what it holds, in words.
    :param policy: fail, warn or ignore.
    :param database: its name, and where it is.
    :raises Nonempty: where the policy says fail.
    """
    sentence = "%s has no history of migrations, and isn't empty: %s" % (database, what)
    if policy == "fail":
        raise errors.Nonempty(
            sentence,
            hint="Nothing was touched. Is it the right database? If so, set baseline_version to the last version in it "
            "or to adopt what another tool has recorded; or on_nonempty: ignore to apply all.",
        )
    return sentence + "." if policy == "warn" else None


def _knows(connection: Any, history: History) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.KNOWS), [[event.value for event in BEGUN]])
        return bool(cursor.fetchone()[0])


def _refuse_lost(connection: Any, history: History) -> None:
    """Stop where the table was lost: everything would be applied once more."""
    names = {"table": history.table.quoted(), "log": history.log.quoted()}
    with connection.cursor() as cursor:
        cursor.execute(sql.INSPECT, {**names, "table": names["log"]})
        row = cursor.fetchone()
        # In this order: another run may have made both since we looked, in one transaction.
        cursor.execute(sql.INSPECT, names)
        is_there = cursor.fetchone() is not None
    if is_there or row is None or not set(OF_A_LOG) <= set(row[3]):
        return
    try:
        lost = _knows(connection, history)
    except deps.DatabaseError:
        connection.rollback()
        lost = True
    if lost:
        raise errors.HistoryLost(
            "The history table %s is gone, and its log %s is there: this database was migrated before"
            % (history.table, history.log),
            hint="Nothing was touched. Restore the table; or, if the log is of another database, rename or drop it.",
        )

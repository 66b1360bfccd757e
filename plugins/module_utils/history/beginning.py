# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a first run finds: an empty database, or one that may be the wrong one, or was migrated before."""

from __future__ import annotations

from typing import Any, Optional, Sequence

from .. import errors, model
from ..databases.choose import database_of
from ..wording import some

# What of the log means that the history has begun.
BEGUN = tuple(
    event.value
    for event in (
        *(model.Event.APPLIED, model.Event.BASELINE, model.Event.MARKED),
        *(model.Event.DEFERRED, model.Event.STARTED),
    )
)


def has_begun(connection: Any, history: Any, rows: Sequence[model.HistoryRow]) -> bool:
    """Return whether a history tells of anything. A run that failed at its first migration leaves an empty one.

    :raises HistoryLost: when there is a log, and the table that it belongs to is gone.
    """
    if not history.exists:
        if database_of(connection).log.lost(connection, history, BEGUN):
            raise _lost_error(history)
        return False
    return bool(rows) or not history.keeps_log or database_of(connection).log.knows(connection, history, BEGUN)


def objects_there(connection: Any) -> Optional[str]:
    """Return what a database holds though no history is there, in words; None: nothing, or what a sibling has made."""
    found = database_of(connection).beside.objects(connection)
    return some(found) if found else None


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


def _lost_error(history: Any) -> errors.HistoryLost:
    """Return the error for a table that was lost: everything would be applied once more."""
    return errors.HistoryLost(
        "The history table %s is gone, and its log %s is there: this database was migrated before"
        % (history.table, history.log),
        hint="Nothing was touched. Rebuild the table from it: pg_migration_mark, state: rebuilt; or, if the log is "
        "another database's, rename or drop it.",
    )

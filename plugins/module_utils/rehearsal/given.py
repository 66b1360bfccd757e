# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database that is there already has to be, for a rehearsal in it to tell of the original."""

from __future__ import annotations

from typing import Any, Sequence, Set

from .. import model
from ..databases.postgresql.copies.load import listed
from ..databases.postgresql.copies.place import RehearsalImpossible
from ..history import history as history_room
from ..history.history import History
from ..schema.snapshot import Snapshot

DIFFERS = "the schema there isn't the target's, in what the plan changes too (%s)"
DIFFERS_ELSEWHERE = "the schema there isn't the target's, though not in what the plan changes (%s)"


def compare_histories(rows: Sequence[model.HistoryRow], connection: Any, history: History) -> None:
    """Compare which migrations are applied: what is pending in one has to be pending in the other.

    :param rows: the original's history.
    :raises RehearsalImpossible: names the versions.
    """
    wanted, found = _applied(rows), _applied(history_room.rows(connection, history))
    connection.rollback()
    missing, more = sorted(wanted - found), sorted(found - wanted)
    told = ["it lacks %s" % listed(list(map(str, missing)))] if missing else []
    told += ["it has %s beyond the target's" % listed(list(map(str, more)))] if more else []
    if told:
        raise RehearsalImpossible(
            "the history %s of rehearsal_database_url isn't the target's: %s" % (history.table, "; ".join(told)),
            hint="Make the clone anew: an earlier rehearsal may have left its migrations in it.",
        )


def _applied(rows: Sequence[model.HistoryRow]) -> Set[model.Version]:
    return {row.version for row in rows if row.applied is not None}


def differing(one: Snapshot, other: Snapshot) -> Set[Any]:
    """Return the keys of the objects that differ between two snapshots."""
    keys = {*one.objects, *other.objects}
    return {key for key in keys if one.objects.get(key) != other.objects.get(key)}


def labels(keys: Set[Any]) -> str:
    """Return the names of objects, in words."""
    return listed(sorted({" ".join(filter(None, [key.type.lower(), key.schema.strip("-"), key.name])) for key in keys}))

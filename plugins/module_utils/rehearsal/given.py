# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database that is there already has to be, for a rehearsal in it to tell of the original."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Set

from .. import model
from ..databases.choose import database_of
from ..databases.postgresql.copies.load import listed
from ..databases.postgresql.copies.place import RehearsalImpossible
from ..schema.snapshot import Snapshot

DIFFERS = "the schema there isn't the target's, in what the plan changes too (%s)"
DIFFERS_ELSEWHERE = "the schema there isn't the target's, though not in what the plan changes (%s)"


def refuse_another(base: Optional[Snapshot], first: Optional[Snapshot], rows: Sequence[model.HistoryRow]) -> None:
    """Refuse a database that may be somebody else's: where nothing is applied yet, its schema alone says what it is.

    :param base: the original's snapshot; None: it isn't there yet.
    :param first: the other's.
    :param rows: the original's history.
    :raises RehearsalImpossible: names what differs; nothing was touched.
    """
    differ = differing(base or Snapshot({}), first or Snapshot({}))
    if differ and not rows:
        raise RehearsalImpossible(
            "nothing says that rehearsal_database_url is a clone of the target: the target has no history yet, and the "
            "schemas differ (%s)" % labels(differ),
            hint="Nothing was touched. Look whether it is the database that was meant; or make the clone anew.",
        )


def compare_histories(rows: Sequence[model.HistoryRow], connection: Any, history: Any) -> None:
    """Compare which migrations are applied: what is pending in one has to be pending in the other.

    :param rows: the original's history.
    :raises RehearsalImpossible: names the versions.
    """
    wanted, found = _applied(rows), _applied(database_of(connection).history.rows(connection, history))
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
    names = {(key.type.lower(), ".".join(filter(None, [key.schema.strip("-"), key.name]))) for key in keys}
    return listed(["%s %s" % each for each in sorted(names)])

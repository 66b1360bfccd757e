# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step does to tables that others use: the locks that it holds and the files that it rewrites, before COMMIT."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.postgresql.eyes import Held, Relation, Relations, read_held, read_relations, read_sizes
from ..hazard import Hazard, HazardKind

EXCLUSIVE = "AccessExclusiveLock"

# Kind → what it does, and what to do instead.
RULES = {
    HazardKind.TABLE_DROPPED: (
        "drops the table with all its rows",
        "Stop using it first; rename it, and drop it in a later release.",
    ),
    HazardKind.TABLE_REWRITE: (
        "writes the whole table anew (or empties it), and nobody reads or writes it meanwhile",
        "Add a new column, fill it in batches, and switch over.",
    ),
    HazardKind.COLUMN_DROPPED: (
        "drops a column with its values",
        "Stop using it first; drop it in a later release.",
    ),
    HazardKind.ACCESS_EXCLUSIVE_LOCK: (
        "nobody reads or writes the table until the migration is committed",
        "Keep the migration short; add constraints as NOT VALID, and validate them in a migration of their own.",
    ),
    HazardKind.INDEX_NOT_CONCURRENT: (
        "nobody writes the table while the index is built",
        "Use CREATE INDEX CONCURRENTLY, in a script outside a transaction.",
    ),
    HazardKind.BLOCKS_WRITES: (
        "nobody writes the table until the migration is committed",
        "Keep the migration short; add foreign keys as NOT VALID, and validate them in a migration of their own.",
    ),
    HazardKind.CLUSTER_WIDE: (
        "changes what belongs to the whole cluster (roles, settings, tablespaces), beyond this database",
        "Leave that to provisioning, for example to pg_user_db.",
    ),
}


class TableWatch:
    """What the steps of a run do to tables that were there before it.

    :ivar before: these tables, as the steps until now have left them.
    """

    def __init__(self, before: Relations) -> None:
        self._first = before
        self.reset()

    def reset(self) -> None:
        """Begin anew: everything that the run did is rolled back."""
        self.before = dict(self._first)
        self._noted: List[Held] = []

    def note(self, cursor: Any) -> None:
        """Note what a session holds before a commit that isn't the step's last."""
        if self._first:
            self._noted += read_held(cursor, self._first)

    def compare(self, cursor: Any) -> None:
        """Note what has become of the tables: of a script outside a transaction the locks are gone by now."""
        now = read_relations(cursor)
        for oid, relation in self.before.items():
            after = now.get(oid)
            if after is None:
                self._noted.append(Held(oid, EXCLUSIVE, False))
            elif (after.filenode, after.dropped) != (relation.filenode, relation.dropped):
                self._noted.append(Held(oid, EXCLUSIVE, True, after.filenode, after.dropped, after.indexes))

    def judge(self, held: Sequence[Held], step: model.Step, hold_ms: int) -> Tuple[Hazard, ...]:
        """Return the hazards of a step that is done, and take the tables as it has left them.

        :param held: what the session held before the commit.
        """
        seen, self._noted = [*self._noted, *held], []
        found = judge(self.before, seen, step, hold_ms)
        for each in seen:
            relation = self.before.pop(each.oid, None)
            after = each.after(relation) if relation else None
            if after is not None:
                self.before[each.oid] = after
        return found


def judge(before: Relations, held: Sequence[Held], step: model.Step, hold_ms: int) -> Tuple[Hazard, ...]:
    """Return the hazards of a step.

    :param before: the tables before the run; what the run itself has made is nobody else's yet.
    """
    version = str(step.script.version)
    found: Dict[Tuple[HazardKind, str], Hazard] = {}
    for each in held:
        relation = before.get(each.oid)
        if relation is not None:
            for kind in _kinds(relation, each.after(relation), each.mode):
                found[kind, relation.name] = Hazard(kind, version, relation.name, each.mode, hold_ms)
    return _without_weaker(found)


def cluster_wide(version: str) -> Hazard:
    """Return the hazard of a step that a rehearsal has stopped before."""
    return Hazard(HazardKind.CLUSTER_WIDE, version)


def refuse(found: Sequence[Hazard], allowed: Optional[Sequence[str]]) -> None:
    """Stop a plan with a hazard that isn't allowed.

    :param allowed: the kinds that are; None: all.
    :raises HazardRefused: names each, with what it does and what to do instead.
    """
    refused = [hazard for hazard in found if allowed is not None and hazard.kind.value not in allowed]
    if refused:
        raise errors.HazardRefused(
            "Not allowed: " + "; ".join(map(sentence, refused)),
            hint="The database wasn't touched. %s Or add it to allow_hazards." % RULES[refused[0].kind][1],
            version=refused[0].version,
        )


def sentence(hazard: Hazard) -> str:
    """Return what a hazard does, to how large a table, in words."""
    table = " on %s" % hazard.table if hazard.table else ""
    sizes = [] if hazard.size_bytes is None else [_readable(hazard.size_bytes)]
    sizes += [] if hazard.row_estimate is None else ["about %d rows" % hazard.row_estimate]
    size = ", ".join(sizes) + ": " if sizes else ""
    return "%s in %s%s (%s%s)" % (hazard.kind.value, hazard.version, table, size, RULES[hazard.kind][0])


def _readable(size: float) -> str:
    """Return a number of bytes as people read it."""
    units = iter(("bytes", "kB", "MB", "GB"))
    unit = next(units)
    while size >= 1024 and unit != "GB":
        size, unit = size / 1024, next(units)
    return "%d %s" % (size, unit) if size >= 10 or unit == "bytes" else "%.1f %s" % (size, unit)


def sized(hazards: Iterable[Hazard], connection: Any) -> Tuple[Hazard, ...]:
    """Return the hazards with the sizes of the real tables."""
    hazards = tuple(hazards)
    names = [hazard.table for hazard in hazards if hazard.table]
    if not names:
        return hazards
    sizes = read_sizes(connection, names)
    known = [(hazard, sizes.get(hazard.table or "", (None, None))) for hazard in hazards]
    return tuple(hazard._replace(size_bytes=size, row_estimate=rows) for hazard, (size, rows) in known)


def _kinds(before: Relation, after: Optional[Relation], mode: str) -> List[HazardKind]:
    exclusive = mode == EXCLUSIVE
    if after is None:
        return [HazardKind.TABLE_DROPPED] if exclusive else []
    if exclusive:
        kinds = [HazardKind.TABLE_REWRITE] if after.filenode != before.filenode else []
        kinds += [HazardKind.COLUMN_DROPPED] if after.dropped > before.dropped else []
        return kinds or [HazardKind.ACCESS_EXCLUSIVE_LOCK]
    if mode == "ShareLock" and after.indexes > before.indexes:
        return [HazardKind.INDEX_NOT_CONCURRENT]
    return [HazardKind.BLOCKS_WRITES]


def _without_weaker(found: Dict[Tuple[HazardKind, str], Hazard]) -> Tuple[Hazard, ...]:
    """Leave out that a table is locked for writing where it is locked for everything."""
    closed = {table for kind, table in found if kind not in (HazardKind.INDEX_NOT_CONCURRENT, HazardKind.BLOCKS_WRITES)}
    return tuple(
        hazard for (kind, table), hazard in found.items() if kind != HazardKind.BLOCKS_WRITES or table not in closed
    )

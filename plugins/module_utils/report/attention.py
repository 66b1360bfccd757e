# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one thing to say of a migration in a summary: the worst that is known of it, else what it makes."""

from __future__ import annotations

from enum import Enum
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ..hazard import HazardKind, Level
from ..wording import many
from .plan import FAILURES
from .words import harmless, size

MOST_OBJECTS = 3
MOST_EXAMPLES = 3


class Tone(Enum):
    """What a line is like; it gets Ansible's colour for that."""

    PLAIN = "plain"
    HEAD = "head"
    ADDS = "adds"
    DROPS = "drops"
    WRITES = "writes"
    LOOK = "look"
    WRONG = "wrong"


class Notice(NamedTuple):
    """What to say of a migration.

    :ivar weight: how bad it is; 0: nobody has to look.
    """

    said: str = ""
    tone: Tone = Tone.PLAIN
    weight: int = 0

    @property
    def needs_look(self) -> bool:
        """Return whether a person should look at it before it is applied."""
        return self.tone in (Tone.LOOK, Tone.WRONG)


# Hazards in a few words; {table} is the table with its size, {detail} what exactly.
IN_SHORT: Dict[str, str] = {
    HazardKind.TABLE_DROPPED.value: "drops {table} with all its rows",
    HazardKind.TRUNCATED.value: "empties {table}",
    HazardKind.COLUMN_DROPPED.value: "drops {detail} of {table}",
    HazardKind.VIEW_DROPPED.value: "drops {table}: what reads it fails",
    HazardKind.RENAME.value: "renames {table} ({detail}): what uses the old name fails",
    HazardKind.CLUSTER_WIDE.value: "changes what belongs to the whole cluster",
    HazardKind.TABLE_REWRITE.value: "rewrites {table}: nobody reads or writes it meanwhile",
    HazardKind.TABLE_COPIED.value: "copies {table}: who writes it may have to wait",
    HazardKind.ROWS_CHANGED.value: "writes rows of {table}",
    HazardKind.FULL_SCAN.value: "reads all of {table} while it is locked",
    HazardKind.INDEX_NOT_CONCURRENT.value: "builds an index on {table}: nobody writes it meanwhile",
    HazardKind.WAITS_WHILE_LOCKED.value: "keeps {table} locked while it works on rows",
    HazardKind.FOREIGN_KEY_WITHOUT_INDEX.value: "adds a foreign key to {table} that no index serves",
}
LEVELS = [level.value for level in Level]
VERDICTS = {
    "reversible": ("✓ can be rolled back", Tone.ADDS, 0),
    "reversible_but_for_white_space": ("✓ can be rolled back, but for white space", Tone.ADDS, 0),
    "reversible_but_for_column_order": ("~ can be rolled back, but for the order of columns", Tone.WRITES, 1),
    "without_down": ("! has no way back", Tone.LOOK, 2),
    "not_reversible": ("✗ can't be rolled back", Tone.WRONG, 10),
}


def notice_of(row: Mapping[str, Any], result: Mapping[str, Any]) -> Notice:
    """Return what to say of a migration.

    :param row: of the plan.
    :param result: with hazards, prechecks, tested and error, as far as they are there.
    """
    for look in (_failure, _verdict, _violated, _hazard):
        notice = look(row, result)
        if notice is not None:
            return notice
    return _objects(row)


def _of(row: Mapping[str, Any], found: Optional[Iterable[Mapping[str, Any]]]) -> List[Mapping[str, Any]]:
    return [each for each in found or () if each["version"] == row["version"]]


def _failure(row: Mapping[str, Any], result: Mapping[str, Any]) -> Optional[Notice]:
    if row["outcome"] not in FAILURES:
        return None
    line = (result.get("error") or {}).get("line")
    return Notice("✗ failed" + (" at line %d" % line if line else ""), Tone.WRONG, 20)


def _verdict(row: Mapping[str, Any], result: Mapping[str, Any]) -> Optional[Notice]:
    verdicts = _of(row, result.get("tested"))
    return Notice(*VERDICTS[verdicts[0]["result"]]) if verdicts else None


def _violated(row: Mapping[str, Any], result: Mapping[str, Any]) -> Optional[Notice]:
    """Return which of what a migration asks of rows is violated."""
    found = [each for each in _of(row, result.get("prechecks")) if each["verdict"] == "violated"]
    if not found:
        return None
    first = found[0]
    said = "✗ %s of %s is violated by %s" % (first["constraint"], named(first["table"]), first["reason"] or "rows")
    return Notice(harmless(said) + _more(len(found) - 1), Tone.WRONG, 10)


def _hazard(row: Mapping[str, Any], result: Mapping[str, Any]) -> Optional[Notice]:
    """Return the worst hazard; what is a lock for a moment is none to speak of here."""
    hazards = [each for each in _of(row, result.get("hazards")) if each["level"] != Level.INSTANT.value]
    if not hazards:
        return None
    first = min(hazards, key=_order)
    writes = first["kind"] == HazardKind.ROWS_CHANGED.value
    tone, mark = (Tone.WRITES, "~") if writes else (Tone.LOOK, "!")
    weight = 1 if writes else 2 + LEVELS.index(first["level"])
    return Notice("%s %s%s" % (mark, in_short(first), _more(len(hazards) - 1)), tone, weight)


def _order(hazard: Mapping[str, Any]) -> Tuple[int, ...]:
    """Return what puts the worst first; of one level, rows that are written last, and the largest table first."""
    writes = hazard["kind"] == HazardKind.ROWS_CHANGED.value
    return writes, -LEVELS.index(hazard["level"]), hazard["partition_of"] is not None, -(hazard["size_bytes"] or 0)


def in_short(hazard: Mapping[str, Any]) -> str:
    """Return what a hazard does, to which table, and how large that is."""
    template = IN_SHORT.get(hazard["kind"], "%s on {table}" % hazard["kind"])
    table = _table(hazard)
    detail = harmless(hazard["detail"] or "something")
    if hazard["kind"] == HazardKind.RENAME.value and hazard["detail"] is None:
        template = "renames {table}: what uses the old name fails"
    return template.format(table=table, detail=detail)


def _table(hazard: Mapping[str, Any]) -> str:
    """Return a table with what is known of its size, and of the rows that are written."""
    known = [size(hazard["size_bytes"])] if hazard["size_bytes"] is not None else []
    known += ["about %s" % many(hazard["row_estimate"], "row")] if hazard["row_estimate"] is not None else []
    if hazard["kind"] == HazardKind.ROWS_CHANGED.value and hazard["detail"]:
        known.append(harmless(hazard["detail"]))
    name = named(hazard["table"] or "a table")
    if hazard["partition_of"]:
        name += ", a partition of " + named(hazard["partition_of"])
    return name + (" (%s)" % ", ".join(known) if known else "")


def named(table: str) -> str:
    """Return a table's name as people call it."""
    return harmless(table[len("public.") :] if table.startswith("public.") else table)


def _more(count: int) -> str:
    return "; and %d more" % count if count else ""


def _objects(row: Mapping[str, Any]) -> Notice:
    """Return what a migration makes, alters and drops; where nothing is known of that, how many statements it has."""
    objects: List[str] = list(row["objects"])
    if not objects:
        return Notice("" if row["statements"] is None else "· " + many(row["statements"], "statement"))
    shown = [harmless(each) for each in objects[:MOST_OBJECTS]]
    tone = {"+": Tone.ADDS, "-": Tone.DROPS}.get(objects[0][:1], Tone.PLAIN)
    return Notice(", ".join(shown) + (", …" if len(objects) > MOST_OBJECTS else ""), tone)

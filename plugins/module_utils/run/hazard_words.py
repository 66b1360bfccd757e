# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hazards in words, the worst first; which of them are let pass; how large the real tables are."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from .. import errors
from ..databases.choose import database_of
from ..hazard import Hazard, HazardKind, Level
from .hazard_rules import RULES, severity


def refuse(found: Sequence[Hazard], allowed: Optional[Sequence[str]]) -> None:
    """Stop a plan with a hazard that isn't allowed.

    :param allowed: the kinds and levels that are; None: all.
    :raises HazardRefused: names each, with what it does and what to do instead.
    """
    if allowed is None:
        return
    refused = [hazard for hazard in found if not _is_allowed(RULES[hazard.kind].level, hazard.kind, allowed)]
    if refused:
        worst = refused[0]
        rule = RULES[worst.kind]
        raise errors.HazardRefused(
            "Not allowed: " + "; ".join(map(_sentence_of, grouped(refused))),
            hint="The database wasn't touched. %s Or add it (%s), or its level (%s), to allow_hazards."
            % (rule.instead, worst.kind.value, rule.level.value),
            version=worst.version,
        )


def _is_allowed(level: Level, kind: HazardKind, allowed: Sequence[str]) -> bool:
    return level is Level.INSTANT or kind.value in allowed or level.value in allowed


def warnings(found: Iterable[Hazard]) -> List[str]:
    """Return a warning for each migration and kind, the worst first."""
    groups = sorted(grouped(found), key=lambda group: -severity(group[0].kind))
    return [
        "%s: %s. %s" % (RULES[group[0].kind].level.value, _sentence_of(group), RULES[group[0].kind].instead)
        for group in groups
    ]


def grouped(found: Iterable[Hazard]) -> List[List[Hazard]]:
    """Return the hazards of each migration and kind, first a whole table, or the largest."""
    groups: Dict[Tuple[str, HazardKind], List[Hazard]] = {}
    for hazard in found:
        groups.setdefault((hazard.version, hazard.kind), []).append(hazard)
    return [sorted(group, key=_weight) for group in groups.values()]


def _weight(hazard: Hazard) -> Tuple[bool, int]:
    return hazard.partition_of is not None, -(hazard.size_bytes or 0)


def sentence(hazard: Hazard, others: str = "") -> str:
    """Return what a hazard does, to how large a table, in words.

    :param others: to which tables else.
    """
    table = " on %s%s" % (hazard.table, others) if hazard.table else ""
    known = [] if hazard.size_bytes is None else [_readable(hazard.size_bytes)]
    known += [] if hazard.row_estimate is None else ["about %s rows" % format(hazard.row_estimate, ",")]
    known += [hazard.detail] if hazard.detail else []
    what = ", ".join(known) + ": " if known else ""
    return "%s in %s%s (%s%s)" % (hazard.kind.value, hazard.version, table, what, RULES[hazard.kind].does)


def _sentence_of(group: List[Hazard]) -> str:
    """Return what a kind of hazard does in one migration: to the first table, and to how many others."""
    first, *rest = group
    whole = first.partition_of or first.table
    parts = sum(each.partition_of == whole for each in rest)
    of_it = "it" if first.partition_of is None else whole
    said = [_many(parts, "partition") + " of %s" % of_it] if parts else []
    said += [_many(len(rest) - parts, "other table")] if len(rest) > parts else []
    return sentence(first, "".join(" and " + each for each in said))


def _many(number: int, what: str) -> str:
    return "%s %s%s" % (format(number, ","), what, "" if number == 1 else "s")


def _readable(size: float) -> str:
    """Return a number of bytes as people read it."""
    units = iter(("bytes", "kB", "MB", "GB"))
    unit = next(units)
    while size >= 1024 and unit != "GB":
        size, unit = size / 1024, next(units)
    return "%d %s" % (size, unit) if size >= 10 or unit == "bytes" else "%.1f %s" % (size, unit)


def sized(hazards: Iterable[Hazard], connection: Any, same_database: bool = True) -> Tuple[Hazard, ...]:
    """Return the hazards with the sizes of the real tables.

    :param same_database: whether the steps ran there; else it still has the tables by their first names.
    """
    hazards = tuple(hazards)
    place = 0 if same_database else 1
    keys = list({hazard.origin[place] for hazard in hazards if hazard.origin})
    if not keys:
        return hazards
    sizes = database_of(connection).observing.read_sizes(connection, keys)
    known = [(hazard, sizes.get(hazard.origin and hazard.origin[place], (None, None))) for hazard in hazards]
    return tuple(hazard._replace(size_bytes=size, row_estimate=rows) for hazard, (size, rows) in known)


def without_rows(hazards: Iterable[Hazard]) -> Tuple[Hazard, ...]:
    """Return the hazards of a copy that has no rows, or not all: how many are changed isn't known there."""
    return tuple(
        hazard._replace(rows_changed=None, detail=None) if hazard.kind is HazardKind.ROWS_CHANGED else hazard
        for hazard in hazards
    )

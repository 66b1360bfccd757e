# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order scripts and history stand. Pure functions.

The order is that of the tool which the scripts are written for. A history that was recorded in numeric order keeps it:
releases until 0.3.0 knew no other.
"""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

from .. import errors, model
from ..versions import GRAPH, NUMERIC, TEXT

Scripts = Tuple[model.Script, ...]
Rows = Tuple[model.HistoryRow, ...]


def in_one_order(
    scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow], forced: Optional[str] = None
) -> Tuple[Scripts, Rows]:
    """Return scripts, ordered, and the history's rows with versions that can be compared with theirs.

    :param scripts: all of one order, and in it.
    :param forced: the order that is asked for; None: that of the scripts, unless the history has another.
    :raises HistoryForeign: when the history holds what has no place in that order.
    """
    if scripts and scripts[0].version.order == GRAPH:
        return tuple(scripts), _placed(scripts, rows)
    _refuse_identifiers(rows)
    order = forced or _order_of(scripts, rows)
    if scripts and scripts[0].version.order != order:
        anew = [each._replace(version=each.version.ordered(order)) for each in scripts]
        scripts = sorted(anew, key=lambda script: script.version)
    if order != NUMERIC:  # as they are read
        rows = [row._replace(version=row.version.ordered(order)) for row in rows]
    return tuple(scripts), tuple(rows)


def _placed(scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow]) -> Rows:
    """Return rows whose versions stand where the graph has them; before all, where it doesn't know them."""
    places = {script.version: script.version for script in scripts}
    return tuple(
        row._replace(version=places.get(row.version) or model.Version.placed(row.version.text, -1)) for row in rows
    )


def _refuse_identifiers(rows: Sequence[model.HistoryRow]) -> None:
    """Refuse what only a graph can place, where there is none.

    :raises HistoryForeign: names the first.
    """
    for row in rows:
        if row.version.is_identifier:
            raise errors.HistoryForeign(
                "The history holds a version that isn't one: a version is made of digits, not %r" % str(row.version),
                hint="Set history_table to another name, or fix that row. If it is a revision of alembic's, "
                "the scripts here are of another kind.",
            )


def _order_of(scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow]) -> str:
    own = scripts[0].version.order if scripts else NUMERIC
    if own != TEXT or _is_ascending(rows, TEXT) or not _is_ascending(rows, NUMERIC):
        return own
    return NUMERIC


def _is_ascending(rows: Sequence[model.HistoryRow], order: str) -> bool:
    """Return whether what was applied later has the higher version. What has one time was recorded in one go."""
    applied = sorted(
        (row.applied, row.version.ordered(order))
        for row in rows
        if row.applied is not None and not row.version.is_repeatable
    )
    return all(before <= after for (one, before), (other, after) in zip(applied, applied[1:]) if one != other)

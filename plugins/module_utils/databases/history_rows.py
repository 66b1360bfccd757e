# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a history, as versions."""

from __future__ import annotations

from typing import Dict, Iterable, Tuple

from .. import model


def folded(rows: Iterable[model.HistoryRow]) -> Tuple[model.HistoryRow, ...]:
    """Make one row of several for the same version; the latest tells how it stands, and all spellings are kept."""
    folded: Dict[model.Version, model.HistoryRow] = {}
    for row in rows:
        earlier = folded.pop(row.version, None)
        folded[row.version] = row if earlier is None else _joined(earlier, row)
    return tuple(folded.values())


def _joined(earlier: model.HistoryRow, row: model.HistoryRow) -> model.HistoryRow:
    return row._replace(spellings=tuple(dict.fromkeys(earlier.spellings + row.spellings)))

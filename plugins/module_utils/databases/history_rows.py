# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a history, as versions."""

from __future__ import annotations

import re
from typing import Dict, Iterable, Optional, Tuple

from .. import model

# What the log's detail says of the release that a migration was applied with.
RELEASE = "release: %s"
OF_RELEASE = re.compile(r"(?:^|; )release: (?P<release>.+)$")


def detail_of(release: Optional[str]) -> Optional[str]:
    """Return what the log says of a release."""
    return None if release is None else RELEASE % release


def release_of(detail: Optional[str]) -> Optional[str]:
    """Return the release that the log tells of."""
    found = OF_RELEASE.search(detail or "")
    return found["release"] if found else None


def folded(rows: Iterable[model.HistoryRow]) -> Tuple[model.HistoryRow, ...]:
    """Make one row of several for the same version; the latest tells how it stands, and all spellings are kept."""
    folded: Dict[model.Version, model.HistoryRow] = {}
    for row in rows:
        earlier = folded.pop(row.version, None)
        folded[row.version] = row if earlier is None else _joined(earlier, row)
    return tuple(folded.values())


def _joined(earlier: model.HistoryRow, row: model.HistoryRow) -> model.HistoryRow:
    return row._replace(spellings=tuple(dict.fromkeys(earlier.spellings + row.spellings)))

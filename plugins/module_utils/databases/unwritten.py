# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports Undoing and Upkeep of databases for which they aren't written yet."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple


def way_back(kind: str, before: Optional[str], after: Optional[str]) -> Optional[str]:
    """Return that the way back isn't known."""
    return None


def count(connection: Any, history: Any, days: int) -> Tuple[int, int]:
    """Return that nothing may go."""
    return 0, 0


def trim(connection: Any, history: Any, days: int) -> Tuple[int, int]:
    """Take nothing out."""
    return 0, 0


def lost_rows(connection: Any, history: Any) -> Optional[List[Tuple[str, str, str, str]]]:
    """Return that nothing is lost."""
    return []


def rebuild(connection: Any, history: Any, versions: Sequence[str]) -> None:
    """Record nothing."""

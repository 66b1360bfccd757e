# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port Writing of databases for which nothing is written yet."""

from __future__ import annotations

from typing import Optional


def way_back(kind: str, before: Optional[str], after: Optional[str]) -> Optional[str]:
    """Return that the way back isn't known."""
    return None

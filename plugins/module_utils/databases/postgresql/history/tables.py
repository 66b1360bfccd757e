# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of the history: see databases/port.py."""

from __future__ import annotations

from typing import Optional

from ...names import QualifiedName
from .reading import History, find, rows
from .record import Recorder as recorder
from .record import copy_rows, ensure
from .reduction import reduce

__all__ = ["copy_rows", "ensure", "find", "recorder", "reduce", "rows", "unfound"]


def unfound(table: QualifiedName, repository_id: Optional[str] = None) -> History:
    """Return a history that nobody has looked for."""
    return History(table, repository_id=repository_id)

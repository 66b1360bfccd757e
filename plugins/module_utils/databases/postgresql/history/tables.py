# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of the history: see databases/port_history.py. What writes is imported when there is something to write."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from .... import model
from ...names import QualifiedName
from .reading import History, find, rows

__all__ = ["copy_rows", "ensure", "find", "recorder", "reduce", "rows", "unfound"]


def unfound(table: QualifiedName, repository_id: Optional[str] = None) -> History:
    """Return a history that nobody has looked for."""
    return History(table, repository_id=repository_id)


def ensure(connection: Any, history: History, baseline: Tuple[model.Step, ...] = (), is_wide: bool = False) -> History:
    """Make the history's tables, or what they lack, and record the baseline: see record.py."""
    from . import record

    return record.ensure(connection, history, baseline, is_wide)


def recorder(history: History, survey: Any = None, locked: bool = False) -> Any:
    """Return who writes the history in a run: see record.py."""
    from .record import Recorder

    return Recorder(history, survey, locked)


def copy_rows(source: Tuple[model.HistoryRow, ...], connection: Any, history: History) -> None:
    """Make the rows of another database's history those of this one: see record.py."""
    from . import record

    record.copy_rows(source, connection, history)


def reduce(connection: Any, history: History, patience: float) -> None:
    """Leave a history db-migrator's two columns: see reduction.py."""
    from . import reduction

    reduction.reduce(connection, history, patience)

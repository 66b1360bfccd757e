# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps do to tables that were there before: no dialect tells the same. It is the port Observing."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..sight import Sight, Survey


def survey_of(connection: Any, own: Sequence[str]) -> Survey:
    """Return a survey with nothing to look at."""
    return Survey()


def read_relations(cursor: Any) -> Dict[int, Any]:
    """Return no table."""
    return {}


def read_sight(cursor: Any, survey: Survey) -> Sight:
    """Return a look that has seen nothing."""
    return Sight()


def read_sizes(connection: Any, keys: List[Any]) -> Dict[Any, Tuple[Optional[int], Optional[int]]]:
    """Return no sizes."""
    return {}


def has_tables(connection: Any) -> bool:
    """Return whether there is any table."""
    from ...deps import import_sqlalchemy

    found = bool(import_sqlalchemy().inspect(connection.sa).get_table_names())
    connection.rollback()
    return found

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations that are applied, and whose files are gone on purpose: the log says so."""

from __future__ import annotations

from typing import Any, FrozenSet, Sequence

from .. import model
from ..databases.choose import database_of


def retired(
    connection: Any, history: Any, scripts: Sequence[model.Script], rows: Sequence[model.HistoryRow]
) -> FrozenSet[model.Version]:
    """Return the versions whose last event is that they were retired. The log is only read where a file is gone."""
    files = {script.version for script in scripts}
    if not history.keeps_log or all(row.version in files for row in rows):
        return frozenset()
    return with_last_event(connection, history, model.Event.RETIRED)


def with_last_event(connection: Any, history: Any, event: model.Event) -> FrozenSet[model.Version]:
    """Return the versions whose last event this is; none, where that can't be known."""
    if not history.exists:
        return frozenset()
    try:
        found = database_of(connection).log.last(connection, history, event.value)
        return frozenset(map(model.Version.recorded, found))
    except (connection.Error, ValueError):
        connection.rollback()
        return frozenset()

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the live schema as known: what was changed by hand is no drift any more. The log tells who did so, and why."""

from __future__ import annotations

from typing import Any, Optional

from .. import errors, model
from ..databases.choose import database_of
from ..databases.tools import Tools
from ..databases.values import Remark
from ..history import drift
from .drift_check import SAME, DriftCheck, look_for_drift

DIFF_CONTEXT = 10


class Accepting:
    """What is to be taken as known.

    :ivar found: what the look for drift has shown; None: nobody has looked yet.
    :ivar written: whether the live schema was taken as known, or would be.
    """

    def __init__(self, reason: str, tools: Tools) -> None:
        """Take why, as the log tells it, and the means to read the schema."""
        self.found: Optional[DriftCheck] = None
        self.written = False
        self._reason, self._tools = reason, tools
        self._live: Any = None
        self._reader: Any = None

    def look(self, connection: Any, target: Any, history: Any) -> None:
        """Look at the live schema, before anything is written.

        :raises Conflict: when there is no history.
        :raises MigrationError: when the schema can't be read as a whole.
        """
        if not history.exists:
            raise errors.Conflict(
                "accept_drift: there is no history %s here, so no run has left a schema to compare with"
                % history.table,
                hint="Nothing was written. Begin the history first: pg_migrate with baseline_version.",
            )
        target = database_of(connection).sessions.settled(target, connection)
        looked = look_for_drift(connection, target, history, self._tools, DIFF_CONTEXT, whole=True)
        self.found, self._live, self._reader = looked.check, looked.live, looked.reader
        self.written = looked.check.state != SAME

    def accept(self, connection: Any, history: Any, marked: bool) -> None:
        """Keep the schema that was looked at as what the last run has left; commit.

        :param marked: the history was written meanwhile: its snapshot has to go with it.
        """
        if not self.written and not marked:
            return
        database = database_of(connection)
        history = database.history.ensure(connection, history)
        if self.written:
            with connection.cursor() as cursor:
                database.log.log(cursor, history, Remark(model.Event.DRIFT_ACCEPTED), self._reason)
            connection.commit()  # in this order: what is accepted and not logged would be nobody's
        rows = database.history.rows(connection, history)
        drift.store(connection, history, rows, self._live, self._reader.left_out, self._reader.version)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real run sees of the schema, before and after: for the diff, for what is expected, and to notice drift."""

from __future__ import annotations

from typing import Any, Optional

from .. import deps, errors
from ..databases.postgresql import client
from ..databases.postgresql.eyes import relations_of
from ..databases.postgresql.snapshots import SchemaReader, SnapshotSeries, differences
from ..history import drift
from ..history import history as history_room
from ..history.history import History
from ..planning import digest
from ..planning.request import Request
from .context import Context
from .view import View


class SchemaWatch:
    """Takes the snapshots of one real run, and says what they show."""

    def __init__(self, request: Request, connection: Any, reader: SchemaReader) -> None:
        self.request, self.connection = request, connection
        self.major = reader.pg_dump.version[0]
        self.series = SnapshotSeries(reader, request.target, request.per_migration and request.with_diff)
        self.after_each = self.series.after_each

    def before(self, context: Context, view: View) -> None:
        """Look at the schema before anything is touched.

        :raises ExpectationFailed: it isn't what was reviewed.
        :raises Drift: it isn't what the last run left, and the policy says fail.
        """
        last = None
        if self.request.policies.drift != "ignore":
            last = drift.last_snapshot(self.connection, view.history, view.rows, self.major)
        if last is None and not _needs_snapshots(self.request) and not relations_of(self.connection):
            return  # nothing to compare with, and nothing there that pg_dump might not be allowed to read
        self.series.take()
        live = self.series.snapshots[0]
        if self.request.expect is not None:
            digest.expect(self.request.expect, live, view.plan.steps)
        context.note_drift(drift.compare(last, live, self.request.diff_context))

    def after(self, context: Context, history: History) -> None:
        """Look at the schema that came out, and keep what the next run will compare with.

        :raises ExpectationFailed: it isn't the one that was rehearsed.
        """
        self.series.take_last()
        self._keep(history)
        if _needs_snapshots(self.request):
            self._show(context)
        if self.request.expect is not None:
            digest.confirm(self.request.expect, self.series.snapshots[-1])

    def after_failure(self, context: Context, history: History) -> None:
        """Show what stands; a server that is gone has said enough by then."""
        try:
            self.series.take_last()
            self._keep(history)
        except (errors.MigrationError, deps.DatabaseError):
            return
        if self.request.with_diff:
            self._show(context)

    def _show(self, context: Context) -> None:
        if context.applied is not None:
            diffs = differences(self.series.snapshots, self.request.diff_context)
            context.applied = context.applied._replace(diffs=diffs)

    def _keep(self, history: History) -> None:
        if self.request.policies.drift != "ignore":
            rows = history_room.rows(self.connection, history)
            drift.store(self.connection, history, rows, self.series.snapshots[-1], self.major)


def watch_for(context: Context, view: View, connection: Any) -> Optional[SchemaWatch]:
    """Return a watch, where one is wanted and there is a pg_dump; else warn of what isn't watched.

    :raises DependencyError: when there is none, and something can't do without.
    """
    request = context.request
    needed = _needs_snapshots(request) or request.policies.drift == "fail"
    if not view.plan.steps or not (needed or request.policies.drift == "warn"):
        return None
    try:
        pg_dump = client.find("pg_dump", connection.server_version, context.tools.run, context.tools.bin_dir)
    except errors.DependencyError as error:
        if needed:
            raise
        context.warnings.append("Changes by hand can't be noticed (on_drift): %s" % error.sentence())
        return None
    return SchemaWatch(request, connection, SchemaReader(context.tools, pg_dump, view.history.tables()))


def _needs_snapshots(request: Request) -> bool:
    return request.with_diff or request.expect is not None

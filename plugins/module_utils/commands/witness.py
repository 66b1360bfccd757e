# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real run sees of the schema, before and after: for the diff, for what is expected, and to notice drift."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from .. import deps, errors
from ..databases.postgresql import client
from ..databases.postgresql.eyes import survey
from ..databases.postgresql.snapshots import Camera, Film, differences
from ..databases.tools import Tools
from ..history import drift
from ..history import history as history_room
from ..history.history import History
from ..planning import digest
from ..planning.request import Request
from .report import Report, with_drift
from .view import View


class Witness:
    """Takes the snapshots of one real run, and says what they show."""

    def __init__(self, request: Request, connection: Any, camera: Camera) -> None:
        self.request, self.connection = request, connection
        self.major = camera.pg_dump.version[0]
        self.film = Film(camera, request.target, request.per_migration and request.with_diff)
        self.after_each = self.film.after_each

    def before(self, report: Report, view: View) -> Report:
        """Look at the schema before anything is touched.

        :raises ExpectationFailed: it isn't what was reviewed.
        :raises Drift: it isn't what the last run left, and the policy says fail.
        """
        last = None
        if self.request.policies.drift != "ignore":
            last = drift.kept(self.connection, view.history, view.rows, self.major)
        if last is None and not _needs_snapshots(self.request) and not survey(self.connection):
            return report  # nothing to compare with, and nothing there that pg_dump might not be allowed to read
        self.film.shoot()
        live = self.film.frames[0]
        if self.request.expect is not None:
            digest.expect(self.request.expect, live, view.plan.steps)
        found = drift.compare(last, live, self.request.diff_context)
        return with_drift(report, found, self.request.policies.drift)

    def after(self, report: Report, history: History) -> Report:
        """Look at the schema that came out, and keep what the next run will compare with.

        :raises ExpectationFailed: it isn't the one that was rehearsed; its ``report`` has the diff.
        """
        self.film.end()
        self._keep(history)
        if _needs_snapshots(self.request):
            report = report._replace(diffs=differences(self.film.frames, self.request.diff_context))
        if self.request.expect is not None:
            try:
                digest.confirm(self.request.expect, self.film.frames[-1])
            except errors.ExpectationFailed as error:
                error.report = report
                raise
        return report

    def after_failure(self, report: Report, history: History) -> Report:
        """Show what stands; a server that is gone has said enough by then."""
        try:
            self.film.end()
            self._keep(history)
        except (errors.MigrationError, deps.DatabaseError):
            return report
        diffs = differences(self.film.frames, self.request.diff_context) if self.request.with_diff else None
        return report._replace(diffs=diffs)

    def _keep(self, history: History) -> None:
        if self.request.policies.drift != "ignore":
            rows = history_room.rows(self.connection, history)
            drift.keep(self.connection, history, rows, self.film.frames[-1], self.major)


def summon(request: Request, tools: Tools, view: View, connection: Any) -> Tuple[Optional[Witness], Tuple[str, ...]]:
    """Return a witness, where one is wanted and there is a pg_dump; and what to warn of.

    :raises DependencyError: when there is none, and something can't do without.
    """
    needed = _needs_snapshots(request) or request.policies.drift == "fail"
    if not view.plan.steps or not (needed or request.policies.drift == "warn"):
        return None, ()
    try:
        pg_dump = client.find("pg_dump", connection.server_version, tools.run)
    except errors.DependencyError as error:
        if needed:
            raise
        return None, ("Changes by hand can't be noticed (on_drift): %s" % error.sentence(),)
    return Witness(request, connection, Camera(tools, pg_dump, view.history.tables())), ()


def _needs_snapshots(request: Request) -> bool:
    return request.with_diff or request.expect is not None

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real run sees of the schema, before and after: for the diff, for what is expected, and to notice drift.

It is an auxiliary: unless the user insists on it (expect, on_drift: fail), what can't be seen is a warning.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Tuple, Union

from .. import errors
from ..databases.choose import database_of
from ..history import drift
from ..planning import digest
from ..planning.request import Request
from ..schema.series import SnapshotSeries, differences
from ..schema.snapshot import Snapshot, overlay
from ..schema.unreadable import labels
from .context import Context
from .report import SchemaText
from .view import View

# How often to try while a lock lets nobody read: for what was asked for, and for what merely watches.
PATIENCE, HASTE = 3, 1

UNREAD = "%s, since this role may not read it: %s."


class SchemaWatch:
    """Takes the snapshots of one real run, and says what they show.

    :ivar unseen: why the schema can't be seen, which was said; from there on nobody looks. None: it can.
    :ivar expected: the reviewed digests that are of what was there, and of these scripts.
    :ivar after_each: looks after each migration; None: that wasn't asked for.
    """

    def __init__(self, context: Context, connection: Any, reader: Any) -> None:
        self.context, self.connection, self.reader = context, connection, reader
        self.request = request = context.request
        self.database = database_of(connection)
        self.series = SnapshotSeries(reader, request.target, request.per_migration and request.with_diff)
        self.after_each = self._after_one if self.series.after_each else None
        self.last: Optional[drift.LastSnapshot] = None
        self.unseen: Optional[str] = None
        self.expected: Tuple[str, ...] = ()

    def before(self, view: View) -> None:
        """Look at the schema before anything is touched.

        :raises ExpectationFailed: it isn't what was reviewed.
        :raises Drift: it isn't what the last run left, and the policy says fail.
        """
        self._look(lambda: self._before(view))

    def after(self, history: Any) -> None:
        """Look at the schema that came out, and keep what the next run will compare with.

        :raises ExpectationFailed: it isn't the one that was rehearsed.
        """
        self._look(lambda: self._after(history))
        self._note(history)

    def after_failure(self, history: Any) -> None:
        """Show what stands, as far as it can be seen: the failure itself has been said."""
        if self.unseen is None:
            try:
                self._after_failure(history)
            except (errors.MigrationError, self.connection.Error) as error:
                self.unseen = self._reason(error)
        self._note(history)

    def _look(self, look: Callable[[], None]) -> None:
        """Let what can't be seen be a warning, unless the user insists on it."""
        if self.unseen is not None:
            return
        try:
            look()
        except (errors.SchemaUnread, self.connection.Error) as error:
            if _insists(self.request):
                raise
            self.unseen = self._reason(error)
            if not self.connection.closed:
                self.connection.rollback()
            is_ours = isinstance(error, errors.MigrationError)
            _warn_of_unseen(self.context, error.sentence() if is_ours else self.unseen)

    def _reason(self, error: Any) -> str:
        return error.message if isinstance(error, errors.MigrationError) else self.database.errors.first_words(error)

    def _note(self, history: Any) -> None:
        """Note what schema_file is to hold, now that the run has ended."""
        if self.request.schema_file is None:
            return
        if self.unseen is not None:
            self.context.schema = SchemaText(reason=self.unseen)
            return
        from .schema_file import note_after_run

        note_after_run(self.context, history, self.connection, self.series.snapshots[-1], self.reader)

    def _before(self, view: View) -> None:
        if self.request.policies.drift != "ignore":
            found = drift.look_for_last(self.connection, view.history, view.rows, self.reader.version)
            self.last = found if isinstance(found, drift.LastSnapshot) else None
            self.context.warn(moved_sentence(found))
        elif not _needs_snapshots(self.request):
            return  # schema_file alone needs no more than what comes out
        needed = self.last is not None or _needs_snapshots(self.request)
        if not needed and not self.database.observing.has_tables(self.connection):
            return  # nothing to compare with, and nothing there that pg_dump might not be allowed to read
        self.series.take()
        if self.request.with_diff:
            self.context.warn(self.reader.advice(self.connection))
        if self.reader.left_out:
            self.context.warnings.append(UNREAD % (_unseen_parts(self.request), labels(self.reader.left_out)))
        live = self.series.snapshots[0]
        if self.request.expect is not None:
            digest.expect(self.request.expect, live, view.plan.steps, variables=self.request.variables)
            self.expected = digest.meant(self.request.expect, live, view.plan.steps, self.request.variables)
        self.context.note_drift(drift.compare(self.last, live, self.reader.left_out, self.request.diff_context))

    def _after_one(self) -> None:
        self._look(self.series.take)

    def _after(self, history: Any) -> None:
        self.series.take_last()
        if _needs_snapshots(self.request):
            self._show()
        self._keep(history, self.series.snapshots[-1])
        if self.request.expect is not None:
            self.context.warn(digest.confirm(self.expected, self.series.snapshots[-1]))

    def _after_failure(self, history: Any) -> None:
        """Only what this run did is renewed: what others had done before is still to be told when it goes on."""
        self.series.take_last()
        if self.request.with_diff:
            self._show()
        before, after = self.series.snapshots[0], self.series.snapshots[-1]
        drifted = self.context.drift is not None and self.last is not None
        self._keep(history, overlay(self.last.snapshot(), before, after) if drifted and self.last else after)

    def _show(self) -> None:
        if self.context.applied is not None:
            diffs = differences(self.series.snapshots, self.request.diff_context)
            self.context.applied = self.context.applied._replace(diffs=diffs, snapshots=tuple(self.series.snapshots))

    def _keep(self, history: Any, snapshot: Snapshot) -> None:
        if self.request.policies.drift != "ignore":
            rows = self.database.history.rows(self.connection, history)
            drift.store(self.connection, history, rows, snapshot, self.reader.left_out, self.reader.version)


def moved_sentence(found: Union[drift.LastSnapshot, str]) -> Optional[str]:
    """Return what to warn of where the history is another database's; else nothing: a run leaves a snapshot anyway."""
    if found != drift.RESTORED:
        return None
    return "Changes by hand can't be told: %s." % found


def watch_for(context: Context, view: View, connection: Any) -> Optional[SchemaWatch]:
    """Return a watch, where one is wanted and there is a pg_dump; else warn of what isn't watched.

    :raises DependencyError: when there is none, and the user insists on it.
    """
    request = context.request
    watches = _needs_snapshots(request) or request.policies.drift != "ignore" or request.schema_file is not None
    if not view.plan.steps or not watches:
        return None
    patience = PATIENCE if _needs_snapshots(request) else HASTE
    own = view.history.tables()
    try:
        reader = database_of(connection).snapshots.reader(connection, context.tools, own, _insists(request), patience)
    except errors.DependencyError as error:
        if _insists(request):
            raise
        _warn_of_unseen(context, error.sentence())
        if request.schema_file is not None:
            context.schema = SchemaText(reason=error.sentence())
        return None
    return SchemaWatch(context, connection, reader)


def _needs_snapshots(request: Request) -> bool:
    return request.with_diff or request.report or request.expect is not None


def _insists(request: Request) -> bool:
    """Return whether a run must not go on without having seen the schema."""
    return request.expect is not None or request.policies.drift == "fail"


def _warn_of_unseen(context: Context, sentence: str) -> None:
    """Say what is lacking where the schema can't be seen; of schema_file that is said with the file itself."""
    if _needs_snapshots(context.request) or context.request.policies.drift != "ignore":
        context.warnings.append("%s: %s" % (_unseen(context.request), sentence))


def _unseen(request: Request) -> str:
    """Return what is lacking where the schema can't be seen."""
    watched = "changes by hand can't be noticed (on_drift)"
    if not request.with_diff:
        return watched[0].upper() + watched[1:]
    return "There is no diff" + (", and " + watched if request.policies.drift != "ignore" else "")


def _unseen_parts(request: Request) -> str:
    """Return the same of parts of it."""
    watched = "watched for changes by hand (on_drift)"
    if not request.with_diff:
        return "Not " + watched
    return "Not in the diff" + (", nor " + watched if request.policies.drift != "ignore" else "")

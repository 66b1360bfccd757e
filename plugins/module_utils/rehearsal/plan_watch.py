# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches a plan on a copy for what it asks of rows: the locks before each commit, the catalogs after each step."""

from __future__ import annotations

from typing import Any, Callable, Dict, FrozenSet, List, Optional, Sequence, Tuple

from .. import deps, model
from ..databases.postgresql.prechecks.catalog import oids_of, read_before, read_locked, read_look
from ..databases.postgresql.prechecks.promises import Before, Locked, Look
from ..databases.postgresql.server_errors import first_words
from ..run.preparation import Job
from ..run.session import Session
from .prechecks import Added, added
from .writes import Ran, Seen


class PlanWatch:
    """What is seen of a plan. An error of its own never ends the rehearsal.

    :ivar broken: why it saw nothing; None: it did.
    """

    def __init__(self, jobs: Sequence[Job], sees: bool = True) -> None:
        """Take what is to be watched.

        :param sees: whether the database tells what steps do to tables; a copy that has all rows needs nobody to ask.
        """
        self._sees = sees
        self.broken: Optional[str] = None
        self._in_transaction = {str(step.script.version): _in_transaction(step, each) for step, each in jobs}
        self._session: Any = None
        self._connection: Any = None
        self._before = Before({})
        self._history: FrozenSet[int] = frozenset()
        self._locked: List[Locked] = []
        self._seen: List[Seen] = []

    def begin(self, session: Session) -> None:
        """Look at the copy before the run."""
        self._session, self._connection = session, session.connection
        if self._sees:
            self._guarded(self._look_before, session)

    def note(self, cursor: Any) -> None:
        """Note what the session has locked, before a commit."""
        if self._sees:
            self._locked += read_locked(cursor)

    def after(self, following: Optional[Callable[[], None]]) -> Callable[[], None]:
        """Return what is to be called after each step.

        :param following: what somebody else wants to be called then.
        """

        def after_step() -> None:
            if following is not None:
                following()
            if self._sees:
                self._guarded(self._look_after)

        return after_step

    def added(self, jobs: Sequence[Job], done: Sequence[model.Outcome], elsewhere: bool) -> Tuple[Added, ...]:
        """Return what the steps that were done ask of rows that were there before.

        :param elsewhere: the copy is on another server than the original.
        """
        if self.broken is not None or not self._sees:
            return ()
        migrations: Dict[model.Step, model.Migration] = dict(jobs)
        ran = [_ran(outcome.step, migrations[outcome.step]) for outcome in done]
        return added(self._before, list(zip(ran, self._seen)), self._history, elsewhere)

    def _look_before(self, session: Session) -> None:
        self._before = read_before(self._connection)
        self._history = oids_of(self._connection, session.history.tables())

    def _look_after(self) -> None:
        """Look at the catalogs, unless the step can have asked nothing of a table that was there before."""
        locked, self._locked = tuple(self._locked), []
        all_seen = self._in_transaction.get(self._session.guard.version, False)
        theirs = (each.oid for each in locked if each.oid not in self._history)
        if all_seen and not any(oid in self._before.tables for oid in theirs):
            look = self._seen[-1].look if self._seen else Look()
        else:
            look = read_look(self._connection, self._before)
        self._seen.append(Seen(locked, look))

    def _guarded(self, look: Callable[..., None], *arguments: Any) -> None:
        if self.broken is not None:
            return
        try:
            look(*arguments)
        except (deps.DatabaseError, UnicodeError) as error:  # names may be in any encoding
            self.broken = first_words(error)


def _in_transaction(step: model.Step, migration: model.Migration) -> bool:
    """Return whether each lock of a step is seen before a commit; Python may leave its transaction."""
    body = migration.body(step.direction)
    return isinstance(body, model.SqlBody) and body.transactional


def _ran(step: model.Step, migration: model.Migration) -> Ran:
    body = migration.body(step.direction)
    text = body.text if isinstance(body, model.SqlBody) else None
    return Ran(str(step.script.version), step.script.label, text)

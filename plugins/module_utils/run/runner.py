# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run: in transactions of the steps' own, or in one for all of them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Optional, Sequence, Tuple

from .. import errors, model
from ..runtimes.capture import Capture
from .preparation import Prepared
from .session import Session
from .steps import AfterEach, Run


def run(session: Session, prepared: Prepared, after_each: AfterEach = None) -> model.Progress:
    """Run migrations up or down, in order.

    :param after_each: called when a step is done and committed.
    :raises MigrationError: at the first failure; its ``progress`` says how far it came.
    """
    prepared.session = session
    kind = _InOneTransaction if session.single_transaction else Run
    going: Optional[Run] = None
    watch, limit = session.database.locks.watch, session.lock_timeout
    try:
        with (
            Capture() as capture,
            watch(session.target, session.connection, limit) if limit else nullcontext() as others,
        ):
            going = kind(session, prepared, capture, after_each, others)
            return going.until_stopped()
    except errors.Stop as stop:
        stop.progress = stop.progress or (going and _in_the_end(going))
        raise


def _in_the_end(run: Run) -> model.Progress:
    """Return how far a run came that a signal has ended when nothing was at work any more, or not yet."""
    settled = {outcome.step for outcome in (*run.done, *run.skipped)}
    left = tuple(step for step, dummy in run.jobs if step not in settled)
    return model.Progress(tuple(run.done), tuple(run.skipped), left=left)


class _InOneTransaction(Run):
    """A run whose jobs are one transaction: it is committed behind the last one, and all of it is tried again."""

    tries = 0

    def _finish(self, number: int) -> None:
        if number + 1 == len(self.jobs):
            self.connection.commit()

    def _begins_again(self, error: errors.MigrationError) -> bool:
        if not isinstance(error, errors.LockTimeout) or self.tries >= self.session.lock_retries:
            return False
        self._back_off(self.tries)
        self.tables.reset()
        self.tries, self.shown, self.done, self.skipped = self.tries + 1, None, [], []
        return True

    def _standing(self) -> Tuple[model.Outcome, ...]:
        return ()

    def _clear(self, cursor: Any, left: Sequence[str]) -> None:
        self.database.transactions.clear(cursor, left)

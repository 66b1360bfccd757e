# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step in a transaction: it and its record are committed together, and nothing of it stands until then."""

from __future__ import annotations

from typing import Any

from .. import errors, model
from .place import Place
from .preparation import not_in_one_transaction_error

# should_run may write to find out; whatever it did is taken back when it answers no.
UNDO_SHOULD_RUN = "ROLLBACK TO SAVEPOINT pgops_should_run"


class InTransaction(Place):
    """Where most steps run: in a transaction of their own."""

    def send(self, cursor: Any, body: model.SqlBody, index: int) -> None:
        """Send one message of an SQL script."""
        with self.connection.scripted():
            cursor.execute(body.messages[index].text)

    def may_chain(self) -> bool:
        """Return whether nobody has to look before the commit."""
        return self.session.guard is None

    def explain_lock(self, error: errors.LockTimeout) -> None:
        """Say that nothing stands."""
        error.hint = "Nothing of it stands. Run again when they are done; or raise lock_timeout or lock_retries."


class InOneTransaction(InTransaction):
    """Where a step runs with single_transaction: all of them are one transaction, which the run ends."""

    can_retry = False  # all of them are

    @property
    def opening(self) -> str:
        """Return what gives the script its settings: the record of the step before has had its own."""
        return self.session.database.settings.SCRIPTS_OWN

    def undo_question(self, cursor: Any) -> None:
        """Undo what should_run did to find out, and nothing of the steps before."""
        cursor.execute(UNDO_SHOULD_RUN)

    def allow_leaving(self, migration: model.Migration) -> None:
        """Refuse it."""
        raise not_in_one_transaction_error(migration)

    def may_chain(self) -> bool:
        """Return that there is no commit between two steps."""
        return False

    def commit(self) -> None:
        """Leave it to the run."""

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a step runs, in a transaction or outside one: the one question, asked once."""

from __future__ import annotations

from typing import Any, Optional

from .. import errors, model
from ..databases.savepoints import RELEASE
from .hazards import TableWatch
from .session import Session


class Place:
    """What both have in common, and what a step in a transaction of its own does.

    :ivar can_retry: whether the step may be tried again after it waited too long for a lock.
    :ivar in_transaction: whether all that the step does is one transaction with its record.
    :ivar release: a statement to send ahead of the record: the end of a script's savepoint.
    """

    can_retry = True
    in_transaction = True

    def __init__(self, session: Session) -> None:
        self.session = session
        self.connection = session.connection
        self.release = ""

    @property
    def opening(self) -> str:
        """Return statements to send ahead of the script."""
        return ""

    def send(self, cursor: Any, body: model.SqlBody, index: int) -> None:
        """Send one message of an SQL script."""
        raise NotImplementedError

    def allow_leaving(self, migration: model.Migration) -> None:
        """Let a script go on outside a transaction; raise where it can't."""

    def take_back(self, has_savepoint: bool) -> None:
        """Note that the connection is no longer lent to a script."""
        self.release = RELEASE + "; " if has_savepoint else ""

    def undo_question(self, dummy_cursor: Any) -> None:
        """Undo what should_run did to find out."""
        self.connection.rollback()

    def end(self, cursor: Any, tables: TableWatch) -> None:
        """Make ready for the record, which is always written in a transaction."""

    def may_chain(self) -> bool:
        """Return whether the next step may begin in the message that commits this one."""
        return False

    def commit(self) -> None:
        """Commit; a deferred constraint may fail only here."""
        self.connection.commit()

    def undo(self) -> None:
        """Undo what can be undone, before the step is tried again."""
        self.session.database.transactions.abandon(self.connection)

    def leftovers(self) -> Optional[str]:
        """Return what a failed step has left, in words; None: nothing."""
        return None

    def settle(self, cursor: Any) -> None:
        """Log, in the open transaction, where a failed step has stopped, unless that is known."""

    def explain_lock(self, error: errors.LockTimeout) -> None:
        """Say what stands of a step that waited too long for a lock, and what to do."""
        raise NotImplementedError

    def close(self) -> None:
        """Close what it has opened."""

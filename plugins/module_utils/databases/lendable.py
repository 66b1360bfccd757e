# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that can be lent to a script, where the driver has no more to say to that than PEP 249."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional

from .. import errors
from .everyone import EVERYONE
from .loan import Guard, Leave, Loan, LookAt
from .savepoints import MOVE_INNER, RELEASE, ROLLBACK_TO, ROLLBACK_TO_INNER, SAVEPOINT, Nested


class Lendable(Nested):
    """What a connection to SQLite, MariaDB and others is alike in. Its state changes in a context, and nowhere else.

    :ivar stopped: what a guard has raised, for a script may catch it and go on.
    """

    def __init__(self) -> None:
        Nested.__init__(self)
        EVERYONE.add(self)
        self.guard: Optional[Guard] = None
        self.stopped: Optional[errors.MigrationError] = None
        self._autocommit = False
        self._loan: Optional[Loan] = None

    @contextmanager
    def lent(self, on_leave: Leave, look_at: LookAt = None) -> Iterator[Loan]:
        """Lend the connection to a script, within the open transaction, in which SAVEPOINT was set."""
        self._loan, self.stopped = Loan(on_leave, look_at), None
        try:
            yield self._loan
        finally:
            self._loan = self.guard = None
            self.returned()

    def returned(self) -> None:
        """Put back what a script may have set on the connection itself."""

    @contextmanager
    def scripted(self) -> Iterator[None]:
        """Send what is executed as a script's: here that makes no difference."""
        yield

    @contextmanager
    def outside(self, guard: Optional[Guard]) -> Iterator[None]:
        """Execute a script outside a transaction of the runner's."""
        self.autocommit = True
        self.guard, self.stopped = guard, None
        try:
            yield
        finally:
            self.guard = None

    @property
    def held(self) -> bool:
        """Return whether the open transaction is the runner's, and a script only moves a savepoint in it."""
        return self._loan is not None and not self._loan.left

    @property
    def autocommit(self) -> Any:
        """Return whether the runner has no transaction of its own."""
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: Any) -> None:
        if not self.held:
            self._autocommit = bool(value)
        elif value:
            self._leave()

    def _leave(self) -> None:
        """Let the script go on outside a transaction, when the runner agrees."""
        loan = self._loan
        if loan is None:
            return
        loan.left = True
        try:
            self.guard = loan.on_leave()
        except BaseException:
            loan.left = False
            raise
        self._savepoints.clear()

    def commit(self) -> None:
        """Commit; of a lent connection: keep what the script did so far, come what may to the rest of it."""
        if not self.held:
            self.really_commit()
        elif self._savepoints:
            self.inner(MOVE_INNER, self._savepoints[-1])
        else:
            self.plain(RELEASE)
            self.plain(SAVEPOINT)

    def rollback(self) -> None:
        """Roll back; of a lent connection: to the script's last commit(), or its start."""
        if not self.held:
            self.really_roll_back()
        elif self._savepoints:
            self.inner(ROLLBACK_TO_INNER, self._savepoints[-1])
        else:
            self.plain(ROLLBACK_TO)

    def really_commit(self) -> None:
        """Commit the driver's transaction."""
        raise NotImplementedError

    def really_roll_back(self) -> None:
        """Roll back the driver's transaction."""
        raise NotImplementedError

    def plain(self, statement: str) -> None:
        """Execute one statement as it is."""
        raise NotImplementedError

    def take_notices(self) -> str:
        """Return what the database had to say beside results: nothing is kept of that."""
        return ""

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that scripts get to see: its transaction belongs to the runner, not to them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, ClassVar, Dict, Iterator, Optional, Sequence, Type

from ... import deps, errors
from ...model import Statement
from ..everyone import EVERYONE
from ..loan import Guard, Leave, Loan, LookAt
from ..savepoints import MOVE_INNER, RELEASE, ROLLBACK_TO, ROLLBACK_TO_INNER, SAVEPOINT, Nested
from .gate import MigrationCursor, gated
from .notices import Notices, take_from

# What kind of database a connection or a target leads to: see databases/choose.py.
KIND = "postgresql"

AUTOCOMMIT_LEVEL = 0


class MigrationConnection(Nested, deps.BaseConnection):  # type: ignore[misc]
    """A psycopg2 connection that can be lent to a script.

    Its state changes on entering and leaving a context, and nowhere else.

    :ivar guard: runs what a script sends outside a transaction; None: nobody has to.
    :ivar stopped: what that guard has raised, for a script may catch it and go on.
    """

    kind = KIND
    cursor_classes: ClassVar[Dict[Type[Any], Type[Any]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Nested.__init__(self)
        deps.BaseConnection.__init__(self, *args, **kwargs)
        EVERYONE.add(self)
        self.notices = Notices()
        self.cursor_factory: Any = MigrationCursor
        self.guard: Optional[Guard] = None
        self.stopped: Optional[errors.MigrationError] = None
        self._loan: Optional[Loan] = None
        self._scripted = False
        self._committed = False  # by what a script has sent last

    @contextmanager
    def lent(self, on_leave: Leave, look_at: LookAt = None) -> Iterator[Loan]:
        """Lend the connection to a script, within the open transaction, in which SAVEPOINT was set.

        Afterwards it is the runner's again: a Loan that wasn't left still has that savepoint to be released.
        """
        self._loan, self.stopped, self._committed = Loan(on_leave, look_at), None, False
        try:
            yield self._loan
        finally:
            self._loan = self.guard = None
            self.cursor_factory = MigrationCursor  # a script may have put its own there

    @contextmanager
    def scripted(self) -> Iterator[None]:
        """Send what is executed as a script's: with the search_path that the database gives to a session."""
        before, self._scripted = self._scripted, True
        try:
            yield
        finally:
            self._scripted = before

    @contextmanager
    def outside(self, guard: Optional[Guard]) -> Iterator[None]:
        """Execute a script outside transactions, through a guard if there is one."""
        self.autocommit = True
        self.guard, self.stopped = guard, None
        with self.scripted():
            try:
                yield
            finally:
                self.guard = None

    def guarded_by(self, guard: Optional[Guard]) -> None:
        """Let a guard run what is executed from now on; for a connection that is a script's for good."""
        self.guard = guard

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """Let the guard itself execute."""
        guard, self.guard = self.guard, None
        try:
            yield
        finally:
            self.guard = guard

    @property
    def held(self) -> bool:
        """Return whether the open transaction is the runner's, and a script only moves a savepoint in it."""
        return self._loan is not None and not self._loan.left

    @property
    def obeys(self) -> bool:
        """Return whether transaction control that is sent as SQL is for the connection to obey."""
        return self.held

    @property
    def has_committed(self) -> bool:
        """Return whether a COMMIT is the last that a script has sent."""
        return self._committed

    @property
    def is_ours(self) -> bool:
        """Return whether no script has it, so that nothing that is sent needs a look."""
        return self._loan is None and self.guard is None and not self._scripted

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """Return a cursor of the class that is asked for, which passes the gate whatever class that is."""
        given = list(args)
        asked = given.pop(1) if len(given) > 1 else kwargs.pop("cursor_factory", None)
        factory = gated(asked or self.cursor_factory or MigrationCursor, self.cursor_classes)
        return super().cursor(given[0] if given else kwargs.pop("name", None), factory, *given[1:], **kwargs)

    def commit(self) -> None:
        """Commit; of a lent connection: keep what the script did so far, come what may to the rest of it."""
        if not self.held:
            super().commit()
        elif self._savepoints:
            self.inner(MOVE_INNER, self._savepoints[-1])
        else:
            self._plain(RELEASE + "; " + SAVEPOINT)

    def rollback(self) -> None:
        """Roll back; of a lent connection: to the script's last commit(), or its start."""
        if not self.held:
            super().rollback()
        elif self._savepoints:
            self.inner(ROLLBACK_TO_INNER, self._savepoints[-1])
        else:
            self._plain(ROLLBACK_TO)

    def take_notices(self) -> str:
        """Return what the server had to say beside results, and forget it."""
        return take_from(self)

    def close(self) -> None:
        """Close the connection, unless others still work on it."""
        if not self._stays_open:
            super().close()

    def control(self, statement: Statement) -> bool:
        """Obey transaction control that a script sent as SQL. Return whether it was any.

        :raises ScriptInvalid: where it can't be had inside the run's transaction.
        """
        from ...sql.statements import BEGINS, COMMITS, ROLLS_BACK, TWO_PHASES

        if statement.keyword in COMMITS:
            self.commit()
        elif statement.keyword in ROLLS_BACK:
            self.rollback()
        elif statement.keyword in TWO_PHASES:
            raise errors.ScriptInvalid(
                "%s can't be part of a migration's own transaction" % statement.keyword,
                hint="Take it out of the script, or set connection.autocommit = True before it.",
            )
        is_control = statement.keyword in BEGINS | COMMITS | ROLLS_BACK
        if is_control:
            self._committed = statement.keyword in COMMITS
        return is_control

    def look_at(self, text: str) -> None:
        """Let whoever watches a script look at a text; what is stopped stays known."""
        look_at = self._loan.look_at if self._loan else None
        try:
            if look_at is not None:
                look_at(text)
        except errors.MigrationError as stop:
            self.stopped = stop
            raise

    def may_leave_for(self, statements: Sequence[Statement]) -> None:
        """Leave the transaction for what can't be in one, where the script has just committed: so psycopg2 would."""
        from ...sql.statements import needs_no_transaction

        if self.held and self._committed and needs_no_transaction(statements[0]):
            self._leave()
        self._committed = False

    def is_watched(self, text: str) -> bool:
        """Return whether a text has to pass the guard."""
        return self.guard is not None and self.guard.wants(text)

    def run_guarded(self, send: Callable[[], Any], statements: Sequence[Statement]) -> Any:
        """Send what the guard lets pass; what it has stopped stays known."""
        if self.guard is None:
            return send()
        try:
            return self.guard(self, send, statements)
        except errors.MigrationError as stop:
            self.stopped = stop
            raise

    @property
    def autocommit(self) -> bool:
        """Return whether each statement is a transaction of its own."""
        return bool(deps.BaseConnection.autocommit.__get__(self))

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        if not self.held:
            deps.BaseConnection.autocommit.__set__(self, value)
        elif value:
            self._leave()

    def set_session(self, *args: Any, **kwargs: Any) -> None:
        """Set the session's transaction mode; of a lent connection only autocommit has a meaning."""
        if not self.held:
            super().set_session(*args, **kwargs)
        elif kwargs.get("autocommit"):
            self._leave()

    def set_isolation_level(self, level: Any) -> None:
        """Set the isolation level; of a lent connection only the level AUTOCOMMIT has a meaning."""
        if not self.held:
            super().set_isolation_level(level)
        elif level == AUTOCOMMIT_LEVEL:
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
        self.autocommit = True

    def inner(self, statement: str, name: str) -> None:
        """Send a statement about a nested savepoint."""
        self._plain(deps.sql.SQL(statement).format(name=deps.sql.Identifier(name)))

    def _plain(self, statement: Any) -> None:
        with self.cursor() as cursor:
            deps.BaseCursor.execute(cursor, statement)

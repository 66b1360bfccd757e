# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that a script opens itself in a rehearsal: they lead to the copy, and are watched as its first one is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional

from .... import deps
from ..session import MigrationConnection
from ..transaction import in_transaction, is_aborted
from .containment import Containment, NotProved


class WatchedConnection(MigrationConnection):
    """A connection that a script has opened itself: it stays the script's, and each of its commits is looked at."""

    containment: Optional[Containment] = None

    def watch(self, containment: Containment) -> None:
        """Let it be watched from now on."""
        self.containment = containment
        self.autocommit = self.autocommit

    @property
    def is_ours(self) -> bool:
        """Return whether nobody watches: while it is made, and while its guard looks."""
        return self.containment is None

    @property
    def obeys(self) -> bool:
        """Return whether transaction control that is sent as SQL is for the connection to obey."""
        return not self.autocommit

    def look_at(self, text: str) -> None:
        """Look at a text that is about to be sent."""
        if self.containment is not None:
            self.containment.look_at(text)

    def commit(self) -> None:
        """Commit, once the open transaction was looked at."""
        containment, self.containment = self.containment, None
        try:
            if containment is not None and in_transaction(self) and not is_aborted(self):
                with self.cursor() as cursor:
                    containment.before_commit(cursor)
            super().commit()
        except NotProved:
            self.rollback()
            raise
        finally:
            self.containment = containment

    @property
    def autocommit(self) -> bool:
        """Return whether each statement is a transaction of its own; the containment then runs it."""
        return bool(deps.BaseConnection.autocommit.__get__(self))

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        deps.BaseConnection.autocommit.__set__(self, value)
        self._let_guard()

    def set_session(self, *args: Any, **kwargs: Any) -> None:
        """Set the session's transaction mode."""
        super().set_session(*args, **kwargs)
        self._let_guard()

    def set_isolation_level(self, level: Any) -> None:
        """Set the isolation level."""
        super().set_isolation_level(level)
        self._let_guard()

    def _let_guard(self) -> None:
        self.guarded_by(self.containment if self.autocommit else None)


@contextmanager
def watched(containment: Containment) -> Iterator[None]:
    """Let psycopg2 open connections of ours, as long as a script runs; SQLAlchemy opens its own through it.

    Another driver, or a program that the script starts, isn't seen.
    """
    original = deps.psycopg2.connect

    def connect(dsn: Any = None, connection_factory: Any = None, cursor_factory: Any = None, **kwargs: Any) -> Any:
        given = containment.completed(dsn, kwargs)
        connection = original(dsn, _factory(connection_factory), cursor_factory, **given)
        if not containment.is_copy(connection):
            name = connection.info.dbname
            connection.close()
            stop = NotProved("it connects to the database %s by itself, and the copy is another one" % name)
            containment.stop(stop)
            raise stop
        connection.watch(containment)
        return connection

    deps.psycopg2.connect = connect
    try:
        yield
    finally:
        deps.psycopg2.connect = original


def _factory(asked: Any) -> Any:
    if asked is None or issubclass(asked, WatchedConnection):
        return asked or WatchedConnection
    return type(asked.__name__, (WatchedConnection, asked), {})

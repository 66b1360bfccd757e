# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQLAlchemy that scripts made for sqlalchemy-migrate see: an engine on the runner's connection, and the 1.x API.

Both are left as they were found: other migrations of the same run must not notice.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Dict, Iterator

from ... import deps
from ...databases.choose import database_of
from . import binding, changeset, connections, names, statements
from .migrate import package
from .patches import Patches


@contextmanager
def engine_on(connection: Any) -> Iterator[Any]:
    """Lend an SQLAlchemy engine whose every connection is this one, inside the runner's transaction.

    What a script commits on it is kept if the migration succeeds, and only then. When it ends, work that it
    began with begin() and neither committed nor rolled back is undone.

    :param connection: one that is lent, with the script's savepoint set; or one outside a transaction.
    :raises DependencyError: when there is no SQLAlchemy.
    """
    sqlalchemy = deps.import_sqlalchemy()
    checkouts = _Checkouts(connection)
    with connection.kept_open():
        try:
            yield _engine(sqlalchemy, connection, checkouts)
            checkouts.settle()
        finally:
            checkouts.closed = True


@contextmanager
def legacy(with_changeset: bool) -> Iterator[None]:
    """Give SQLAlchemy what 2.x took away and, with_changeset, what sqlalchemy-migrate added.

    With it, ``migrate`` and ``migrate.changeset`` can be imported too. A real sqlalchemy-migrate goes
    first, where it is installed and imports with the SQLAlchemy that is there; its own patches stay.

    :raises DependencyError: when there is no SQLAlchemy.
    """
    sqlalchemy = deps.import_sqlalchemy()
    with warnings.catch_warnings(), Patches() as patches:
        # They tell script authors of 1.4 to rewrite what 2.x took away; here it stays.
        warnings.simplefilter("ignore", sqlalchemy.exc.SADeprecationWarning)
        if deps.sqlalchemy_version(sqlalchemy) >= (2, 0):
            binding.give_back(sqlalchemy, patches)
            statements.give_back(sqlalchemy, patches)
            connections.give_back(sqlalchemy, patches)
        else:
            names.give_back_to_1_4(sqlalchemy, patches)
        names.give_back(sqlalchemy, patches)
        if with_changeset and deps.import_sqlalchemy_migrate() is None:
            changeset.add(sqlalchemy, patches)
            patches.modules(package(sqlalchemy))
        yield


@dataclass
class _Checkout:
    """One use of the connection, as SQLAlchemy sees it.

    :ivar fairy: what SQLAlchemy's pool has given out. It is held here, for if a script drops it without a close(),
        the garbage collector would end the use in the middle of another's statement.
    :ivar savepoint: what its rollback goes back to.
    :ivar raw: whether it is no SQLAlchemy connection, so that nobody tells when it begins and commits.
    :ivar begun: whether it has work that is neither committed nor rolled back.
    :ivar fresh: whether nothing was done since the savepoint was set.
    """

    fairy: Any
    savepoint: str
    raw: bool = True
    begun: bool = True
    fresh: bool = True


class _Checkouts:
    """SQLAlchemy's transactions, each as a savepoint: several of its connections are one of ours."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.open: Dict[Any, _Checkout] = {}
        self.closed = False

    @property
    def held(self) -> bool:
        """Return whether there is a transaction of the runner's to set savepoints in."""
        return bool(self.connection.held)

    def checkout(self, dummy_connection: Any, record: Any, fairy: Any) -> None:
        """Note a new use. It counts as begun (that's how raw connections behave) until SQLAlchemy takes it over."""
        self.open[record] = _Checkout(fairy, self.connection.push() if self.held else "")

    def connected(self, connection: Any, *dummy: Any) -> None:
        """Note that a use is an SQLAlchemy connection, which tells when it begins a transaction."""
        checkout = self._of(connection.connection)
        if checkout is not None and checkout.raw:
            checkout.raw = checkout.begun = False

    def begin(self, fairy: Any) -> None:
        """Begin a transaction: its savepoint is the topmost, and stands here."""
        checkout = self._of(fairy)
        if checkout is None:
            return
        if self.held and not (checkout.fresh and self._is_top(checkout)):
            self.connection.pop(checkout.savepoint)
            checkout.savepoint = self.connection.push()
        checkout.begun, checkout.fresh = True, False

    def commit(self, fairy: Any) -> None:
        """Keep what was done; on 1.4 also after each statement outside a transaction."""
        checkout = self._of(fairy)
        if checkout is None:
            return
        checkout.begun = checkout.fresh = False
        if self._is_top(checkout) if self.held else len(self.open) == 1:
            self.connection.commit()

    def rollback(self, fairy: Any) -> None:
        """Undo what was done since begin(). Without one, only a failed statement needs it."""
        checkout = self._of(fairy)
        if checkout is not None:
            self._undo(checkout)

    def checkin(self, dummy_connection: Any, record: Any) -> None:
        """End a use: what a begin() left open is undone, what an automatic one did is kept."""
        checkout = None if self.closed else self.open.get(record)
        if checkout is None or self.connection.closed:
            return
        self._undo(checkout, keep=connections.is_automatic(record))
        del self.open[record]
        if self.held:
            self._forget(checkout)
        elif not self.open:
            self.connection.commit()

    def settle(self) -> None:
        """End the uses that the script has left open."""
        for record in list(self.open)[::-1]:
            self.checkin(None, record)

    def _undo(self, checkout: _Checkout, keep: bool = False) -> None:
        aborted = database_of(self.connection).transactions.is_aborted(self.connection)
        if self.held and checkout.begun and (aborted or not keep):
            self.connection.rollback_to(checkout.savepoint)
        elif aborted or (not self.held and checkout.begun and not keep and len(self.open) == 1):
            self.connection.rollback()
        checkout.begun = False

    def _forget(self, checkout: _Checkout) -> None:
        self.connection.pop(checkout.savepoint)
        for each in self.open.values():
            # Whether a raw one has done something is unknown; it can't take others' work back with its own.
            each.begun = each.begun and not each.raw
        if not any(each.begun for each in self.open.values()):
            # What was kept must outlast a failed statement of those that wait below.
            self.connection.commit()

    def _is_top(self, checkout: _Checkout) -> bool:
        return bool(self.connection.is_top(checkout.savepoint))

    def _of(self, fairy: Any) -> Any:
        return None if self.closed else self.open.get(getattr(fairy, "_connection_record", None))


def _engine(sqlalchemy: Any, connection: Any, checkouts: _Checkouts) -> Any:
    url, options = database_of(connection).sessions.for_sqlalchemy(connection)
    engine = sqlalchemy.create_engine(
        sqlalchemy.engine.url.URL.create(**url),
        creator=lambda: connection,
        # Each use has a record of its own there, by which the checkouts tell them apart.
        poolclass=sqlalchemy.pool.NullPool,
        pool_reset_on_return=None,
        **options,
    )
    dialect = engine.dialect
    dialect.do_begin, dialect.do_commit, dialect.do_rollback = checkouts.begin, checkouts.commit, checkouts.rollback
    dialect.do_close = dialect.do_terminate = _leave_open
    dialect.reset_isolation_level = _back_to_transactions
    sqlalchemy.event.listen(engine, "checkout", checkouts.checkout)
    sqlalchemy.event.listen(engine, "checkin", checkouts.checkin)
    if deps.sqlalchemy_version(sqlalchemy) >= (2, 0):
        sqlalchemy.event.listen(engine, "engine_connect", lambda conn: checkouts.connected(connection=conn))
    else:
        sqlalchemy.event.listen(engine, "engine_connect", lambda conn, branch: checkouts.connected(conn))
    return engine


def _leave_open(dummy_connection: Any) -> None:
    return None


def _back_to_transactions(connection: Any) -> None:
    """End AUTOCOMMIT; plainly, for a level that is set on the connection would stay for the next migration."""
    if not connection.held:
        connection.autocommit = False

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time: a row that another connection of the run's keeps locked. It is the port Locks.

It ends with that connection. Drivers that wait without end for a row do so here; those that see the conflict at once
are asked again until lock_wait is over.
"""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from typing import Any, Dict, Iterator, Optional

from ... import deps, errors
from ..values import Activity
from . import tables
from .connection import Target, connect
from .driver_errors import is_drivers
from .transaction import abandon

# The port of the lock of a run: see databases/port.py.
__all__ = ["acquire", "activity", "held", "held_by_another", "holder", "require_own_session", "watch"]

POLL_SECONDS = 0.25


def require_own_session(connection: Any, target: Any) -> None:
    """Whether something stands in between that shares sessions can't be asked for."""


@contextmanager
def held(connection: Any, wait: float) -> Iterator[None]:
    """Hold the lock. What is open at the end is rolled back.

    :param wait: how long to keep trying, in seconds.
    :raises LockHeld: when another run has it.
    """
    connection.rollback()
    with closing(connect(Target(connection.sa.engine.url), "")) as keeper:
        _take(keeper, wait)
        try:
            yield
        finally:
            if not connection.closed:
                abandon(connection)
            keeper.rollback()


def acquire(connection: Any, wait: float) -> None:
    """Take it for a database that is rehearsed in: that isn't offered here."""


def held_by_another(connection: Any) -> bool:
    """Return whether another run has it: nobody tells."""
    return False


def holder(connection: Any) -> Optional[Dict[str, Any]]:
    """Return who has it: nobody tells."""
    return None


def activity(connection: Any, pid: int) -> Activity:
    """Return what another session is at: nobody tells."""
    return Activity()


class Watch:
    """Who keeps a connection waiting: nobody tells."""

    seen = ()
    words: Optional[str] = None

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exc: Any) -> None:
        pass


def watch(target: Any, connection: Any, lock_timeout: float) -> Watch:
    """Return who watches whom a connection waits for."""
    return Watch()


def _take(keeper: Any, wait: float) -> None:
    table, deadline = tables.lock_of(), time.monotonic() + wait
    _make(keeper, table)
    while True:
        try:
            keeper.run(table.update().values(runs=table.c.runs + 1))
            return
        except Exception as error:
            keeper.rollback()
            if not is_drivers(error):
                raise
            if time.monotonic() >= deadline:
                raise errors.LockHeld(
                    "Another run works on this database; waited %g s for it (%s)" % (wait, error),
                    hint="Wait for it, or raise lock_wait.",
                ) from None
        time.sleep(POLL_SECONDS)


def _make(keeper: Any, table: Any) -> None:
    """Make the table with its row, unless they are there; another run may do the same, or have been cut off at it."""
    sa = deps.import_sqlalchemy()
    count = sa.select(sa.func.count()).select_from(table)
    try:
        if not tables.columns_of(keeper, tables.LOCK):
            table.create(keeper.sa)
            keeper.commit()  # some use what was made only then
        if not keeper.run(count).scalar():
            keeper.run(table.insert(), {"runs": 0})
        keeper.commit()
    except Exception as error:
        keeper.rollback()
        if not (is_drivers(error) and tables.columns_of(keeper, tables.LOCK)):
            raise

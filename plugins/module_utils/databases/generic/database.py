# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any database that SQLAlchemy knows, as the engine sees it: which module answers which port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import model
from ..values import Abilities
from .session import KIND

if TYPE_CHECKING:
    from .. import port


class Generic:
    """The ports of databases/port.py. Each is imported when it is asked for."""

    kind = KIND

    def __init__(self, dialect: str) -> None:
        """Take which one it is.

        :param dialect: SQLAlchemy's name of it.
        """
        self.abilities = Abilities(
            dialect,
            transactional_ddl=False,
            makes_copies=True,
            writes_schema=False,
            logs_inside=True,
            has_booleans=False,
            dialects=(dialect, "default"),
        )

    @property
    def sessions(self) -> port.Sessions:
        """Return the port of connections."""
        from . import connection

        return connection

    @property
    def settings(self) -> port.Settings:
        """Return the port of what a session has set."""
        from . import settings

        return settings

    @property
    def locks(self) -> port.Locks:
        """Return the port of the lock of a run."""
        from . import lock

        return lock

    @property
    def transactions(self) -> port.Transactions:
        """Return the port of transactions."""
        from . import transaction

        return transaction

    @property
    def outside(self) -> port.Outside:
        """Return the port of statements outside a transaction."""
        from . import outside

        return outside

    @property
    def remains(self) -> port.Remains:
        """Return the port of what is left half-done."""
        from . import outside

        return outside

    @property
    def observing(self) -> port.Observing:
        """Return the port of what steps do to tables."""
        from . import observing

        return observing

    @property
    def history(self) -> port.History:
        """Return the port of the history."""
        from . import history

        return history

    @property
    def log(self) -> port.Log:
        """Return the port of the history's log."""
        from . import log

        return log

    @property
    def upkeep(self) -> port.Upkeep:
        """Return the port of what keeps the log small."""
        from .. import unwritten

        return unwritten

    @property
    def beside(self) -> port.Beside:
        """Return the port of what is beside the history."""
        from . import beside

        return beside

    @property
    def snapshots(self) -> port.Snapshots:
        """Return the port of snapshots."""
        from . import snapshots

        return snapshots

    @property
    def undoing(self) -> port.Undoing:
        """Return the port of SQL that is written for people."""
        from .. import unwritten

        return unwritten

    @property
    def copies(self) -> port.Copies:
        """Return the port of copies."""
        from . import copies

        return copies

    @property
    def writing(self) -> None:
        """Return nothing: nothing has the statements that made it."""

    @property
    def fleet(self) -> port.Fleet:
        """Return the port of many databases: a task is about one here (see task/targets/)."""
        raise NotImplementedError

    @property
    def errors(self) -> port.Errors:
        """Return the port of the driver's errors."""
        from . import driver_errors

        return driver_errors

    @property
    def grammar(self) -> port.Grammar:
        """Return the port of how scripts are read."""
        return self

    def adapted(self, body: model.SqlBody) -> model.SqlBody:
        """Return a script's body with the statements that are sent one by one."""
        from . import grammar

        return grammar.adapted(body, self.abilities.name)

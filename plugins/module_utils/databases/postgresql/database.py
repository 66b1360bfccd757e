# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL, as the engine sees it: which module answers which port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..values import Abilities
from .session import KIND

if TYPE_CHECKING:
    from .. import port


class PostgreSQL:
    """The ports of databases/port.py. Each is imported when it is asked for."""

    kind = KIND
    abilities = Abilities(
        "PostgreSQL",
        transactional_ddl=True,
        traces_locks=True,
        has_roles=True,
        dialects=("postgresql", "postgres", "default"),
    )

    @property
    def sessions(self) -> port.Sessions:
        """Return the port of connections."""
        from . import connection

        return connection

    @property
    def settings(self) -> port.Settings:
        """Return the port of what a session has set."""
        from . import limits

        return limits

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
        from . import once

        return once

    @property
    def remains(self) -> port.Remains:
        """Return the port of what is left half-done."""
        from . import indexes

        return indexes

    @property
    def observing(self) -> port.Observing:
        """Return the port of what steps do to tables."""
        from .observing import eyes

        return eyes

    @property
    def history(self) -> port.History:
        """Return the port of the history."""
        from .history import tables

        return tables

    @property
    def log(self) -> port.Log:
        """Return the port of the history's log."""
        from .history import log

        return log

    @property
    def upkeep(self) -> port.Upkeep:
        """Return the port of what keeps the log small."""
        from .history import upkeep

        return upkeep

    @property
    def beside(self) -> port.Beside:
        """Return the port of what is beside the history."""
        from .history import beside

        return beside

    @property
    def snapshots(self) -> port.Snapshots:
        """Return the port of snapshots."""
        from . import snapshots

        return snapshots

    @property
    def undoing(self) -> port.Undoing:
        """Return the port of SQL that is written for people."""
        from .writing import way_back

        return way_back

    @property
    def grammar(self) -> port.Grammar:
        """Return the port of how scripts are read."""
        from . import grammar

        return grammar

    @property
    def copies(self) -> port.Copies:
        """Return the port of copies with all rows: here they are made by rehearsal/, in more than one place."""
        raise NotImplementedError

    @property
    def writing(self) -> None:
        """Return nothing: authoring/ writes it by itself."""

    @property
    def fleet(self) -> port.Fleet:
        """Return the port of many databases."""
        from .fleet import listing

        return listing

    @property
    def errors(self) -> port.Errors:
        """Return the port of the driver's errors."""
        from . import script_errors

        return script_errors


POSTGRESQL = PostgreSQL()

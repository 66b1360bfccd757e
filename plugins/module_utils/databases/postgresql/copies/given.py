# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that somebody has made for rehearsals, with rows: it is used as it is, and left as the steps leave it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Iterator, List, Optional

from .... import errors
from ..connection import Target, connect, describe, settled
from ..limits import let_last
from ..transaction import takes_no_writes
from .facts import Facts
from .place import Place, RehearsalImpossible, become

# Which database this is, wherever it is reached: a copy of the server's files has the same numbers, but another start.
IDENTITY = """
SELECT d.oid, pg_catalog.pg_postmaster_start_time()
  FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
"""


@dataclass
class GivenDatabase(Place):
    """A database that is there already."""

    name: str
    target: Target
    admin: Any
    facts: Facts
    unproved: List[str] = field(default_factory=list)
    lacks: List[str] = field(default_factory=list)
    rights: List[str] = field(default_factory=list)

    on = "database"

    @property
    def place(self) -> str:
        """Return where it is, in words."""
        return describe(self.admin)

    @property
    def by_superuser(self) -> bool:
        """Return whether a superuser has logged in."""
        return bool(self.admin.info.parameter_status("is_superuser") == "on")

    @property
    def loader(self) -> Target:
        """Return who has logged in: nobody fills it."""
        return self.target

    @property
    def wanted_role(self) -> Optional[str]:
        """Return whose the real run is."""
        return self.facts.role

    def runner(self) -> Optional[Target]:
        """Return as whom the plan has to run."""
        return become(self.target, self.admin, self.facts.role)


@contextmanager
def given_database(database: Target, target: Optional[Target], facts: Facts) -> Iterator[GivenDatabase]:
    """Open a database for a rehearsal.

    :param target: the one that is migrated; None: it isn't there yet.
    :param facts: what makes that what it is.
    :raises OptionInvalid: when it is the target itself.
    :raises RehearsalImpossible: when it can't be used.
    """
    try:
        admin = connect(database, "pg_migrate rehearsal")
    except (errors.ConnectError, errors.DatabaseMissing) as error:
        raise RehearsalImpossible("rehearsal_database_url: %s" % error.message, hint=error.hint) from None
    with closing(admin):
        let_last(admin)
        if target is not None and _identity(admin) == _identity_of(target):
            raise errors.OptionInvalid(
                "rehearsal_database_url is the target itself (%s)" % describe(admin),
                hint="Nothing was done. Name a clone of it: the migrations are run there, and stay.",
            )
        reason = takes_no_writes(admin)
        if reason is not None:
            raise RehearsalImpossible("rehearsal_database_url takes no writes (%s)" % reason)
        here = settled(database, admin)
        yield GivenDatabase(here.params["dbname"], here, admin, facts)


def _identity_of(target: Target) -> Any:
    with closing(connect(target, "pg_migrate rehearsal")) as connection:
        return _identity(connection)


def _identity(connection: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(IDENTITY)
        row = cursor.fetchone()
    connection.rollback()
    return row

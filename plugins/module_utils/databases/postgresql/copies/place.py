# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rehearsal may run: what a scratch database on a server and one in a throwaway cluster have in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, ContextManager, List, Optional, Sequence

from .... import errors
from ...copying import RehearsalImpossible
from ..connection import Target
from .containment import Containment
from .load import Dump
from .second_connections import watched

__all__ = ["Place", "RehearsalImpossible", "become"]

MAY_BECOME = "SELECT pg_catalog.pg_has_role(session_user, oid, 'MEMBER') FROM pg_catalog.pg_roles WHERE rolname = %s"

# In the sentence for what of the original's schema a copy lacks.
LEFT_OUT = "left out of the copy"


class Place:
    """A scratch database, wherever it is. Who fills it connects as ``loader``; the steps run as ``target``.

    :ivar name: of the database.
    :ivar admin: a connection of who has made it.
    :ivar unproved: what it could not be given, in sentences; grows while it is filled.
    :ivar lacks: the objects that it could not be given.
    :ivar rights: the objects that aren't whose they should be, or lack a grant.
    :ivar on: server, cluster, empty or database.
    """

    name: str
    target: Target
    admin: Any
    unproved: List[str]
    lacks: List[str]
    rights: List[str]
    on: str

    @property
    def place(self) -> str:
        """Return where it is, in words."""
        params = self.target.params
        return "a scratch copy on %s port %s" % (params.get("host", "the local socket"), params.get("port", "?"))

    @property
    def by_superuser(self) -> bool:
        """Return whether a superuser has logged in."""
        raise NotImplementedError

    @property
    def loader(self) -> Target:
        """Return as whom to fill it."""
        raise NotImplementedError

    def recreate(self) -> None:
        """Make it anew, empty: a first attempt to fill it got stuck half-way."""
        raise NotImplementedError

    @property
    def role(self) -> str:
        """Return who runs the steps."""
        return self.target.session_role or self.target.params.get("user", "?")

    @property
    def wanted_role(self) -> Optional[str]:
        """Return whose the real run is; None: that isn't known."""
        return None

    def runner(self) -> Optional[Target]:
        """Return as whom the plan has to run, for all to come out as in the original; None: there is no becoming it."""
        return self.target

    @property
    def is_whole(self) -> bool:
        """Return whether nothing of the original's schema had to be left out, and all is whose it should be."""
        return not self.lacks and not self.rights and not any(LEFT_OUT in each for each in self.unproved)

    @property
    def dumps_as(self) -> Target:
        """Return who takes snapshots of it."""
        return self.target

    @property
    def changes(self) -> Sequence[Any]:
        """Return what steps have changed of the cluster, beside the database; each has a version and a sentence."""
        return ()

    def adapt(self, dump: Dump) -> Dump:
        """Return what of a dump is to be loaded."""
        return dump

    def extend(self, names: Sequence[str]) -> Sequence[str]:
        """Make extensions that the task names. Return those that are left to who fills it: here, all."""
        return names

    def settle(self) -> None:
        """End the filling: from now on it is as the original is."""

    def restore(self, key: str) -> bool:
        """Become what was kept of an earlier copy of the same original, filled and settled.

        :returns: whether there is one.
        :param key: for all that it is filled with.
        """
        return False

    def keep(self, key: str, is_exact: bool) -> None:
        """Keep a copy of what it is now, filled and settled and without rows.

        :param is_exact: whether its snapshot is the original's.
        """

    @property
    def is_exact(self) -> bool:
        """Return whether it is known, from an earlier one, that its snapshot is the original's."""
        return False

    def contain(self, note: Callable[[Any], None]) -> Containment:
        """Return what keeps steps inside of it.

        :param note: called with a cursor before each look.
        """
        return Containment(note, self.name)

    def watching(self, guard: Containment) -> ContextManager[None]:
        """Let a guard watch connections that a script opens itself."""
        return watched(guard)

    def stops_at(self, error: errors.MigrationError) -> Optional[str]:
        """Return why a step's error tells nothing of the original, which has what the copy lacks; None: it does."""
        return None


def become(target: Target, connection: Any, role: Optional[str]) -> Optional[Target]:
    """Return how to work as a role; None: who logs in isn't a member of it.

    :param connection: of who logs in.
    :param role: None: whoever logs in will do.
    """
    if role in (None, target.session_role or connection.info.user):
        return target
    with connection.cursor() as cursor:
        cursor.execute(MAY_BECOME, [role])
        may = cursor.fetchone()
    return replace(target, session_role=role) if may and may[0] else None

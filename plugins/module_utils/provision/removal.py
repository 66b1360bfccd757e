# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be dropped, and what speaks against it."""

from __future__ import annotations

import time
from typing import Any, List, Optional

from .. import errors
from . import databases, ownership, roles
from .databases import Database
from .request import ProvisionRequest, Site, State
from .roles import Role
from .statement import Difference

# Roles and databases below were made with the cluster.
FIRST_OWN_OID = 16384

# A session that has ended is listed for a moment still; and within a transaction, what was seen once is seen again.
LOOKS, LOOK_SECONDS = 10, 0.1
FORGET_LOOK = "SELECT pg_catalog.pg_stat_clear_snapshot()"
SYSTEM_USER = "postgres"


def removals(
    site: Site, request: ProvisionRequest, cursor: Any, role: Optional[Role], database: Optional[Database]
) -> List[Difference]:
    """Return what is to be dropped, in the order in which that works.

    :param role: the user that is there.
    :param database: the database that is there.
    :raises OptionInvalid: when it is one that no cluster can do without, or the user that is connected.
    :raises Conflict: when sessions, or what belongs to the user, stand in the way.
    """
    _check_may_go(site, request, role)
    found: List[Difference] = []
    if database is not None:
        if not request.force:
            check_unused(cursor, database.name, "End these sessions, or set force.")
        found.append(databases.removal(database, request.force))
    if role is not None:
        found += _belongings(site, request, role, database)
        found.append(roles.removal(role))
    return found


def _check_may_go(site: Site, request: ProvisionRequest, role: Optional[Role]) -> None:
    if request.database is not None and request.database.name in databases.SYSTEM_DATABASES:
        raise errors.OptionInvalid('db: "%s" is never dropped' % request.database.name, hint="Every cluster needs it.")
    name = request.user.name if request.user is not None else None
    if name in (site.who.name, site.who.login):
        raise errors.OptionInvalid(
            'user: "%s" is the one that is connected' % name, hint="Connect as another one to drop it."
        )
    if name == SYSTEM_USER or (role is not None and role.oid < FIRST_OWN_OID):
        raise errors.OptionInvalid('user: "%s" is never dropped' % name, hint="It was made with the cluster.")


def check_unused(cursor: Any, name: str, hint: str) -> None:
    """Check that nobody else is connected to a database.

    :raises Conflict: lists who is.
    """
    sessions = databases.sessions(cursor, name)
    for _look in range(LOOKS):
        if not sessions:
            return
        time.sleep(LOOK_SECONDS)
        cursor.execute(FORGET_LOOK)
        sessions = databases.sessions(cursor, name)
    if sessions:
        who = ", ".join("%(user)s (pid %(pid)s, %(application)s)" % each for each in sessions)
        raise errors.Conflict(
            'The database "%s" is in use by %s' % (name, who),
            hint=hint,
            blockers=sessions,
        )


def _belongings(site: Site, request: ProvisionRequest, role: Role, database: Optional[Database]) -> List[Difference]:
    dropped = database.oid if database is not None else None
    found = ownership.belongings(site.connection, site.target, role.oid, dropped)
    if found and request.state is State.RECREATED:
        hint = "Recreating touches no other database: drop these first, with state: absent and drop_owned."
        raise ownership.conflict(role.name, found, hint)
    if found and not request.drop_owned:
        raise ownership.conflict(role.name, found, "Drop them, give them to somebody else, or set drop_owned.")
    return ownership.removals(role.name, site.who.name, site.connection.info.dbname, found)

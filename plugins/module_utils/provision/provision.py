# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: connect → read what is there → the differences → execute them, unless in check mode."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Sequence

from .. import deps, errors
from ..databases.postgresql.connection import settled
from . import databases, roles
from .administrator import identify, open_administration
from .apply import apply
from .passfile import edit as passfile_edit
from .removal import removals
from .request import ProvisionReport, ProvisionRequest, Site, State
from .statement import Difference
from .wanted import Wanted


def provision(request: ProvisionRequest) -> ProvisionReport:
    """Make user, database and password file what they are asked to be; in check mode tell what that would take.

    :raises MigrationError: nothing half-made is left then.
    """
    named = request.database.name if request.database is not None else None
    dropping = request.state is not State.PRESENT
    with closing(open_administration(request.target, named, dropping)) as connection:
        try:
            site = Site(settled(request.target, connection), connection, identify(connection))
            with connection.cursor() as cursor:
                return _provision(site, request, cursor)
        except deps.psycopg2.Error as error:
            raise errors.ProvisionError(
                "The server refuses to tell or to keep what is there: %s" % " ".join(str(error).split()),
                hint="Its log may say more.",
                sqlstate=error.pgcode,
            ) from None


def _provision(site: Site, request: ProvisionRequest, cursor: Any) -> ProvisionReport:
    role = roles.read(cursor, request.user.name) if request.user is not None else None
    database = databases.read(cursor, request.database.name) if request.database is not None else None
    gone: Sequence[Difference] = ()
    made: Sequence[Difference] = ()
    if request.state is not State.PRESENT:
        gone = removals(site, request, cursor, role, database)
        role = database = None
    wanted = Wanted(site, request, cursor)
    if request.state is not State.ABSENT:
        made = wanted.differences(role, database)
    edit = passfile_edit(site, request)
    if not request.checking:
        apply(site, gone, made, edit)
    differences = (*gone, *made, *([edit.difference] if edit is not None else []))
    return ProvisionReport(differences, (*wanted.warnings, *(edit.warnings if edit is not None else ())))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job: connect → read what is there → the differences → execute them, unless in check mode."""

from __future__ import annotations

import random
import time
from contextlib import closing
from typing import Any, Sequence

from .. import deps, errors
from ..databases.postgresql.connection import settled
from . import databases, roles
from .administrator import check_writable, identify, open_administration
from .apply import Work
from .inside import Inside
from .passfile import edit as passfile_edit
from .removal import removals
from .request import ProvisionReport, ProvisionRequest, Site, State
from .statement import Difference
from .wanted import Wanted

# What befalls a task that does the same as another one at the same moment: what it creates is there, what it drops is
# gone, what it changes was changed. Recreating is no such case: there it would drop what the other one has made.
OVERTAKEN = frozenset(
    {
        *("42710", "42P04", "42P06", "23505"),  # a role, database, schema or row that is there by now
        *("42704", "3D000", "3F000"),  # or isn't any more
        *("XX000", "40001", "40P01"),  # "tuple concurrently updated", and its kin
    }
)
MAY_MEET = (State.PRESENT, State.ABSENT)
LOOKS = 40
PAUSE = (0.02, 0.2)  # seconds


def provision(request: ProvisionRequest) -> ProvisionReport:
    """Make user, database and password file what they are asked to be; in check mode tell what that would take.

    :raises MigrationError: nothing half-made is left then.
    """
    wish = request.database
    named = wish.name if wish is not None else None
    # Nobody may be connected to a database that is dropped, or moved.
    dropping = request.state is not State.PRESENT or (wish is not None and wish.tablespace is not None)
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
    """Compare and execute; and look again where another task was faster, with the same on its mind."""
    work = Work(site)
    try:
        for left in reversed(range(LOOKS)):
            try:
                return _once(site, request, cursor, work)
            except errors.MigrationError as error:
                if not (left and request.state in MAY_MEET and _was_overtaken(error)):
                    raise
                work.roll_back()
                time.sleep(random.uniform(*PAUSE))  # noqa: S311
        raise errors.ProvisionError("Others change the same again and again")
    except BaseException as error:
        work.take_back(error)
        raise


def _was_overtaken(error: errors.MigrationError) -> bool:
    return error.sqlstate in OVERTAKEN or isinstance(error, errors.DatabaseMissing)


def _once(site: Site, request: ProvisionRequest, cursor: Any, work: Work) -> ProvisionReport:
    before = tuple(work.executed)
    role = roles.read(cursor, request.user.name) if request.user is not None else None
    database = databases.read(cursor, request.database.name) if request.database is not None else None
    gone: Sequence[Difference] = ()
    made: Sequence[Difference] = ()
    if request.state is not State.PRESENT:
        gone = removals(site, request, cursor, role, database)
        role = database = None
    inside: Sequence[Difference] = ()
    wanted = Wanted(site, request, cursor)
    if request.state is not State.ABSENT:
        made = wanted.differences(role, database)
        inside = Inside(site, request, cursor, database).differences()
    check_writable(site.connection, site.who, [*gone, *made, *inside])
    edit = passfile_edit(site, request)
    if not request.checking:
        work.drop(gone)
        work.create(made)
        if inside and database is None and request.database is not None:
            # Only now can be seen what it has of its template.
            inside = Inside(site, request, cursor, databases.read(cursor, request.database.name)).differences()
        work.change([*made, *inside], edit)
    differences = (*before, *gone, *made, *inside, *([edit.difference] if edit is not None else []))
    return ProvisionReport(differences, (*wanted.warnings, *(edit.warnings if edit is not None else ())))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The databases of a server. With what is imported for it, this is the port of fleets: see databases/port_fleet.py."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Optional, Tuple

from .... import errors
from ...names import SCRATCH_PREFIX
from ...port_fleet import Census
from ..connection import MAINTENANCE_DATABASES, Target, connect, connect_maintenance
from ..script_errors import first_words

__all__ = ["alike", "census", "member"]

APPLICATION = "pg_migrate"

DATABASES = """
SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"
"""

# What is left for this user: of the server's connections, and of the role's own.
ROOM = """
SELECT least(
         current_setting('max_connections')::int
         - CASE WHEN r.rolsuper THEN 0
                ELSE current_setting('superuser_reserved_connections')::int
                     + coalesce(current_setting('reserved_connections', true), '0')::int END
         - (SELECT sum(numbackends)::int FROM pg_catalog.pg_stat_database),
         CASE WHEN r.rolconnlimit >= 0 AND NOT r.rolsuper
              THEN r.rolconnlimit - (SELECT count(*)::int FROM pg_catalog.pg_stat_activity WHERE usesysid = r.oid) END
       ) + 1
  FROM pg_catalog.pg_roles r WHERE r.rolname = session_user
"""

READ_ONLY = "SET TRANSACTION READ ONLY"


def census(target: Target, query: Optional[str]) -> Census:
    """Look at the server.

    :param query: is asked in the database of target, and may only read.
    :raises MigrationError: when there is no connection, or the query fails.
    """
    open_one = connect_maintenance if query is None else connect
    with closing(open_one(target, APPLICATION)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(DATABASES)
            names = tuple(row[0] for row in cursor.fetchall())
            cursor.execute(ROOM)
            room = cursor.fetchone()[0]
        connection.rollback()
        ours = tuple(name for name in names if name.startswith(SCRATCH_PREFIX) or name in MAINTENANCE_DATABASES)
        found = Census(names, ours, int(room), _address(connection))
        if query is None:
            return found
        columns, rows = _asked(connection, query)
        return found._replace(answer=rows, columns=columns)


def alike(connection: Any) -> Optional[str]:
    """Return a digest of the schema; None: it holds what only a dump can tell. See alike.py."""
    from .alike import alike as digest

    return digest(connection)


def _asked(connection: Any, query: str) -> Tuple[Tuple[str, ...], Tuple[Tuple[Any, ...], ...]]:
    """Ask a query of the user's, with the search_path that the database gives to a session."""
    try:
        with connection.scripted(), connection.cursor() as cursor:
            cursor.execute(READ_ONLY)
            cursor.execute(query)
            if cursor.description is None:
                raise errors.OptionInvalid("databases: query gives no rows", hint="It has to be a SELECT.")
            return tuple(column.name for column in cursor.description), tuple(cursor.fetchall())
    except connection.Error as error:
        raise errors.OptionInvalid(
            "databases: query fails: %s" % first_words(error),
            hint="Nothing was touched. It runs in the database that url or login_db names, and may only read.",
            sqlstate=error.pgcode,
        ) from None
    finally:
        if not connection.closed:
            connection.rollback()


def _address(connection: Any) -> str:
    """Return which server it is, as in user@host:port."""
    info = connection.info
    host = "[local]" if not info.host or info.host.startswith(("/", "@")) else info.host
    return "%s@%s:%s" % (info.user, "[%s]" % host if ":" in host else host, info.port)


def member(target: Target, name: str) -> Target:
    """Return the target of one of its databases."""
    return target.with_database(name)

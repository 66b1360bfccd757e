# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what a step does inside the scratch copy that it runs on."""

from __future__ import annotations

import re
from typing import Any, Callable, List, Optional

from ... import deps, errors

# Before COMMIT, a lock on a relation of no database tells that the step writes what the whole cluster shares; GRANT ON
# DATABASE (TABLESPACE, PARAMETER) gives its lock back at once, but shows in the session's counts of changed rows.
# pg_shdepend doesn't count: every object that has an owner writes there.
CLUSTER_WIDE = """
SELECT pg_catalog.array_agg(c.relname::text)
  FROM pg_catalog.pg_class c
 WHERE c.relisshared AND c.relkind = 'r' AND c.relname <> 'pg_shdepend'
   AND (pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
        + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) > 0
        OR EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.database = 0
                      AND l.relation = c.oid AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')))
"""

SHARED_RELATIONS = {
    "pg_authid": "roles",
    "pg_auth_members": "role memberships",
    "pg_database": "databases or grants on them",
    "pg_db_role_setting": "settings of a role or a database",
    "pg_parameter_acl": "grants on settings",
    "pg_shdescription": "comments on what is shared",
    "pg_subscription": "subscriptions",
    "pg_tablespace": "tablespaces",
}

# What can't run inside a transaction and yet touches only its own database.
LOCAL_OUTSIDE = re.compile(
    r"\s*(?:(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+|RE)INDEX\b|VACUUM\b|CLUSTER\b|ALTER\s+TYPE\b|ALTER\s+TABLE\b|REFRESH\b)",
    re.IGNORECASE,
)
COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*\n|/\*.*?\*/)+", re.DOTALL)
ACTIVE_TRANSACTION = "25001"


class NotProved(errors.RehearsalError):
    """A step that must not run on a copy, because its effect would not stay there."""


def stay_inside(cursor: Any) -> None:
    """Stop a step that has written outside its own database, before it is committed.

    :raises NotProved: names what it would have changed.
    """
    cursor.execute(CLUSTER_WIDE)
    relations: Optional[List[str]] = cursor.fetchone()[0]
    if relations:
        names = [SHARED_RELATIONS.get(name, name) for name in relations]
        raise NotProved("it changes %s, which belong to the whole cluster; the copy stops before it" % ", ".join(names))


def run_outside(before_commit: Callable[[Any], None], connection: Any, execute: Callable[[], Any], query: Any) -> Any:
    """Run a statement that a script sends outside a transaction, but see before its commit what it changes.

    Where the server refuses it inside a transaction, it runs only if its kind never leaves the database.
    """
    connection.around_statement, guard = None, connection.around_statement
    connection.autocommit = False
    try:
        result = execute()
        with connection.cursor() as cursor:
            before_commit(cursor)
        connection.commit()
        return result
    except deps.psycopg2.Error as error:
        if connection.closed:
            raise
        connection.rollback()
        if error.pgcode != ACTIVE_TRANSACTION:
            raise
    except NotProved as stop:
        connection.rollback()
        connection.stopped = stop
        raise
    finally:
        if not connection.closed:
            connection.autocommit = True
        connection.around_statement = guard
    return _outside_for_good(connection, execute, query)


def _outside_for_good(connection: Any, execute: Callable[[], Any], query: Any) -> Any:
    text = query if isinstance(query, str) else query.as_string(connection)
    text = COMMENTS.sub("", text)
    if not LOCAL_OUTSIDE.match(text):
        connection.stopped = NotProved("it runs %s …, which can't be taken back on a copy" % " ".join(text.split()[:2]))
        raise connection.stopped
    connection.around_statement, guard = None, connection.around_statement
    try:
        return execute()
    finally:
        connection.around_statement = guard

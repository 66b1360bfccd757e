# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's connection: to which database, with which rights, and what the server refuses it."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Sequence

from .. import deps, errors
from ..databases.postgresql.connection import MAINTENANCE_DATABASES, Target, connect, describe
from .statement import Action, Difference, Statement

PROGRAM = "pg_user_db"

FACTS = """
SELECT current_user::pg_catalog.text, session_user::pg_catalog.text, r.rolsuper, r.rolcreaterole, r.rolcreatedb,
       pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool
  FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""
MAY_BE = "SELECT pg_catalog.pg_has_role(%s, %s)"
GRANTED_TO_CREATOR = "SELECT pg_catalog.current_setting('createrole_self_grant', true)"

# Before, whoever was a member could also SET ROLE.
SET_OPTION_SINCE = 160000

PRIVILEGE_STATES = ("42501",)
CONFLICT_STATES = ("2BP01", "42710", "42P04", "55000", "55006")
READ_ONLY_STATES = ("25006",)


class Administrator(NamedTuple):
    """Who is connected.

    :ivar name: whose rights count.
    :ivar login: who has logged in; another one where a session_role was set.
    :ivar read_only: the session takes no writes: the server is a standby, or was told so.
    """

    name: str
    login: str
    superuser: bool
    createrole: bool
    createdb: bool
    read_only: bool = False


def open_administration(target: Target, named: Optional[str], dropping: bool) -> Any:
    """Connect to the target's database, or to one that every cluster has; each statement is a transaction of its own.

    :param named: the database that the task is about; it may not be there yet.
    :param dropping: the task drops it, so it isn't the one to connect to.
    :raises MigrationError: when no database lets this user in.
    """
    given = target.params.get("dbname")
    connection = None
    if given and not (dropping and given == named):
        try:
            connection = connect(target, PROGRAM)
        except errors.DatabaseMissing:
            if given != named:
                raise
    connection = connection or _connect_to_any(target)
    connection.autocommit = True
    return connection


def _connect_to_any(target: Target) -> Any:
    first: Optional[errors.MigrationError] = None
    for name in MAINTENANCE_DATABASES:
        try:
            return connect(target.with_database(name), PROGRAM)
        except (errors.ConnectError, errors.DatabaseMissing) as error:
            first = first or error
    raise first or errors.ConnectError("There is no maintenance database")


def identify(connection: Any) -> Administrator:
    """Return who is connected."""
    with connection.cursor() as cursor:
        cursor.execute(FACTS)
        return Administrator(*cursor.fetchone())


def check_writable(connection: Any, who: Administrator, differences: Sequence[Difference]) -> None:
    """Check ahead that the server takes what is to be written; where nothing is, a standby does.

    :raises ReadOnly: when it takes no writes.
    """
    if differences and who.read_only:
        raise errors.ReadOnly(
            "The server takes no writes: it is a standby, or read-only (%s). Something differs there: %s"
            % (describe(connection), ", ".join(each.title for each in differences)),
            hint="Run the task against the primary.",
        )


def check_rights(who: Administrator, differences: Sequence[Difference]) -> None:
    """Check ahead that roles and databases may be created, so that nothing is begun in vain.

    :raises PrivilegeError: which right is missing, and for what.
    """
    lacks = [("user", "CREATEROLE", who.createrole), ("database", "CREATEDB", who.createdb)]
    for each in differences:
        for kind, right, has in lacks:
            if each.action is Action.CREATED and each.kind == kind and not (has or who.superuser):
                raise errors.PrivilegeError(
                    '"%s" may not create the %s "%s"' % (who.name, kind, each.name),
                    hint="It takes %s. Connect as another user, or: ALTER ROLE … %s." % (right, right),
                )


def check_may_give_to(cursor: Any, who: Administrator, owner: str, is_new: bool) -> None:
    """Check ahead that a database may be given to an owner.

    :param is_new: the owner is a role that this task creates.
    :raises PrivilegeError: when the one who is connected isn't a member of it.
    """
    if who.superuser or who.name == owner:
        return
    if is_new:
        cursor.execute(GRANTED_TO_CREATOR)
        may = "set" in (cursor.fetchone()[0] or "").replace(" ", "").lower().split(",")
    else:
        cursor.execute(MAY_BE, [owner, "SET" if cursor.connection.server_version >= SET_OPTION_SINCE else "MEMBER"])
        may = cursor.fetchone()[0]
    if not may:
        raise errors.PrivilegeError(
            '"%s" may not make "%s" the owner of a database' % (who.name, owner),
            hint='It takes membership (SET) in that role. Create it first and GRANT "%s" TO "%s", or connect as a '
            "superuser." % (owner, who.name),
        )


def execute(connection: Any, statement: Statement) -> None:
    """Execute a statement.

    :raises MigrationError: what the server has refused, and what that takes.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement.composed())
    except deps.psycopg2.Error as error:
        raise _interrupted_error(error, statement) from None


def _interrupted_error(error: Any, statement: Statement) -> errors.MigrationError:
    state = error.pgcode or ""
    said = ": ".join(filter(None, [error.diag.message_primary or str(error).strip(), error.diag.message_detail]))
    message = "The server refuses to %s: %s" % (statement.purpose, " ".join(said.split()))
    if state in PRIVILEGE_STATES:
        return errors.PrivilegeError(message, hint=statement.needs, sqlstate=state)
    if state in CONFLICT_STATES:
        return errors.Conflict(
            message,
            hint=error.diag.message_hint or "Resolve the conflict that the server names, then run again.",
            sqlstate=state,
        )
    if state in READ_ONLY_STATES:
        return errors.ReadOnly(message, hint="Run the task against the primary.", sqlstate=state)
    return errors.ProvisionError(message, hint=error.diag.message_hint, sqlstate=error.pgcode)

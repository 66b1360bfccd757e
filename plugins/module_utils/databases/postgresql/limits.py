# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the session on the target gets set: how long it waits, how long it works, and that it ends with its client."""

from __future__ import annotations

from typing import Any, List, Tuple

from ... import deps, errors
from ..port import Limits
from .connection import Target, connect

LOCK_TIMEOUT = "SELECT pg_catalog.set_config('lock_timeout', %s, false)"
SETTING = "SET {} = {}; "

# A server whose client has died notices it while it works, and lets go of its locks.
CHECK_CLIENT = ("client_connection_check_interval", "5s")
CHECK_CLIENT_SINCE = 140000
KEEPALIVES = (("tcp_keepalives_idle", "30"), ("tcp_keepalives_interval", "10"), ("tcp_keepalives_count", "3"))

# What a role or a database may have set, and would end a session of ours that waits for another one, or works for long:
# and since which version of the server there is such a setting.
TIMEOUTS = (
    ("idle_in_transaction_session_timeout", 0),
    ("statement_timeout", 0),
    ("idle_session_timeout", 140000),
    ("transaction_timeout", 170000),
)

BACKEND = "SELECT pg_catalog.pg_backend_pid()"


def settings(limits: Limits, connection: Any) -> str:
    """Return the statements that set a session's limits, as far as this server knows them."""
    wanted: List[Tuple[str, str]] = [("lock_timeout", "%dms" % (limits.lock_timeout * 1000)), *KEEPALIVES]
    wanted += _timeouts(connection, "%dms" % (limits.statement_timeout * 1000))
    if connection.server_version >= CHECK_CLIENT_SINCE and _takes(connection, _set(connection, *CHECK_CLIENT)):
        wanted.append(CHECK_CLIENT)
    return "".join(_set(connection, *each) for each in wanted)


def set_lock_timeout(cursor: Any, seconds: float) -> None:
    """Let the session wait so long for a lock, until something else is said."""
    cursor.execute(LOCK_TIMEOUT, ["%dms" % (seconds * 1000)])


def without_timeouts(connection: Any) -> str:
    """Return the statements that let a session last as long as what it waits for."""
    return "".join(_set(connection, *each) for each in _timeouts(connection))


def let_last(connection: Any) -> None:
    """Let a session of ours last as long as what it waits for; not one that a pooler gives to others afterwards."""
    if _backend(connection) == connection.info.backend_pid:
        with connection.cursor() as cursor:
            cursor.execute(without_timeouts(connection))
    connection.commit()


def require_own_backend(connection: Any, target: Target) -> None:
    """Refuse a connection pooler that gives each transaction another session of the server.

    The lock of a run, and what a script has SET, belong to a session. That the server's number for the session isn't
    the one that the connection was told shows a pooler; that a second connection gets the same one shows its mode.

    :raises ConnectError: says so.
    """
    own = _backend(connection)
    connection.rollback()
    if own == connection.info.backend_pid:
        return
    other = connect(target, "pg_migrate probe")
    try:
        shared = _backend(other) == own or _backend(connection) != own
        connection.rollback()
    finally:
        other.close()
    if shared:
        raise errors.ConnectError(
            "A connection pooler (PgBouncer?) in transaction mode is between here and the server: the session changes "
            "from one transaction to the next, so no lock would hold for the whole run",
            hint="Connect to the server itself, or to a pool in session mode. Nothing was touched.",
        )


def _timeouts(connection: Any, statement_timeout: str = "0") -> List[Tuple[str, str]]:
    known = [name for name, since in TIMEOUTS if connection.server_version >= since]
    return [(name, statement_timeout if name == "statement_timeout" else "0") for name in known]


def _backend(connection: Any) -> int:
    """Return the server's number of the session that runs this transaction, which stays open."""
    with connection.cursor() as cursor:
        cursor.execute(BACKEND)
        return int(cursor.fetchone()[0])


def _takes(connection: Any, statement: str) -> bool:
    """Try a setting that not every platform has; it is undone."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        return True
    except deps.psycopg2.Error:
        return False
    finally:
        connection.rollback()


def _set(connection: Any, name: str, value: str) -> str:
    statement = deps.sql.SQL(SETTING).format(deps.sql.Identifier(name), deps.sql.Literal(value))
    return str(statement.as_string(connection))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the session on the target gets set: how long it waits, how long it works, and that it ends with its client."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

from ... import deps
from ..values import Limits
from .gate import CATALOG_ONLY
from .lock import backend

LOCK_TIMEOUT = "SELECT pg_catalog.set_config('lock_timeout', %s, false)"
SETTING = "SET {} = {}; "

# Whatever a script has SET, the next one and our own statements must not meet it.
# Whether it listens isn't to be seen before the commit.
RESET = "RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; "
RESET_ROLE = "RESET ROLE; "
SET_ROLE = "SET ROLE {}; "

READ_ONLY: Optional[str] = "SET TRANSACTION READ ONLY; "
SCRIPTS_OWN = "RESET search_path; RESET quote_all_identifiers; "

SHOW_PROGRESS = "SET application_name = %s; "
MAX_APPLICATION_NAME = 63

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


def reset(target: Any, connection: Any, settings: str) -> str:
    """Return the statements that undo what a script has SET, for statements of our own in the same transaction."""
    role = target.session_role
    if role is None:
        return RESET + RESET_ROLE + settings + CATALOG_ONLY
    set_role = deps.sql.SQL(SET_ROLE).format(deps.sql.Identifier(role)).as_string(connection)
    return RESET + settings + str(set_role) + CATALOG_ONLY


def announce(cursor: Any, text: str) -> str:
    """Return the statement that shows in pg_stat_activity what a session is at."""
    return str(cursor.mogrify(SHOW_PROGRESS, [text[:MAX_APPLICATION_NAME]]), "utf-8")


def without_timeouts(connection: Any) -> str:
    """Return the statements that let a session last as long as what it waits for."""
    return "".join(_set(connection, *each) for each in _timeouts(connection))


def let_last(connection: Any) -> None:
    """Let a session of ours last as long as what it waits for; not one that a pooler gives to others afterwards."""
    if backend(connection) == connection.info.backend_pid:
        with connection.cursor() as cursor:
            cursor.execute(without_timeouts(connection))
    connection.commit()


def _timeouts(connection: Any, statement_timeout: str = "0") -> List[Tuple[str, str]]:
    known = [name for name, since in TIMEOUTS if connection.server_version >= since]
    return [(name, statement_timeout if name == "statement_timeout" else "0") for name in known]


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

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session has set. It is the port Settings of databases/port.py."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional, Sequence

from ... import errors
from ..values import Limits
from .composed import composed

READ_ONLY: Optional[str] = None
SCRIPTS_OWN: str = ""

# The greatest values that the server takes: "without end", and a year.
ROW_LOCK, TABLE_LOCK = 100_000_000, 31_536_000
IDLE = 2_147_483

# What scripts set, and what changes the meaning of the next one's statements. Not every server has all of them.
SESSION = (
    *("sql_mode", "foreign_key_checks", "unique_checks", "check_constraint_checks", "time_zone", "sql_safe_updates"),
    *("character_set_client", "character_set_connection", "character_set_results", "collation_connection"),
    *("default_storage_engine", "group_concat_max_len", "sql_auto_is_null", "sql_notes", "innodb_strict_mode"),
    *("tx_isolation", "transaction_isolation", "alter_algorithm", "old_alter_table", "sql_select_limit"),
    *("character_set_database", "collation_database", "insert_id", "last_insert_id", "timestamp"),
)
# Not to be set back to a value: these follow the database in use, or are another's.
FOLLOWING = ("character_set_database", "collation_database", "insert_id", "last_insert_id", "timestamp")
MOST_SECONDS, LASTING = "SET SESSION max_statement_time = ", "SET SESSION wait_timeout = "
KNOWN = "SHOW SESSION VARIABLES WHERE Variable_name IN %s"


def begin(cursor: Any) -> None:
    """Set what a session of ours needs, and note what it has by itself, so that a script's settings can be undone."""
    names = [name for name in SESSION if name not in FOLLOWING]
    cursor.execute(KNOWN, [names])
    known: Dict[str, str] = dict(cursor.fetchall())
    if "tx_isolation" in known:
        known.pop("transaction_isolation", None)
    said = ", ".join("SESSION %s = %s" % (name, _literal(cursor, value)) for name, value in sorted(known.items()))
    connection = cursor.connection
    use = composed("USE {name}; ", name=connection.database) if connection.database else ""
    connection.keep_defaults(use + "SET " + said + "; UNLOCK TABLES; ")
    let_last(connection)


def settings(limits: Limits, connection: Any) -> str:
    """Return the statements that set the limits of a run.

    :raises OptionInvalid: of MySQL, which can't end every statement after a time.
    """
    statements = ["SET SESSION " + _patience(limits.lock_timeout)]
    if connection.is_mariadb:
        statements.append(MOST_SECONDS + str(float(limits.statement_timeout)))
    elif limits.statement_timeout:
        raise errors.OptionInvalid(
            "statement_timeout: MySQL ends only a SELECT after a time", hint="Leave it out, or use MariaDB."
        )
    return "; ".join(statements) + "; "


def let_last(connection: Any) -> None:
    """Let a session last as long as what it waits for."""
    statements = [LASTING + str(IDLE)]
    if connection.is_mariadb:
        statements.append("SET SESSION idle_transaction_timeout = 0")
    _send(connection, statements)


def set_lock_timeout(cursor: Any, seconds: float) -> None:
    """Let it wait so long for a lock."""
    cursor.execute("SET SESSION " + _patience(seconds))


def reset(target: Any, connection: Any, settings: str) -> str:
    """Return the statements that undo what a script has set."""
    return str(connection.defaults) + settings


def announce(cursor: Any, text: str) -> str:
    """Return what shows others what the session is at: there is nothing."""
    return ""


def _patience(seconds: float) -> str:
    """Return how long to wait for a lock; the server knows whole seconds."""
    whole = max(1, math.ceil(seconds))
    row, table = (whole, whole) if seconds else (ROW_LOCK, TABLE_LOCK)
    return "lock_wait_timeout = %d, SESSION innodb_lock_wait_timeout = %d" % (table, row)


def _literal(cursor: Any, value: str) -> str:
    if value in ("ON", "OFF") or value.isdigit():
        return value
    return str(cursor.mogrify("%s", [value]))


def _send(connection: Any, statements: Sequence[str]) -> None:
    kept: List[str] = list(statements)
    with connection.cursor() as cursor:
        for each in kept:
            cursor.execute(each)

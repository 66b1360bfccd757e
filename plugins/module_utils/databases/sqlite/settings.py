# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session has set. It is the port Settings of databases/port.py."""

from __future__ import annotations

from typing import Any, Optional

from ..values import Limits

READ_ONLY: Optional[str] = None
SCRIPTS_OWN: str = ""

# What a session can set that changes what a statement does.
RESET = (
    "PRAGMA query_only = OFF; PRAGMA ignore_check_constraints = OFF; PRAGMA recursive_triggers = OFF; "
    "PRAGMA legacy_alter_table = OFF; PRAGMA writable_schema = OFF; PRAGMA case_sensitive_like = OFF; "
)
# These have no effect in a transaction: they are set back before the next one begins.
FOREIGN_KEYS = {True: "PRAGMA foreign_keys = ON", False: "PRAGMA foreign_keys = OFF"}


def settings(limits: Limits, connection: Any) -> str:
    """Let the session write, and wait so long for others. That holds for the connection, whatever scripts set."""
    connection.to_write()
    connection.wait_for_others(limits.lock_timeout)
    return ""


def let_last(connection: Any) -> None:
    """Nothing ends a session but itself."""


def set_lock_timeout(cursor: Any, seconds: float) -> None:
    """Wait so long for others."""
    cursor.connection.wait_for_others(seconds)


def reset(target: Any, connection: Any, settings: str) -> str:
    """Return what undoes a script's settings, for the next script and for statements of ours."""
    return RESET


def announce(cursor: Any, text: str) -> str:
    """Return what shows others what the session is at: there is nothing."""
    return ""

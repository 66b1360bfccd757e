# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session has set. It is the port Settings of databases/port.py."""

from __future__ import annotations

from typing import Any, Optional

from ..values import Limits

READ_ONLY: Optional[str] = None
SCRIPTS_OWN: str = ""


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
    """Return what undoes a script's settings: pragmas that would disturb us are set with the next transaction."""
    return ""


def announce(cursor: Any, text: str) -> str:
    """Return what shows others what the session is at: there is nothing."""
    return ""

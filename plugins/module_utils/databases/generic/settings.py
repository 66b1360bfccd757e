# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session has set: what no dialect has in common with the others stays as it is. It is the port Settings."""

from __future__ import annotations

from typing import Any, Optional

from ... import errors
from ..values import Limits

READ_ONLY: Optional[str] = None
SCRIPTS_OWN: str = ""


def settings(limits: Limits, connection: Any) -> str:
    """Return the statements that set the limits of a run: there are none.

    :raises OptionInvalid: where a limit is asked for that can't be kept.
    """
    if limits.statement_timeout:
        raise errors.OptionInvalid(
            "statement_timeout: no statement can be ended after a time on this database", hint="Leave it out."
        )
    return ""


def let_last(connection: Any) -> None:
    """Nothing is known that would end a session."""


def set_lock_timeout(cursor: Any, seconds: float) -> None:
    """How long to wait for a lock is the database's own affair."""


def reset(target: Any, connection: Any, settings: str) -> str:
    """Return the statements that undo what a script has set: nobody knows them."""
    return ""


def announce(cursor: Any, text: str) -> str:
    """Return what shows others what the session is at: there is nothing."""
    return ""

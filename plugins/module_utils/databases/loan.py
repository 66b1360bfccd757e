# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection in the hands of a script, and who looks at what it sends."""

from __future__ import annotations

from typing import Any, Callable, Optional, Protocol, Sequence

from ..model import Statement


class Guard(Protocol):
    """Runs what a script sends outside a transaction."""

    def wants(self, text: str) -> bool:
        """Return whether a text has to pass it."""

    def __call__(self, connection: Any, send: Callable[[], Any], statements: Sequence[Statement]) -> Any:
        """Return what send returns, or raise instead."""


# Called when a script leaves the transaction: commits what came before, or raises. Returns who guards what follows.
Leave = Callable[[], Optional[Guard]]
LookAt = Optional[Callable[[str], None]]


class Loan:
    """A connection in the hands of a script.

    :ivar look_at: called with each text that the script sends; it may raise instead.
    :ivar left: whether the script has left the transaction, and goes on outside one.
    :ivar on_leave: what its leaving does.
    """

    def __init__(self, on_leave: Leave, look_at: LookAt = None) -> None:
        self.on_leave, self.look_at = on_leave, look_at
        self.left = False

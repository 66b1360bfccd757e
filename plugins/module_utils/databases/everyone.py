# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections that this process has open: a signal ends the process, and so whatever any of them is at."""

from __future__ import annotations

import weakref
from typing import Any

EVERYONE: Any = weakref.WeakSet()


def cancel_everything() -> None:
    """Cancel what they are executing. May be called from another thread."""
    for connection in list(EVERYONE):
        try:
            connection.cancel()
        except connection.Error:  # it is closed, or the server is gone
            continue

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of a database, whichever it is: so far the values alone.

The ports themselves, as Protocols, come with the second database; docs/architecture.md lists what is owed until then.
"""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """How long statements on the target may wait for a lock, and work (in seconds; 0: without end); how often a
    migration that waited too long is tried again."""

    lock_timeout: float = 5
    lock_retries: int = 3
    statement_timeout: float = 0

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in the way: looks, on a connection of its own, at whom a session waits for."""

from __future__ import annotations

import threading
from typing import Any, Dict, Optional, Tuple

from .connection import Target, connect

MOST_SECONDS = 1.0

BLOCKERS = """
SELECT a.pid, a.usename::text, a.application_name, a.state,
       pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.backend_start))::text,
       pg_catalog.left(a.query, 200)
  FROM pg_catalog.pg_stat_activity a
 WHERE a.pid = ANY(pg_catalog.pg_blocking_pids(%s))
   AND EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity w WHERE w.pid = %s AND w.wait_event_type = 'Lock')
"""
FIELDS = ("pid", "user", "application", "state", "age", "query")


class BlockerWatch:
    """Watches one session while it works. It connects only when the session has worked for a while.

    :ivar seen: the sessions that it waited for when it was last seen waiting, each with the FIELDS.
    """

    def __init__(self, target: Target, connection: Any, lock_timeout: float) -> None:
        """Take what is to be watched.

        :param lock_timeout: after how many seconds the session gives up; it is looked at twice in that time.
        """
        self.seen: Tuple[Dict[str, Any], ...] = ()
        self._target, self._pid = target, connection.info.backend_pid
        self._pause = min(MOST_SECONDS, lock_timeout / 3)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def words(self) -> Optional[str]:
        """Return who was in the way, in words; None: nobody was seen."""
        return sentence(self.seen)

    def __enter__(self) -> BlockerWatch:
        self._thread.start()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        """Look until told to stop; that nobody can be seen is no reason to disturb the run."""
        connection = None
        try:
            while not self._stop.wait(self._pause):
                connection = connection or connect(self._target, "pg_migrate watch")
                self.seen = self._look(connection) or self.seen
        except Exception:  # noqa: BLE001
            return
        finally:
            if connection is not None:
                connection.close()

    def _look(self, connection: Any) -> Tuple[Dict[str, Any], ...]:
        with connection.cursor() as cursor:
            cursor.execute(BLOCKERS, [self._pid, self._pid])
            found = cursor.fetchall()
        connection.rollback()
        return tuple(dict(zip(FIELDS, row)) for row in found)


def sentence(seen: Tuple[Dict[str, Any], ...]) -> Optional[str]:
    """Return who was in the way, in words; None: nobody was seen."""
    if not seen:
        return None
    each = "pid {pid} (user {user}, application {application}, {state}, since {age}: {query})"
    return "in the way: " + "; ".join(each.format(**blocker) for blocker in seen)

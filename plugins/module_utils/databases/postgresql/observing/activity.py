# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session is at, as the server sees it: whom it waits for, and how far a long statement is."""

from __future__ import annotations

from typing import Any

from ...values import Activity

WAITS_FOR = """
SELECT a.pid, a.usename::text, a.application_name, a.state
  FROM pg_catalog.pg_stat_activity a
 WHERE a.pid = ANY(pg_catalog.pg_blocking_pids(%(pid)s))
 ORDER BY a.pid
"""
FIELDS = ("pid", "user", "application", "state")
# What tells how far it is: an index, a table that is written anew, a VACUUM, a COPY.
BUILDS = """
SELECT command || ', ' || phase,
       CASE WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END,
       CASE WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END
  FROM pg_catalog.pg_stat_progress_create_index WHERE pid = %(pid)s
 UNION ALL
SELECT command || ', ' || phase, heap_blks_scanned, heap_blks_total
  FROM pg_catalog.pg_stat_progress_cluster WHERE pid = %(pid)s
 UNION ALL
SELECT 'VACUUM, ' || phase, heap_blks_scanned, heap_blks_total
  FROM pg_catalog.pg_stat_progress_vacuum WHERE pid = %(pid)s
"""
COPIES = """
 UNION ALL
SELECT command, bytes_processed, bytes_total FROM pg_catalog.pg_stat_progress_copy WHERE pid = %(pid)s
"""
HAS_COPIES = 140000


def activity_of(connection: Any, pid: int) -> Activity:
    """Return what another session is at. It ends what only was read."""
    question = BUILDS + (COPIES if connection.server_version >= HAS_COPIES else "")
    with connection.cursor() as cursor:
        cursor.execute(WAITS_FOR, {"pid": pid})
        blockers = tuple(dict(zip(FIELDS, row)) for row in cursor.fetchall())
        cursor.execute(question, {"pid": pid})
        row = cursor.fetchone()
    connection.rollback()
    if row is None:
        return Activity(blockers)
    doing, done, total = row
    return Activity(blockers, doing, min(100 * done // total, 100) if total else None)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script leaves in its session beside settings: the next script must not meet it.

A temporary table would stand in front of a real one, a prepared statement or a cursor in the way of one of that name.
"""

from __future__ import annotations

from typing import Any, Sequence, Tuple

from ... import deps
from .advisory import KEY

# What there is of it, in a word each, and NULL for nothing. Stands inside the record of a step, so it costs no message.
LEFT = """
(SELECT nullif(pg_catalog.concat_ws(' ',
   CASE WHEN pg_catalog.pg_my_temp_schema() <> 0
         AND EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                      WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                        AND d.refobjid = pg_catalog.pg_my_temp_schema()) THEN 'temporary' END,
   CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_prepared_statements s
                      WHERE s.name NOT LIKE 'pgops\\_record\\_%') THEN 'prepared' END,
   CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_cursors c WHERE c.is_holdable) THEN 'cursors' END,
   CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                      WHERE l.locktype = 'advisory' AND l.pid = pg_catalog.pg_backend_pid()
                        AND (l.objsubid <> 1 OR (l.classid::bigint << 32) | l.objid::bigint <> {lock})) THEN 'locks' END
 ), ''))
"""

DISCARDS = {"temporary": "DISCARD TEMP", "cursors": "CLOSE ALL"}

PREPARED = "SELECT s.name FROM pg_catalog.pg_prepared_statements s WHERE s.name NOT LIKE 'pgops\\_record\\_%'"
DEALLOCATE = "DEALLOCATE {}"

# Keys are unsigned there, and signed where they are given back. A lock may be held several times.
UNLOCK = """
SELECT CASE WHEN l.objsubid = 1 AND l.mode = 'ShareLock' THEN pg_catalog.pg_advisory_unlock_shared(l.key)
            WHEN l.objsubid = 1 THEN pg_catalog.pg_advisory_unlock(l.key)
            WHEN l.mode = 'ShareLock' THEN pg_catalog.pg_advisory_unlock_shared(l.one, l.two)
            ELSE pg_catalog.pg_advisory_unlock(l.one, l.two) END
  FROM (SELECT objsubid, mode, (classid::bigint << 32) | objid::bigint AS key,
               (classid::bigint - CASE WHEN classid::bigint > 2147483647 THEN 4294967296 ELSE 0 END)::int AS one,
               (objid::bigint - CASE WHEN objid::bigint > 2147483647 THEN 4294967296 ELSE 0 END)::int AS two
          FROM pg_catalog.pg_locks
         WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() AND granted) AS l
 WHERE l.objsubid <> 1 OR l.key <> %s
"""


def left_of() -> Any:
    """Return LEFT, ready to stand in a statement."""
    return deps.sql.SQL(LEFT).format(lock=deps.sql.Literal(KEY))


def clear(cursor: Any, left: Sequence[str]) -> None:
    """Take away what a script has left, in the open transaction; ours stays.

    :param left: the words of LEFT.
    """
    for word in left:
        if word in DISCARDS:
            cursor.execute(DISCARDS[word])
    if "prepared" in left:
        cursor.execute(PREPARED)
        for (name,) in cursor.fetchall():
            cursor.execute(deps.sql.SQL(DEALLOCATE).format(deps.sql.Identifier(name)))
    if "locks" in left:
        _unlock(cursor)


def _unlock(cursor: Any) -> None:
    """Give the script's advisory locks back; those of a transaction go with it, and can't be given back."""
    while True:
        cursor.execute(UNLOCK, [KEY])
        if not any(given_back for (given_back,) in cursor.fetchall()):
            return


def words_of(text: str) -> Tuple[str, ...]:
    """Return the words of what LEFT has said."""
    return tuple(text.split())

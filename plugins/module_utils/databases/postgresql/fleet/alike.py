# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two databases of a server are alike, told by one query to each."""

from __future__ import annotations

import hashlib
from typing import Any, Optional

from ..gate import own_path
from .alike_sql import DIGEST

# Compiling it would take longer than running it. Later servers lock what they write an expression of.
PRELUDE = "SET LOCAL jit = off; SET LOCAL lock_timeout = '5s'; "


def alike(connection: Any) -> Optional[str]:
    """Return a digest of the schema, of what the database and the role set, and of the session's search_path.

    :returns: None where the schema holds what only a dump can tell.
    """
    path = own_path(connection)
    try:
        with connection.cursor() as cursor:
            cursor.execute(PRELUDE + DIGEST)
            is_unsure, digest = cursor.fetchone()
    finally:
        if not connection.closed:
            connection.rollback()
    return None if is_unsure else hashlib.sha256(("%s\n%s" % (path, digest)).encode()).hexdigest()

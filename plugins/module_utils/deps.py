# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only try/except imports of libraries that may not be there.

This stands at the bottom, beside model.py and errors.py, because server/ builds on psycopg2's classes;
task/entry.py reports what is missing before any other room is entered.
"""

from __future__ import annotations

import traceback
from typing import Any, Optional

PSYCOPG2_ERROR: Optional[str] = None
try:
    import psycopg2
    import psycopg2.extensions
    from psycopg2 import sql

    BaseConnection: Any = psycopg2.extensions.connection
    BaseCursor: Any = psycopg2.extensions.cursor
except ImportError:
    PSYCOPG2_ERROR = traceback.format_exc()
    BaseConnection = BaseCursor = object

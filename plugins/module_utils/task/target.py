# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which database a task is about, whatever its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from ..schemes import kind_of
from . import connection

if TYPE_CHECKING:
    from ..databases.port import Target


def target(params: Mapping[str, Any]) -> Target:
    """Return the database that the options name.

    :raises MigrationError: when an option can't be read, or is given and the database can't honour it.
    """
    kind = kind_of(params["url"])
    if kind == "sqlite":
        from . import sqlite

        return sqlite.target(params)
    if kind == "mysql":
        from . import mysql

        return mysql.target(params)
    return connection.target(params)

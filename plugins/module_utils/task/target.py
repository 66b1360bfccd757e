# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which database a task is about, whatever its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ..schemes import kind_of
from . import connection
from .options import CONNECTION

if TYPE_CHECKING:
    from ..databases.port import Target


def target(params: Mapping[str, Any]) -> Target:
    """Return the database that the options name.

    :raises MigrationError: when an option can't be read, or is given and the database can't honour it.
    """
    kind = kind_of(params["url"])
    if kind == "sqlite":
        from .targets import sqlite

        return sqlite.target(params, CONNECTION)
    if kind == "mysql":
        from .targets import mysql

        return mysql.target(params)
    if kind == "generic":
        from .targets import generic

        return generic.target(params, CONNECTION)
    return connection.target(params)


def rehearsal_target(params: Mapping[str, Any]) -> Optional[Target]:
    """Return where rehearsal_url leads; None: it isn't given.

    :raises MigrationError: when it can't be read.
    """
    if kind_of(params["url"]) == "generic":
        from .targets import generic

        return generic.rehearsal_target(params)
    return connection.server("rehearsal_url", params["rehearsal_url"], params["session_role"])

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which database it is, and so who answers the ports of port.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .port import Database


def database_of(subject: Any) -> Database:
    """Return the ports of a database.

    :param subject: a target, or a connection: either knows what kind of database it leads to.
    """
    if subject.kind == "sqlite":
        from .sqlite.database import SQLITE

        return SQLITE
    if subject.kind == "mysql":
        from .mysql.database import MYSQL

        return MYSQL
    if subject.kind == "generic":
        from .generic.database import Generic

        return Generic(subject.dialect)
    from .postgresql.database import POSTGRESQL

    return POSTGRESQL

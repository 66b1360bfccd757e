# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who writes the schema of a database as a script."""

from __future__ import annotations

from typing import Any

from .. import errors
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..databases.tools import Tools


def schema_as_sql(target: Any, history_table: QualifiedName, tools: Tools) -> str:
    """Return the schema as one SQL text that gives the same on an empty database.

    :raises OptionInvalid: when nothing has the statements that made it.
    :raises MigrationError: when it doesn't, or can't be tried.
    """
    if _has_port(target):
        from . import portable

        return portable.schema_as_sql(target, history_table, tools)
    from . import from_database

    return from_database.schema_as_sql(target, history_table, tools)


def schema_as_script(target: Any, history_table: QualifiedName, tools: Tools) -> str:
    """Return the schema as a script for an SQLAlchemy engine that gives the same on an empty database.

    :raises OptionInvalid: when nothing has the statements that made it.
    :raises MigrationError: when it doesn't, or can't be tried.
    """
    if _has_port(target):
        from . import portable_tables

        return portable_tables.schema_as_script(target, history_table, tools)
    from . import from_database_tables

    return from_database_tables.schema_as_script(target, history_table, tools)


def _has_port(target: Any) -> bool:
    database = database_of(target)
    if not database.abilities.writes_schema:
        raise errors.OptionInvalid(
            "from_database: of %s only what SQLAlchemy sees is known here, and not the statements that made it"
            % database.abilities.name,
            hint="Write into a script what the database's own program prints.",
        )
    return database.writing is not None

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alembic's context on a connection, also of a dialect that alembic doesn't know."""

from __future__ import annotations

from typing import Any

from ... import deps


def context_on(alembic: Any, connection: Any) -> Any:
    """Return alembic's context of a connection of SQLAlchemy's."""
    introduce(alembic, connection.dialect)
    return alembic.runtime.migration.MigrationContext.configure(connection)


def introduce(alembic: Any, dialect: Any) -> None:
    """Let alembic write standard SQL for a dialect that it would only have a KeyError for."""
    implementations = alembic.ddl.impl
    if dialect.name in implementations._impls:
        return
    type("Implementation", (implementations.DefaultImpl,), {"__dialect__": dialect.name})
    base, compiles = alembic.ddl.base, deps.import_sqlalchemy().ext.compiler.compiles

    @compiles(base.AddColumn, dialect.name)  # type: ignore[untyped-decorator]
    def _add(element: Any, compiler: Any, **dummy: Any) -> str:
        """Leave the word COLUMN out, which not all take."""
        table = base.alter_table(compiler, element.table_name, element.schema)
        return "%s ADD %s" % (table, compiler.get_column_specification(element.column))

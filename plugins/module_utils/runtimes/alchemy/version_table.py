# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alembic's own table, alembic_version, with the columns and names that alembic gives it (runtime/migration.py)."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional, Sequence

from ... import deps
from ...databases.savepoints import SAVEPOINT
from .engine import engine_on

# What alembic makes; a longer identifier doesn't fit into its table either.
LENGTH = 32


def make(connection: Any, name: str, schema: Optional[str]) -> None:
    """Make the table, unless it is there.

    :param connection: SQLAlchemy's, in a transaction.
    """
    _table(deps.import_sqlalchemy(), name, schema).create(connection, checkfirst=True)


def write(connection: Any, name: str, schema: Optional[str], heads: Sequence[str]) -> None:
    """Write which revisions a database is at, in the place of what is there."""
    table = _table(deps.import_sqlalchemy(), name, schema)
    connection.execute(table.delete())
    for head in heads:
        connection.execute(table.insert().values(version_num=head))


@contextmanager
def connected(connection: Any) -> Iterator[Any]:
    """Lend an SQLAlchemy connection on ours, in a transaction that is committed at the end."""
    with connection.cursor() as cursor, connection.scripted():
        cursor.execute(SAVEPOINT)
    with connection.lent(lambda: None), engine_on(connection) as engine, engine.begin() as bound:
        yield bound
    connection.commit()


def _table(sqlalchemy: Any, name: str, schema: Optional[str]) -> Any:
    return sqlalchemy.Table(
        name,
        sqlalchemy.MetaData(),
        sqlalchemy.Column("version_num", sqlalchemy.String(LENGTH), nullable=False),
        sqlalchemy.PrimaryKeyConstraint("version_num", name="%s_pkc" % name),
        schema=schema,
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What altering a column would lose. SQLite has the whole table made anew, MySQL has the column described anew."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, ContextManager, Dict, Iterator, List, Tuple

from ... import deps
from .dialects import context_on

OF_TABLE = "SELECT name, sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('trigger', 'index') AND sql IS NOT NULL"

DESCRIBE_ANEW = ("mysql", "mariadb")

# Where a constraint has no name, it gets PostgreSQL's, so that a script finds it by the same one everywhere.
NAMES = {
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "pk": "%(table_name)s_pkey",
}


def has_to_rebuild(connection: Any) -> bool:
    """Return whether the database alters a table by making it anew.

    :param connection: SQLAlchemy's.
    """
    return bool(connection.dialect.name == "sqlite")


@contextmanager
def altering(sqlalchemy: Any, bound: ContextManager[Any], table: Any, by_name: bool = False) -> Iterator[Any]:
    """Give alembic's operations on one table. Where it is made anew, its triggers and indexes are there afterwards.

    :param bound: gives SQLAlchemy's connection.
    :param by_name: a constraint is to be found by the name that it would have elsewhere; else it keeps having none.
    :raises DependencyError: when there is no alembic.
    """
    alembic = deps.import_alembic()
    with bound as connection:
        operations = alembic.operations.Operations(context_on(alembic, connection))
        how: Dict[str, Any] = {}
        before: List[Tuple[str, str]] = []
        if has_to_rebuild(connection):
            how, before = _as_it_is(sqlalchemy, connection, table), _of_table(connection, table.name)
            how.update(naming_convention=NAMES if by_name else None)
        with operations.batch_alter_table(table.name, schema=table.schema, **how) as batch:
            yield batch
        there = {name for name, dummy in _of_table(connection, table.name)} if before else set()
        for name, statement in before:
            if name not in there:
                _give_back(sqlalchemy, connection, statement)


def existing(sqlalchemy: Any, connection: Any, table: Any, column: str) -> Dict[str, Any]:
    """Return what alembic has to be told of a column that stays as it is: MySQL takes what isn't said away."""
    if connection.dialect.name not in DESCRIBE_ANEW:
        return {}
    columns = sqlalchemy.inspect(connection).get_columns(table.name, schema=table.schema)
    for found in (each for each in columns if each["name"] == column):
        default = found.get("default")
        return {
            "existing_type": found["type"],
            "existing_nullable": found["nullable"],
            "existing_server_default": None if default is None else sqlalchemy.text(default),
            "existing_autoincrement": bool(found.get("autoincrement")),
            "existing_comment": found.get("comment"),
        }
    return {}


def _as_it_is(sqlalchemy: Any, connection: Any, table: Any) -> Dict[str, Any]:
    """Return what alembic has to be told of a table: of a CHECK, it keeps only one with a name."""
    checks = sqlalchemy.inspect(connection).get_check_constraints(table.name)
    made = [sqlalchemy.CheckConstraint(check["sqltext"]) for check in checks if not check.get("name")]
    return {"table_args": made}


def _of_table(connection: Any, table: str) -> List[Tuple[str, str]]:
    return [(row[0], row[1]) for row in connection.exec_driver_sql(OF_TABLE, (table,)).fetchall()]


def _give_back(sqlalchemy: Any, connection: Any, statement: str) -> None:
    """Make it as it was, unless it was about a column that is gone: then so is it, as elsewhere."""
    try:
        connection.exec_driver_sql(statement)
    except sqlalchemy.exc.OperationalError as error:
        if "no such column" not in str(error.orig) and "has no column" not in str(error.orig):
            raise

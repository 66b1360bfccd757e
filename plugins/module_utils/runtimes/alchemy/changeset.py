# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sqlalchemy-migrate added to tables, columns and indexes: create_column(), alter(), rename() …"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Iterator

from ... import deps
from . import constraints, tables
from .binding import bind_or_error
from .dialects import context_on
from .patches import Patches
from .rebuilding import altering, existing, has_to_rebuild

# Of an index of which only the name is given; it is looked for on the search_path.
NOWHERE = "unknown"
RENAME_INDEX = "ALTER INDEX %(old)s RENAME TO %(new)s"


def add(sqlalchemy: Any, patches: Patches) -> None:
    """Add the methods to SQLAlchemy's classes, until the patches end."""
    changes = Changes(sqlalchemy)
    schema = sqlalchemy.schema

    def alter(self: Any, *wanted: Any, **options: Any) -> Any:  # a method of changes, the class wouldn't bind
        return changes.alter_column(self, *wanted, **options)

    patches.add(
        schema.Table,
        create_column=lambda self, column, *names, **options: changes.create_column(column, self, *names, **options),
        drop_column=lambda self, column, **options: changes.drop_column(column, self, **options),
        rename=lambda self, name, **options: changes.rename_table_object(self, name=name, **options),
        deregister=lambda self: self.metadata._remove_table(self.name, self.schema),
    )
    patches.add(
        schema.Column,
        create=lambda self, table=None, *names, **options: changes.create_column(self, table, *names, **options),
        drop=lambda self, table=None, **options: changes.drop_column(self, table, **options),
        alter=alter,
    )
    patches.add(
        schema.Index, rename=lambda self, name, **options: changes.rename_index_object(self, name=name, **options)
    )
    constraints.add(sqlalchemy, patches)


def connected(sqlalchemy: Any, bind: Any) -> AbstractContextManager[Any]:
    """Return a context with a connection: the bind itself, or one of the engine's in a transaction of its own."""
    return bind.begin() if isinstance(bind, sqlalchemy.engine.Engine) else nullcontext(bind)


class Changes:
    """The changes, on the database and on the objects that describe it."""

    def __init__(self, sqlalchemy: Any) -> None:
        self.sqlalchemy = sqlalchemy

    @contextmanager
    def operations(self, table: Any, options: "dict[str, Any]") -> Iterator[Any]:
        """Give alembic's operations on a table's database.

        :raises DependencyError: when there is no alembic.
        """
        alembic = deps.import_alembic()
        with self.connection(table, options) as connection:
            yield alembic.operations.Operations(context_on(alembic, connection))

    def altering(self, table: Any, options: "dict[str, Any]") -> AbstractContextManager[Any]:
        """Give alembic's operations on one table. What the database can't alter is made anew, with all rows.

        :raises DependencyError: when there is no alembic.
        """
        return altering(self.sqlalchemy, self.connection(table, options), table)

    def connection(self, table: Any, options: "dict[str, Any]") -> AbstractContextManager[Any]:
        """Return a context with a connection: that of the options, or one of what the table is bound to."""
        given = [value for value in (options.get("connection"), options.get("engine")) if value is not None]
        bind = given[0] if given else bind_or_error(self.sqlalchemy, table)
        return connected(self.sqlalchemy, bind)

    def table(self, table: Any, options: "dict[str, Any]") -> Any:
        """Return a table that was given as an object or by its name."""
        if not isinstance(table, str):
            return table
        metadata = self.sqlalchemy.MetaData()
        metadata.bind = options.get("engine")
        return self.sqlalchemy.Table(table, metadata)

    def create_column(
        self,
        column: Any,
        table: Any = None,
        index_name: Any = None,
        unique_name: Any = None,
        primary_key_name: Any = None,
        populate_default: bool = False,
        **options: Any,
    ) -> None:
        """Add a column to its table, with the index and the constraints that it asks for.

        :param populate_default: give the rows that are there the column's Python-side default.
        """
        schema = self.sqlalchemy.schema
        if isinstance(column, str) and (table is None or isinstance(table, str)):
            raise TypeError("create_column() takes a Column, or the name %r with a Table that describes it" % column)
        column = table.columns[column] if isinstance(column, str) else column
        table = self.table(table if table is not None else column.table, options)
        indexed, column.index = column.index or index_name, None
        unique, column.unique = column.unique or unique_name, None
        fill = populate_default and column.default is not None
        with self.altering(table, options) as batch:
            batch.add_column(_bare(column, nullable=column.nullable or fill))
        with self.operations(table, options) as operations:
            tables.add_column(table, column)
            if fill:
                _populate(self.sqlalchemy, operations.get_bind(), table, column)
                if not column.nullable:
                    with self.altering(table, {"connection": operations.get_bind()}) as batch:
                        known = existing(self.sqlalchemy, operations.get_bind(), table, column.name)
                        batch.alter_column(column.name, nullable=False, **known)
            bind = operations.get_bind()
            if indexed and not unique:
                schema.Index(index_name or "ix_%s_%s" % (table.name, column.name), column).create(bind)
            elif unique:
                _constrain(bind, table, schema.UniqueConstraint(column, name=unique_name or index_name))
            if primary_key_name or column.primary_key:
                _constrain(bind, table, schema.PrimaryKeyConstraint(column, name=primary_key_name))

    def drop_column(self, column: Any, table: Any = None, **options: Any) -> None:
        """Drop a column, given as an object or by its name."""
        table = self.table(table if table is not None else getattr(column, "table", None), options)
        name = column if isinstance(column, str) else column.name
        with self.altering(table, options) as batch:
            for index in self._indexes_to_drop(batch, table, name):
                batch.drop_index(index)
            batch.drop_column(name)
        if name in table.columns:
            tables.remove_column(self.sqlalchemy, table, table.columns[name])

    def _indexes_to_drop(self, batch: Any, table: Any, column: str) -> "list[str]":
        """Return the indexes that a column is in, where they don't go with it."""
        bind = batch.get_bind()
        if not has_to_rebuild(bind):
            return []
        indexes = self.sqlalchemy.inspect(bind).get_indexes(table.name)
        return [index["name"] for index in indexes if column in index["column_names"]]

    def alter_column(self, column: Any, *wanted: Any, **options: Any) -> "dict[str, Any]":
        """Change a column: its name, type, nullable, server_default or default. Return what was to change.

        :param column: it, or its name; then ``table`` is an option.
        :param wanted: a Column to become like, or a name and a type as Column() has them.
        :raises TypeError: when an option isn't known.
        """
        place = {name: options.pop(name, None) for name in ("table", "connection", "engine", "alter_metadata")}
        table = place["table"] if place["table"] is not None else getattr(column, "table", None)
        table = self.table(table, place)
        name = column if isinstance(column, str) else column.name
        delta = tables.delta(self.sqlalchemy, wanted, options, column)
        changes = tables.for_alembic(delta)
        if changes:
            with self.altering(table, place) as batch:
                batch.alter_column(name, **existing(self.sqlalchemy, batch.get_bind(), table, name), **changes)
        held = table.columns.get(name)
        for each in {id(item): item for item in (column, held) if item is not None}.values():
            if not isinstance(each, str):
                tables.change_column(self.sqlalchemy, table, each, delta)
        return delta

    def rename_table(self, table: Any, name: str, engine: Any = None, **options: Any) -> None:
        """Rename a table, given as an object or by its name."""
        self.rename_table_object(self.table(table, {"engine": engine}), name, engine=engine, **options)

    def rename_table_object(self, table: Any, name: str, **options: Any) -> None:
        """Rename a table."""
        with self.operations(table, options) as operations:
            operations.rename_table(table.name, name, schema=table.schema)
        tables.rename_table(self.sqlalchemy, table, name)

    def rename_index(self, index: Any, name: str, table: Any = None, engine: Any = None, **options: Any) -> None:
        """Rename an index, given as an object or by its name with its table."""
        if isinstance(index, str):
            table = self.table(table if table is not None else NOWHERE, {"engine": engine})
            found = [each for each in table.indexes if each.name == index]
            # One that the table doesn't list: a description without columns is enough for its name.
            index = found[0] if found else _NamedIndex(index, table)
        self.rename_index_object(index, name, engine=engine, **options)

    def rename_index_object(self, index: Any, name: str, **options: Any) -> None:
        """Rename an index."""
        with self.connection(index.table, options) as connection:
            quote = connection.dialect.identifier_preparer
            old = quote.quote(index.name)
            if index.table.schema:
                old = quote.quote_schema(index.table.schema) + "." + old
            # DDL() doubles percent signs once more.
            context = {"old": old.replace("%%", "%"), "new": quote.quote(name).replace("%%", "%")}
            connection.execute(self.sqlalchemy.schema.DDL(RENAME_INDEX, context=context))
        index.name = name


class _NamedIndex:
    """An index of which only the name is known."""

    def __init__(self, name: str, table: Any) -> None:
        self.name = name
        self.table = table


def _bare(column: Any, nullable: bool) -> Any:
    """Return a copy to add, to no table yet; its foreign keys come with it."""
    copy = column._copy()
    copy.nullable = nullable
    return copy


def _populate(sqlalchemy: Any, bind: Any, table: Any, column: Any) -> None:
    default = column.default.arg(None) if column.default.is_callable else column.default.arg
    bind.execute(sqlalchemy.sql.expression.TableClause.update(table).values({column: default}))


def _constrain(bind: Any, table: Any, constraint: Any) -> None:
    if constraint.table is None:
        table.append_constraint(constraint)
    constraint.create(connection=bind)

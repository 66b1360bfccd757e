# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQLAlchemy's descriptions of tables and columns, kept true while sqlalchemy-migrate's calls change the database."""

from __future__ import annotations

from typing import Any, Dict

ATTRIBUTES = (
    *("name", "type", "nullable", "server_default", "default", "onupdate", "server_onupdate"),
    *("primary_key", "autoincrement"),
)

# What isn't the database's, or what sqlalchemy-migrate leaves as it is there: only the description changes.
OURS_ALONE = ("default", "onupdate", "server_onupdate", "primary_key", "autoincrement")


def add_column(table: Any, column: Any) -> None:
    """Let a table have a column, in the place of one that it was described with."""
    if column.table is None or column.name not in table.columns:
        table.append_column(column, replace_existing=True)


def remove_column(sqlalchemy: Any, table: Any, column: Any) -> None:
    """Take a column away, and what PostgreSQL drops with it: its keys, its constraints, its indexes."""
    for key in list(column.foreign_keys):
        remove_foreign_key(table, key.constraint)
    kept = sqlalchemy.schema.PrimaryKeyConstraint
    for constraint in list(table.constraints):
        if column.name in constraint.columns and not isinstance(constraint, kept):
            table.constraints.discard(constraint)
    for index in list(table.indexes):
        if column.name in index.columns:
            table.indexes.discard(index)
    if column.primary_key:
        clear_primary_key(sqlalchemy, table)
    _columns(table).remove(column)
    column.table = None


def remove_foreign_key(table: Any, constraint: Any) -> None:
    """Take a foreign key away from a table and its columns."""
    for key in constraint.elements:
        table.foreign_keys.discard(key)
        if key.parent is not None:
            key.parent.foreign_keys.discard(key)
    table.constraints.discard(constraint)


def clear_primary_key(sqlalchemy: Any, table: Any) -> None:
    """Leave a table with no primary key."""
    for column in table.columns:
        column.primary_key = False
    table.append_constraint(sqlalchemy.schema.PrimaryKeyConstraint())


def rename_table(sqlalchemy: Any, table: Any, name: str) -> None:
    """Let a table, and the metadata that has it, know it by another name."""
    metadata = table.metadata
    metadata._remove_table(table.name, table.schema)
    table.name = sqlalchemy.sql.elements.quoted_name(name, None)
    table.fullname = "%s.%s" % (table.schema, name) if table.schema else name
    metadata._add_table(name, table.schema, table)


def delta(sqlalchemy: Any, wanted: Any, options: Dict[str, Any], column: Any) -> Dict[str, Any]:
    """Return what of a column is to change, by attribute.

    :param wanted: what was given by position: a Column, or a name and a type.
    :param options: what was given by keyword.
    :param column: the one to change; what it has already is no change.
    :raises TypeError: when there is an option that isn't an attribute which can be changed.
    """
    changes: Dict[str, Any] = {}
    for item in wanted:
        if isinstance(item, sqlalchemy.Column):
            changes.update(_differences(item, column))
        elif isinstance(item, str):
            changes["name"] = item
        else:
            changes["type"] = item
    changes.update(options)
    changes.pop("key", None)
    unknown = set(changes) - set(ATTRIBUTES)
    if unknown:
        raise TypeError(
            "Column.alter(%s=…) isn't offered; say it in SQL, with migrate_engine.execute()"
            % ", ".join(sorted(unknown))
        )
    return changes


def _differences(item: Any, column: Any) -> Dict[str, Any]:
    values = {name: getattr(item, name) for name in ATTRIBUTES}
    if isinstance(column, str):
        return values
    differing = {name: value for name, value in values.items() if value is not getattr(column, name)}
    for name in ("name", "nullable"):
        if name in differing and differing[name] == getattr(column, name):
            del differing[name]
    if repr(item.type) == repr(column.type):
        differing.pop("type", None)
    return differing


def for_alembic(delta: Dict[str, Any]) -> Dict[str, Any]:
    """Return the same as arguments of alembic's alter_column()."""
    names = {"name": "new_column_name", "type": "type_"}
    changes = {names.get(name, name): value for name, value in delta.items() if name not in OURS_ALONE}
    default: Any = changes.get("server_default")
    if hasattr(default, "arg"):
        changes["server_default"] = default.arg
    return changes


def change_column(sqlalchemy: Any, table: Any, column: Any, delta: Dict[str, Any]) -> None:
    """Let a column be as the database has it now."""
    if "name" in delta and delta["name"] != column.name:
        _rename_column(sqlalchemy, table, column, delta["name"])
    if "nullable" in delta:
        column.nullable = delta["nullable"]
    if "type" in delta:
        column.type = sqlalchemy.sql.type_api.to_instance(delta["type"])
        if not issubclass(column.type._type_affinity, sqlalchemy.Integer):
            column.autoincrement = False
    for name in ("primary_key", "autoincrement"):
        if name in delta:
            setattr(column, name, delta[name])
    if "server_default" in delta:
        value = delta["server_default"]
        plain = value is None or hasattr(value, "arg")
        column.server_default = value if plain else sqlalchemy.schema.DefaultClause(value)
    if "default" in delta:
        value = delta["default"]
        plain = value is None or hasattr(value, "arg")
        column.default = value if plain else sqlalchemy.schema.ColumnDefault(value)


def _rename_column(sqlalchemy: Any, table: Any, column: Any, name: str) -> None:
    """Rename a column in its place, in its table and in the constraints and indexes that it is in."""
    name = sqlalchemy.sql.elements.quoted_name(name, None)
    holders = [_columns(table)] if table.columns.get(column.name) is column else []
    members = [each for each in (*table.constraints, *table.indexes) if column.name in each.columns]
    holders += [_columns(member) for member in members if member.columns[column.name] is column]
    contents = [(holder, list(holder)) for holder in holders]
    for holder, columns in contents:
        for each in columns:
            holder.remove(each)
    column.name = column.key = name
    for holder, columns in contents:
        for each in columns:
            holder.add(each)


def _columns(owner: Any) -> Any:
    """Return the collection itself, of which ``columns`` may be a view that can't be changed."""
    return getattr(owner, "_columns", owner.columns)

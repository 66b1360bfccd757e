# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sqlalchemy-migrate added to constraints: create() and drop(), and classes of its own that know their table."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Callable, Dict, List, Optional, Tuple

from . import tables
from .binding import bind_or_error
from .patches import Patches
from .rebuilding import altering, has_to_rebuild

# The server's limit, in bytes; longer names are shortened as it does it itself.
MAX_NAME = 63

LABELS = {
    "ForeignKeyConstraint": "fkey",
    "UniqueConstraint": "key",
    "PrimaryKeyConstraint": "pkey",
    "CheckConstraint": "check",
}


def add(sqlalchemy: Any, patches: Patches) -> None:
    """Add create() and drop() to SQLAlchemy's classes, until the patches end."""

    def create(self: Any, *dummy: Any, **options: Any) -> None:
        """Add the constraint to its table in the database."""
        table = _table(self)
        self.name = _name(self, table)
        statement = sqlalchemy.schema.AddConstraint(self)
        _execute(sqlalchemy, table, statement, options, lambda batch: _create_in(sqlalchemy, batch, self))

    def drop(self: Any, cascade: bool = False, **options: Any) -> None:
        """Drop the constraint from its table in the database."""
        table = _table(self)
        self.name = _name(self, table)
        statement = sqlalchemy.schema.DropConstraint(self, cascade=cascade)
        _execute(sqlalchemy, table, statement, options, lambda batch: batch.drop_constraint(self.name))
        _forget(sqlalchemy, table, self)

    for name in LABELS:
        patches.add(
            getattr(sqlalchemy.schema, name), create=create, drop=drop, autoname=lambda self: _name(self, _table(self))
        )
    patches.set(
        sqlalchemy.schema.ForeignKeyConstraint,
        "referenced",
        property(lambda self: [key.column for key in self.elements]),
    )


def own_classes(sqlalchemy: Any) -> Dict[str, Any]:
    """Return the constraint classes of ``migrate``, by name: their columns may be objects, or names with ``table=``."""
    made = (_foreign_key, _unique, _primary_key, _check)
    return {kind.__name__: kind for kind in (make(sqlalchemy.schema) for make in made)}


def generated_name(table: str, columns: List[str], label: str) -> str:
    """Return the name that PostgreSQL gives to a constraint without one.

    It shortens the longer of the two parts, byte by byte, until the whole fits.
    """
    parts = [table.encode(), "_".join(columns).encode()]
    room = MAX_NAME - len(label) - 1 - (1 if columns else 0)
    while len(parts[0]) + len(parts[1]) > room:
        longer = 0 if len(parts[0]) > len(parts[1]) else 1
        parts[longer] = parts[longer][:-1]
    return "_".join(part.decode(errors="ignore") for part in (*parts[: 2 if columns else 1], label.encode()))


def _table(constraint: Any) -> Any:
    table = getattr(constraint, "table", None)
    if table is None:
        raise TypeError("%s has no table: give it table=…" % type(constraint).__name__)
    return table


def _name(constraint: Any, table: Any) -> str:
    if isinstance(constraint.name, str):
        return constraint.name
    label = next(LABELS[kind.__name__] for kind in type(constraint).__mro__ if kind.__name__ in LABELS)
    columns = [column.name for column in constraint.columns]
    if label == "check":  # PostgreSQL names the column only where there is just one
        columns = columns if len(columns) == 1 else []
    return generated_name(table.name, [] if label == "pkey" else columns, label)


def _execute(
    sqlalchemy: Any, table: Any, statement: Any, options: Dict[str, Any], rebuild: Callable[[Any], None]
) -> None:
    """Execute a statement about a constraint.

    :param rebuild: does the same with alembic's batch, where a table has to be made anew for it.
    """
    bind = next((options[name] for name in ("connection", "engine") if options.get(name) is not None), None)
    bind = bind_or_error(sqlalchemy, table, bind)
    with bind.begin() if isinstance(bind, sqlalchemy.engine.Engine) else nullcontext(bind) as connection:
        if has_to_rebuild(connection):
            is_drop = isinstance(statement, sqlalchemy.schema.DropConstraint)
            with altering(sqlalchemy, nullcontext(connection), table, by_name=is_drop) as batch:
                rebuild(batch)
        else:
            connection.execute(statement)


def _create_in(sqlalchemy: Any, batch: Any, constraint: Any) -> None:
    """Create a constraint with alembic's batch."""
    schema, name = sqlalchemy.schema, constraint.name
    columns = [column.name for column in constraint.columns]
    if isinstance(constraint, schema.ForeignKeyConstraint):
        referred = [key.target_fullname.rpartition(".") for key in constraint.elements]
        actions = {"ondelete": constraint.ondelete, "onupdate": constraint.onupdate}
        batch.create_foreign_key(
            name, referred[0][0], columns, [column for dummy, dummy, column in referred], **actions
        )
    elif isinstance(constraint, schema.UniqueConstraint):
        batch.create_unique_constraint(name, columns)
    elif isinstance(constraint, schema.PrimaryKeyConstraint):
        batch.create_primary_key(name, columns)
    else:
        batch.create_check_constraint(name, constraint.sqltext)


def _forget(sqlalchemy: Any, table: Any, constraint: Any) -> None:
    if isinstance(constraint, sqlalchemy.schema.ForeignKeyConstraint):
        tables.remove_foreign_key(table, constraint)
    elif isinstance(constraint, sqlalchemy.schema.PrimaryKeyConstraint):
        tables.clear_primary_key(sqlalchemy, table)
    table.constraints.discard(constraint)


def _normalized(columns: Any, table: Optional[Any]) -> Tuple[List[str], Optional[Any]]:
    """Return the names of columns, and the table that they say they are in."""
    names = []
    for column in columns:
        if not isinstance(column, str):
            table = table if table is not None else column.table
            column = column.name
        names.append(column)
    return names, table


def _attach(constraint: Any, table: Optional[Any]) -> None:
    if table is not None:
        table.append_constraint(constraint)


def _foreign_key(schema: Any) -> Any:
    class ForeignKeyConstraint(schema.ForeignKeyConstraint):  # type: ignore[misc]
        """A foreign key."""

        def __init__(self, columns: Any, refcolumns: Any, *arguments: Any, **options: Any) -> None:
            names, table = _normalized(columns, options.pop("table", None))
            super().__init__(names, refcolumns, *arguments, **options)
            _attach(self, table)

    return ForeignKeyConstraint


def _unique(schema: Any) -> Any:
    class UniqueConstraint(schema.UniqueConstraint):  # type: ignore[misc]
        """A unique constraint."""

        def __init__(self, *columns: Any, **options: Any) -> None:
            names, table = _normalized(columns, options.pop("table", None))
            super().__init__(*names, **options)
            _attach(self, table)

    return UniqueConstraint


def _primary_key(schema: Any) -> Any:
    class PrimaryKeyConstraint(schema.PrimaryKeyConstraint):  # type: ignore[misc]
        """A primary key."""

        def __init__(self, *columns: Any, **options: Any) -> None:
            names, table = _normalized(columns, options.pop("table", None))
            super().__init__(*names, **options)
            _attach(self, table)

    return PrimaryKeyConstraint


def _check(schema: Any) -> Any:
    class CheckConstraint(schema.CheckConstraint):  # type: ignore[misc]
        """A check; ``columns`` are for its name alone."""

        def __init__(self, sqltext: Any, *arguments: Any, **options: Any) -> None:
            names, table = _normalized(options.pop("columns", ()), options.pop("table", None))
            if options.get("name") is None and names and table is not None:
                options["name"] = generated_name(table.name, names, LABELS["CheckConstraint"])
            super().__init__(sqltext, *arguments, **options)
            _attach(self, table)

    return CheckConstraint

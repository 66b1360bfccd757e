# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 2.x took away: metadata that knows its database, and what can be done with it without naming one."""

from __future__ import annotations

from typing import Any

from .patches import Patches

BOUND_TO = "_pgops_bind"


def give_back(sqlalchemy: Any, patches: Patches) -> None:
    """Give MetaData, Table, Index, Sequence, types and executables a bind again, until the patches end."""
    _metadata(sqlalchemy, patches)
    _tables(sqlalchemy, patches)
    schema = sqlalchemy.schema
    for owner in (schema.Table, schema.Index, schema.Sequence, *_types(sqlalchemy)):
        patches.set(owner, "bind", property(lambda self: bind_of(getattr(self, "table", self))))
        for verb in ("create", "drop"):
            if verb in vars(owner):
                patches.set(owner, verb, _defaulting(sqlalchemy, vars(owner)[verb]))
    _executables(sqlalchemy, patches)
    for owner in (schema.Column, schema.Constraint, schema.ForeignKey):
        patches.set(owner, "copy", lambda self, **options: self._copy(**options))


def bind_of(item: Any) -> Any:
    """Return what a table, or whatever else has metadata, is bound to; None when it isn't."""
    return getattr(getattr(item, "metadata", None), "bind", None)


def bind_or_error(sqlalchemy: Any, item: Any, given: Any = None) -> Any:
    """Return the bind that was given, or the item's own.

    :raises sqlalchemy.exc.UnboundExecutionError: when there is neither.
    """
    bind = given if given is not None else getattr(item, "bind", None)
    if bind is None:
        message = "%r isn't bound to an engine: set metadata.bind = migrate_engine" % (item,)
        raise sqlalchemy.exc.UnboundExecutionError(message)
    return bind


def _types(sqlalchemy: Any) -> Any:
    named = [kind for kind in sqlalchemy.dialects.postgresql.ENUM.__mro__ if {"create", "drop"} & set(vars(kind))]
    return dict.fromkeys([*named, sqlalchemy.types.SchemaType])


def _defaulting(sqlalchemy: Any, original: Any) -> Any:
    """Return a method whose first argument, the bind, may be left out."""

    def method(self: Any, bind: Any = None, *arguments: Any, **options: Any) -> Any:
        return original(self, bind_or_error(sqlalchemy, self, bind), *arguments, **options)

    return method


def _metadata(sqlalchemy: Any, patches: Patches) -> None:
    kind = sqlalchemy.MetaData
    original = kind.__init__

    def init(self: Any, bind: Any = None, *arguments: Any, **options: Any) -> None:
        if isinstance(bind, str):  # 2.x has the schema first
            bind, arguments = None, (bind, *arguments)
        reflecting = options.pop("reflect", False)
        original(self, *arguments, **options)
        self.bind = bind
        if reflecting:
            self.reflect()

    patches.set(kind, "__init__", init)
    patches.set(kind, "bind", property(_get_bind, _set_bind))
    patches.set(kind, "is_bound", lambda self: self.bind is not None)
    for verb in ("create_all", "drop_all", "reflect"):
        patches.set(kind, verb, _defaulting(sqlalchemy, vars(kind)[verb]))


def _get_bind(item: Any) -> Any:
    return vars(item).get(BOUND_TO)


def _set_bind(item: Any, bind: Any) -> None:
    vars(item)[BOUND_TO] = bind


def _tables(sqlalchemy: Any, patches: Patches) -> None:
    table = sqlalchemy.Table
    original = table._new.__func__

    def new(cls: Any, *arguments: Any, **options: Any) -> Any:
        if "useexisting" in options:
            options["extend_existing"] = options.pop("useexisting")
        if options.pop("autoload", False) and options.get("autoload_with") is None:
            options["autoload_with"] = bind_or_error(sqlalchemy, arguments[1])
        return original(cls, *arguments, **options)

    def exists(self: Any, bind: Any = None) -> bool:
        inspector = sqlalchemy.inspect(bind_or_error(sqlalchemy, self, bind))
        return bool(inspector.has_table(self.name, schema=self.schema))

    patches.set(table, "_new", classmethod(new))
    patches.set(table, "exists", exists)
    patches.set(table, "tometadata", table.to_metadata)


def _executables(sqlalchemy: Any, patches: Patches) -> None:
    def execute(self: Any, *multiparams: Any, **params: Any) -> Any:
        return bind_or_error(sqlalchemy, self).execute(self, *multiparams, **params)

    def scalar(self: Any, *multiparams: Any, **params: Any) -> Any:
        return execute(self, *multiparams, **params).scalar()

    def get_bind(self: Any) -> Any:
        own = _get_bind(self)
        return own if own is not None else _bind_within(sqlalchemy, self)

    def execute_ddl(self: Any, bind: Any = None, target: Any = None) -> Any:
        return bind_or_error(sqlalchemy, self, bind).execute(self.against(target) if target is not None else self)

    kind = sqlalchemy.sql.base.Executable
    patches.add(kind, execute=execute, scalar=scalar, bind=property(get_bind, _set_bind))
    patches.set(sqlalchemy.schema.ExecutableDDLElement, "execute", execute_ddl)
    ddl = vars(sqlalchemy.schema.DDL)["__init__"]

    def init(self: Any, statement: Any, on: Any = None, context: Any = None, bind: Any = None) -> None:
        ddl(self, statement, *(() if context is None else (context,)))
        self.bind = bind

    patches.set(sqlalchemy.schema.DDL, "__init__", init)


def _bind_within(sqlalchemy: Any, statement: Any) -> Any:
    """Return what the first bound table of a statement is bound to."""
    for element in sqlalchemy.sql.visitors.iterate(statement):
        for table in (element, getattr(element, "table", None)):
            bind = bind_of(table) if isinstance(table, sqlalchemy.Table) else None
            if bind is not None:
                return bind
    return None

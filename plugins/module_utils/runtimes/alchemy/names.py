# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and arguments that SQLAlchemy had until 1.3, and texts in the place of expressions.

Which ones, and since when they are gone, is in SQLAlchemy's changelogs of 0.7 to 2.1.
"""

from __future__ import annotations

import importlib
import re
import types
from typing import Any, Callable, Dict

from .patches import Patches

# Arguments of String and its subclasses that had a meaning for Python 2 alone.
OF_PYTHON_2 = ("convert_unicode", "unicode_error", "assert_unicode", "_warn_on_bytestring")
COLUMN = re.compile(r"\w+")
# How many begin(subtransactions=True) of a session still wait for their commit().
WITHIN = "_pgops_within"
DIALECTS = ("mssql", "mysql", "oracle", "postgresql", "sqlite")


def give_back(sqlalchemy: Any, patches: Patches) -> None:
    """Give back what 1.4 or an earlier release took away, until the patches end."""
    _modules(sqlalchemy, patches)
    _types(sqlalchemy, patches)
    _texts(sqlalchemy, patches)
    _orm(sqlalchemy, patches)

    def count(self: Any, whereclause: Any = None) -> Any:
        counting = sqlalchemy.select(*_selected(sqlalchemy, [sqlalchemy.func.count().label("tbl_row_count")]))
        counting = counting.select_from(self)
        return counting if whereclause is None else counting.where(whereclause)

    patches.set(sqlalchemy.sql.expression.TableClause, "count", count)
    if not hasattr(sqlalchemy, "ThreadLocalMetaData"):
        patches.set(sqlalchemy, "ThreadLocalMetaData", sqlalchemy.MetaData)
        patches.set(sqlalchemy.schema, "ThreadLocalMetaData", sqlalchemy.MetaData)
    if not hasattr(sqlalchemy.sql.expression.Select, "c"):
        patches.set(sqlalchemy.sql.expression.Select, "c", property(_columns_of_subquery))


def give_back_to_1_4(sqlalchemy: Any, patches: Patches) -> None:
    """Give 1.4 what it took away itself; what 2.x took away has these arguments, too."""
    engine, metadata, table, ddl = sqlalchemy.engine.Engine, sqlalchemy.MetaData, sqlalchemy.Table, sqlalchemy.DDL
    metadata_init, table_new, ddl_init = metadata.__init__, vars(table)["__new__"], ddl.__init__
    text = sqlalchemy.text

    def init(self: Any, *arguments: Any, reflect: bool = False, **options: Any) -> None:
        metadata_init(self, *arguments, **options)
        if reflect:
            self.reflect()

    def new(cls: Any, *arguments: Any, **options: Any) -> Any:
        if "useexisting" in options:
            options["extend_existing"] = options.pop("useexisting")
        return _plain(table_new)(cls, *arguments, **options)

    def init_ddl(self: Any, statement: Any, on: Any = None, *arguments: Any, **options: Any) -> None:
        ddl_init(self, statement, *arguments, **options)

    def old_text(text_: Any, bind: Any = None, bindparams: Any = (), typemap: Any = None) -> Any:
        clause = text(text_, bind) if bind is not None else text(text_)
        clause = clause.bindparams(*bindparams) if bindparams else clause
        return clause.columns(**typemap) if typemap else clause

    patches.set(engine, "contextual_connect", lambda self, *dummy, **options: self.connect())
    patches.set(metadata, "__init__", init)
    patches.set(table, "__new__", new)
    patches.set(ddl, "__init__", init_ddl)
    for module in (sqlalchemy, sqlalchemy.sql, sqlalchemy.sql.expression):
        patches.set(module, "text", old_text)


def _plain(function: Any) -> Any:
    return getattr(function, "__func__", function)


def _selected(sqlalchemy: Any, columns: Any) -> Any:
    """Return the arguments of select(): 1.4 wants a list, unless it isn't asked for the old way."""
    return (columns,) if sqlalchemy.__version__.startswith("1.") else tuple(columns)


def _columns_of_subquery(self: Any) -> Any:
    """Return the columns of a SELECT in the place of a table; the same ones each time."""
    known = vars(self)
    if "_pgops_subquery" not in known:
        known["_pgops_subquery"] = self.subquery()
    return known["_pgops_subquery"].c


def _modules(sqlalchemy: Any, patches: Patches) -> None:
    """Give back sqlalchemy.exceptions and sqlalchemy.databases."""
    patches.set(sqlalchemy.exc, "SQLError", sqlalchemy.exc.DBAPIError)
    modules: Dict[str, types.ModuleType] = {"sqlalchemy.exceptions": sqlalchemy.exc}
    patches.set(sqlalchemy, "exceptions", sqlalchemy.exc)
    databases = types.ModuleType("sqlalchemy.databases")
    databases.__path__ = []
    for name in DIALECTS:
        dialect = importlib.import_module("sqlalchemy.dialects.%s" % name)
        setattr(databases, name, dialect)
        modules["sqlalchemy.databases.%s" % name] = dialect
    postgresql = modules["sqlalchemy.databases.postgresql"]
    databases.postgres = postgresql  # type: ignore[attr-defined]
    patches.set(sqlalchemy, "databases", databases)
    patches.modules({**modules, "sqlalchemy.databases": databases, "sqlalchemy.databases.postgres": postgresql})


def _types(sqlalchemy: Any, patches: Patches) -> None:
    for module in (sqlalchemy, sqlalchemy.types):
        patches.set(module, "Binary", sqlalchemy.LargeBinary)
    original = sqlalchemy.String.__init__

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **{name: each for name, each in options.items() if name not in OF_PYTHON_2})

    patches.set(sqlalchemy.String, "__init__", init)


def _texts(sqlalchemy: Any, patches: Patches) -> None:
    """Take a text for SQL where an expression is wanted, as 1.0 did."""
    coercions = importlib.import_module("sqlalchemy.sql.coercions")
    elements, expected = sqlalchemy.sql.elements, vars(coercions._NoTextCoercion)["_literal_coercion"]
    raising = coercions._no_text_coercion
    by_name = vars(coercions.ByOfImpl)["_text_coercion"]

    def no_coercion(element: Any, *arguments: Any, **options: Any) -> Any:
        return raising(element, *arguments, **options) if options.get("err") else elements.TextClause(str(element))

    def literal(self: Any, element: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(element, str) and issubclass(elements.TextClause, self._role_class):
            return elements.TextClause(element)
        return expected(self, element, *arguments, **options)

    def column(dummy: Any, element: Any, *dummies: Any, **options: Any) -> Any:
        return elements.ColumnClause(element, is_literal=not COLUMN.fullmatch(element))

    def order(self: Any, element: Any, *arguments: Any, **options: Any) -> Any:
        if COLUMN.fullmatch(element):
            return by_name(self, element, *arguments, **options)
        return elements.TextClause(element)

    patches.set(coercions, "_no_text_coercion", no_coercion)
    patches.set(coercions._NoTextCoercion, "_literal_coercion", literal)
    patches.set(coercions.ColumnsClauseImpl, "_text_coercion", column)
    patches.set(coercions.ByOfImpl, "_text_coercion", order)


def _orm(sqlalchemy: Any, patches: Patches) -> None:
    orm = sqlalchemy.orm
    patches.set(orm, "relation", orm.relationship)
    patches.set(orm, "eagerload", orm.joinedload)
    if sqlalchemy.__version__.startswith("1."):
        return
    _sessions(sqlalchemy, patches)
    declarative = importlib.import_module("sqlalchemy.ext.declarative")
    for module in (orm, declarative):
        patches.set(module, "declarative_base", _bound(module.declarative_base))


def _sessions(sqlalchemy: Any, patches: Patches) -> None:
    """Let a session begin within what it has begun: the outermost commit() is the one that counts."""
    session = sqlalchemy.orm.Session
    begin, commit, rollback, scalar = session.begin, session.commit, session.rollback, session.scalar

    def old_begin(self: Any, subtransactions: bool = False, nested: bool = False) -> Any:
        if not subtransactions:
            return begin(self, nested=nested)
        vars(self)[WITHIN] = vars(self).get(WITHIN, 0) + 1
        return self.get_transaction() if self.in_transaction() else begin(self)

    def old_commit(self: Any) -> None:
        if vars(self).get(WITHIN):
            vars(self)[WITHIN] -= 1
            self.flush()
        else:
            commit(self)

    def old_rollback(self: Any) -> None:
        vars(self).pop(WITHIN, None)
        rollback(self)

    def old_scalar(self: Any, statement: Any, *arguments: Any, **options: Any) -> Any:
        text = sqlalchemy.text(statement) if isinstance(statement, str) else statement
        return scalar(self, text, *arguments, **options)

    patches.add(session, begin=old_begin, commit=old_commit, rollback=old_rollback, scalar=old_scalar)


def _bound(original: Any) -> Callable[..., Any]:
    def declarative_base(*arguments: Any, bind: Any = None, **options: Any) -> Any:
        base = original(*arguments, **options)
        if bind is not None:
            base.metadata.bind = bind
        return base

    return declarative_base

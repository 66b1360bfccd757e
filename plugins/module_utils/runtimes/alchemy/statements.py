# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 2.x took away: statements with everything in their arguments, and rows that are mappings."""

from __future__ import annotations

from typing import Any, Callable

from .binding import BOUND_TO
from .patches import Patches

# Arguments of select() in 1.x, in their order there, and the methods that they are today.
POSITIONS = ("whereclause", "from_obj", "distinct", "having", "correlate", "prefixes", "suffixes")
CLAUSES = {
    "whereclause": "where",
    "from_obj": "select_from",
    "having": "having",
    "prefixes": "prefix_with",
    "suffixes": "suffix_with",
    "order_by": "order_by",
    "group_by": "group_by",
    "limit": "limit",
    "offset": "offset",
}

# What changed a select() in place, and what returns a changed one today.
APPENDING = {
    "append_whereclause": "where",
    "append_column": "add_columns",
    "append_from": "select_from",
    "append_order_by": "order_by",
    "append_group_by": "group_by",
    "append_having": "having",
}


def give_back(sqlalchemy: Any, patches: Patches) -> None:
    """Let select([…]), case([…]), table.insert(values) and the like be called as in 1.x, until the patches end."""
    for name, make in (("select", _select), ("case", _case), ("text", _text), ("exists", _exists)):
        _function(sqlalchemy, patches, name, make(getattr(sqlalchemy, name)))
    for verb, arguments in (
        ("insert", ("values",)),
        ("update", ("whereclause", "values")),
        ("delete", ("whereclause",)),
    ):
        _function(sqlalchemy, patches, verb, _changing(getattr(sqlalchemy, verb), arguments))
        owner = sqlalchemy.sql.expression.TableClause
        patches.set(owner, verb, _changing(vars(owner)[verb], arguments))
    for owner in (sqlalchemy.sql.expression.FromClause, sqlalchemy.sql.expression.Join):
        if "select" in vars(owner):
            patches.set(owner, "select", _selecting(vars(owner)["select"]))
    _selects(sqlalchemy.sql.expression.Select, patches)
    _rows(sqlalchemy, patches)
    _orm(sqlalchemy, patches)


def _function(sqlalchemy: Any, patches: Patches, name: str, replacement: Any) -> None:
    """Replace a function in every module from which scripts import it."""
    original = getattr(sqlalchemy, name)
    for module in (sqlalchemy, sqlalchemy.sql, sqlalchemy.sql.expression):
        if getattr(module, name, None) is original:
            patches.set(module, name, replacement)


def _select(original: Any) -> Callable[..., Any]:
    def select(*arguments: Any, **options: Any) -> Any:
        columns = options.pop("columns", None)
        if columns is None and arguments and isinstance(arguments[0], (list, tuple)):
            columns, *arguments = arguments  # type: ignore[assignment]
        elif columns is None and not options:
            return original(*arguments)
        options = {**dict(zip(POSITIONS, arguments)), **options}
        return _with_clauses(original(*(columns or ())), options)

    return select


def _selecting(original: Any) -> Callable[..., Any]:
    def select(self: Any, whereclause: Any = None, **options: Any) -> Any:
        return _with_clauses(original(self), {"whereclause": whereclause, **options})

    return select


def _selects(kind: Any, patches: Patches) -> None:
    """Let a select() be changed in place, and its columns be given as a list."""
    only = vars(kind)["with_only_columns"]

    def with_only_columns(self: Any, *columns: Any, **options: Any) -> Any:
        listed = len(columns) == 1 and isinstance(columns[0], (list, tuple))
        return only(self, *(columns[0] if listed else columns), **options)

    patches.set(kind, "with_only_columns", with_only_columns)
    for name, method in APPENDING.items():
        patches.set(kind, name, _in_place(method))


def _in_place(method: str) -> Callable[..., None]:
    def append(self: Any, *arguments: Any) -> None:
        changed = vars(getattr(self, method)(*arguments))
        vars(self).clear()  # what it has remembered of its old self too
        vars(self).update(changed)

    return append


def _exists(original: Any) -> Callable[..., Any]:
    def exists(*columns: Any, whereclause: Any = None, from_obj: Any = None) -> Any:
        if from_obj is not None:
            within = exists(*columns, whereclause=whereclause)
            return within.select_from(*_several(from_obj))
        if not columns or not isinstance(columns[0], (list, tuple)):
            return original(*columns)
        listed, *rest = columns
        # What is selected has no meaning within EXISTS but to say from where.
        clause = original(*listed) if len(listed) == 1 else original().select_from(*{each.table for each in listed})
        return clause.where(*(rest or [each for each in [whereclause] if each is not None]))

    return exists


def _with_clauses(statement: Any, options: "dict[str, Any]") -> Any:
    """Apply what select() of 1.x took as arguments.

    :raises TypeError: when it has one that isn't known.
    """
    given = {name: value for name, value in options.items() if value is not None and value is not False}
    for name, method in CLAUSES.items():
        if name in given:
            statement = getattr(statement, method)(*_several(given.pop(name)))
    if "distinct" in given:
        columns = given.pop("distinct")
        statement = statement.distinct(*(() if columns is True else _several(columns)))
    return _with_rest(statement, given)


def _with_rest(statement: Any, given: "dict[str, Any]") -> Any:
    if given.pop("for_update", None):
        statement = statement.with_for_update()
    if given.pop("use_labels", None):
        statement = statement.set_label_style(_label_style(statement))
    bind = given.pop("bind", None)
    if given.pop("correlate", True) is not True or given:
        raise TypeError("select() has no argument %s" % ", ".join(sorted(given) or ["correlate"]))
    vars(statement)[BOUND_TO] = bind
    return statement


def _label_style(statement: Any) -> Any:
    return next(style for style in type(statement.get_label_style()) if "TABLENAME" in style.name)


def _several(value: Any) -> Any:
    return value if isinstance(value, (list, tuple)) else (value,)


def _case(original: Any) -> Callable[..., Any]:
    def case(*whens: Any, **options: Any) -> Any:
        if "whens" in options:
            whens = (options.pop("whens"),)
        if len(whens) > 1 and not isinstance(whens[1], (list, tuple)):  # whens, value, else_
            options.update(zip(("value", "else_"), whens[1:]))
            whens = whens[:1]
        if len(whens) == 1 and isinstance(whens[0], list):
            whens = tuple(whens[0])
        return original(*whens, **options)

    return case


def _text(original: Any) -> Callable[..., Any]:
    def text(text: Any, bind: Any = None, bindparams: Any = (), typemap: Any = None) -> Any:
        clause = original(text)
        if bindparams:
            clause = clause.bindparams(*bindparams)
        if typemap:
            clause = clause.columns(**typemap)
        if bind is not None:
            vars(clause)[BOUND_TO] = bind
        return clause

    return text


def _changing(original: Any, names: "tuple[str, ...]") -> Callable[..., Any]:
    """Return insert, update or delete, as a function of a table or as its method, with the arguments of 1.x."""

    def change(table: Any, *arguments: Any, **options: Any) -> Any:
        given = {**dict(zip(names, arguments)), **options}
        statement = original(table)
        if given.get("whereclause") is not None:
            statement = statement.where(given["whereclause"])
        if given.get("values") is not None:
            statement = statement.values(given["values"])
        if given.get("inline"):
            statement = statement.inline()
        if given.get("returning"):
            statement = statement.returning(*given["returning"])
        if given.get("bind") is not None:
            vars(statement)[BOUND_TO] = given["bind"]
        return statement

    return change


def _rows(sqlalchemy: Any, patches: Patches) -> None:
    """Let a row be asked by name and by column, and be made a dict."""
    row = sqlalchemy.engine.Row
    by_position, within = row.__getitem__, row.__contains__

    def getitem(self: Any, key: Any) -> Any:
        if isinstance(key, (int, slice)):
            return by_position(self, key)
        # A column finds its value by its name too, in what a string has selected.
        named = not isinstance(key, str) and key not in self._mapping
        return self._mapping[getattr(key, "name", key) if named else key]

    def contains(self: Any, key: Any) -> bool:
        return key in self._mapping or bool(within(self, key))

    patches.add(
        row,
        __getitem__=getitem,
        __contains__=contains,
        has_key=lambda self, key: key in self._mapping,
        keys=lambda self: self._mapping.keys(),
        values=lambda self: [*self],
        items=lambda self: list(self._mapping.items()),
    )


def _orm(sqlalchemy: Any, patches: Patches) -> None:
    session = sqlalchemy.orm.Session
    original = session.execute

    def execute(self: Any, statement: Any, *arguments: Any, **options: Any) -> Any:
        text = sqlalchemy.text(statement) if isinstance(statement, str) else statement
        return original(self, text, *arguments, **options)

    def mapper(kind: Any, table: Any = None, **options: Any) -> Any:
        return sqlalchemy.orm.registry().map_imperatively(kind, table, **options)

    patches.set(session, "execute", execute)
    patches.set(sqlalchemy.orm, "mapper", mapper)

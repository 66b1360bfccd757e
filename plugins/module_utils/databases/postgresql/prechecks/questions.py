# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the real rows, and the SQL that asks it.

Equality is GROUP BY's, which is the type's own, and never that of an operator that is found by its name.
"""

from __future__ import annotations

from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from .... import deps
from ....precheck import MOST_EXAMPLES, MOST_ROWS, Kind
from .casts import Cast, fails

Name = Tuple[str, str]

COUNT = "SELECT count(*) FROM (SELECT 1 {violating} LIMIT {most}) AS v"
COUNT_GROUPS = """
SELECT coalesce(sum(v.n), 0)::int8
  FROM (SELECT count(*) AS n FROM {rows} WHERE {condition} GROUP BY {keys} HAVING count(*) > 1 LIMIT {most}) AS v
"""
SAMPLE = "SELECT ARRAY[{shown}]::text[] {violating} LIMIT {most}"
TRY = "SELECT count(({column})::{type}) FROM {rows}"

WHERE = "FROM {rows} WHERE {condition}"
DUPLICATES = """
FROM (SELECT {shown}, count(*) OVER (PARTITION BY {keys}) AS pgops_n FROM {rows} WHERE {condition}) AS r
WHERE r.pgops_n > 1
"""
OVERLAPS = """
FROM (SELECT {shown}, r.pgops_table, r.pgops_row, {keys} FROM {rows} WHERE {condition}) AS r
WHERE EXISTS (SELECT 1 FROM (SELECT r.pgops_table, r.pgops_row, {keys} FROM {rows} WHERE {condition}) AS o
               WHERE (o.pgops_table <> r.pgops_table OR o.pgops_row <> r.pgops_row) AND {overlap})
"""
ROWS = "(SELECT {columns} FROM {only}{table}) AS r"
HIDDEN = "tableoid AS pgops_table, ctid AS pgops_row"
ORPHAN = "NOT EXISTS (SELECT 1 FROM {only}{table} AS p WHERE {same})"
MATCH = "p.{theirs} OPERATOR({schema}.{operator}) r.{ours}"
MEETS = "o.{key} OPERATOR({schema}.{operator}) r.{key}"


class Source(NamedTuple):
    """Where the values of a column come from.

    :ivar name: by which expressions know it.
    :ivar original: the real column; None: the plan adds it, with the same value in all rows.
    :ivar value: that value; None: NULL.
    :ivar type_name: of that value.
    """

    name: str
    original: Optional[str] = None
    value: Optional[str] = None
    type_name: str = "text"


class Question(NamedTuple):
    """One question to the rows of a table, in the names of the database that is asked.

    :ivar alone: not those of tables that inherit from it.
    :ivar keys: what has to be unique, or not to meet: the name of a column, or with True an expression.
    :ivar other: the table that a foreign key refers to; None: it has no rows.
    :ivar full: MATCH FULL, or NULLS NOT DISTINCT.
    :ivar uses: the functions, operators and types that it calls.
    """

    kind: Kind
    table: Name
    columns: Tuple[Source, ...]
    alone: bool = False
    expression: Optional[str] = None
    keys: Tuple[Tuple[str, bool], ...] = ()
    operators: Tuple[Name, ...] = ()
    full: bool = False
    other: Optional[Name] = None
    other_alone: bool = True
    other_columns: Tuple[str, ...] = ()
    cast: Optional[Cast] = None
    uses: Tuple[Tuple[str, str], ...] = ()

    @property
    def tables(self) -> List[Name]:
        """Return the tables that are read."""
        return [self.table, *([self.other] if self.other else [])]

    @property
    def has_code(self) -> bool:
        """Return whether it holds SQL that was read elsewhere; else it is made of names alone."""
        names_types = any(each.original is None for each in self.columns) and self.kind is not Kind.NOT_NULL
        return bool(self.expression or self.cast or names_types or any(is_code for dummy, is_code in self.keys))


class Query(NamedTuple):
    """The SQL of a question.

    :ivar count: how many rows violate it.
    :ivar sample: the keys of some of these; None: their keys aren't shown.
    :ivar tries: the count is that of all rows; one that violates it is an error.
    """

    count: Any
    sample: Any = None
    tries: bool = False


def compose(question: Question, shown: Sequence[str], version: int) -> Query:
    """Return the SQL that asks a question.

    :param shown: the columns that identify a row and may be shown.
    :param version: the server's.
    """
    rows = _rows(question, shown)
    if question.kind is Kind.TYPE and question.cast is not None:
        column = _column(question.columns[0])
        condition = fails(question.cast, column, version)
        if condition is None:
            return Query(_sql(TRY, rows=rows, column=column, type=_raw(question.cast.new)), None, True)
        return _counted(rows, condition, shown)
    if question.kind in (Kind.UNIQUE, Kind.PRIMARY_KEY):
        return _duplicates(question, rows, shown)
    if question.kind is Kind.EXCLUDE:
        return _overlaps(question, rows, shown)
    return _counted(rows, _violated(question), shown)


def _counted(rows: Any, condition: Any, shown: Sequence[str]) -> Query:
    violating = _sql(WHERE, rows=rows, condition=condition)
    return Query(_count(violating), _sample(violating, shown))


def _count(violating: Any) -> Any:
    return _sql(COUNT, violating=violating, most=deps.sql.Literal(MOST_ROWS))


def _sample(violating: Any, shown: Sequence[str]) -> Any:
    if not shown:
        return None
    keys = _list(_identified("r", _shown_as(number)) for number in range(len(shown)))
    return _sql(SAMPLE, violating=violating, shown=keys, most=deps.sql.Literal(MOST_EXAMPLES))


def _rows(question: Question, shown: Sequence[str]) -> Any:
    """Return the table with the columns as the plan has them, and those that identify a row."""
    columns = [_sql("{} AS {}", _value(each), deps.sql.Identifier(each.name)) for each in question.columns]
    for number, name in enumerate(shown):
        columns.append(_sql("{}::text AS {}", deps.sql.Identifier(name), deps.sql.Identifier(_shown_as(number))))
    if question.kind is Kind.EXCLUDE:
        columns.append(_raw(HIDDEN))
    return _sql(ROWS, columns=_list(columns), only=_only(question.alone), table=deps.sql.Identifier(*question.table))


def _value(source: Source) -> Any:
    if source.original is not None:
        return deps.sql.Identifier(source.original)
    return _sql("{}::{}", deps.sql.Literal(source.value), _raw(source.type_name))


def _violated(question: Question) -> Any:
    """Return the condition that a row which violates it meets."""
    columns = [_column(each) for each in question.columns]
    if question.kind is Kind.FOREIGN_KEY:
        return _orphaned(question, columns)
    if question.expression is None:
        return _sql("{} IS NOT DISTINCT FROM NULL", columns[0])
    return _sql("({}) IS FALSE", _raw(question.expression))


def _orphaned(question: Question, columns: Sequence[Any]) -> Any:
    present = deps.sql.SQL(" AND ").join(_sql("{} IS DISTINCT FROM NULL", each) for each in columns)
    some = deps.sql.SQL(" OR ").join(_sql("{} IS DISTINCT FROM NULL", each) for each in columns)
    if question.other is None:
        return some if question.full else present
    same = deps.sql.SQL(" AND ").join(
        _sql(
            MATCH,
            theirs=deps.sql.Identifier(theirs),
            ours=deps.sql.Identifier(ours.name),
            schema=deps.sql.Identifier(schema),
            operator=_raw(operator),
        )
        for theirs, ours, (schema, operator) in zip(question.other_columns, question.columns, question.operators)
    )
    table = deps.sql.Identifier(*question.other)
    orphan = _sql(ORPHAN, only=_only(question.other_alone), table=table, same=same)
    if question.full:
        return _sql("({}) AND (NOT ({}) OR {})", some, present, orphan)
    return _sql("{} AND {}", present, orphan)


def _keys(question: Question) -> List[Any]:
    return [_sql("({})", _raw(key) if is_code else _identified("r", key)) for key, is_code in question.keys]


def _condition(question: Question, keys: Sequence[Any]) -> Any:
    """Return which rows an index looks at, and compares."""
    parts = [_sql("({})", _raw(question.expression))] if question.expression else []
    parts += [] if question.full else [_sql("{} IS DISTINCT FROM NULL", key) for key in keys]
    return deps.sql.SQL(" AND ").join(parts or [_raw("true")])


def _duplicates(question: Question, rows: Any, shown: Sequence[str]) -> Query:
    keys = _keys(question)
    parts = {"rows": rows, "condition": _condition(question, keys), "keys": _list(keys)}
    count = _sql(COUNT_GROUPS, most=deps.sql.Literal(MOST_ROWS), **parts)
    return Query(count, _sample(_sql(DUPLICATES, shown=_passed_on(shown), **parts), shown))


def _overlaps(question: Question, rows: Any, shown: Sequence[str]) -> Query:
    keys = _keys(question)
    names = ["pgops_%d" % number for number in range(len(keys))]
    named = _list(_sql("{} AS {}", key, deps.sql.Identifier(name)) for key, name in zip(keys, names))
    overlap = deps.sql.SQL(" AND ").join(
        _sql(MEETS, key=deps.sql.Identifier(name), schema=deps.sql.Identifier(schema), operator=_raw(operator))
        for name, (schema, operator) in zip(names, question.operators)
    )
    parts = {"rows": rows, "keys": named, "condition": _condition(question, keys), "overlap": overlap}
    violating = _sql(OVERLAPS, shown=_passed_on(shown), **parts)
    return Query(_count(violating), _sample(violating, shown))


def _column(source: Source) -> Any:
    return _identified("r", source.name)


def _passed_on(shown: Sequence[str]) -> Any:
    return _list([_identified("r", _shown_as(number)) for number in range(len(shown))] or [_raw("1 AS pgops_nothing")])


def _shown_as(number: int) -> str:
    return "pgops_key_%d" % number


def _identified(table: str, name: str) -> Any:
    return deps.sql.Identifier(table, name)


def _only(alone: bool) -> Any:
    return _raw("ONLY " if alone else "")


def _raw(text: str) -> Any:
    return deps.sql.SQL(text)


def _list(parts: Any) -> Any:
    return deps.sql.SQL(", ").join(parts)


def _sql(template: str, *parts: Any, **named: Any) -> Any:
    return deps.sql.SQL(template).format(*parts, **named)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a copy's catalogs: what they are before a run, and what its steps have changed in them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, FrozenSet, Iterator, List, Optional, Sequence, Tuple

from .... import deps
from ....precheck import Kind
from ..transaction import in_transaction
from . import catalog_sql
from .promises import Before, Locked, Look, Now, Promise, Table, Use

KINDS_OF_INDEXES = {"p": Kind.PRIMARY_KEY, "x": Kind.EXCLUDE}


def read_before(connection: Any) -> Before:
    """Return what the copy is before the run."""
    with look_on(connection) as cursor:
        cursor.execute(catalog_sql.TABLES)
        tables = {row[0]: Table(*row[1:]) for row in cursor.fetchall()}
        cursor.execute(catalog_sql.STANDING)
        constraints, indexes, domains, unproved, parts, cascades, start = cursor.fetchone()
    for oid, number in unproved or ():
        if oid in tables:
            tables[oid] = _without_not_null(tables[oid], number)
    named = [*(constraints or ()), *(indexes or ())]
    standing = frozenset([*(oid for oid, *dummy in named), *(domains or ())])
    names = frozenset((table, name) for dummy, table, name in named)
    return Before(tables, standing, names, _pairs(parts), _pairs(cascades), start)


def read_look(connection: Any, before: Before) -> Look:
    """Return what the plan has changed until now."""
    with look_on(connection) as cursor:
        columns = {
            (row[0], row[1]): Now(*row[2:]) for row in _rows(cursor, catalog_sql.COLUMNS, before, row="a", type="t")
        }
        promises = list(map(_of_constraint, _rows(cursor, catalog_sql.CONSTRAINTS, before, row="k")))
        promises += map(_of_domain, _rows(cursor, catalog_sql.DOMAINS, before, row="k", type="t"))
        promises += map(_of_partition, _rows(cursor, catalog_sql.PARTITIONS, before, row="i"))
        promises += map(_of_index, _rows(cursor, catalog_sql.INDEXES, before, row="i"))
        uses: Dict[int, List[Use]] = {}
        names = {"row": "k", "index": "i", "function": "p", "operator": "o", "type": "t"}
        for row in _rows(cursor, catalog_sql.USES, before, **names):
            uses.setdefault(row[0], []).append(Use(*row[1:]))
        cursor.execute(catalog_sql.WRITING_FUNCTIONS)
        functions = frozenset(cursor.fetchone()[0])
        cursor.execute(catalog_sql.PARTS)
        parts = frozenset(cursor.fetchall())
    promises = [each._replace(uses=tuple(uses.get(each.key[1], ()))) for each in promises]
    return Look(tuple(promises), columns, functions, parts)


def read_locked(cursor: Any) -> List[Locked]:
    """Return what the session has locked until now, in the open transaction."""
    cursor.execute(catalog_sql.LOCKED)
    return [Locked(*row) for row in cursor.fetchall()]


def oids_of(connection: Any, names: Sequence[str]) -> FrozenSet[int]:
    """Return the oids of tables, by their quoted names."""
    with look_on(connection) as cursor:
        cursor.execute(catalog_sql.OIDS, [list(names)])
        return frozenset(row[0] for row in cursor.fetchall() if row[0])


@contextmanager
def look_on(connection: Any) -> Iterator[Any]:
    """Lend a cursor for a look in between, whose settings are gone afterwards; an open transaction stays open."""
    was_open = in_transaction(connection)
    with connection.cursor() as cursor:
        cursor.execute(catalog_sql.BEGIN_LOOK)
        try:
            yield cursor
        finally:
            cursor.execute(catalog_sql.END_LOOK)
            if not was_open:
                connection.rollback()


def _rows(cursor: Any, statement: str, before: Before, **aliases: str) -> List[Tuple[Any, ...]]:
    """Return the rows of a statement, in which conditions stand for "the plan has written this row"."""
    young = deps.sql.SQL(catalog_sql.YOUNG)
    start = deps.sql.Literal(before.start)
    conditions = {
        "young" if name == "row" else "young_" + name: young.format(row=deps.sql.Identifier(alias), start=start)
        for name, alias in aliases.items()
    }
    cursor.execute(deps.sql.SQL(statement).format(**conditions))
    return list(cursor.fetchall())


def _without_not_null(table: Table, number: int) -> Table:
    """Return the table with a column that may be NULL: that it isn't was never validated."""
    columns = {
        key: column._replace(not_null=column.not_null and key != number) for key, column in table.columns.items()
    }
    return table._replace(described=[(key, *column) for key, column in columns.items()])


def _pairs(found: Optional[Sequence[Sequence[int]]]) -> Tuple[Tuple[int, int], ...]:
    return tuple((first, second) for first, second in found or ())


def _operators(found: Optional[Sequence[Sequence[str]]]) -> Tuple[Tuple[str, str], ...]:
    return tuple((schema, name) for schema, name in found or ())


def _of_constraint(row: Sequence[Any]) -> Promise:
    oid, contype, name, table, columns, expression, other, other_columns, full, operators, alone, period = row
    if contype == "n":  # since PostgreSQL 18; the column has a mark, too
        return Promise(("not null", table, columns[0]), Kind.NOT_NULL, name, table, tuple(columns), alone=alone)
    return Promise(
        ("object", oid),
        Kind.CHECK if contype == "c" else Kind.FOREIGN_KEY,
        name,
        table,
        tuple(columns or ()),
        expression,
        other=other,
        other_columns=tuple(other_columns or ()),
        operators=_operators(operators),
        full=full,
        alone=alone,
        odd=bool(period),
    )


def _of_domain(row: Sequence[Any]) -> Promise:
    oid, name, table, number, expression = row
    return Promise(("object", oid, table, number), Kind.DOMAIN, name, table, (number,), expression)


def _of_partition(row: Sequence[Any]) -> Promise:
    oid, name, expression, columns, odd = row
    return Promise(("partition", oid, expression), Kind.PARTITION, name, oid, tuple(columns), expression, odd=odd)


def _of_index(row: Sequence[Any]) -> Promise:
    oid, contype, name, table, numbers, texts, predicate, not_distinct, operators, used, odd = row
    keys = tuple(number or text for number, text in zip(numbers, texts))
    return Promise(
        ("object", oid),
        Kind.EXCLUDE if operators else KINDS_OF_INDEXES.get(contype, Kind.UNIQUE),
        name,
        table,
        tuple(sorted({*filter(None, numbers), *used})),
        predicate,
        keys,
        operators=_operators(operators),
        full=not_distinct,
        odd=odd and not operators,
    )

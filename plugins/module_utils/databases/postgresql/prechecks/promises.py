# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a copy's catalogs say of tables, and of what is promised of their rows: the values alone."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, NamedTuple, Optional, Sequence, Tuple

from ....precheck import Kind

# A table's oid, and a number of a column in it.
Place = Tuple[int, int]


class Column(NamedTuple):
    """A column before the run."""

    name: str
    type_oid: int
    typmod: int
    type_name: str
    not_null: bool


class Table(NamedTuple):
    """A table, a materialized view or a partition before the run.

    :ivar kind: as in pg_class.
    :ivar described: number and fields of each column; values are made of the few that are looked at.
    """

    schema: str
    name: str
    kind: str
    filenode: int
    described: Sequence[Sequence[Any]] = ()

    @property
    def columns(self) -> Dict[int, Column]:
        """Return its columns by their numbers."""
        return {number: Column(*fields) for number, *fields in self.described}

    @property
    def label(self) -> str:
        """Return its name as people write it."""
        return "%s.%s" % (self.schema, self.name)


class Before(NamedTuple):
    """A copy before the run.

    :ivar standing: oids of constraints and unique indexes that hold, and of domains without NULL.
    :ivar names: a table, and the name of one of these.
    :ivar parts: a table, and one that inherits from it or is a partition of it.
    :ivar cascades: a table, and one whose rows change when its rows do.
    :ivar start: the transaction that came next.
    """

    tables: Dict[int, Table]
    standing: FrozenSet[int] = frozenset()
    names: FrozenSet[Tuple[int, str]] = frozenset()
    parts: Tuple[Tuple[int, int], ...] = ()
    cascades: Tuple[Tuple[int, int], ...] = ()
    start: str = "0"


class Now(NamedTuple):
    """A column that the plan has made or changed.

    :ivar filled_by: where its values come from: a sequence, or an expression that generates them; None: neither.
    :ivar missing: what rows that were there before get for a column with a constant default, as text.
    :ivar young_type: the plan made or changed its type.
    :ivar labels: of an enumerated type.
    """

    name: str
    type_oid: int
    typmod: int
    type_name: str
    not_null: bool
    has_default: bool = False
    filled_by: Optional[str] = None
    missing: Optional[str] = None
    young_type: bool = False
    labels: Optional[Sequence[str]] = None


class Use(NamedTuple):
    """What an expression calls.

    :ivar what: function, operator or type.
    :ivar name: by which another database of the same schema can look it up.
    :ivar young: the plan made or changed it.
    :ivar varies: its answer may depend on more than its arguments.
    """

    what: str
    name: str
    young: bool = False
    varies: bool = False


class Promise(NamedTuple):
    """What a constraint or a unique index says of a table's rows.

    :ivar key: tells it from others.
    :ivar columns: numbers of the columns that it looks at.
    :ivar keys: of an index, a column's number or an expression each.
    :ivar expression: of a check; of an index its predicate.
    :ivar operators: of a foreign key or an exclusion, schema and name each.
    :ivar full: MATCH FULL; of an index NULLS NOT DISTINCT.
    :ivar alone: it isn't asked of tables that inherit from this one.
    :ivar odd: there are no words to ask it in.
    """

    key: Tuple[Any, ...]
    kind: Kind
    name: str
    table: int
    columns: Tuple[int, ...]
    expression: Optional[str] = None
    keys: Tuple[Any, ...] = ()
    other: int = 0
    other_columns: Tuple[int, ...] = ()
    operators: Tuple[Tuple[str, str], ...] = ()
    full: bool = False
    alone: bool = False
    odd: bool = False
    uses: Tuple[Use, ...] = ()


class Look(NamedTuple):
    """What the plan has changed until now.

    :ivar functions: names of all functions that may write.
    :ivar parts: as in Before; None: nobody has looked.
    """

    promises: Tuple[Promise, ...] = ()
    columns: Dict[Place, Now] = {}  # noqa: RUF012
    functions: FrozenSet[str] = frozenset()
    parts: Optional[FrozenSet[Tuple[int, int]]] = None


class Locked(NamedTuple):
    """A table that a step has locked.

    :ivar wrote: to write rows.
    :ivar read: to read rows.
    :ivar triggers: whether its rows have triggers that may do anything, and that no row has fired here.
    """

    oid: int
    wrote: bool
    read: bool
    filenode: int
    triggers: bool

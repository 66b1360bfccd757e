# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsed plan asks of rows that were there: a question to the real ones, or why there is none. Pure.

A copy without rows tells which tables a step writes (by the locks that it takes), but not what it would have written
had there been rows. What a step may have written is not asked: a backfill ahead of a constraint is the good way.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..databases.postgresql.prechecks.casts import Cast
from ..databases.postgresql.prechecks.promises import Before, Look, Now, Place, Promise, Table
from ..databases.postgresql.prechecks.questions import Question, Source
from ..precheck import Kind
from .writes import Ran, Seen, Unknown, Writes

MAKES = "the plan makes the column %s, and fills it"
MAKES_TYPE = "the plan makes or changes the type of %s"
CHANGES_TYPE = "the plan changes the type of %s"
MAKES_CODE = "the plan makes or changes the %s %s"
VARIES = "it calls %s, which isn't immutable"
USING = "what its USING makes of the values isn't known"
NO_QUERY = "no query asks exactly this"
NEW_TABLE = "the plan makes %s, and what fills it isn't known"
ANOTHER_SERVER = "the copy is on another server, whose SQL isn't run here"

OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|`?]+")
# How a new table may come to rows without being written to.
FILLS = re.compile(
    r"\bAS\s*\(?\s*(?:SELECT|WITH|TABLE|VALUES|EXECUTE)\b|\bSELECT\b[^;]*\bINTO\b|\b(?:ATTACH|INHERIT)\b", re.IGNORECASE
)
HAS_USING = re.compile(r"\bTYPE\b[^;]*\bUSING\b", re.IGNORECASE)
# USING x::type, or CAST(x AS type)
PLAIN_USING = (
    r"\bUSING\s*\(*\s*(?:\"{0}\"|{0})\s*::\s*[\w.\"]+(?: precision| varying)?(?:\([\d, ]+\))?\s*\)*\s*(?:[,;]|$)"
)
PLAIN_CAST = r"\bUSING\s*\(*\s*CAST\s*\(\s*(?:\"{0}\"|{0})\s+AS\s+[^()]+(?:\([\d, ]+\))?\s*\)+\s*(?:[,;]|$)"


class Added(NamedTuple):
    """What a step asks of a table's rows: a question, or why there is none."""

    ran: Ran
    table: str
    constraint: str
    question: Optional[Question] = None
    reason: Optional[str] = None


def added(
    before: Before, steps: Sequence[Tuple[Ran, Seen]], history: FrozenSet[int] = frozenset(), elsewhere: bool = False
) -> Tuple[Added, ...]:
    """Return what the steps ask of rows that were there before, in their order.

    :param history: the tables of our own history.
    :param elsewhere: the copy is on another server: what its catalogs say is data, and no SQL for the target.
    """
    rules = _Rules(before, history, elsewhere)
    return tuple(each for ran, seen in steps for each in rules.step(ran, seen))


class _Rules:
    def __init__(self, before: Before, history: FrozenSet[int], elsewhere: bool) -> None:
        self.before, self.history, self.elsewhere = before, history, elsewhere
        self.known: Set[Tuple[object, ...]] = set()
        self.names = before.names
        self.writes = Writes(before, history)
        self.wholes: Dict[int, List[int]] = {}
        for whole, part in before.parts:
            if whole in before.tables and before.tables[whole].kind == "p":
                self.wholes.setdefault(part, []).append(whole)
        self.texts: List[Optional[str]] = []

    def step(self, ran: Ran, seen: Seen) -> Iterator[Added]:
        promises = {each.key: each for each in self._promises(seen.look)}
        new = [each for key, each in promises.items() if key not in self.known]
        self.known = set(promises)
        self.texts.append(ran.text)
        self.writes.note(ran, seen, new)
        for each in new:
            if not self._holds_anyway(each, seen.look):
                yield self._added(ran, each, seen.look)
        self.names |= {(each.table, each.name) for each in new}

    def _promises(self, look: Look) -> Iterator[Promise]:
        """Yield what tables that were there promise now, and didn't before the run."""
        by_name = {(place[0], now.name): now for place, now in look.columns.items()}
        for place, now in look.columns.items():
            wholes = [by_name.get((whole, now.name)) for whole in self.wholes.get(place[0], ())]
            # A partition's column changes with that of its table, which is asked with all partitions.
            asked_of_whole = any(each is not None and _promises_as_much(each, now) for each in wholes)
            if place[0] in self.before.tables and not asked_of_whole:
                yield from self._of_column(place, now)
        for promise in look.promises:
            stands = promise.key[0] == "object" and promise.key[1] in self.before.standing
            table = self.before.tables.get(promise.table)
            # Of a partitioned table, the partitions have the rows, and the domain too.
            asked_of_parts = promise.kind is Kind.DOMAIN and table is not None and table.kind == "p"
            if table is not None and not stands and not asked_of_parts and not _was_not_null(promise, table):
                yield promise

    def _of_column(self, place: Place, now: Now) -> Iterator[Promise]:
        was = self.before.tables[place[0]].columns.get(place[1])
        if now.not_null and not (was and was.not_null):
            yield Promise(("not null", *place), Kind.NOT_NULL, now.name, place[0], (place[1],))
        if was and (was.type_oid, was.typmod) != (now.type_oid, now.typmod):
            key = ("type", *place, now.type_oid, now.typmod)
            yield Promise(key, Kind.TYPE, now.name, place[0], (place[1],))

    def _holds_anyway(self, promise: Promise, look: Look) -> bool:
        """Return whether no row that is there can violate it."""
        table = self.before.tables[promise.table]
        new = [look.columns.get((promise.table, each)) for each in promise.columns if each not in table.columns]
        fills = [each for each in new if each is not None and self._fills(promise.table, each)]
        if promise.kind is Kind.NOT_NULL:
            return bool(fills)
        if promise.kind is Kind.TYPE:
            return self._is_wider(promise.table, promise.columns[0], look)
        if (promise.table, promise.name) in self.names and self._is_remade(promise, look):
            return True
        unique = promise.kind in (Kind.UNIQUE, Kind.PRIMARY_KEY)
        return unique and any(each.filled_by == "sequence" for each in fills)

    def _is_wider(self, oid: int, number: int, look: Look) -> bool:
        """Return whether a column has got another type, in which every value is what it was."""
        was, now = self.before.tables[oid].columns.get(number), look.columns.get((oid, number))
        if was is None or now is None or (was.type_oid, was.typmod) == (now.type_oid, now.typmod):
            return False
        has_using = any(text is None or HAS_USING.search(text) for text in self.texts)
        return Cast(was.type_name, now.type_name).harmless and not has_using

    def _is_remade(self, promise: Promise, look: Look) -> bool:
        """Return whether the server has made it anew, for the type of a column that is wider now."""
        places = [(promise.table, each) for each in promise.columns]
        places += [(promise.other, each) for each in promise.other_columns if promise.other in self.before.tables]
        return any(self._is_wider(*place, look) for place in places)

    def _fills(self, oid: int, now: Now) -> bool:
        """Return whether rows that are there get a value for a column that the plan adds."""
        whole = oid in self.writes.rewritten or self.before.tables[oid].kind == "p"
        filled = now.has_default or now.filled_by is not None
        return now.missing is not None or now.filled_by == "expression" or (filled and whole)

    def _added(self, ran: Ran, promise: Promise, look: Look) -> Added:
        table = self.before.tables[promise.table]
        constraint = _named(promise, table, look)
        try:
            question = self._question(promise, table, look)
        except Unknown as reason:
            return Added(ran, table.label, constraint, reason=str(reason))
        return Added(ran, table.label, constraint, question)

    def _question(self, promise: Promise, table: Table, look: Look) -> Question:
        self.writes.refuse(promise)
        _refuse_code(promise)
        columns = tuple(self._source(promise, table, each, look) for each in promise.columns)
        question = Question(
            promise.kind,
            (table.schema, table.name),
            columns,
            _alone(promise, table),
            promise.expression,
            tuple(_key(each, promise.columns, columns) for each in promise.keys),
            promise.operators,
            promise.full,
            uses=(
                *((each.what, each.name) for each in promise.uses),
                *(("type", each.type_name) for each in columns if each.original is None),
            ),
        )
        if promise.kind is Kind.FOREIGN_KEY:
            question = self._referring(question, promise, look)
        elif promise.kind is Kind.TYPE:
            question = self._casting(question, promise, table, look)
        elif promise.kind is Kind.DOMAIN:
            question = question._replace(columns=(columns[0]._replace(name="value"),))
        if self.elsewhere and question.has_code:
            raise Unknown(ANOTHER_SERVER)
        return question

    def _source(self, promise: Promise, table: Table, number: int, look: Look) -> Source:
        was, now = table.columns.get(number), look.columns.get((promise.table, number))
        if was is not None:
            return self._kept(promise, promise.table, number, look)
        if now is None:
            raise Unknown(NO_QUERY)
        if promise.kind is Kind.NOT_NULL:
            return Source(now.name)
        if now.young_type:
            raise Unknown(MAKES_TYPE % now.name)
        if now.missing is None and (self._fills(promise.table, now) or promise.table in self.writes.rewritten):
            raise Unknown(MAKES % now.name)
        return Source(now.name, None, now.missing, now.type_name)

    def _kept(self, promise: Promise, oid: int, number: int, look: Look) -> Source:
        """Return where the values of a column are that was there before."""
        was, now = self.before.tables[oid].columns[number], look.columns.get((oid, number))
        if now is None:
            return Source(was.name, was.name)
        changed = (was.type_oid, was.typmod) != (now.type_oid, now.typmod)
        if changed and promise.kind is not Kind.TYPE and not self._is_wider(oid, number, look):
            raise Unknown(CHANGES_TYPE % now.name)
        return Source(now.name, was.name)

    def _referring(self, question: Question, promise: Promise, look: Look) -> Question:
        """Say to what a foreign key refers, in the names that it has now."""
        other = self.before.tables.get(promise.other)
        if other is None:
            if any(text is None or FILLS.search(text) for text in self.texts):
                raise Unknown(NEW_TABLE % "the table that it refers to")
            return question
        names = []
        for number in promise.other_columns:
            was, now = other.columns.get(number), look.columns.get((promise.other, number))
            if was is None:
                raise Unknown(MAKES % (now.name if now else "that it refers to"))
            names.append(self._kept(promise, promise.other, number, look).original or was.name)
        return question._replace(
            other=(other.schema, other.name), other_alone=other.kind != "p", other_columns=tuple(names)
        )

    def _casting(self, question: Question, promise: Promise, table: Table, look: Look) -> Question:
        number = promise.columns[0]
        was, now = table.columns[number], look.columns[promise.table, number]
        has_using, is_plain = self._using(now.name)
        if has_using and not is_plain:
            raise Unknown(USING)
        if now.young_type and now.labels is None:
            raise Unknown(MAKES_TYPE % now.name)
        cast = Cast(was.type_name, now.type_name, now.labels, has_using)
        return question._replace(cast=cast, uses=(("cast", was.type_name), ("cast", now.type_name)))

    def _using(self, column: str) -> Tuple[bool, bool]:
        """Return whether the step's text says how to cast, and whether that is a plain cast of this column."""
        text = self.texts[-1]
        if text is None:
            return True, False
        name = re.escape(column)
        plain = (PLAIN_USING, PLAIN_CAST)
        found = any(re.search(each.format(name), text.rstrip(), re.IGNORECASE) for each in plain)
        return bool(HAS_USING.search(text)), found


def _promises_as_much(whole: Now, part: Now) -> bool:
    same = (whole.type_oid, whole.typmod) == (part.type_oid, part.typmod)
    return same and whole.not_null >= part.not_null


def _was_not_null(promise: Promise, table: Table) -> bool:
    """Return whether it is the NOT NULL of a column that had it already, made anew."""
    was = table.columns.get(promise.columns[0]) if promise.kind is Kind.NOT_NULL else None
    return was is not None and was.not_null


def _refuse_code(promise: Promise) -> None:
    for use in promise.uses:
        if use.young:
            raise Unknown(MAKES_CODE % (use.what, use.name))
        if use.varies:
            raise Unknown(VARIES % use.name)
    sayable = all(OPERATOR.fullmatch(name) for dummy, name in promise.operators)
    if promise.odd or not sayable or ".*" in (promise.expression or ""):
        raise Unknown(NO_QUERY)


def _alone(promise: Promise, table: Table) -> bool:
    """Return whether rows of tables that inherit from it don't count: a partitioned one has no others.

    A check is passed on to these; what else they promise is asked of them themselves.
    """
    return table.kind != "p" and (promise.alone or promise.kind is not Kind.CHECK)


def _key(key: object, numbers: Sequence[int], columns: Sequence[Source]) -> Tuple[str, bool]:
    """Return a key of an index as a column's name, or as an expression."""
    if isinstance(key, int):
        return columns[list(numbers).index(key)].name, False
    return str(key), True


def _named(promise: Promise, table: Table, look: Look) -> str:
    """Return what is promised, in words."""
    number = promise.columns[0] if promise.columns else 0
    was, now = table.columns.get(number), look.columns.get((promise.table, number))
    column = now.name if now else was.name if was else "?"
    if promise.kind is Kind.TYPE and was and now:
        return "TYPE (%s: %s to %s)" % (column, was.type_name, now.type_name)
    if promise.kind is Kind.NOT_NULL:
        return "NOT NULL (%s)" % column
    if promise.kind is Kind.DOMAIN:
        return "DOMAIN %s (%s)" % (promise.name, column)
    return "%s %s" % (promise.kind.value, promise.name)

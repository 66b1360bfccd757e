# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the real rows, in transactions that only read, within a time; whatever gets in the way is an answer too.

Each question has a transaction of its own, so that no lock is held longer than it takes. As somebody who can do more
on a server than read a table, nothing is asked that would run code of others: neither what the question calls, nor what
the planner simplifies as it looks at a table (expressions of indexes, statistics, checks, the key of a partitioned
table).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .... import deps
from ....precheck import MOST_ROWS, Answer, Kind, Verdict
from ..server_errors import first_words, trouble_of
from .catalog_sql import PRINTING
from .questions import Name, Query, Question, compose

BEGIN = "SET TRANSACTION READ ONLY; SET LOCAL row_security = off; " + PRINTING
LIMITS = "SET LOCAL statement_timeout = {statement}; SET LOCAL lock_timeout = {lock}; "
# Since PostgreSQL 17; it would end the session.
NO_TRANSACTION_TIMEOUT = "SET LOCAL transaction_timeout = 0; "
NO_TRANSACTION_TIMEOUT_SINCE = 170000
STATEMENT_LIMIT = "SET LOCAL statement_timeout = {statement}"

# Small tables first, as far as the planner's statistics know; to ask for a file's size would wait for locks.
SIZES = """
WITH RECURSIVE tree AS (
  SELECT u.n, to_regclass(u.w)::oid AS oid FROM unnest(%s::text[]) WITH ORDINALITY AS u(w, n)
   UNION SELECT t.n, i.inhrelid FROM pg_inherits i JOIN tree t ON t.oid = i.inhparent)
SELECT coalesce(sum(c.relpages), 0) FROM tree t LEFT JOIN pg_class c ON c.oid = t.oid GROUP BY t.n ORDER BY t.n
"""

# What identifies a row and may be shown; and whether a part of the table is on another server.
FACTS = """
WITH RECURSIVE tree AS (
  SELECT to_regclass({table})::oid AS oid
   UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.oid = i.inhparent)
SELECT (SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
          FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
         WHERE i.indrelid = to_regclass({table})::oid AND i.indisprimary
        HAVING bool_and(a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype))),
       (SELECT min(c.oid::regclass::text) FROM tree t JOIN pg_class c ON c.oid = t.oid WHERE c.relkind = 'f')
"""

# Nobody may add an index while it is being looked at; a superuser's locks of this sort stop no writer.
LOCK = "LOCK TABLE {tables} IN ROW EXCLUSIVE MODE"

# Code of others that the tables have with them, or that the question calls. Types of others may have checks, and casts.
CODE_OF_OTHERS = """
WITH RECURSIVE tree AS (
  SELECT to_regclass(w)::oid AS oid FROM unnest({tables}::text[]) AS w
   UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON t.oid = i.inhparent),
above AS (
  SELECT i.inhparent AS oid FROM pg_inherits i JOIN tree t ON t.oid = i.inhrelid
   UNION SELECT i.inhparent FROM pg_inherits i JOIN above a ON a.oid = i.inhrelid),
object AS (
  SELECT 'pg_class'::regclass::oid AS class, i.indexrelid AS oid FROM pg_index i JOIN tree t ON t.oid = i.indrelid
   UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k JOIN tree t ON t.oid = k.conrelid
   UNION ALL SELECT 'pg_statistic_ext'::regclass, s.oid FROM pg_statistic_ext s JOIN tree t ON t.oid = s.stxrelid
   UNION ALL SELECT 'pg_attrdef'::regclass, f.oid FROM pg_attrdef f JOIN tree t ON t.oid = f.adrelid
              JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum AND a.attgenerated <> ''
   UNION ALL SELECT 'pg_class'::regclass, t.oid FROM tree t
   UNION ALL SELECT 'pg_class'::regclass, a.oid FROM above a),
depends AS (
  SELECT o.class, o.oid, d.refclassid, d.refobjid FROM object o
    JOIN pg_depend d ON d.classid = o.class AND d.objid = o.oid),
called AS (
  SELECT d.refobjid AS function FROM depends d WHERE d.refclassid = 'pg_proc'::regclass
   UNION SELECT o.oprcode FROM depends d JOIN pg_operator o ON o.oid = d.refobjid
          WHERE d.refclassid = 'pg_operator'::regclass
   UNION SELECT to_regprocedure(w) FROM unnest({functions}::text[]) AS w
   UNION SELECT o.oprcode FROM unnest({operators}::text[]) AS w JOIN pg_operator o ON o.oid = to_regoperator(w)),
types AS (
  SELECT d.refobjid AS type FROM depends d JOIN pg_class c ON c.oid = d.oid
   WHERE d.refclassid = 'pg_type'::regclass AND d.class = 'pg_class'::regclass AND c.relkind = 'i'
   UNION SELECT d.refobjid FROM depends d WHERE d.refclassid = 'pg_type'::regclass AND d.class <> 'pg_class'::regclass
   UNION SELECT to_regtype(w) FROM unnest({types}::text[]) AS w),
cast_types AS (SELECT to_regtype(w) AS type FROM unnest({casts}::text[]) AS w)
SELECT min(f.name) FROM (
  SELECT format('the function %I.%I of %I', n.nspname, p.proname, r.rolname) AS name
    FROM called c JOIN pg_proc p ON p.oid = c.function JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_roles r ON r.oid = p.proowner WHERE NOT r.rolsuper AND r.rolname <> session_user
   UNION ALL
  SELECT format('the type %I.%I of %I', n.nspname, t.typname, r.rolname)
    FROM types y JOIN pg_type t ON t.oid = y.type JOIN pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_roles r ON r.oid = t.typowner
   WHERE NOT r.rolsuper AND r.rolname <> session_user AND t.typtype <> 'e'
   UNION ALL
  SELECT format('casts of the type %I.%I of %I', n.nspname, t.typname, r.rolname)
    FROM cast_types y JOIN pg_type t ON t.oid = y.type JOIN pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_roles r ON r.oid = t.typowner WHERE NOT r.rolsuper AND r.rolname <> session_user
) AS f
"""

TOO_LONG = "it took longer than precheck_timeout leaves"
OVER = "precheck_timeout was over"
LOCKED = "another session has locked the table"
NO_RIGHT = "this role may not read all of its rows: %s"
REFUSED = "the database can't be asked: %s"
NO_LOCK = "a superuser can't keep others from adding an index to it meanwhile: %s"
FAILS = "at least one row makes it fail"
ELSEWHERE = "%s is on another server"
OTHERS_CODE = "it would run code of somebody else, as a superuser or the like: %s"

# Classes of SQLSTATE: what a value does to an expression; what a check of a domain says; what a function raises.
OF_A_VALUE = ("22", "23", "P0")
TRIED = (Kind.CHECK, Kind.DOMAIN, Kind.PARTITION, Kind.TYPE)


class Patience(NamedTuple):
    """How long to ask, in seconds: in all, and for a lock (0: for as long as that)."""

    seconds: float
    lock_seconds: float


def ask(connection: Any, questions: Sequence[Question], patience: Patience, powerful: bool) -> List[Answer]:
    """Ask all questions, large tables last. Nothing is raised but a signal.

    :param connection: to the database; idle before and afterwards.
    :param powerful: whether the role could do more there than the owners of tables and functions can.
    :returns: an answer to each.
    """
    return _Asking(connection, patience, powerful).all(questions)


class _Asking:
    def __init__(self, connection: Any, patience: Patience, powerful: bool) -> None:
        self.connection, self.patience, self.powerful = connection, patience, powerful
        self.until = time.monotonic() + patience.seconds

    def all(self, questions: Sequence[Question]) -> List[Answer]:
        answers = {number: self.one(questions[number]) for number in self._in_order(questions)}
        return [answers[number] for number in range(len(questions))]

    def one(self, question: Question) -> Answer:
        """Ask one question, in a transaction of its own."""
        if self._left() <= 0:
            return _not_checked(OVER)
        try:
            with self._reading() as cursor:
                return self._ask(cursor, question)
        except deps.DatabaseError as error:
            return _answer_of(question, error)
        except UnicodeError as error:  # names may be in any encoding
            return _not_checked(REFUSED % type(error).__name__)

    def _in_order(self, questions: Sequence[Question]) -> List[int]:
        """Return the numbers of the questions, those to small tables first."""
        numbers = list(range(len(questions)))
        try:
            with self._reading() as cursor:
                cursor.execute(SIZES, [[_quoted(self.connection, each.table) for each in questions]])
                sizes = [row[0] for row in cursor.fetchall()]
            return sorted(numbers, key=lambda number: sizes[number])
        except deps.DatabaseError:
            return numbers

    def _ask(self, cursor: Any, question: Question) -> Answer:
        tables = [_quoted(self.connection, each) for each in question.tables]
        if self.powerful:
            code = self._code_of_others(cursor, question, tables)
            if code is not None:
                return _not_checked(OTHERS_CODE % code)
        shown: Tuple[str, ...] = ()
        for table in reversed(tables):
            cursor.execute(deps.sql.SQL(FACTS).format(table=deps.sql.Literal(table)))
            keys, foreign = cursor.fetchone()
            if foreign is not None:
                return _not_checked(ELSEWHERE % foreign)
            shown = tuple(keys or ())
        query = compose(question, shown, self.connection.server_version)
        return self._count(cursor, query)._replace(key=_listed(shown))

    def _count(self, cursor: Any, query: Query) -> Answer:
        self._limit(cursor)
        cursor.execute(query.count)
        rows = min(int(cursor.fetchone()[0]), MOST_ROWS)
        if query.tries or not rows:
            return Answer(Verdict.PASSED)
        return Answer(Verdict.VIOLATED, rows, self._sample(cursor, query))

    def _sample(self, cursor: Any, query: Query) -> Tuple[str, ...]:
        """Return the keys of some rows; they aren't worth an error."""
        if query.sample is None:
            return ()
        try:
            self._limit(cursor)
            cursor.execute(query.sample)
            return tuple(_listed(row[0]) for row in cursor.fetchall())
        except deps.DatabaseError:
            return ()

    def _code_of_others(self, cursor: Any, question: Question, tables: Sequence[str]) -> Optional[str]:
        names = deps.sql.SQL(", ").join(deps.sql.Identifier(*each) for each in question.tables)
        cursor.execute(deps.sql.SQL(LOCK).format(tables=names))
        called = {
            what: deps.sql.Literal([name for kind, name in question.uses if kind == what])
            for what in ("function", "operator", "type", "cast")
        }
        statement = deps.sql.SQL(CODE_OF_OTHERS).format(
            tables=deps.sql.Literal(list(tables)),
            functions=called["function"],
            operators=called["operator"],
            types=called["type"],
            casts=called["cast"],
        )
        cursor.execute(statement)
        found = cursor.fetchone()[0]
        return None if found is None else str(found)

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        """Lend a cursor in a transaction that only reads, and ends with the question."""
        self.connection.rollback()
        lock = deps.sql.Literal(int(self.patience.lock_seconds * 1000))
        limits = deps.sql.SQL(LIMITS).format(statement=self._rest(), lock=lock)
        new = self.connection.server_version >= NO_TRANSACTION_TIMEOUT_SINCE
        try:
            with self.connection.cursor() as cursor:
                cursor.execute(deps.sql.SQL(BEGIN + (NO_TRANSACTION_TIMEOUT if new else "")) + limits)
                yield cursor
        finally:
            if not self.connection.closed:
                self.connection.rollback()

    def _limit(self, cursor: Any) -> None:
        """Let the next statement take no longer than what is left."""
        cursor.execute(deps.sql.SQL(STATEMENT_LIMIT).format(statement=self._rest()))

    def _left(self) -> float:
        return self.until - time.monotonic()

    def _rest(self) -> Any:
        """Return what is left in milliseconds, as a setting of the server's, to which 0 is without end."""
        return deps.sql.Literal(max(1, int(self._left() * 1000)))


def _answer_of(question: Question, error: Any) -> Answer:
    """Return what an error says; never a value that stands in a row."""
    state = error.pgcode or ""
    if state.startswith(OF_A_VALUE) and question.kind in TRIED:
        return Answer(Verdict.VIOLATED, None, (), FAILS)
    if trouble_of(error) is not None:
        return _not_checked(REFUSED % first_words(error))
    if state.startswith(OF_A_VALUE):
        return _not_checked(FAILS)
    reasons = {
        deps.errorcodes.QUERY_CANCELED: TOO_LONG,
        deps.errorcodes.LOCK_NOT_AVAILABLE: LOCKED,
        deps.errorcodes.WRONG_OBJECT_TYPE: NO_LOCK % first_words(error),
        deps.errorcodes.INSUFFICIENT_PRIVILEGE: NO_RIGHT % first_words(error),
    }
    return _not_checked(reasons.get(state, REFUSED % first_words(error)))


def _listed(parts: Sequence[str]) -> str:
    return "(%s)" % ", ".join(parts) if len(parts) > 1 else "".join(parts)


def _not_checked(reason: str) -> Answer:
    return Answer(Verdict.NOT_CHECKED, None, (), reason, odd=True)


def _quoted(connection: Any, name: Name) -> str:
    return str(deps.sql.Identifier(*name).as_string(connection))

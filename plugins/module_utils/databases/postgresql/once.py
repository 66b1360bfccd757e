# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of an SQL script outside a transaction: each is done once, wherever a run is cut off.

One that can be a transaction is one, whose number is logged before it: the server knows for good whether it was
committed. So is a block that the script itself puts between BEGIN and COMMIT, as a whole. Of what can't be in a
transaction, indexes are looked for, and all else that is usual may be done twice (VACUUM, REINDEX, REFRESH).
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Optional, Sequence, Set, Tuple

from ... import deps
from ...model import Statement
from ...sql import glance
from ...sql.statements import BEGINS, COMMITS, needs_no_transaction, words
from .transaction import in_transaction, is_aborted

# The port of statements outside a transaction: see databases/port.py.
__all__ = ["became", "has_built", "has_dropped", "looking", "send", "sets"]

# Logs what is about to be sent: the number of the transaction that it is done in, if it is in one.
Note = Callable[[Optional[int]], None]
Look = Callable[[Any], None]

# SET LOCAL …, SET TRANSACTION …, SET CONSTRAINTS … hold for a transaction only.
OF_TRANSACTION = (("LOCAL",), ("TRANSACTION",), ("CONSTRAINTS",))
# CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS name
MOST_WORDS = 8

TRANSACTION = "SELECT pg_catalog.txid_current()"

# A history that was restored into another cluster may tell of transactions that this one never had.
BUILT_SINCE = """
SELECT c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
 WHERE i.indisvalid AND pg_catalog.age(i.xmin) < pg_catalog.age(%s::pg_catalog.xid)
"""

COMMITTED = """
SELECT CASE WHEN %(number)s < pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())
            THEN pg_catalog.txid_status(%(number)s) = 'committed' END
"""

# A look takes messages of its own.
MOST_LOOKS = 1000
ON_ROWS = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|MERGE|SELECT|WITH|VALUES)\b", re.IGNORECASE)
VALUE = re.compile(r"'[^']*'|\d+")
LONGEST_SHAPE = 4000
NOT_IN_TRANSACTION = (deps.errorcodes.ACTIVE_SQL_TRANSACTION, deps.errorcodes.INVALID_TRANSACTION_TERMINATION)


def send(cursor: Any, statement: Statement, note: Note, look: Look) -> None:
    """Send one statement outside a transaction.

    :param look: called before what has a transaction is committed, where nobody else guards it.
    :raises psycopg2.Error: as the server says; nothing is open then but a block that the script itself has begun.
    """
    connection = cursor.connection
    if in_transaction(connection):
        if statement.keyword in COMMITS:
            note(_transaction(cursor))
            if connection.guard is None:
                look(cursor)
        cursor.execute(statement.text)
        return
    # What guards a rehearsal has transactions of its own.
    alone = needs_no_transaction(statement) or statement.keyword in BEGINS or connection.guard is not None
    if alone or not _inside(cursor, statement.text, note, look):
        note(None)
        cursor.execute(statement.text)


class Looking:
    """Has what a Python script does outside a transaction looked at, in a transaction before it is committed.

    Statements that work on rows come in thousands, each like the one before: one of each kind is looked at.

    :param look: called before a commit.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._left = MOST_LOOKS
        self._known: Set[str] = set()

    def wants(self, text: str) -> bool:
        """Return whether a text has to pass: it isn't like another one that has."""
        if self._left == 0:
            return False
        if glance.may_control(text) or not ON_ROWS.match(text):
            return True
        shape = VALUE.sub("?", text[:LONGEST_SHAPE])
        if shape in self._known:
            return False
        self._known.add(shape)
        return True

    def __call__(self, connection: Any, send: Callable[[], Any], statements: Sequence[Statement]) -> Any:
        """Send it as a transaction, if it can be one; one that the script has open is looked at on its COMMIT."""
        if in_transaction(connection):
            if statements[0].keyword in COMMITS and not is_aborted(connection):
                self._look_at(connection)
            return send()
        if statements[0].keyword in BEGINS or any(map(needs_no_transaction, statements)) or self._left == 0:
            return send()
        connection.autocommit = False
        try:
            answer = send()
            self._look_at(connection)
            connection.commit()
            return answer
        except deps.DatabaseError as error:
            if error.pgcode not in NOT_IN_TRANSACTION:
                raise
        finally:
            if not connection.closed:
                connection.rollback()
                connection.autocommit = True
        return send()

    def _look_at(self, connection: Any) -> None:
        self._left = max(self._left - 1, 0)
        with connection.unguarded(), connection.cursor() as cursor:
            self._look(cursor)


looking = Looking


def became(cursor: Any, known: Dict[str, Any], mark: str) -> Tuple[Optional[int], Tuple[str, ...]]:
    """Return the statement to go on at, and the indexes (their names) that have become valid since it was sent.

    :param known: what the journal has logged: statement, following, transaction, built.
    :param mark: the transaction that has logged it.
    """
    built = tuple(known.get("built", ()))
    if known.get("transaction") is None:
        cursor.execute(BUILT_SINCE, [mark])
        return known.get("statement"), built + tuple(row[0] for row in cursor.fetchall())
    cursor.execute(COMMITTED, {"number": known["transaction"]})
    return known["following"] if cursor.fetchone()[0] else known.get("statement"), built


def sets(statement: Statement) -> bool:
    """Return whether a statement only sets what holds for the session: one that goes on later needs it again."""
    return statement.keyword in ("SET", "RESET") and words(statement.text, 2)[1:] not in OF_TRANSACTION


def has_built(statement: Statement, built: Sequence[str]) -> bool:
    """Return whether a statement is one that builds an index, and has done it before it was cut off.

    :param built: names of the indexes that have become valid since it was begun.
    """
    if statement.keyword != "CREATE INDEX" or not needs_no_transaction(statement):
        return False
    name = _index_name(statement)
    return bool(built) if name is None else name in built


def has_dropped(statement: Statement, error: Any) -> bool:
    """Return whether a statement that is sent again fails because it has dropped its index before it was cut off."""
    return (
        error.pgcode == deps.errorcodes.UNDEFINED_OBJECT
        and statement.keyword == "DROP INDEX"
        and needs_no_transaction(statement)
    )


def _index_name(statement: Statement) -> Optional[str]:
    """Return the name of the index that a CREATE INDEX CONCURRENTLY builds; None: the server chooses it."""
    found = list(words(statement.text, MOST_WORDS))
    rest = found[found.index("CONCURRENTLY") + 1 :]
    rest = rest[3:] if rest[:3] == ["IF", "NOT", "EXISTS"] else rest
    if not rest or rest[0] == "ON":
        return None
    name = rest[0]
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _inside(cursor: Any, text: str, note: Note, look: Look) -> bool:
    """Send it as a transaction. Return whether the server let it be one."""
    connection = cursor.connection
    connection.autocommit = False
    try:
        note(_transaction(cursor))
        cursor.execute(text)
        look(cursor)
        connection.commit()
        return True
    except deps.DatabaseError as error:
        if error.pgcode not in NOT_IN_TRANSACTION:
            raise
        return False
    finally:
        if not connection.closed:
            connection.rollback()
            connection.autocommit = True


def _transaction(cursor: Any) -> int:
    cursor.execute(TRANSACTION)
    return int(cursor.fetchone()[0])

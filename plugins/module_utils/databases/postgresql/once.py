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
from typing import Any, Callable, Optional, Sequence

from ... import deps
from .session import in_transaction

# Logs what is about to be sent: the number of the transaction that it is done in, if it is in one.
Note = Callable[[Optional[int]], None]

COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.DOTALL)
BEGINS = re.compile(r"(?:BEGIN|START\s+TRANSACTION)\b", re.IGNORECASE)
COMMITS = re.compile(r"(?:COMMIT|END)\b", re.IGNORECASE)
# What is known to be refused inside a transaction needn't be tried in one.
ALONE = re.compile(r"(?:(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+|RE)INDEX\s+CONCURRENTLY|VACUUM)\b", re.IGNORECASE)
SETS = re.compile(r"(?:SET|RESET)\s+(?!(?:LOCAL|TRANSACTION|CONSTRAINTS)\b)", re.IGNORECASE)
BUILDS_INDEX = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?!ON\b)(?P<name>\"(?:[^\"]|\"\")+\"|[\w$]+)"
    r"|CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+ON\b",
    re.IGNORECASE,
)
DROPS_INDEX = re.compile(r"DROP\s+INDEX\s+CONCURRENTLY\b", re.IGNORECASE)

TRANSACTION = "SELECT pg_catalog.txid_current()"
NOT_IN_TRANSACTION = ("25001", "2D000")
UNDEFINED_OBJECT = "42704"


def send(cursor: Any, text: str, note: Note) -> None:
    """Send one statement outside a transaction.

    :raises psycopg2.Error: as the server says; nothing is open then but a block that the script itself has begun.
    """
    connection, bare = cursor.connection, COMMENTS.sub("", text)
    if in_transaction(connection):
        if COMMITS.match(bare):
            note(_transaction(cursor))
        cursor.execute(text)
        return
    # What guards a rehearsal has transactions of its own.
    refused = bool(ALONE.match(bare) or BEGINS.match(bare)) or connection.around_statement is not None
    if refused or not _inside(cursor, text, note):
        note(None)
        cursor.execute(text)


def sets(text: str) -> bool:
    """Return whether a statement only sets what holds for the session: one that goes on later needs it again."""
    return SETS.match(COMMENTS.sub("", text)) is not None


def has_built(text: str, built: Sequence[str]) -> bool:
    """Return whether a statement is one that builds an index, and has done it before it was cut off.

    :param built: names of the indexes that have become valid since it was begun.
    """
    match = BUILDS_INDEX.match(COMMENTS.sub("", text))
    if match is None:
        return False
    name = match["name"]
    return bool(built) if name is None else _unquoted(name) in built


def has_dropped(text: str, error: Any) -> bool:
    """Return whether a statement that is sent again fails because it has dropped its index before it was cut off."""
    return error.pgcode == UNDEFINED_OBJECT and DROPS_INDEX.match(COMMENTS.sub("", text)) is not None


def _inside(cursor: Any, text: str, note: Note) -> bool:
    """Send it as a transaction. Return whether the server let it be one."""
    connection = cursor.connection
    connection.autocommit = False
    try:
        note(_transaction(cursor))
        cursor.execute(text)
        connection.commit()
        return True
    except deps.psycopg2.Error as error:
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


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()

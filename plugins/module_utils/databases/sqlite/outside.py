# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements outside a transaction: each is a transaction of its own, in which it is also logged where to go on.

So it is done once, wherever a run is cut off. But VACUUM and the like can't be in one, and may be done twice.
This is the ports Outside and Remains of databases/port.py.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from ...model import Statement
from . import grammar

Note = Callable[[Optional[int]], None]

# Stands for the number of a transaction: what was logged in it is there only if it was committed.
OWN = 1


def send(cursor: Any, statement: Statement, note: Note, look: Callable[[Any], None]) -> None:
    """Send one statement; what a script puts between BEGIN and COMMIT is one transaction."""
    connection = cursor.connection
    if connection.in_transaction:
        if statement.keyword in grammar.COMMITS:
            note(OWN)
            look(cursor)
        cursor.execute(statement.text)
    elif statement.keyword in grammar.BEGINS:
        cursor.execute(statement.text)
    elif statement.keyword in grammar.ALONE:
        note(None)
        cursor.execute(statement.text)
    else:
        _inside(cursor, statement.text, note, look)


def _inside(cursor: Any, text: str, note: Note, look: Callable[[Any], None]) -> None:
    connection = cursor.connection
    connection.autocommit = False
    try:
        note(OWN)
        cursor.execute(text)
        look(cursor)
        connection.commit()
    finally:
        if not connection.closed:
            connection.rollback()
            connection.autocommit = True


def sets(statement: Statement) -> bool:
    """Return whether it only sets what holds for the session."""
    return statement.keyword == "PRAGMA" or statement.keyword == "ATTACH"


def has_built(statement: Statement, built: Sequence[str]) -> bool:
    """Return whether it was done before it was cut off: what it has logged tells that."""
    return False


def has_dropped(statement: Statement, error: Any) -> bool:
    """Return whether it fails because it was done before it was cut off."""
    return False


def became(cursor: Any, known: Dict[str, Any], mark: str) -> Tuple[Optional[int], Tuple[str, ...]]:
    """Return the statement to go on at: behind the one that was committed together with what is logged."""
    if known.get("transaction") is None:
        return known.get("statement"), ()
    return known["following"], ()


def looking(look: Callable[[Any], None]) -> Any:
    """Nobody looks at what a Python script does outside a transaction."""
    return None


def remains(cursor: Any) -> List[Tuple[int, str]]:
    """Return what is half-done now: nothing ever is."""
    return []


def new(connection: Any, before: Sequence[int]) -> List[str]:
    """Return what is half-done now, and wasn't before."""
    return []


def drop_new(connection: Any, before: Sequence[int]) -> None:
    """Take that away."""

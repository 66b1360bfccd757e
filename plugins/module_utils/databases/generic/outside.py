# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements outside a transaction: each is committed by itself. These are the ports Outside and Remains.

One on rows is a transaction in which it is also logged where to go on. Of any other it is logged before that it is
about to be sent: after a fault nobody knows whether it was done, and the next run says so.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

from ... import errors
from ...model import Statement
from . import grammar

Note = Callable[[Any], None]

# Stands for a transaction in which the position itself was logged: it is there only if it was committed.
OWN = 1
CUT_OFF = "cut off"


def send(cursor: Any, statement: Statement, note: Note, look: Callable[[Any], None]) -> None:
    """Send one statement; what a script puts between BEGIN and COMMIT is one transaction."""
    connection = cursor.connection
    if statement.keyword in grammar.BEGINS:
        connection.begin()
    elif connection.in_transaction:
        if statement.keyword in grammar.COMMITS:
            note(OWN)
            look(cursor)
        cursor.execute(statement.text)
    else:
        rows = grammar.takes_back(statement)
        try:
            note(OWN if rows else None)
            if not rows:
                connection.commit()
            cursor.execute(statement.text)
            look(cursor)
            connection.commit()
        finally:
            connection.rollback()


def sets(statement: Statement) -> bool:
    """Return whether it only sets what holds for the session."""
    return statement.keyword in ("SET", "USE", "PRAGMA")


def has_built(statement: Statement, built: Sequence[str]) -> bool:
    """Return whether it was done before it was cut off. One on rows would have logged itself in its transaction.

    :raises Interrupted: when nobody can know.
    """
    if CUT_OFF in built and not grammar.takes_back(statement):
        raise errors.Interrupted(
            "A run was cut off at %s in line %d, and whether that was done can't be known"
            % (" ".join(statement.text.split()[:4]), statement.line),
            hint="Look whether it is there. Finish the migration by hand and mark it as applied, or undo it by hand "
            "and mark it as pending, with pg_migration_mark.",
        )
    return False


def has_dropped(statement: Statement, error: Any) -> bool:
    """Return whether it fails because it was done before it was cut off: it isn't sent again then."""
    return False


def became(cursor: Any, known: Dict[str, Any], mark: str) -> Tuple[Any, Tuple[str, ...]]:
    """Return the statement to go on at: behind one that was committed together with what is logged."""
    if known.get("transaction") == OWN:
        return known["following"], ()
    return known.get("statement"), (CUT_OFF,) if mark == CUT_OFF else ()


def looking(look: Callable[[Any], None]) -> Any:
    """Nobody looks at what a Python script does outside a transaction."""
    return None


def remains(cursor: Any) -> List[Tuple[int, str]]:
    """Return what is half-done now: that is never known."""
    return []


def new(connection: Any, before: Sequence[int]) -> List[str]:
    """Return what is half-done now, and wasn't before."""
    return []


def drop_new(connection: Any, before: Sequence[int]) -> None:
    """Take that away."""

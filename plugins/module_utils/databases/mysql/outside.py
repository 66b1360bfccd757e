# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statements outside a transaction, as most are here: what became of one that was cut off, the next run finds out.

A statement on rows is a transaction, in which it is also logged where to go on. Any other commits by itself, and is
done as a whole or not at all: before it is sent, it is logged what the objects that it names look like, so that the
next run sees whether they have changed. Of CALL and the like nobody can know. These are the ports Outside and Remains.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Callable, Dict, List, Sequence, Tuple

from ... import errors
from ...model import Statement
from . import grammar
from .composed import quoted

# Logs what is about to be sent, with what tells the next run what became of it.
Note = Callable[[Any], None]

# Stands for a transaction in which the position itself was logged: it is there only if it was committed.
OWN = 1
CUT_OFF = "cut off"

# What is done as a whole, or not at all.
ATOMIC = frozenset(["CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "ANALYZE", "OPTIMIZE", "SET"])
STORED = re.compile(r"\b(?:PROCEDURE|FUNCTION|TRIGGER|EVENT)\b", re.IGNORECASE)

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN %s"
STORED_OBJECTS = """
SELECT routine_name, last_altered FROM information_schema.routines
 WHERE routine_schema = DATABASE() AND routine_name IN %s
UNION ALL SELECT trigger_name, created FROM information_schema.triggers
 WHERE trigger_schema = DATABASE() AND trigger_name IN %s
UNION ALL SELECT event_name, last_altered FROM information_schema.events
 WHERE event_schema = DATABASE() AND event_name IN %s
"""
MOST_NAMES = 500
# What changes nothing that a look at the objects which it names would see.
UNSEEN = re.compile(
    r"\bEXCHANGE\s+PARTITION\b|^RENAME\s+TABLES?\b[^;]*,"
    r"|^(?:CREATE|ALTER|DROP|RENAME)\s+(?:OR\s+REPLACE\s+)?(?:USER|ROLE|DATABASE|SCHEMA|SERVER|TABLESPACE)\b"
    r"|(?:`[^`]+`|[\w$]+)\s*\.\s*(?:`[^`]+`|[\w$]+)",
    re.IGNORECASE,
)


def send(cursor: Any, statement: Statement, note: Note, look: Callable[[Any], None]) -> None:
    """Send one statement; what a script puts between BEGIN and COMMIT is one transaction."""
    connection = cursor.connection
    if connection.in_transaction:
        if statement.keyword in grammar.COMMITS:
            note(OWN)
            look(cursor)
        cursor.execute(statement.text)
    elif statement.keyword in grammar.BEGINS or sets(statement):
        cursor.execute(statement.text)
    elif grammar.takes_back(statement):
        _inside(cursor, statement.text, note, look)
    else:
        names = list(dict.fromkeys(grammar.identifiers(statement.text)))
        known = len(names) <= MOST_NAMES and _leaves_a_trace(statement)
        stored = STORED.search(statement.text) is not None
        note({"names": names, "stored": stored, "was": _look_of(cursor, names, stored)} if known else None)
        cursor.execute(statement.text)
        look(cursor)


def _inside(cursor: Any, text: str, note: Note, look: Callable[[Any], None]) -> None:
    connection = cursor.connection
    cursor.execute("BEGIN")
    try:
        note(OWN)
        cursor.execute(text)
        look(cursor)
        connection.commit()
    finally:
        if not connection.closed:
            connection.rollback()


def _leaves_a_trace(statement: Statement) -> bool:
    """Return whether a look at what a statement names tells that it was done: as a whole, or not at all."""
    bare = grammar.without_strings(grammar.without_comments(statement.text))
    return statement.keyword in ATOMIC and not UNSEEN.search(bare)


def _look_of(cursor: Any, names: List[str], stored: bool) -> str:
    """Return a digest of what the objects of these names look like."""
    if not names:
        return ""
    look = hashlib.sha256()
    cursor.execute(TABLES, [names])
    for name in sorted(row[0] for row in cursor.fetchall()):
        cursor.execute("SHOW CREATE TABLE " + quoted(name))
        look.update(repr(cursor.fetchone()[:2]).encode())
    if stored:
        cursor.execute(STORED_OBJECTS, [names, names, names])
        look.update(repr(sorted(map(str, cursor.fetchall()))).encode())
    return look.hexdigest()


def sets(statement: Statement) -> bool:
    """Return whether it only sets what holds for the session."""
    return statement.keyword == "USE" or (statement.keyword == "SET" and grammar.takes_back(statement))


def has_built(statement: Statement, built: Sequence[str]) -> bool:
    """Return whether it was done before it was cut off: no, for then the run goes on behind it.

    One on rows would have logged itself in its transaction.

    :raises Interrupted: when nobody can know.
    """
    if CUT_OFF in built and not _leaves_a_trace(statement) and not grammar.takes_back(statement):
        raise errors.Interrupted(
            "A run was cut off at %s in line %d, and whether that was done can't be known"
            % (" ".join(statement.text.split()[:4]), statement.line),
            hint="Look at what it does. Finish the migration by hand and mark it as applied, or undo it by hand and "
            "mark it as pending, with pg_migration_mark.",
        )
    return False


def has_dropped(statement: Statement, error: Any) -> bool:
    """Return whether it fails because it was done before it was cut off: then it isn't sent again."""
    return False


def became(cursor: Any, known: Dict[str, Any], mark: str) -> Tuple[Any, Tuple[str, ...]]:
    """Return the statement to go on at: behind one that was committed together with what is logged, or has changed
    what it names."""
    sent = known.get("transaction")
    if sent is None:
        return known.get("statement"), (CUT_OFF,) if mark == CUT_OFF else ()
    if sent == OWN or _look_of(cursor, sent["names"], sent["stored"]) != sent["was"]:
        return known["following"], ()
    return known["statement"], ()


def looking(look: Callable[[Any], None]) -> Any:
    """Nobody looks at what a Python script does outside a transaction."""
    return None


def remains(cursor: Any) -> List[Tuple[int, str]]:
    """Return what is half-done now: no statement ever is."""
    return []


def new(connection: Any, before: Sequence[int]) -> List[str]:
    """Return what is half-done now, and wasn't before."""
    return []


def drop_new(connection: Any, before: Sequence[int]) -> None:
    """Take that away."""

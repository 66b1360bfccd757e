# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the steps of a rehearsal inside their scratch database, which stands on the target's own server.

Nothing but a list does that: statements about users, grants, the server and other databases are refused before they are
sent, also in the body of a routine and in a text that is to be run. A text that is put together as it runs no list can
read, so PREPARE and EXECUTE IMMEDIATE of anything but a literal are refused, too.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import Any, Callable, FrozenSet, Iterator, Optional, Sequence

from ... import deps, errors
from ..copying import NotProved
from . import grammar

DATABASES = "SELECT LOWER(schema_name) FROM information_schema.schemata"

# What belongs to the server, or to another database, wherever it stands in a statement.
ANYWHERE = re.compile(
    r"\b(?:CREATE|ALTER|DROP|RENAME)\s+(?:OR\s+REPLACE\s+)?"
    r"(?:USER|ROLE|DATABASE|SCHEMA|SERVER|(?:UNDO\s+)?TABLESPACE|LOGFILE|INSTANCE|RESOURCE)\b"
    r"|\bSET\b[^;]*?(?:\bGLOBAL\s|@@global\s*\.|\bPERSIST(?:_ONLY)?\s|@@persist)|\bSET\s+(?:PASSWORD|DEFAULT\s+ROLE|ROLE)\b"
    r"|\bFUNCTION\b[^(;]*\bSONAME\b",
    re.IGNORECASE,
)
# The same by one word, with which a statement begins; within a routine anything may stand in front of it.
WORDS = (
    r"(?:GRANT|REVOKE|KILL|FLUSH|RESET|SHUTDOWN|PURGE|STOP|BACKUP|RESTART|CLONE|(?:UN)?INSTALL|IMPORT)\b"
    r"|START\s+(?!TRANSACTION)|CHANGE\s+(?:MASTER|REPLICATION)\b|(?:LOAD|CACHE)\s+INDEX\b"
)
FIRST_WORD = re.compile(WORDS + r"|USE\b", re.IGNORECASE)
A_WORD = re.compile(r"\b(?:%s)" % WORDS, re.IGNORECASE)
ROUTINE = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:AGGREGATE\s+)?"
    r"(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE)\b|ALTER\s+EVENT\b|BEGIN\s+NOT\b|IF\b|CASE\b|WHILE\b|FOR\b|LOOP\b|REPEAT\b",
    re.IGNORECASE,
)
DYNAMIC = re.compile(r"\bPREPARE\s+\S+\s+FROM\b|\bEXECUTE\s+IMMEDIATE\b", re.IGNORECASE)
LITERAL = re.compile(r"\s*('(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")\s*(?:;|USING\b|$)", re.IGNORECASE)
INTO_A_FILE = re.compile(r"\bINTO\s+(?:OUTFILE|DUMPFILE)\b", re.IGNORECASE)
LOCKS = re.compile(r"\b(?:RELEASE_ALL_LOCKS|RELEASE_LOCK)\s*\(", re.IGNORECASE)
EVENTS = re.compile(r"(?:CREATE|ALTER)\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?EVENT\b", re.IGNORECASE)
READS = frozenset(["SELECT", "SHOW", "EXPLAIN", "DESCRIBE", "DESC", "CREATE", "ALTER", "DROP"])
# A name with another behind it; in quotes too, as with sql_mode ANSI_QUOTES.
QUALIFIED = re.compile(r"(?:`([^`]+)`|\"([^\"]+)\"|(?<![\w$@.])([\w$]+))\s*\.\s*(?=[`\"\w$*])")
SYSTEM = frozenset(["information_schema", "performance_schema"])


class Containment:
    """Keeps steps inside the copy: a statement that would reach out of it ends the rehearsal.

    :ivar version: the migration that is at work.
    :ivar ended_by: why the rehearsal has to end, if it has.
    """

    def __init__(self, others: FrozenSet[str], guarded: FrozenSet[str], runs_events: bool) -> None:
        """Take what there is outside.

        :param others: the other databases of the server, in lower case.
        :param guarded: views of the copy that lead out of it, in lower case.
        :param runs_events: whether the server would run an event that a step makes.
        """
        self._others, self._guarded, self._runs_events = others, guarded, runs_events
        self.version = ""
        self.ended_by: Optional[errors.MigrationError] = None

    def begin(self, version: str) -> None:
        """Take note of the migration that begins."""
        self.version = version

    def stop(self, reason: str) -> NotProved:
        """Take note of what can't be rehearsed."""
        self.ended_by = NotProved(reason)
        return self.ended_by

    def look_at(self, text: str) -> None:
        """Look at a text before it is executed.

        :raises NotProved: when it would reach out of the copy.
        """
        for statement in grammar.split(text):
            reason = self._reason(statement.text, statement.keyword)
            if reason is not None:
                raise self.stop("%s (%s …)" % (reason, " ".join(statement.text.split()[:4])))

    def before_commit(self, cursor: Any) -> None:
        """Look at what the open transaction has done: it is all in the copy."""

    def refuse_super_user(self) -> None:
        """Refuse a second connection as another user: what that may do, no list knows.

        :raises NotProved: always.
        """
        raise self.stop("it asks for a superuser's connection")

    def wants(self, text: str) -> bool:
        """Return whether a text has to pass."""
        return False

    def __call__(self, connection: Any, send: Callable[[], Any], statements: Sequence[Any]) -> Any:
        """Send what has passed."""
        return send()

    def _reason(self, text: str, keyword: str) -> Optional[str]:
        outside = why_outside(text, self._others)
        if outside is not None:
            return outside
        text = grammar.without_comments(text)
        if INTO_A_FILE.search(text):
            return "it writes a file on the server"
        if LOCKS.search(text):
            return "it gives back locks of its session"
        if self._runs_events and EVENTS.match(text):
            return "it makes an event, which the server would run"
        if keyword not in READS and self._guarded.intersection(each.lower() for each in grammar.identifiers(text)):
            return "it writes through a view that leads to another database"
        return None


def why_outside(text: str, others: FrozenSet[str]) -> Optional[str]:
    """Return why a statement would work outside of its database; None: it doesn't.

    :param others: the other databases of the server, in lower case.
    """
    text = grammar.without_comments(text)
    bare = grammar.without_strings(text)
    words = A_WORD.search(bare) if ROUTINE.match(bare) else FIRST_WORD.match(bare)
    if words or ANYWHERE.search(bare):
        return "it changes something of the server, or works in another database"
    for match in QUALIFIED.finditer(bare):
        name = (match[1] or match[2] or match[3]).lower()
        if name in others and name not in SYSTEM:
            return "it names the database %s" % name
    return _why_run_outside(text, others)


def _why_run_outside(text: str, others: FrozenSet[str]) -> Optional[str]:
    """Return the same of the texts that a statement has run."""
    for match in DYNAMIC.finditer(text):
        literal = LITERAL.match(text, match.end())
        if literal is None:
            return "it runs a text that is put together only then"
        reasons = [why_outside(each.text, others) for each in grammar.split(_unquoted(literal[1]))]
        if any(reasons):
            return next(filter(None, reasons))
    return None


def _unquoted(literal: str) -> str:
    mark = literal[0]
    return re.sub(r"\\(.)", r"\1", literal[1:-1].replace(mark * 2, mark), flags=re.DOTALL)


def names_of_databases(connection: Any) -> FrozenSet[str]:
    """Return the databases of the server that this user sees, in lower case."""
    with connection.cursor() as cursor:
        cursor.execute(DATABASES)
        return frozenset(name for (name,) in cursor.fetchall())


@contextmanager
def refusing_connections(guard: Containment) -> Iterator[None]:
    """Let the driver open nothing as long as a script runs: it would be the target itself, perhaps."""
    driver = deps.import_pymysql()
    original = driver.connect

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise guard.stop("it opens a connection by itself")

    driver.connect = refuse
    try:
        yield
    finally:
        driver.connect = original

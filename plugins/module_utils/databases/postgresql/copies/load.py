# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads a dump of a schema through libpq: what another server has printed is SQL for the copy, and nothing else.

No program reads it: to psql, a line that begins with a backslash is a command on the host that runs the task.
"""

from __future__ import annotations

import re
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .... import deps
from ..dump import DumpError, marks

# A message is a transaction. Thousands of tables in one would take the server's locks away from others.
ENTRIES_A_MESSAGE = 200

# Around a dump, for psql alone; the word is pg_dump's own, or ours.
RESTRICT = re.compile(rb"\\(?:un)?restrict [A-Za-z0-9]+$")
# What pg_dump writes into the head since version 17, whichever server it dumps; older servers refuse it.
TRANSACTION_TIMEOUT = b"SET transaction_timeout = 0;"
TRANSACTION_TIMEOUT_SINCE = 170000

# What pg_dump makes when the rows are there.
BEHIND_ROWS = frozenset(
    [
        *("CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT", "INDEX", "INDEX ATTACH", "STATISTICS", "RULE", "TRIGGER"),
        *("ROW SECURITY", "POLICY", "PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA"),
        *("SUBSCRIPTION", "EVENT TRIGGER"),
    ]
)


# ALTER TABLE ONLY a ADD CONSTRAINT b FOREIGN KEY … ; in a line of its own, as pg_dump writes it.
FOREIGN_KEY = re.compile(rb"( FOREIGN KEY (?:[^;\"]|\"(?:[^\"]|\"\")*\")*)(?<! NOT VALID);")


class Entry(NamedTuple):
    """An object of a dump. ``text`` is its SQL, with the settings ahead of it."""

    kind: str
    name: str
    text: bytes

    @property
    def label(self) -> str:
        """Return what it is, as people say it."""
        return "%s %s" % (self.kind.lower(), self.name)


class Dump(NamedTuple):
    """A dump in its parts.

    :ivar head: the settings that all of it is loaded under.
    """

    head: bytes
    entries: Tuple[Entry, ...]

    def parts(self) -> Tuple[Sequence[Entry], Sequence[Entry]]:
        """Return what is made before the rows are there, and what is made afterwards."""
        behind = (index for index, entry in enumerate(self.entries) if entry.kind in BEHIND_ROWS)
        cut = next(behind, len(self.entries))
        return self.entries[:cut], self.entries[cut:]


class LeftOut(NamedTuple):
    """An object that couldn't be loaded, and why."""

    entry: Entry
    reason: str


def read_entries(data: bytes, server_version: int) -> Dump:
    """Take a dump apart.

    :param server_version: of the server that it is to be loaded into, as libpq gives it.
    :raises DumpError: when a line in it is a command of psql's: no honest server prints such a thing.
    """
    heads: List[Any] = []
    end = len(data)
    for mark in marks(data):
        if mark.lastgroup == "owner":
            heads.append(mark)
        elif mark.lastgroup == "trailer":
            end = min(end, mark.start())
        elif mark.lastgroup == "command":
            _refuse_command(data, mark.start(), bool(heads) and mark.start() < end)
    starts = [mark.start() for mark in heads] + [end]
    head = b"\n".join(line for line in data[: starts[0]].split(b"\n") if not RESTRICT.match(line))
    if server_version < TRANSACTION_TIMEOUT_SINCE:
        head = head.replace(TRANSACTION_TIMEOUT, b"")
    return Dump(head, tuple(_entry(mark, data[start:stop]) for mark, start, stop in zip(heads, starts, starts[1:])))


def _refuse_command(data: bytes, start: int, inside: bool) -> None:
    line = data[start : data.find(b"\n", start) if b"\n" in data[start:] else len(data)]
    if inside or not RESTRICT.match(line):
        raise DumpError(
            "the server has printed a command for psql in the middle of its schema (%s)"
            % line[:60].decode("utf-8", "backslashreplace")
        )


def _entry(mark: Any, text: bytes) -> Entry:
    kind, schema, name = (mark[group].decode("utf-8", "backslashreplace") for group in ("type", "schema", "name"))
    return Entry(kind, name if schema == "-" else "%s.%s" % (schema, name), text)


def not_validated(foreign_key: bytes) -> bytes:
    """Return the statement that adds a foreign key without looking at the rows that are there."""
    return FOREIGN_KEY.sub(rb"\1 NOT VALID;", foreign_key, count=1)


def load(connection: Any, entries: Sequence[Entry], tolerant: bool = False) -> Tuple[LeftOut, ...]:
    """Execute the entries, in messages of many.

    :param connection: one in autocommit, which has executed the head.
    :param tolerant: leave out what fails, and go on.
    :returns: what was left out.
    :raises DatabaseError: at the first failure, unless tolerant.
    """
    left_out: List[LeftOut] = []
    for group in _groups(entries):
        try:
            send(connection, b"".join(entry.text for entry in group))
        except deps.DatabaseError:
            if not tolerant or connection.closed:
                raise
            left_out += _one_by_one(connection, group)
    return tuple(left_out)


def send(connection: Any, text: bytes) -> None:
    """Execute a text as it is."""
    with connection.cursor() as cursor:
        deps.BaseCursor.execute(cursor, text)


def _one_by_one(connection: Any, entries: Sequence[Entry]) -> Iterator[LeftOut]:
    for entry in entries:
        reason = _fails(connection, entry)
        if reason is not None:
            yield LeftOut(entry, reason)


def _fails(connection: Any, entry: Entry) -> Optional[str]:
    try:
        send(connection, entry.text)
        return None
    except deps.DatabaseError as error:
        if connection.closed:
            raise
        return str(error.diag.message_primary or error)


def _groups(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), ENTRIES_A_MESSAGE):
        yield entries[start : start + ENTRIES_A_MESSAGE]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loads a dump of a schema through libpq: what another server has printed is SQL for the copy, and nothing else.

No program reads it: to psql, a line that begins with a backslash is a command on the host that runs the task.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .... import deps
from ....sql.statements import SplitError, split
from ....wording import some
from ..dump import DumpError, marks, without_attver
from ..server_errors import first_words

# A message is a transaction. Thousands of tables in one would take the server's locks away from others.
ENTRIES_A_MESSAGE = 200

# Around a dump, for psql alone; the word is pg_dump's own, or ours.
RESTRICT = re.compile(rb"\\(?:un)?restrict [A-Za-z0-9]+$")
RESTRICT_LINE = re.compile(rb"^\\(?:un)?restrict [A-Za-z0-9]+\n", re.MULTILINE)
# Within so many bytes of a dump's ends, where no text of the schema is yet, or any more.
HEAD, TAIL = 200, 100
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


# What says whose an object is and who may use it, apart from the object itself.
RIGHTS = re.compile(
    r"ALTER (?:[A-Z]+ )+(?:[^;]* )?OWNER TO |GRANT |REVOKE |ALTER DEFAULT PRIVILEGES |SET SESSION AUTHORIZATION "
    r"|COMMENT ON EXTENSION |SECURITY LABEL "
)

# A name that isn't found without a search_path, or found as something else.
NOT_FOUND = frozenset(
    [
        *(deps.errorcodes.UNDEFINED_FUNCTION, deps.errorcodes.UNDEFINED_TABLE, deps.errorcodes.UNDEFINED_OBJECT),
        *(deps.errorcodes.UNDEFINED_COLUMN, deps.errorcodes.INVALID_SCHEMA_NAME),
    ]
)
# What a statement may fail of because something was left out.
FAILS_OF_LACK = NOT_FOUND | {
    deps.errorcodes.INSUFFICIENT_PRIVILEGE,
    deps.errorcodes.UNDEFINED_FILE,
    deps.errorcodes.FEATURE_NOT_SUPPORTED,
}
# What runs nothing as it is made, or as its owner: a superuser may make that with the owner's search_path.
HARMLESS = frozenset(["INDEX", "CONSTRAINT", "VIEW", "MATERIALIZED VIEW", "MATERIALIZED VIEW DATA"])

# Puts another search_path around an entry. An error takes it back, for a message is a transaction.
WITH_PATH = "SELECT pg_catalog.set_config('search_path', {path}, false);\n"
WITHOUT_PATH = b"\nSELECT pg_catalog.set_config('search_path', '', false);"

# Of what is left out, so many are named.
MOST_NAMED = 10

# Behind an entry may stand what the next ones are made under.
SETTINGS_BEHIND = re.compile(rb"(?:^SET default_\w+ = [^\n]*;\n\s*)+\Z", re.MULTILINE)

REFRESH = "REFRESH MATERIALIZED VIEW {view}"


class Entry(NamedTuple):
    """An object of a dump. ``text`` is its SQL, with the settings ahead of it."""

    kind: str
    schema: Optional[str]
    name: str
    text: bytes

    @property
    def label(self) -> str:
        """Return what it is, as people say it."""
        return "%s %s" % (self.kind.lower(), ".".join(filter(None, [self.schema, self.name])))

    def settings_behind(self) -> bytes:
        """Return the SQL that it ends with and that is for those behind it: they need it where this one isn't made."""
        behind = SETTINGS_BEHIND.search(self.text)
        return behind.group() if behind else b""

    def is_about(self, other: Entry) -> bool:
        """Return whether it is a remark about another object: a comment, a grant."""
        return self.schema == other.schema and self.name == "%s %s" % (other.kind, other.name)


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
    """An object that couldn't be loaded, and why.

    :ivar rights_only: it is there, but isn't whose it should be, or lacks a grant.
    """

    entry: Entry
    reason: str
    rights_only: bool = False


class Tolerance(NamedTuple):
    """How to load what doesn't load at once.

    :ivar path: the search_path of the database's own sessions, as the server writes it.
    :ivar by_superuser: whether a superuser loads, who mustn't run code of owners.
    """

    path: str
    by_superuser: bool


def read_entries(data: bytes, server_version: int) -> Dump:
    """Take a dump apart.

    :param server_version: of the server that it is to be loaded into, as libpq gives it.
    :raises DumpError: when a line in it is a command of psql's: no honest server prints such a thing.
    """
    heads: List[Any] = []
    data = without_attver(data)
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


def fingerprint(data: bytes) -> str:
    """Return a digest of a dump, but for the words around it, which are others each time."""
    ends = [RESTRICT_LINE.sub(b"", part) for part in (data[:HEAD], data[-TAIL:])]
    return hashlib.sha256(ends[0] + data[HEAD:-TAIL] + ends[1]).hexdigest()


def _refuse_command(data: bytes, start: int, inside: bool) -> None:
    line = data[start : data.find(b"\n", start) if b"\n" in data[start:] else len(data)]
    if inside or not RESTRICT.match(line):
        raise DumpError(
            "the server has printed a command for psql in the middle of its schema (%s)"
            % line[:60].decode("utf-8", "backslashreplace")
        )


def _entry(mark: Any, text: bytes) -> Entry:
    kind, schema, name = (mark[group].decode("utf-8", "backslashreplace") for group in ("type", "schema", "name"))
    return Entry(kind, None if schema == "-" else schema, name, text)


def refreshes(entries: Sequence[Entry], populated: Sequence[Tuple[str, str]]) -> List[Entry]:
    """Return what fills the materialized views, in the order in which they depend on each other.

    :param populated: schema and name of those that are filled.
    """
    views = [each for each in entries if each.kind == "MATERIALIZED VIEW" and (each.schema, each.name) in populated]
    return [each._replace(kind="MATERIALIZED VIEW DATA", text=_refresh(each)) for each in views]


def _refresh(view: Entry) -> bytes:
    name = ".".join('"%s"' % part.replace('"', '""') for part in (view.schema, view.name) if part is not None)
    return REFRESH.format(view=name).encode()


def not_validated(foreign_key: bytes) -> bytes:
    """Return the statement that adds a foreign key without looking at the rows that are there."""
    return FOREIGN_KEY.sub(rb"\1 NOT VALID;", foreign_key, count=1)


def load(connection: Any, entries: Sequence[Entry], tolerance: Optional[Tolerance] = None) -> Tuple[LeftOut, ...]:
    """Execute the entries, in messages of many.

    :param connection: one in autocommit, which has executed the head.
    :param tolerance: how to try again what fails, before it is left out.
    :returns: what was left out.
    :raises DatabaseError: at the first failure, unless there is tolerance.
    """
    left_out: List[LeftOut] = []
    for group in groups(entries):
        try:
            send(connection, b"".join(entry.text for entry in group))
        except deps.DatabaseError:
            if tolerance is None or connection.closed:
                raise
            left_out += filter(None, (_insist(connection, entry, tolerance) for entry in group))
    return tuple(left_out)


def send(connection: Any, text: bytes) -> None:
    """Execute a text as it is."""
    with connection.cursor() as cursor:
        deps.BaseCursor.execute(cursor, text)


def _insist(connection: Any, entry: Entry, tolerance: Tolerance) -> Optional[LeftOut]:
    """Load one entry in one of several ways. Return why it isn't there as it should be."""
    error = _failure(connection, entry.text)
    if error is None:
        return None
    may_have_path = not tolerance.by_superuser or entry.kind in HARMLESS
    with_path = path_around(connection, entry.text, tolerance.path)
    if error.pgcode in NOT_FOUND and may_have_path and _failure(connection, with_path) is None:
        return None
    left_out = _by_statements(connection, entry, error)
    if entry.settings_behind():
        _failure(connection, entry.settings_behind())
    return left_out


def path_around(connection: Any, text: bytes, path: str) -> bytes:
    """Return an entry's SQL with another search_path around it."""
    before = deps.sql.SQL(WITH_PATH).format(path=deps.sql.Literal(path)).as_string(connection).encode()
    return bytes(before + text + WITHOUT_PATH)


def _by_statements(connection: Any, entry: Entry, error: Any) -> LeftOut:
    """Load an entry without what can't be said of its owner and its grants."""
    whole = LeftOut(entry, first_words(error))
    try:
        statements = split(entry.text.decode("utf-8", "surrogateescape"))
    except SplitError:
        return whole
    made = [each.text for each in statements if not RIGHTS.match(each.text)]
    if not made or _failure(connection, "".join(made).encode("utf-8", "surrogateescape")) is not None:
        rights_only = not made and entry.kind in ("ACL", "DEFAULT ACL")
        return whole._replace(rights_only=rights_only)
    for each in statements:
        if RIGHTS.match(each.text):
            _failure(connection, each.text.encode("utf-8", "surrogateescape"))
    return whole._replace(rights_only=True)


def _failure(connection: Any, text: bytes) -> Any:
    """Return what the server has against a text; None: nothing."""
    try:
        send(connection, text)
        return None
    except deps.DatabaseError as error:
        if connection.closed:
            raise
        return error


def groups(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the entries in parts, a message each."""
    for start in range(0, len(entries), ENTRIES_A_MESSAGE):
        yield entries[start : start + ENTRIES_A_MESSAGE]


def listed(names: Sequence[str]) -> str:
    """Return names in words; of many, the first."""
    return some(names, MOST_NAMED)

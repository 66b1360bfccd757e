# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of a database for one rehearsal: another database on the same server. It is the port Copies.

It has all objects, without those who made them, and of the rows what was asked for.
"""

from __future__ import annotations

import re
import secrets
from contextlib import ExitStack, closing, contextmanager
from typing import Any, Callable, ContextManager, Iterator, List, Optional, Sequence, Tuple

from ... import errors
from ...schema.snapshot import Snapshot
from ..copying import RehearsalImpossible
from ..tools import Tools
from .composed import composed, quoted
from .connection import Target, connect
from .containment import Containment, names_of_databases, refusing_connections, why_outside
from .driver_errors import first_words
from .lock import name_of
from .observing import tells_copies
from .snapshots import Shown, objects_of, properties_of, snapshot_of

PREFIX = "pgops_rehearsal_"

CREATE = "CREATE DATABASE {name}"
LIKE = " CHARACTER SET %s COLLATE %s"
DROP = "DROP DATABASE IF EXISTS {name}"
TAKE = "SELECT GET_LOCK(%s, 0)"
IS_FREE = "SELECT IS_FREE_LOCK(%s)"
ABANDONED = "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'pgops\\\\_rehearsal\\\\_%'"
LOADING = "SET SESSION foreign_key_checks = 0, SESSION unique_checks = 0"
MODE = "SET SESSION sql_mode = %s"
SCHEDULER = "SELECT @@global.event_scheduler"

# Columns that the server computes can't be written.
COLUMNS = """
SELECT column_name FROM information_schema.columns
 WHERE table_schema = %s AND table_name = %s AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position
"""
ORDER = ("SEQUENCE", "TABLE", "FUNCTION", "PROCEDURE", "PACKAGE", "PACKAGE BODY", "VIEW", "TRIGGER", "EVENT")
ALL = ("all",)
LEFT_OUT = "%s %s: left out of the copy (%s)"
# What a table does as rows are written: it takes the next number of a sequence.
COUNTS = re.compile(r"\bnextval\s*\(", re.IGNORECASE)
BLIND = "whether tables are copied (this user hasn't the right PROCESS)"
NO_SCRATCH = "no scratch database can be made on the server: %s"
MAY_MAKE = "Let this user make one: GRANT ALL ON `pgops\\_rehearsal\\_%`.* TO …"


class DatabaseCopy:
    """A copy of a database, as a place to rehearse in: see databases/postgresql/copies/place.py.

    :ivar original: the snapshot of what was copied; None: there is nothing yet.
    :ivar unproved: what it could not be given.
    """

    on = "server"
    is_whole = is_exact = True
    changes: Sequence[Any] = ()

    def __init__(self, target: Target, admin: Any, original: Optional[Snapshot]) -> None:
        self.target = self.dumps_as = target
        self.original = original
        self.unproved: List[str] = []
        self.place = "a scratch database on %s" % (target.address or "").rpartition("/")[0]
        self._admin = admin
        self.guarded: Tuple[str, ...] = ()

    def contain(self, note: Callable[[Any], None]) -> Containment:
        """Return what keeps steps inside of it."""
        with self._admin.cursor() as cursor:
            cursor.execute(SCHEDULER)
            runs_events = cursor.fetchone()[0] not in ("OFF", "DISABLED")
        others = names_of_databases(self._admin) - {str(self.target.database).lower()}
        return Containment(others, frozenset(self.guarded), runs_events)

    def watching(self, guard: Containment) -> ContextManager[None]:
        """Refuse connections that a script opens itself."""
        return refusing_connections(guard)

    def stops_at(self, error: errors.MigrationError) -> Optional[str]:
        """Return why a step's error tells nothing of the original."""
        return None


@contextmanager
def whole(
    target: Target, tools: Tools, data: Sequence[str], exclude: Sequence[str], original: Any = None
) -> Iterator[DatabaseCopy]:
    """Lend a copy of a database, or an empty one where there is none; it is dropped afterwards.

    :param data: the tables whose rows it gets; ("all",): every one.
    :param exclude: the quoted names of tables that are ours.
    :raises RehearsalImpossible: when none can be made.
    """
    try:
        admin = connect(target.with_database(None), "pg_migrate rehearsal")
    except errors.ConnectError as error:
        raise RehearsalImpossible(error.message, hint=error.hint) from None
    with ExitStack() as stack:
        stack.callback(admin.close)
        try:
            shown, properties = _read(target, exclude)
            name = stack.enter_context(scratch(admin, properties))
        except admin.Error as error:
            raise RehearsalImpossible(NO_SCRATCH % first_words(error), hint=MAY_MAKE) from None
        original = None if shown is None else snapshot_of(shown, properties)
        copy = DatabaseCopy(target.with_database(name), admin, original)
        _fill(copy, admin, shown or [], target.database, data)
        if not _tells_copies(copy):
            copy.unproved.append(BLIND)
        yield copy


@contextmanager
def scratch(admin: Any, properties: Tuple[str, ...]) -> Iterator[str]:
    """Lend the name of an empty database, which is dropped afterwards.

    :param properties: its character set and collation; none: the server's.
    """
    sweep(admin)
    name = _create(admin, properties)
    try:
        yield name
    finally:
        if not admin.closed:
            with admin.cursor() as cursor:
                cursor.execute(composed(DROP, name=name))


def _tells_copies(copy: DatabaseCopy) -> bool:
    with closing(connect(copy.target, "pg_migrate rehearsal")) as connection:
        return tells_copies(connection)


def sweep(admin: Any) -> None:
    """Drop scratch databases that a killed run has left."""
    with admin.cursor() as cursor:
        cursor.execute(ABANDONED)
        for (name,) in cursor.fetchall():
            cursor.execute(IS_FREE, [name_of(name)])
            if cursor.fetchone()[0] == 1:
                cursor.execute(composed(DROP, name=name))


def _read(target: Target, exclude: Sequence[str]) -> Tuple[Optional[List[Shown]], Tuple[str, ...]]:
    try:
        with closing(connect(target, "pg_migrate rehearsal")) as connection:
            return objects_of(connection, frozenset(exclude)), properties_of(connection)
    except errors.DatabaseMissing:
        return None, ()


def _create(admin: Any, properties: Tuple[str, ...]) -> str:
    """Make a database whose lock this session has, so that nobody sweeps it away."""
    name = PREFIX + secrets.token_hex(8)
    with admin.cursor() as cursor:
        cursor.execute(TAKE, [name_of(name)])
        cursor.execute(composed(CREATE, name=name) + (LIKE % properties if properties else ""))
    return name


def _fill(copy: DatabaseCopy, admin: Any, shown: Sequence[Shown], source: Optional[str], data: Sequence[str]) -> None:
    others = names_of_databases(admin)
    with closing(connect(copy.target, "pg_migrate rehearsal")) as connection, connection.cursor() as cursor:
        cursor.execute(LOADING)
        waiting = sorted(shown, key=lambda each: ORDER.index(each.kind))
        tables = [each for each in waiting if each.kind == "TABLE"]
        _make(copy, cursor, [each for each in waiting if ORDER.index(each.kind) < ORDER.index("FUNCTION")], others)
        for each in tables:
            if tuple(data) == ALL or each.name in data:
                _copy_rows(cursor, source or "", str(copy.target.database), each.name)
        connection.commit()
        _make(copy, cursor, [each for each in waiting if ORDER.index(each.kind) >= ORDER.index("FUNCTION")], others)


def _make(copy: DatabaseCopy, cursor: Any, waiting: Sequence[Shown], others: Any) -> None:
    """Make objects; one that needs another is tried again behind it. What can't be made is named."""
    left = [(each, "") for each in waiting if not _is_kept_out(copy, each, others)]
    while left:
        failed = [(each, _made(cursor, each)) for each, dummy in left]
        failed = [(each, said) for each, said in failed if said]
        if len(failed) == len(left):
            copy.unproved += [LEFT_OUT % (each.kind.lower(), each.name, said) for each, said in failed]
            return
        left = failed


def _made(cursor: Any, each: Shown) -> str:
    """Make an object. Return what was said against it; '': it is made."""
    try:
        if each.mode is not None:
            cursor.execute(MODE, [each.mode])
        cursor.connection.plain(each.text)
    except cursor.connection.Error as error:
        return first_words(error)
    return ""


def _is_kept_out(copy: DatabaseCopy, each: Shown, others: Any) -> bool:
    """Return whether an object would reach out of the copy as it works; a view is kept from being written through."""
    if each.text is None:
        copy.unproved.append(LEFT_OUT % (each.kind.lower(), each.name, "this user may not see it"))
        return True
    works = each.kind not in ("TABLE", "SEQUENCE") or COUNTS.search(each.text)
    outside = why_outside(each.text, others) if works else None
    if outside is None:
        return False
    if each.kind == "VIEW":
        copy.guarded += (each.name.lower(),)
        return False
    copy.unproved.append(LEFT_OUT % (each.kind.lower(), each.name, outside))
    return True


def _copy_rows(cursor: Any, source: str, copy: str, table: str) -> None:
    cursor.execute(COLUMNS, [source, table])
    columns = ", ".join(quoted(name) for (name,) in cursor.fetchall())
    statement = composed("INSERT INTO {copy}.{table} (", copy=copy, table=table) + columns + ") SELECT " + columns
    cursor.connection.plain(statement + composed(" FROM {source}.{table}", source=source, table=table))

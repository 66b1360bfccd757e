# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas as comparable text: what SHOW CREATE says of each object. It is the port Snapshots.

Not mariadb-dump's text: SHOW CREATE gives it by object, needs no program, and is what that program asks as well.
"""

from __future__ import annotations

import re
from contextlib import closing
from types import MappingProxyType
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ... import errors
from ...schema.snapshot import ObjectKey, Snapshot
from ...schema.unreadable import Unreadable
from .composed import composed, quoted
from .connection import connect
from .driver_errors import first_words

DATABASE = """
SELECT default_character_set_name, default_collation_name FROM information_schema.schemata
 WHERE schema_name = DATABASE()
"""
TABLES = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()"
ROUTINES = "SELECT routine_name, routine_type FROM information_schema.routines WHERE routine_schema = DATABASE()"
TRIGGERS = "SELECT trigger_name, 'TRIGGER' FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
EVENTS = "SELECT event_name, 'EVENT', starts = created FROM information_schema.events WHERE event_schema = DATABASE()"

# The statement that shows one, and in which column of its answer the text stands, and the sql_mode that it needs.
SHOWN = {
    "TABLE": ("SHOW CREATE TABLE {name}", 1, None),
    "VIEW": ("SHOW CREATE VIEW {name}", 1, None),
    "SEQUENCE": ("SHOW CREATE SEQUENCE {name}", 1, None),
    "PROCEDURE": ("SHOW CREATE PROCEDURE {name}", 2, 1),
    "FUNCTION": ("SHOW CREATE FUNCTION {name}", 2, 1),
    "PACKAGE": ("SHOW CREATE PACKAGE {name}", 2, 1),
    "PACKAGE BODY": ("SHOW CREATE PACKAGE BODY {name}", 2, 1),
    "TRIGGER": ("SHOW CREATE TRIGGER {name}", 2, 1),
    "EVENT": ("SHOW CREATE EVENT {name}", 3, 1),
}
KINDS = {"BASE TABLE": "TABLE", "SYSTEM VERSIONED": "TABLE"}

# Who made an object, and the next number of a column, are no part of a schema.
DEFINER = re.compile(r"^(CREATE(?: OR REPLACE)?(?: ALGORITHM=\w+)?) DEFINER=(?:`[^`]*`@`[^`]*`|`[^`]*`|\S+)")
COUNTER = re.compile(r" AUTO_INCREMENT=\d+(?= |$)")
STRING = re.compile(r"'(?:[^'\\]|\\.|'')*'", re.DOTALL)
STARTS = re.compile(r" STARTS '[^']*'")


class Shown(NamedTuple):
    """One object of a database.

    :ivar text: the statement that makes it, without its end; None: this user may not see it.
    :ivar mode: the sql_mode that it was made with; None: it has none.
    """

    kind: str
    name: str
    text: Optional[str]
    mode: Optional[str] = None

    @property
    def key(self) -> ObjectKey:
        """Return what it is called in a snapshot."""
        return ObjectKey(self.kind, "", self.name)


class SchemaReader:
    """Reads the schema of a database, without the tables that are ours."""

    version = 3
    name = ""

    def __init__(self, exclude: Sequence[str]) -> None:
        self.exclude: FrozenSet[str] = frozenset(exclude)
        self.left_out: Tuple[Unreadable, ...] = ()

    def take(self, target: Any, earlier: Optional[Snapshot] = None) -> Snapshot:
        """Return the snapshot of a database.

        :raises SchemaUnread: when it can't be read.
        """
        try:
            with closing(connect(target, "pg_migrate schema")) as connection:
                shown = objects_of(connection, self.exclude)
                properties = properties_of(connection)
                self.name = server_of(connection)
        except errors.MigrationError:
            raise
        except Exception as error:
            if type(error).__module__.startswith("pymysql"):
                message = "The schema of %s can't be read: %s" % (target.address, first_words(error))
                raise errors.SchemaUnread(message) from None
            raise
        self.left_out = tuple(Unreadable("", "%s %s" % (each.kind, each.name)) for each in shown if each.text is None)
        return snapshot_of(shown, properties)

    def begin(self, target: Any, earlier: Optional[Snapshot] = None) -> Callable[[], Snapshot]:
        """Look at a database; return what makes the snapshot."""
        snapshot = self.take(target)
        return lambda: snapshot

    def advice(self, connection: Any) -> Optional[str]:
        """Return what to warn of: nothing."""
        return None


def reader(connection: Any, tools: Any, exclude: Sequence[str], whole: bool = True, patience: int = 3) -> SchemaReader:
    """Return what reads the schema of a database."""
    return SchemaReader(exclude)


def renewed(text: str) -> str:
    """Return an object's statements, kept in the first format, in the present one: it is the same."""
    return text


def of_anybody(kind: str, text: str, role: str) -> str:
    """Return an object's statements without whose it is: they don't say that."""
    return text


def snapshot_of(shown: Sequence[Shown], properties: Sequence[str]) -> Snapshot:
    """Return objects as a snapshot."""
    objects: Dict[ObjectKey, str] = {}
    if properties:
        text = "ALTER DATABASE CHARACTER SET " + " COLLATE ".join(properties) + ";"
        objects[ObjectKey("DATABASE PROPERTIES", "", "")] = text
    for each in shown:
        if each.text is not None:
            objects[each.key] = each.text + ";"
    return Snapshot(MappingProxyType(objects))


def properties_of(connection: Any) -> Tuple[str, ...]:
    """Return the character set and the collation of a connection's database."""
    with connection.cursor() as cursor:
        cursor.execute(DATABASE)
        return tuple(cursor.fetchone() or ())


def server_of(connection: Any) -> str:
    """Return whose server it is, with its version as far as what it shows may depend on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        version = str(cursor.fetchone()[0])
    return "%s %s" % ("MariaDB" if "mariadb" in version.lower() else "MySQL", ".".join(version.split(".")[:2]))


def objects_of(connection: Any, exclude: FrozenSet[str]) -> List[Shown]:
    """Return what a database holds, but for the tables whose quoted names are excluded."""
    with connection.cursor() as cursor:
        found: List[Tuple[str, str, Any]] = []
        for query in (TABLES, ROUTINES, TRIGGERS):
            cursor.execute(query)
            found += [(name, KINDS.get(kind, kind), False) for name, kind in cursor.fetchall()]
        cursor.execute(EVENTS)
        found += cursor.fetchall()
        return [
            _shown(cursor, kind, name, bool(by_default))
            for name, kind, by_default in found
            if kind in SHOWN and '"%s"' % name.replace('"', '""') not in exclude and quoted(name) not in exclude
        ]


def _within(text: str, database: str) -> str:
    """Return a statement without the name of its own database: in a copy, it would lead back to the original."""
    own = quoted(database) + "."
    return "".join(part if is_string else part.replace(own, "") for part, is_string in _parts(text))


def _parts(text: str) -> Iterator[Tuple[str, bool]]:
    """Yield a text in parts, with whether each is a string."""
    end = 0
    for string in STRING.finditer(text):
        yield text[end : string.start()], False
        yield string.group(), True
        end = string.end()
    yield text[end:], False


def _shown(cursor: Any, kind: str, name: str, starts_by_default: bool) -> Shown:
    query, place, mode = SHOWN[kind]
    cursor.execute(composed(query, name=name))
    row = cursor.fetchone()
    text = row[place]
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text is None:
        return Shown(kind, name, None)
    text = _within(DEFINER.sub(r"\1", text), cursor.connection.database)
    if kind == "TABLE":
        head, bracket, tail = text.rpartition("\n)")
        text = head + bracket + COUNTER.sub("", tail)
    elif kind == "EVENT" and starts_by_default:  # nobody has said when: it is when it was made
        text = STARTS.sub("", text, count=1)
    return Shown(kind, name, text, None if mode is None else row[mode])

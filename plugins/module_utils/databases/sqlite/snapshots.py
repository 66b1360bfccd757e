# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas as comparable text: the statements that SQLite keeps of each object. It is the port Snapshots."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from types import MappingProxyType
from typing import Any, Callable, Dict, Optional, Sequence, Tuple

from ... import errors
from ...schema.snapshot import ObjectKey, Snapshot
from ...schema.unreadable import Unreadable
from .composed import quoted
from .connection import connect

# sqlite_sequence and the like are SQLite's own; indexes without a statement come with a constraint.
OBJECTS = """
SELECT type, name, tbl_name, sql FROM sqlite_master
 WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
"""
PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# Words that need quotes to be names: of https://sqlite.org/lang_keywords.html what SQLite doesn't take as it is.
WORDS = """
ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT CONSTRAINT CREATE DEFAULT DEFERRABLE
DELETE DISTINCT DROP ELSE ESCAPE EXCEPT EXISTS FOREIGN FROM GROUP HAVING IF IN INDEX INSERT INTERSECT INTO IS
ISNULL JOIN LIMIT NOT NOTHING NOTNULL NULL ON OR ORDER PRIMARY REFERENCES RETURNING SELECT SET TABLE THEN TO
TRANSACTION UNION UNIQUE UPDATE USING VALUES WHEN WHERE
"""
RESERVED = frozenset(WORDS.split())

# What an application has numbered its file with.
NUMBERS = {name: "PRAGMA " + name for name in ("user_version", "application_id")}


class SchemaReader:
    """Reads the schema of a file, without the tables that are ours."""

    left_out: Tuple[Unreadable, ...] = ()
    version = 3
    name = "SQLite 3"

    def __init__(self, exclude: Sequence[str]) -> None:
        self.exclude = frozenset(exclude)

    def take(self, target: Any, earlier: Optional[Snapshot] = None) -> Snapshot:
        """Return the snapshot of a file.

        :raises SchemaUnread: when it can't be read.
        """
        try:
            with closing(connect(target.for_reading(), "")) as connection, connection.cursor() as cursor:
                found = cursor.execute(OBJECTS).fetchall()
                numbers = [(name, cursor.execute(number).fetchone()[0]) for name, number in NUMBERS.items()]
        except (errors.MigrationError, sqlite3.Error) as error:
            raise errors.SchemaUnread("The schema of %s can't be read: %s" % (target.path, error)) from None
        objects: Dict[ObjectKey, str] = {
            ObjectKey("DATABASE PROPERTIES", "", name): "PRAGMA %s = %d;" % (name, value)
            for name, value in numbers
            if value
        }
        for kind, name, table, text in found:
            if quoted(table) not in self.exclude:
                objects[ObjectKey(kind.upper(), "", name)] = _plainly_named(text, name) + ";"
        return Snapshot(MappingProxyType(objects))

    def begin(self, target: Any, earlier: Optional[Snapshot] = None) -> Callable[[], Snapshot]:
        """Look at a file; return what makes the snapshot."""
        snapshot = self.take(target)
        return lambda: snapshot

    def advice(self, connection: Any) -> Optional[str]:
        """Return what to warn of: nothing."""
        return None


def reader(connection: Any, tools: Any, exclude: Sequence[str], whole: bool = True, patience: int = 3) -> SchemaReader:
    """Return what reads the schema of a connection's file."""
    return SchemaReader(exclude)


def renewed(text: str) -> str:
    """Return an object's statements, kept in the first format, in the present one: it is the same."""
    return text


def of_anybody(kind: str, text: str, role: str) -> str:
    """Return an object's statements without whose it is: they don't say that."""
    return text


def _plainly_named(text: str, name: str) -> str:
    """Return a statement with its table's name unquoted, where that will do: a renamed table gets quotes by SQLite.

    So a table that was made anew, as SQLite's manual says, is the same as before.
    """
    if not PLAIN_NAME.fullmatch(name) or name.upper() in RESERVED:
        return text
    head = "CREATE TABLE " + quoted(name)
    return "CREATE TABLE " + name + text[len(head) :] if text.startswith(head) else text

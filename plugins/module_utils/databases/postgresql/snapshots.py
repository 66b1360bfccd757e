# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes snapshots: one pg_dump, read through schema/."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any, Callable, Match, Optional, Sequence, Tuple

from ... import errors
from ...schema.snapshot import Snapshot
from ...schema.unreadable import Unreadable, labels
from ..tools import Tools
from . import client
from .blockers import sentence
from .connection import Target, connect
from .dump import DumpError, parse_dump, renewed
from .unreadable import lockers, option, unreadable

# The port of snapshots: see databases/port.py.
__all__ = ["SchemaReader", "of_anybody", "parse", "reader", "renewed"]

# What a database is in whose bytes the server doesn't read: they need not be UTF-8.
PLAIN = "SQL_ASCII"

RIGHTS = ("ACL", "DEFAULT ACL")
OWNER = re.compile(r"\n+ALTER [A-Z ]+ [^\n]* OWNER TO (?P<role>[^\n]*);\Z")
IN_RIGHTS = re.compile(r"(?P<word> TO | FROM |FOR ROLE )(?P<role>\"(?:[^\"]|\"\")*\"|[^\s\";,]+)(?=[;, ])")


class SchemaReader:
    """One pg_dump for all snapshots of a run, so that two of them differ only where the schemas do.

    :ivar exclude: quoted names of the tables that are none of the schema's: the history.
    :ivar left_out: what was met until now that the role may not read.
    """

    def __init__(
        self, tools: Tools, pg_dump: client.Client, exclude: Sequence[str], whole: bool = True, patience: int = 3
    ) -> None:
        """Take what to read with.

        :param whole: what the role may not read is an error; else it is left out.
        :param patience: how often to try while somebody holds a lock that lets nobody read.
        """
        self.tools, self.pg_dump, self.exclude = tools, pg_dump, tuple(exclude)
        self.whole, self.patience = whole, patience
        self.left_out: Tuple[Unreadable, ...] = ()
        self._encoding = "UTF8"

    def take(self, target: Target, earlier: Optional[Snapshot] = None) -> Snapshot:
        """Return the snapshot of a database.

        :param earlier: one that it is likely to share most of its text with.
        :raises SchemaUnread: when pg_dump fails.
        """
        return parse(self.dump(target), earlier)

    def begin(self, target: Target, earlier: Optional[Snapshot] = None) -> Callable[[], Snapshot]:
        """Look at a database. Return what makes the snapshot of that: it takes its time, and no connection.

        :raises SchemaUnread: when pg_dump fails.
        """
        dump = self.dump(target)
        return lambda: parse(dump, earlier)

    @property
    def version(self) -> int:
        """Return the major version of what reads: another one prints differently."""
        return self.pg_dump.version[0]

    @property
    def name(self) -> str:
        """Return what reads, with its major version."""
        return "pg_dump %d" % self.version

    def advice(self, connection: Any) -> Optional[str]:
        """Return what to warn of, if what reads doesn't quite go with the server."""
        return client.older_than(self.pg_dump, connection.server_version)

    def dump(self, target: Target, exclude: Optional[Sequence[str]] = None, options: Sequence[str] = ()) -> bytes:
        """Return the schema as SQL.

        :param exclude: quoted names of the tables to leave out; None: the reader's own.
        :raises SchemaUnread: when pg_dump fails, and nothing can be done about it.
        """
        tries, tables = 1, self.exclude if exclude is None else exclude
        with self.tools.file() as path:
            while True:
                more = ["--encoding=" + self._encoding, *options, *map(option, self.left_out)]
                try:
                    client.dump_schema(self.pg_dump, target, self.tools.run, path, tables, more)
                    with open(path, "rb") as stream:
                        return stream.read()
                except errors.SchemaUnread as error:
                    if not self._helped(target, error, tries):
                        raise
                tries += 1

    def _helped(self, target: Target, failure: errors.SchemaUnread, tries: int) -> bool:
        """Look why it failed. Return whether to try again; else the failure tells more than pg_dump did."""
        try:
            connection = connect(target, "pg_migrate")
        except errors.MigrationError:
            return False
        with closing(connection):
            new = tuple(each for each in unreadable(connection) if each not in self.left_out)
            blockers = () if new else lockers(connection)
            plain = connection.info.parameter_status("server_encoding") == PLAIN
        if new and self.whole:
            failure.message = "The schema can't be read as a whole: %s" % labels(new)
            failure.hint = "Grant USAGE on the schemas and SELECT on the tables to the role that connects."
            return False
        if new:
            self.left_out += new
        elif blockers:
            failure.message = "; ".join(filter(None, [failure.message, sentence(blockers)]))
            failure.blockers = blockers
            return tries < self.patience
        elif plain and self._encoding != PLAIN:
            self._encoding = PLAIN
        else:
            return False
        return True


def reader(
    connection: Any, tools: Tools, exclude: Sequence[str], whole: bool = True, patience: int = 3
) -> SchemaReader:
    """Return what reads the schema of a connection's database.

    :raises DependencyError: when there is no pg_dump that fits its server.
    """
    pg_dump = client.find("pg_dump", connection.server_version, tools.run, tools.bin_dir)
    return SchemaReader(tools, pg_dump, exclude, whole, patience)


def parse(dump: bytes, earlier: Optional[Snapshot] = None) -> Snapshot:
    """Return the snapshot that a dump holds.

    :raises SchemaUnread: when it is no whole dump.
    """
    try:
        return parse_dump(dump, earlier)
    except DumpError as error:
        raise errors.SchemaUnread("pg_dump's output can't be read: %s" % error, hint="Please report this.") from None


def of_anybody(kind: str, text: str, role: str) -> str:
    """Return an object's statements without whose it is, where it is this role's: it is then whoever's runs them."""
    if kind in RIGHTS:
        return IN_RIGHTS.sub(lambda found: _current(found, role), text)
    owner = OWNER.search(text)
    return text[: owner.start()] if owner is not None and _unquoted(owner["role"]) == role else text


def _current(found: Match[str], role: str) -> str:
    return found["word"] + ("CURRENT_USER" if _unquoted(found["role"]) == role else found["role"])


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name

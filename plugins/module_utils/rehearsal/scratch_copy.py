# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scratch copy of the target, ready to be worked on: its schema, its history, the rows that were asked for."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import Iterator, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.postgresql import client
from ..databases.postgresql.connection import Target, connect
from ..databases.postgresql.containment import Containment
from ..databases.postgresql.eyes import relations_of
from ..databases.postgresql.names import QualifiedName, parse_name
from ..databases.postgresql.scratch import Facts, RehearsalImpossible, Scratch, scratch_database
from ..databases.postgresql.snapshots import SchemaReader, read
from ..databases.tools import Tools
from ..history import history as history_room
from ..history.record import copy_rows, ensure
from ..run.hazards import TableWatch
from ..run.session import Session
from ..schema.snapshot import Snapshot

# rehearsal_data: all
ALL = ("all",)
# Rows satisfied their foreign keys once; the copy may lack what they refer to.
REPLICA = {"session_replication_role": "replica"}

NO_ROWS = "rows: the copy has none, so data moves ran on empty tables and constraints met no row"
SOME_ROWS = "rows: the copy has only those of %s"
ALL_ROWS = "rows: those of the moment when the copy was made"
TIMING = "time: how long statements take, and wait for locks, on the real tables under their real load"
OWNERS = "owners and grants: they had to be left out of the copy (%s)"


class Original(NamedTuple):
    """The database that is to be copied. ``target`` None: it doesn't exist yet."""

    target: Optional[Target]
    facts: Facts
    rows: Tuple[model.HistoryRow, ...]
    history_table: QualifiedName
    server_version: int


class Wishes(NamedTuple):
    """How to rehearse.

    :ivar server: where, and as whom.
    :ivar data: "all", or the tables whose rows the copy gets.
    :ivar extensions: what the copy of a database that isn't there yet gets.
    """

    server: Target
    data: Sequence[str] = ()
    super_user: str = "postgres"
    single_transaction: bool = False
    per_migration: bool = False
    extensions: Sequence[str] = ()


class ScratchCopy(NamedTuple):
    """A scratch copy that is ready to be worked on.

    :ivar base: the original's snapshot; None: there is no original yet.
    """

    scratch: Scratch
    reader: SchemaReader
    base: Optional[Snapshot]


@contextmanager
def scratch_copy(original: Original, wishes: Wishes, tools: Tools) -> Iterator[ScratchCopy]:
    """Make a scratch copy of the original; drop it at the end.

    :raises RehearsalImpossible: when no copy can be made.
    """
    with scratch_database(wishes.server, original.facts) as scratch:
        copier = Copier(original, wishes, tools, *_clients(original, scratch, tools))
        yield ScratchCopy(scratch, copier.reader, copier.fill(scratch))


@contextmanager
def session_on(copy: ScratchCopy, original: Original, wishes: Wishes) -> Iterator[Session]:
    """Open the copy as the runner wants it, with the original's history in it."""
    with closing(connect(copy.scratch.target, "pg_migrate")) as connection:
        history = ensure(connection, history_room.find(connection, original.history_table))
        copy_rows(original.rows, connection, history)
        tables = TableWatch(relations_of(connection))
        yield Session(
            connection,
            history,
            copy.scratch.target,
            wishes.super_user,
            wishes.single_transaction,
            tables=tables,
            guard=Containment(tables.note),
        )


def unproved_by(scratch: Scratch, wishes: Wishes) -> Tuple[str, ...]:
    """Return what a copy like this can't prove, a sentence each."""
    return (*scratch.unproved, _rows_sentence(wishes), TIMING)


def place(scratch: Scratch) -> str:
    """Return where the copy is, in words."""
    params = scratch.target.params
    return "a scratch copy on %s port %s" % (params.get("host", "the local socket"), params.get("port", "?"))


class Copier:
    """Fills a scratch database with the original's schema, and the rows that were asked for."""

    def __init__(
        self, original: Original, wishes: Wishes, tools: Tools, pg_dump: client.Client, psql: client.Client
    ) -> None:
        self.original, self.data, self.tools, self.psql = original, tuple(wishes.data), tools, psql
        self.extensions = wishes.extensions
        self.reader = SchemaReader(tools, pg_dump, history_room.History(original.history_table).tables())

    def fill(self, scratch: Scratch) -> Optional[Snapshot]:
        """Load schema and rows; return the original's snapshot, or None where there is no original yet."""
        target = self.original.target
        if target is None:
            self._extend(scratch)
            return None
        with self.tools.file() as path:
            self._dump(target, path, exclude=self.reader.exclude, schema=True)
            base = read(path)
            if self.data == ALL or self.original.facts.subscriptions:
                self._dump(target, path, "--no-subscriptions", exclude=self.reader.exclude)
            self._load(scratch, target, path)
        if self.data and self.data != ALL:
            self._rows(scratch, target)
        return base

    def _extend(self, scratch: Scratch) -> None:
        """Create the extensions that whoever creates the database will have created with it."""
        if not self.extensions:
            return
        from ..provision.administrator import execute
        from ..provision.extensions import creation

        with closing(connect(scratch.loader, "pg_migrate")) as connection:
            try:
                for name in self.extensions:
                    for statement in creation(name, scratch.name).statements:
                        execute(connection, statement)
            except errors.MigrationError as error:
                raise RehearsalImpossible("the copy can't be given its extensions: %s" % error.message) from None
            connection.commit()

    def _dump(
        self, target: Target, path: str, *options: str, exclude: Sequence[str] = (), schema: bool = False
    ) -> None:
        everything = self.data == ALL and not schema
        dump = client.dump_all if everything else client.dump_schema
        dump(self.reader.pg_dump, target, self.tools.run, path, exclude, options)

    def _load(self, scratch: Scratch, target: Target, path: str) -> None:
        """Load the dump. Where that fails, with the history in it, for a view may look at it; and where this user may
        not make everybody's objects, without owners and grants."""
        reason = self._try(scratch, path)
        if reason is None:
            return
        for options in (["--no-subscriptions"], ["--no-subscriptions", "--no-owner", "--no-privileges"]):
            self._dump(target, path, *options)
            scratch.recreate()
            left_out, failed = OWNERS % reason, self._try(scratch, path)
            if failed is None:
                scratch.unproved += [left_out] if "--no-owner" in options else []
                return
            reason = failed
        raise RehearsalImpossible("the schema can't be loaded into a copy: %s" % reason)

    def _try(self, scratch: Scratch, path: str) -> Optional[str]:
        """Load a dump; return why it failed, or None."""
        try:
            client.load(self.psql, scratch.loader, self.tools.run, path, scratch.admin.server_version)
            return None
        except errors.MigrationError as error:
            return error.message

    def _rows(self, scratch: Scratch, target: Target) -> None:
        names = [parse_name(table, "rehearsal_data").quoted() for table in self.data]
        with self.tools.file() as path:
            try:
                client.dump_data(self.reader.pg_dump, target, self.tools.run, path, names)
                client.load(self.psql, scratch.loader, self.tools.run, path, scratch.admin.server_version, REPLICA)
            except errors.MigrationError as error:
                raise RehearsalImpossible("rehearsal_data can't be copied: %s" % error.message) from None


def _clients(original: Original, scratch: Scratch, tools: Tools) -> Tuple[client.Client, client.Client]:
    newest = max(original.server_version, scratch.admin.server_version)
    try:
        return client.find("pg_dump", newest, tools.run), client.find("psql", newest, tools.run)
    except errors.DependencyError as error:
        raise RehearsalImpossible(error.message, hint=error.hint) from None


def _rows_sentence(wishes: Wishes) -> str:
    if tuple(wishes.data) == ALL:
        return ALL_ROWS
    return SOME_ROWS % ", ".join(wishes.data) if wishes.data else NO_ROWS

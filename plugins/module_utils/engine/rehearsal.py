# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a plan on a scratch copy of the target, through the same runner as the real run."""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

from .. import deps
from ..errors import DependencyError, MigrationError, RehearsalError
from ..model import HistoryRow, Outcome, Progress
from ..schema.snapshot import Snapshot, overlay
from ..server import client
from ..server.connection import Target, connect
from ..server.names import QualifiedName, parse_name
from ..server.scratch import Facts, RehearsalImpossible, Scratch, scratch_database
from . import history as history_room
from . import runner
from .snapshots import Camera, Film, read
from .tools import Tools

# Before COMMIT, a lock on a relation of no database tells that the step writes what the whole cluster shares; GRANT ON
# DATABASE (TABLESPACE, PARAMETER) gives its lock back at once, but shows in the session's counts of changed rows.
# pg_shdepend doesn't count: every object that has an owner writes there.
CLUSTER_WIDE = """
SELECT pg_catalog.array_agg(c.relname::text)
  FROM pg_catalog.pg_class c
 WHERE c.relisshared AND c.relkind = 'r' AND c.relname <> 'pg_shdepend'
   AND (pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
        + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) > 0
        OR EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.database = 0
                      AND l.relation = c.oid AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')))
"""

SHARED_RELATIONS = {
    "pg_authid": "roles",
    "pg_auth_members": "role memberships",
    "pg_database": "databases or grants on them",
    "pg_db_role_setting": "settings of a role or a database",
    "pg_parameter_acl": "grants on settings",
    "pg_shdescription": "comments on what is shared",
    "pg_subscription": "subscriptions",
    "pg_tablespace": "tablespaces",
}

# What can't run inside a transaction and yet touches only its own database.
LOCAL_OUTSIDE = re.compile(
    r"\s*(?:(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+|RE)INDEX\b|VACUUM\b|CLUSTER\b|ALTER\s+TYPE\b|ALTER\s+TABLE\b|REFRESH\b)",
    re.IGNORECASE,
)
COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*\n|/\*.*?\*/)+", re.DOTALL)
ACTIVE_TRANSACTION = "25001"

# rehearsal_data: all
ALL = ("all",)

NO_ROWS = "rows: the copy has none, so data moves ran on empty tables and constraints met no row"
SOME_ROWS = "rows: the copy has only those of %s"
TIMING = "time: how long statements take, and wait for locks, on the real tables under their real load"
OWNERS = "owners and grants: they had to be left out of the copy (%s)"


class NotProved(RehearsalError):
    """A step that must not run on a copy, because its effect would not stay there."""


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal showed.

    :ivar where: the server, and what kind of copy.
    :ivar unproved: what the copy can't prove, one sentence each.
    :ivar stopped: why it ended before the last step, if it did.
    :ivar snapshots: the target's schema before, and as it would be after each frame of the film.
    """

    where: str
    progress: Progress
    unproved: Tuple[str, ...]
    snapshots: Tuple[Snapshot, ...]
    stopped: Optional[str] = None


@dataclass(frozen=True)
class Original:
    """The database that is to be copied. ``target`` None: it doesn't exist yet."""

    target: Optional[Target]
    facts: Facts
    rows: Tuple[HistoryRow, ...]
    history_table: QualifiedName
    server_version: int


@dataclass(frozen=True)
class Wishes:
    """How to rehearse.

    :ivar server: where, and as whom.
    :ivar data: "all", or the tables whose rows the copy gets.
    """

    server: Target
    data: Sequence[str] = ()
    single_transaction: bool = False
    per_migration: bool = False


def rehearse(original: Original, wishes: Wishes, tools: Tools, jobs: Sequence[runner.Job]) -> Rehearsal:
    """Run the jobs on a scratch copy.

    :raises RehearsalImpossible: when no copy can be made.
    :raises MigrationError: when a job fails there; its ``progress`` says how far it came.
    """
    with scratch_database(wishes.server, original.facts) as scratch:
        copier = Copier(original, wishes, tools, *_clients(original, scratch, tools))
        base = copier.fill(scratch)
        film = Film(copier.camera, scratch.target, wishes.per_migration)
        film.start()
        with _session(original, wishes, scratch) as session:
            progress, stopped = _run(session, jobs, film.after_each)
        film.end()
        frames = [overlay(base, film.frames[0], frame) for frame in film.frames] if base else film.frames
        unproved = (*scratch.unproved, _rows_sentence(wishes), TIMING, *([stopped] if stopped else []))
        return Rehearsal(_where(scratch), progress, unproved, tuple(frames), stopped)


def _clients(original: Original, scratch: Scratch, tools: Tools) -> Tuple[client.Client, client.Client]:
    newest = max(original.server_version, scratch.admin.server_version)
    try:
        return client.find("pg_dump", newest, tools.run), client.find("psql", newest, tools.run)
    except DependencyError as error:
        raise RehearsalImpossible(error.message, hint=error.hint) from None


def _run(
    session: runner.Session, jobs: Sequence[runner.Job], after_each: Callable[[Outcome], None]
) -> Tuple[Progress, Optional[str]]:
    try:
        return runner.run(session, jobs, after_each), None
    except NotProved as stop:
        return stop.progress, "%s: %s" % (stop.version, stop.message)


@contextmanager
def _session(original: Original, wishes: Wishes, scratch: Scratch) -> Iterator[runner.Session]:
    """Open the copy as the runner wants it, with the original's history in it."""
    with closing(connect(scratch.target, "pg_migrate")) as connection:
        history = history_room.ensure(connection, history_room.find(connection, original.history_table))
        history_room.copy(original.rows, connection, history)
        yield runner.Session(
            connection,
            history,
            scratch.target.session_role,
            wishes.single_transaction,
            before_commit=stay_inside,
            around_statement=lambda execute, query: _outside(connection, execute, query),
        )


class Copier:
    """Fills a scratch database with the original's schema, and the rows that were asked for."""

    def __init__(
        self, original: Original, wishes: Wishes, tools: Tools, pg_dump: client.Client, psql: client.Client
    ) -> None:
        self.original, self.data, self.tools, self.psql = original, tuple(wishes.data), tools, psql
        self.camera = Camera(tools, pg_dump, history_room.History(original.history_table).tables())

    def fill(self, scratch: Scratch) -> Optional[Snapshot]:
        """Load schema and rows; return the original's snapshot, or None where there is no original yet."""
        target = self.original.target
        if target is None:
            return None
        with self.tools.file() as path:
            self._dump(target, path, schema_only=True)
            base = read(path)
            if self.data == ALL or self.original.facts.subscriptions:
                self._dump(target, path, "--no-subscriptions")
            self._load(scratch, target, path)
        if self.data and self.data != ALL:
            self._rows(scratch, target)
        return base

    def _dump(self, target: Target, path: str, *options: str, schema_only: bool = False) -> None:
        everything = self.data == ALL and not schema_only
        dump = client.dump_all if everything else client.dump_schema
        dump(self.camera.pg_dump, target, self.tools.run, path, self.camera.exclude, options)

    def _load(self, scratch: Scratch, target: Target, path: str) -> None:
        """Load the dump; where this user may not make everybody's objects, without owners and grants."""
        try:
            client.load(self.psql, scratch.loader, self.tools.run, path)
            return
        except MigrationError as error:
            reason = error.message
        scratch.recreate()
        self._dump(target, path, "--no-subscriptions", "--no-owner", "--no-privileges")
        try:
            client.load(self.psql, scratch.loader, self.tools.run, path)
        except MigrationError as error:
            raise RehearsalImpossible("the schema can't be loaded into a copy: %s" % error.message) from None
        scratch.unproved.append(OWNERS % reason)

    def _rows(self, scratch: Scratch, target: Target) -> None:
        names = [parse_name(table, "rehearsal_data").quoted() for table in self.data]
        with self.tools.file() as path:
            try:
                client.dump_data(self.camera.pg_dump, target, self.tools.run, path, names)
                # These rows satisfied their foreign keys once; the copy may lack what they refer to.
                client.load(self.psql, scratch.loader, self.tools.run, path, {"session_replication_role": "replica"})
            except MigrationError as error:
                raise RehearsalImpossible("rehearsal_data can't be copied: %s" % error.message) from None


def stay_inside(cursor: Any) -> None:
    """Stop a step that has written outside its own database, before it is committed.

    :raises NotProved: names what it would have changed.
    """
    cursor.execute(CLUSTER_WIDE)
    relations: Optional[List[str]] = cursor.fetchone()[0]
    if relations:
        names = [SHARED_RELATIONS.get(name, name) for name in relations]
        raise NotProved("it changes %s, which belong to the whole cluster; the copy stops before it" % ", ".join(names))


def _outside(connection: Any, execute: Callable[[], Any], query: Any) -> Any:
    """Run a statement that a script sends outside a transaction, but see before its commit what it changes.

    Where the server refuses it inside a transaction, it runs only if its kind never leaves the database.
    """
    connection.around_statement, guard = None, connection.around_statement
    connection.autocommit = False
    try:
        result = execute()
        with connection.cursor() as cursor:
            stay_inside(cursor)
        connection.commit()
        return result
    except deps.psycopg2.Error as error:
        connection.rollback()
        if error.pgcode != ACTIVE_TRANSACTION:
            raise
    except NotProved:
        connection.rollback()
        raise
    finally:
        connection.autocommit = True
        connection.around_statement = guard
    return _outside_for_good(connection, execute, query)


def _outside_for_good(connection: Any, execute: Callable[[], Any], query: Any) -> Any:
    text = query if isinstance(query, str) else query.as_string(connection)
    text = COMMENTS.sub("", text)
    if not LOCAL_OUTSIDE.match(text):
        raise NotProved("it runs %s …, which can't be taken back on a copy" % " ".join(text.split()[:2]))
    connection.around_statement, guard = None, connection.around_statement
    try:
        return execute()
    finally:
        connection.around_statement = guard


def _rows_sentence(wishes: Wishes) -> str:
    if tuple(wishes.data) == ALL:
        return "rows: those of the moment when the copy was made"
    return SOME_ROWS % ", ".join(wishes.data) if wishes.data else NO_ROWS


def _where(scratch: Scratch) -> str:
    params = scratch.target.params
    return "a scratch copy on %s port %s" % (params.get("host", "the local socket"), params.get("port", "?"))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills a scratch database: with the original's schema, and the rows that were asked for.

Text of a dump may run code of an owner's as it is loaded, as whoever logged in. A superuser therefore leaves out what
would, and never loads without owners: then all of it would be his.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from .. import deps, errors, model
from ..databases.names import QualifiedName
from ..databases.postgresql import client
from ..databases.postgresql.connection import Target, connect
from ..databases.postgresql.copies import at_once, load, rows
from ..databases.postgresql.copies.facts import Facts, system_of
from ..databases.postgresql.copies.foreign_code import code_of_others, names_with_line_breaks, powers
from ..databases.postgresql.copies.place import Place, RehearsalImpossible
from ..databases.postgresql.dump import DumpError
from ..databases.postgresql.gate import own_path
from ..databases.postgresql.history.tables import unfound
from ..databases.postgresql.server_errors import first_words
from ..databases.postgresql.snapshots import SchemaReader, parse
from ..databases.postgresql.unreadable import option
from ..databases.tools import Tools
from ..databases.values import Limits
from ..run.live import Live
from ..schema.snapshot import Snapshot
from .row_copy import ALL, APPLICATION, copy_rows, ready

# To fill a materialized view runs a query of its owner's.
REFRESH_TIMEOUT = b"SET statement_timeout = '60s'"

OWNERS = "owners and grants of %s: this role can't set them, so on the copy it may do what it may not on the original"
LEFT_OUT = "%s: left out of the copy (%s)"


class Original(NamedTuple):
    """The database that is to be copied.

    :ivar target: None: it doesn't exist yet.
    :ivar is_wide: its history has the further columns that 0.1.0 gave it.
    """

    target: Optional[Any]
    facts: Facts
    rows: Tuple[model.HistoryRow, ...]
    history_table: QualifiedName
    server_version: int
    is_wide: bool = False


class Wishes(NamedTuple):
    """How to rehearse.

    :ivar server: where, and as whom.
    :ivar data: "all", or the tables whose rows the copy gets.
    :ivar extensions: what the copy of a database that isn't there yet gets.
    :ivar is_elsewhere: the server was named, and may be another than the original's.
    :ivar whole: a schema that can't be read as a whole isn't to be rehearsed.
    :ivar limits: those of the real run.
    :ivar on: auto, server, cluster or empty.
    :ivar database: one that is there already, to rehearse in it as it is.
    :ivar lock_wait: for how long to wait there for another run, in seconds.
    :ivar live: is told what the rehearsal is at.
    """

    server: Any
    data: Sequence[str] = ()
    super_user: str = "postgres"
    single_transaction: bool = False
    per_migration: bool = False
    extensions: Sequence[str] = ()
    is_elsewhere: bool = False
    whole: bool = False
    limits: Limits = Limits()
    on: str = "auto"
    database: Optional[Any] = None
    lock_wait: float = 60
    live: Optional[Live] = None


class Copier:
    """Fills one scratch database.

    :ivar fingerprint: of the original's dump.
    :ivar key: for all that a copy is filled with which has to be filled anew each time; None: it needn't, or has rows.
    :raises RehearsalImpossible: when there is no pg_dump that fits.
    """

    key: Optional[str] = None
    fingerprint = ""

    def __init__(self, original: Original, wishes: Wishes, tools: Tools, scratch: Place) -> None:
        self.original, self.data, self.tools, self.scratch = original, tuple(wishes.data), tools, scratch
        self.extensions = wishes.extensions
        self._refuse_powers(wishes)
        newest = max(original.server_version, scratch.admin.server_version)
        try:
            pg_dump = client.find("pg_dump", newest, tools.run, tools.bin_dir)
        except errors.DependencyError as error:
            raise RehearsalImpossible(error.message, hint=error.hint) from None
        self.reader = SchemaReader(tools, pg_dump, unfound(original.history_table).tables(), wishes.whole)

    def _refuse_powers(self, wishes: Wishes) -> None:
        """Refuse to load a foreign schema as somebody who can do more on a server than work in it."""
        if self.original.target is None or not wishes.is_elsewhere or self.scratch.on != "server":
            return
        if self.original.facts.system in (None, system_of(self.scratch.admin)):
            return  # the same server, by another way
        found = powers(self.scratch.admin)
        if found:
            raise RehearsalImpossible(
                "rehearsal_url logs in with the rights of %s, and what is loaded there is another server's"
                % ", ".join(found),
                hint="Log in as a role with CREATEDB that is neither a superuser nor a member of %s."
                % ", ".join(found),
            )

    def fill(self) -> Optional[Snapshot]:
        """Load schema and rows; return the original's snapshot, or None where there is no original yet."""
        target = self.original.target
        if self.scratch.on == "database":
            return self.reader.take(target) if target is not None else None
        if target is None:
            self._extend()
            self.scratch.settle()
            return None
        exclude = self._look_at_code(target)
        data = self._dump(target)
        with ThreadPoolExecutor(1) as meanwhile:  # the server works, and so may we
            base = meanwhile.submit(parse, data)
            self.fingerprint = load.fingerprint(data)
            key = None if self.data else self._key()
            if key is None or not self.scratch.restore(key):
                if self.original.facts.subscriptions or exclude:
                    data = self._dump(target, [*self.reader.exclude, *exclude], "--no-subscriptions")
                self._load(target, data, exclude)
                self.scratch.settle()
                self.key = key
            return base.result()

    def _key(self) -> str:
        """Return a key for the schema that was dumped, and for how it is read."""
        left_out = sorted(map(option, self.reader.left_out))
        return repr((self.fingerprint, self.reader.exclude, left_out, self.reader.pg_dump.version))

    def _extend(self) -> None:
        """Create the extensions that whoever creates the database will have created with it."""
        left = self.scratch.extend(self.extensions)
        if not left:
            return
        from ..provision.administrator import execute
        from ..provision.extensions import ExtensionWish, creation

        with closing(connect(self.scratch.loader, APPLICATION)) as connection:
            try:
                for name in left:
                    for statement in creation(ExtensionWish(name), self.scratch.name).statements:
                        execute(connection, statement)
            except errors.MigrationError as error:
                raise RehearsalImpossible("the copy can't be given its extensions: %s" % error.message) from None
            connection.commit()

    def _look_at_code(self, target: Target) -> List[str]:
        """Return the tables that would run code of theirs when a superuser makes them; each is said to be left out."""
        with closing(connect(target, APPLICATION)) as source:
            broken = [] if client.keeps_names_in_their_line(self.reader.pg_dump) else names_with_line_breaks(source)
            found = code_of_others(source) if self.scratch.by_superuser else []
        if broken:
            raise RehearsalImpossible(
                "the name %r has a line break in it, and %s %d.%d would let it begin a statement"
                % (broken[0], self.reader.pg_dump.path, *self.reader.pg_dump.version),
                hint="Update PostgreSQL's client programs on the host that runs the task, or rename it.",
            )
        for table, function, owner in found:
            self.scratch.unproved.append(LEFT_OUT % ("table " + table, "it would run %s of %s" % (function, owner)))
            self.scratch.lacks.append("table " + table)
        return list(dict.fromkeys(table for table, dummy, dummy in found))

    def _dump(self, target: Target, exclude: Optional[Sequence[str]] = None, *options: str) -> bytes:
        try:
            return self.reader.dump(target, exclude, options)
        except errors.SchemaUnread as error:
            raise RehearsalImpossible(error.message, hint=error.hint) from None

    def _load(self, target: Target, data: bytes, exclude: Sequence[str]) -> None:
        """Load the dump. Where that fails, with the history in it (a view may look at it), and without what fails."""
        if self._try(target, data) is None:
            return
        data = self._dump(target, exclude, "--no-subscriptions")
        self._anew()
        reason = self._try(target, data, tolerant=True)
        if reason is not None:
            raise RehearsalImpossible("the schema can't be loaded into a copy: %s" % reason)

    def _anew(self) -> None:
        unproved, lacks = list(self.scratch.unproved), list(self.scratch.lacks)
        self.scratch.recreate()
        self.scratch.unproved[:] = dict.fromkeys([*unproved, *self.scratch.unproved])
        self.scratch.lacks[:] = lacks

    def _try(self, target: Target, data: bytes, tolerant: bool = False) -> Optional[str]:
        """Load schema and rows; return why that failed, or None."""
        try:
            dump = self.scratch.adapt(load.read_entries(data, self.scratch.admin.server_version))
        except DumpError as error:
            raise RehearsalImpossible("the schema can't be trusted: %s" % error) from None
        try:
            with closing(connect(self.scratch.loader, APPLICATION)) as connection:
                tolerance = load.Tolerance(own_path(connection), self.scratch.by_superuser)
                with connection.outside(None):
                    self._fill_in_order(target, connection, dump, tolerance, tolerant)
            return None
        except deps.DatabaseError as error:
            return first_words(error)

    def _fill_in_order(
        self, target: Target, connection: Any, dump: load.Dump, tolerance: load.Tolerance, tolerant: bool
    ) -> None:
        usual = tolerance if tolerant else None
        load.send(connection, dump.head)
        before, behind = dump.parts()
        left_out = self._load_entries(connection, dump.head, before, usual)
        with ready(target) as source:
            if self.data:
                copy_rows(source, connection, self.data, self.reader.exclude, self.scratch)
            filled = load.refreshes(dump.entries, rows.populated(source.connection))
        behind = [self._without_rows(entry) for entry in behind]
        left_out += self._load_entries(connection, dump.head, behind, usual)
        load.send(connection, REFRESH_TIMEOUT)
        left_out += load.load(connection, filled, tolerance)
        self._say_what_is_left_out(left_out)

    def _load_entries(
        self, connection: Any, head: bytes, entries: Sequence[load.Entry], tolerance: Optional[load.Tolerance]
    ) -> Tuple[load.LeftOut, ...]:
        """Load them: many on two connections, as long as nothing fails."""
        if tolerance is None and at_once.is_large(entries):
            with at_once.another(self.scratch.loader, head) as other:
                if other is not None:
                    at_once.load(connection, other, entries)
                    return ()
        return load.load(connection, entries, tolerance)

    def _say_what_is_left_out(self, left_out: Sequence[load.LeftOut]) -> None:
        gone = [each for each in left_out if not each.rights_only]
        gone = [each for each in gone if not any(each.entry.is_about(other.entry) for other in gone)]
        lacking = [LEFT_OUT % (each.entry.label, each.reason) for each in gone]
        self.scratch.lacks += [each.entry.label for each in gone]
        others = [each.entry.label for each in left_out if each.rights_only]
        self.scratch.unproved += lacking[: load.MOST_NAMED]
        if len(lacking) > load.MOST_NAMED:
            self.scratch.unproved.append("%d more objects: left out of the copy" % (len(lacking) - load.MOST_NAMED))
        self.scratch.rights += others
        if others:
            self.scratch.unproved.append(OWNERS % load.listed(others))

    def _without_rows(self, entry: load.Entry) -> load.Entry:
        """Let a foreign key not look at rows, where the copy may lack those that it refers to."""
        if entry.kind != "FK CONSTRAINT" or self.data in ((), ALL):
            return entry
        return entry._replace(text=load.not_validated(entry.text))

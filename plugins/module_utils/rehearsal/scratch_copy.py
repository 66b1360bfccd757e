# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scratch copy of the target, ready to be worked on: its schema, its history, the rows that were asked for."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Tuple

from .. import deps, errors
from ..databases.choose import database_of
from ..databases.postgresql.copies import load
from ..databases.postgresql.copies.place import Place, RehearsalImpossible
from ..databases.postgresql.server_errors import first_words
from ..databases.postgresql.snapshots import parse
from ..databases.tools import Tools
from ..run.hazards import TableWatch
from ..run.session import Session
from ..schema.snapshot import Snapshot
from ..schema.unreadable import labels
from .copier import Copier, Original, Wishes
from .given import compare_histories, refuse_another
from .places import in_vain, places
from .row_copy import ALL

NO_ROWS = "rows: the copy has none, so data moves ran on empty tables and constraints met no row"
SOME_ROWS = "rows: the copy has only those of %s"
ALL_ROWS = "rows: those of the moment when the copy was made"
GIVEN_ROWS = "rows: those of the database that was named, which may not be the target's"
OTHER_ROLE = "the plan runs there as %s, in a real run as %s, and there is no becoming %s"
BECOME = "Let rehearsal_url log in as that role, or as a member of it."
LACKING = "it may need what this role may not read (%s): %s"
UNREAD = "what this role may not read: %s; the copy lacks it, and so do diff and digest"
TIMING = "time: how long statements take, and wait for locks, on the real tables under their real load"


class ScratchCopy(NamedTuple):
    """A scratch copy that is ready to be worked on.

    :ivar base: the original's snapshot; None: there is no original yet.
    :ivar runner: as whom the plan runs.
    :ivar is_same_role: whether that is the role of the real run.
    :ivar key: for all that it was filled with; None: not to be kept.
    :ivar fingerprint: of the original's dump.
    :ivar first: its own snapshot before anything runs on it.
    """

    scratch: Any
    reader: Any
    base: Optional[Snapshot]
    runner: Any
    is_same_role: bool
    key: Optional[str] = None
    fingerprint: str = ""
    first: Optional[Snapshot] = None

    @property
    def role(self) -> str:
        """Return who runs the steps; '' where there are no roles."""
        return str(self.runner.role)

    def stops_at(self, error: errors.MigrationError) -> Optional[str]:
        """Return why a step's error tells nothing of the original, which has what the copy lacks; None: it does."""
        stopped: Optional[str] = self.scratch.stops_at(error)
        if stopped is None and self.reader.left_out and error.sqlstate in load.FAILS_OF_LACK:
            return LACKING % (labels(self.reader.left_out), error.message)
        return stopped


@contextmanager
def scratch_copy(original: Original, wishes: Wishes, tools: Tools) -> Iterator[ScratchCopy]:
    """Make a scratch copy of the original, in the first place where a whole one can be made; remove it at the end.

    Where none is whole, the last one that can be made has to do.

    :raises RehearsalImpossible: when no copy can be made.
    """
    if wishes.live is not None:
        wishes.live.enters("makes a copy to rehearse on")
    with ExitStack() as stack:
        if database_of(wishes.server).abilities.makes_copies:
            yield _whole(stack, original, wishes, tools)
        else:
            yield _made(stack, original, wishes, tools)


def _whole(stack: ExitStack, original: Original, wishes: Wishes, tools: Tools) -> ScratchCopy:
    """Make a copy as the database itself makes them; of one that isn't there yet, an empty one."""
    database = database_of(wishes.server)
    ours = database.history.unfound(original.history_table).tables()
    reader = database.snapshots.reader(None, tools, ours)
    place = stack.enter_context(database.copies.whole(wishes.server, tools, wishes.data, ours, original.target))
    first = reader.take(place.target)
    return ScratchCopy(place, reader, place.original or first, place.target, True, first=first)


def _made(stack: ExitStack, original: Original, wishes: Wishes, tools: Tools) -> ScratchCopy:
    """Make a copy in the first place where it comes out whole; else in the last one where it comes out at all."""
    reasons: List[RehearsalImpossible] = []
    open_ones: List[ExitStack] = []
    made: Optional[ScratchCopy] = None
    for each in places(original, wishes, tools):
        attempt = stack.enter_context(ExitStack())
        try:
            copy = _filled(attempt.enter_context(each), original, wishes, tools)
        except RehearsalImpossible as error:
            attempt.close()
            reasons.append(error)
            continue
        for one in open_ones:
            one.close()
        open_ones, made = [attempt], copy
        if copy.scratch.is_whole and copy.is_same_role:
            break
    if made is None:
        raise in_vain(reasons)
    if wishes.whole and not made.is_same_role:
        raise RehearsalImpossible(_other_role(made.scratch), hint=BECOME)
    return _looked_at(made)


def _looked_at(copy: ScratchCopy) -> ScratchCopy:
    """Take a copy's first snapshot, unless one that was kept tells it; keep a new copy for later ones."""
    scratch, base = copy.scratch, copy.base
    if scratch.is_exact and base is not None:
        return copy._replace(first=base)
    dump = copy.reader.dump(scratch.dumps_as)
    is_same = base is not None and load.fingerprint(dump) == copy.fingerprint
    first = base if base is not None and is_same else parse(dump, base)
    if copy.key is not None:
        scratch.keep(copy.key, base is not None and first.objects == base.objects)
    return copy._replace(first=first)


def _filled(scratch: Place, original: Original, wishes: Wishes, tools: Tools) -> ScratchCopy:
    try:
        copier = Copier(original, wishes, tools, scratch)
        base = copier.fill()
    except errors.ConnectError as error:
        raise RehearsalImpossible(error.message, hint=error.hint) from None
    except deps.DatabaseError as error:
        raise RehearsalImpossible("no copy can be made: %s" % first_words(error)) from None
    runner = scratch.runner()
    copy = ScratchCopy(scratch, copier.reader, base, runner or scratch.target, runner is not None)
    return copy._replace(key=copier.key, fingerprint=copier.fingerprint)


def _other_role(scratch: Place) -> str:
    """Say that the plan runs as somebody else than in a real run."""
    wanted = scratch.wanted_role
    return OTHER_ROLE % (scratch.role, wanted, wanted)


@contextmanager
def session_on(
    copy: ScratchCopy, original: Original, wishes: Wishes, note: Optional[Callable[[Any], None]] = None
) -> Iterator[Session]:
    """Open the copy as the runner wants it, with the original's history in it.

    :param note: called with a cursor before each commit, for whoever else wants a look.
    :raises RehearsalImpossible: when there is no connection left for it.
    """
    try:
        connection = database_of(copy.runner).sessions.connect(copy.runner, "pg_migrate")
    except errors.ConnectError as error:
        raise RehearsalImpossible(error.message, hint=error.hint) from None
    with closing(connection):
        database, history = database_of(connection), _history_on(copy, original, wishes, connection)
        tables = TableWatch(database.observing.survey_of(connection, history.tables()), wishes.single_transaction)

        def note_all(cursor: Any) -> None:
            tables.note(cursor)
            if note is not None:
                note(cursor)

        yield Session(
            connection,
            history,
            copy.runner,
            wishes.super_user,
            wishes.single_transaction,
            settings=database.settings.settings(wishes.limits, connection),
            tables=tables,
            guard=copy.scratch.contain(note_all),
            watching=copy.scratch.watching,
            live=wishes.live,
        )


def _history_on(copy: ScratchCopy, original: Original, wishes: Wishes, connection: Any) -> Any:
    """Give a copy the original's history; of a database that was named, look whether it is the same."""
    database = database_of(connection)
    found = database.history.find(connection, original.history_table)
    if copy.scratch.on != "database":
        history = database.history.ensure(connection, found, is_wide=original.is_wide)
        database.history.copy_rows(original.rows, connection, history)
        return history
    database.locks.acquire(connection, wishes.lock_wait)
    refuse_another(copy.base, copy.first, original.rows)
    compare_histories(original.rows, connection, found)
    return database.history.ensure(connection, found)


def unproved_by(copy: ScratchCopy, wishes: Wishes) -> Tuple[str, ...]:
    """Return what a copy like this can't prove, a sentence each."""
    unread = [UNREAD % labels(copy.reader.left_out)] if copy.reader.left_out else []
    unread += [] if copy.is_same_role else ["owners and rights: " + _other_role(copy.scratch)]
    return (*unread, *copy.scratch.unproved, rows_sentence(wishes), TIMING)


def rows_sentence(wishes: Wishes) -> str:
    """Return what a copy can't prove of rows."""
    if wishes.database is not None:
        return GIVEN_ROWS
    if tuple(wishes.data) == ALL:
        return ALL_ROWS
    return SOME_ROWS % ", ".join(wishes.data) if wishes.data else NO_ROWS

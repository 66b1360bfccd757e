# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scratch copy of the target, ready to be worked on: its schema, its history, the rows that were asked for."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import Any, Callable, Iterator, NamedTuple, Optional, Tuple

from ..databases.postgresql.connection import connect
from ..databases.postgresql.copies.containment import Containment
from ..databases.postgresql.copies.scratch import Scratch, scratch_database
from ..databases.postgresql.eyes import relations_of
from ..databases.postgresql.snapshots import SchemaReader
from ..databases.tools import Tools
from ..history import history as history_room
from ..history.record import copy_rows, ensure
from ..run.hazards import TableWatch
from ..run.session import Session
from ..schema.snapshot import Snapshot
from .copier import ALL, Copier, Original, Wishes

NO_ROWS = "rows: the copy has none, so data moves ran on empty tables and constraints met no row"
SOME_ROWS = "rows: the copy has only those of %s"
ALL_ROWS = "rows: those of the moment when the copy was made"
TIMING = "time: how long statements take, and wait for locks, on the real tables under their real load"


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
        copier = Copier(original, wishes, tools, scratch)
        yield ScratchCopy(scratch, copier.reader, copier.fill())


@contextmanager
def session_on(
    copy: ScratchCopy, original: Original, wishes: Wishes, note: Optional[Callable[[Any], None]] = None
) -> Iterator[Session]:
    """Open the copy as the runner wants it, with the original's history in it.

    :param note: called with a cursor before each commit, for whoever else wants a look.
    """
    with closing(connect(copy.scratch.target, "pg_migrate")) as connection:
        history = ensure(connection, history_room.find(connection, original.history_table))
        copy_rows(original.rows, connection, history)
        tables = TableWatch(relations_of(connection))

        def note_all(cursor: Any) -> None:
            tables.note(cursor)
            if note is not None:
                note(cursor)

        yield Session(
            connection,
            history,
            copy.scratch.target,
            wishes.super_user,
            wishes.single_transaction,
            tables=tables,
            guard=Containment(note_all, copy.scratch.name),
        )


def unproved_by(scratch: Scratch, wishes: Wishes) -> Tuple[str, ...]:
    """Return what a copy like this can't prove, a sentence each."""
    return (*scratch.unproved, rows_sentence(wishes), TIMING)


def place(scratch: Scratch) -> str:
    """Return where the copy is, in words."""
    params = scratch.target.params
    return "a scratch copy on %s port %s" % (params.get("host", "the local socket"), params.get("port", "?"))


def rows_sentence(wishes: Wishes) -> str:
    """Return what a copy can't prove of rows."""
    if tuple(wishes.data) == ALL:
        return ALL_ROWS
    return SOME_ROWS % ", ".join(wishes.data) if wishes.data else NO_ROWS

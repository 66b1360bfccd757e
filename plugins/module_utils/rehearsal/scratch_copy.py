# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scratch copy of the target, ready to be worked on: its schema, its history, the rows that were asked for."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from typing import Iterator, List, NamedTuple, Optional, Tuple

from ..databases.postgresql.connection import connect
from ..databases.postgresql.copies.place import Place
from ..databases.postgresql.eyes import relations_of
from ..databases.postgresql.snapshots import SchemaReader
from ..databases.tools import Tools
from ..history import history as history_room
from ..history.record import copy_rows, ensure
from ..run.hazards import TableWatch
from ..run.session import Session
from ..schema.snapshot import Snapshot
from .copier import ALL, Copier, Original, Wishes
from .places import RehearsalImpossible, in_vain, places

NO_ROWS = "rows: the copy has none, so data moves ran on empty tables and constraints met no row"
SOME_ROWS = "rows: the copy has only those of %s"
ALL_ROWS = "rows: those of the moment when the copy was made"
TIMING = "time: how long statements take, and wait for locks, on the real tables under their real load"


class ScratchCopy(NamedTuple):
    """A scratch copy that is ready to be worked on.

    :ivar base: the original's snapshot; None: there is no original yet.
    """

    scratch: Place
    reader: SchemaReader
    base: Optional[Snapshot]


@contextmanager
def scratch_copy(original: Original, wishes: Wishes, tools: Tools) -> Iterator[ScratchCopy]:
    """Make a scratch copy of the original, in the first place where a whole one can be made; remove it at the end.

    Where none is whole, the last one that can be made has to do.

    :raises RehearsalImpossible: when no copy can be made.
    """
    with ExitStack() as stack:
        yield _made(stack, original, wishes, tools)


def _made(stack: ExitStack, original: Original, wishes: Wishes, tools: Tools) -> ScratchCopy:
    reasons: List[RehearsalImpossible] = []
    open_ones: List[ExitStack] = []
    made: Optional[ScratchCopy] = None
    for each in places(original, wishes, tools):
        attempt = stack.enter_context(ExitStack())
        try:
            scratch = attempt.enter_context(each)
            copier = Copier(original, wishes, tools, scratch)
            base = copier.fill()
            scratch.settle()
        except RehearsalImpossible as error:
            attempt.close()
            reasons.append(error)
            continue
        for one in open_ones:
            one.close()
        open_ones, made = [attempt], ScratchCopy(scratch, copier.reader, base)
        if scratch.is_whole:
            break
    if made is None:
        raise in_vain(reasons)
    return made


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
            guard=copy.scratch.contain(tables.note),
        )


def unproved_by(scratch: Place, wishes: Wishes) -> Tuple[str, ...]:
    """Return what a copy like this can't prove, a sentence each."""
    return (*scratch.unproved, _rows_sentence(wishes), TIMING)


def _rows_sentence(wishes: Wishes) -> str:
    if tuple(wishes.data) == ALL:
        return ALL_ROWS
    return SOME_ROWS % ", ".join(wishes.data) if wishes.data else NO_ROWS

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rehearsal runs: in an empty database of the same kind that rehearsal_url names. It is the port Copies."""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext
from typing import Any, Callable, ContextManager, Iterator, List, Optional, Sequence

from ... import deps, errors
from ...schema.snapshot import Snapshot
from ..copying import RehearsalImpossible
from ..tools import Tools
from . import tables
from .connection import Target, connect
from .driver_errors import first_words
from .snapshots import PARTIAL, SchemaReader

NONE = "no copy of such a database can be made"
HINT = "Let rehearsal_url name an empty database of the same kind: the plan is rehearsed there."


class EmptyDatabase:
    """A database that was empty, as a place to rehearse in: see databases/postgresql/copies/place.py."""

    on = "server"
    is_whole = False
    is_exact = True
    changes: Sequence[Any] = ()

    def __init__(self, target: Target, original: Optional[Snapshot]) -> None:
        self.target = self.dumps_as = target
        self.original = original
        self.unproved: List[str] = [PARTIAL]
        self.place = "the empty database %s" % target.address

    def contain(self, note: Callable[[Any], None]) -> Containment:
        """Return what keeps steps inside of it: it isn't the target, and nothing more is known."""
        return Containment()

    def watching(self, guard: Any) -> ContextManager[None]:
        """Let a script open connections: where they lead isn't known."""
        return nullcontext()

    def stops_at(self, error: errors.MigrationError) -> Optional[str]:
        """Return why a step's error tells nothing of the original."""
        return None


class Containment:
    """Looks at nothing: the database was given for the rehearsal.

    :ivar version: the migration that is at work.
    """

    ended_by: Optional[errors.MigrationError] = None
    version = ""

    def begin(self, version: str) -> None:
        """Take note of the migration that begins."""
        self.version = version

    def look_at(self, text: str) -> None:
        """Look at a text before it is executed."""

    def before_commit(self, cursor: Any) -> None:
        """Look at what the open transaction has done."""

    def refuse_super_user(self) -> None:
        """Let it be."""

    def wants(self, text: str) -> bool:
        """Return whether a text has to pass."""
        return False

    def __call__(self, connection: Any, send: Callable[[], Any], statements: Sequence[Any]) -> Any:
        """Send it."""
        return send()


@contextmanager
def whole(
    target: Target, tools: Tools, data: Sequence[str], exclude: Sequence[str], original: Optional[Target]
) -> Iterator[EmptyDatabase]:
    """Lend an empty database, with the original's tables in it as SQLAlchemy sees them; it is emptied in the end.

    :param target: the database that was named for it.
    :param original: the database that is to be migrated; None: there is none yet.
    :raises RehearsalImpossible: when none was named, it isn't empty, or it is the original under another name.
    """
    if not target.for_rehearsals:
        raise RehearsalImpossible(NONE, hint=HINT)
    _require_empty(target)
    snapshot = SchemaReader(exclude).take(original) if original is not None else None
    _mark(target, original)
    try:
        if original is not None:
            _make(original, target, [name.strip('"').lower() for name in exclude])
        yield EmptyDatabase(target, snapshot)
    finally:
        _empty(target)


def _require_empty(target: Target) -> None:
    found = SchemaReader(()).take(target).objects
    if found:
        at_work = any(key.name.lower() == tables.MARK for key in found)
        what = "another rehearsal is in it, or was killed" if at_work else "it holds tables"
        raise RehearsalImpossible(
            "the database that rehearsal_url names isn't empty: %s" % what, hint="Empty it, or name another."
        )


def _mark(target: Target, original: Optional[Target]) -> None:
    """Put a mark into the database, for as long as the rehearsal is in it, and look whether the original has it.

    :raises RehearsalImpossible: when it has: two URLs may lead to one database.
    """
    table = tables.mark_of()
    with closing(connect(target, "")) as connection:
        table.create(connection.sa)
        connection.commit()
    if original is None:
        return
    with closing(connect(original, "")) as connection:
        is_same = bool(tables.columns_of(connection, tables.MARK))
    if is_same:
        with closing(connect(target, "")) as connection:
            table.drop(connection.sa)
            connection.commit()
        raise RehearsalImpossible("rehearsal_url leads to the database itself", hint="Name another, which is empty.")


def _make(original: Target, target: Target, exclude: Sequence[str]) -> None:
    """Give the copy the original's tables.

    :raises RehearsalImpossible: when the dialect doesn't tell them whole.
    """
    sqlalchemy = deps.import_sqlalchemy()
    metadata = sqlalchemy.MetaData()
    try:
        with closing(connect(original, "")) as source, closing(connect(target, "")) as copy:
            names = [name for name in sqlalchemy.inspect(source.sa).get_table_names() if name.lower() not in exclude]
            if names:
                metadata.reflect(source.sa, only=names)
                metadata.create_all(copy.sa)
                copy.commit()
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise RehearsalImpossible(
            "the tables of %s can't be copied into the database that rehearsal_url names: %s"
            % (original.address, first_words(error)),
            hint="Leave rehearsal_url out; the plan is then listed.",
        ) from None


def _empty(target: Target) -> None:
    """Drop every view and table; one that another refers to goes after that."""
    sqlalchemy = deps.import_sqlalchemy()
    with closing(connect(target, "")) as connection:
        quote = connection.sa.dialect.identifier_preparer.quote
        inspector = sqlalchemy.inspect(connection.sa)
        left = ["VIEW " + quote(name) for name in inspector.get_view_names()]
        left += ["TABLE " + quote(name) for name in inspector.get_table_names()]
        connection.rollback()
        while left:
            kept = [each for each in left if not _dropped(connection, sqlalchemy.text("DROP " + each))]
            if len(kept) == len(left):
                return
            left = kept


def _dropped(connection: Any, statement: Any) -> bool:
    try:
        connection.run(statement)
        connection.commit()
        return True
    except connection.Error:
        connection.rollback()
        return False

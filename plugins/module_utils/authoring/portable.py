# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of any database with the port Writing as a script, proved on an empty database.

In which order its objects can be made is found by trying: what another has to be there for is tried again behind it.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, NamedTuple, Sequence, cast

from .. import errors, model
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..databases.tools import Tools
from ..schema.snapshot import ObjectKey, Snapshot
from .same import APPLICATION, require_same

if TYPE_CHECKING:
    from ..databases.port_schema import Writing

HEAD = "-- The schema of a database, as the database itself writes it.\n"


class Source(NamedTuple):
    """A database that is read, with what is needed to look whether another one is the same.

    :ivar own: the quoted names of the tables that are ours.
    :ivar pieces: what makes each object.
    """

    target: Any
    connection: Any
    reader: Any
    tools: Tools
    own: Sequence[str]
    snapshot: Snapshot
    pieces: Mapping[ObjectKey, str]

    @contextmanager
    def scratch(self) -> Iterator[Any]:
        """Lend a target that leads to an empty database."""
        with writing_of(self.target).empty(self.target, self.tools, self.connection) as target:
            yield target


def schema_as_sql(target: Any, history_table: QualifiedName, tools: Tools) -> str:
    """Return the schema as one SQL text that gives the same snapshot on an empty database.

    :raises RehearsalError: when it doesn't; it has the diff.
    :raises MigrationError: when the database can't be read, or no empty one can be made.
    """
    with read(target, history_table, tools) as source:
        text = HEAD + "\n" + as_text(target, [source.pieces[key] for key in in_order(source)])
        with source.scratch() as scratch:
            with connected(scratch) as connection:
                apply(connection, text)
            require_same(source.snapshot, source.reader.take(scratch))
        return text


@contextmanager
def read(target: Any, history_table: QualifiedName, tools: Tools) -> Iterator[Source]:
    """Lend what a database holds, without the history."""
    database = database_of(target)
    with connected(target) as connection:
        own = database.history.find(connection, history_table).tables()
        reader = database.snapshots.reader(connection, tools, own)
        pieces = dict(writing_of(target).pieces(target, connection, own))
        yield Source(target, connection, reader, tools, own, reader.take(target), pieces)


def as_text(target: Any, pieces: Sequence[str]) -> str:
    """Return pieces as the text of a file."""
    writing = writing_of(target)
    return "%s%s\n%s" % (writing.HEAD, "\n\n".join(pieces), writing.TAIL)


def writing_of(target: Any) -> Writing:
    """Return the port of a database that has it."""
    return cast("Writing", database_of(target).writing)


def in_order(source: Source) -> List[ObjectKey]:
    """Return the objects in an order in which they can be made.

    :raises Unwritable: when one can't be made at all.
    """
    waiting: Dict[ObjectKey, str] = dict(source.pieces)
    made: List[ObjectKey] = []
    with source.scratch() as scratch, connected(scratch) as connection:
        while waiting:
            refused = {key: _refused(connection, scratch, text) for key, text in waiting.items()}
            done = [key for key, said in refused.items() if not said]
            if not done:
                key, said = next(iter(refused.items()))
                raise errors.Unwritable(
                    "The schema can't be written as a migration: on an empty database the %s %s fails with: %s"
                    % (key.type.lower(), key.name, said),
                    hint="Nothing was written.",
                )
            made += done
            waiting = {key: text for key, text in waiting.items() if key not in done}
    return made


def _refused(connection: Any, target: Any, text: str) -> str:
    """Make an object. Return what was said against it; '': it is made."""
    try:
        apply(connection, as_text(target, [text]))
    except connection.Error as error:
        return database_of(connection).errors.first_words(error)
    return ""


@contextmanager
def connected(target: Any) -> Iterator[Any]:
    """Lend a connection on which each statement is a transaction of its own."""
    database = database_of(target)
    with closing(database.sessions.connect(target, APPLICATION)) as connection, database.errors.translated():
        yield connection


def apply(connection: Any, text: str) -> None:
    """Execute the statements of a text."""
    with connection.outside(None), connection.cursor() as cursor:
        for statement in statements(connection, text):
            cursor.execute(statement)


def statements(subject: Any, text: str) -> List[str]:
    """Return the statements of a text, as they are read of a file.

    :param subject: a target or a connection, which tells whose SQL it is.
    """
    body = database_of(subject).grammar.adapted(model.SqlBody("", text, ()))
    return [message.text for message in body.messages]

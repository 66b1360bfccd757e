# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the live schema as SQL, and proves on an empty scratch database that nothing of it is lost."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Optional, Tuple

from .. import deps, errors
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..databases.postgresql import client
from ..databases.postgresql.connection import Target, connect, settled
from ..databases.postgresql.copies.facts import Facts, facts_of
from ..databases.postgresql.copies.foreign_code import code_of_others
from ..databases.postgresql.copies.scratch import Scratch, scratch_database
from ..databases.postgresql.gate import own_path
from ..databases.postgresql.snapshots import SchemaReader, parse
from ..databases.tools import Tools
from ..schema.snapshot import Snapshot
from ..scripts.kinds import reading
from .reference import load_dump, with_path
from .same import APPLICATION, require_same

# What a dump sets before its first statement: bodies of functions may name what only comes later.
SETTINGS = """\
SET check_function_bodies = false;
SET search_path = '';
"""
HEAD = "-- The schema of a database, as pg_dump sees it.\n" + SETTINGS

# A subscription is the whole server's, and would begin to replicate.
NO_SUBSCRIPTIONS = "--no-subscriptions"


class Schema(NamedTuple):
    """A database's schema, and what is needed to look whether another one is the same.

    :ivar dump: as pg_dump gives it; snapshot: its statements, object by object, as they are written.
    :ivar path: the search_path of the database's own sessions.
    :ivar expected: what the dump gives when it is loaded; None: nobody has looked yet.
    """

    target: Target
    facts: Facts
    reader: SchemaReader
    snapshot: Snapshot
    dump: bytes
    path: str
    code: Tuple[Tuple[str, str, str], ...] = ()
    expected: Optional[Snapshot] = None

    def tried_on(self, scratch: Scratch) -> Schema:
        """Return it with what is expected of a script, and a search_path around what can't be made without one.

        :param scratch: empty, before and afterwards.
        :raises RehearsalError: when nobody may try.
        :raises Unwritable: when the dump can't be loaded.
        """
        self.refuse_code_of_others(scratch)
        needing = load_dump(self.dump, scratch, self.path)
        expected = self.reader.take(scratch.target)
        scratch.recreate()
        objects = with_path(self.snapshot.objects, needing, self.path)
        return self._replace(expected=expected, snapshot=self.snapshot._replace(objects=objects))

    def refuse_code_of_others(self, scratch: Scratch) -> None:
        """Refuse to make, as a superuser, what would run somebody else's code.

        :raises RehearsalError: names the table, the function and its owner.
        """
        if self.code and scratch.by_superuser:
            raise errors.RehearsalError(
                "The schema isn't tried out: to make the table %s would run %s of %s, and this is a superuser"
                % self.code[0],
                hint="Connect as %s, with CREATEDB." % self.code[0][2],
            )


def schema_as_sql(source_target: Target, history_table: QualifiedName, tools: Tools) -> str:
    """Return the schema as one SQL text that gives the same snapshot on an empty database.

    :raises RehearsalError: when it doesn't; it has the diff.
    :raises MigrationError: when the database can't be read, or no scratch database can be made.
    """
    with closing(connect(source_target, APPLICATION)) as connection:
        schema = read_schema(connection, source_target, history_table, tools)
    with scratch_database(schema.target, schema.facts) as scratch:
        schema = schema.tried_on(scratch)
        text = HEAD + "\n" + as_text(schema.snapshot.objects.values())
        # What counts is what will be read of the file.
        prove(schema, scratch, lambda connection: _execute(connection, reading.decode(text.encode(), "")))
    return text


def read_schema(connection: Any, target: Target, history_table: QualifiedName, tools: Tools) -> Schema:
    """Read the schema of the database that a connection goes to, without the history.

    :raises MigrationError: when it can't be read.
    """
    target = settled(target, connection)
    history = database_of(connection).history.find(connection, history_table)
    reader = SchemaReader(tools, client.find("pg_dump", connection.server_version, tools.run), history.tables())
    dump = reader.dump(target, options=[NO_SUBSCRIPTIONS])
    code = tuple(code_of_others(connection))
    return Schema(target, facts_of(connection), reader, parse(dump), dump, own_path(connection), code)


def as_text(statements: Iterable[str]) -> str:
    """Return the statements of objects as one text."""
    return "\n".join(each + "\n" for each in statements)


def prove(schema: Schema, scratch: Scratch, apply: Callable[[Any], None]) -> None:
    """Apply what was written to an empty database like the source, and compare with what the source's dump gives there.

    :param apply: takes a connection.
    :raises RehearsalError: when it gives another schema; it has the diff.
    :raises MigrationError: when it fails.
    """
    with refused_as_error(), closing(connect(scratch.loader, APPLICATION)) as connection:
        apply(connection)
        connection.commit()
    require_same(schema.expected or schema.snapshot, schema.reader.take(scratch.target))


@contextmanager
def refused_as_error() -> Iterator[None]:
    """Turn what the server refuses into an error that says on what."""
    try:
        yield
    except deps.DatabaseError as error:
        raise errors.Unwritable(
            "The schema can't be written as a migration: on an empty database it fails with: %s"
            % error.diag.message_primary,
            hint="Nothing was written.",
            sqlstate=error.pgcode,
        ) from None


def _execute(connection: Any, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)

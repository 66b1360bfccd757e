# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies the rows that were asked for into a scratch database (rehearsal_data)."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import Any, Iterator, List, NamedTuple, Sequence

from .. import deps
from ..databases.names import QualifiedName, parse_name
from ..databases.postgresql.connection import Target, connect
from ..databases.postgresql.copies import rows
from ..databases.postgresql.copies.place import Place, RehearsalImpossible
from ..databases.postgresql.gate import own_schemas
from ..databases.postgresql.server_errors import first_words

# rehearsal_data: all
ALL = ("all",)
LARGE_OBJECTS = "large objects: the copy has none"
APPLICATION = "pg_migrate"


class Source(NamedTuple):
    """The original, in one transaction that reads; ``schemas`` are those of its sessions' search_path."""

    connection: Any
    schemas: Sequence[str]


@contextmanager
def ready(target: Target) -> Iterator[Source]:
    """Open the original for reading, in one transaction.

    :raises RehearsalImpossible: also for what fails while it is read.
    """
    with closing(connect(target, APPLICATION)) as connection:
        try:
            schemas = own_schemas(connection)
            rows.begin(connection)
            yield Source(connection, schemas)
        except deps.DatabaseError as error:
            raise RehearsalImpossible("rehearsal_data can't be copied: %s" % first_words(error)) from None


def copy_rows(source: Source, into: Any, data: Sequence[str], exclude: Sequence[str], scratch: Place) -> None:
    """Copy rows, and where the sequences stand.

    :param into: a connection to the copy.
    :param data: "all", or names of tables.
    :param exclude: quoted names of the history's tables, whose rows aren't copied.
    :raises RehearsalImpossible: a table isn't there, or would run code of its owner's as a superuser.
    """
    names = None if tuple(data) == ALL else _names(source, data)
    found = [each for each in rows.tables(source.connection, names) if parse_quoted(each) not in set(exclude)]
    if scratch.by_superuser:
        _refuse_code_of_owners(found)
    for table in found:
        rows.copy(source.connection, into, table)
    rows.copy_sequences(source.connection, into, None if names is None else found)
    if names is None and rows.has_large_objects(source.connection):
        scratch.unproved.append(LARGE_OBJECTS)


def _names(source: Source, data: Sequence[str]) -> List[str]:
    """Return the quoted names of the tables that were asked for; without a schema, the first on the search_path."""
    found = []
    for each in data:
        name = parse_name(each, "rehearsal_data")
        places = [name.schema] if name.schema else source.schemas
        quoted = [QualifiedName(name.name, schema).quoted() for schema in places]
        there = [each for each in quoted if each not in rows.missing(source.connection, quoted)]
        if not there:
            raise RehearsalImpossible("rehearsal_data can't be copied: there is no table %s" % each)
        found.append(there[0])
    return found


def _refuse_code_of_owners(found: Sequence[rows.Table]) -> None:
    risky = [each for each in found if each.runs_code and not each.by_superuser]
    if risky:
        raise RehearsalImpossible(
            "rehearsal_data: the rows of %s run checks and expressions of %s as they are copied, and this is a "
            "superuser" % (", ".join(each.label for each in risky), risky[0].owner),
            hint="Connect as %s, who may rehearse with CREATEDB; or leave these tables out." % risky[0].owner,
        )


def parse_quoted(table: rows.Table) -> str:
    """Return the quoted name of a table, as it is excluded from a dump."""
    return QualifiedName(table.name, table.schema).quoted()

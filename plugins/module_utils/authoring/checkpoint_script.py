# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a scratch database has become as one script: its schema, the rows of the tables that are named, and where
its sequences stand.

It is to run in databases of other owners. So what belongs to whoever has run the scripts says nothing of its owner: it
will belong to whoever runs the checkpoint.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from .. import errors
from ..databases.choose import database_of
from ..databases.names import QualifiedName, parse_name
from ..databases.postgresql.connection import Target, connect
from ..databases.postgresql.copies import load
from ..databases.postgresql.copies import rows as row_copies
from ..databases.postgresql.copies.scratch import scratch_database
from ..databases.postgresql.gate import own_schemas
from ..databases.postgresql.snapshots import of_anybody
from ..databases.postgresql.writing import rows, sequences
from ..databases.tools import Tools
from ..schema.snapshot import ObjectKey, Snapshot
from .from_database import SETTINGS, Schema, as_text, read_schema
from .reference import APPLICATION

ALL = "all"
# What every dump says of an extension, and only its owner may say.
LEFT_TO_EXTENSIONS = "EXTENSION "
REFRESH = "REFRESH MATERIALIZED VIEW %s;\n"


class Written(NamedTuple):
    """What a scratch database has become.

    :ivar text: the statements that make it so.
    :ivar snapshots: its schema; and what its dump gives where it is loaded, which may be written otherwise.
    :ivar digests: what stands for the rows of the tables that are in it, by their quoted names.
    :ivar sequences: those that don't stand where they begin, by their quoted names.
    :ivar left_out: the tables that have rows and aren't in it, with how many.
    """

    text: str
    snapshots: Tuple[Snapshot, ...]
    digests: Dict[str, str]
    sequences: Dict[str, sequences.Place]
    left_out: Tuple[Tuple[str, int], ...]


def write(target: Target, history_table: QualifiedName, tools: Tools, wanted: Sequence[str]) -> Written:
    """Write a scratch database as a script.

    :param target: the scratch database, as whoever has run the scripts in it.
    :param wanted: names of the tables whose rows are to be in it, or "all".
    :raises OptionInvalid: when there is no such table.
    :raises MigrationError: when it can't be read, or can't be written as a script.
    """
    with closing(connect(target, APPLICATION)) as connection:
        schema = read_schema(connection, target, history_table, tools)
        own = database_of(connection).history.find(connection, history_table).tables()
        filled = _filled(connection, own)
        names = list(filled) if tuple(wanted) == (ALL,) else _named(connection, wanted)
        data = rows.as_sql(schema.reader.pg_dump, schema.target, tools, names)
        digests = rows.digests(connection, names)
        moved = sequences.moved(connection, own)
        data = "\n".join(filter(None, [data, sequences.as_sql(connection, moved)]))
        views = row_copies.populated(connection)
        role = rows.role(connection)
    dumped = schema.snapshot
    with scratch_database(schema.target, schema.facts) as scratch:
        schema = schema.tried_on(scratch)
    left_out = tuple((name, count) for name, count in filled.items() if name not in names)
    return Written(_text(schema, data, views, role), (dumped, schema.expected or dumped), digests, moved, left_out)


def digests_of(target: Target, tables: Sequence[str]) -> Dict[str, str]:
    """Return what stands for the rows of tables, by their quoted names."""
    with closing(connect(target, APPLICATION)) as connection:
        return rows.digests(connection, tables)


def moved_in(target: Target, history_table: QualifiedName) -> Dict[str, sequences.Place]:
    """Return the sequences that don't stand where they begin, by their quoted names; without the history's."""
    with closing(connect(target, APPLICATION)) as connection:
        return sequences.moved(connection, database_of(connection).history.find(connection, history_table).tables())


def sample_of(target: Target, table: str) -> Sequence[str]:
    """Return the first rows of a table as text."""
    with closing(connect(target, APPLICATION)) as connection:
        return rows.sample(connection, table)


def _text(schema: Schema, data: str, views: Sequence[Tuple[str, str]], role: str) -> str:
    """Put the script together: the rows come in front of what looks at them, as in a dump."""
    before: List[str] = []
    behind: List[str] = []
    for key, text in schema.snapshot.objects.items():
        if key.type == "COMMENT" and key.name.startswith(LEFT_TO_EXTENSIONS):
            continue
        (behind if behind or key.type in load.BEHIND_ROWS else before).append(of_anybody(key.type, text, role))
    fill = [_quoted(key) for key in schema.snapshot.objects if key.type == "MATERIALIZED VIEW"]
    filled = {QualifiedName(name, place).quoted() for place, name in views}
    refreshes = [REFRESH % view for view in fill if view in filled]
    parts = [SETTINGS, as_text(before), data, as_text(behind), "".join(refreshes)]
    return "\n".join(part for part in parts if part)


def _quoted(key: ObjectKey) -> str:
    return QualifiedName(key.name, key.schema).quoted()


def _filled(connection: Any, own: Sequence[str]) -> Dict[str, int]:
    """Return the tables that have rows, by their quoted names; without ours, and without those of extensions."""
    found = row_copies.tables(connection, None)
    names = [QualifiedName(each.name, each.schema).quoted() for each in found]
    counted = {name: rows.count(connection, name) for name in names if name not in own}
    return {name: count for name, count in counted.items() if count}


def _named(connection: Any, wanted: Sequence[str]) -> List[str]:
    """Return the quoted names of tables, the parts of partitioned ones among them.

    :raises OptionInvalid: when one isn't there.
    """
    quoted = []
    for each in wanted:
        name = parse_name(each, "squash_tables")
        schemas = [name.schema] if name.schema else own_schemas(connection)
        places = [QualifiedName(name.name, schema).quoted() for schema in schemas]
        there = [place for place in places if place not in row_copies.missing(connection, [place])]
        if not there:
            raise errors.OptionInvalid(
                "squash_tables: after the scripts there is no table %s" % each,
                hint="Nothing was written. Name tables that are there when all of them have run, with their schemas.",
            )
        quoted.append(there[0])
    found = row_copies.tables(connection, quoted)
    return [QualifiedName(each.name, each.schema).quoted() for each in found]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sequences stand, as SQL, and what stands for it when two databases are compared."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Sequence

from .... import deps, errors
from ...names import QualifiedName

# What a dump of rows says of the sequences that belong to its tables.
DUMPED = "SEQUENCE SET"

# Every sequence, but for those that come with an extension, or belong to certain tables.
SEQUENCES = """
SELECT n.nspname::text, c.relname::text, s.seqstart, pg_catalog.has_sequence_privilege(c.oid, 'SELECT')
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
 WHERE c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
   AND NOT EXISTS (
        SELECT 1 FROM pg_catalog.pg_depend d
         WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
           AND (d.deptype = 'e' OR d.deptype IN ('a', 'i')
                AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND d.refobjid = ANY(SELECT pg_catalog.to_regclass(w)::oid
                                       FROM pg_catalog.unnest(%(without)s::text[]) AS w)))
 ORDER BY n.nspname, c.relname
"""
# The view pg_sequences doesn't know where a sequence stands that was set and not called yet.
STATE = "SELECT last_value, is_called FROM {sequence}"
SET = "SELECT pg_catalog.setval({sequence}, {last}, {called});\n"


class Place(NamedTuple):
    """Where a sequence stands.

    :ivar last: its last value; where it was never called, the one that it gives next.
    :ivar called: whether it has given that value.
    """

    last: int
    called: bool

    def __str__(self) -> str:
        """Return it as one reads it in a difference."""
        return "%s %d" % ("behind" if self.called else "at", self.last)


def moved(connection: Any, without: Sequence[str]) -> Dict[str, Place]:
    """Return the sequences that don't stand where they begin, by their quoted names.

    :param without: the quoted names of tables whose sequences are left out.
    :raises SchemaUnread: when the role may not read one.
    """
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(SEQUENCES, {"without": list(without)})
        for schema, name, start, is_readable in cursor.fetchall():
            quoted = QualifiedName(name, schema).quoted()
            if not is_readable:
                raise errors.SchemaUnread(
                    "Where the sequence %s stands can't be read" % quoted,
                    hint="Grant SELECT on it to the role that runs the scripts.",
                )
            cursor.execute(deps.sql.SQL(STATE).format(sequence=deps.sql.SQL(quoted)))
            place = Place(*cursor.fetchone())
            if place != Place(start, False):
                found[quoted] = place
    return found


def as_sql(connection: Any, stand: Dict[str, Place]) -> str:
    """Return what lets sequences stand where they are to.

    :param connection: knows how to quote.
    """
    statements: List[str] = []
    for name, place in stand.items():
        values = zip(("sequence", "last", "called"), (name, *place))
        statement = deps.sql.SQL(SET).format(**{key: deps.sql.Literal(value) for key, value in values})
        statements.append(statement.as_string(connection))
    return "".join(statements)

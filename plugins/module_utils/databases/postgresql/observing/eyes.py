# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at tables: what is there before a run, what a session holds of it now, how large the real ones are."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .... import deps
from ...sight import Column, Details, Held, Key, Relation, Sight, Survey
from . import statements


def survey_of(connection: Any, own: Sequence[str]) -> Survey:
    """Return what is there, without what is ours.

    :param own: the quoted names of the history's tables, the log's second.
    """
    with connection.cursor() as cursor:
        relations = read_relations(cursor)
        cursor.execute(statements.EDGES, [list(own)])
        latest, oids = cursor.fetchone()
    connection.rollback()
    theirs = {oid: each for oid, each in relations.items() if oid not in oids}
    return Survey(theirs, latest or 0, tuple(oids), _any_bytes(connection))


def read_relations(cursor: Any) -> Dict[int, Relation]:
    """Return every table and view by its oid, in the open transaction."""
    cursor.execute(deps.sql.SQL(statements.SURVEY).format(**_parts(_any_bytes(cursor.connection))))
    return {
        oid: Relation(name, kind, filenode, layout, tuple(columns or ()), not_null or "", parent, is_partition)
        for oid, name, kind, filenode, layout, columns, not_null, parent, is_partition in cursor.fetchall()
    }


def _any_bytes(connection: Any) -> bool:
    return bool(connection.info.parameter_status("server_encoding") == "SQL_ASCII")


def has_tables(connection: Any) -> bool:
    """Return whether there is any table in the database."""
    with connection.cursor() as cursor:
        cursor.execute(statements.ANY_TABLE)
        found = bool(cursor.fetchone()[0])
    connection.rollback()
    return found


def held_of(survey: Survey) -> Any:
    """Return HELD for these tables."""
    log = survey.own[1] if len(survey.own) > 1 else None
    own = deps.sql.SQL("ARRAY[{}]::bigint[]").format(
        deps.sql.SQL(", ").join(deps.sql.Literal(oid) for oid in survey.own if oid is not None)
    )
    literals = {"latest": deps.sql.Literal(survey.latest), "own": own, "log": deps.sql.Literal(log)}
    parts = _parts(survey.any_bytes)
    details = deps.sql.SQL(statements.DETAILS).format(**parts, **literals)
    return deps.sql.SQL(statements.HELD).format(details=details, **parts, **literals)


def _parts(any_bytes: bool) -> Dict[str, Any]:
    """Return what several statements have in common.

    :param any_bytes: whether names may be no text.
    """
    names = {"name": statements.NAME, "column": statements.COLUMN, "key": statements.KEY}
    parts: Dict[str, Any] = {key: deps.sql.SQL(part) for key, part in names.items()}
    if any_bytes:
        parts = {key: deps.sql.SQL(statements.ESCAPED).format(part) for key, part in parts.items()}
    return {**parts, "layout": deps.sql.SQL(statements.LAYOUT)}


def sight_of(text: Optional[str]) -> Sight:
    """Return what HELD gives as values."""
    seen = json.loads(text) if text else None
    if seen is None:
        return Sight()
    events, beside, held = seen
    transient, anew = beside or (False, None)
    return Sight(tuple(_held(*row) for row in held), events, bool(transient), frozenset(anew or ()))


def _held(oid: int, modes: List[str], exists: bool, *row: Any) -> Held:
    if not exists:
        return Held(oid, frozenset(modes), exists=False)
    held = Held._make((oid, frozenset(modes), exists, *row))
    return held._replace(details=_details(*row[-1]) if row[-1] else None)


def _details(columns: Any, indexes: Any, constraints: Any) -> Details:
    count, clustered, scans, made = indexes
    constraints = constraints or ()
    return Details(
        tuple(Column(*each) for each in columns or ()),
        bool(clustered),
        count,
        int(scans or 0),
        frozenset(made or ()),
        frozenset(oid for oid, is_key, validated, *dummy in constraints if validated and not is_key),
        tuple(Key(oid, *rest) for oid, is_key, *rest in constraints if is_key),
    )


def read_sight(cursor: Any, survey: Survey) -> Sight:
    """Return what the session holds now."""
    cursor.execute(deps.sql.SQL("SELECT {held}::text").format(held=held_of(survey)))
    return sight_of(cursor.fetchone()[0])


def read_sizes(connection: Any, keys: List[Any]) -> Dict[Any, Tuple[Optional[int], Optional[int]]]:
    """Return size in bytes and estimated rows of tables; those that are gone are left out.

    :param keys: their quoted names, or their oids.
    """
    found = statements.BY_OID if isinstance(keys[0], int) else statements.BY_NAME
    with connection.cursor() as cursor:
        cursor.execute(deps.sql.SQL(statements.SIZES).format(found=deps.sql.SQL(found)), [keys])
        sizes = {key: (size, rows) for key, size, rows in cursor.fetchall()}
    connection.rollback()
    return sizes

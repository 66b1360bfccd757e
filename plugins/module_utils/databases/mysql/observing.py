# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps do to tables that were there before, by comparing what the server tells of them. It is the port Observing.

A table that the server copies gets another number in InnoDB's own catalog. Only a user with PROCESS may read that.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...hazard import HazardKind
from ..sight import Relation, Sight, Survey

ANY_TABLE = "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
TABLES = "SELECT table_name, table_type = 'VIEW' FROM information_schema.tables WHERE table_schema = DATABASE()"
COLUMNS = """
SELECT table_name, column_name, column_type FROM information_schema.columns WHERE table_schema = DATABASE()
 ORDER BY table_name, ordinal_position
"""
# MariaDB's name of it, and MySQL's. A database's name in it is written as that of its directory.
NUMBERS = "SELECT table_id, name FROM information_schema.{catalog} WHERE name LIKE CONCAT({directory}, '/%%')"
CATALOGS = {True: "innodb_sys_tables", False: "innodb_tables"}
SIZES = """
SELECT table_name, data_length + index_length, table_rows FROM information_schema.tables
 WHERE table_schema = DATABASE() AND table_type <> 'VIEW'
"""


class Known(NamedTuple):
    """What a connection has seen of one table.

    :ivar number: what InnoDB calls it; 0: nobody knows.
    :ivar columns: names and types by place; the name '' is of one that is gone.
    """

    name: str
    number: int
    columns: Tuple[Tuple[str, str], ...]


def survey_of(connection: Any, own: Sequence[str]) -> Survey:
    """Return what is there, without the tables that are ours."""
    with connection.cursor() as cursor:
        relations = read_relations(cursor)
    connection.rollback()
    return Survey({key: each for key, each in relations.items() if '"%s"' % each.name not in own})


def read_relations(cursor: Any) -> Dict[int, Relation]:
    """Return every table and view by a number of this connection's, which a table keeps under another name."""
    connection = cursor.connection
    numbers = _numbers(cursor)
    cursor.execute(TABLES)
    views = {name: bool(is_view) for name, is_view in cursor.fetchall()}
    columns: Dict[str, List[Tuple[str, str]]] = {name: [] for name in views}
    cursor.execute(COLUMNS)
    for table, name, kind in cursor.fetchall():
        columns.setdefault(table, []).append((name, kind))
    known: Dict[int, Known] = connection.tables_seen
    found: Dict[int, Relation] = {}
    for key, name in _keys(known, numbers, columns):
        before = known.get(key, Known(name, 0, ()))
        now = Known(name, numbers.get(name, 0), _aligned(before.columns, columns[name]))
        is_emptied = name in connection.truncated or before.name in connection.truncated
        anew = HazardKind.TRUNCATED if is_emptied else HazardKind.TABLE_COPIED
        known[key] = now
        found[key] = Relation(
            name,
            "v" if views.get(name) else "r",
            filenode=now.number,
            columns=tuple(column for column, dummy in now.columns),
            anew=anew.value,
        )
    connection.truncated.clear()
    return found


def read_sight(cursor: Any, survey: Survey) -> Sight:
    """Return a look that has seen nothing: the server doesn't tell what a session does."""
    return Sight()


def read_sizes(connection: Any, keys: List[Any]) -> Dict[Any, Tuple[Optional[int], Optional[int]]]:
    """Return size in bytes and estimated rows of tables, by name or by this connection's number."""
    with connection.cursor() as cursor:
        cursor.execute(SIZES)
        sizes = {name: (int(size or 0), int(rows or 0)) for name, size, rows in cursor.fetchall()}
    connection.rollback()
    names = {key: connection.tables_seen[key].name if key in connection.tables_seen else key for key in keys}
    return {key: sizes[name] for key, name in names.items() if name in sizes}


def has_tables(connection: Any) -> bool:
    """Return whether there is any table."""
    with connection.cursor() as cursor:
        cursor.execute(ANY_TABLE)
        found = bool(cursor.fetchone()[0])
    connection.rollback()
    return found


def tells_copies(connection: Any) -> bool:
    """Return whether this user may see that a table is copied."""
    with connection.cursor() as cursor:
        return bool(_numbers(cursor)) or not has_tables(connection)


def _numbers(cursor: Any) -> Dict[str, int]:
    """Return what InnoDB calls each table; nothing where this user may not ask."""
    connection = cursor.connection
    query = NUMBERS.replace("{catalog}", CATALOGS[connection.is_mariadb]).replace("{directory}", "%s")
    try:
        cursor.execute(query, [_as_file(connection.database)])
    except connection.Error:
        return {}
    return {_as_name(name.partition("/")[2]): number for number, name in cursor.fetchall()}


def _keys(
    known: Dict[int, Known], numbers: Dict[str, int], columns: Dict[str, List[Tuple[str, str]]]
) -> List[Tuple[int, str]]:
    """Return the key of each table: that of the same number, else that of the same name, else a new one."""
    by_number = {each.number: key for key, each in known.items() if each.number}
    by_name = {each.name: key for key, each in known.items()}
    keys: Dict[str, int] = {}
    for name in columns:
        if numbers.get(name) in by_number:
            keys[name] = by_number[numbers[name]]
    for name in columns:
        if name not in keys and by_name.get(name) not in (None, *keys.values()):
            keys[name] = by_name[name]
    last = max([*known, *keys.values()], default=0)
    for name in columns:
        if name not in keys:
            last += 1
            keys[name] = last
    return [(key, name) for name, key in keys.items()]


def _aligned(before: Tuple[Tuple[str, str], ...], now: List[Tuple[str, str]]) -> Tuple[Tuple[str, str], ...]:
    """Return the columns by the places that they had; one of the same type in the place of another is that one."""
    there = dict(now)
    gone = [each for each in before if each[0] and each[0] not in there]
    new = [each for each in now if each[0] not in dict(before)]
    places = [name for name, dummy in before if name]
    renamed = {}
    for name, kind in new:
        place = [each for each, dummy in now].index(name)
        was = places[place] if len(now) == len(places) and place < len(places) else None
        if (was, kind) in gone:
            renamed[was] = name
    kept = tuple((name, there[name]) if name in there else (renamed.get(name, ""), kind) for name, kind in before)
    return kept + tuple(each for each in new if each[0] not in renamed.values())


def _as_file(name: str) -> str:
    """Return a name as InnoDB writes it: as that of a file."""
    return "".join(each if each.isalnum() and each.isascii() or each == "_" else "@%04x" % ord(each) for each in name)


def _as_name(file: str) -> str:
    """Return the name that InnoDB has written as that of a file."""
    head, *rest = file.split("@")
    return head + "".join(chr(int(each[:4], 16)) + each[4:] for each in rest)

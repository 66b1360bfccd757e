# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables, their columns and the foreign keys between them, read from a schema's snapshot, for people to look at."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..schema.snapshot import Snapshot

MOST_TABLES = 30
MOST_COLUMNS = 100

ADDED, CHANGED, REMOVED, SAME, NEIGHBOUR = "added", "changed", "removed", "", "neighbour"

_PART = r'(?:"(?:[^"]|"")+"|[^\s".(]+)'
_NAME = r"%s(?:\.%s)?" % (_PART, _PART)
_TABLE = re.compile(r"(?:CREATE|CREATE UNLOGGED|CREATE FOREIGN) TABLE (%s) \(\n" % _NAME)
_COLUMN = re.compile(r"    (%s) (.+?),?$" % _PART, re.DOTALL)
_BEHIND_TYPE = "COLLATE|DEFAULT|NOT NULL|NULL|GENERATED|CONSTRAINT|STORAGE|COMPRESSION|OPTIONS"
_TYPE = re.compile(r"(.*?)(?: (?:%s)\b.*)?$" % _BEHIND_TYPE, re.DOTALL)
_FOREIGN_KEY = re.compile(
    r"(?:ALTER|ALTER FOREIGN) TABLE (?:ONLY )?(%s)\s+ADD CONSTRAINT (%s) FOREIGN KEY \((.*?)\) REFERENCES (%s)\("
    % (_NAME, _PART, _NAME)
)
_ALTERS = re.compile(
    r"(?:ALTER (?:FOREIGN )?TABLE (?:ONLY )?|CREATE (?:UNIQUE )?INDEX %s ON (?:ONLY )?)(%s)" % (_PART, _NAME)
)
# Entries of a snapshot that belong to a table, and whose change is a change of it.
_PARTS = ("CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT", "INDEX", "DEFAULT")


class Reference(NamedTuple):
    """A foreign key of a table: its name, its columns, and to which table it refers."""

    name: str
    columns: str
    table: str


class Table(NamedTuple):
    """A table, with the type of each column, as the server writes it, and whether that may be NULL."""

    columns: Mapping[str, Tuple[str, bool]]
    references: Tuple[Reference, ...] = ()


def tables_of(snapshot: Snapshot) -> Dict[str, Table]:
    """Return the tables of a schema, by name."""
    found: Dict[str, Table] = {}
    for key, text in snapshot.objects.items():
        head = _TABLE.match(text) if key.type in ("TABLE", "FOREIGN TABLE") else None
        if head is not None:
            found[head[1]] = Table(_columns(text[head.end() :]))
    for key, text in snapshot.objects.items():
        made = _FOREIGN_KEY.match(text) if key.type == "FK CONSTRAINT" else None
        if made is not None and made[1] in found:
            table = found[made[1]]
            found[made[1]] = table._replace(references=(*table.references, Reference(*made.group(2, 3, 4))))
    return found


def _columns(text: str) -> Dict[str, Tuple[str, bool]]:
    """Return the columns of a CREATE TABLE; a literal, or a name, may have several lines."""
    found: Dict[str, Tuple[str, bool]] = {}
    whole = ""
    for line in text.split("\n"):
        whole += line
        if whole.count("'") % 2 or whole.count('"') % 2:
            whole += "\n"
            continue
        if whole.startswith(")"):
            break
        column = _COLUMN.match(whole)
        if column is not None and column[1] != "CONSTRAINT":
            kind = _TYPE.match(column[2])
            found[column[1]] = (kind[1] if kind else column[2], " NOT NULL" not in column[2])
        whole = ""
    return found


def picture(before: Snapshot, after: Snapshot) -> Tuple[List[Dict[str, Any]], int]:
    """Return the tables that are changed, and their neighbours by foreign keys.

    :returns: for each name, change, columns (name, type, nullable, change, was) and references (name, columns, table,
        change); and how many tables are left out beyond MOST_TABLES.
    """
    old, new = tables_of(before), tables_of(after)
    changes = _changes(before, after, old, new)
    around = _neighbours({**old, **new}, set(changes)) - set(changes)
    shown = [*sorted(changes), *sorted(around)]
    tables = [_shown(name, changes.get(name, NEIGHBOUR), old.get(name), new.get(name)) for name in shown[:MOST_TABLES]]
    return tables, max(len(shown) - MOST_TABLES, 0)


def _changes(before: Snapshot, after: Snapshot, old: Mapping[str, Table], new: Mapping[str, Table]) -> Dict[str, str]:
    found = {name: ADDED for name in new if name not in old}
    found.update({name: REMOVED for name in old if name not in new})
    found.update({name: CHANGED for name in new if name in old and old[name] != new[name]})
    for key in {**before.objects, **after.objects}:
        texts = before.objects.get(key), after.objects.get(key)
        altered = _ALTERS.match(texts[1] or texts[0] or "") if key.type in _PARTS and texts[0] != texts[1] else None
        if altered is not None and altered[1] in old and altered[1] in new:
            found[altered[1]] = CHANGED
    return found


def _neighbours(tables: Mapping[str, Table], changed: Set[str]) -> Set[str]:
    pairs = [(name, reference.table) for name, table in tables.items() for reference in table.references]
    near = {other for name, other in pairs if name in changed} | {name for name, other in pairs if other in changed}
    return near & set(tables)


def _shown(name: str, change: str, old: Optional[Table], new: Optional[Table]) -> Dict[str, Any]:
    before, after = old or Table({}), new or Table({})
    columns = [_column(each, before, after, change) for each in list(dict.fromkeys([*after.columns, *before.columns]))]
    references = [
        {**each._asdict(), "change": _change(each in before.references, each in after.references)}
        for each in dict.fromkeys([*after.references, *before.references])
    ]
    return {
        "name": name,
        "change": change,
        "columns": columns[:MOST_COLUMNS],
        "columns_left_out": max(len(columns) - MOST_COLUMNS, 0),
        "references": references,
    }


def _column(name: str, before: Table, after: Table, change: str) -> Dict[str, Any]:
    was, now = before.columns.get(name), after.columns.get(name)
    kind, nullable = now or was or ("", True)
    differs = was is not None and now is not None and was != now
    return {
        "name": name,
        "type": kind,
        "nullable": nullable,
        "change": CHANGED if differs else _change(was is not None, now is not None) if change != NEIGHBOUR else SAME,
        "was": _in_words(was) if differs and was else None,
    }


def _change(was: bool, remains: bool) -> str:
    return SAME if was and remains else ADDED if remains else REMOVED


def _in_words(column: Tuple[str, bool]) -> str:
    return column[0] + ("" if column[1] else " NOT NULL")

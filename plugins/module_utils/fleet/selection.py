# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which databases a task is about. Nothing is touched before all of them are known to be there."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from .. import errors
from ..databases.choose import database_of
from ..databases.port_fleet import Census
from ..wording import some

# What makes a pattern of a name.
WILDCARDS = frozenset("*?[")


class Selection(NamedTuple):
    """Which databases are meant; one of the three is given.

    :ivar matching: patterns, with * for anything, ? for a character and [abc] for one of several.
    :ivar query: its rows are names.
    """

    names: Tuple[str, ...] = ()
    matching: Tuple[str, ...] = ()
    query: Optional[str] = None


class Fleet(NamedTuple):
    """The databases of a task.

    :ivar names: in the order in which they are taken.
    :ivar room: how many connections there are left for them.
    :ivar address: which server they are on.
    :ivar missing: those that aren't there.
    """

    names: Tuple[str, ...]
    room: int
    address: str
    missing: Tuple[str, ...] = ()


def find(target: Any, selection: Selection, may_miss: bool = False) -> Fleet:
    """Return the databases that are meant.

    :param target: where the query is asked.
    :param may_miss: in check mode, a database may be one that is still to be made.
    :raises OptionInvalid: when there is none, one isn't there or is named twice, or the query gives no names.
    """
    database = database_of(target)
    with database.errors.translated():
        census = database.fleet.census(target, selection.query)
    names = chosen(selection, census)
    missing = tuple(name for name in names if name not in set(census.databases))
    if missing and not (may_miss and selection.names):
        raise _missing_error(missing, census)
    return Fleet(names, census.room, census.address, missing)


def chosen(selection: Selection, census: Census) -> Tuple[str, ...]:
    """Return the names that are meant.

    :raises OptionInvalid: as in find().
    """
    if selection.query is not None:
        names: Sequence[str] = _answered(census.answer or ())
    elif selection.names:
        names = selection.names
    else:
        names = _matching(selection.matching, census)
    twice = _twice(names)
    if twice:
        raise errors.OptionInvalid(
            "databases: %s twice: %s" % ("query gives" if selection.query else "names has", some(twice)),
            hint="Nothing was touched. Name each database once.",
        )
    return tuple(names)


def _matching(patterns: Sequence[str], census: Census) -> List[str]:
    """Return what matches. What every server has, and what rehearsals have made, has to be named in full."""

    def is_meant(name: str, pattern: str) -> bool:
        return fnmatchcase(name, pattern) and (name not in census.ours or not WILDCARDS & set(pattern))

    found = [name for name in census.databases if any(is_meant(name, pattern) for pattern in patterns)]
    if not found:
        others = [name for name in census.databases if name not in census.ours]
        raise errors.OptionInvalid(
            "databases: no database matches %s on %s" % (", ".join(patterns), census.address),
            hint="There are: %s." % some(others) if others else "There is none but those that every server has.",
        )
    return found


def _answered(rows: Sequence[Tuple[Any, ...]]) -> List[str]:
    if not rows:
        raise errors.OptionInvalid(
            "databases: query gives no rows", hint="Nothing was touched. At least one database has to be meant."
        )
    if len(rows[0]) != 1:
        raise errors.OptionInvalid(
            "databases: query gives %d columns" % len(rows[0]), hint="It has to give one, with the names of databases."
        )
    for number, (name,) in enumerate(rows, start=1):
        if not isinstance(name, str) or not name:
            what = "NULL" if name is None else "an empty name" if name == "" else "no text (%s)" % type(name).__name__
            raise errors.OptionInvalid(
                "databases: query gives %s in row %d" % (what, number),
                hint="Nothing was touched. Each row has to be the name of a database; leave others out with WHERE.",
            )
    return [row[0] for row in rows]


def _twice(names: Iterable[str]) -> List[str]:
    seen: Set[str] = set()
    twice: Dict[str, None] = {}
    for name in names:
        if name in seen:
            twice[name] = None
        seen.add(name)
    return list(twice)


def _missing_error(missing: Sequence[str], census: Census) -> errors.OptionInvalid:
    return errors.OptionInvalid(
        "databases: not on %s: %s" % (census.address, some(missing)),
        hint="Nothing was touched. Create them with pg_user_db or the role pgops.migrations.database; or correct "
        "the names.",
    )

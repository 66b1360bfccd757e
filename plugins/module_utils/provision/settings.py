# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of roles and databases: what is wanted, what is there, the difference."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .. import deps, errors
from .statement import Action, Attribute, Clause, Difference, Statement

# Nothing stands for all roles, or for all databases.
READ = """
SELECT r.rolname::pg_catalog.text, d.datname::pg_catalog.text, s.setconfig
  FROM pg_catalog.pg_db_role_setting s
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
  LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
"""
KNOWN = "SELECT pg_catalog.current_setting(%s, true) IS NOT NULL"

OF_ROLE = "ALTER ROLE {role}"
IN_DATABASE = "IN DATABASE {database}"
OF_DATABASE = "ALTER DATABASE {database}"
SET = "SET {parameter} TO {value}"
RESET = "RESET {parameter}"

# Whose values are lists of names. The server has no other such parameter, and lets no extension have one.
LISTS = frozenset(
    {
        *("search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"),
        *("shared_preload_libraries", "unix_socket_directories"),
    }
)
ELEMENT = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(?:,|$)')

NEEDS = (
    "It takes the role itself, CREATEROLE (from PostgreSQL 16 on with ADMIN OPTION on the role), or the ownership of "
    "the database; some parameters only a superuser may set."
)

Value = Union[str, Tuple[str, ...]]
Place = Tuple[Optional[str], Optional[str]]


class Setting(NamedTuple):
    """A parameter as a session begins with it.

    :ivar role: whose sessions; None: everybody's.
    :ivar database: in which database; None: in all.
    :ivar value: None: it isn't set there.
    """

    role: Optional[str]
    database: Optional[str]
    name: str
    value: Optional[str]

    @property
    def place(self) -> Place:
        """Return where it holds."""
        return self.role, self.database


def differences(cursor: Any, wishes: Sequence[Setting]) -> List[Difference]:
    """Return which settings are to be changed, a difference for each place.

    :raises OptionInvalid: when the server has no such parameter.
    """
    there = _read(cursor)
    made = []
    for place in dict.fromkeys(wish.place for wish in wishes):
        differing = [wish for wish in wishes if wish.place == place and _differs(wish, there.get(place, {}))]
        for wish in differing:
            _check_known(cursor, wish)
        if differing:
            made.append(_difference(place, there.get(place, {}), differing))
    return made


def value_of(name: str, text: str) -> Value:
    """Return a parameter's value as the server keeps it: a list for one that is a list of names."""
    if name.lower() not in LISTS:
        return text
    found = [quoted.replace('""', '"') or plain for quoted, plain in ELEMENT.findall(text)]
    return tuple(each for each in found if each)


def _read(cursor: Any) -> Dict[Place, Dict[str, str]]:
    cursor.execute(READ)
    return {
        (role, database): {name.lower(): value for name, dummy, value in (each.partition("=") for each in config)}
        for role, database, config in cursor.fetchall()
    }


def _differs(wish: Setting, there: Mapping[str, str]) -> bool:
    before = there.get(wish.name.lower())
    if before is None or wish.value is None:
        return before is not wish.value
    return value_of(wish.name, before) != value_of(wish.name, wish.value)


def _check_known(cursor: Any, wish: Setting) -> None:
    if "." in wish.name or wish.value is None:
        return
    try:
        cursor.execute(KNOWN, [wish.name])
        known = cursor.fetchone()[0]
    except deps.psycopg2.Error:
        known = True  # it is there, and not everybody may see it
    if not known:
        raise errors.OptionInvalid(
            "settings: the server has no parameter %s" % wish.name,
            hint="Correct its name. One of your own has a dot in its name: app.%s." % wish.name,
        )


def _difference(place: Place, there: Mapping[str, str], wishes: Sequence[Setting]) -> Difference:
    role, database = place
    of_role = "role %s" % role if role is not None else ""
    where = (" in database %s" if of_role else "database %s") % database if database is not None else ""
    attributes = [Attribute(each.name, there.get(each.name.lower()), each.value) for each in wishes]
    statements = [_statement(each, of_role + where) for each in wishes]
    return Difference("settings", of_role + where, Action.CHANGED, tuple(attributes), tuple(statements))


def _statement(wish: Setting, whose: str) -> Statement:
    clauses = []
    if wish.role is not None:
        clauses.append(Clause(OF_ROLE, {"role": wish.role}))
    if wish.database is not None:
        clauses.append(Clause(IN_DATABASE if wish.role is not None else OF_DATABASE, {"database": wish.database}))
    parameter: Dict[str, Any] = {"parameter": tuple(wish.name.split("."))}
    if wish.value is None:
        clauses.append(Clause(RESET, parameter))
    else:
        # An empty list is written as an empty text.
        clauses.append(Clause(SET, parameter, {"value": value_of(wish.name, wish.value) or ""}))
    return Statement(tuple(clauses), "change the setting %s of the %s" % (wish.name, whose), NEEDS)

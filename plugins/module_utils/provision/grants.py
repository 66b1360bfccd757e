# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role may do in a database: what is asked for, as values, and which privileges there are."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .. import errors

# Kind of object → its privileges, in the order of the server's documentation.
DATABASE, SCHEMA, TABLE, SEQUENCE, ROUTINE, TYPE = "database", "schema", "table", "sequence", "routine", "type"
PRIVILEGES: Mapping[str, Tuple[str, ...]] = {
    DATABASE: ("CREATE", "CONNECT", "TEMPORARY"),
    SCHEMA: ("CREATE", "USAGE"),
    TABLE: ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"),
    SEQUENCE: ("USAGE", "SELECT", "UPDATE"),
    ROUTINE: ("EXECUTE",),
    TYPE: ("USAGE",),
}
SYNONYMS = {"TEMP": "TEMPORARY"}
ALL = "ALL"
# PostgreSQL 17 has brought it.
MAINTAIN, MAINTAIN_SINCE = "MAINTAIN", 170000

# As ALTER DEFAULT PRIVILEGES calls what is made later.
LATER = {"tables": TABLE, "sequences": SEQUENCE, "routines": ROUTINE, "types": TYPE, "schemas": SCHEMA}


class Grant(NamedTuple):
    """Privileges on objects of one kind.

    :ivar schemas: where they are; for schemas, which they are.
    :ivar names: None: all that are in these schemas.
    """

    kind: str
    schemas: Tuple[str, ...]
    names: Optional[Tuple[str, ...]]
    privileges: Tuple[str, ...]


class DefaultGrant(NamedTuple):
    """Privileges on what is made later.

    :ivar creators: who makes it; none: the owner of the database.
    :ivar schemas: where; none: anywhere in the database.
    :ivar later: tables, sequences …, see `LATER`.
    """

    creators: Tuple[str, ...]
    schemas: Tuple[str, ...]
    later: str
    privileges: Tuple[str, ...]


class GrantWish(NamedTuple):
    """What a role may do.

    :ivar exact: and nothing else.
    """

    database: Tuple[str, ...] = ()
    objects: Tuple[Grant, ...] = ()
    defaults: Tuple[DefaultGrant, ...] = ()
    exact: bool = False

    @property
    def schemas(self) -> List[str]:
        """Return every schema that is named."""
        named = [name for each in self.objects for name in each.schemas]
        return list(dict.fromkeys(named + [name for each in self.defaults for name in each.schemas]))

    @property
    def creators(self) -> List[str]:
        """Return every role that is named."""
        return list(dict.fromkeys(name for each in self.defaults for name in each.creators))


def parse_privileges(words: Sequence[str], kind: str, option: str) -> Tuple[str, ...]:
    """Read words like SELECT, or ALL.

    :param kind: of the objects that they are for.
    :raises OptionInvalid: when one isn't a privilege of such objects.
    """
    found = []
    for word in words:
        name = SYNONYMS.get(word.strip().upper(), word.strip().upper())
        if name != ALL and name not in PRIVILEGES[kind]:
            raise errors.OptionInvalid(
                "%s: a %s has no privilege %s" % (option, kind, word.strip()),
                hint="There are %s, and ALL." % ", ".join(PRIVILEGES[kind]),
            )
        found.append(name)
    return tuple(dict.fromkeys(found))


def expanded(privileges: Sequence[str], kind: str, server_version: int) -> Tuple[str, ...]:
    """Return privileges in the server's order, with ALL written out.

    :param server_version: as libpq gives it, 150018 for 15.18.
    :raises OptionInvalid: when this server hasn't got one of them yet.
    """
    is_old = server_version < MAINTAIN_SINCE
    if MAINTAIN in privileges and is_old:
        raise errors.OptionInvalid(
            "grants: this server has no privilege MAINTAIN", hint="It came with PostgreSQL 17. Leave it out."
        )
    known = [each for each in PRIVILEGES[kind] if not (each == MAINTAIN and is_old)]
    return tuple(each for each in known if ALL in privileges or each in privileges)


def listed(privileges: Any, kind: str) -> Optional[str]:
    """Return privileges as people read them; None: there is none."""
    return ", ".join(each for each in PRIVILEGES[kind] if each in privileges) or None


def grouped(pairs: Sequence[Tuple[Any, Any]]) -> Dict[Any, List[Any]]:
    """Return what belongs to each key, in the order of its first appearance."""
    found: Dict[Any, List[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found

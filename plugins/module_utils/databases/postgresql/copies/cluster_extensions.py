# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which extensions a throwaway cluster gets, and how: those that can't reach out of it, as this host has them."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .... import deps
from .cluster_facts import Extension

AVAILABLE = """
SELECT v.name::text, v.version, v.trusted, x.default_version = v.version
  FROM pg_catalog.pg_available_extension_versions v
  JOIN pg_catalog.pg_available_extensions x ON x.name = v.name
"""
THERE = "SELECT e.extname::text FROM pg_catalog.pg_extension e"
CREATE = "CREATE EXTENSION {name}"
IN_SCHEMA = " SCHEMA {schema}"
OF_VERSION = " VERSION {version}"
# There is no ALTER EXTENSION … OWNER TO. Its owner may comment on it, update and drop it.
MAY_CHANGE_CATALOG = "SET allow_system_table_mods = on"
OWN = """
UPDATE pg_catalog.pg_extension SET extowner = r.oid FROM pg_catalog.pg_roles r
 WHERE extname = %s AND r.rolname = %s
"""

# An extension that says of itself that it is trusted may be made by whoever may create in the database. These don't say
# so, and let nobody run programs, read files or connect to other servers either: their functions look into the server,
# and what reads more than one's own is left to superusers, of whom there are none.
HARMLESS = frozenset(
    [
        *("amcheck", "autoinc", "bloom", "earthdistance", "insert_username", "intagg", "moddatetime", "pageinspect"),
        *("pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_stat_statements", "pg_visibility"),
        *("pgrowlocks", "pgstattuple", "refint"),
    ]
)


class Plan(NamedTuple):
    """How to make an extension. ``version`` None: the host's own; ``remark``: what isn't as on the target."""

    extension: Extension
    version: Optional[str]
    remark: Optional[str] = None


def read_available(connection: Any) -> Dict[str, Dict[str, Tuple[bool, bool]]]:
    """Return what the host has: by name and version, whether it is trusted, and whether it is the usual version."""
    found: Dict[str, Dict[str, Tuple[bool, bool]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(AVAILABLE)
        for name, version, trusted, usual in cursor.fetchall():
            found.setdefault(name, {})[version] = (trusted, usual)
    return found


def plan(
    wanted: Sequence[Extension], available: Dict[str, Dict[str, Tuple[bool, bool]]], chosen: bool = False
) -> Tuple[List[Plan], List[Tuple[Extension, str]]]:
    """Return how to make each extension, and which can't be made, with the reason.

    :param chosen: the task names them, and not somebody's database.
    """
    made: List[Plan] = []
    left_out: List[Tuple[Extension, str]] = []
    for each in wanted:
        versions = available.get(each.name)
        if versions is None:
            left_out.append((each, "this host hasn't got it"))
        elif not (chosen or each.name in HARMLESS or any(trusted for trusted, dummy in versions.values())):
            left_out.append((each, "it isn't known to stay inside a cluster"))
        elif each.version is None or each.version in versions:
            made.append(Plan(each, each.version))
        else:
            usual = next((version for version, (dummy, is_usual) in versions.items() if is_usual), "another")
            made.append(Plan(each, None, "version %s instead of the target's %s" % (usual, each.version)))
    return made, left_out


def create(admin: Any, planned: Plan) -> None:
    """Make an extension, and give it its owner.

    :raises DatabaseError: what the server says.
    """
    extension = planned.extension
    statement = deps.sql.SQL(CREATE).format(name=deps.sql.Identifier(extension.name))
    if extension.schema is not None:
        statement += deps.sql.SQL(IN_SCHEMA).format(schema=deps.sql.Identifier(extension.schema))
    if planned.version is not None:
        statement += deps.sql.SQL(OF_VERSION).format(version=deps.sql.Literal(planned.version))
    with admin.cursor() as cursor:
        cursor.execute(statement)
        if extension.owner is not None:
            cursor.execute(MAY_CHANGE_CATALOG)
            cursor.execute(OWN, [extension.name, extension.owner])


def names(connection: Any) -> List[str]:
    """Return the extensions that a database has."""
    with connection.cursor() as cursor:
        cursor.execute(THERE)
        return [row[0] for row in cursor.fetchall()]

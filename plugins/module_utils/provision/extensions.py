# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extensions of a database: which can be had, which are there, how to create the others."""

from __future__ import annotations

from typing import Any, List, Sequence

from .. import errors
from .statement import Action, Clause, Difference, Statement

INSTALLED = "SELECT e.extname FROM pg_catalog.pg_extension e WHERE e.extname = ANY (%s::pg_catalog.text[])"
AVAILABLE = """
SELECT a.name, v.superuser, v.trusted
  FROM pg_catalog.pg_available_extensions a
  LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
 WHERE a.name = ANY (%s::pg_catalog.text[])
"""

# IF NOT EXISTS, because a new database has what its template has.
# The schema that the extension comes to is that of the database's own search_path.
CREATE = "RESET search_path; CREATE EXTENSION IF NOT EXISTS {extension} CASCADE"

NEEDS = "It takes a superuser, or for a trusted extension CREATE on the database."


def check_available(cursor: Any, names: Sequence[str], superuser: bool) -> None:
    """Check that extensions can be created.

    :param superuser: whether the one who is connected is one.
    :raises OptionInvalid: when the server hasn't got one of them.
    :raises PrivilegeError: when one of them is for superusers only.
    """
    cursor.execute(AVAILABLE, [list(names)])
    found = {name: bool(for_superusers and not trusted) for name, for_superusers, trusted in cursor.fetchall()}
    missing = [name for name in names if name not in found]
    if missing:
        raise errors.OptionInvalid(
            "extensions: the server has no %s" % ", ".join(missing),
            hint="Correct the name, or install the package that has it on the server (pg_available_extensions lists "
            "what is there).",
        )
    guarded = [name for name in names if found[name] and not superuser]
    if guarded:
        raise errors.PrivilegeError(
            "The extension %s can only be created by a superuser" % ", ".join(guarded),
            hint="Connect as a superuser, or have one create it.",
        )


def missing(cursor: Any, names: Sequence[str]) -> List[str]:
    """Return which of these extensions the connected database hasn't got."""
    cursor.execute(INSTALLED, [list(names)])
    there = {row[0] for row in cursor.fetchall()}
    return [name for name in names if name not in there]


def creation(name: str, database: str) -> Difference:
    """Return how to create an extension, with those that it requires."""
    purpose = 'create the extension "%s" in "%s"' % (name, database)
    statement = Statement((Clause(CREATE, {"extension": name}),), purpose, NEEDS)
    return Difference("extension", name, Action.CREATED, (), (statement,), database=database)

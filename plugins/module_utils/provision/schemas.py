# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas of a database: which are there, how to create the others."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .statement import Action, Attribute, Clause, Difference, Statement

READ = "SELECT n.nspname::pg_catalog.text, pg_catalog.pg_get_userbyid(n.nspowner) FROM pg_catalog.pg_namespace n"

CREATE = "CREATE SCHEMA {schema}"
OWNED_BY = "AUTHORIZATION {owner}"
OWNER = "ALTER SCHEMA {schema} OWNER TO {owner}"

NEEDS = "It takes CREATE on the database, and membership (SET) in the schema's owner."

# Beside the system's own, what a new database begins with.
FIRST = "public"


class SchemaWish(NamedTuple):
    """A schema that a database has to have.

    :ivar owner: None: whose it is doesn't matter.
    """

    name: str
    owner: Optional[str] = None


def read(cursor: Any) -> Dict[str, str]:
    """Return the schemas of the connected database with their owners."""
    cursor.execute(READ)
    return dict(cursor.fetchall())


def differences(
    wishes: Sequence[SchemaWish], there: Dict[str, str], database: str, first_owner: Optional[str]
) -> List[Difference]:
    """Return which schemas are to be created, or given to another owner.

    :param there: schemas with their owners.
    :param first_owner: who gets a new one where no owner is named; None: who creates it.
    """
    made = []
    for wish in wishes:
        if wish.name not in there:
            owner = wish.owner or first_owner
            clauses = [Clause(CREATE, {"schema": wish.name})] + ([Clause(OWNED_BY, {"owner": owner})] if owner else [])
            shown = (Attribute("owner", None, owner),) if owner else ()
            made.append(_difference(wish.name, Action.CREATED, shown, clauses, database))
        elif wish.owner not in (None, there[wish.name]):
            clause = Clause(OWNER, {"schema": wish.name, "owner": str(wish.owner)})
            shown = (Attribute("owner", there[wish.name], wish.owner),)
            made.append(_difference(wish.name, Action.CHANGED, shown, [clause], database))
    return made


def _difference(name: str, action: Action, shown: Any, clauses: Sequence[Clause], database: str) -> Difference:
    verb = "create" if action is Action.CREATED else "alter"
    statement = Statement(tuple(clauses), '%s the schema "%s" in "%s"' % (verb, name, database), NEEDS)
    return Difference("schema", name, action, shown, (statement,), database=database)

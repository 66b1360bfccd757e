# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extensions of a database: which can be had, which are there, how to create and update the others."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from .. import errors
from .statement import Action, Attribute, Clause, Difference, Statement

INSTALLED = """
SELECT e.extname::pg_catalog.text, e.extversion, n.nspname::pg_catalog.text, e.extrelocatable
  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
 WHERE e.extname = ANY (%s::pg_catalog.text[])
"""
AVAILABLE = """
SELECT a.name, v.superuser, v.trusted
  FROM pg_catalog.pg_available_extensions a
  LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
 WHERE a.name = ANY (%s::pg_catalog.text[])
"""
VERSIONS = "SELECT v.version FROM pg_catalog.pg_available_extension_versions v WHERE v.name = %s ORDER BY 1"
LATEST_VERSION = "SELECT a.default_version FROM pg_catalog.pg_available_extensions a WHERE a.name = %s"
HAS_PATH = """
SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_extension_update_paths(%s) p
                WHERE p.source = %s AND p.target = %s AND p.path IS NOT NULL)
"""

# IF NOT EXISTS, because a new database has what its template has.
# The schema that the extension comes to is that of the database's own search_path, unless one is named.
CREATE = "RESET search_path; CREATE EXTENSION IF NOT EXISTS {extension}"
IN_SCHEMA = "SCHEMA {schema}"
OF_VERSION = "VERSION {version}"
CASCADE = "CASCADE"
UPDATE = "RESET search_path; ALTER EXTENSION {extension} UPDATE TO {version}"
MOVE = "ALTER EXTENSION {extension} SET SCHEMA {schema}"

LATEST = "latest"
NEEDS = "It takes a superuser, or for a trusted extension CREATE on the database."
NEEDS_OWNER = "It takes a superuser, or the ownership of the extension."


class ExtensionWish(NamedTuple):
    """An extension that a database has to have.

    :ivar schema: where its objects are; None: wherever.
    :ivar version: `LATEST`: the one that the server's files have as their default. None: any.
    """

    name: str
    schema: Optional[str] = None
    version: Optional[str] = None


class Extension(NamedTuple):
    """An extension that is there."""

    name: str
    version: str
    schema: str
    relocatable: bool


def check_available(cursor: Any, wishes: Sequence[ExtensionWish], superuser: bool) -> None:
    """Check that extensions can be created.

    :param superuser: whether the one who is connected is one.
    :raises OptionInvalid: when the server hasn't got one of them.
    :raises PrivilegeError: when one of them is for superusers only.
    """
    names = [each.name for each in wishes]
    cursor.execute(AVAILABLE, [names])
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


def installed(cursor: Any, wishes: Sequence[ExtensionWish]) -> Dict[str, Extension]:
    """Return which of these extensions the connected database has."""
    cursor.execute(INSTALLED, [[each.name for each in wishes]])
    return {row[0]: Extension(*row) for row in cursor.fetchall()}


def check_versions(cursor: Any, wishes: Sequence[ExtensionWish], there: Mapping[str, Extension]) -> None:
    """Check that the server has the versions that are asked for, and a way to them.

    :raises OptionInvalid: when it hasn't.
    """
    for wish in wishes:
        known = there.get(wish.name)
        if wish.version is None or (known is not None and known.version == wish.version):
            continue
        cursor.execute(VERSIONS, [wish.name])
        versions = [row[0] for row in cursor.fetchall()]
        if wish.version != LATEST and wish.version not in versions:
            raise errors.OptionInvalid(
                "extensions: the server has no version %s of %s" % (wish.version, wish.name),
                hint="It has %s." % (", ".join(versions) or "none"),
            )


def differences(
    cursor: Any, wishes: Sequence[ExtensionWish], there: Mapping[str, Extension], database: str
) -> List[Difference]:
    """Return which extensions are to be created, updated and moved.

    :raises MigrationError: when one can't be updated or moved.
    """
    made = []
    for wish in wishes:
        known = there.get(wish.name)
        version = wish.version
        if version == LATEST:
            cursor.execute(LATEST_VERSION, [wish.name])
            version = (cursor.fetchone() or (known.version if known else None,))[0]
        if known is None:
            made.append(creation(wish._replace(version=version if wish.version else None), database))
        else:
            made += _changes(cursor, wish._replace(version=version), known, database)
    return made


def creation(wish: ExtensionWish, database: str) -> Difference:
    """Return how to create an extension, with those that it requires."""
    clauses = [Clause(CREATE, {"extension": wish.name})]
    clauses += [Clause(IN_SCHEMA, {"schema": wish.schema})] if wish.schema is not None else []
    clauses += [Clause(OF_VERSION, values={"version": wish.version})] if wish.version is not None else []
    shown = [Attribute("schema", None, wish.schema), Attribute("version", None, wish.version)]
    statement = Statement(
        (*clauses, Clause(CASCADE)), 'create the extension "%s" in "%s"' % (wish.name, database), NEEDS
    )
    given = tuple(each for each in shown if each.after is not None)
    return Difference("extension", wish.name, Action.CREATED, given, (statement,), database=database)


def _changes(cursor: Any, wish: ExtensionWish, there: Extension, database: str) -> List[Difference]:
    shown, statements = [], []
    if wish.schema not in (None, there.schema):
        if not there.relocatable:
            raise errors.Conflict(
                'The extension "%s" is in the schema "%s", and can\'t be moved' % (there.name, there.schema),
                hint="Correct schema; or drop the extension, with all that depends on it, and run again.",
            )
        shown.append(Attribute("schema", there.schema, wish.schema))
        clause = Clause(MOVE, {"extension": there.name, "schema": str(wish.schema)})
        statements.append(Statement((clause,), 'move the extension "%s" in "%s"' % (there.name, database), NEEDS_OWNER))
    if wish.version not in (None, there.version):
        _check_path(cursor, wish, there)
        shown.append(Attribute("version", there.version, wish.version))
        clause = Clause(UPDATE, {"extension": there.name}, {"version": wish.version})
        purpose = 'update the extension "%s" in "%s"' % (there.name, database)
        statements.append(Statement((clause,), purpose, NEEDS_OWNER))
    if not statements:
        return []
    return [Difference("extension", there.name, Action.CHANGED, tuple(shown), tuple(statements), database=database)]


def _check_path(cursor: Any, wish: ExtensionWish, there: Extension) -> None:
    cursor.execute(HAS_PATH, [there.name, there.version, wish.version])
    if not cursor.fetchone()[0]:
        raise errors.Conflict(
            "The extension %s can't be updated from %s to %s" % (there.name, there.version, wish.version),
            hint="The server has no scripts for that. Name another version.",
        )

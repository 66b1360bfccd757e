# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold when a migration is applied: asked before it is committed, and taken back whatever it has done."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from .. import errors, model
from .failure import explain, masked
from .session import Session

BEFORE = "SAVEPOINT pgops_verify"
AFTER = "ROLLBACK TO SAVEPOINT pgops_verify; RELEASE SAVEPOINT pgops_verify"
MOST_SHOWN = 200


def verify(cursor: Any, session: Session, migration: model.Migration, body: model.SqlBody) -> None:
    """Run the statements that verify a migration, in the transaction that its record will be in.

    :raises ScriptFailed: for an error, or for a row whose first column is false.
    """
    if session.guard is not None:
        session.guard.look_at(body.text)
    with session.connection.scripted():
        cursor.execute(BEFORE)
        for statement in body.messages:
            try:
                cursor.execute(statement.text)
                row = _first_false(cursor, session.database.abilities.has_booleans)
            except session.connection.Error as error:
                raise explain(error, migration, body, session.connection, statement.offset) from None
            if row is not None:
                raise _false_error(migration, body, statement, row)
        cursor.execute(AFTER)


def _first_false(cursor: Any, has_booleans: bool) -> Optional[Tuple[Any, ...]]:
    """Return the first row whose first column is false; to a database without booleans, 0 is."""
    if cursor.description is None:
        return None
    return next((row for row in cursor if row and (row[0] is False or (row[0] == 0 and not has_booleans))), None)


def _false_error(
    migration: model.Migration, body: model.SqlBody, statement: model.Statement, row: Tuple[Any, ...]
) -> errors.ScriptFailed:
    text = " ".join(statement.text.split())
    shown = text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"
    more = " (%s)" % ", ".join(map(str, row[1:]))[:MOST_SHOWN] if len(row) > 1 else ""
    what = "Migration %s isn't what its verification asks for (%s, line %d): false%s [%s]"
    return errors.ScriptFailed(
        masked(what % (migration.script.label, body.path, statement.line, more, shown), body),
        hint="The first column of each row has to be true. Mend the migration, or what verifies it.",
        version=str(migration.script.version),
        path=body.path,
        line=statement.line,
    )

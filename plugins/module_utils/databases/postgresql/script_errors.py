# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error of the driver's tells: which kind it is, what the server said, and where in the statement."""

from __future__ import annotations

from typing import Any, Optional, Type

from ... import deps, errors
from ..values import Diagnosis
from .server_errors import GONE, Trouble, as_migration_error, first_words, translated, trouble_of

# The port of the driver's errors: see databases/port.py.
__all__ = ["as_migration_error", "diagnose", "first_words", "is_lock_timeout", "translated"]

# psycopg2's `closed`, where it wasn't close() that did it.
BROKEN = 2


# What to do about it, where the server doesn't say.
ADVICE = {
    deps.errorcodes.ACTIVE_SQL_TRANSACTION: "Let the script begin with the line -- no-transaction (in Python: "
    "transactional = False): it then runs outside a transaction.",
}


def diagnose(error: BaseException, connection: Any) -> Optional[Diagnosis]:
    """Take apart what was raised while a connection was in use.

    :returns: None where it is no error of the driver's, and the connection still stands.
    """
    # SQLAlchemy wraps what the driver raised.
    original = getattr(error, "orig", None)
    error = original if isinstance(original, deps.DatabaseError) else error
    diagnosis = _of_driver(error) if isinstance(error, deps.DatabaseError) else None
    trouble = _trouble(error, connection)
    if trouble is None:
        return diagnosis
    sqlstate, position = (None, None) if diagnosis is None else (diagnosis.sqlstate, diagnosis.position)
    return Diagnosis(trouble.error, trouble.sentence(error), trouble.hint(error), sqlstate, position)


def is_lock_timeout(error: Any) -> bool:
    """Return whether a statement has waited too long for a lock."""
    return bool(error.pgcode == deps.errorcodes.LOCK_NOT_AVAILABLE)


def _of_driver(error: Any) -> Diagnosis:
    diag = error.diag
    message = diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    if diag.message_detail:
        message += " (%s)" % diag.message_detail
    if diag.context and "\n" not in diag.context and not diag.statement_position:
        message += " [%s]" % diag.context
    kind: Type[errors.MigrationError] = errors.LockTimeout if is_lock_timeout(error) else errors.ScriptFailed
    position = diag.statement_position
    hint = diag.message_hint or ADVICE.get(error.pgcode)
    is_syntax = error.pgcode == deps.errorcodes.SYNTAX_ERROR
    return Diagnosis(kind, message, hint, error.pgcode, position and int(position), is_syntax, bool(diag.context))


def _trouble(error: BaseException, connection: Any) -> Optional[Trouble]:
    """Return what is wrong with the server, or the way to it; None: it is the script's own fault."""
    if connection.closed == BROKEN:
        return GONE
    misused = isinstance(error, deps.psycopg2.InterfaceError)
    return None if misused or not isinstance(error, deps.DatabaseError) else trouble_of(error)

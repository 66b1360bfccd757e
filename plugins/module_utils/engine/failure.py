# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script raised → one error that says where it happened and what the server said."""

from __future__ import annotations

from typing import Any, Optional, Tuple, Type

from .. import deps, errors, model
from ..scripts import reading
from ..server.trouble import GONE, Trouble, trouble_of
from .pyscript import line_of

LOCK_NOT_AVAILABLE = "55P03"
# psycopg2's `closed`, where it wasn't close() that did it.
BROKEN = 2
ENGINE_HINT = (
    "If the script was written for an older SQLAlchemy, give the task an interpreter that has it "
    "(ansible_python_interpreter), or mend the call."
)


def explain(
    error: BaseException, migration: model.Migration, body: model.Body, connection: Any, offset: int = 0
) -> errors.MigrationError:
    """Return the error to raise for what happened while a body ran.

    :param offset: where the failing statement begins in the body's text, in characters.
    """
    script = migration.script
    if isinstance(error, errors.MigrationError):
        return error.about(version=str(script.version), path=body.path)
    engine_hint = ENGINE_HINT if isinstance(body, model.PythonBody) and body.wants_engine else None
    # SQLAlchemy wraps what the driver raised.
    original = getattr(error, "orig", None)
    if isinstance(original, deps.psycopg2.Error):
        error = original.with_traceback(error.__traceback__)
    line, column = _where(error, body, offset)
    place = "".join(", %s %d" % (what, number) for what, number in (("line", line), ("column", column)) if number)
    trouble = _trouble(error, connection)
    message, hint, sqlstate = _what(error)
    kind: Type[errors.MigrationError] = errors.LockTimeout if sqlstate == LOCK_NOT_AVAILABLE else errors.ScriptFailed
    if trouble is not None:
        kind, message, hint = trouble.error, trouble.sentence(error), trouble.hint(error)
    return kind(
        "Migration %s failed (%s%s): %s" % (script.label, body.path, place, message),
        hint=hint or (engine_hint if sqlstate is None else None),
        version=str(script.version),
        path=body.path,
        line=line,
        column=column,
        sqlstate=sqlstate,
    )


def aborted(migration: model.Migration, body: model.Body) -> errors.ScriptFailed:
    """Return the error for a script that ended well, but had an error of the server's swallowed."""
    return errors.ScriptFailed(
        "Migration %s failed (%s): it left its transaction aborted, an error of the server's was passed over in it"
        % (migration.script.label, body.path),
        hint="Let the error be raised, or put connection.commit() before and connection.rollback() after the statement "
        "that may fail.",
        version=str(migration.script.version),
        path=body.path,
    )


def _trouble(error: BaseException, connection: Any) -> Optional[Trouble]:
    """Return what has befallen the server, or the way to it; None: it is the script's own fault."""
    if connection.closed == BROKEN:
        return GONE
    misused = isinstance(error, deps.psycopg2.InterfaceError)
    return None if misused or not isinstance(error, deps.psycopg2.Error) else trouble_of(error)


def _what(error: BaseException) -> Tuple[str, Optional[str], Optional[str]]:
    """Return message, hint and SQLSTATE."""
    if not isinstance(error, deps.psycopg2.Error):
        if isinstance(error, SystemExit):
            return (
                "it called sys.exit(%s)" % ("" if error.code is None else error.code),
                "Raise an error instead.",
                None,
            )
        return "%s: %s" % (type(error).__name__, error), None, None
    diag = error.diag
    message = diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    if diag.message_detail:
        message += " (%s)" % diag.message_detail
    if diag.context and "\n" not in diag.context and not diag.statement_position:
        message += " [%s]" % diag.context
    return message, diag.message_hint, error.pgcode


def _where(error: BaseException, body: model.Body, offset: int) -> Tuple[Optional[int], Optional[int]]:
    if isinstance(body, model.PythonBody):
        return line_of(error, body.path), None
    at = error.diag.statement_position if isinstance(error, deps.psycopg2.Error) else None
    if at is None:
        return (reading.position(body.text, offset)[0], None) if offset else (None, None)
    return reading.position(body.text, offset + int(at) - 1)

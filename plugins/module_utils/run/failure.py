# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script raised → one error that says where it happened and what the server said."""

from __future__ import annotations

from typing import Any, Optional

from .. import errors, model
from ..databases.choose import database_of
from ..databases.values import Diagnosis
from ..runtimes.pyscript import line_of
from ..schema.secrets import MASK
from .locating import Place, Probe, locate

ENGINE_HINT = (
    "If the script was written for an older SQLAlchemy, give the task an interpreter that has it "
    "(ansible_python_interpreter), or fix the call."
)


def explain(
    error: BaseException,
    migration: model.Migration,
    body: model.Body,
    connection: Any,
    offset: int = 0,
    probe: Optional[Probe] = None,
) -> errors.MigrationError:
    """Return the error to raise for what happened while a body ran.

    :param offset: where the failing statement begins in the body's text, in characters.
    :param probe: finds the statement on a copy; None: this is none.
    """
    script = migration.script
    if isinstance(error, errors.MigrationError):
        return error.about(version=str(script.version), path=body.path)
    diagnosis = database_of(connection).errors.diagnose(error, connection) or _of_python(error)
    if isinstance(body, model.PythonBody):
        line = line_of(error, body.path)
        place = Place(line, None, "") if line else None
    else:
        place = locate(body, diagnosis, offset, probe)
    of_engine = isinstance(body, model.PythonBody) and body.takes is model.Takes.ENGINE and diagnosis.sqlstate is None
    told = "Migration %s failed (%s%s): %s%s"
    return diagnosis.kind(
        masked(told % (script.label, body.path, _where(place), diagnosis.message, _which(place)), body),
        hint=diagnosis.hint or _of_psql(diagnosis, body, offset) or (ENGINE_HINT if of_engine else None),
        version=str(script.version),
        path=body.path,
        line=place.line if place else None,
        column=place.column if place else None,
        sqlstate=diagnosis.sqlstate,
    )


def masked(message: str, body: model.Body) -> str:
    """Return a message without what was filled into a script as a secret: it is logged in the database, too."""
    for secret in sorted(body.secrets, key=len, reverse=True) if isinstance(body, model.SqlBody) else ():
        message = message.replace(secret, MASK)
    return message


def _where(place: Optional[Place]) -> str:
    if place is None:
        return ""
    known = "" if place.is_certain else "probably "
    return ", %sline %d" % (known, place.line) + (", column %d" % place.column if place.column else "")


def _which(place: Optional[Place]) -> str:
    """Return the statement, so that nobody has to look it up at night."""
    return " [%s]" % place.statement if place and place.statement else ""


def _of_psql(diagnosis: Diagnosis, body: model.Body, offset: int) -> Optional[str]:
    """Return what to do where a script has what only psql reads."""
    if not diagnosis.is_syntax or diagnosis.position is None or not isinstance(body, model.SqlBody):
        return None
    from ..sql import psql

    return psql.hint(body.text, offset + diagnosis.position - 1)


def with_blockers(error: errors.LockTimeout, watch: Optional[Any], tries: int) -> errors.LockTimeout:
    """Say who was in the way, and how often it was tried.

    :param watch: of port.Locks; None: nobody has watched.
    """
    parts = [error.message, "tried %d times" % tries if tries > 1 else None, watch.words if watch else None]
    error.message = "; ".join(filter(None, parts))
    error.blockers = watch.seen if watch else ()
    return error


def aborted_error(migration: model.Migration, body: model.Body) -> errors.ScriptFailed:
    """Return the error for a script that ended well, but had an error of the server's swallowed."""
    return errors.ScriptFailed(
        "Migration %s failed (%s): it caught a database error without rolling back, so its transaction can't be "
        "committed" % (migration.script.label, body.path),
        hint="Let the error be raised, or put connection.commit() before and connection.rollback() after the statement "
        "that may fail.",
        version=str(migration.script.version),
        path=body.path,
    )


def ended_error(error: errors.MigrationError, migration: model.Migration) -> errors.Interrupted:
    """Return the error for a script that had ended its transaction behind our back when it failed."""
    return errors.Interrupted(
        "%s. It had ended its transaction before, so what it did until then stands" % error.message.rstrip("."),
        hint="Look at what stands; finish it by hand and mark the migration as applied, or undo it and mark it as "
        "pending, with pg_migration_mark. In the script, take out what ends the transaction.",
        version=str(migration.script.version),
        path=error.path,
        line=error.line,
        sqlstate=error.sqlstate,
    )


def _of_python(error: BaseException) -> Diagnosis:
    if isinstance(error, SystemExit):
        called = "it called sys.exit(%s)" % ("" if error.code is None else error.code)
        return Diagnosis(errors.ScriptFailed, called, "Raise an error instead.")
    return Diagnosis(errors.ScriptFailed, "%s: %s" % (type(error).__name__, error))

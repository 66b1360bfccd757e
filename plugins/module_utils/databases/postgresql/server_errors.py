# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the server or the network, not of the SQL: it is gone, restarts, takes no writes, or has no room left."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, NamedTuple, Optional, Type

from ... import deps, errors

AGAIN = "Run again when the server answers: what wasn't committed is rolled back, and the history says what was."
RIGHT = "Grant that right, or run the task as a role that has it (login_user, session_role)."
ROOM = "Nothing of that statement stands. Give the server more room, and run again."


class Trouble(NamedTuple):
    """A kind of trouble with the server.

    :ivar what: how a sentence on it begins.
    :ivar todo: what to do about it, as a sentence.
    """

    error: Type[errors.MigrationError]
    what: str
    todo: str

    def sentence(self, error: BaseException) -> str:
        """Return what happened, with what the server said."""
        return "%s (%s)" % (self.what, first_words(error))

    def hint(self, error: BaseException) -> str:
        """Return what to do about it; first what the server suggests."""
        diag = getattr(error, "diag", None)
        return " ".join(filter(None, [getattr(diag, "message_hint", None), self.todo]))


GONE = Trouble(errors.ConnectError, "the connection to the server was lost", AGAIN)
READ_ONLY = Trouble(
    errors.ReadOnly, "the server takes no writes: it is a standby, or read-only", "Run the task against the primary."
)
FULL = Trouble(errors.ScriptFailed, "the server has no room left", ROOM)

# The first two characters of a SQLSTATE.
BY_CLASS = {deps.errorcodes.CLASS_CONNECTION_EXCEPTION: GONE, deps.errorcodes.CLASS_INSUFFICIENT_RESOURCES: FULL}
BY_STATE = {
    deps.errorcodes.ADMIN_SHUTDOWN: GONE,  # an administrator has ended the session, or the server
    deps.errorcodes.CRASH_SHUTDOWN: GONE,  # another session has crashed
    deps.errorcodes.CANNOT_CONNECT_NOW: GONE,  # it is starting, or stopping
    deps.errorcodes.READ_ONLY_SQL_TRANSACTION: READ_ONLY,
}


def trouble_of(error: Any) -> Optional[Trouble]:
    """Return what is wrong with the server; None: it is well, and has refused a statement.

    :param error: a psycopg2.Error.
    """
    state = error.pgcode
    if state is None:
        lost = isinstance(error, (deps.psycopg2.OperationalError, deps.psycopg2.InterfaceError))
        return GONE if lost or error.__class__ is deps.psycopg2.DatabaseError else None
    return BY_STATE.get(state) or BY_CLASS.get(state[:2])


def first_words(error: BaseException) -> str:
    """Return what the server said, or in its absence the first line of what libpq says."""
    said = getattr(getattr(error, "diag", None), "message_primary", None)
    return str(said or (str(error).strip() or type(error).__name__).splitlines()[0])


@contextmanager
def translated() -> Iterator[None]:
    """Tell what the server says to a statement of our own as an error that a user can act upon.

    :raises MigrationError: instead of the psycopg2.Error.
    """
    try:
        yield
    except deps.psycopg2.Error as error:
        raise as_migration_error(error) from None


def as_migration_error(error: Any) -> errors.MigrationError:
    """Return the error for what the server said to a statement of our own."""
    trouble = trouble_of(error)
    if trouble is None:
        message = "The server refused a statement of this task: %s" % first_words(error)
        if error.pgcode == deps.errorcodes.INSUFFICIENT_PRIVILEGE:
            return errors.PrivilegeError(message, hint=RIGHT, sqlstate=error.pgcode)
        return errors.ServerRefused(message, sqlstate=error.pgcode)
    sentence = trouble.sentence(error)
    return trouble.error(sentence[0].upper() + sentence[1:], hint=trouble.hint(error), sqlstate=error.pgcode)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error of the driver's tells. It is the port Errors of databases/port.py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional, Type

from ... import deps, errors
from ..values import Diagnosis

LOCK_TIMEOUT = frozenset([1205, 3572])
READ_ONLY = frozenset([1290, 1792, 1836])
GONE = frozenset([0, 1053, 1080, 1927, 2000, 2003, 2006, 2013, 2055])
NO_RIGHT = frozenset([1044, 1142, 1143, 1227, 1370, 1410])
SYNTAX = frozenset([1064, 1149])
NOT_THERE = 1049

TOO_LONG = "statement_timeout is over. Raise it, or make the statement shorter."
# Number, what it has to say → what to do. What is cut off in its middle is wrong near nothing.
ADVICE = (
    (1305, "SAVEPOINT", "CREATE, ALTER, DROP and others commit, and the savepoints are gone with that."),
    (
        *(1419, ""),
        "The server keeps a binary log: a function or trigger needs a user with SUPER there, or the server's "
        "log_bin_trust_function_creators.",
    ),
    (1969, "", TOO_LONG),
    (3024, "", TOO_LONG),
    (1064, "near ''", "If this is the body of a routine, it needs DELIMITER, or BEGIN and END around all of it."),
)


def diagnose(error: BaseException, connection: Any) -> Optional[Diagnosis]:
    """Take an error of a script's apart; None: it is none of the driver's."""
    original = getattr(error, "orig", None)  # SQLAlchemy wraps what the driver raised
    driver = deps.import_pymysql().err.Error
    error = original if isinstance(original, driver) else error
    if not isinstance(error, driver):
        return None
    code = code_of(error)
    return Diagnosis(_kind(code), first_words(error), _advice(code, first_words(error)), is_syntax=code in SYNTAX)


def as_migration_error(error: Any) -> errors.MigrationError:
    """Return the error for what was said to a statement of our own."""
    kind, said = _kind(code_of(error)), first_words(error)
    if kind is errors.ScriptFailed:
        return errors.ServerRefused("The server refused a statement of this task: %s" % said)
    hints = {
        errors.LockTimeout: "Another session holds it (SHOW PROCESSLIST shows them): run again when that has ended.",
        errors.PrivilegeError: "Grant it, or run the task as another user (login_user).",
        errors.ConnectError: "Look into the server's log, and run again: what is recorded stands.",
    }
    return kind(said, hint=hints.get(kind))


def is_lock_timeout(error: Any) -> bool:
    """Return whether a statement has waited too long for a lock."""
    return code_of(error) in LOCK_TIMEOUT


def first_words(error: BaseException) -> str:
    """Return what was said, in a line, with the server's number."""
    args = error.args
    if len(args) > 1 and isinstance(args[0], int):
        return "%s (%d)" % (" ".join(str(args[1]).split()), args[0])
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def translated() -> Iterator[None]:
    """Tell what is said to a statement of our own as an error that a user can act upon."""
    try:
        yield
    except deps.import_pymysql().err.Error as error:
        raise as_migration_error(error) from None


def code_of(error: BaseException) -> int:
    """Return the server's number of an error; -1: it has none."""
    code = error.args[0] if error.args else None
    return code if isinstance(code, int) else -1


def _advice(code: int, said: str) -> Optional[str]:
    return next((advice for number, words, advice in ADVICE if number == code and words in said), None)


def _kind(code: int) -> Type[errors.MigrationError]:
    if code in LOCK_TIMEOUT:
        return errors.LockTimeout
    if code in READ_ONLY:
        return errors.ReadOnly
    if code in NO_RIGHT:
        return errors.PrivilegeError
    return errors.ConnectError if code in GONE else errors.ScriptFailed

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error of SQLite's tells. It is the port Errors of databases/port.py."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import Any, Iterator, Optional, Type

from ... import errors
from ..values import Diagnosis

BUSY = ("database is locked", "database table is locked", "database schema is locked")
READ_ONLY = "attempt to write a readonly database"
FULL = "database or disk is full"
NO_DATABASE = ("file is not a database", "unable to open database file", "database disk image is malformed")
IN_TRANSACTION = ("cannot VACUUM from within a transaction", "cannot ATTACH database within transaction")

ADVICE = {
    **dict.fromkeys(
        IN_TRANSACTION, "Let the script begin with the line -- no-transaction: it then runs outside a transaction."
    ),
    FULL: "Nothing of that statement stands. Make room on the disk, and run again.",
    READ_ONLY: "Give this user the right to write the file and its directory.",
}


def diagnose(error: BaseException, connection: Any) -> Optional[Diagnosis]:
    """Take an error of a script's apart; None: it is none of the driver's."""
    original = getattr(error, "orig", None)  # SQLAlchemy wraps what the driver raised
    error = original if isinstance(original, sqlite3.Error) else error
    if not isinstance(error, sqlite3.Error):
        return None
    said = first_words(error)
    return Diagnosis(_kind(said), said, ADVICE.get(said), is_syntax="syntax error" in said)


def as_migration_error(error: Any) -> errors.MigrationError:
    """Return the error for what was said to a statement of our own."""
    said = first_words(error)
    kind = _kind(said)
    if kind is errors.ScriptFailed and said != FULL:
        return errors.ServerRefused("SQLite refused a statement of this task: %s" % said)
    what = "the database is locked by another process" if kind is errors.LockTimeout else said
    return kind(what[0].upper() + what[1:], hint=ADVICE.get(said) or "Run again when it has ended.")


def is_lock_timeout(error: Any) -> bool:
    """Return whether a statement has waited too long for others."""
    return first_words(error).startswith(BUSY)


def first_words(error: BaseException) -> str:
    """Return what was said, in a line."""
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def translated() -> Iterator[None]:
    """Tell what is said to a statement of our own as an error that a user can act upon."""
    try:
        yield
    except sqlite3.Error as error:
        raise as_migration_error(error) from None


def _kind(said: str) -> Type[errors.MigrationError]:
    if said.startswith(BUSY):
        return errors.LockTimeout
    if said.startswith(READ_ONLY):
        return errors.ReadOnly
    return errors.ConnectError if said.startswith(NO_DATABASE) else errors.ScriptFailed

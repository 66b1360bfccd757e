# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an error of a driver's tells: its words. It is the port Errors of databases/port.py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional

from ... import errors
from ..values import Diagnosis


def diagnose(error: BaseException, connection: Any) -> Optional[Diagnosis]:
    """Take an error of a script's apart; None: it is none of the driver's."""
    original: Any = getattr(error, "orig", None)  # SQLAlchemy wraps what the driver raised
    error = original if is_drivers(original) else error
    return Diagnosis(errors.ScriptFailed, first_words(error)) if is_drivers(error) else None


def as_migration_error(error: Any) -> errors.MigrationError:
    """Return the error for what was said to a statement of our own."""
    return errors.ServerRefused("The database refused a statement of this task: %s" % first_words(error))


def is_lock_timeout(error: Any) -> bool:
    """Return whether a statement has waited too long for a lock: drivers have no common word for that."""
    return False


def first_words(error: BaseException) -> str:
    """Return what was said, in a line."""
    return " ".join(str(getattr(error, "orig", None) or error).split()) or type(error).__name__


@contextmanager
def translated() -> Iterator[None]:
    """Tell what is said to a statement of our own as an error that a user can act upon."""
    try:
        yield
    except Exception as error:
        if not is_drivers(error):
            raise
        raise as_migration_error(error) from None


def is_drivers(error: Any) -> bool:
    """Return whether it is an error of PEP 249's, whichever driver's."""
    return isinstance(error, Exception) and any(each.__name__ == "Error" for each in type(error).__mro__)

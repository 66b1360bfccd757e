# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One tree of errors: what happened, on what, and what to do.

Everything below task/ raises a child of MigrationError and never ends the process; task/entry.py
alone turns one into the module's failure. ``kind`` is public: people write ``failed_when`` on it.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence


class MigrationError(Exception):
    """An error that a user can act upon.

    :param message: one sentence: what happened, and on what; no secret in it.
    :param hint: one sentence: what to do about it.
    :param version: version of the migration that it is about, as in the file name.
    :param path: file that it is about.
    :param line: line in that file, from 1.
    :param column: column in that line, from 1.
    :param sqlstate: the server's five-character code.
    :param blockers: sessions in the way, each a mapping of pid, user, application, since …
    """

    kind = "error"  # no error is just that: each child has a kind of its own

    def __init__(
        self,
        message: str,
        *,
        hint: Optional[str] = None,
        version: Optional[str] = None,
        path: Optional[str] = None,
        line: Optional[int] = None,
        column: Optional[int] = None,
        sqlstate: Optional[str] = None,
        blockers: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.version = version
        self.path = path
        self.line = line
        self.column = column
        self.sqlstate = sqlstate
        self.blockers = tuple(blockers)
        # What a run had done before it happened: the runner's Progress.
        self.progress: Any = None

    def __str__(self) -> str:
        return self.message

    def about(self, *, version: Optional[str] = None, path: Optional[str] = None) -> MigrationError:
        """Say which migration this is about, unless that is known already. Return the error itself."""
        self.version = self.version or version
        self.path = self.path or path
        return self

    def to_result(self) -> dict[str, Any]:
        """Return the fields as the module's ``error`` value."""
        return {
            "kind": self.kind,
            "version": self.version,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "sqlstate": self.sqlstate,
            "message": self.message,
            "hint": self.hint,
            "blockers": [dict(blocker) for blocker in self.blockers],
        }

    def sentence(self) -> str:
        """Return message and hint as the text that a person reads first."""
        message = self.message if self.message.endswith((".", "!", "?")) else self.message + "."
        return message if not self.hint else message + " " + self.hint


class DependencyError(MigrationError):
    """A library or a client program is missing, or too old.

    :ivar library: name of the Python library, if it is one.
    """

    kind = "dependency"
    library: Optional[str] = None


class ServerRefused(MigrationError):
    """The server refused a statement of the task's own."""

    kind = "server_refused"


class SchemaUnread(MigrationError):
    """pg_dump could not read a schema; says why."""

    kind = "schema_unread"


class Unwritable(MigrationError):
    """A schema can't be written as a migration."""

    kind = "unwritable"


class OptionInvalid(MigrationError):
    """An option of the task can't be read, or two of them exclude each other."""

    kind = "option"


class ConnectError(MigrationError):
    """No connection, or it was lost; also a URL that can't be read."""

    kind = "connection"


class PrivilegeError(MigrationError):
    """The role may not do what this collection itself needs to do."""

    kind = "privilege"


class DatabaseMissing(MigrationError):
    """The server answers, but has no such database."""

    kind = "database_missing"


class ScriptInvalid(MigrationError):
    """A script, or the directory of scripts, can't be read as one."""

    kind = "script_invalid"


class DuplicateVersion(MigrationError):
    """Two scripts have one version."""

    kind = "duplicate_version"


class UnknownVersion(MigrationError):
    """A version was asked for that no script has."""

    kind = "unknown_version"


class HistoryForeign(MigrationError):
    """A table with the name of the history is there, and is somebody else's."""

    kind = "history_foreign"


class HistoryLost(MigrationError):
    """The log says that the database was migrated before, and the history is gone."""

    kind = "history_lost"


class Nonempty(MigrationError):
    """A database without a history holds something already."""

    kind = "nonempty"


class LockHeld(MigrationError):
    """Another run works on this database."""

    kind = "lock_held"


class LockTimeout(MigrationError):
    """A statement waited too long for a lock of the server's."""

    kind = "lock_timeout"


class ScriptFailed(MigrationError):
    """A script raised, or the server refused what it sent."""

    kind = "script_failed"


class Irreversible(MigrationError):
    """A migration can't be rolled back: it has no down, or belongs to the baseline."""

    kind = "irreversible"


class Missing(MigrationError):
    """A migration is recorded, and its file is gone."""

    kind = "missing"


class Modified(MigrationError):
    """A script was edited after it was applied."""

    kind = "modified"


class OutOfOrder(MigrationError):
    """A migration is not applied, yet below the current version."""

    kind = "out_of_order"


class Drift(MigrationError):
    """The schema isn't what the last run left."""

    kind = "drift"


class HazardRefused(MigrationError):
    """A migration would do to a table what allow_hazards doesn't allow."""

    kind = "hazard"


class PrecheckFailed(MigrationError):
    """Rows that are there violate what the plan asks of them; or nobody could look, where that was required."""

    kind = "precheck"


class Interrupted(MigrationError):
    """A script outside a transaction was begun, and its end isn't recorded."""

    kind = "interrupted"


class Stop(BaseException):
    """A signal to end, on its way up; a BaseException, so that no script's ``except Exception`` keeps it."""

    # What was done before it came, as in MigrationError.
    progress: Any = None


class Signal(MigrationError):
    """The task got a signal to end."""

    kind = "signal"

    @classmethod
    def of(cls, stop: Stop) -> Signal:
        """Return the error for a signal, with what was done until then."""
        error = cls(
            "Interrupted by %s; what was open is rolled back" % stop,
            hint="Run the task again when nothing stops it: it goes on from what was done.",
        )
        error.progress = stop.progress
        return error


class ExpectationFailed(MigrationError):
    """What would be applied isn't what was rehearsed and reviewed."""

    kind = "expectation"


class RehearsalError(MigrationError):
    """A rehearsal was required, and could not be made.

    :ivar diff: what came out different, where that is the reason.
    """

    kind = "rehearsal"
    diff: Optional[str] = None


class Conflict(MigrationError):
    """What is there stands in the way: it can't be changed in place, is still in use, or something hangs on it."""

    kind = "conflict"


class ReadOnly(MigrationError):
    """The server takes no writes: a standby, or one that was told so."""

    kind = "read_only"


class ProvisionError(MigrationError):
    """The server refused to create, alter or drop a role, a database or an extension."""

    kind = "provision"


class PasswordFileError(MigrationError):
    """The password file can't be read, or can't be written."""

    kind = "password_file"

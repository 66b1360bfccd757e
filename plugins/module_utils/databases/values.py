# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that the engine and its databases tell each other."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Type

from .. import errors, model


class Limits(NamedTuple):
    """How long statements on the target may wait for a lock, and work (in seconds; 0: without end); how often a
    migration that waited too long is tried again."""

    lock_timeout: float = 5
    lock_retries: int = 3
    statement_timeout: float = 0


class Abilities(NamedTuple):
    """What a database can do: the engine asks for these, and never for a database's name.

    :ivar name: as people write it.
    :ivar transactional_ddl: a migration that fails leaves nothing behind.
    :ivar traces_locks: it tells which tables a step has locked, and for how long.
    :ivar has_roles: it has users and owners that a run may become.
    :ivar copies_rows: a copy of it has all rows, and nobody needs a server or a right to make one.
    :ivar makes_copies: the copies for a rehearsal are its own affair (port Copies), and its rows aren't asked.
    :ivar has_booleans: false is something else than 0.
    :ivar dialects: what SQL is called that is written for it, where it lies beside others', the best first.
    :ivar writes_schema: it tells the statements that make its schema, so that this can be a script.
    :ivar logs_inside: where a script outside a transaction is, is logged in the transaction of each of its statements.
    """

    name: str
    transactional_ddl: bool = True
    traces_locks: bool = False
    has_roles: bool = False
    copies_rows: bool = False
    logs_inside: bool = False
    has_booleans: bool = True
    makes_copies: bool = False
    writes_schema: bool = True
    dialects: Tuple[str, ...] = ("default",)


class Entry(NamedTuple):
    """One event of the history: what happened to which migration, and how long it took (in milliseconds).

    :ivar release: that it happened with.
    """

    event: model.Event
    step: model.Step
    duration_ms: Optional[int] = None
    release: Optional[str] = None

    def values(self) -> List[Any]:
        """Return event, version, name and duration, for the log."""
        script = self.step.script
        return [self.event.value, script.version.text, script.name, self.duration_ms]


class Remark(NamedTuple):
    """An event that happened to no migration; only the log tells of it."""

    event: model.Event

    def values(self) -> List[Any]:
        """Return the same as an Entry does."""
        return [self.event.value, None, None, None]


class Seen(NamedTuple):
    """What the record of a step has seen of its session.

    :ivar sight: what it holds of the tables before the run; see port.Observing.
    :ivar left: what the script has left in it, for port.Transactions.clear.
    """

    sight: Any
    left: Tuple[str, ...] = ()


class Diagnosis(NamedTuple):
    """An error of a script, taken apart.

    :ivar kind: what to raise for it.
    :ivar position: where in the statement the server points to, in characters from 1.
    :ivar is_syntax: whether the server can't read it.
    :ivar is_inside: whether it happened in a function, which the statement has called.
    """

    kind: Type[errors.MigrationError]
    message: str
    hint: Optional[str] = None
    sqlstate: Optional[str] = None
    position: Optional[int] = None
    is_syntax: bool = False
    is_inside: bool = False


class Activity(NamedTuple):
    """What a session is at.

    :ivar blockers: the sessions that it waits for, each with pid, user, application and state.
    :ivar doing: the command and its phase, in the server's words.
    :ivar percent: how far that phase is; None: it isn't known.
    """

    blockers: Tuple[Dict[str, Any], ...] = ()
    doing: Optional[str] = None
    percent: Optional[int] = None

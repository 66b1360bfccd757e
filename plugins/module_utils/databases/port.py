# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of a database, whichever it is.

A database is a set of ports: modules of its own package, each with the functions that a Protocol here names. A
connection and a target know their database, so whoever has one of them has the ports. A connection is one of PEP 249,
with its ``Error``, and can be lent to a script (see databases/postgresql/session.py). This file is for readers and
type checkers; nothing imports it as it runs.
"""

from __future__ import annotations

from typing import Any, Callable, ContextManager, Dict, FrozenSet, List, Optional, Protocol, Sequence, Tuple

from .. import errors, model
from .port_fleet import Fleet
from .port_history import Beside, History, Log, Upkeep
from .port_schema import Observing, Snapshots, Undoing, Writing
from .values import Abilities, Activity, Diagnosis, Limits

# Logs what is about to be sent, with what tells a later run what became of it: the number of its transaction, say.
Note = Callable[[Any], None]


class Target(Protocol):
    """Where to connect."""

    @property
    def kind(self) -> str:
        """Return what kind of database it is, for choose.py."""

    @property
    def name(self) -> Optional[str]:
        """Return the name of the database there; None: the driver's own default."""

    @property
    def address(self) -> Optional[str]:
        """Return where it is, as a person would write it, without secrets; None: nothing says which database."""

    @property
    def role(self) -> str:
        """Return who works there; '' where there are no roles."""

    @property
    def secrets(self) -> FrozenSet[str]:
        """Return the values that must not be seen."""

    def for_reading(self) -> Target:
        """Return the same, to be left untouched."""

    def as_user(self, user: str) -> Target:
        """Return the same for another user, without a password: the driver's own sources hold."""


class Sessions(Protocol):
    """Connections, and what they are to."""

    def connect(self, target: Any, application_name: str) -> Any:
        """Open a connection. Raises ConnectError; DatabaseMissing when the server answers but has no such database."""

    def settled(self, target: Any, connection: Any) -> Any:
        """Return a target that leads to the same database, whatever the environment says."""

    def describe(self, connection: Any) -> str:
        """Return which database it is, and where."""

    def for_sqlalchemy(self, connection: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
        """Return the parts of a URL that leads there, and further options of SQLAlchemy's create_engine."""

    def identity(self, connection: Any) -> Optional[str]:
        """Return what tells this database from each other, also from one that was restored from its dump; None: nothing
        does."""

    def takes_no_writes(self, connection: Any) -> Optional[str]:
        """Return why nothing can be written; None: it can."""


class Settings(Protocol):
    """What a session has set, for a whole run or for one script. Statements are texts, to go along with others."""

    # What makes a transaction read-only, as the statement before its first; None: nothing does.
    READ_ONLY: Optional[str]
    # What gives a script's settings back, once a record has had its own in the same transaction.
    SCRIPTS_OWN: str

    def settings(self, limits: Limits, connection: Any) -> str:
        """Return the statements that set the limits of a run; they hold for each script anew."""

    def let_last(self, connection: Any) -> None:
        """Let a session last as long as what it waits for."""

    def set_lock_timeout(self, cursor: Any, seconds: float) -> None:
        """Let it wait so long for a lock, until something else is said."""

    def reset(self, target: Any, connection: Any, settings: str) -> str:
        """Return the statements that undo what a script has set, for statements of ours in the same transaction."""

    def announce(self, cursor: Any, text: str) -> str:
        """Return the statement that shows others what the session is at; '' where there is none."""


class Grammar(Protocol):
    """How the database reads a script."""

    def adapted(self, body: model.SqlBody) -> model.SqlBody:
        """Return a script's body with the statements that the database reads in it. Raises ScriptInvalid."""


class Locks(Protocol):
    """One run at a time, and who is in the way."""

    def require_own_session(self, connection: Any, target: Any) -> None:
        """Refuse a connection whose session others get in turns. Raises ConnectError."""

    def held(self, connection: Any, wait: float) -> ContextManager[None]:
        """Hold the lock of a run; keep trying for so many seconds. Raises LockHeld, which names who has it."""

    def acquire(self, connection: Any, wait: float) -> None:
        """Take it, until the session ends. Raises LockHeld."""

    def held_by_another(self, connection: Any) -> bool:
        """Return whether another session has it."""

    def holder(self, connection: Any) -> Optional[Dict[str, Any]]:
        """Return who has it: pid, user, application, address, since; None: nobody."""

    def activity(self, connection: Any, pid: int) -> Activity:
        """Return what the session is at that the holder's pid names."""

    def watch(self, target: Any, connection: Any, lock_timeout: float) -> ContextManager[Any]:
        """Watch whom a session waits for while it works; ``seen`` has who was in the way, ``words`` says it."""


class Transactions(Protocol):
    """The state of a connection's transaction, and what a script leaves in its session."""

    def in_transaction(self, connection: Any) -> bool:
        """Return whether one is open, aborted or not."""

    def is_aborted(self, connection: Any) -> bool:
        """Return whether the open one can only be rolled back."""

    def abandon(self, connection: Any) -> None:
        """Roll back what is open, and go back to transactions."""

    def ours(self, cursor: Any) -> ContextManager[None]:
        """Execute statements of our own in a script's transaction, unseen by what it has put there."""

    def clear(self, cursor: Any, left: Sequence[str]) -> None:
        """Take away what a script has left in its session, in the open transaction."""


class Outside(Protocol):
    """Statements outside a transaction: each is done once, wherever a run is cut off."""

    def send(self, cursor: Any, statement: model.Statement, note: Note, look: Callable[[Any], None]) -> None:
        """Send one; ``note`` logs it before, ``look`` looks at it before a commit."""

    def sets(self, statement: model.Statement) -> bool:
        """Return whether it only sets what holds for the session, so that one that goes on later needs it again."""

    def has_built(self, statement: model.Statement, built: Sequence[str]) -> bool:
        """Return whether it was done before it was cut off, as one of these names tells."""

    def has_dropped(self, statement: model.Statement, error: Any) -> bool:
        """Return whether it fails because it was done before it was cut off."""

    def became(self, cursor: Any, known: Dict[str, Any], mark: str) -> Tuple[Optional[int], Tuple[str, ...]]:
        """Return the statement to go on at, and what was built since, of what the journal knows."""

    def looking(self, look: Callable[[Any], None]) -> Any:
        """Return who has what a Python script does outside a transaction looked at before it is committed."""


class Remains(Protocol):
    """What a statement that was cut off leaves half-done, by numbers and names."""

    def remains(self, cursor: Any) -> List[Tuple[int, str]]:
        """Return what is half-done now, and nobody is at."""

    def new(self, connection: Any, before: Sequence[int]) -> List[str]:
        """Return the names of what is half-done now, and wasn't before."""

    def drop_new(self, connection: Any, before: Sequence[int]) -> None:
        """Take that away, outside a transaction."""


class Copies(Protocol):
    """Copies for a rehearsal, where Abilities.makes_copies."""

    def whole(
        self, target: Any, tools: Any, data: Sequence[str], exclude: Sequence[str], original: Any
    ) -> ContextManager[Any]:
        """Lend a copy of the original, as a place to rehearse in, where target says; with the rows of the tables in
        data, or of all where it always has them; without the tables that are ours, by their quoted names. Raises
        RehearsalImpossible."""


class Errors(Protocol):
    """What an error of the driver's tells."""

    def diagnose(self, error: BaseException, connection: Any) -> Optional[Diagnosis]:
        """Take an error of a script's apart; None: it is none of the driver's, and the connection still stands."""

    def as_migration_error(self, error: Any) -> errors.MigrationError:
        """Return the error for what was said to a statement of our own."""

    def is_lock_timeout(self, error: Any) -> bool:
        """Return whether a statement has waited too long for a lock."""

    def first_words(self, error: BaseException) -> str:
        """Return what was said, in a line."""

    def translated(self) -> ContextManager[None]:
        """Tell what is said to a statement of our own as an error that a user can act upon."""


class Database(Protocol):
    """One kind of database. Each port is imported when it is asked for."""

    @property
    def kind(self) -> str:
        """Return what its targets and connections say that they are."""

    @property
    def abilities(self) -> Abilities:
        """Return what it can do."""

    @property
    def sessions(self) -> Sessions:
        """Return the port of connections."""

    @property
    def settings(self) -> Settings:
        """Return the port of what a session has set."""

    @property
    def locks(self) -> Locks:
        """Return the port of the lock of a run."""

    @property
    def transactions(self) -> Transactions:
        """Return the port of transactions."""

    @property
    def outside(self) -> Outside:
        """Return the port of statements outside a transaction."""

    @property
    def remains(self) -> Remains:
        """Return the port of what is left half-done."""

    @property
    def observing(self) -> Observing:
        """Return the port of what steps do to tables."""

    @property
    def history(self) -> History:
        """Return the port of the history."""

    @property
    def log(self) -> Log:
        """Return the port of the history's log."""

    @property
    def upkeep(self) -> Upkeep:
        """Return the port of what keeps the log small."""

    @property
    def beside(self) -> Beside:
        """Return the port of what is beside the history."""

    @property
    def snapshots(self) -> Snapshots:
        """Return the port of snapshots."""

    @property
    def undoing(self) -> Undoing:
        """Return the port of SQL that is written for people."""

    @property
    def copies(self) -> Copies:
        """Return the port of copies."""

    @property
    def grammar(self) -> Grammar:
        """Return the port of how scripts are read."""

    @property
    def writing(self) -> Optional[Writing]:
        """Return the port of schemas as scripts; None: authoring/ has no use for it."""

    @property
    def fleet(self) -> Fleet:
        """Return the port of many databases."""

    @property
    def errors(self) -> Errors:
        """Return the port of the driver's errors."""

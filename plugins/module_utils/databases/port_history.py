# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of a database about its history: the part of port.py that belongs to it."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Optional, Protocol, Sequence, Tuple, Union

from .. import model
from .names import QualifiedName
from .values import Entry, Remark, Seen


class Found(Protocol):
    """A history: where it is, and what its table looks like."""

    @property
    def table(self) -> QualifiedName:
        """Return its name."""

    @property
    def log(self) -> QualifiedName:
        """Return the name of its log."""

    @property
    def snapshot(self) -> QualifiedName:
        """Return the name of the table that keeps what the last run left."""

    @property
    def exists(self) -> bool:
        """Return whether the table is there."""

    @property
    def keeps_log(self) -> bool:
        """Return whether there is a log too: another tool's table has none until it is taken over."""

    @property
    def wide(self) -> Tuple[str, ...]:
        """Return the names of the columns beyond db-migrator's two."""

    def tables(self) -> List[str]:
        """Return the quoted names of what has to be left out of a snapshot."""


class Recorder(Protocol):
    """Writes the history of one run, on one connection."""

    def record(self, cursor: Any, entry: Entry, prelude: str = "", chained: bool = False) -> Seen:
        """Record what happened, in the open transaction; chained, also end it and begin the next one."""

    def before(self, cursor: Any) -> None:
        """Look, before a script runs, at what it will be compared with."""

    def forget(self) -> None:
        """Prepare what it sends anew: a script may have taken it away."""


class History(Protocol):
    """What is recorded, in tables of our own."""

    def unfound(self, table: QualifiedName, repository_id: Optional[str] = None) -> Any:
        """Return a history that nobody has looked for."""

    def find(self, connection: Any, wanted: QualifiedName, repository_id: Optional[str] = None) -> Any:
        """Look for it, and at it. Raises HistoryForeign when a table of that name is another's."""

    def rows(self, connection: Any, history: Any) -> Tuple[model.HistoryRow, ...]:
        """Return what is recorded, a row for each version, by time of application; () where there is no history."""

    def ensure(
        self, connection: Any, history: Any, baseline: Tuple[model.Step, ...] = (), is_wide: bool = False
    ) -> Any:
        """Make its tables, or what they lack, and record the baseline. Return the history as it is then."""

    def recorder(self, history: Any, survey: Any = None, locked: bool = False) -> Any:
        """Return who writes it in a run; locked: only as long as the session has the lock of the run."""

    def reduce(self, connection: Any, history: Any, patience: float) -> None:
        """Leave it db-migrator's two columns, once its log has all that the others say. Raises MigrationError."""

    def copy_rows(self, source: Tuple[model.HistoryRow, ...], connection: Any, history: Any) -> None:
        """Make another database's rows its own, for a rehearsal."""


class Log(Protocol):
    """What the log beside the history tells."""

    def log(self, cursor: Any, history: Any, entry: Union[Entry, Remark], detail: str = "") -> None:
        """Add an event, in the open transaction; the cursor gives its number."""

    def log_position(self, cursor: Any, history: Any, number: Optional[int], detail: str) -> None:
        """Write where a script is into its event."""

    def knows(self, connection: Any, history: Any, events: Sequence[str]) -> bool:
        """Return whether it tells of one of these events."""

    def last(self, connection: Any, history: Any, event: str) -> List[str]:
        """Return the versions whose last event this is. Raises the driver's error where there is no log."""

    def told(self, connection: Any, history: Any, event: str) -> List[Tuple[str, str]]:
        """Return detail and time (in UTC, ISO 8601) of each such event, in their order."""

    def unfinished(self, cursor: Any, history: Any, versions: Sequence[str]) -> List[Tuple[Any, ...]]:
        """Return what was begun and neither ended nor marked: version, detail, since, who, failed, mark."""

    def lost(self, connection: Any, history: Any, events: Sequence[str]) -> bool:
        """Return whether there is a log that tells of one of these, and the table that it belongs to is gone."""


class Upkeep(Protocol):
    """What keeps a log small. Where a database has none, its options are refused (task/targets/)."""

    def count(self, connection: Any, history: Any, days: int) -> Tuple[int, int]:
        """Return how many events are older and may go, and how many stay."""

    def trim(self, connection: Any, history: Any, days: int) -> Tuple[int, int]:
        """Take them out, and commit; return the same."""

    def lost_rows(self, connection: Any, history: Any) -> Optional[List[Tuple[str, str, str, str]]]:
        """Return what the log says is recorded, and isn't in the history: version, name, event, when; None: there is no
        log."""

    def rebuild(self, connection: Any, history: Any, versions: Sequence[str]) -> None:
        """Record these as the log says it, with the times of then, and commit."""


class Beside(Protocol):
    """What a database holds beside the history."""

    def objects(self, connection: Any) -> List[str]:
        """Return what is there, in words; nothing where a sibling history tells where it comes from."""

    def siblings(self, connection: Any, history: Any) -> Optional[List[Any]]:
        """Return the other histories that keep snapshots; None: one of them can't be read."""

    def other_tables(
        self, connection: Any, wanted: Sequence[QualifiedName]
    ) -> Dict[QualifiedName, Tuple[QualifiedName, FrozenSet[str]]]:
        """Return which of these there are: the whole name of each, and its columns. Without a schema, it is looked for
        where the session looks for names."""

    def read_other(self, connection: Any, table: QualifiedName, query: str) -> List[Tuple[Any, ...]]:
        """Read one of them."""

    def kept_snapshot(self, connection: Any, history: Any) -> Optional[Tuple[Any, ...]]:
        """Return what the last run left: when, the same in seconds, state, version, digest, body."""

    def keep_snapshot(self, connection: Any, history: Any, state: str, version: int, digest: str, body: bytes) -> None:
        """Keep that in place of the one before, and commit."""

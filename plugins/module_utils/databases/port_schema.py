# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of a database about its schema: the part of port.py that belongs to it."""

from __future__ import annotations

from typing import Any, Callable, ContextManager, Dict, List, Mapping, Optional, Protocol, Sequence, Tuple

from ..schema.snapshot import ObjectKey, Snapshot
from ..schema.unreadable import Unreadable


class Observing(Protocol):
    """What steps do to tables that were there before; where a database can't tell, it has seen nothing."""

    def survey_of(self, connection: Any, own: Sequence[str]) -> Any:
        """Return what is there, without the tables that are ours."""

    def read_relations(self, cursor: Any) -> Dict[int, Any]:
        """Return every table and view by its number."""

    def read_sight(self, cursor: Any, survey: Any) -> Any:
        """Return what the session holds now."""

    def read_sizes(self, connection: Any, keys: List[Any]) -> Dict[Any, Tuple[Optional[int], Optional[int]]]:
        """Return size in bytes and estimated rows of tables, by quoted name or number."""

    def has_tables(self, connection: Any) -> bool:
        """Return whether there is any table."""


class Reader(Protocol):
    """What reads the schema of one kind of database, so that two snapshots differ only where the schemas do."""

    def take(self, target: Any, earlier: Optional[Snapshot] = None) -> Snapshot:
        """Return the snapshot of a database. Raises SchemaUnread."""

    def begin(self, target: Any, earlier: Optional[Snapshot] = None) -> Callable[[], Snapshot]:
        """Look at it; return what makes the snapshot, without any connection."""

    @property
    def left_out(self) -> Tuple[Unreadable, ...]:
        """Return what was met until now that the role may not read."""

    @property
    def version(self) -> int:
        """Return the version of what reads: another one prints differently."""

    @property
    def name(self) -> str:
        """Return what reads with its major version, once it has: what another one gives can't be compared."""

    def advice(self, connection: Any) -> Optional[str]:
        """Return what to warn of, if what reads doesn't quite go with the server."""


class Snapshots(Protocol):
    """Schemas as comparable text."""

    def reader(self, connection: Any, tools: Any, exclude: Sequence[str], whole: bool = True, patience: int = 3) -> Any:
        """Return what reads the schema, without the tables that are ours. Raises DependencyError."""

    def renewed(self, text: str) -> str:
        """Return an object's statements, kept in the first format, in the present one."""

    def of_anybody(self, kind: str, text: str, role: str) -> str:
        """Return an object's statements without whose it is, where it is this role's."""


class Writing(Protocol):
    """A schema as the text of a script, as pieces: statements as the database's own client reads them."""

    # Before the first piece, and behind the last.
    HEAD: str
    TAIL: str

    def pieces(self, target: Any, connection: Any, exclude: Sequence[str]) -> List[Tuple[ObjectKey, str]]:
        """Return what makes each object, without the tables that are ours. Raises SchemaUnread."""

    def drop(self, key: ObjectKey) -> str:
        """Return the statement that takes an object away."""

    def facts(self, target: Any, connection: Any, exclude: Sequence[str]) -> Mapping[ObjectKey, str]:
        """Return what tells of each object whether one that was made from Python is as good."""

    def empty(self, target: Any, tools: Any, connection: Any) -> ContextManager[Any]:
        """Lend a target that leads to an empty database like the connection's. Raises RehearsalError."""


class Undoing(Protocol):
    """SQL that is written for people to read; it is never sent."""

    def way_back(self, kind: str, before: Optional[str], after: Optional[str]) -> Optional[str]:
        """Return the statements that make of an object what it was; None: they can't be known. A text that is None: it
        wasn't there, or isn't any more."""

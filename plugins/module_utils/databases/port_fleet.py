# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine asks of a server that holds many databases: the part of port.py that belongs to it."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Protocol, Tuple


class Census(NamedTuple):
    """What a server holds.

    :ivar databases: the names of those that can be connected to, in their order; no templates.
    :ivar ours: those of them that a task has made for a rehearsal, or that every server has.
    :ivar answer: the rows that a query has given; None: none was asked.
    :ivar columns: the names of their columns.
    :ivar room: how many more connections this user can have.
    :ivar address: which server it is, as a person would write it.
    """

    databases: Tuple[str, ...]
    ours: Tuple[str, ...]
    room: int
    address: str
    answer: Optional[Tuple[Tuple[Any, ...], ...]] = None
    columns: Tuple[str, ...] = ()


class Fleet(Protocol):
    """The databases of a server, side by side."""

    def census(self, target: Any, query: Optional[str]) -> Census:
        """Look at a server; ask the query, if there is one, in the target's database. Raises MigrationError."""

    def member(self, target: Any, name: str) -> Any:
        """Return the target of one of its databases."""

    def alike(self, connection: Any) -> Optional[str]:
        """Return a digest of a database, equal for those with the same schema; None: only a snapshot can tell."""

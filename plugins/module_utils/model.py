# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of this collection, as frozen values. Read this file first.

A *script* is a file, a *migration* is what was read from it; the *history* tells which versions are
applied; a *plan* is the ordered *steps* that follow from both; an *outcome* is what a step did.
Nothing here does any I/O.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import total_ordering
from types import CodeType
from typing import Optional, Tuple, Union


@total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """The sortable key of a migration.

    ``text`` is as in the file name. Numbers compare as numbers, dashes don't count, dots and underscores
    separate parts (Flyway's rule: a missing part is 0).
    """

    text: str
    parts: Tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read a version.

        :raises ValueError: when it isn't made of digits, dashes, dots and underscores.
        """
        if not re.fullmatch(r"[0-9-]+(?:[._][0-9-]+)*", text):
            raise ValueError("a version is made of digits, not %r" % text)
        numbers = [part.replace("-", "") for part in re.split(r"[._]", text)]
        if not all(numbers):
            raise ValueError("a version is made of digits, not %r" % text)
        parts = [int(number) for number in numbers]
        while len(parts) > 1 and parts[-1] == 0:
            parts.pop()
        return cls(text, tuple(parts))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.parts == other.parts

    def __lt__(self, other: Version) -> bool:
        return self.parts < other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __str__(self) -> str:
        return self.text


class Direction(Enum):
    """Which section of a script a step runs."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True)
class Script:
    """A migration's files as found on disk, before anything of them is read."""

    version: Version
    name: str
    kind: str
    path: str
    down_path: Optional[str] = None

    @property
    def label(self) -> str:
        """Return version and name, as people refer to a migration."""
        return "%s_%s" % (self.version, self.name)


@dataclass(frozen=True)
class SqlBody:
    """SQL to send. ``text`` has the length and the lines of the file, so positions in it are the file's."""

    path: str
    text: str
    transactional: bool = True
    note: Optional[str] = None


@dataclass(frozen=True)
class PythonBody:
    """A function of a Python script, to be called with a cursor. ``code`` is the whole file, compiled."""

    path: str
    code: CodeType
    function: str
    transactional: bool = True


Body = Union[SqlBody, PythonBody]


@dataclass(frozen=True)
class Migration:
    """A script that has been read: what it would run, and what it says about itself."""

    script: Script
    checksum: str
    up: Body
    down: Optional[Body] = None


@dataclass(frozen=True)
class HistoryRow:
    """One row of the history. ``applied`` is the server's time in ISO 8601; None: deferred."""

    version: Version
    applied: Optional[str]
    name: Optional[str] = None
    checksum: Optional[str] = None


@dataclass(frozen=True)
class Step:
    """One decision of a plan: run this section of this script."""

    script: Script
    direction: Direction = Direction.UP


@dataclass(frozen=True)
class Plan:
    """Ordered decisions, made without I/O.

    :ivar steps: what to run, in order.
    :ivar beyond: pending scripts that the asked-for version leaves out.
    :ivar current: highest applied version before the first step.
    :ivar latest: highest version on disk.
    """

    steps: Tuple[Step, ...]
    beyond: Tuple[Script, ...] = ()
    current: Optional[Version] = None
    latest: Optional[Version] = None


@dataclass(frozen=True)
class Outcome:
    """What a step did.

    :ivar duration_ms: from the first statement to the end of the transaction, in milliseconds.
    :ivar output: what the script printed, logged, and raised as notices.
    :ivar note: what a person should know about how it ran.
    """

    step: Step
    duration_ms: int
    output: str = ""
    note: Optional[str] = None


@dataclass(frozen=True)
class Progress:
    """How far a run came: all of it, or up to the failure that carries this.

    :ivar failed: the step that failed, with what it printed.
    :ivar left: the steps that are not applied, the failed one among them.
    """

    done: Tuple[Outcome, ...] = ()
    failed: Optional[Outcome] = None
    left: Tuple[Step, ...] = ()

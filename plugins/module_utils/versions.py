# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of a migration, as it is spelled in a file name and in the history, and how versions are ordered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, total_ordering
from typing import Optional, Tuple

# Flyway's repeatable scripts have a name only; they come behind all versions.
REPEATABLE_PREFIX = "R__"
AFTER_ALL = 10**40
# What stands first in the identity of a script that its tool knows by its whole name.
WHOLE_NAME = -1
# The same of an identifier that has no number in front, which only a graph can place.
IDENTIFIER = -2

# What stands last in the identity of a checkpoint: numbers have no zeros at their end, and names no NUL.
CHECKPOINT = 0

# How versions are ordered.
NUMERIC, TEXT, GRAPH = "numeric", "text", "graph"

DIGITS = re.compile(r"[0-9-]+(?:[._][0-9-]+)*")
NAMED = re.compile(r"[0-9]+(?P<rest>[_.-]+[^0-9._\x00-\x1f-][^\x00-\x1f]*)")
# What alembic takes for the identifier of a revision, and people give.
IDENTIFIERS = re.compile(r"\w[\w. /]*")
# What ends a version in a file's name: tools that order names as text compare it too.
END = "_"


@total_ordering
@dataclass(frozen=True, eq=False)
class Version:
    """The sortable key of a migration.

    ``text`` is as in the file name. What it is equal to doesn't depend on the order: numbers are compared as numbers,
    dashes don't count, dots and underscores separate parts (Flyway's rule: a missing part is 0). The whole name of a
    script is a version too, to tools that know scripts by it (sql-migrate, Prisma).

    :ivar parts: the identity.
    :ivar key: the place among others of the same order.
    """

    text: str
    parts: Tuple[int, ...]
    key: Tuple[int, ...]
    order: str = NUMERIC

    @classmethod
    def repeatable(cls, name: str, order: str = NUMERIC) -> Version:
        """Return the key of a script without a version, which comes behind all that have one, by name."""
        parts = (AFTER_ALL, *name.encode())
        return cls(REPEATABLE_PREFIX + name, parts, parts, order)

    @property
    def is_repeatable(self) -> bool:
        """Return whether this stands for a script without a version."""
        return self.parts[0] == AFTER_ALL

    @classmethod
    def placed(cls, text: str, place: int) -> Version:
        """Return the key of what a graph puts at a place, from 0; -1: the graph doesn't know it."""
        return cls(text, cls.recorded(text).parts, (place,), GRAPH)

    @classmethod
    def recorded(cls, text: str) -> Version:
        """Read a version of the history, which may be an identifier of a graph's too.

        :raises ValueError: when it is neither.
        """
        if not IDENTIFIERS.fullmatch(text):
            return cls.parse(text)
        try:
            return cls.parse(text)
        except ValueError:
            parts = (IDENTIFIER, *text.encode())
            return cls(text, parts, parts)

    @classmethod
    def checkpoint(cls, text: str, order: str = NUMERIC) -> Version:
        """Return the key of a checkpoint that brings a database to a version: right behind that, and not the same.

        :raises ValueError: when the text is no version.
        """
        base = cls.parse(text, order)
        return cls(text, (*base.parts, CHECKPOINT), (*base.key, CHECKPOINT), order)

    @property
    def is_checkpoint(self) -> bool:
        """Return whether this stands for a checkpoint."""
        return len(self.parts) > 1 and self.parts[-1] == CHECKPOINT

    @property
    def base(self) -> Version:
        """Return the version itself; of a checkpoint, the one that it brings a database to."""
        return Version.parse(self.text, self.order) if self.is_checkpoint else self

    @property
    def is_identifier(self) -> bool:
        """Return whether only a graph can place this."""
        return self.parts[0] == IDENTIFIER

    @property
    def is_whole_name(self) -> bool:
        """Return whether this is all of a script's name."""
        return self.parts[0] == WHOLE_NAME

    def begins_with(self, text: str) -> bool:
        """Return whether this is a whole name that has such a version in front."""
        match = NAMED.fullmatch(self.text) if self.is_whole_name else None
        return match is not None and text == self.text[: match.start("rest")]

    @classmethod
    @lru_cache(maxsize=None)  # the files of a pair, and its row in the history, all spell the same one
    def parse(cls, text: str, order: str = NUMERIC) -> Version:
        """Read a version.

        :param order: numeric or text.
        :raises ValueError: when it isn't made of digits, dashes, dots and underscores, and is no name behind digits.
        """
        if text.startswith(REPEATABLE_PREFIX):
            return cls.repeatable(text[len(REPEATABLE_PREFIX) :], order)
        parts = _numbers(text)
        if parts is not None:
            key = parts if order == NUMERIC else tuple((text.replace("-", "") + END).encode())
            return cls(text, parts, key, order)
        if not NAMED.fullmatch(text):
            raise ValueError("a version is made of digits, not %r" % text)
        name = tuple(text.encode())
        number = int(re.split("[^0-9]", text, maxsplit=1)[0])
        return cls(text, (WHOLE_NAME, *name), (number, *name) if order == NUMERIC else name, order)

    def ordered(self, order: str) -> Version:
        """Return the same version in another order, which isn't a graph's."""
        if order == self.order:
            return self
        return Version.checkpoint(self.text, order) if self.is_checkpoint else Version.parse(self.text, order)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.parts == other.parts

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key and self.parts != other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __str__(self) -> str:
        return self.text


def _numbers(text: str) -> Optional[Tuple[int, ...]]:
    """Return the numbers that a version is made of; None: it is made of something else too."""
    if not DIGITS.fullmatch(text):
        return None
    numbers = [part.replace("-", "") for part in re.split(r"[._]", text)]
    if not all(numbers):
        return None
    parts = [int(number) for number in numbers]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)

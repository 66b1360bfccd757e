# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of a migration, as it is spelled in a file name and in the history, and how versions are ordered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache, total_ordering
from typing import Tuple

# Flyway's repeatable scripts have a name only; they come behind all versions.
REPEATABLE_PREFIX = "R__"
AFTER_ALL = 10**40


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
    def repeatable(cls, name: str) -> Version:
        """Return the key of a script without a version, which comes behind all that have one, by name."""
        return cls(REPEATABLE_PREFIX + name, (AFTER_ALL, *name.encode()))

    @property
    def is_repeatable(self) -> bool:
        """Return whether this stands for a script without a version."""
        return self.parts[0] == AFTER_ALL

    @classmethod
    @lru_cache(maxsize=None)  # the files of a pair, and its row in the history, all spell the same one
    def parse(cls, text: str) -> Version:
        """Read a version.

        :raises ValueError: when it isn't made of digits, dashes, dots and underscores.
        """
        if text.startswith(REPEATABLE_PREFIX):
            return cls.repeatable(text[len(REPEATABLE_PREFIX) :])
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

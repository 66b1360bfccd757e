# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what a Python script sends, as far as somebody may want to read it."""

from __future__ import annotations

from typing import List

from .. import model

# A backfill may send a million statements.
MOST_TEXTS = 1000
MOST_CHARACTERS = 200_000


class Recorder:
    """Counts all that is sent, and keeps the beginning of it.

    :ivar count: how many texts were sent until now.
    """

    def __init__(self) -> None:
        self._texts: List[str] = []
        self._characters = self.count = 0

    def take(self, text: str) -> None:
        """Take what is about to be sent."""
        self._characters += len(text)
        if len(self._texts) == self.count < MOST_TEXTS and self._characters <= MOST_CHARACTERS:
            self._texts.append(text)
        self.count += 1

    def sent(self) -> model.Sent:
        """Return what was sent until now."""
        return model.Sent(self.count, tuple(self._texts))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text for people: harmless whatever it came from, as wide as a terminal shows it, with sizes as they are read."""

from __future__ import annotations

import unicodedata
from typing import Any, List

# Control characters, those that turn the direction of a text or can't be seen, halves of characters, and what no
# standard has a picture for. A space is the only separator that shows.
UNSEEN = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"])
WIDE = frozenset("WF")
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def harmless(text: Any) -> str:
    r"""Return a text on one line that does nothing to a terminal: what doesn't show is written as \x1b or \u202e."""
    whole: str = str(text)
    if whole.isprintable():
        return whole
    return "".join(_escaped(each) if unicodedata.category(each) in UNSEEN else each for each in whole)


def _escaped(character: str) -> str:
    number = ord(character)
    return "\\x%02x" % number if number < 0x100 else "\\u%04x" % number if number < 0x10000 else "\\U%08x" % number


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(each) for each in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in WIDE else 1


def padded(text: str, columns: int) -> str:
    """Return a text with spaces behind it, so that what follows stands in one line with others."""
    return text + " " * (columns - columns_of(text))


def clipped(text: str, columns: int) -> str:
    """Return as much of a text as the columns have room for; an ellipsis says that there is more."""
    if columns_of(text) <= columns:
        return text
    kept, taken = "", 1
    for each in text:
        taken += _columns(each)
        if taken > columns:
            break
        kept += each
    return kept.rstrip() + "…"


def wrapped(text: str, columns: int, first: str = "", following: str = "", between: str = " ") -> List[str]:
    """Return a text in lines of so many columns, broken at its spaces; a word that is longer stays whole.

    :param first: what the first line begins with; following: what the others do.
    :param between: what stands between two words.
    """
    words = text.split(between)
    lines, line = [], first + words[0]
    for word in words[1:]:
        if columns_of(line) + columns_of(between) + columns_of(word) > columns:
            lines.append(line.rstrip())
            line = following + word
        else:
            line += between + word
    return [*lines, line]


def size(count: float) -> str:
    """Return a number of bytes as people read it."""
    units = iter(UNITS)
    unit = next(units)
    while count >= 1024 and unit != UNITS[-1]:
        count, unit = count / 1024, next(units)
    return "%d %s" % (count, unit) if count >= 10 or unit == UNITS[0] else "%.1f %s" % (count, unit)


def duration(milliseconds: float) -> str:
    """Return a time as people read it, with two digits or three."""
    seconds = milliseconds / 1000
    if milliseconds < 100:
        return "%d ms" % milliseconds
    if seconds < 100:
        return "%.1f s" % seconds
    minutes, seconds = divmod(round(seconds), 60)
    return "%d min %02d s" % (minutes, seconds) if minutes < 100 else "%d h %02d min" % divmod(minutes, 60)

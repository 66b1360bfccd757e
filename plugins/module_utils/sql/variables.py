# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables in SQL: ``${name}``, in code, in strings and in quoted identifiers; never in comments and dollar quotes.

What stands in a function's body is PostgreSQL's or another language's, where ``${`` has a meaning of its own.
"""

from __future__ import annotations

import re
from typing import Iterator, List, Mapping, Match, Optional, Pattern, Tuple

from .statements import CODE, SplitError, comment_end, literal_end

NAME = re.compile(r"[A-Za-z_][\w.:-]*", re.ASCII)
_OPENING = "${"
_TOKEN = re.compile(CODE + r"|\$\{")
_VARIABLE = re.compile(r"\$\{(?P<name>[^}\n]*)\}?")


class VariableError(ValueError):
    """Say what is wrong with a variable, and where: an offset in characters."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with the values of its variables.

    A value is taken as it is: what looks like a variable in it is none.

    :raises VariableError: one that has no value, or is no name in braces.
    :raises SplitError: a quote or comment that is never closed.
    """
    if _OPENING not in text:
        return text
    parts: List[str] = []
    done = 0
    for start, end, in_dollars in _places(text):
        if not in_dollars:
            parts += [text[done:start], _filled(text, start, end, values)]
            done = end
    return "".join([*parts, text[done:]])


def first_in_dollars(text: str, pattern: Pattern[str]) -> Optional[Match[str]]:
    """Return the first match of a pattern inside a dollar quote, up to a quote or comment that is never closed."""
    if _OPENING not in text:
        return None
    found = (pattern.search(text, start, end) for start, end, in_dollars in _places(text) if in_dollars)
    try:
        return next(filter(None, found), None)
    except SplitError:
        return None


def _places(text: str) -> Iterator[Tuple[int, int, bool]]:
    """Yield where variables may stand: literals from end to end, and each variable in code; and dollar quotes."""
    position = 0
    while True:
        token = _TOKEN.search(text, position)
        if token is None:
            return
        found, start, position = token.group(), token.start(), token.end()
        if found[:2] == "/*":
            position = comment_end(text, start)
        elif found == _OPENING:
            position = max(position, _end(text, start))
            yield start, position, False
        elif found[0] in "'\"$":
            position = literal_end(text, token)
            yield start, position, found[0] == "$"


def _filled(text: str, start: int, end: int, values: Mapping[str, str]) -> str:
    """Return a part of a text with its variables filled in."""
    parts: List[str] = []
    while True:
        place = text.find(_OPENING, start, end)
        if place < 0:
            return "".join([*parts, text[start:end]])
        parts.append(text[start:place])
        parts.append(_value(text, place, values))
        start = _end(text, place)


def _end(text: str, place: int) -> int:
    match = _VARIABLE.match(text, place)
    return match.end() if match else place


def _value(text: str, place: int, values: Mapping[str, str]) -> str:
    match = _VARIABLE.match(text, place)
    if match is None or not match.group().endswith("}") or not NAME.fullmatch(match["name"]):
        raise VariableError(
            "%s is no variable: it is ${, a name, and }" % (match.group() if match else _OPENING), place
        )
    if match["name"] not in values:
        raise VariableError("%s has no value" % match.group(), place)
    return values[match["name"]]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that stays what it is in GitHub's Markdown: names, sentences and code that others have written."""

from __future__ import annotations

import re
from typing import Iterable, Sequence

from ..module_utils.report.words import harmless

# What could begin a link, a mention or a reference to an issue; a comment in between shows nothing.
_LINKS = re.compile(r"(?<=[@#])(?=[\w-])|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=GH)(?=-)", re.IGNORECASE)
_SPECIAL = re.compile(r"[!-/:-@\[-`{-~]")
_TICKS = re.compile("`+")
BETWEEN = "<!-- -->"
MOST_OF_A_NAME, MOST_OF_A_SENTENCE = 200, 1000


def cut(text: object, most: int) -> str:
    """Return the beginning of a text on one line."""
    line = harmless(text)
    return line if len(line) <= most else line[: most - 1] + "…"


def code(text: object) -> str:
    """Return a name as code. In a code span nothing means anything but its ticks, and a bar in a table."""
    name = cut(text, MOST_OF_A_NAME)
    if not name.strip():
        return ""
    if "|" in name:
        return "<code>%s</code>" % _SPECIAL.sub(lambda found: "&#%d;" % ord(found[0]), name)
    ticks = "`" * (max((len(run) for run in _TICKS.findall(name)), default=0) + 1)
    space = " " if "`" in (name[0], name[-1]) or " " in (name[0], name[-1]) else ""
    return ticks + space + name + space + ticks


def prose(text: object) -> str:
    """Return a sentence, in which nothing is markup, a link, or somebody who is to be told."""
    parts = _LINKS.split(cut(text, MOST_OF_A_SENTENCE))
    return BETWEEN.join(_SPECIAL.sub(_escaped, part) for part in parts)


def _escaped(found: re.Match[str]) -> str:
    """Return a character that may be markup as a reference to it; what can't be stays readable."""
    return found[0] if found[0] in ",.;:'\"()/%=?@-+" else "&#%d;" % ord(found[0])


def fenced(text: str, language: str) -> str:
    """Return code in a fence that is longer than any in it."""
    lines = [shown(line) for line in text.rstrip("\n").split("\n")]
    longest = max((len(run) for line in lines for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "%s%s\n%s\n%s" % (fence, language, "\n".join(lines), fence)


def shown(line: str) -> str:
    """Return a line of code in which only a tab is left of what doesn't show."""
    return "\t".join(map(harmless, line.split("\t")))


def row(cells: Iterable[str]) -> str:
    """Return a line of a table; the cells are marked up already."""
    return "| %s |" % " | ".join(cells)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are marked up already."""
    return "\n".join([row(head), row(["---"] * len(head)), *map(row, rows)])

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SQL makes, alters and drops, in a few words: read from its text, for people to find their way."""

from __future__ import annotations

import re
from typing import Iterator, List, Optional, Sequence, Tuple

from ..sql.statements import SplitError, split
from .words import harmless

# What is longer isn't read: a dump or seeds, of which nobody wants a list.
MOST_CHARACTERS = 500_000
MOST = 20
# Of a statement. Bodies of functions and lists of rows come behind what is looked at.
HEAD = 4000

_PART = r'(?:"(?:[^"]|"")+"|`[^`]+`|[^\W\d][\w$]*)'
_NAME = r"%s(?:\s*\.\s*%s)?" % (_PART, _PART)
_IF = r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?"
_REMARK = re.compile(r"""('(?:[^']|'')*'|"(?:[^"]|"")*")|--[^\n]*|/\*.*?\*/""", re.DOTALL)
_MODIFIERS = r"(?:OR\s+REPLACE\s+|UNIQUE\s+|UNLOGGED\s+|RECURSIVE\s+|CONSTRAINT\s+|TRUSTED\s+|PROCEDURAL\s+)*"
_KIND = r"(MATERIALIZED\s+VIEW|FOREIGN\s+TABLE|EVENT\s+TRIGGER|[A-Z]+)\s+"
_CREATE = re.compile(
    r"CREATE\s+%s%s(?:CONCURRENTLY\s+)?(?:AUTHORIZATION\s+)?%s(?:(?!ON\b)(%s))?(?:.*?\bON\s+(?:ONLY\s+)?(%s))?"
    % (_MODIFIERS, _KIND, _IF, _NAME, _NAME),
    re.IGNORECASE | re.DOTALL,
)
_DROP = re.compile(
    r"DROP\s+%s(?:CONCURRENTLY\s+)?%s(%s(?:\s*,\s*%s)*)(?:\s+ON\s+(%s))?" % (_KIND, _IF, _NAME, _NAME, _NAME),
    re.IGNORECASE,
)
_ALTER = re.compile(r"ALTER\s+%s%s(?:ONLY\s+)?(%s)\s*\*?\s*" % (_KIND, _IF, _NAME), re.IGNORECASE)
_ON_TABLE = frozenset(["INDEX", "TRIGGER", "POLICY", "RULE"])
# What follows is no kind of object (a user mapping, a temporary table), or has no name.
_NAMELESS = frozenset(["USER", "DEFAULT", "TEMP", "TEMPORARY", "GLOBAL", "LOCAL", "CAST", "TRANSFORM", "OPERATOR"])
# MariaDB adds an index by ALTER TABLE.
_INDEX = r"(?:FULLTEXT\s+|SPATIAL\s+)?(?:INDEX|KEY)\b[^(,]*\("
_NO_COLUMN = r"(?!" + _INDEX + r"|CONSTRAINT\b|CHECK\b|UNIQUE\b|PRIMARY\b|FOREIGN\b|EXCLUDE\b|VALUE\b|ATTRIBUTE\b)"
_ACTIONS: Sequence[Tuple[str, str, "re.Pattern[str]"]] = tuple(
    (mark, what, re.compile(pattern % _PART, re.IGNORECASE))
    for mark, what, pattern in (
        ("+", "constraint %s on %s", r"ADD\s+CONSTRAINT\s+(%s)"),
        ("+", "column %s of %s", r"ADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?" + _NO_COLUMN + "(%s)"),
        ("-", "constraint %s on %s", r"DROP\s+CONSTRAINT\s+(?:IF\s+EXISTS\s+)?(%s)"),
        ("-", "column %s of %s", r"DROP\s+(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?" + _NO_COLUMN + r"(?!NOT\b|DEFAULT\b)(%s)"),
        ("~", "column %s of %s", r"(?:ALTER|RENAME)\s+(?:COLUMN\s+)?(?!CONSTRAINT\b|TO\b)(%s)"),
    )
)


def count_of(text: str) -> int:
    """Return how many statements a text has.

    :raises ValueError: when it can't be read, or is too long to be.
    """
    return len(_statements(text))


def objects_of(texts: Sequence[str]) -> List[str]:
    """Return what statements make (+), alter (~) and drop (-), as in "+ table orders", each once, in their order.

    What can't be read is left out, and temporary tables are. There are MOST at most.
    """
    found: List[str] = []
    for text in texts:
        try:
            found += [harmless(each) for statement in _statements(text) for each in _of(statement)]
        except ValueError:
            continue
        if len(found) > MOST * 5:
            break
    return list(dict.fromkeys(found))[:MOST]


def _statements(text: str) -> List[str]:
    if len(text) > MOST_CHARACTERS:
        raise ValueError("too long to be read")
    try:
        return [statement.text for statement in split(text)]
    except SplitError as error:
        raise ValueError(error.message) from None


def _of(statement: str) -> Iterator[str]:
    text = _REMARK.sub(lambda found: found[1] or " ", statement[:HEAD])
    for mark, pattern in (("+", _CREATE), ("-", _DROP)):
        found = pattern.match(text)
        if found is not None and found[1].upper() not in _NAMELESS:
            yield from _whole(mark, *found.groups())
    altered = _ALTER.match(text)
    if altered is not None and altered[1].upper() not in _NAMELESS:
        kind, name = altered[1].upper(), _plain(altered[2])
        yield from dict.fromkeys(_actions(text[altered.end() :], kind, name))


def _whole(mark: str, kind: str, names: Optional[str], table: Optional[str]) -> Iterator[str]:
    """Yield what a CREATE or a DROP does; an index may be without a name."""
    words, on_table = " ".join(kind.lower().split()), kind.upper() in _ON_TABLE
    if names is None and not (on_table and table):
        return
    behind = ["on", _plain(table)] if table and on_table else []
    for name in re.findall(_NAME, names) if names else [""]:
        yield " ".join(filter(None, [mark, words, _plain(name), *behind]))


def _actions(text: str, kind: str, name: str) -> Iterator[str]:
    """Yield what the clauses of an ALTER do."""
    if kind not in ("TABLE", "FOREIGN TABLE"):
        yield "~ %s %s" % (" ".join(kind.lower().split()), name)
        return
    for clause in _clauses(text):
        for mark, what, pattern in _ACTIONS:
            found = pattern.match(clause)
            if found is not None:
                yield "%s %s" % (mark, what % (_plain(found[1]), name))
                break
        else:
            yield "~ table %s" % name


def _clauses(text: str) -> Iterator[str]:
    """Yield the clauses between the commas that stand in no parentheses and no literal."""
    depth, start = 0, 0
    for mark in re.finditer(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[(),]""", text):
        depth += {"(": 1, ")": -1}.get(mark[0], 0)
        if mark[0] == "," and depth == 0:
            yield text[start : mark.start()].strip()
            start = mark.end()
    yield text[start:].strip()


def _plain(name: str) -> str:
    """Return a name as people write it: without the schema that everybody has."""
    name = re.sub(r"\s*\.\s*", ".", name)
    return name[len("public.") :] if name.startswith("public.") else name

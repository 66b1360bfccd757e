# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one reader of SQL as text: its statements, what each does, and its first words.

What decides by a statement's text (is it transaction control, does it build an index, may it run on a copy) asks here,
whether it stands in a file or was sent by a Python script: comments nest, and a literal hides everything.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Iterator, List, Match, Pattern, Sequence, Tuple

from ..model import Statement

# What identifiers are made of: to PostgreSQL, every character beyond ASCII is a letter.
# Written as what of ASCII is none: a range up to the last character takes a tenth of a second to compile.
_LETTER = r"[^\x00-@\[-^`{-\x7f]"
_TAG_PART = r"[^\x00-/:-@\[-^`{-\x7f]"  # a digit too
_INSIDE = r"[^\x00-#%-/:-@\[-^`{-\x7f]"  # a dollar too

# All that a semicolon can hide in. Each branch starts with a fixed character and looks back only then, so that
# the search skips everything else at the speed of C. What is simple is one mark as a whole: a literal without
# escapes, parentheses with nothing special in them. A dollar right behind an identifier is a part of it.
CODE = (
    r"""'(?<![eE]')[^']*'(?!')|"[^"]*"(?!")|'|"|;|\([^;'"()$/-]*\)|\(|\)|--[^\n]*|/\*"""
    r"|\$(?<!%s\$)(?:%s%s*)?\$" % (_INSIDE, _LETTER, _TAG_PART)
)
_MARK = re.compile(CODE)
# The body of a function can also be SQL: BEGIN ATOMIC … END, with CASE … END in it. After AS or a dot these
# words are names, and mean nothing here.
_BODY_WORD = "(?:BEGIN|CASE|END)(?!%s)" % _INSIDE
_MARK_IN_FUNCTION = re.compile(
    CODE + r"|(?:\.|(?<!%s)AS\s+)%s|(?<!%s)%s" % (_INSIDE, _BODY_WORD, _INSIDE, _BODY_WORD), re.IGNORECASE
)

_SPACE = " \t\r\n\f\v"
_BLANK = re.compile("[%s]*(?:--[^\n]*[%s]*)*" % (_SPACE, _SPACE))
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_ESCAPE_OR_QUOTE = re.compile(r"\\.|''|'", re.DOTALL)
_CONTINUED = re.compile(r"[ \t\f\v]*[\r\n][%s]*'" % _SPACE)
_WORD = re.compile(_LETTER + _INSIDE + "*")
_PART = re.compile(_INSIDE)
_NAME = re.compile(_LETTER + _INSIDE + '*|"(?:[^"]|"")*"')

# A keyword is what stands in the groups; what stands between them makes no difference. Each word ends in a space.
_KEYWORD = re.compile(
    "(START|PREPARE)( TRANSACTION) "
    "|(COMMIT|END|ROLLBACK|ABORT)(?: WORK| TRANSACTION)?( PREPARED| TO| AND CHAIN)? "
    "|(CREATE|ALTER|DROP)(?: OR REPLACE| UNIQUE| GLOBAL| LOCAL| TEMP| TEMPORARY| UNLOGGED| RECURSIVE| CONSTRAINT"
    "| TRUSTED| PROCEDURAL)*( MATERIALIZED VIEW| FOREIGN TABLE| EVENT TRIGGER| [^ ]+) "
    "|([^ ]+) "
)
_LONG_KEYWORDS = frozenset(["START", "PREPARE", "COMMIT", "END", "ROLLBACK", "ABORT", "CREATE", "ALTER", "DROP"])
_LONGEST_KEYWORD = 6  # CREATE OR REPLACE TEMPORARY RECURSIVE VIEW

BEGINS = frozenset(["BEGIN", "START TRANSACTION"])
COMMITS = frozenset(["COMMIT", "END", "COMMIT AND CHAIN", "END AND CHAIN"])
ROLLS_BACK = frozenset(["ROLLBACK", "ABORT", "ROLLBACK AND CHAIN", "ABORT AND CHAIN"])
TWO_PHASES = frozenset(["PREPARE TRANSACTION", "COMMIT PREPARED", "ROLLBACK PREPARED"])
# What begins and ends transactions. Savepoints are no such control: they are fine in any one.
CONTROL = BEGINS | COMMITS | ROLLS_BACK | TWO_PHASES
_ENDS_PLAINLY = frozenset(["COMMIT", "END"])

_UNTERMINATED = {"'": "string", '"': "quoted identifier", "/*": "comment"}


class SplitError(ValueError):
    """Say what is never closed, and where it was opened: a line and a column, both counted from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class Shape(Enum):
    """Say what a script does about transactions itself."""

    PLAIN = "plain"  # nothing
    WRAPPED = "wrapped"  # it opens one first, closes it last, and leaves it alone in between
    BROKEN = "broken"  # anything else


def split(text: str) -> Tuple[Statement, ...]:
    """Return the statements of a text, in their order; () where there are only comments.

    Each is as it stands there, without the comments around it and its semicolon.

    :raises SplitError: where a literal, a quoted identifier or a comment is never closed.
    """
    statements: List[Statement] = []
    line, counted, position = 1, 0, 0
    while True:
        start = _skip(text, position)
        if start == len(text):
            return tuple(statements)
        keyword = _keyword(text, start)
        in_function = keyword in ("CREATE FUNCTION", "CREATE PROCEDURE")
        end, position = _end(text, start, _MARK_IN_FUNCTION if in_function else _MARK)
        line += text.count("\n", counted, start)
        counted = start
        if end > start:
            statements.append(Statement(text[start:end], start, line, keyword))


def words(statement: str, most: int) -> Tuple[str, ...]:
    """Return the first words of a statement, comments left out: those of ASCII in capital letters, unless quoted.

    It ends early at the first thing that is neither a word nor a quoted identifier.
    """
    found: List[str] = []
    position = _skip(statement, 0)
    while len(found) < most:
        mark = _NAME.match(statement, position)
        if mark is None:
            break
        word = mark.group()
        found.append(word.upper() if word.isascii() and not word.startswith('"') else word)
        position = _skip(statement, mark.end())
    return tuple(found)


def needs_no_transaction(statement: Statement) -> bool:
    """Return whether a statement is refused inside a transaction, by what it is."""
    if statement.keyword in ("VACUUM", "CREATE DATABASE", "DROP DATABASE", "CREATE TABLESPACE", "DROP TABLESPACE"):
        return True
    if statement.keyword in ("CREATE INDEX", "DROP INDEX", "REINDEX"):
        return "CONCURRENTLY" in (word.upper() for word in words(statement.text, 4))
    return words(statement.text, 2) == ("ALTER", "SYSTEM")


def waits_without_blocking(statement: Statement) -> bool:
    """Return whether a statement waits for others, perhaps for long, and keeps nobody from reading or writing."""
    if statement.keyword in ("CREATE INDEX", "DROP INDEX", "REINDEX"):
        return needs_no_transaction(statement)
    return statement.keyword == "ALTER TABLE" and re.search(r"\bCONCURRENTLY\s*$", statement.text, re.I) is not None


def transaction_shape(statements: Sequence[Statement]) -> Shape:
    """Tell whether statements control transactions."""
    found = [index for index, statement in enumerate(statements) if statement.keyword in CONTROL]
    if not found:
        return Shape.PLAIN
    outside = found == [0, len(statements) - 1]
    if outside and statements[0].keyword in BEGINS and statements[-1].keyword in _ENDS_PLAINLY:
        return Shape.WRAPPED
    return Shape.BROKEN


def unwrap(text: str, statements: Sequence[Statement]) -> str:
    """Return the text of a wrapped script without its first and last statement.

    Spaces take their place, so that all else keeps its line, its column and its offset.
    """
    for statement in (statements[0], statements[-1]):
        end = statement.offset + len(statement.text)
        semicolon = _skip(text, end)
        end = semicolon + 1 if text.startswith(";", semicolon) else end
        text = text[: statement.offset] + re.sub("[^\r\n]", " ", text[statement.offset : end]) + text[end:]
    return text


def _skip(text: str, position: int) -> int:
    """Return where white space and comments end."""
    while True:
        blank = _BLANK.match(text, position)
        position = blank.end() if blank else position
        if not text.startswith("/*", position):
            return position
        position = comment_end(text, position)


def _keyword(text: str, position: int) -> str:
    word = _word(text, position)
    if word not in _LONG_KEYWORDS:
        return word
    words = ""
    while word and words.count(" ") < _LONGEST_KEYWORD:
        words += word + " "
        position = _skip(text, position + len(word))
        word = _word(text, position)
    keyword = _KEYWORD.match(words)
    return "".join(group for group in keyword.groups() if group) if keyword else ""


def _word(text: str, position: int) -> str:
    word = _WORD.match(text, position)
    return word.group().upper() if word else ""


def _end(text: str, start: int, pattern: Pattern[str]) -> Tuple[int, int]:
    """Return where the statement that starts here ends, and where what follows its semicolon starts."""
    parentheses = bodies = 0
    comments: List[Tuple[int, int]] = []
    stop = after = len(text)
    for mark, begin, end in _marks(text, start, pattern):
        if mark == "(":
            parentheses += 1
        elif mark == ")":
            parentheses = max(parentheses - 1, 0)
        elif mark in ("--", "/*"):
            comments.append((begin, end))
        elif mark == ";":
            if not parentheses and not bodies:
                stop, after = begin, end
                break
        elif mark == "BEGIN" and not bodies:
            bodies = int(not parentheses and _word(text, _skip(text, end)) == "ATOMIC")
        elif mark == "CASE" and bodies:
            bodies += 1
        elif mark == "END" and bodies:
            bodies -= 1
    return _without_trailing(text, start, stop, comments), after


def _without_trailing(text: str, start: int, stop: int, comments: Sequence[Tuple[int, int]]) -> int:
    """Return where a statement ends without the comments behind it."""
    for begin, end in reversed(comments):
        if text[end:stop].strip(_SPACE):
            break
        stop = begin
    return start + len(text[start:stop].rstrip(_SPACE))


def _marks(text: str, position: int, pattern: Pattern[str]) -> Iterator[Tuple[str, int, int]]:
    """Yield semicolons, parentheses, comments and the words of a body, each with its start and end."""
    while True:
        mark = pattern.search(text, position)
        if mark is None:
            return
        found, position = mark.group(), mark.end()
        if found[0] in "'\"$":
            position = literal_end(text, mark)
        elif found[:2] in ("--", "/*"):
            position = comment_end(text, mark.start()) if found == "/*" else position
            yield found[:2], mark.start(), position
        else:
            yield found.upper(), mark.start(), position


def literal_end(text: str, mark: Match[str]) -> int:
    """Return where the literal or quoted identifier ends which `mark` opens, or is; raise SplitError if nowhere."""
    found, start, end = mark.group(), mark.start(), mark.end()
    if found[0] == "$":
        closing = text.find(found, end)
        if closing < 0:
            raise _unterminated(text, start, found)
        return closing + len(found)
    if len(found) > 1:
        return end
    if found == "'" and text[start - 1 : start] in ("e", "E") and not _PART.match(text[start - 2 : start - 1]):
        return _escaped_end(text, end)
    while True:
        end = text.find(found, end) + 1
        if not end:
            raise _unterminated(text, start, found)
        if not text.startswith(found, end):
            return end
        end += 1


def _escaped_end(text: str, position: int) -> int:
    """Return the end of an E'…' string, which goes on after a line break if there is one more quote."""
    start = position - 1
    while True:
        for edge in _ESCAPE_OR_QUOTE.finditer(text, position):
            if edge.group() == "'":
                break
        else:
            raise _unterminated(text, start, "'")
        continued = _CONTINUED.match(text, edge.end())
        if continued is None:
            return edge.end()
        position = continued.end()


def comment_end(text: str, start: int) -> int:
    """Return where the comment ends that begins here with a slash and a star; raise SplitError if nowhere."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise _unterminated(text, start, "/*")


def _unterminated(text: str, start: int, opening: str) -> SplitError:
    what = _UNTERMINATED.get(opening, "dollar-quoted string %s" % opening)
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return SplitError("unterminated " + what, text.count("\n", 0, start) + 1, column)

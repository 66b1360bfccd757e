# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of a text, as the server's own client reads them: with DELIMITER, and with bodies of routines.

It is the port Grammar of databases/port.py.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, List, Optional, Pattern

from ... import errors, model

# What stands between statements. A comment with an exclamation mark is run.
BLANK = re.compile(r"(?:\s|--(?=\s|$)[^\n]*|#[^\n]*|/\*(?!M?!).*?\*/)*", re.DOTALL)
RUN_COMMENT = re.compile(r"/\*M?!\d*\s*")
WORD = re.compile(r"[A-Za-z_]+")
DELIMITER = re.compile(r"DELIMITER[ \t]+(\S+)[^\n]*(?:\n|$)", re.IGNORECASE)
OPAQUE = (
    r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"|`(?:[^`]|``)*`"
    r"|--(?=\s|$)[^\n]*|\#[^\n]*|/\*.*?\*/"
)
# A statement with statements in it.
COMPOUND = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:AGGREGATE\s+)?(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE)\b"
    r"|BEGIN\s+NOT\s+ATOMIC\b",
    re.IGNORECASE,
)
NOT_ATOMIC = re.compile(r"BEGIN\s+NOT\s+ATOMIC\b", re.IGNORECASE)
PARTIAL = re.compile(r"ROLLBACK\s+(?:WORK\s+)?TO\b", re.IGNORECASE)
# What END may be of without a BEGIN or CASE.
ENDS_ANOTHER = frozenset(["IF", "LOOP", "WHILE", "REPEAT", "FOR"])

BEGINS, COMMITS, ROLLS_BACK = frozenset(["BEGIN", "START"]), frozenset(["COMMIT"]), frozenset(["ROLLBACK"])
CONTROL = BEGINS | COMMITS | ROLLS_BACK
# What the server takes back with a transaction; all else commits it, or isn't known.
ROWS = frozenset(["INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "VALUES", "DO", "LOAD", "SHOW", "EXPLAIN"])
# It would have each statement of ours begin a transaction. Dumps of phpMyAdmin begin with it.
AUTOCOMMIT = re.compile(r"SET\s+(?:SESSION\s+|@@(?:SESSION\s*\.\s*)?)?autocommit\s*:?=\s*(\S+)", re.IGNORECASE)
COMMITTING_SET = re.compile(r"SET\s+(?:PASSWORD|DEFAULT\s+ROLE|[^;]*\bautocommit\b)", re.IGNORECASE)


def split(text: str) -> List[model.Statement]:
    """Return the statements of a text, in their order, each without what surrounds it."""
    found: List[model.Statement] = []
    delimiter, start = ";", 0
    while True:
        start = _skip(text, start)
        if start >= len(text):
            return found
        order = DELIMITER.match(text, start)
        if order is not None:
            delimiter, start = order[1], order.end()
            continue
        end = _end(text, start, delimiter)
        statement = text[start:end].rstrip()
        if statement:
            found.append(model.Statement(statement, start, text.count("\n", 0, start) + 1, keyword(statement)))
        start = end + len(delimiter)


def keyword(text: str) -> str:
    """Return the first word of a statement, in capital letters; ROLLBACK TO and BEGIN NOT ATOMIC are of their own."""
    start = _skip(text, 0)
    inside = RUN_COMMENT.match(text, start)
    word = WORD.match(text, inside.end() if inside else start)
    if word is None:
        return ""
    if PARTIAL.match(text, start):
        return "ROLLBACK TO"
    return "BEGIN NOT ATOMIC" if NOT_ATOMIC.match(text, start) else word.group().upper()


def adapted(body: model.SqlBody) -> model.SqlBody:
    """Return a script's body with the statements that the server reads in it.

    Only one that works on rows alone can be a transaction: the server commits at every other statement.

    :raises ScriptInvalid: where the last statement has no end.
    """
    text = body.whole or body.text
    statements = split(text)
    _require_complete(body.path, statements)
    statements = _with_a_begin(map(_as_control, statements))
    if body.transactional or body.note is not None:
        inner = _unwrapped(statements)
        if all(takes_back(each) for each in inner):
            whole = None if len(inner) == len(statements) else text
            return model.SqlBody(body.path, text, tuple(inner), whole=whole, secrets=body.secrets)
    blocks = tuple(_without_vain_blocks(statements))
    return model.SqlBody(body.path, text, blocks, transactional=False, secrets=body.secrets)


def _as_control(statement: model.Statement) -> model.Statement:
    """Return a statement; for one that turns autocommit off or on, what it comes to: a BEGIN, or a COMMIT."""
    match = AUTOCOMMIT.fullmatch(statement.text)
    if match is None:
        return statement
    word = "BEGIN" if match[1].upper() in ("0", "OFF", "FALSE") else "COMMIT"
    return statement._replace(text=word, keyword=word)


def _with_a_begin(statements: Iterable[model.Statement]) -> List[model.Statement]:
    """Leave out a COMMIT or a ROLLBACK that has no BEGIN: it does nothing."""
    kept: List[model.Statement] = []
    is_open = False
    for each in statements:
        if each.keyword in BEGINS or is_open or each.keyword not in CONTROL:
            kept.append(each)
        if each.keyword in CONTROL:
            is_open = each.keyword in BEGINS
    return kept


def takes_back(statement: model.Statement) -> bool:
    """Return whether what a statement does can be rolled back, and it commits nothing."""
    if statement.keyword == "SET":
        return not COMMITTING_SET.match(statement.text)
    return statement.keyword in ROWS or statement.text.startswith("(")


def without_comments(text: str) -> str:
    """Return a text with a blank in the place of each comment; one that is run is no comment."""

    def plain(token: "re.Match[str]") -> str:
        found = token.group()
        if RUN_COMMENT.match(found):
            return " " + RUN_COMMENT.sub("", found, count=1)[:-2] + " "
        return " " if found.startswith(("/*", "--", "#")) else found

    before, now = "", text.strip()
    while before != now:  # what is run may have comments in it
        before, now = now, re.sub(OPAQUE, plain, now, flags=re.DOTALL).strip()
    return now


def without_strings(text: str) -> str:
    """Return a text with empty strings in the place of its strings. What stands beside a dot is a name, in quotes."""

    def emptied(token: "re.Match[str]") -> str:
        found = token.group()
        beside = text[: token.start()].rstrip().endswith(".") or text[token.end() :].lstrip().startswith(".")
        return "''" if found[0] == "'" or (found[0] == '"' and not beside) else found

    return re.sub(OPAQUE, emptied, text, flags=re.DOTALL)


def identifiers(text: str) -> Iterator[str]:
    """Yield the names in a statement, and its words; what stands in strings and comments is none."""
    for token in re.finditer(OPAQUE + r"|[\w$]+", text, re.DOTALL):
        name = token.group()
        if name.startswith("`"):
            yield name[1:-1].replace("``", "`")
        elif name[0] not in "'\"-#/":
            yield name


def _unwrapped(statements: List[model.Statement]) -> List[model.Statement]:
    """Return the statements without the BEGIN and COMMIT around them."""
    if len(statements) > 1 and statements[0].keyword in BEGINS and statements[-1].keyword in COMMITS:
        return statements[1:-1]
    return statements


def _without_vain_blocks(statements: List[model.Statement]) -> List[model.Statement]:
    """Leave out the BEGIN and the COMMIT or ROLLBACK of blocks in which another statement commits anyway."""
    kept: List[model.Statement] = []
    block: List[model.Statement] = []
    for each in statements:
        if block and each.keyword in CONTROL:
            is_end = each.keyword not in BEGINS
            kept += _block(block, each if is_end else None)
            block = [] if is_end else [each]
        elif block or each.keyword in BEGINS:
            block.append(each)
        else:
            kept.append(each)
    return kept + _block(block, None)


def _block(block: List[model.Statement], end: Optional[model.Statement]) -> List[model.Statement]:
    """Return a block as it is sent.

    :param block: from its BEGIN on; may be empty.
    :param end: None: it has none.
    """
    if all(map(takes_back, block[1:])):
        return block + ([end] if end is not None else [])
    return block[1:]


def _require_complete(path: str, statements: List[model.Statement]) -> None:
    if not statements:
        return
    last = statements[-1]
    rest = re.sub(OPAQUE, "", last.text, flags=re.DOTALL)
    if re.search(r"['\"`]|/\*", rest):
        raise errors.ScriptInvalid(
            "%s, line %d, column 1: a statement that begins here has no end: an open quote or comment"
            % (path, last.line),
            hint="Close it; nothing has been run.",
            path=path,
            line=last.line,
            column=1,
        )


def _skip(text: str, position: int) -> int:
    match = BLANK.match(text, position)
    return match.end() if match else position


def _end(text: str, start: int, delimiter: str) -> int:
    """Return where a statement ends: before its delimiter, or with the text."""
    nests = delimiter == ";" and COMPOUND.match(text, start) is not None
    depth, before = 0, ""
    for token in _tokens(delimiter).finditer(text, start):
        found = token.group()
        if found == delimiter and depth <= 0:
            return token.start()
        if nests and found[0].isalpha():
            word = found.upper()
            if before == "END" and word in ENDS_ANOTHER:
                depth += 1
            elif word == "END":
                depth -= 1
            elif word == "BEGIN" or (word == "CASE" and before != "END"):
                depth += 1
            before = word
    return len(text)


def _tokens(delimiter: str) -> Pattern[str]:
    return re.compile(OPAQUE + "|" + re.escape(delimiter) + r"|[A-Za-z_]\w*", re.DOTALL)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of a text, as SQLite reads them: a trigger has semicolons in it, and names stand in brackets too."""

from __future__ import annotations

import re
import sqlite3
from typing import List, Optional

from ... import errors, model

# What stands between statements, or before the first word of one.
BLANK = re.compile(r"(?:\s|--[^\n]*|/\*.*?\*/|;)*", re.DOTALL)
WORD = re.compile(r"[A-Za-z_]+")
# Literals, names and comments: no semicolon in them ends a statement.
OPAQUE = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|;", re.DOTALL)

BEGINS, COMMITS, ROLLS_BACK = frozenset(["BEGIN"]), frozenset(["COMMIT", "END"]), frozenset(["ROLLBACK"])
CONTROL = BEGINS | COMMITS | ROLLS_BACK
# What can't be in a transaction, or has no effect there.
ALONE = frozenset(["VACUUM", "ATTACH", "DETACH", "PRAGMA"])

WRAPPED_NOTE = "ran outside a transaction, statement by statement: it has transaction control of its own"


def split(text: str) -> List[model.Statement]:
    """Return the statements of a text, in their order, each without what surrounds it."""
    found: List[model.Statement] = []
    start = _skip(text, 0)
    while start < len(text):
        end = _end(text, start)
        statement = text[start:end].rstrip()
        found.append(model.Statement(statement, start, text.count("\n", 0, start) + 1, keyword(statement)))
        start = _skip(text, end)
    return found


def keyword(text: str) -> str:
    """Return the first word of a statement, in capital letters; ROLLBACK TO is one of its own."""
    word = WORD.match(text, _skip(text, 0))
    if word is None:
        return ""
    first = word.group().upper()
    is_partial = first == "ROLLBACK" and re.search(r"\bTO\b", text, re.IGNORECASE)
    return "ROLLBACK TO" if is_partial else first


def adapted(body: model.SqlBody) -> model.SqlBody:
    """Return a script's body with the statements that SQLite reads in it.

    A BEGIN … COMMIT around the whole is taken off; transaction control elsewhere puts it outside a transaction.

    :raises ScriptInvalid: where the last statement has no end.
    """
    text = body.whole or body.text
    statements = split(text)
    _require_complete(body.path, statements)
    if not body.transactional and body.note is None:
        return body._replace(text=text, messages=tuple(statements), whole=None)
    inner = _unwrapped(statements)
    if inner is None:
        note = body.note or WRAPPED_NOTE
        return model.SqlBody(body.path, text, tuple(statements), transactional=False, note=note)
    return model.SqlBody(body.path, text, tuple(inner), whole=None if inner == statements else text)


def _unwrapped(statements: List[model.Statement]) -> Optional[List[model.Statement]]:
    """Return the statements without the BEGIN and COMMIT around them; None: there is other transaction control."""
    inner = statements
    if len(inner) > 1 and inner[0].keyword in BEGINS and inner[-1].keyword in COMMITS:
        inner = inner[1:-1]
    return None if any(each.keyword in CONTROL for each in inner) else inner


def _require_complete(path: str, statements: List[model.Statement]) -> None:
    if statements and not sqlite3.complete_statement(statements[-1].text + "\n;"):
        last = statements[-1]
        raise errors.ScriptInvalid(
            "%s, line %d, column 1: a statement that begins here has no end: a trigger without END, or an open quote"
            % (path, last.line),
            hint="Close it; nothing has been run.",
            path=path,
            line=last.line,
            column=1,
        )


def _skip(text: str, position: int) -> int:
    match = BLANK.match(text, position)
    return match.end() if match else position


def _end(text: str, start: int) -> int:
    """Return where a statement ends: behind the first semicolon that makes it complete."""
    for mark in OPAQUE.finditer(text, start):
        if mark.group() == ";" and sqlite3.complete_statement(text[start : mark.end()]):
            return mark.start()
    return len(text)

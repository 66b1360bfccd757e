# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL files as bodies: their sections, and what transaction control in them means."""

from __future__ import annotations

import re
from typing import List, Optional, Sequence, Tuple

from ... import errors, model
from ...sql import glance
from . import reading

BLANK_OR_COMMENT = re.compile(r"\s*(?:--.*)?")
NO_TRANSACTION = re.compile(r"\s*--\s*no-transaction\b", re.IGNORECASE)

BEGUN_NOTE = "went on outside a transaction, where it was begun"
BROKEN_NOTE = "ran outside a transaction, statement by statement: it has transaction control of its own"


def body(path: str, text: str) -> model.SqlBody:
    """Return the body of an SQL text.

    ``-- no-transaction`` as the first line, or transaction control in the middle, put it outside a
    transaction; a BEGIN … COMMIT around the whole is taken off.

    :raises ScriptInvalid: an unterminated quote or comment; names line and column of its opening.
    """
    if NO_TRANSACTION.match(text):
        return outside(path, text)
    if not glance.may_control(text):
        return _inside(path, text)
    # The reader is imported only for scripts that need it: every task would pay for it.
    from ...sql.statements import Shape, transaction_shape, unwrap

    statements = statements_of(path, text)
    shape = transaction_shape(statements)
    if shape is Shape.BROKEN:
        return outside(path, text, statements, BROKEN_NOTE)
    if shape is Shape.WRAPPED:
        return _inside(path, unwrap(text, statements))._replace(whole=text)
    return _inside(path, text)


def message(path: str, text: str) -> model.SqlBody:
    """Return the body of a text that its tool sends as it stands: a statement alone in it has no transaction around it.

    :raises ScriptInvalid: an unterminated quote or comment.
    """
    if not glance.may_need_no_transaction(text):
        return body(path, text)
    from ...sql.statements import needs_no_transaction

    statements = statements_of(path, text)
    if len(statements) == 1 and needs_no_transaction(statements[0]):
        return outside(path, text, statements)
    return body(path, text)


def verify(path: str, text: str) -> model.SqlBody:
    """Return the statements that have to hold when a script is applied.

    :raises ScriptInvalid: an unterminated quote or comment, or a statement that begins or ends a transaction.
    """
    from ...sql.statements import CONTROL

    statements = statements_of(path, text)
    for statement in statements:
        if statement.keyword in CONTROL:
            raise reading.invalid(path, statement.line, "%s: what verifies is in the script's" % statement.keyword)
    return model.SqlBody(path, text, tuple(statements), transactional=False)  # for they are sent one by one


def as_begun(body: model.SqlBody) -> model.SqlBody:
    """Return how to go on with a script that was begun outside a transaction: there, whatever it looks like by now.

    Of what it was then some statements stand; it has been mended since, perhaps to what could be one transaction.
    """
    return outside(body.path, body.whole or body.text, note=BEGUN_NOTE) if body.transactional else body


def outside(
    path: str, text: str, statements: Optional[Sequence[model.Statement]] = None, note: Optional[str] = None
) -> model.SqlBody:
    """Return a body whose statements are sent one by one, outside a transaction.

    :raises ScriptInvalid: an unterminated quote or comment.
    """
    found = statements_of(path, text) if statements is None else statements
    return model.SqlBody(path, text, tuple(found), transactional=False, note=note)


def statements_of(path: str, text: str) -> Sequence[model.Statement]:
    """Split a text.

    :raises ScriptInvalid: an unterminated quote or comment.
    """
    from ...sql.statements import SplitError, split

    try:
        return split(text)
    except SplitError as error:
        raise errors.ScriptInvalid(
            "%s, line %d, column %d: %s" % (path, error.line, error.column, error.message),
            hint="Close it; nothing has been run.",
            path=path,
            line=error.line,
            column=error.column,
        ) from None


def only_lines(text: str, first: int, last: int) -> str:
    """Return a text in which all lines but these (from 0, the last excluded) are empty: they keep their numbers."""
    lines = text.split("\n")
    return "\n".join(line if first <= number < last else "" for number, line in enumerate(lines))


def refuse_text_before(path: str, lines: Sequence[str]) -> None:
    """Refuse SQL above the first mark, of which the lines there are given.

    :raises ScriptInvalid: when there is any.
    """
    for number, line in enumerate(lines):
        if not BLANK_OR_COMMENT.fullmatch(line):
            raise reading.invalid(path, number + 1, "SQL before the first mark, which would never run")


def blocks(path: str, marks: Sequence[Tuple[int, str]]) -> List[Tuple[int, int]]:
    """Return the lines (from 0, the last excluded) between each StatementBegin and its StatementEnd.

    :param marks: by line (from 0), in capitals.
    :raises ScriptInvalid: one of the two without the other.
    """
    found: List[Tuple[int, int]] = []
    begun = None
    for number, words in marks:
        if words == "STATEMENTBEGIN":
            if begun is not None:
                raise reading.invalid(path, number + 1, "a StatementBegin inside another one")
            begun = number
        elif words == "STATEMENTEND":
            if begun is None:
                raise reading.invalid(path, number + 1, "a StatementEnd without its StatementBegin")
            found.append((begun + 1, number))
            begun = None
    if begun is not None:
        raise reading.invalid(path, begun + 1, "a StatementBegin without its StatementEnd")
    return found


def outside_in_blocks(path: str, text: str, blocks: Sequence[Tuple[int, int]]) -> model.SqlBody:
    """Return a body in which each block is one statement, and the rest is split.

    :raises ScriptInvalid: an unterminated quote or comment.
    """
    messages: List[model.Statement] = []
    position = 0
    for first, last in [*blocks, (text.count("\n") + 1,) * 2]:
        before = only_lines(text, position, first)
        messages += [
            each._replace(offset=each.offset + _shift(text, before, each.line)) for each in statements_of(path, before)
        ]
        block = "\n".join(text.split("\n")[first:last])
        if block.strip():
            messages.append(model.Statement(block, len("\n".join(text.split("\n")[:first])) + 1, first + 1))
        position = last
    return model.SqlBody(path, text, tuple(messages), transactional=False)


def _shift(text: str, blanked: str, line: int) -> int:
    """Return how much further a line begins in the text than in one with lines blanked above it."""
    above = line - 1
    return sum(map(len, text.split("\n")[:above])) - sum(map(len, blanked.split("\n")[:above]))


def _inside(path: str, text: str) -> model.SqlBody:
    return model.SqlBody(path, text, (model.Statement(text),))

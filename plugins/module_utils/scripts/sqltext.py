# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL files as bodies: their sections, and what transaction control in them means."""

from __future__ import annotations

import re
from typing import Optional, Sequence

from .. import errors, model
from ..sql import glance

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
    from ..sql.statements import Shape, transaction_shape, unwrap

    statements = statements_of(path, text)
    shape = transaction_shape(statements)
    if shape is Shape.BROKEN:
        return outside(path, text, statements, BROKEN_NOTE)
    if shape is Shape.WRAPPED:
        return _inside(path, unwrap(text, statements))._replace(whole=text)
    return _inside(path, text)


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
    from ..sql.statements import SplitError, split

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


def _inside(path: str, text: str) -> model.SqlBody:
    return model.SqlBody(path, text, (model.Statement(text),))

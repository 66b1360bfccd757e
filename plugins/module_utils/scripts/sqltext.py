# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL files as bodies: what transaction control in them means."""

from __future__ import annotations

import re

from ..errors import ScriptInvalid
from ..model import SqlBody
from .statements import Shape, SplitError, split, transaction_shape, unwrap

NO_TRANSACTION = re.compile(r"\s*--\s*no-transaction\b", re.IGNORECASE)

# Text without any of these words has no transaction control, and needn't be split to know it.
CONTROL_WORDS = re.compile(r"\b(?:begin|start|commit|end|rollback|abort|prepare)\b", re.IGNORECASE)

BROKEN_NOTE = "ran outside a transaction, statement by statement: it has transaction control of its own"


def body(path: str, text: str) -> SqlBody:
    """Return the body of an SQL file.

    ``-- no-transaction`` as the first line, or transaction control in the middle, put it outside a
    transaction; a BEGIN … COMMIT around the whole is taken off.

    :raises ScriptInvalid: an unterminated quote or comment; names line and column of its opening.
    """
    if NO_TRANSACTION.match(text):
        return SqlBody(path, text, transactional=False)
    if not CONTROL_WORDS.search(text):
        return SqlBody(path, text)
    try:
        statements = split(text)
    except SplitError as error:
        raise invalid(path, error) from None
    shape = transaction_shape(statements)
    if shape is Shape.WRAPPED:
        return SqlBody(path, unwrap(text, statements))
    if shape is Shape.BROKEN:
        return SqlBody(path, text, transactional=False, note=BROKEN_NOTE)
    return SqlBody(path, text)


def invalid(path: str, error: SplitError) -> ScriptInvalid:
    """Return the splitter's complaint about a file as an error of ours."""
    return ScriptInvalid(
        "%s, line %d, column %d: %s" % (path, error.line, error.column, error.message),
        hint="Close it; nothing has been run.",
        path=path,
        line=error.line,
        column=error.column,
    )

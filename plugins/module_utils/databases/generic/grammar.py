# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements of a text, by the rules of standard SQL: the driver is given one after the other."""

from __future__ import annotations

import re

from ... import model
from ...sql import statements

# Dialects in which CREATE and ALTER can be rolled back; where it isn't known, it is taken that they can't.
# Where CREATE and ALTER are rolled back, and what they have made can be used at once. (In Firebird it can't, before a
# COMMIT.)
TRANSACTIONAL = frozenset(["duckdb", "mssql", "postgresql"])

WORD = re.compile(r"[A-Za-z]+")
BEGINS, COMMITS, ROLLS_BACK = frozenset(["BEGIN", "START"]), frozenset(["COMMIT", "END"]), frozenset(["ROLLBACK"])
CONTROL = BEGINS | COMMITS | ROLLS_BACK
ROWS = frozenset(["INSERT", "UPDATE", "DELETE", "MERGE", "SELECT", "WITH", "VALUES"])


def adapted(body: model.SqlBody, dialect: str) -> model.SqlBody:
    """Return a script's body, statement by statement; one transaction where all of it can be rolled back.

    :param dialect: SQLAlchemy's name of it.
    """
    found = [each._replace(keyword=keyword(each.text)) for each in statements.split(body.text)]
    controls = any(each.keyword in CONTROL for each in found)
    rolls_back = dialect in TRANSACTIONAL or all(takes_back(each) for each in found)
    transactional = body.transactional and rolls_back and not controls
    return model.SqlBody(body.path, body.text, tuple(found), transactional, secrets=body.secrets)


def keyword(text: str) -> str:
    """Return the first word of a statement, in capital letters."""
    word = WORD.search(text)
    return word.group().upper() if word else ""


def takes_back(statement: model.Statement) -> bool:
    """Return whether what a statement does can be rolled back in any dialect."""
    return statement.keyword in ROWS

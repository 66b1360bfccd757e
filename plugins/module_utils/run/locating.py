# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which statement of an SQL script has failed. The server points only to what it can't read or plan.

A script in a transaction is one message, so it has to be found: on a copy by trying the statements one by one; else by
the names that the server's message has. Nothing is ever run a second time on the target.
"""

from __future__ import annotations

import re
from typing import Callable, NamedTuple, Optional, Sequence

from .. import model
from ..databases.values import Diagnosis
from ..schema.secrets import masked
from ..scripts.kinds import reading

QUOTED = re.compile(r'"([^"]+)"')
PASSWORD = re.compile(r"(\bPASSWORD\s+)(E?'(?:[^']|'')*'?|\$\$.*)", re.IGNORECASE | re.DOTALL)
SHOWN = 80

# Finds the statement on a copy: the statements → the index of the one that fails, or None.
Probe = Callable[[Sequence[model.Statement]], Optional[int]]


class Place(NamedTuple):
    """Where a script has failed.

    :ivar statement: the first line of the statement, without passwords.
    :ivar is_certain: whether that is known; else it is guessed by names.
    """

    line: int
    column: Optional[int]
    statement: str
    is_certain: bool = True


def locate(body: model.SqlBody, diagnosis: Diagnosis, offset: int, probe: Optional[Probe]) -> Optional[Place]:
    """Return where a script has failed; None: that isn't known.

    :param offset: where the text that was sent begins in the script.
    :param probe: None: this is no copy.
    """
    from ..sql.statements import SplitError, split

    pointed = None if diagnosis.position is None else offset + diagnosis.position - 1
    try:
        statements = split(body.text)
    except SplitError:
        statements = ()
    if pointed is not None:
        return Place(*reading.position(body.text, pointed), _first_line(_at(statements, pointed)))
    if not body.transactional or len(body.messages) > 1:
        found: Optional[model.Statement] = _at(body.messages, offset)
    elif len(statements) == 1:
        found = statements[0]
    else:
        index = probe(statements) if probe is not None else None
        if index is None:
            return _by_names(body, diagnosis, statements)
        found = statements[index]
    return _begin(body, found)


def _by_names(body: model.SqlBody, diagnosis: Diagnosis, statements: Sequence[model.Statement]) -> Optional[Place]:
    """Return the only statement that has all the names of the server's message in it, if there is such a one."""
    names = QUOTED.findall(diagnosis.message)
    having = [each for each in statements if all(name.rpartition(".")[2] in each.text for name in names)]
    place = _begin(body, having[0]) if names and len(having) == 1 and not diagnosis.is_inside else None
    return place._replace(is_certain=False) if place else None


def _at(statements: Sequence[model.Statement], position: int) -> Optional[model.Statement]:
    before = [each for each in statements if each.offset <= position]
    return before[-1] if before else None


def _begin(body: model.SqlBody, statement: Optional[model.Statement]) -> Optional[Place]:
    if statement is None:
        return None
    return Place(*reading.position(body.text, statement.offset), _first_line(statement))


def _first_line(statement: Optional[model.Statement]) -> str:
    """Return what shows a person which statement it is."""
    if statement is None:
        return ""
    shown = masked("USER MAPPING", PASSWORD.sub(r"\1********", statement.text))
    line = shown.split("\n", 1)[0].strip()
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"

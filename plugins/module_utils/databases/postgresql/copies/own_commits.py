# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DO and CALL that commit by themselves: no transaction can be around them, so nobody can look before they commit.

They may run on a copy only where all that they can reach is there to be read, and has none of the words that it takes
to change what belongs to the whole cluster. What is in doubt doesn't run.
"""

from __future__ import annotations

import re
from typing import Any, List, NamedTuple, Optional, Sequence, Set

from .... import deps
from ....model import Statement

BLOCKS = frozenset(["DO", "CALL"])

# Every routine that a user has made, and whether something that needs no name calls it: a trigger, an operator, a cast,
# a view, a default, a check, an index.
ROUTINES = """
SELECT p.proname::pg_catalog.text,
       CASE WHEN p.prosrc = '' THEN pg_catalog.pg_get_functiondef(p.oid) ELSE p.prosrc END,
       l.lanname IN ('plpgsql', 'sql'),
       EXISTS (SELECT 1 FROM pg_catalog.pg_depend d
                WHERE d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid = p.oid
                  AND d.classid <> 'pg_catalog.pg_proc'::pg_catalog.regclass)
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prokind <> 'a'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'
                      AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
"""

_WORD = re.compile(r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*")
# Text that is made at run time may say anything. GRANT may be one of a role, or on the database.
_ALONE = frozenset(["EXECUTE", "GRANT", "REVOKE", "SYSTEM", "SUBSCRIPTION", "TABLESPACE", "REASSIGN"])
_CHANGES = frozenset(["CREATE", "ALTER", "DROP", "COMMENT", "SECURITY"])
_SHARED = frozenset(["ROLE", "USER", "GROUP", "DATABASE", "LABEL"])
_SHARED_CATALOG = re.compile(
    r"PG_(?:AUTH|DATABASE|DB_ROLE|SHDESC|SHSEC|SHDEPEND|TABLESPACE|SUBSCRIPTION|PARAMETER|REPL)"
)
_PLAIN_TRIGGER = re.compile(r"\bEXECUTE\s+(?:FUNCTION|PROCEDURE)\b", re.IGNORECASE)
_GROUP_BY = re.compile(r"\bGROUP\s+BY\b", re.IGNORECASE)


class Routine(NamedTuple):
    """A function or procedure that a user has made.

    :ivar readable: whether its text says all that it does.
    :ivar unnamed: whether it may be called without its name.
    """

    name: str
    text: str
    readable: bool
    unnamed: bool


def may_commit(statements: Sequence[Statement]) -> bool:
    """Return whether a text is of the kind that can commit by itself, and nothing else."""
    return bool(statements) and all(statement.keyword in BLOCKS for statement in statements)


def doubt(cursor: Any, text: str) -> Optional[str]:
    """Return why a block must not run on a copy without anybody looking; None: nothing speaks against it.

    :param cursor: on the copy.
    """
    deps.BaseCursor.execute(cursor, ROUTINES)
    routines = [Routine(*row) for row in cursor.fetchall()]
    return doubt_about(text, routines)


def doubt_about(text: str, routines: Sequence[Routine]) -> Optional[str]:
    """Return the same, of a text and the routines that it may reach."""
    word: Optional[str] = _shared_word(text)
    if word is not None:
        return word
    for routine in _reached(text, routines):
        if not routine.readable:
            return "the function %s, which isn't in SQL" % routine.name
        word = _shared_word(routine.text)
        if word is not None:
            return "%s in the function %s" % (word, routine.name)
    return None


def _reached(text: str, routines: Sequence[Routine]) -> List[Routine]:
    """Return what a text may call, and what that may call."""
    reached = [each for each in routines if each.unnamed]
    left = [each for each in routines if not each.unnamed]
    names = {word.lower() for each in [text, *(each.text for each in reached)] for word in _WORD.findall(each)}
    while True:
        new = [each for each in left if each.name.lower() in names or not _WORD.fullmatch(each.name)]
        if not new:
            return reached
        reached += new
        left = [each for each in left if each not in new]
        names |= {word.lower() for each in new for word in _WORD.findall(each.text)}


def _shared_word(text: str) -> Optional[str]:
    """Return the word of a text that may mean the whole cluster."""
    plain = _GROUP_BY.sub(" ", _PLAIN_TRIGGER.sub(" ", text))
    words: Set[str] = {word.upper() for word in _WORD.findall(plain)}
    for word in sorted(words):
        if word in _ALONE or _SHARED_CATALOG.match(word) or (word in _SHARED and words & _CHANGES):
            return word
    return None

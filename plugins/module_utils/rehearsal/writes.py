# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tables a plan may write, as far as a copy without rows tells. Pure.

It tells by locks: an UPDATE that finds no row takes the same lock as one that does. What depends on rows (a loop over
them, a trigger) doesn't happen there; where a step may do that, nothing is known of any table from then on.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Set, Tuple

from ..databases.postgresql.prechecks.promises import Before, Locked, Look, Promise
from ..precheck import Kind
from ..sql.statements import SplitError, split

WRITES = "migration %s writes its rows first"
WRITES_OTHER = "migration %s writes rows of %s first"
TRIGGERS = "migration %s writes rows of a table whose triggers may write others"
DEPENDS = "what migration %s writes depends on the rows that it reads"

# Statements that run code, which may do one thing or another; others do, where they call a function that may write.
CODE = frozenset(["DO", "CALL", "EXECUTE"])
CALLS = frozenset(["SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"])
CALLED = re.compile(r'[^\s().,"]+(?="?\s*\()')
TRUNCATE = re.compile(r"\bTRUNCATE\b", re.IGNORECASE)


class Ran(NamedTuple):
    """A step that was rehearsed.

    :ivar text: its SQL; None: it is Python, and nobody knows what it would do.
    """

    version: str
    label: str
    text: Optional[str]

    def may_depend(self, functions: FrozenSet[str]) -> bool:
        """Return whether what it does may depend on rows.

        :param functions: names of those that may write.
        """
        if self.text is None:
            return True
        try:
            statements = split(self.text)
        except SplitError:
            return True
        return any(
            each.keyword in CODE
            or (each.keyword in CALLS and not functions.isdisjoint(CALLED.findall(each.text.lower())))
            for each in statements
        )


class Seen(NamedTuple):
    """What was seen of a step: the tables that it had locked at its commits, and the catalogs when it was done."""

    locked: Tuple[Locked, ...]
    look: Look


class Unknown(Exception):
    """Something can't be asked; says why."""


class Writes:
    """Which tables the steps until now may have written, and which step was the first.

    :ivar rewritten: the tables whose file is another one.
    """

    def __init__(self, before: Before, history: FrozenSet[int]) -> None:
        self.before, self.history = before, history
        self.by: Dict[int, str] = {}
        self.anything: Optional[str] = None
        self.rewritten: Set[int] = set()
        self._filenodes = {oid: table.filenode for oid, table in before.tables.items()}
        self._parts = frozenset(before.parts)
        self._following: Dict[int, List[int]] = {}
        for first, second in (*before.parts, *before.cascades, *((part, whole) for whole, part in before.parts)):
            self._following.setdefault(first, []).append(second)

    def note(self, ran: Ran, seen: Seen, new: Sequence[Promise]) -> None:
        """Take what a step has locked.

        :param new: what it promises; a foreign key reads both of its tables.
        """
        explained = {
            oid for promise in new if promise.kind is Kind.FOREIGN_KEY for oid in (promise.table, promise.other)
        }
        self._regroup(ran, seen.look)
        may_depend = ran.may_depend(seen.look.functions)
        kept = self._with_other_columns(ran, seen.look)
        for each in seen.locked:
            if each.oid in self.history:
                continue
            if self._anew(each) and each.oid not in kept:
                self._wrote(each.oid, ran)
            if each.wrote:
                self._wrote(each.oid, ran)
            if each.wrote and each.triggers:
                self.anything = self.anything or TRIGGERS % ran.label
            if each.read and each.oid not in explained and may_depend:
                self.anything = self.anything or DEPENDS % ran.label

    def refuse(self, promise: Promise) -> None:
        """Refuse to ask of rows that may be others by then.

        :raises Unknown: says which step writes them.
        """
        if promise.table in self.by:
            raise Unknown(WRITES % self.by[promise.table])
        if promise.other in self.by:
            table = self.before.tables.get(promise.other)
            raise Unknown(WRITES_OTHER % (self.by[promise.other], table.label if table else "the table it refers to"))
        if self.anything is not None:
            raise Unknown(self.anything)

    def _regroup(self, ran: Ran, look: Look) -> None:
        """Note which tables have got other partitions: with them, rows come and go."""
        if look.parts is None:
            return
        for whole, part in look.parts - self._parts:
            self._following.setdefault(whole, []).append(part)
            self._following.setdefault(part, []).append(whole)
        moved = [whole for whole, part in look.parts ^ self._parts if part in self.before.tables]
        self._parts = look.parts
        while moved:
            whole = moved.pop()
            if whole not in self.by:
                self.by[whole] = ran.label
                moved += [above for above, part in self._parts if part == whole]

    def _anew(self, locked: Locked) -> bool:
        """Return whether a table has a new file."""
        known = self._filenodes.get(locked.oid, locked.filenode)
        self._filenodes[locked.oid] = locked.filenode
        if known != locked.filenode:
            self.rewritten.add(locked.oid)
        return known != locked.filenode

    def _with_other_columns(self, ran: Ran, look: Look) -> Set[int]:
        """Return the tables that were written anew, if they were, for their columns' sake, and not emptied."""
        if ran.text is None or TRUNCATE.search(ran.text):
            return set()
        found = set()
        for (oid, number), now in look.columns.items():
            table = self.before.tables.get(oid)
            if table is not None and oid not in found:
                was = table.columns.get(number)
                if was is None or (was.type_oid, was.typmod) != (now.type_oid, now.typmod):
                    found.add(oid)
        return found

    def _wrote(self, oid: int, ran: Ran) -> None:
        """Note it of the table, of what it is a part of and what is a part of it, and of what follows its rows."""
        pending = [oid]
        while pending:
            each = pending.pop()
            if each in self.by:
                continue
            self.by[each] = ran.label
            pending += self._following.get(each, ())

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of administration: a statement, an attribute that differs, and the difference of one object."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from .. import deps


@dataclass(frozen=True)
class Clause:
    """A piece of SQL: a constant text with {placeholders} for identifiers and for values.

    :ivar names: a tuple is a name with its parts.
    :ivar values: a tuple is a list.
    """

    text: str
    names: Mapping[str, Union[str, Tuple[str, ...]]] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def composed(self) -> Any:
        """Return it with every name and value quoted."""
        quoted: Dict[str, Any] = {key: _identifier(name) for key, name in self.names.items()}
        quoted.update({key: _literal(value) for key, value in self.values.items()})
        return deps.sql.SQL(self.text).format(**quoted)


def _identifier(name: Union[str, Tuple[str, ...]]) -> Any:
    return deps.sql.Identifier(name) if isinstance(name, str) else deps.sql.Identifier(*name)


def _literal(value: Any) -> Any:
    if isinstance(value, tuple):
        return deps.sql.SQL(", ").join([deps.sql.Literal(each) for each in value])
    return deps.sql.Literal(value)


class Statement(NamedTuple):
    """One statement of clauses.

    :ivar purpose: what it is for, as a verb and its object: 'create the user "shop"'.
    :ivar needs: the right that it takes, and on what, as a sentence.
    """

    clauses: Tuple[Clause, ...]
    purpose: str
    needs: str

    def composed(self) -> Any:
        """Return it as one query."""
        return deps.sql.SQL(" ").join([clause.composed() for clause in self.clauses])


class Action(Enum):
    """What becomes of an object."""

    CREATED = "created"
    CHANGED = "changed"
    DROPPED = "dropped"


class Attribute(NamedTuple):
    """Something of an object that differs, as people read it; None: it isn't there."""

    name: str
    before: Optional[str]
    after: Optional[str]


class Difference(NamedTuple):
    """One object whose state isn't the wanted one, with the statements that lead there.

    :ivar kind: what the object is: user, database …
    :ivar undo: takes back a creation; only an object that was created has one.
    :ivar database: in which database the statements run; None: in any.
    """

    kind: str
    name: str
    action: Action
    attributes: Tuple[Attribute, ...] = ()
    statements: Tuple[Statement, ...] = ()
    undo: Optional[Statement] = None
    database: Optional[str] = None

    @property
    def title(self) -> str:
        """Return what it is about, in words."""
        return "%s %s" % (self.kind, self.name)


def shown(differences: Sequence[Difference], after: bool) -> str:
    """Return the differences as text: what differs of each object, before or after."""
    gone = Action.DROPPED if after else Action.CREATED
    return "".join(_lines(each, after) for each in differences if each.action is not gone)


def _lines(difference: Difference, after: bool) -> str:
    values = [(each.name, each.after if after else each.before) for each in difference.attributes]
    lines = ["  %s: %s\n" % (name, value) for name, value in values if value is not None]
    return "%s%s\n%s" % (difference.title, ":" if lines else "", "".join(lines))

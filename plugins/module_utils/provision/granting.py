# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a role's privileges in a database is to be given and taken, and the statements for that. Pure."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple, Union

from .. import errors
from . import grants
from .privileges import DefaultItem, Item
from .statement import Action, Attribute, Clause, Difference, Statement

GRANT, REVOKE = "GRANT", "REVOKE"
FOR_CREATOR = "ALTER DEFAULT PRIVILEGES FOR ROLE {creator}"
IN_SCHEMA = "IN SCHEMA {schema}"
ON = {
    grants.DATABASE: "ON DATABASE {object}",
    grants.SCHEMA: "ON SCHEMA {object}",
    grants.TABLE: "ON TABLE {object}",
    grants.SEQUENCE: "ON SEQUENCE {object}",
}
AND = ", {object}"
ON_LATER = {
    "tables": "ON TABLES",
    "sequences": "ON SEQUENCES",
    "routines": "ON ROUTINES",
    "types": "ON TYPES",
    "schemas": "ON SCHEMAS",
}
TO, FROM = "TO {role}", "FROM {role}"
TO_EVERYBODY, FROM_EVERYBODY = "TO PUBLIC", "FROM PUBLIC"

NEEDS = "It takes the ownership of these objects, or their privileges WITH GRANT OPTION."
NEEDS_CREATOR = 'It takes membership in "%s".'

Anything = Union[Item, DefaultItem]


class Change:
    """What a role is to have of an object, and what it has.

    :param wanted: privileges to have.
    :param unwanted: privileges to be without.
    """

    def __init__(self, item: Anything, wanted: Sequence[str], unwanted: Sequence[str] = ()) -> None:
        self.item = item
        self.given = frozenset(wanted) - item.has
        self.taken = item.has & frozenset(unwanted) - frozenset(wanted)

    def __bool__(self) -> bool:
        return bool(self.given or self.taken)

    def attribute(self, kind: str) -> Attribute:
        """Return it as people read it."""
        before, after = self.item.has, self.item.has - self.taken | self.given
        return Attribute(self.item.title, grants.listed(before, kind), grants.listed(after, kind))


def difference(role: Optional[str], database: str, changes: Sequence[Change]) -> List[Difference]:
    """Return how to give and take privileges, or nothing.

    :param role: None: everybody.
    :raises MigrationError: when the one who is connected can't.
    """
    real = [each for each in changes if each]
    for each in real:
        _check(each, role)
    # Rights on the database stand in the row in which its owner stands, too: one session has to change both.
    on_it = [each for each in real if _kind(each.item) == grants.DATABASE]
    in_it = [each for each in real if _kind(each.item) != grants.DATABASE]
    return _difference(role, database, on_it, "%s on %s", None) + _difference(
        role, database, in_it, "%s in %s", database
    )


def _difference(
    role: Optional[str], database: str, changes: Sequence[Change], title: str, place: Optional[str]
) -> List[Difference]:
    if not changes:
        return []
    attributes = tuple(each.attribute(_kind(each.item)) for each in changes)
    statements = [made for verb in (REVOKE, GRANT) for made in _statements(role, database, verb, changes)]
    name = title % ("PUBLIC" if role is None else role, database)
    return [Difference("privileges", name, Action.CHANGED, attributes, tuple(statements), database=place)]


def _check(change: Change, role: Optional[str]) -> None:
    item = change.item
    if isinstance(item, DefaultItem):
        return
    if not item.may_grant:
        raise errors.PrivilegeError(
            'You may not give or take rights on the %s, which belongs to "%s"' % (item.title, item.owner), hint=NEEDS
        )
    if change.taken and item.others:
        raise errors.Conflict(
            'Rights of "%s" on the %s were given by "%s", who alone can take them back'
            % (role or "PUBLIC", item.title, '", "'.join(sorted(set(item.others)))),
            hint="Revoke them as that role, then run again.",
        )


def _kind(item: Anything) -> str:
    return grants.LATER[item.later] if isinstance(item, DefaultItem) else item.kind


def _statements(role: Optional[str], database: str, verb: str, changes: Sequence[Change]) -> List[Statement]:
    """Return a statement for all objects of one kind that get the same."""
    pairs: List[Tuple[Any, Any]] = []
    for each in changes:
        what: FrozenSet[str] = each.given if verb == GRANT else each.taken
        if what:
            item = each.item
            place = item._replace(has=frozenset()) if isinstance(item, DefaultItem) else item.kind
            pairs.append(((place, what), item))
    return [
        _statement(role, database, verb, place, what, items) for (place, what), items in grants.grouped(pairs).items()
    ]


def _statement(
    role: Optional[str], database: str, verb: str, place: Any, what: FrozenSet[str], items: Sequence[Any]
) -> Statement:
    kind = _kind(items[0])
    words = [each for each in grants.PRIVILEGES[kind] if each in what]
    privileges = [Clause(words[0])] + [Clause(", " + each) for each in words[1:]]
    purpose = '%s rights on %s in "%s"' % ("give" if verb == GRANT else "take", items[0].title, database)
    if isinstance(place, DefaultItem):
        head = [Clause(FOR_CREATOR, {"creator": place.creator})]
        head += [Clause(IN_SCHEMA, {"schema": place.schema})] if place.schema is not None else []
        objects, needs = [Clause(ON_LATER[place.later])], NEEDS_CREATOR % place.creator
    else:
        head, needs = [], NEEDS
        objects = [Clause(AND if number else ON[kind], {"object": _path(item)}) for number, item in enumerate(items)]
        purpose += " and %d more" % (len(items) - 1) if len(items) > 1 else ""
    return Statement((*head, Clause(verb), *privileges, *objects, _whom(role, verb)), purpose, needs)


def _path(item: Item) -> Any:
    return (item.schema, item.name) if item.schema is not None else item.name


def _whom(role: Optional[str], verb: str) -> Clause:
    if role is None:
        return Clause(TO_EVERYBODY if verb == GRANT else FROM_EVERYBODY)
    names: Dict[str, str] = {"role": role}
    return Clause(TO if verb == GRANT else FROM, names)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted inside a database, and isn't there: schemas, extensions, privileges.

A database that is still to be created is taken for one that the server makes of its own templates; once it is there,
it is looked at.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from .. import errors
from ..databases.postgresql.connection import connect
from . import databases, extensions, grants, privileges, schemas
from .administrator import PROGRAM
from .databases import Database, DatabaseWish
from .granting import Change, difference
from .grants import GrantWish
from .privileges import DefaultItem, Item
from .request import ProvisionRequest, Site
from .statement import Difference

# Of everybody, in a new database: the server's defaults.
OF_EVERYBODY = frozenset({"CONNECT", "TEMPORARY"})
NO_CREATE_SINCE = 150000


class Inside:
    """Compares what is asked for inside a database with what is there.

    :param cursor: of the administrator's connection.
    :param there: the database; None: it isn't there yet.
    """

    def __init__(self, site: Site, request: ProvisionRequest, cursor: Any, there: Optional[Database]) -> None:
        self.site, self.request, self.cursor, self.there = site, request, cursor, there
        self.wish: DatabaseWish = request.database or DatabaseWish("")
        owner = self.wish.owner or there.owner if there is not None else self.wish.first_owner
        self.owner = owner or site.who.name

    def differences(self) -> List[Difference]:
        """Return what is to be created and changed, in the order in which that works.

        :raises MigrationError: when something of it can't be had.
        """
        request = self.request
        if not (request.schemas or request.extensions or request.grants or request.revoke_public):
            return []
        name = self._name_to_look_at()
        if name is None:
            return self._compared(None)
        with closing(connect(self.site.target.with_database(name), PROGRAM)) as connection:
            return self._compared(connection.cursor())

    def _name_to_look_at(self) -> Optional[str]:
        if self.there is not None:
            return self.there.name
        return self.wish.template if self.wish.template not in databases.SYSTEM_DATABASES else None

    def _compared(self, inside: Any) -> List[Difference]:
        self.inside = inside
        request, name = self.request, self.wish.name
        there = schemas.read(inside) if inside is not None else {schemas.FIRST: self.owner}
        self.new_schemas = {each.name: each.owner or self.owner for each in request.schemas if each.name not in there}
        self.known_schemas = {*there, *self.new_schemas}
        found = schemas.differences(request.schemas, there, name, self.owner)
        found += self._extensions()
        if request.revoke_public:
            found += difference(None, name, self._of_everybody())
        if request.grants is not None and request.user is not None:
            found += difference(request.user.name, name, self._of_user(request.user.name, request.grants))
        return found

    def _extensions(self) -> List[Difference]:
        wishes = self.request.extensions
        for each in wishes:
            if each.schema is not None:
                self._check_schema(each.schema, "extensions")
        installed = extensions.installed(self.inside, wishes) if self.inside is not None else {}
        absent = [each for each in wishes if each.name not in installed]
        extensions.check_available(self.cursor, absent, self.site.who.superuser)
        extensions.check_versions(self.cursor, wishes, installed)
        return extensions.differences(self.cursor, wishes, installed, self.wish.name)

    def _check_schema(self, name: str, option: str) -> None:
        if name not in self.known_schemas:
            raise errors.OptionInvalid(
                '%s: there is no schema %s in "%s"' % (option, name, self.wish.name),
                hint="Correct its name, or add it to schemas, which creates it.",
            )

    # Everybody's.

    def _of_everybody(self) -> List[Change]:
        everybody, wished = privileges.EVERYBODY, self.request.revoke_public
        changes = [Change(self._database_item(everybody), (), wished)]
        if self.inside is not None:
            found = privileges.of_schemas(self.inside, everybody, (), exact=True)
        else:
            is_old = self.site.connection.server_version < NO_CREATE_SINCE
            has = frozenset({"USAGE", "CREATE"} if is_old else {"USAGE"})
            found = [Item(grants.SCHEMA, None, schemas.FIRST, self.owner, has)]
        return changes + [Change(each, (), wished) for each in found]

    # The user's.

    def _of_user(self, user: str, wish: GrantWish) -> List[Change]:
        for name in wish.schemas:
            self._check_schema(name, "grants")
        number = privileges.number_of(self.cursor, user)
        version = self.site.connection.server_version
        wanted = grants.expanded(wish.database, grants.DATABASE, version)
        changes = [self._change(self._database_item(number, user), wanted)]
        for kind in (grants.SCHEMA, grants.TABLE, grants.SEQUENCE):
            changes += self._of_kind(kind, user, number)
        return changes + self._of_defaults(number, wish)

    def _change(self, item: Item, wanted: Sequence[str]) -> Change:
        exact = self.request.grants is not None and self.request.grants.exact
        return Change(item, wanted, grants.PRIVILEGES[item.kind] if exact and not item.is_own else ())

    def _database_item(self, number: Optional[int], user: Optional[str] = None) -> Item:
        own = user == self.owner
        if self.there is not None:
            item = privileges.of_database(self.cursor, self.there.name, number)
            if self.owner == self.there.owner or user not in (self.owner, self.there.owner):
                return item
            # With the ownership, the server gives the new owner what the old one had.
            has = frozenset(grants.PRIVILEGES[grants.DATABASE] if own else ())
            return item._replace(has=has, is_own=own, others=())
        has = OF_EVERYBODY if user is None else frozenset(grants.PRIVILEGES[grants.DATABASE] if own else ())
        return Item(grants.DATABASE, None, self.wish.name, self.owner, has, is_own=own)

    def _of_kind(self, kind: str, user: str, number: Optional[int]) -> List[Change]:
        """Return what is to be changed of all objects of a kind."""
        wish = self.request.grants or GrantWish()
        asked = [each for each in wish.objects if each.kind == kind]
        items = self._items(kind, user, number, [name for each in asked for name in each.schemas], wish.exact)
        wanted: Dict[Tuple[Optional[str], str], Set[str]] = {(item.schema, item.name): set() for item in items}
        for each in asked:
            words = grants.expanded(each.privileges, kind, self.site.connection.server_version)
            for item in items:
                place = item.schema or item.name
                if place in each.schemas and (item.name in each.names if each.names else not item.of_extension):
                    wanted[item.schema, item.name].update(words)
            self._check_named(kind, each, wanted)
        return [self._change(item, sorted(wanted[item.schema, item.name])) for item in items]

    def _items(self, kind: str, user: str, number: Optional[int], names: Sequence[str], exact: bool) -> List[Item]:
        if kind != grants.SCHEMA:
            return privileges.of_relations(self.inside, kind, number, names, exact) if self.inside is not None else []
        if self.inside is not None:
            found = privileges.of_schemas(self.inside, number, names, exact)
        else:
            found = [Item(kind, None, schemas.FIRST, self.owner)] if schemas.FIRST in names else []
        for name, owner in self.new_schemas.items():
            own = owner == user
            has = frozenset(grants.PRIVILEGES[kind] if own else ())
            found += [Item(kind, None, name, owner, has, is_own=own)] if name in names else []
        return found

    def _check_named(self, kind: str, each: grants.Grant, known: Any) -> None:
        for schema in each.schemas if each.names else ():
            for name in each.names or ():
                if (schema, name) not in known:
                    raise errors.OptionInvalid(
                        'grants: there is no %s %s.%s in "%s"' % (kind, schema, name, self.wish.name),
                        hint="Correct its name; or grant on what its owner makes later, with default_privileges.",
                    )

    def _of_defaults(self, number: Optional[int], wish: GrantWish) -> List[Change]:
        there = privileges.defaults(self.inside, number) if self.inside is not None else []
        has = {(each.creator, each.schema, each.later): each.has for each in there}
        wanted: Dict[Any, Set[str]] = {}
        for each in wish.defaults:
            words = grants.expanded(each.privileges, grants.LATER[each.later], self.site.connection.server_version)
            for creator in each.creators or (self.owner,):
                for schema in each.schemas or (None,):
                    wanted.setdefault((creator, schema, each.later), set()).update(words)
        user = self.request.user.name if self.request.user is not None else ""
        extra = [key for key in has if wish.exact and key not in wanted and key[0] != user]
        changes = []
        for key in [*wanted, *extra]:
            item = DefaultItem(*key)._replace(has=has.get(key, frozenset()))
            unwanted = grants.PRIVILEGES[grants.LATER[item.later]] if wish.exact else ()
            changes.append(Change(item, sorted(wanted.get(key, ())), unwanted))
        return changes

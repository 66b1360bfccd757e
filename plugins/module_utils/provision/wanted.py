# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of user, database and extensions, and isn't there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Optional, Tuple

from .. import deps, errors
from . import abilities, databases, removal, roles, settings
from .administrator import check_may_give_to, check_rights
from .databases import Database, DatabaseWish
from .password import has_password, is_set
from .request import ProvisionRequest, Site
from .roles import Role, RoleWish
from .statement import Difference
from .verifier import make_verifier

NOT_VERIFIED = (
    "Can't verify the current password of \"%s\": what the server keeps of it can't be read, and no login proves it. "
    "It is set again, so the task reports a change."
)

NOT_SEEN = (
    'Can\'t see whether "%s" has a password: that is kept from who is connected. It is taken away again, so the task '
    "reports a change."
)


class Wanted:
    """Compares what is asked for with what is there, and checks that it can be had."""

    def __init__(self, site: Site, request: ProvisionRequest, cursor: Any) -> None:
        self.site, self.request, self.cursor = site, request, cursor
        self.warnings: List[str] = []

    def differences(self, role: Optional[Role], database: Optional[Database]) -> Tuple[Difference, ...]:
        """Return what is to be created and changed, in the order in which that works.

        :param role: the user that is there.
        :param database: the database that is there.
        :raises MigrationError: when something of it can't be had.
        """
        wish, found = self.request.user, []
        self._check_roles_are_there()
        if wish is not None:
            found.append(self._user(wish, role, database))
        if self.request.database is not None:
            found += self._database(self.request.database, database)
        found += settings.differences(self.cursor, self.request.settings)
        differing = tuple(each for each in found if each is not None)
        check_rights(self.site.who, differing)
        self._check_owner(database, is_user_new=wish is not None and role is None)
        return differing

    def _check_roles_are_there(self) -> None:
        """Check the roles that are only named; the user itself may be created yet."""
        request, user = self.request, self.request.user
        named: List[Tuple[str, Optional[str]]] = []
        named += [("member_of", each) for each in (user.member_of if user is not None else ())]
        named += [("owner", request.database.first_owner)] if request.database is not None else []
        named += [("schemas", each.owner) for each in request.schemas]
        named += [("settings", each.role) for each in request.settings]
        named += [("grants", each) for each in (request.grants.creators if request.grants is not None else ())]
        others = [(option, str(name)) for option, name in named if name and (user is None or name != user.name)]
        unknown = roles.unknown(self.cursor, [name for dummy, name in others])
        for option, name in others:
            if name in unknown:
                raise errors.OptionInvalid(
                    "%s: there is no role %s" % (option, name), hint="Correct its name, or create it."
                )
        self._check_databases_are_there()

    def _check_databases_are_there(self) -> None:
        own = self.request.database.name if self.request.database is not None else None
        for name in dict.fromkeys(each.database for each in self.request.settings):
            if name not in (None, own) and databases.read(self.cursor, str(name)) is None:
                raise errors.OptionInvalid(
                    "settings: there is no database %s" % name, hint="Correct its name, or create it."
                )

    def _user(self, wish: RoleWish, role: Optional[Role], database: Optional[Database]) -> Optional[Difference]:
        if wish.valid_until is not None:
            wish = replace(wish, valid_until=self._moment(wish.valid_until))
        if role is None:
            return roles.creation(wish, self._verifier(wish))
        is_wrong = wish.update_password and wish.password is not None
        if is_wrong and self._has_password(wish.name, str(wish.password), database):
            is_wrong = False
        has_grantors = self.site.connection.server_version >= roles.GRANTORS_SINCE
        verifier = self._verifier(wish) if is_wrong else None
        return roles.change(wish, role, verifier, wish.no_password and self._may_have_one(wish.name), has_grantors)

    def _verifier(self, wish: RoleWish) -> Optional[str]:
        return make_verifier(self.site.connection, wish.name, wish.password) if wish.password is not None else None

    def _may_have_one(self, user: str) -> bool:
        answer = is_set(self.cursor, user)
        self._warn(NOT_SEEN % user if answer is None else None)
        return answer is not False

    def _moment(self, text: str) -> str:
        try:
            return roles.moment(self.cursor, text)
        except deps.psycopg2.DataError as error:
            raise errors.OptionInvalid(
                "valid_until: the server can't read %s as a moment" % text,
                hint="Write something like 2030-12-31 23:59:59+00, or infinity.",
                sqlstate=error.pgcode,
            ) from None

    def _has_password(self, user: str, password: str, database: Optional[Database]) -> bool:
        site = self.site
        target = site.target.with_database(database.name) if database is not None else site.target
        answer = has_password(self.cursor, target, user, password)
        if answer is None:
            self.warnings.append(NOT_VERIFIED % user)
        return bool(answer)

    def _database(self, wish: DatabaseWish, there: Optional[Database]) -> List[Optional[Difference]]:
        if wish.encoding is not None:
            wish = wish._replace(encoding=abilities.canonical_encoding(self.cursor, wish.encoding))
        if wish.tablespace is not None:
            abilities.check_tablespace(self.cursor, wish.tablespace)
        if there is None:
            self._check_locale(wish)
        else:
            self._warn(databases.left_alone(wish, there))
        change = databases.creation(wish, self._template(wish)) if there is None else databases.change(wish, there)
        return [change, self._move(wish, there) if there is not None else None]

    def _move(self, wish: DatabaseWish, there: Database) -> Optional[Difference]:
        move = databases.move(wish, there)
        if move is not None:
            hint = "It can be moved only while nobody uses it. End these sessions."
            removal.check_unused(self.cursor, there.name, hint)
        return move

    def _check_locale(self, wish: DatabaseWish) -> None:
        for option, locale in (("collate", wish.collate), ("ctype", wish.ctype)):
            if locale is not None:
                abilities.check_locale(self.cursor, option, locale)
        abilities.check_provider(self.cursor, wish, self.site.connection.server_version)

    def _warn(self, warning: Optional[str]) -> None:
        self.warnings += [warning] if warning is not None else []

    def _check_owner(self, there: Optional[Database], is_user_new: bool) -> None:
        user, database = self.request.user, self.request.database
        if database is None:
            return
        owner = database.owner if there is not None else database.first_owner
        if owner is not None and (there is None or there.owner != owner):
            is_new = is_user_new and user is not None and owner == user.name
            check_may_give_to(self.cursor, self.site.who, owner, is_new)

    def _template(self, wish: DatabaseWish) -> Optional[str]:
        source = databases.read(self.cursor, wish.template or databases.DEFAULT_TEMPLATE)
        if source is None:
            raise errors.OptionInvalid("template: there is no database %s" % wish.template, hint="Correct its name.")
        return databases.template_for(wish, source)

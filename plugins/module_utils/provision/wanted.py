# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of user, database and extensions, and isn't there."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any, List, Optional, Sequence, Tuple

from .. import deps, errors
from ..databases.postgresql.connection import connect
from . import databases, extensions, roles
from .administrator import PROGRAM, check_may_give_to, check_rights
from .databases import Database, DatabaseWish
from .password import has_password
from .request import ProvisionRequest, Site
from .roles import Role, RoleWish
from .statement import Difference
from .verifier import make_verifier

NOT_VERIFIED = (
    "Can't verify the current password of \"%s\": what the server keeps of it can't be read, and no login proves it. "
    "It is set again, so the task reports a change."
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
        differing = tuple(each for each in found if each is not None)
        check_rights(self.site.who, differing)
        self._check_owner(database, is_user_new=wish is not None and role is None)
        return differing

    def _check_roles_are_there(self) -> None:
        """Check the roles that are only named; the user itself may be created yet."""
        user, database = self.request.user, self.request.database
        owner = database.first_owner if database is not None else None
        named = [("member_of", each) for each in (user.member_of if user is not None else ())]
        named += [("owner", owner)] if owner is not None and (user is None or owner != user.name) else []
        unknown = roles.unknown(self.cursor, [name for dummy, name in named])
        for option, name in named:
            if name in unknown:
                raise errors.OptionInvalid(
                    "%s: there is no role %s" % (option, name), hint="Correct its name, or create it."
                )

    def _user(self, wish: RoleWish, role: Optional[Role], database: Optional[Database]) -> Optional[Difference]:
        if wish.valid_until is not None:
            wish = replace(wish, valid_until=self._moment(wish.valid_until))
        verifier = None
        if wish.password is not None and (role is None or not self._has_password(wish.name, wish.password, database)):
            verifier = make_verifier(self.site.connection, wish.name, wish.password)
        return roles.creation(wish, verifier) if role is None else roles.change(wish, role, verifier)

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
            wish = wish._replace(encoding=databases.canonical_encoding(self.cursor, wish.encoding))
        if there is None:
            self._check_locale(wish)
        else:
            self._warn(databases.left_alone(wish, there))
        change = databases.creation(wish, self._template(wish)) if there is None else databases.change(wish, there)
        return [change, *self._extensions(wish.name, there)]

    def _check_locale(self, wish: DatabaseWish) -> None:
        for option, locale in (("collate", wish.collate), ("ctype", wish.ctype)):
            if locale is not None:
                databases.check_locale(self.cursor, option, locale)
        if wish.icu_locale is not None:
            databases.check_icu(self.cursor, self.site.connection.server_version)

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

    def _extensions(self, database: str, there: Optional[Database]) -> Sequence[Difference]:
        names: Sequence[str] = self.request.extensions
        if names and there is not None:
            with closing(connect(self.site.target.with_database(database), PROGRAM)) as inside:
                names = extensions.missing(inside.cursor(), names)
        extensions.check_available(self.cursor, names, self.site.who.superuser)
        return [extensions.creation(name, database) for name in names]

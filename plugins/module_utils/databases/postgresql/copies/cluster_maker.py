# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the one superuser of a throwaway cluster makes there, all of it by name: roles, the database, what is around it.

He never runs a text of a dump, and never enters the database once one was loaded.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, List, Optional, Sequence, Tuple

from .... import deps
from ..connection import connect
from ..server_errors import first_words
from . import cluster_extensions, cluster_roles
from .cluster import Cluster
from .cluster_facts import ClusterFacts, Extension, Setting, Space
from .cluster_roles import Helpers, composed
from .facts import Facts, locale_of
from .place import RehearsalImpossible

APPLICATION = "pg_migrate rehearsal"
LEFT_OUT = "%s: left out of the copy (%s)"
NOT_GIVEN = "%s: the copy could not be given it (%s)"
OTHER_MAJOR = "PostgreSQL %d instead of the target's %d: what differs between the two"
NO_RIGHTS = "rights: a throwaway cluster gives nobody %s; a step that needs them ends the rehearsal"
OTHER_LOCALE = "locale %s: this host hasn't got it, and the copy sorts as %s does (%s)"

CREATE = "CREATE DATABASE {name} TEMPLATE template0 OWNER {owner}"
DROP = "DROP DATABASE IF EXISTS {name} WITH (FORCE)"
CLOSE = "REVOKE ALL ON DATABASE {name} FROM PUBLIC"
GRANT = "GRANT {privilege} ON DATABASE {name} TO {role}"
PASSED_ON = " WITH GRANT OPTION"
CREATE_SCHEMA = "CREATE SCHEMA {name} AUTHORIZATION {owner}"
OWN_SCHEMA = "ALTER SCHEMA {name} OWNER TO {owner}"
ALL_CREATE = "GRANT CREATE ON SCHEMA public TO PUBLIC"
NOT_ALL_CREATE = "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
DROP_SCHEMA = "DROP SCHEMA {name}"
LET_CREATE = "GRANT CREATE, USAGE ON SCHEMA {name} TO {role}"
CREATE_SPACE = "CREATE TABLESPACE {name} OWNER {owner} LOCATION {place}"
LET_USE = "GRANT CREATE ON TABLESPACE {name} TO {role}"
SET_CONFIG = "SELECT pg_catalog.set_config({key}, {value}, false)"
RESET = "RESET ALL"

# Of pg_database: they say how a database sorts.
LOCALE_COLUMNS = ("datloc", "datcollate", "datctype", "daticu", "datcollversion")

# So many tables and other relations take longer to load than to copy with their files.
KEPT_FROM = 300

PUBLIC_SCHEMA = "public"
# Whoever owns the database; every server since 14 has it.
DATABASE_OWNER = "pg_database_owner"
# Where the host hasn't got the target's.
LOCALES = ("C.UTF-8", "C")
ANOTHER_LOCALE = " ENCODING {encoding} LC_COLLATE {locale} LC_CTYPE {locale}"


class Maker:
    """Makes what there is in a cluster before the dump is loaded.

    :param admin: a connection of the superuser's to another database, in autocommit.
    :param facts: what makes the target's database what it is; empty ones: there is none.
    :param around: what is around it there.
    :ivar unproved: what the copy could not be given, a sentence each.
    :ivar extensions: those that the database has got.
    """

    def __init__(
        self, cluster: Cluster, admin: Any, name: str, facts: Facts, around: ClusterFacts, helpers: Helpers
    ) -> None:
        self.cluster, self.admin, self.name = cluster, admin, name
        self.facts, self.around, self.helpers = facts, around, helpers
        self.owner = facts.owner or around.works_as
        self.not_given = cluster_roles.not_given(around, admin.server_version)
        self.unproved: List[str] = []
        self.extensions: List[str] = []
        self._lacking: List[str] = []  # around the database
        self.available = cluster_extensions.read_available(admin)

    @property
    def is_worth_keeping(self) -> bool:
        """Return whether to copy it is quicker than to make it. A tablespace stands outside of what is copied."""
        return self.around.relations >= KEPT_FROM and not self.around.spaces

    def described(self) -> Tuple[Any, ...]:
        """Return all that the database is made of, but for the dump: as values that look the same for the same."""
        facts = self.facts
        row = sorted((key, value) for key, value in facts.row.items() if key.startswith(LOCALE_COLUMNS))
        database = (row, facts.encoding, facts.owner, facts.settings, facts.grants, facts.subscriptions, facts.role)
        return (database, self.around, sorted((name, sorted(each)) for name, each in self.available.items()))

    def make_roles(self, password: str) -> None:
        """Make the roles and the tablespaces, which are the cluster's.

        :param password: of the role that is the target's login.
        :raises RehearsalImpossible: when that can't be done.
        """
        version = self.admin.server_version
        statements = cluster_roles.role_statements(self.around, self.helpers, password, version)
        reason = self._fails(deps.sql.SQL("; ").join(statements))
        if reason is not None:
            raise RehearsalImpossible("the target's roles can't be made in a throwaway cluster: %s" % reason)
        self.attempt([("", each) for each in cluster_roles.superuser_statements(self.around, version)])
        for number, space in enumerate(self.around.spaces):
            self._make_space(number, space)
        self._lacking = list(self.unproved)

    def make_database(self) -> None:
        """Make the database, empty, with its settings, schemas and extensions.

        :raises RehearsalImpossible: when that can't be done.
        """
        self.unproved[:] = self._description()
        self._create()
        self._grant()
        for setting in self.around.settings:
            self._set(setting)
        with closing(self._inside()) as inside:
            self._make_schemas(inside)
            self._make_extensions(inside, self.around.extensions)
            self.extensions = cluster_extensions.names(inside)

    def make_chosen(self, names: Sequence[str]) -> None:
        """Make extensions that the task names, whichever they are.

        :raises RehearsalImpossible: when one can't be made.
        """
        before = len(self.unproved)
        with closing(self._inside()) as inside:
            self._make_extensions(inside, [Extension(name, None, None, self.owner) for name in names], chosen=True)
        if len(self.unproved) > before:
            raise RehearsalImpossible("the copy can't be given its extensions: %s" % self.unproved[-1])

    def attempt(self, statements: Sequence[Tuple[str, Any]], connection: Any = None) -> None:
        """Execute statements; what fails is said to be missing, if it has a name."""
        for what, statement in statements:
            reason = self._fails(statement, connection)
            if reason is not None and what:
                self.unproved.append(NOT_GIVEN % (what, reason))

    def _description(self) -> List[str]:
        """Return what the cluster isn't, or gives nobody."""
        found = list(self._lacking)
        theirs, ours = self.around.server_version // 10000, self.cluster.programs.version[0]
        if theirs and theirs != ours:
            found.append(OTHER_MAJOR % (ours, theirs))
        if self.not_given:
            found.append(NO_RIGHTS % ", ".join(self.not_given))
        if self.facts.subscriptions:
            found.append("subscriptions: the copy has none")
        return found

    def _make_space(self, number: int, space: Space) -> None:
        place = deps.sql.Literal(self.cluster.make_space(number))
        what = "tablespace " + space.name
        self.attempt([(what, composed(CREATE_SPACE, name=space.name, owner=space.owner, place=place))])
        self.attempt([(what, composed(LET_USE, name=space.name, role=_grantee(user))) for user in space.users])

    def _create(self) -> None:
        self.attempt([("", composed(DROP, name=self.name))])  # every cluster has a database "postgres"
        statement = composed(CREATE, name=self.name, owner=self.owner)
        reason = self._fails(statement + locale_of(self.facts))
        if reason is None:
            return
        encoding, row = deps.sql.Literal(self.facts.encoding or "UTF8"), self.facts.row
        wanted = row.get("datlocale") or row.get("daticulocale") or row.get("datcollate")
        for locale in LOCALES:
            tail = composed(ANOTHER_LOCALE, encoding=encoding, locale=deps.sql.Literal(locale))
            if self._fails(statement + tail) is None:
                self.unproved.append(OTHER_LOCALE % (wanted, locale, reason))
                return
        raise RehearsalImpossible("no database can be created in a throwaway cluster: %s" % reason)

    def _grant(self) -> None:
        """Give the same roles the same rights on the database, and ours those that they need."""
        statements = [("", composed(CLOSE, name=self.name))] if self.around.privileges else []
        for privilege, role, passes in self.around.privileges:
            statement = self._granted(privilege, _grantee(role)) + deps.sql.SQL(PASSED_ON if passes else "")
            statements.append(("%s on the database for %s" % (privilege, role or "PUBLIC"), statement))
        statements += [("", self._granted("CREATE", self.helpers.owners))]
        statements += [("", self._granted("CONNECT", role)) for role in (self.helpers.loader.role, self.around.login)]
        self.attempt(statements)

    def _granted(self, privilege: str, role: Any) -> Any:
        return composed(GRANT, privilege=deps.sql.SQL(privilege), name=self.name, role=role)

    def _set(self, setting: Setting) -> None:
        """Store a setting, as who may: first the session has it, then it is stored as the session has it.

        All of it is one message, and so one transaction: some settings would keep the next one from writing.
        """
        key, value = setting.text.split("=", 1)
        if key in cluster_roles.LOADS_LIBRARIES:
            self.unproved.append(LEFT_OUT % ("setting " + key, "it loads a library of the target's host"))
            return
        by, store = cluster_roles.setting_statements(setting, self.name, self.owner)
        by = None if cluster_roles.is_of_nobody(key, frozenset(self.available)) else by
        has = deps.sql.SQL(SET_CONFIG).format(key=deps.sql.Literal(key), value=deps.sql.Literal(value))
        statements = [composed(cluster_roles.ACT_AS, role=by)] if by is not None else []
        statements += [has, store] if key != "role" else [store]
        statements += [deps.sql.SQL(each) for each in (cluster_roles.ACT_AS_ONESELF, RESET)]
        self.attempt([("setting " + key, deps.sql.SQL("; ").join(statements))])

    def _make_schemas(self, inside: Any) -> None:
        """Make the schemas, with their owners, so that each owner may have things made in each of them."""
        if self.facts.owner is None:
            return  # there is no database yet, whose schemas these could be
        names = [name for name, dummy in self.around.schemas]
        statements = [composed(DROP_SCHEMA, name=PUBLIC_SCHEMA)] if PUBLIC_SCHEMA not in names else []
        for name, owner in self.around.schemas:
            if name != PUBLIC_SCHEMA:
                statements.append(composed(CREATE_SCHEMA, name=name, owner=owner))
            else:
                statements += [composed(OWN_SCHEMA, name=name, owner=owner)] if owner != DATABASE_OWNER else []
                statements.append(deps.sql.SQL(ALL_CREATE if self.around.public_creates else NOT_ALL_CREATE))
            statements.append(composed(LET_CREATE, name=name, role=self.helpers.owners))
        self.attempt([("a schema", each) for each in statements], inside)

    def _make_extensions(self, inside: Any, wanted: Sequence[Extension], chosen: bool = False) -> None:
        there = cluster_extensions.names(inside)
        planned, left_out = cluster_extensions.plan(
            [each for each in wanted if each.name not in there], cluster_extensions.read_available(inside), chosen
        )
        self.unproved += [LEFT_OUT % ("extension " + each.name, reason) for each, reason in left_out]
        for each in planned:
            try:
                cluster_extensions.create(inside, each)
            except deps.DatabaseError as error:
                self.unproved.append(LEFT_OUT % ("extension " + each.extension.name, first_words(error)))
                continue
            if each.remark:
                self.unproved.append("extension %s: %s" % (each.extension.name, each.remark))

    def _inside(self) -> Any:
        """Return a connection of the superuser's to the database, in which nothing of the dump is yet."""
        connection = connect(self.cluster.admin.with_database(self.name), APPLICATION)
        connection.autocommit = True
        return connection

    def _fails(self, statement: Any, connection: Any = None) -> Optional[str]:
        try:
            with (connection or self.admin).cursor() as cursor:
                cursor.execute(statement)
            return None
        except deps.DatabaseError as error:
            return first_words(error)


def _grantee(role: str) -> Any:
    return role or deps.sql.SQL("PUBLIC")

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scratch database in a throwaway cluster, with the target's name, roles and settings around it.

The order is what makes it safe: the cluster's one superuser makes what has only to be named (cluster_maker.py). A login
that may act for every owner, and is no superuser, loads the dump. The steps run in a session of their own, which the
target's login has authenticated.
"""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator, List, Match, Optional, Sequence

from .... import deps, errors
from ...tools import Tools
from .. import server_programs
from ..connection import Target, connect
from . import cluster_roles
from .cluster import Cluster, impossible, new_name, new_password, throwaway_cluster
from .cluster_cache import key_of
from .cluster_containment import Change, ClusterContainment
from .cluster_facts import ClusterFacts, Role
from .cluster_maker import APPLICATION, LEFT_OUT, Maker
from .cluster_roles import Helpers, Login, composed
from .containment import Containment
from .facts import Facts
from .load import Dump, Entry
from .place import Place

# A superuser's to make; it would be run at each later command, whoever sends that.
EVENT_TRIGGER = "EVENT TRIGGER"
# What the superuser has made.
MADE_BEFORE = frozenset(["SCHEMA", "EXTENSION"])
PRIVILEGES = frozenset(["ACL", "DEFAULT ACL"])
COMMENTS_ON = re.compile(r"(?P<kind>EXTENSION|EVENT TRIGGER) (?P<name>.*)", re.DOTALL)

# Around a grant that somebody else than the owner has given. Who loads is no superuser, and may act as anybody.
AS_GRANTOR = re.compile(rb"^(?:SET SESSION AUTHORIZATION (?P<role>.*)|RESET SESSION AUTHORIZATION);$", re.MULTILINE)

# Where it can't be taken back, a step may do what it may not do on the target.
LET_CREATE = "schemas in which only some may create"

DROP_OWNED = "DROP OWNED BY {role}"
DROP_ROLE = "DROP ROLE {role}"

# Names that every cluster has for itself.
TEMPLATES = ("template0", "template1")
# Of the database and its owner, where there is no target.
EMPTY = "rehearsal"

MISSING = frozenset(
    [
        *(deps.errorcodes.UNDEFINED_FUNCTION, deps.errorcodes.UNDEFINED_OBJECT, deps.errorcodes.UNDEFINED_TABLE),
        *(deps.errorcodes.UNDEFINED_COLUMN, deps.errorcodes.INVALID_SCHEMA_NAME),
        deps.errorcodes.INSUFFICIENT_PRIVILEGE,
    ]
)
NO_EXTENSION = re.compile(r'extension "[^"]*" is not available|could not open extension control file')


@dataclass
class ClusterCopy(Place):
    """A scratch database in a throwaway cluster."""

    name: str
    target: Target
    admin: Any
    unproved: List[str]
    cluster: Cluster
    maker: Maker
    on: str = "cluster"
    lacks: List[str] = field(default_factory=list)
    rights: List[str] = field(default_factory=list)
    is_exact: bool = False
    _contained: List[ClusterContainment] = field(default_factory=list)

    @property
    def place(self) -> str:
        """Return where it is, in words."""
        what = "an empty throwaway cluster" if self.on == "empty" else "a throwaway cluster"
        return "%s (%s) on this host" % (what, self.cluster.programs.title)

    @property
    def by_superuser(self) -> bool:
        """Return that nobody who loads or runs anything here is one."""
        return False

    @property
    def loader(self) -> Target:
        """Return who may act for every owner."""
        return self.cluster.login(*self.maker.helpers.loader, self.name)

    @property
    def dumps_as(self) -> Target:
        """Return who may read everything, also what the steps make for new roles."""
        return self.loader

    @property
    def changes(self) -> Sequence[Change]:
        """Return what the steps have changed of the cluster."""
        return [each for contained in self._contained for each in contained.changes]

    def contain(self, note: Callable[[Any], None]) -> Containment:
        """Return what keeps steps inside of the cluster, and tells what they change of it."""
        by_superuser = self.maker.around.by_superuser
        self._contained.append(ClusterContainment(note, self.target, not by_superuser))
        return self._contained[-1]

    def adapt(self, dump: Dump) -> Dump:
        """Leave out what is there already, and what only a superuser can make."""
        left_out = [each for each in dump.entries if each.kind == EVENT_TRIGGER]
        self.unproved.extend(LEFT_OUT % (each.label, "only a superuser could make it") for each in left_out)
        extensions = frozenset(self.maker.extensions)
        adapted = (_as_loader(each) if _is_loaded(each, extensions) else _left_out(each) for each in dump.entries)
        return dump._replace(entries=tuple(each for each in adapted if each.text))

    def extend(self, names: Sequence[str]) -> Sequence[str]:
        """Make extensions that the task names: any that this host has. None is left to do.

        :raises RehearsalImpossible: when one can't be made.
        """
        if names:
            self.maker.make_chosen(names)
        return ()

    def settle(self) -> None:
        """Take from the owners what they needed while the dump was loaded."""
        owners = self.maker.helpers.owners
        with closing(connect(self.loader, APPLICATION)) as connection:
            connection.autocommit = True
            self.maker.attempt([(LET_CREATE, composed(DROP_OWNED, role=owners))], connection)
        statements = [*cluster_roles.settled_statements(self.maker.around), composed(DROP_ROLE, role=owners)]
        self.maker.attempt([("", each) for each in statements])

    def recreate(self) -> None:
        """Make it anew, empty."""
        self.maker.make_database()
        self.lacks.clear()
        self.rights.clear()

    def restore(self, key: str) -> bool:
        """Become what was kept of an earlier copy of the same original. Return whether there is one."""
        maker = self.maker
        if not maker.is_worth_keeping:
            return False
        cluster, known = self.cluster.exchanged(self._full(key))
        self._connect(cluster or self.cluster)
        if cluster is None:
            return False
        maker.helpers = maker.helpers._replace(loader=Login(*known["loader"]))
        self.target = replace(self.target, params={**self.target.params, "password": known["password"]})
        self.unproved[:], self.lacks[:], self.rights[:] = known["unproved"], known["lacks"], known["rights"]
        self.is_exact = known["is_exact"]
        return True

    def keep(self, key: str, is_exact: bool) -> None:
        """Keep a copy of what it is now."""
        if not self.maker.is_worth_keeping or self.cluster.cache.limit == 0:
            return
        self.cluster.stop()
        self.cluster.keep(
            self._full(key),
            loader=list(self.maker.helpers.loader),
            password=self.target.password,
            unproved=self.unproved,
            lacks=self.lacks,
            rights=self.rights,
            is_exact=is_exact,
        )
        self.cluster.start()
        self._connect(self.cluster)

    def _full(self, key: str) -> str:
        """Return a key for all that it is, with what is around the database."""
        return key_of("copy", key, self.cluster.made_by, self.maker.described())

    def _connect(self, cluster: Cluster) -> None:
        """Connect anew to a server that was stopped, or that is another."""
        self.admin.close()
        self.cluster = self.maker.cluster = cluster
        self.admin = self.maker.admin = connect(cluster.admin, APPLICATION)
        self.admin.autocommit = True

    def stops_at(self, error: errors.MigrationError) -> Optional[str]:
        """Return why a step's error tells nothing of the target, which has what the cluster lacks; None: it does."""
        if self.maker.not_given and error.sqlstate == deps.errorcodes.INSUFFICIENT_PRIVILEGE:
            rights = ", ".join(self.maker.not_given)
            return "it needs a right that a throwaway cluster gives nobody (%s): %s" % (rights, error.message)
        if NO_EXTENSION.search(error.message):
            return "it needs what this host hasn't got: %s" % error.message
        if error.sqlstate in MISSING and not self.is_whole:
            return "it may need what was left out of the copy: %s" % error.message
        return None


@contextmanager
def cluster_copy(
    facts: Facts, around: ClusterFacts, tools: Tools, on: str = "cluster", has_rows: bool = False
) -> Iterator[ClusterCopy]:
    """Start a throwaway cluster, and make a database in it that has all but what a dump brings.

    :param facts: what makes the target's database what it is; empty ones: it isn't there.
    :param around: what is around it.
    :param on: cluster or empty.
    :param has_rows: whether it gets rows of the target's.
    :raises RehearsalImpossible: when that can't be done.
    """
    try:
        programs = server_programs.find(around.server_version, tools)
    except errors.DependencyError as error:
        raise impossible(error) from None
    name = EMPTY if around.database in TEMPLATES else around.database
    password = new_password()
    helpers = Helpers(Login(new_name(), new_password()), new_name())
    with (
        throwaway_cluster(programs, tools, around.relations, has_rows) as cluster,
        closing(connect(cluster.admin, APPLICATION)) as admin,
    ):
        admin.autocommit = True
        maker = Maker(cluster, admin, name, facts, around, helpers)
        maker.make_roles(password)
        maker.make_database()
        target = cluster.login(around.login, password, name, around.options)
        if around.works_as != around.login:
            target = replace(target, session_role=around.works_as)
        connect(target, APPLICATION).close()  # a setting that its sessions begin with may be unknown here
        yield ClusterCopy(name, target, admin, maker.unproved, cluster, maker, on)


def no_target() -> ClusterFacts:
    """Return what is around a database where there is no target: a role that owns it, and may make others.

    No code but the scripts' own runs there.
    """
    role = Role(EMPTY, creates_roles=True, creates_databases=True)
    return ClusterFacts(EMPTY, EMPTY, EMPTY, (role,))


def _is_loaded(entry: Entry, extensions: Any) -> bool:
    if entry.kind == "COMMENT":
        on = COMMENTS_ON.fullmatch(entry.name)
        return on is None or (on["kind"] == "EXTENSION" and on["name"].strip('"') in extensions)
    return entry.kind != EVENT_TRIGGER and entry.kind not in MADE_BEFORE


def _left_out(entry: Entry) -> Entry:
    return entry._replace(text=entry.settings_behind())


def _as_loader(entry: Entry) -> Entry:
    return entry._replace(text=AS_GRANTOR.sub(_role_instead, entry.text)) if entry.kind in PRIVILEGES else entry


def _role_instead(found: Match[bytes]) -> bytes:
    return b"RESET ROLE;" if found["role"] is None else b"SET ROLE " + found["role"] + b";"

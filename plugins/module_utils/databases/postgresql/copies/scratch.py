# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scratch databases: made like the target, closed to others, always dropped, swept when a killed run left one."""

from __future__ import annotations

import secrets
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple

from .... import deps, errors
from ...names import SCRATCH_PREFIX
from ..connection import Target, connect, connect_maintenance, settled
from ..limits import let_last
from ..server_errors import first_words, trouble_of
from .facts import Facts, locale_of
from .load import FAILS_OF_LACK, listed
from .place import Place, RehearsalImpossible, become

LACKING = "it may need what was left out of the copy (%s): %s"

PREFIX = SCRATCH_PREFIX

# First key of the two-key advisory lock that a rehearsal holds while its scratch database is in use.
LOCK_CLASS = int.from_bytes(b"pgrh", "big")

# What keeps a database from being dropped, though nobody is connected to it.
KEEPS = """
SELECT 'slot', s.slot_name::text FROM pg_catalog.pg_replication_slots s WHERE s.database = %s AND NOT s.active
 UNION ALL
SELECT 'transaction', x.gid FROM pg_catalog.pg_prepared_xacts x WHERE x.database = %s
"""
DROP_SLOT = "SELECT pg_catalog.pg_drop_replication_slot(%s)"
ROLLBACK_PREPARED = "ROLLBACK PREPARED %s"

# Scratch databases whose rehearsal is gone: nobody on this server holds the lock that goes with the name.
ABANDONED = """
SELECT d.datname FROM pg_catalog.pg_database d
 WHERE d.datname ~ '^pgops_rehearsal_[0-9a-f]{8}$'
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid::bigint = %s
                      AND l.objid::bigint = ('x' || right(d.datname, 8))::bit(32)::bigint & 4294967295)
"""

HOLD = "SELECT pg_catalog.pg_advisory_lock(%s, %s)"
CREATE = "CREATE DATABASE {name} TEMPLATE template0"
OWNER = "ALTER DATABASE {name} OWNER TO {owner}"
REVOKE = "REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"
GRANT = "GRANT {privilege} ON DATABASE {name} TO {role}"
SET_CONFIG = "SELECT pg_catalog.set_config(%s, %s, false)"
KEEP_SETTING = "ALTER DATABASE {name} SET {setting} FROM CURRENT"
RESET_SETTING = "RESET {setting}"
DROP = "DROP DATABASE IF EXISTS {name} WITH (FORCE)"


@dataclass
class Scratch(Place):
    """A scratch database on a server."""

    name: str
    target: Target
    admin: Any
    facts: Facts
    unproved: List[str]
    lacks: List[str] = field(default_factory=list)
    rights: List[str] = field(default_factory=list)

    on = "server"

    @property
    def by_superuser(self) -> bool:
        """Return whether a superuser has logged in."""
        return bool(self.admin.info.parameter_status("is_superuser") == "on")

    @property
    def loader(self) -> Target:
        """Return as whom to fill it: a superuser needs no role to give every object its owner."""
        return replace(self.target, session_role=None) if self.by_superuser else self.target

    @property
    def wanted_role(self) -> Optional[str]:
        """Return whose the real run is."""
        return self.facts.role

    def stops_at(self, error: errors.MigrationError) -> Optional[str]:
        """Return why a step's error tells nothing of the original, which has what the copy lacks; None: it does."""
        if not self.lacks or error.sqlstate not in FAILS_OF_LACK:
            return None
        return LACKING % (listed(self.lacks), error.message)

    def runner(self) -> Optional[Target]:
        """Return as whom the plan has to run."""
        return become(self.target, self.admin, self.facts.role)

    def recreate(self) -> None:
        """Make it anew, empty: a first attempt to fill it got stuck half-way."""
        _execute(self.admin, DROP, name=self.name)
        self.unproved[:] = _create(self.admin, self.name, self.facts)
        self.lacks.clear()
        self.rights.clear()


@contextmanager
def scratch_database(server: Target, facts: Facts) -> Iterator[Scratch]:
    """Make an empty scratch database like the one the facts are of; drop it at the end, whatever happens.

    :param server: where, and as whom.
    :raises RehearsalImpossible: when it can't be made.
    """
    try:
        admin = connect_maintenance(server, "pg_migrate rehearsal")
    except errors.ConnectError as error:
        raise RehearsalImpossible("no database to make the copy from lets this user in: %s" % error.message) from None
    try:
        let_last(admin)
        admin.autocommit = True
        here = settled(server, admin)
        left = sweep(here, admin)
        name = _hold_name(admin)
        try:
            unproved = _create(admin, name, facts)
            yield Scratch(name, here.with_database(name), admin, facts, unproved + left)
        finally:
            _drop(here, admin, name)
    finally:
        admin.close()


def _drop(server: Target, admin: Any, name: str) -> None:
    """Drop it; where the server is gone, or takes no writes, the next rehearsal sweeps it away.

    A signal's cancel, meant for what ran before, may come late and meet this: then it is done again.
    """
    try:
        try:
            _remove(server, admin, name)
        except deps.DatabaseError as error:
            if error.pgcode != deps.errorcodes.QUERY_CANCELED:
                raise
            _remove(server, admin, name)
    except deps.DatabaseError as error:
        if trouble_of(error) is None:
            raise


def _remove(server: Target, admin: Any, name: str) -> None:
    _let_go(server, admin, name)
    _execute(admin, DROP, name=name)


def _let_go(server: Target, admin: Any, name: str) -> None:
    """End what would keep the database: transactions that were prepared in it, and replication slots on it."""
    with admin.cursor() as cursor:
        cursor.execute(KEEPS, [name, name])
        kept = cursor.fetchall()
        for what, each in kept:
            if what == "slot":
                cursor.execute(DROP_SLOT, [each])
    prepared = [each for what, each in kept if what == "transaction"]
    if prepared:
        with closing(connect(replace(server, session_role=None).with_database(name), "pg_migrate sweep")) as inside:
            inside.autocommit = True
            with inside.cursor() as cursor:
                for each in prepared:
                    cursor.execute(ROLLBACK_PREPARED, [each])


def sweep(server: Target, admin: Any) -> List[str]:
    """Drop scratch databases that a killed run has left; those that another user owns are passed over.

    :returns: which of his own couldn't be dropped, and why.
    """
    with admin.cursor() as cursor:
        cursor.execute(ABANDONED, [LOCK_CLASS])
        names = [row[0] for row in cursor.fetchall()]
    failed = []
    for name in names:
        try:
            _remove(server, admin, name)
        except (deps.DatabaseError, errors.MigrationError) as error:
            if getattr(error, "pgcode", None) != deps.errorcodes.INSUFFICIENT_PRIVILEGE:
                failed.append(
                    "%s: it was left by a killed rehearsal, and can't be dropped (%s)" % (name, first_words(error))
                )
    return failed


def _hold_name(admin: Any) -> str:
    """Choose a name and hold the lock that says it is in use, before the database is there."""
    name = PREFIX + secrets.token_hex(4)
    number = int(name[len(PREFIX) :], 16)
    with admin.cursor() as cursor:
        cursor.execute(HOLD, [LOCK_CLASS, number - (1 << 32) if number >= 1 << 31 else number])
    return name


def _create(admin: Any, name: str, facts: Facts) -> List[str]:
    """Create the database and give it what it can be given. Return what it can't."""
    try:
        _execute(admin, CREATE, locale_of(facts), name=name)
        _execute(admin, REVOKE, name=name)
    except deps.psycopg2.Error as error:
        raise RehearsalImpossible(
            "no database can be created for the copy: %s" % (error.diag.message_primary or error)
        ) from None
    unproved = ["subscriptions: the copy has none"] if facts.subscriptions else []
    wishes: List[Tuple[str, Callable[..., None], Sequence[str]]] = []
    wishes += [("setting " + setting.split("=")[0], _keep, [setting]) for setting in facts.settings]
    wishes += [("%s on the database for %s" % grant, _grant, grant) for grant in facts.grants]
    wishes += [("the database's owner", _own, [facts.owner])] if facts.owner else []
    for what, give, details in wishes:
        try:
            give(admin, name, *details)
        except deps.psycopg2.Error as error:
            unproved.append("%s: the copy could not be given it (%s)" % (what, error.diag.message_primary))
    return unproved


def _keep(admin: Any, name: str, setting: str) -> None:
    """Take a database's setting over as it is stored, whatever quoting its value would need as SQL."""
    key, value = setting.split("=", 1)
    with admin.cursor() as cursor:
        cursor.execute(SET_CONFIG, [key, value])
    try:
        _execute(admin, KEEP_SETTING, name=name, setting=key)
    finally:
        _execute(admin, RESET_SETTING, setting=key)


def _grant(admin: Any, name: str, privilege: str, role: str) -> None:
    statement = deps.sql.SQL(GRANT).format(
        privilege=deps.sql.SQL(privilege), name=deps.sql.Identifier(name), role=deps.sql.Identifier(role)
    )
    with admin.cursor() as cursor:
        cursor.execute(statement)


def _own(admin: Any, name: str, owner: str) -> None:
    _execute(admin, OWNER, name=name, owner=owner)


def _execute(admin: Any, statement: str, tail: Any = None, **names: str) -> None:
    identifiers = {key: deps.sql.Identifier(value) for key, value in names.items()}
    composed = deps.sql.SQL(statement).format(**identifiers)
    with admin.cursor() as cursor:
        cursor.execute(composed if tail is None else composed + tail)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what a step does inside a throwaway cluster: what belongs to the cluster may happen there, and is told."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .... import deps
from ....model import Statement
from ....sql.statements import BEGINS, TWO_PHASES, words
from ..connection import Target
from ..transaction import in_transaction, is_aborted, ours
from .containment import (
    SHARED_RELATIONS,
    Containment,
    NotProved,
    refuse_foreign_tables,
    refuse_reaching_out,
)

# What of that belongs to the cluster, and ends with it.
MAY_HAPPEN = re.compile(
    r"pg_(?:create|copy)_(?:logical|physical)_replication_slot|pg_drop_replication_slot|pg_replication_slot_advance"
    r"|pg_logical_slot_get_(?:binary_)?changes|pg_create_restore_point|pg_switch_wal",
    re.IGNORECASE,
)
# Locks are held until the end. The counters tell of GRANT ON DATABASE, which gives its lock back; since they are passed
# on once a second, and only then begin anew, those of the transaction before may still be in them.
WRITTEN = """
SELECT c.relname::text,
       EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.database = 0
                  AND l.relation = c.oid AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')),
       pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
       + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)
  FROM pg_catalog.pg_class c
 WHERE c.relisshared AND c.relkind = 'r' AND c.relname <> 'pg_shdepend'
"""
SUBSCRIBES = re.compile(r"\bCREATE\s+SUBSCRIPTION\b", re.IGNORECASE)
SYSTEM = ("ALTER", "SYSTEM")

# Outside a transaction: what the server refuses inside one, and what ends its own.
NOT_IN_TRANSACTION = frozenset(
    [deps.errorcodes.ACTIVE_SQL_TRANSACTION, deps.errorcodes.INVALID_TRANSACTION_TERMINATION]
)
# What can't be in a transaction, and changes the cluster.
CHANGES = {"CREATE DATABASE": "databases", "DROP DATABASE": "databases", "ALTER DATABASE": "databases"}
PREPARES = "PREPARE TRANSACTION"
AS_A_COMMIT = "COMMIT"  # it is looked at as one is


class Change(NamedTuple):
    """What a step has changed of what belongs to the cluster. ``version`` is the step's."""

    version: str
    what: str

    @property
    def sentence(self) -> str:
        """Return it as people say it."""
        return "%s %s" % (self.version, self.what)


class ClusterContainment(Containment):
    """Guards a script in a throwaway cluster.

    :param note: called with a cursor before each look.
    :param copy: how the steps connect. The copy has the target's name, and is elsewhere.
    :param performs_system: whether ALTER SYSTEM is sent, because this role may not do that on the target either.
    :ivar changes: what the steps have changed of the cluster.
    """

    def __init__(self, note: Callable[[Any], None], copy: Target, performs_system: bool = True) -> None:
        super().__init__(note, copy.params["dbname"])
        self.copy, self.performs_system = copy, performs_system
        self.changes: List[Change] = []
        self._counted: Dict[Tuple[int, str], int] = {}

    def is_copy(self, connection: Any) -> bool:
        """Return whether a connection goes to the copy: the target's database has the same name."""
        return bool(connection.info.host == self.copy.params["host"] and connection.info.dbname == self.database)

    def completed(self, dsn: Optional[str], keywords: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a script's arguments for a connection with the password of its role, which it can't know."""
        given = {**(deps.psycopg2.extensions.parse_dsn(dsn) if dsn else {}), **keywords}
        params = self.copy.params
        if given.get("host") != params["host"] or given.get("user", params["user"]) != params["user"]:
            return keywords
        return {**keywords, "user": params["user"], "password": params["password"]}

    def refuse_super_user(self) -> None:
        """Stop a step that wants a superuser.

        :raises NotProved: always.
        """
        stop = NotProved("it uses super_user(), and nobody is a superuser in a throwaway cluster")
        self.stop(stop)
        raise stop

    def look(self, cursor: Any) -> None:
        """Note what the open transaction has written of the cluster's.

        :raises NotProved: when it has written what is another server's.
        """
        with ours(cursor):
            self._note(cursor)
            for each in self._written(cursor):
                self._changed("changes %s" % SHARED_RELATIONS.get(each, each))
            refuse_foreign_tables(cursor)

    def look_at(self, text: str) -> None:
        """Look at what a script is about to send.

        :raises NotProved: when it would reach out of the cluster.
        """
        try:
            refuse_reaching_out(text, MAY_HAPPEN)
            if SUBSCRIBES.search(text):
                raise NotProved("it makes a subscription, which connects to another server")
        except NotProved as error:
            self.stop(error)
            raise

    def __call__(self, connection: Any, send: Callable[[], Any], statements: Sequence[Statement]) -> Any:
        """Send what a script wants outside a transaction, in one if it may be, to see what it writes.

        :raises NotProved: when it reaches out of the cluster.
        """
        first = statements[0]
        if words(first.text, len(SYSTEM)) == SYSTEM and not self.performs_system:
            setting = words(first.text, len(SYSTEM) + 2)[-1].lower()
            self._changed("runs ALTER SYSTEM for %s, which is noted here and not performed" % setting)
            return None
        with connection.unguarded():
            if in_transaction(connection):
                return self._in_own(connection, send, first)
            if first.keyword in BEGINS or self._within(connection, send):
                return send() if first.keyword in BEGINS else None
            for each in statements:
                if each.keyword in CHANGES:
                    self._changed("changes %s" % CHANGES[each.keyword])
            return send()

    def _in_own(self, connection: Any, send: Callable[[], Any], statement: Statement) -> Any:
        if statement.keyword != PREPARES or is_aborted(connection):
            return send() if statement.keyword in TWO_PHASES else super()._in_own(connection, send, statement)
        self._changed("prepares a transaction, which stays until it is committed or rolled back")
        return super()._in_own(connection, send, statement._replace(keyword=AS_A_COMMIT))

    def _may_be_sent_bare(self, error: Any) -> bool:
        return error.pgcode in NOT_IN_TRANSACTION

    def _written(self, cursor: Any) -> List[str]:
        """Return the shared catalogs that the open transaction has written."""
        session, found = cursor.connection.info.backend_pid, []
        cursor.execute(WRITTEN)
        for relation, is_locked, count in cursor.fetchall():
            before = self._counted.get((session, relation), 0)
            self._counted[session, relation] = count
            if is_locked or (count and count != before):
                found.append(relation)
        return sorted(found)

    def _changed(self, what: str) -> None:
        change = Change(self.version, what)
        if change not in self.changes:
            self.changes.append(change)

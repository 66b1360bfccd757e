# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what a step does inside the scratch copy that it runs on."""

from __future__ import annotations

import re
from typing import Any, Callable, List, Mapping, Optional, Pattern, Sequence

from .... import deps
from ....model import Statement
from ....sql.statements import BEGINS, COMMITS, TWO_PHASES, SplitError, split, words
from ...copying import NotProved
from ..transaction import ROLLBACK, in_transaction, is_aborted, ours
from .own_commits import doubt, may_commit

# Before COMMIT, a lock on a relation of no database tells that the step writes what the whole cluster shares; GRANT ON
# DATABASE (TABLESPACE, PARAMETER) gives its lock back at once, but shows in the session's counts of changed rows.
# pg_shdepend doesn't count: every object that has an owner writes there. Nor does the lock of ANALYZE.
CLUSTER_WIDE = """
SELECT pg_catalog.array_agg(c.relname::text)
  FROM pg_catalog.pg_class c
 WHERE c.relisshared AND c.relkind = 'r' AND c.relname <> 'pg_shdepend'
   AND (pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)
        + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) > 0
        OR EXISTS (SELECT 1 FROM pg_catalog.pg_locks l
                    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.database = 0
                      AND l.relation = c.oid
                      AND l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareUpdateExclusiveLock')))
"""

SHARED_RELATIONS = {
    "pg_authid": "roles",
    "pg_auth_members": "role memberships",
    "pg_database": "databases or grants on them",
    "pg_db_role_setting": "settings of a role or a database",
    "pg_parameter_acl": "grants on settings",
    "pg_replication_origin": "replication origins",
    "pg_shdescription": "comments on what is shared",
    "pg_subscription": "subscriptions",
    "pg_tablespace": "tablespaces",
}

# What a rollback doesn't take back, or what leaves the database by itself. It is looked for in the text, in bodies of
# functions and blocks too, so that it is known before it runs; a function that was there before and does it isn't seen.
REACHES_OUT = re.compile(
    r"\b(?P<call>pg_create_(?:logical|physical)_replication_slot|pg_copy_(?:logical|physical)_replication_slot"
    r"|pg_drop_replication_slot|pg_replication_slot_advance|pg_logical_slot_get_(?:binary_)?changes|pg_reload_conf"
    r"|pg_rotate_logfile|pg_switch_wal|pg_promote|pg_wal_replay_(?:pause|resume)|pg_terminate_backend|pg_cancel_backend"
    r"|pg_create_restore_point|pg_backup_start|pg_start_backup|lo_export|lo_import|pg_file_\w+|dblink\w*|pg_stat_reset_shared"
    r"|pg_stat_reset_slru|pg_stat_reset_replication_slot)\s*\("
    r"|\b(?P<copy>COPY)\b[^;]*?\b(?:TO|FROM)\s+(?:PROGRAM\b|E?')",
    re.IGNORECASE,
)

# A server behind a foreign table commits what was written there when this transaction does.
FOREIGN_TABLES = """
SELECT pg_catalog.min(c.oid::pg_catalog.regclass::text)
  FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
 WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND c.relkind = 'f'
   AND l.mode = 'RowExclusiveLock'
"""

# What can't run inside a transaction and yet touches only its own database.
LOCAL_OUTSIDE = frozenset(
    ["CREATE INDEX", "DROP INDEX", "REINDEX", "VACUUM", "CLUSTER", "ALTER TYPE", "ALTER TABLE", "REFRESH"]
)


def stay_inside(cursor: Any) -> None:
    """Stop a step that has written outside its own database, before it is committed.

    :raises NotProved: names what it would have changed.
    """
    cursor.execute(CLUSTER_WIDE)
    relations: Optional[List[str]] = cursor.fetchone()[0]
    if relations:
        names = [SHARED_RELATIONS.get(name, name) for name in relations]
        raise NotProved("it changes %s, which belong to the whole cluster; the copy stops before it" % ", ".join(names))
    refuse_foreign_tables(cursor)


def refuse_foreign_tables(cursor: Any) -> None:
    """Stop a step that has written a table of another server's.

    :raises NotProved: names it.
    """
    cursor.execute(FOREIGN_TABLES)
    foreign = cursor.fetchone()[0]
    if foreign is not None:
        raise NotProved("it writes the foreign table %s, which is another server's" % foreign)


def refuse_reaching_out(text: str, permitted: Optional[Pattern[str]] = None) -> None:
    """Stop what would reach out of the copy, by its text.

    :param permitted: names of functions that may be called all the same.
    :raises NotProved: names it.
    """
    found = REACHES_OUT.search(text)
    if found and (found := _outside_comments(text, permitted)):
        what = "calls %s" % found["call"].lower() if found["call"] else "copies to or from a file or a program"
        raise NotProved("it %s, which can't be taken back on a copy" % what)


def _outside_comments(text: str, permitted: Optional[Pattern[str]]) -> Any:
    """Look again, where comments ahead of statements don't count."""
    try:
        texts = [statement.text for statement in split(text)]
    except SplitError:
        texts = [text]
    for each in texts:
        for found in REACHES_OUT.finditer(each):
            if permitted is None or not found["call"] or not permitted.fullmatch(found["call"]):
                return found
    return None


class Containment:
    """Guards a script on a copy: what it does is looked at before each commit.

    :param note: called with a cursor before the look, for whoever else wants one.
    :param database: the copy's name.
    :ivar ended_by: what it has raised first, for a script may catch it and go on.
    """

    def __init__(self, note: Callable[[Any], None], database: str) -> None:
        self._note, self.database = note, database
        self.ended_by: Optional[NotProved] = None
        self.version = ""

    def begin(self, version: str) -> None:
        """Take note of which step begins."""
        self.version = version

    def is_copy(self, connection: Any) -> bool:
        """Return whether a connection goes to the copy."""
        return bool(connection.info.dbname == self.database)

    def completed(self, dsn: Optional[str], keywords: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a script's arguments for a connection of its own."""
        return keywords

    def refuse_super_user(self) -> None:
        """Stop a step that wants a superuser, where there is none."""

    def stop(self, error: NotProved) -> None:
        """Remember why the rehearsal ends."""
        self.ended_by = self.ended_by or error

    def before_commit(self, cursor: Any) -> None:
        """Look at what the open transaction has written.

        :raises NotProved: when it isn't in the copy alone.
        """
        try:
            self.look(cursor)
        except NotProved as error:
            self.stop(error)
            raise

    def look(self, cursor: Any) -> None:
        """Look, and raise where it isn't in the copy alone."""
        with ours(cursor):
            self._note(cursor)
            stay_inside(cursor)

    def look_at(self, text: str) -> None:
        """Look at what a script is about to send.

        :raises NotProved: when it would reach out of the copy, transaction or not.
        """
        try:
            refuse_reaching_out(text)
        except NotProved as error:
            self.stop(error)
            raise

    def wants(self, text: str) -> bool:
        """Return that everything has to pass."""
        return True

    def __call__(self, connection: Any, send: Callable[[], Any], statements: Sequence[Statement]) -> Any:
        """Send what a script wants outside a transaction, in one that is looked at before it is committed.

        A transaction that the script has begun itself is looked at where it ends.

        :raises NotProved: when it reaches out of the copy, or can't be taken back.
        """
        with connection.unguarded():
            if in_transaction(connection):
                return self._in_own(connection, send, statements[0])
            if statements[0].keyword in BEGINS:
                return send()
            try:
                if self._within(connection, send):
                    return None
            except deps.DatabaseError as error:
                if error.pgcode != deps.errorcodes.INVALID_TRANSACTION_TERMINATION or not may_commit(statements):
                    raise
                self._refuse_doubtful(connection, statements)
                return send()
            if not all(statement.keyword in LOCAL_OUTSIDE for statement in statements):
                what = " ".join(words(statements[0].text, 2)) or statements[0].keyword
                raise NotProved("it runs %s …, which can't be taken back on a copy" % what)
            return send()

    def _refuse_doubtful(self, connection: Any, statements: Sequence[Statement]) -> None:
        with connection.cursor() as cursor:
            reason = doubt(cursor, " ".join(statement.text for statement in statements))
        if reason is not None:
            raise NotProved(
                "it commits by itself (%s), and can reach what belongs to the whole cluster: %s"
                % (statements[0].keyword, reason)
            )

    def _in_own(self, connection: Any, send: Callable[[], Any], statement: Statement) -> Any:
        if statement.keyword in TWO_PHASES:
            self._undo(connection)
            raise NotProved("it runs %s, which would outlive the copy" % statement.keyword)
        if statement.keyword in COMMITS and not is_aborted(connection):
            try:
                with connection.cursor() as cursor:
                    self.before_commit(cursor)
            except NotProved:
                self._undo(connection)
                raise
        return send()

    def _within(self, connection: Any, send: Callable[[], Any]) -> bool:
        """Send it in a transaction. Return whether the server let it be in one."""
        connection.autocommit = False
        try:
            send()
            with connection.cursor() as cursor:
                self.before_commit(cursor)
            connection.commit()
            return True
        except deps.DatabaseError as error:
            if connection.closed or not self._may_be_sent_bare(error):
                raise
            return False
        finally:
            if not connection.closed:
                connection.rollback()
                connection.autocommit = True

    def _may_be_sent_bare(self, error: Any) -> bool:
        """Return whether it failed only since it was tried in a transaction."""
        return bool(error.pgcode == deps.errorcodes.ACTIVE_SQL_TRANSACTION)

    def _undo(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(ROLLBACK)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written into the history and its log."""

from __future__ import annotations

import secrets
import socket
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from .... import deps, errors, model
from ....version import COLLECTION_VERSION
from ...history_rows import detail_of
from ...sight import Survey
from ...values import Entry, Seen
from ..advisory import KEY
from ..leftovers import left_of, words_of
from ..observing.eyes import held_of, sight_of
from ..server_errors import as_migration_error, trouble_of
from ..transaction import in_transaction
from . import beside_sql
from . import history_sql as sql
from .reading import OF_REPOSITORY, History, find, refuse_foreign_log

# Classes of SQLSTATE: the table isn't there, has other columns, or doesn't take the row; nothing was written.
OF_A_CHANGED_TABLE = ("22", "23", "42")

STATEMENT = "pgops_record_%s"
# What a rehearsal takes along of a row.
COPIED = ("version", "applied", "name", "checksum", "event")


class Recorder:
    """Writes the history of one run, on one connection."""

    def __init__(self, history: History, survey: Optional[Survey] = None, locked: bool = False) -> None:
        """Take where to write.

        :param survey: the tables before the run, to tell each time what the session does to them.
        :param locked: whether the session has to have the lock of a run.
        """
        self.history = history
        literals: Dict[str, Any] = {
            "wanted": history.table.quoted(),
            "oid": history.oid,
            "fingerprint": history.fingerprint,
            "host": socket.gethostname(),
            "collection": COLLECTION_VERSION,
        }
        self._literals = {name: deps.sql.Literal(value) for name, value in literals.items()}
        self._literals.update(_wide(history, self._literals))
        nothing = deps.sql.SQL("NULL")
        self._held = held_of(survey) if survey and survey.relations else nothing
        self._left = left_of() if survey is not None else nothing
        self._must_lock = locked
        self._prepared: Dict[bool, str] = {}  # the names of the statements: to record, and to erase

    def record(self, cursor: Any, entry: Entry, prelude: str = "", chained: bool = False) -> Seen:
        """Record what happened to a migration, in the open transaction.

        :param prelude: statements to send ahead of it in the same message.
        :param chained: also end the transaction, and begin the next one, in the same message.
        :raises ScriptFailed: when nothing could be written: the history isn't the table that it was.
        :raises LockHeld: when the script has given the run's lock back, and another run has taken it.
        :raises DatabaseError: when the server refuses it; chained, also when the commit fails.
        """
        step = entry.step
        is_down = step.direction is model.Direction.DOWN
        message = prelude
        if step.spellings and not is_down:
            message += self._compose(cursor, sql.REPLACE, spellings=deps.sql.Literal(list(step.spellings)))
        if is_down not in self._prepared:
            self._prepared[is_down] = STATEMENT % secrets.token_hex(4)
            message += self._prepare(cursor, is_down)
        # Bound, for that is quicker than to compose.
        deferred, detail = entry.event is model.Event.DEFERRED, detail_of(entry.release)
        rest = [list(step.spellings)] if is_down else [step.script.checksum, deferred, detail]
        message = message.replace("%", "%%") + (sql.ERASE if is_down else sql.RECORD) % self._prepared[is_down]
        try:
            cursor.execute(message + (sql.COMMIT_AND_CHAIN if chained else ""), [*entry.values(), *rest])
        except deps.DatabaseError as error:
            if error.pgcode == deps.errorcodes.INVALID_ARGUMENT_FOR_POWER_FUNCTION:
                raise lock_lost_error() from None
            # Without a transaction it was the commit that failed, and is the script's fault (a deferred constraint).
            if (error.pgcode or "").startswith(OF_A_CHANGED_TABLE) and in_transaction(cursor.connection):
                raise touched_error(self.history) from None
            raise
        held, dummy, left = cursor.fetchone()[-1].partition("\n")
        return Seen(sight_of(held), words_of(left))

    def before(self, cursor: Any) -> None:
        """Nothing is compared."""

    def forget(self) -> None:
        """Prepare the statements anew, under other names: a script may have deallocated them."""
        self._prepared = {}

    def _prepare(self, cursor: Any, is_down: bool) -> str:
        """Return the statement that prepares one."""
        return self._compose(
            cursor,
            sql.PREPARE_ERASE if is_down else sql.PREPARE_RECORD,
            prepared=deps.sql.Identifier(self._prepared[is_down]),
            locked=self._locked("NULL" if is_down else "$2"),
            held=self._held,
            left=self._left,
            **self._literals,
        )

    def _locked(self, version: str) -> Any:
        """Return what looks after the run's lock. Where a row is erased, that it is gone already shows by itself."""
        if not self._must_lock:
            return deps.sql.SQL("NULL")
        return self.history.compose(sql.STILL_LOCKED, lock=deps.sql.Literal(KEY), version=deps.sql.SQL(version))

    def _compose(self, cursor: Any, statement: str, **parts: Any) -> str:
        """Return a statement with its names and literals, as text; nothing in it is to be bound."""
        return str(self.history.compose(statement, **parts).as_string(cursor))


def _wide(history: History, literals: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the columns that 0.1.0 has added to its history, and what the record writes into them."""
    values = [", " + sql.WIDE[name] for name in history.wide]
    return {"wide": _listed(history.wide), "wide_values": deps.sql.SQL("".join(values)).format(**literals)}


def _listed(names: Sequence[str]) -> Any:
    """Return names to put behind others."""
    return deps.sql.SQL("").join(deps.sql.SQL(", {}").format(deps.sql.Identifier(name)) for name in names)


def ensure(connection: Any, history: History, baseline: Tuple[model.Step, ...] = (), is_wide: bool = False) -> History:
    """Make the history's tables, or what they lack. Return the history as it is then.

    :param baseline: what to record as applied, in the same transaction that makes the tables.
    :param is_wide: give the history the further columns of 0.1.0.
    :raises PrivilegeError: when the role may not.
    :raises HistoryForeign: when a table of the application's has the log's name.
    """
    try:
        with connection.cursor() as cursor:
            _ensure_schema(cursor, history)
            cursor.execute(history.compose(sql.CREATE_TABLES))
            if is_wide:
                cursor.execute(history.compose(beside_sql.WIDEN))
            if history.repository_id is not None:
                cursor.execute(history.compose(sql.NAME_REPOSITORY), [OF_REPOSITORY + history.repository_id])
            made = find(connection, history.table, history.repository_id)
            refuse_foreign_log(made)
            if not made.is_tied:
                cursor.execute(history.compose(sql.ADD_TO_LOG))
                made = find(connection, history.table, history.repository_id)
            recorder = Recorder(made)
            for step in baseline:
                recorder.record(cursor, Entry(model.Event.BASELINE, step))
        connection.commit()
        connection.notices.clear()  # that something is there already is no news
        return made
    except deps.DatabaseError as error:
        if trouble_of(error):
            raise as_migration_error(error) from None
        connection.rollback()
        raise errors.PrivilegeError(
            "The history table %s can't be made: %s" % (history.table, error.diag.message_primary or error),
            hint="Grant CREATE on its schema to the role that migrates, or set history_table to a schema that it owns.",
            sqlstate=error.pgcode,
        ) from None


def copy_rows(source: Tuple[model.HistoryRow, ...], connection: Any, history: History) -> None:
    """Make the rows of another database's history those of this one, for a rehearsal."""
    values = [(row.version.text, row.applied, row.name, row.checksum, row.event) for row in source]
    columns = [list(column) for column in zip(*values)] or [[]] * len(COPIED)
    wide = _listed([name for name in COPIED if name in history.wide])
    with connection.cursor() as cursor:
        cursor.execute(history.compose(sql.CLEAR))
        cursor.execute(history.compose(sql.COPY_ROWS, wide=wide), [*columns, socket.gethostname(), COLLECTION_VERSION])
    connection.commit()


def lock_lost_error() -> errors.MigrationError:
    """Return the error for a script that has given back the lock of its run, which another run has taken meanwhile."""
    return errors.LockHeld(
        "The script has given back all advisory locks, the lock of this run among them, and another run has it, or has "
        "had it and recorded the same migration",
        hint="What this one did is rolled back. Take pg_advisory_unlock_all() out of the script, and run again.",
    )


def touched_error(history: History) -> errors.MigrationError:
    """Return the error for a script that dropped or altered the history."""
    return errors.ScriptFailed(
        "The script changed the history table %s itself; it was rolled back" % history.table,
        hint="Take that statement out of the script. If the table is the application's own, set history_table "
        "to another name.",
    )


def _ensure_schema(cursor: Any, history: History) -> None:
    cursor.execute(sql.SCHEMA_EXISTS, [history.table.schema])
    if cursor.fetchone() is None:
        cursor.execute(deps.sql.SQL(sql.CREATE_SCHEMA).format(schema=deps.sql.Identifier(str(history.table.schema))))

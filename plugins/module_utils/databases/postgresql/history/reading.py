# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history as it is read: which versions are applied. record.py writes it.

The history has one row for each version that is applied, and db-migrator's two columns, so that db-migrator goes on
working on it. The log beside it (``<history>_log``) keeps every event. What it says of a version counts for the row of
that version with the same time; any other row was written by another tool.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from .... import deps, errors, model
from ...history_rows import folded, release_of
from ...names import QualifiedName
from ..gate import own_schemas
from ..server_errors import as_migration_error, trouble_of
from . import history_sql as sql

LOG_SUFFIX = "_log"
SNAPSHOT_SUFFIX = "_snapshot"
OF_REPOSITORY = "history of the repository "
# Of the log, what tells it from a table of the application's, and what ties it to the rows of the history.
OF_A_LOG = ("event text", "version text", "done_by text", "detail text")
TIES = ("checksum text", "applied timestamp with time zone")


class History(NamedTuple):
    """The history of one database: where it is, and what its table looks like.

    :ivar table: its name; the schema is known once the table is there or is to be made.
    :ivar fingerprint: a number for its columns, as text; it tells when a script changes them.
    :ivar repository_id: the repository of sqlalchemy-migrate that it belongs to; stands in the table's comment.
    :ivar oid: the table's identity on this server; None: there is no history yet.
    :ivar columns: the table's, each with its type.
    :ivar log_columns: the same of its log; (): there is none.
    """

    table: QualifiedName
    oid: Optional[int] = None
    columns: Tuple[str, ...] = ()
    fingerprint: str = ""
    repository_id: Optional[str] = None
    log_columns: Tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        """Return whether the table is there."""
        return self.oid is not None

    @property
    def keeps_log(self) -> bool:
        """Return whether there is a log too: another tool's table has none until it is taken over."""
        return set(OF_A_LOG) <= set(self.log_columns)

    @property
    def is_tied(self) -> bool:
        """Return whether the log tells which row of the history it means; that of 0.1.0 doesn't."""
        return {*OF_A_LOG, *TIES} <= set(self.log_columns)

    @property
    def wide(self) -> Tuple[str, ...]:
        """Return the names of the columns beyond db-migrator's two: those that 0.1.0 has added, if it has."""
        known = [column.split(" ")[0] for column in self.columns]
        return tuple(name for name in sql.WIDE if name in known)

    @property
    def log(self) -> QualifiedName:
        """Return the name of the log table."""
        return replace(self.table, name=self.table.name + LOG_SUFFIX)

    @property
    def snapshot(self) -> QualifiedName:
        """Return the name of the table that keeps what the last run left."""
        return replace(self.table, name=self.table.name + SNAPSHOT_SUFFIX)

    def tables(self) -> List[str]:
        """Return the quoted names of what has to be left out of a snapshot."""
        return [self.table.quoted(), self.log.quoted(), self.snapshot.quoted()]

    def compose(self, statement: str, **more: Any) -> Any:
        """Put the tables' names into a statement."""
        bound = "%" in statement
        tables = {"table": self.table, "log": self.log, "snapshot": self.snapshot}
        names = {key: _identifier(name, bound) for key, name in tables.items()}
        return deps.sql.SQL(statement).format(**names, **more)


def find(connection: Any, wanted: QualifiedName, repository_id: Optional[str] = None) -> History:
    """Look for the history, and at it.

    :param repository_id: the repository of sqlalchemy-migrate whose history it has to be.
    :raises HistoryForeign: when a table of that name is another tool's; its columns are told. Or another repository's.
        Also when it would run code of its owner's as a superuser.
    """
    places = [wanted.schema] if wanted.schema else own_schemas(connection)
    row = None
    with connection.cursor() as cursor:
        for schema in places:
            place = History(replace(wanted, schema=schema))
            cursor.execute(sql.INSPECT, {"table": place.table.quoted(), "log": place.log.quoted()})
            row = row or cursor.fetchone()
    if row is None:
        new = History(replace(wanted, schema=_first(places)), repository_id=repository_id)
        refuse_code(connection, new.tables())
        return new
    schema, oid, relkind, columns, comment, fingerprint, log_columns = row
    refuse_code(connection, History(replace(wanted, schema=schema)).tables())
    _refuse_foreign(wanted, relkind, columns)
    _refuse_other_repository(wanted, repository_id, comment)
    table = replace(wanted, schema=schema)
    return History(table, oid, tuple(columns), fingerprint, repository_id, tuple(log_columns))


def rows(connection: Any, history: History) -> Tuple[model.HistoryRow, ...]:
    """Return what is recorded, a row for each version, ordered by time of application; () where there is no history.

    :raises HistoryForeign: when a version in it isn't one.
    :raises PrivilegeError: when the role may not read it.
    """
    if not history.exists:
        return ()
    try:
        with connection.cursor() as cursor:
            cursor.execute(_rows_query(history))
            found = cursor.fetchall()
    except deps.DatabaseError as error:
        if trouble_of(error):
            raise as_migration_error(error) from None
        raise errors.PrivilegeError(
            "The history table %s can't be read: %s" % (history.table, error.diag.message_primary or error),
            hint="Grant SELECT on it and on its log %s to the role that connects." % history.log,
            sqlstate=error.pgcode,
        ) from None
    try:
        return folded(_row(*values) for values in found)
    except (ValueError, TypeError) as error:
        raise errors.HistoryForeign(
            "The history table %s holds a version that isn't one: %s" % (history.table, error),
            hint="Set history_table to another name, or fix that row.",
        ) from None


def _rows_query(history: History) -> Any:
    """Return what reads the rows, with what the log says of each; where it can't say it, the table's own columns."""
    places = {
        (True, False): sql.OF_LOG,
        (False, True): sql.OF_TABLE,
        (True, True): sql.OF_BOTH,
        (False, False): sql.OF_NEITHER,
    }
    columns = {
        name: deps.sql.SQL(places[history.is_tied, name in history.wide]).format(deps.sql.Identifier(name))
        for name in ("name", "checksum", "event")
    }
    columns["detail"] = deps.sql.SQL(sql.OF_LOG if history.is_tied else sql.OF_NEITHER).format(
        deps.sql.Identifier("detail")
    )
    return history.compose(sql.ROWS, tied=history.compose(sql.TIED if history.is_tied else sql.UNTIED), **columns)


def _refuse_other_repository(wanted: QualifiedName, repository_id: Optional[str], comment: Optional[str]) -> None:
    if comment is None or not comment.startswith(OF_REPOSITORY):
        return
    written = comment[len(OF_REPOSITORY) :]
    if written != repository_id:
        raise errors.HistoryForeign(
            "%s is the history of the repository %s, not of %s" % (wanted, written, repository_id or "these scripts"),
            hint="Each repository has a history of its own. Leave history_table out, or name another.",
        )


def _row(
    version: str,
    applied: Optional[str],
    name: Optional[str],
    checksum: Optional[str],
    event: Optional[str],
    detail: Optional[str],
) -> model.HistoryRow:
    read = model.Version.recorded(version)
    return model.HistoryRow(read, applied, name, checksum, event, (version,), release_of(detail))


def _identifier(name: QualifiedName, bound: bool) -> Any:
    """Return the quoted name; where values are bound as well, psycopg2 wants a percent sign in it doubled."""
    parts = [part for part in (name.schema, name.name) if part]
    return deps.sql.Identifier(*[part.replace("%", "%%") if bound else part for part in parts])


def _first(places: Sequence[str]) -> str:
    if not places:
        raise errors.PrivilegeError(
            "No schema of this session's search_path exists, so the history table has no place",
            hint="Set history_table to schema.table, or fix the search_path.",
        )
    return places[0]


def refuse_foreign_log(history: History) -> None:
    """Refuse a table that bears the name of the log, and is none.

    :raises HistoryForeign: its columns are told.
    """
    if not history.keeps_log:
        raise errors.HistoryForeign(
            "%s is there, but isn't a log of this collection: its columns are %s"
            % (history.log, ", ".join(history.log_columns) or "none"),
            hint="It belongs to the application; nothing was touched. Set history_table to another name.",
        )


def refuse_code(connection: Any, tables: Sequence[str]) -> None:
    """Refuse, as a superuser, tables that would run code of their owner's: it would run with a superuser's rights.

    :param tables: their quoted names; one that there isn't harms nobody.
    :raises HistoryForeign: names the first.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.CODE_OF_OWNERS, [list(tables)])
        row = cursor.fetchone()
    if row is not None:
        raise errors.HistoryForeign(
            "The table %s has %s, and belongs to %s: that would run with the rights of the superuser who connects"
            % row,
            hint="Nothing was read or written. Connect as %s, or drop that; no history needs it." % row[2],
        )


def _refuse_foreign(wanted: QualifiedName, relkind: str, columns: List[str]) -> None:
    types = dict(column.split(" ", 1) for column in columns)
    text = types.get("version", "").startswith(("text", "character varying"))
    known = set(types) <= {"version", "applied", *sql.WIDE}
    if relkind in "rp" and text and types.get("applied") == "timestamp with time zone" and known:
        return
    raise errors.HistoryForeign(
        "%s is there, but isn't a history of this collection: its columns are %s"
        % (wanted, ", ".join(columns) or "none"),
        hint="It belongs to another tool; nothing was touched. Set history_table to another name.",
    )

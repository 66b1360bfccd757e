# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All SQL of the history tables, and nothing else.

The history has one row for each version that is applied; its first two columns are db-migrator's, so a
tool that knows only those keeps working on it. The log beside it (``<history>_log``) keeps every event.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import Any, List, Optional, Tuple

from .. import deps
from ..errors import HistoryForeign, MigrationError, PrivilegeError, ScriptFailed
from ..model import HistoryRow, Migration, Version
from ..server.names import QualifiedName
from ..version import COLLECTION_VERSION

LOG_SUFFIX = "_log"

INSPECT = """
SELECT n.nspname, c.oid::bigint, c.relkind::text,
       ARRAY(SELECT a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
               FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = pg_catalog.to_regclass(%s)
"""

CURRENT_SCHEMA = "SELECT pg_catalog.current_schema()"

SCHEMA_EXISTS = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s"

CREATE_SCHEMA = "CREATE SCHEMA {schema}"

# ``applied`` is null for a deferred migration.
CREATE_TABLES = """
CREATE TABLE IF NOT EXISTS {table} (version text PRIMARY KEY, applied timestamptz DEFAULT now());
ALTER TABLE {table}
  ADD COLUMN IF NOT EXISTS name text,
  ADD COLUMN IF NOT EXISTS checksum text,
  ADD COLUMN IF NOT EXISTS duration_ms bigint,
  ADD COLUMN IF NOT EXISTS applied_by text,
  ADD COLUMN IF NOT EXISTS applied_from text,
  ADD COLUMN IF NOT EXISTS collection_version text;
CREATE TABLE IF NOT EXISTS {log} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  logged timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  event text NOT NULL,
  version text,
  name text,
  duration_ms bigint,
  done_by text,
  done_from text,
  collection_version text,
  detail text);
"""

OWN_COLUMNS = ("name", "checksum", "duration_ms", "applied_by", "applied_from", "collection_version")

ROWS = """
SELECT version, to_char(applied AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), {name}, {checksum}
  FROM {table} ORDER BY applied, version
"""

# One statement for both tables. It finds no row to insert when the script has put another table there, or changed it.
RECORD = """
WITH untouched AS (
  SELECT 1 FROM pg_catalog.pg_attribute a
   WHERE a.attrelid = pg_catalog.to_regclass(%(table)s) AND a.attnum > 0
  HAVING min(a.attrelid::bigint) = %(oid)s
     AND pg_catalog.array_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum)
         FILTER (WHERE NOT a.attisdropped) = %(columns)s
), logged AS (
  INSERT INTO {log} (event, version, name, duration_ms, done_by, done_from, collection_version)
  SELECT 'applied', %(version)s, %(name)s, %(duration)s, session_user, %(host)s, %(collection)s FROM untouched
)
INSERT INTO {table} (version, applied, name, checksum, duration_ms, applied_by, applied_from, collection_version)
SELECT %(version)s, pg_catalog.clock_timestamp(), %(name)s, %(checksum)s, %(duration)s, session_user, %(host)s,
       %(collection)s
  FROM untouched
"""

LOG = """
INSERT INTO {log} (event, version, name, duration_ms, done_by, done_from, collection_version, detail)
VALUES (%s, %s, %s, %s, session_user, %s, %s, %s)
"""

COPY_ROW = "INSERT INTO {table} (version, applied, name, checksum) VALUES (%s, %s, %s, %s)"


@dataclass(frozen=True)
class History:
    """The history of one database: where it is, and what its table looks like.

    :ivar table: its name; the schema is known once the table is there or is to be made.
    :ivar oid: the table's identity on this server; None: there is no history yet.
    """

    table: QualifiedName
    oid: Optional[int] = None
    columns: Tuple[str, ...] = ()

    @property
    def exists(self) -> bool:
        """Return whether the table is there."""
        return self.oid is not None

    @property
    def log(self) -> QualifiedName:
        """Return the name of the log table."""
        return replace(self.table, name=self.table.name + LOG_SUFFIX)

    def tables(self) -> List[str]:
        """Return the quoted names of what has to be left out of a snapshot."""
        return [self.table.quoted(), self.log.quoted()]

    def compose(self, statement: str, **more: Any) -> Any:
        """Put the tables' names into a statement."""
        bound = "%" in statement
        names = {"table": _identifier(self.table, bound), "log": _identifier(self.log, bound)}
        return deps.sql.SQL(statement).format(**names, **more)


def find(connection: Any, wanted: QualifiedName) -> History:
    """Look for the history, and at it.

    :raises HistoryForeign: when a table of that name is another tool's; its columns are told.
    """
    with connection.cursor() as cursor:
        cursor.execute(INSPECT, [wanted.quoted()])
        row = cursor.fetchone()
        if row is None:
            return History(replace(wanted, schema=wanted.schema or _current_schema(cursor)))
    schema, oid, relkind, columns = row
    _refuse_foreign(wanted, relkind, columns)
    return History(replace(wanted, schema=schema), oid, tuple(columns))


def ensure(connection: Any, history: History) -> History:
    """Make the history's tables, or add to an older tool's table what it lacks. Return the history as it is then.

    :raises PrivilegeError: when the role may not.
    """
    try:
        with connection.cursor() as cursor:
            _ensure_schema(cursor, history)
            cursor.execute(history.compose(CREATE_TABLES))
        made = find(connection, history.table)
        connection.commit()
        return made
    except deps.psycopg2.Error as error:
        connection.rollback()
        raise PrivilegeError(
            "The history table %s can't be made: %s" % (history.table, error.diag.message_primary or error),
            hint="Grant CREATE on its schema to the role that migrates, or set history_table to a schema that it owns.",
            sqlstate=error.pgcode,
        ) from None


def rows(connection: Any, history: History) -> Tuple[HistoryRow, ...]:
    """Return what is recorded, ordered by time of application; nothing where there is no history.

    :raises HistoryForeign: when a version in it isn't one.
    """
    if not history.exists:
        return ()
    known = {column.split(" ")[0] for column in history.columns}
    optional = {name: deps.sql.SQL(name if name in known else "NULL") for name in ("name", "checksum")}
    with connection.cursor() as cursor:
        cursor.execute(history.compose(ROWS, **optional))
        found = cursor.fetchall()
    try:
        return tuple(HistoryRow(Version.parse(row[0]), *row[1:]) for row in found)
    except (ValueError, TypeError) as error:
        raise HistoryForeign(
            "The history table %s holds a version that isn't one: %s" % (history.table, error),
            hint="Set history_table to another name, or mend that row.",
        ) from None


def record(cursor: Any, history: History, migration: Migration, duration_ms: int, prelude: str) -> None:
    """Record a migration as applied, in the open transaction.

    :param prelude: statements to send ahead of it in the same message.
    :raises ScriptFailed: when the history isn't the table that it was: the script has touched it.
    """
    script = migration.script
    values = {
        "table": history.table.quoted(),
        "oid": history.oid,
        "columns": list(history.columns),
        "version": script.version.text,
        "name": script.name,
        "checksum": migration.checksum,
        "duration": duration_ms,
        "host": socket.gethostname(),
        "collection": COLLECTION_VERSION,
    }
    cursor.execute(deps.sql.SQL(prelude.replace("%", "%%")) + history.compose(RECORD), values)
    if cursor.rowcount != 1:
        raise touched(history)


def log(cursor: Any, history: History, event: str, migration: Migration, duration_ms: int, detail: str = "") -> None:
    """Add an event to the log, in the open transaction."""
    script = migration.script
    values = [event, script.version.text, script.name, duration_ms, socket.gethostname(), COLLECTION_VERSION, detail]
    cursor.execute(history.compose(LOG), values)


def copy(source: Tuple[HistoryRow, ...], connection: Any, history: History) -> None:
    """Write rows of another database's history into this one, for a rehearsal."""
    with connection.cursor() as cursor:
        statement = history.compose(COPY_ROW)
        cursor.executemany(statement, [(row.version.text, row.applied, row.name, row.checksum) for row in source])
    connection.commit()


def touched(history: History) -> MigrationError:
    """Return the error for a script that dropped or altered the history."""
    return ScriptFailed(
        "The script changed the history table %s itself; it was rolled back" % history.table,
        hint="Take that statement out of the script. If the table is the application's own, set history_table "
        "to another name.",
    )


def _identifier(name: QualifiedName, bound: bool) -> Any:
    """Return the quoted name; where values are bound as well, psycopg2 wants a percent sign in it doubled."""
    parts = [part for part in (name.schema, name.name) if part]
    return deps.sql.Identifier(*[part.replace("%", "%%") if bound else part for part in parts])


def _current_schema(cursor: Any) -> str:
    cursor.execute(CURRENT_SCHEMA)
    schema = cursor.fetchone()[0]
    if schema is None:
        raise PrivilegeError(
            "No schema of this session's search_path exists, so the history table has no place",
            hint="Set history_table to schema.table, or mend the search_path.",
        )
    return str(schema)


def _ensure_schema(cursor: Any, history: History) -> None:
    cursor.execute(SCHEMA_EXISTS, [history.table.schema])
    if cursor.fetchone() is None:
        cursor.execute(deps.sql.SQL(CREATE_SCHEMA).format(schema=deps.sql.Identifier(str(history.table.schema))))


def _refuse_foreign(wanted: QualifiedName, relkind: str, columns: List[str]) -> None:
    types = dict(column.split(" ", 1) for column in columns)
    text = types.get("version", "").startswith(("text", "character varying"))
    known = set(types) <= {"version", "applied", *OWN_COLUMNS}
    if relkind in "rp" and text and types.get("applied") == "timestamp with time zone" and known:
        return
    raise HistoryForeign(
        "%s is there, but isn't a history of this collection: its columns are %s"
        % (wanted, ", ".join(columns) or "none"),
        hint="It belongs to another tool; nothing was touched. Set history_table to another name.",
    )

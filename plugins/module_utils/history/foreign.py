# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of other tools: found by their tables, and read to be taken over. They are never written."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from .. import deps, errors, model
from ..databases.postgresql import beside_sql as sql
from ..databases.postgresql.gate import own_schemas
from ..databases.postgresql.names import QualifiedName
from ..versions import NUMERIC
from .history import refuse_code


class Tool(NamedTuple):
    """Another tool's table.

    :ivar columns: those that tell it from a table of the same name.
    :ivar query: with the table's name put in, gives (version, name, whether it went well) for what is applied.
    :ivar up_to: the table has one version only, and all up to it are applied.
    """

    name: str
    table: str
    columns: FrozenSet[str]
    query: str
    up_to: bool = False


class Found(NamedTuple):
    """What another tool's table says."""

    tool: Tool
    rows: Tuple[Tuple[str, Optional[str], bool], ...]


TOOLS = (
    Tool(
        "sqlalchemy-migrate",
        "migrate_version",
        frozenset(["repository_id", "repository_path", "version"]),
        "SELECT version::text, repository_id, true FROM {table}",
        up_to=True,
    ),
    Tool(
        "golang-migrate",
        "schema_migrations",
        frozenset(["version", "dirty"]),
        "SELECT version::text, NULL, NOT dirty FROM {table}",
        up_to=True,
    ),
    Tool("dbmate", "schema_migrations", frozenset(["version"]), "SELECT version, NULL, true FROM {table}"),
    Tool(
        "diesel",
        "__diesel_schema_migrations",
        frozenset(["version", "run_on"]),
        "SELECT version, NULL, true FROM {table}",
    ),
    Tool(
        "goose",
        "goose_db_version",
        frozenset(["version_id", "is_applied"]),
        "SELECT version_id::text, NULL, true FROM (SELECT DISTINCT ON (version_id) version_id, is_applied "
        "FROM {table} ORDER BY version_id, id DESC) AS latest WHERE is_applied AND version_id > 0",
    ),
    Tool(
        "sqlx",
        "_sqlx_migrations",
        frozenset(["version", "description", "success", "checksum"]),
        "SELECT version::text, description, success FROM {table}",
    ),
    Tool(
        "Flyway",
        "flyway_schema_history",
        frozenset(["installed_rank", "version", "description", "type", "success"]),
        "SELECT version, description, success FROM (SELECT DISTINCT ON (version) version, description, type, success "
        "FROM {table} WHERE version IS NOT NULL ORDER BY version, installed_rank DESC) AS latest "
        "WHERE type NOT LIKE 'UNDO%' AND type <> 'DELETE'",
    ),
)


def find(connection: Any, repository_id: Optional[str]) -> Optional[Found]:
    """Look for the table of another tool on this session's search_path.

    :param repository_id: of a repository of sqlalchemy-migrate only this one's row counts.
    :raises HistoryForeign: when the repository's table was written by others only.
    """
    schemas = own_schemas(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql.OTHER_TABLES, {"names": [tool.table for tool in TOOLS], "schemas": schemas})
        tables = {(schema, name): set(columns) for schema, name, columns in cursor.fetchall()}
        for tool in TOOLS:
            schema = next((schema for schema in schemas if (schema, tool.table) in tables), None)
            columns = tables.get((schema, tool.table), set())
            only_these = tool.name != "dbmate" or columns == tool.columns
            if schema is not None and tool.columns <= columns and only_these:
                refuse_code(connection, [QualifiedName(tool.table, schema).quoted()])
                table = deps.sql.Identifier(schema, tool.table)
                cursor.execute(deps.sql.SQL(tool.query).format(table=table))
                found = Found(tool, tuple(cursor.fetchall()))
                return _of_repository(found, repository_id) if tool.table == "migrate_version" else found
    return None


def adopted(found: Found, scripts: Sequence[model.Script]) -> Tuple[model.Script, ...]:
    """Return what to record as applied: exactly what the table says, also where a file is gone.

    :raises HistoryForeign: when the other tool left one half-done.
    """
    for version, dummy, well in found.rows:
        if not well:
            raise errors.HistoryForeign(
                "%s left the migration %s half-done, as its table %s says"
                % (found.tool.name, version, found.tool.table),
                hint="Fix it with that tool first; nothing was taken over.",
                version=version,
            )
    order = scripts[0].version.order if scripts else NUMERIC
    versions = {model.Version.parse(version, order): name or "" for version, name, dummy in found.rows}
    if found.tool.up_to:
        last = max(versions, default=None)
        return tuple(script for script in scripts if last is not None and script.version <= last)
    files: Dict[model.Version, model.Script] = {script.version: script for script in scripts}
    return tuple(files.get(version) or model.Script(version, versions[version], "", "") for version in sorted(versions))


def unadopted_error(found: Found) -> errors.HistoryForeign:
    """Return the error for a database whose migrations another tool has applied."""
    versions: List[str] = [version for version, dummy, well in found.rows]
    last = str(max(map(model.Version.parse, versions))) if versions else "none"
    return errors.HistoryForeign(
        "This database's migrations are recorded by %s (table %s, last version %s), and not here yet"
        % (found.tool.name, found.tool.table, last),
        hint='baseline_version: adopt takes over what it says was applied; baseline_version: "0" begins without it.',
    )


def _of_repository(found: Found, repository_id: Optional[str]) -> Optional[Found]:
    rows = tuple(row for row in found.rows if repository_id in (None, row[1]))
    if rows or not found.rows:
        return Found(found.tool, rows) if rows else None
    return None

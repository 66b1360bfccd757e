# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of other tools: found by their tables, and read to be taken over. They are never written."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of


class Tool(NamedTuple):
    """Another tool's table.

    :ivar columns: those that tell it from a table of the same name.
    :ivar query: in SQL that all databases read; with the table's name put in, it gives (version, name, whether it went
        well) for what is applied.
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
    rows: Tuple[Tuple[Any, ...], ...]


TOOLS = (
    Tool(
        "sqlalchemy-migrate",
        "migrate_version",
        frozenset(["repository_id", "repository_path", "version"]),
        "SELECT CAST(version AS text), repository_id, true FROM {table}",
        up_to=True,
    ),
    Tool(
        "golang-migrate",
        "schema_migrations",
        frozenset(["version", "dirty"]),
        "SELECT CAST(version AS text), NULL, NOT dirty FROM {table}",
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
        "SELECT CAST(t.version_id AS text), NULL, true FROM {table} t WHERE t.is_applied AND t.version_id > 0 "
        "AND t.id = (SELECT max(o.id) FROM {table} o WHERE o.version_id = t.version_id)",
    ),
    Tool(
        "sqlx",
        "_sqlx_migrations",
        frozenset(["version", "description", "success", "checksum"]),
        "SELECT CAST(version AS text), description, success FROM {table}",
    ),
    Tool(
        "Flyway",
        "flyway_schema_history",
        frozenset(["installed_rank", "version", "description", "type", "success"]),
        "SELECT t.version, t.description, t.success FROM {table} t "
        "WHERE t.type NOT LIKE 'UNDO%' AND t.type <> 'DELETE' "
        "AND t.installed_rank = (SELECT max(o.installed_rank) FROM {table} o WHERE o.version = t.version)",
    ),
)


def find(connection: Any, repository_id: Optional[str]) -> Optional[Found]:
    """Look for the table of another tool on this session's search_path.

    :param repository_id: of a repository of sqlalchemy-migrate only this one's row counts.
    :raises HistoryForeign: when the repository's table was written by others only.
    """
    beside = database_of(connection).beside
    tables = beside.other_tables(connection, [tool.table for tool in TOOLS])
    for tool in TOOLS:
        table = next((name for name in tables if name.name == tool.table), None)
        columns = tables[table] if table is not None else frozenset()
        only_these = tool.name != "dbmate" or columns == tool.columns
        if table is not None and tool.columns <= columns and only_these:
            found = Found(tool, tuple(beside.read_other(connection, table, tool.query)))
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
    versions = {model.Version.parse(version): name or "" for version, name, dummy in found.rows}
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

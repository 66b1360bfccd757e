# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other tools whose histories can be taken over: what their tables look like, and how they are read."""

from __future__ import annotations

from typing import FrozenSet, NamedTuple, Optional


class Tool(NamedTuple):
    """Another tool's table.

    :ivar columns: those that tell it from a table of the same name.
    :ivar query: in SQL that all databases read; with the table's name put in, it gives (version, name, whether it went
        well) for what is applied.
    :ivar up_to: the table has one version only, and all up to it are applied.
    :ivar schema: where the tool has its table; None: on the search_path.
    :ivar only: it has no other columns.
    :ivar kind: the kind of the tool's scripts, where others have a table like it.
    :ivar named: that kind has to be the scripts': anybody may have a table of such a name.
    :ivar baseline: gives the version up to which the tool has taken a database over, and run nothing.
    :ivar by_checksum: what stands in the place of versions is the SHA-256 of each script.
    :ivar heads: what stands there are the ends of a graph, and all below them are applied.
    """

    name: str
    table: str
    columns: FrozenSet[str]
    query: str
    up_to: bool = False
    schema: Optional[str] = None
    only: bool = False
    kind: Optional[str] = None
    named: bool = False
    baseline: Optional[str] = None
    by_checksum: bool = False
    heads: bool = False


_FLYWAY = (
    "SELECT t.version, t.description, t.success FROM {table} t "
    "WHERE t.type NOT LIKE 'UNDO%' AND t.type <> 'DELETE' AND t.type NOT LIKE '%BASELINE' "
    "AND t.installed_rank = (SELECT max(o.installed_rank) FROM {table} o WHERE o.version = t.version)"
)
# Taken over as it was (BASELINE), or begun with a B script (SQL_BASELINE, JDBC_BASELINE).
_FLYWAY_BASELINE = "SELECT version FROM {table} WHERE type LIKE '%BASELINE' ORDER BY installed_rank DESC LIMIT 1"

TOOLS = (
    Tool(
        "sqlalchemy-migrate",
        "migrate_version",
        frozenset(["repository_id", "repository_path", "version"]),
        "SELECT version, repository_id, true FROM {table}",
        up_to=True,
    ),
    Tool(
        "golang-migrate",
        "schema_migrations",
        frozenset(["version", "dirty"]),
        "SELECT version, NULL, NOT dirty FROM {table}",
        up_to=True,
    ),
    Tool("dbmate", "schema_migrations", frozenset(["version"]), "SELECT version, NULL, true FROM {table}", only=True),
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
        "SELECT t.version_id, NULL, true FROM {table} t WHERE t.is_applied AND t.version_id > 0 "
        "AND t.id = (SELECT max(o.id) FROM {table} o WHERE o.version_id = t.version_id)",
    ),
    Tool(
        "sqlx",
        "_sqlx_migrations",
        frozenset(["version", "description", "success", "checksum"]),
        "SELECT version, description, success FROM {table}",
    ),
    Tool(
        "Flyway",
        "flyway_schema_history",
        frozenset(["installed_rank", "version", "description", "type", "success"]),
        _FLYWAY,
        baseline=_FLYWAY_BASELINE,
    ),
    # Its table until Flyway 4.
    Tool(
        "Flyway",
        "schema_version",
        frozenset(["installed_rank", "version", "description", "type", "success"]),
        _FLYWAY,
        baseline=_FLYWAY_BASELINE,
    ),
    Tool(
        "tern",
        "schema_version",
        frozenset(["version"]),
        "SELECT version, NULL, true FROM {table} WHERE version > 0",
        up_to=True,
        only=True,
        kind="tern",
    ),
    Tool(
        "maragudk/migrate",
        "migrations",
        frozenset(["version"]),
        "SELECT version, NULL, true FROM {table} WHERE version <> ''",
        up_to=True,
        only=True,
        kind="sql_by_name",
        named=True,
    ),
    Tool(
        "node-pg-migrate",
        "pgmigrations",
        frozenset(["id", "name", "run_on"]),
        "SELECT substring(name from '^[0-9]+'), substring(name from '^[0-9]+_(.*)$'), true FROM {table} "
        "WHERE name ~ '^[0-9]'",
    ),
    Tool(
        "sql-migrate",
        "gorp_migrations",
        frozenset(["id", "applied_at"]),
        "SELECT CASE WHEN id LIKE '%.sql' THEN substr(id, 1, length(id) - 4) ELSE id END, NULL, true FROM {table}",
    ),
    Tool(
        "Prisma",
        "_prisma_migrations",
        frozenset(["migration_name", "finished_at", "rolled_back_at"]),
        "SELECT migration_name, NULL, finished_at IS NOT NULL FROM {table} WHERE rolled_back_at IS NULL",
    ),
    Tool(
        "drizzle",
        "__drizzle_migrations",
        frozenset(["id", "hash", "created_at"]),
        "SELECT hash, NULL, true FROM {table}",
        schema="drizzle",
        by_checksum=True,
    ),
    Tool(
        "the Supabase CLI",
        "schema_migrations",
        frozenset(["version", "statements"]),
        "SELECT version, NULL, true FROM {table}",
        schema="supabase_migrations",
    ),
    # Until config v2 in the database itself; since config v3 one document for all of an instance's databases.
    Tool(
        "Hasura",
        "schema_migrations",
        frozenset(["version", "dirty"]),
        "SELECT version, NULL, NOT dirty FROM {table}",
        schema="hdb_catalog",
        kind="diesel",
        named=True,
    ),
    Tool(
        "Hasura",
        "hdb_version",
        frozenset(["hasura_uuid", "cli_state"]),
        "SELECT m.key, NULL, m.value = 'false' FROM {table}, jsonb_each_text(cli_state #> '{{migrations,default}}') m",
        schema="hdb_catalog",
        kind="diesel",
        named=True,
    ),
    Tool(
        "alembic",
        "alembic_version",
        frozenset(["version_num"]),
        "SELECT version_num, NULL, true FROM {table}",
        only=True,
        kind="alembic",
        named=True,
        heads=True,
    ),
)

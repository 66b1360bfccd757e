# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database has to look like: the scripts run one after the other, without any of the code that is on trial."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.dump import parse_dump
from ansible_collections.pgops.migrations.plugins.module_utils.schema.diff import unified_diff
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import Snapshot
from psycopg2 import sql

from .directories import Directory, version_of

HISTORY = "schema_migrations"
# What neither a clock nor a sequence has a say in: a sequence goes on counting when a transaction is rolled back.
COLUMNS = """
SELECT c.oid::regclass::text, n.nspname, c.relname,
       array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.atttypid IN ('text'::regtype, 'numeric'::regtype))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND c.oid >= 16384
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relname NOT LIKE 'schema_migrations%'
 GROUP BY c.oid, n.nspname, c.relname ORDER BY 1
"""
ROWS = "SELECT ARRAY[{columns}]::text[] FROM {table} ORDER BY 1"


@dataclass(frozen=True)
class State:
    """A database's schema, and its rows by table."""

    schema: Snapshot
    rows: dict[str, list[Any]]

    def differs_from(self, other: State) -> str:
        """Return in what; empty when they are equal."""
        parts = [unified_diff(other.schema, self.schema, 3)] if self.schema.digest() != other.schema.digest() else []
        for table in sorted({*self.rows, *other.rows}):
            here, there = self.rows.get(table, []), other.rows.get(table, [])
            if here != there:
                parts.append(f"{table}: {len(here)} rows {here[:9]}, not {len(there)} rows {there[:9]}")
        return "\n".join(parts)


def state_of(url: str, bindir: str) -> State:
    """Return what is in a database, without the history."""
    command = [os.path.join(bindir, "pg_dump"), "--schema-only", f"--exclude-table={HISTORY}*", f"--dbname={url}"]
    dump = subprocess.run(command, capture_output=True, check=True).stdout
    with session(url) as cursor:
        cursor.execute(COLUMNS)
        tables = {}
        for name, *where, columns in cursor.fetchall():
            chosen = sql.SQL(", ").join(map(sql.Identifier, columns or ()))
            cursor.execute(sql.SQL(ROWS).format(columns=chosen, table=sql.Identifier(*where)))
            tables[name] = cursor.fetchall()
    return State(parse_dump(dump), tables)


@contextmanager
def session(url: str) -> Iterator[Any]:
    """Lend a cursor of a connection in autocommit."""
    with closing(psycopg2.connect(url, application_name="the trial")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def truth(directory: Directory, url: str, bindir: str) -> dict[tuple[int, ...], State]:
    """Run a directory's scripts on an empty database; return what each version leaves, by the versions until then."""
    done: tuple[int, ...] = ()
    states = {done: state_of(url, bindir)}
    for path in directory.scripts():
        _run(path, url, bindir)
        done += (version_of(path),)
        states[done] = state_of(url, bindir)
    return states


def _run(path: Path, url: str, bindir: str) -> None:
    if path.suffix == ".sql":
        command: Sequence[str] = [os.path.join(bindir, "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", f"--file={path}", url]
        subprocess.run(command, check=True, capture_output=True)
        return
    script: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), script)
    with redirect_stdout(io.StringIO()), closing(psycopg2.connect(url)) as connection:
        script["up"](connection.cursor())
        connection.commit()

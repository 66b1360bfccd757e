# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the check of one migration in a large schema, in each place where a rehearsal runs, beside one pg_dump.

A figure is a ratio of medians, of what was measured in turns; a bare task's time is taken away: what Ansible costs is
no part of it. The cluster's cache is emptied before each first time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
from bench_task import Bench, Row, execute, in_turns, timed

TABLES = 10_000
ROUNDS = 3
BATCH = 500  # tables in one transaction: each takes some of the server's locks
SERVER_LIMIT, CLUSTER_LIMIT, AGAIN_LIMIT = 10.0, 8.0, 4.0  # of one pg_dump

# Each is some 55 lines of a dump: a key with its sequence, an index, a foreign key to the one before, a comment.
SCHEMA = """
DO $do$ BEGIN FOR n IN %(first)s .. %(last)s LOOP
    EXECUTE format('CREATE TABLE t%%s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
                                       before bigint REFERENCES t%%s, made timestamptz DEFAULT now())',
                   n, greatest(n - 1, 1));
    EXECUTE format('CREATE INDEX ON t%%s (name)', n);
    EXECUTE format('COMMENT ON TABLE t%%s IS %%L', n, 'the table of number ' || n);
END LOOP; END $do$
"""
MIGRATION = "ALTER TABLE t1 ADD note text;\n"


def run(dsn: str, pg_dump: str, tables: int, rounds: int) -> list[Row]:
    """Measure everything; return one row for each place."""
    with tempfile.TemporaryDirectory() as directory, closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        for first in range(1, tables + 1, BATCH):
            last = min(first + BATCH - 1, tables)
            with connection.cursor() as cursor:
                cursor.execute(SCHEMA % {"first": first, "last": last})
        return measure(Bench(dsn, "psql", Path(directory), 0), dsn, pg_dump, Path(directory), rounds)


def measure(bench: Bench, dsn: str, pg_dump: str, directory: Path, rounds: int) -> list[Row]:
    """Measure on a schema that is there."""
    (bench.migrations / "1_note.up.sql").write_text(MIGRATION)
    cache = directory / "cache"
    os.environ["XDG_CACHE_HOME"] = str(cache)

    def check(where: str) -> Callable[[], float]:
        arguments = {"on_nonempty": "ignore", "rehearsal": "required", "rehearsal_on": where}
        return lambda: bench.migrate(dsn, "--check", **arguments)

    def first() -> float:
        shutil.rmtree(cache, ignore_errors=True)
        return check("cluster")()

    dump = [pg_dump, "--schema-only", "--file", str(directory / "dump.sql"), "--dbname", dsn]
    times = in_turns(
        rounds,
        {
            "dump": lambda: timed(lambda: execute(dump)),
            "bare": lambda: bench.bare(dsn),
            "server": check("server"),
            "cluster": first,
            "again": check("cluster"),
        },
    )
    rows = (
        ("on its server", "server", SERVER_LIMIT),
        ("in a cluster, the first time", "cluster", CLUSTER_LIMIT),
        ("in a cluster, once more", "again", AGAIN_LIMIT),
    )
    what = "check of one migration %s: %.1f s / one pg_dump: %.1f s"
    return [
        Row(what % (where, times[key], times["dump"]), (times[key] - times["bare"]) / times["dump"], limit)
        for where, key, limit in rows
    ]


def main() -> int:
    """Print the rows; return 1 when a figure is over its limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dsn", required=True, help="URL or DSN of an empty database on the server to measure on")
    parser.add_argument("--pg-dump", default="pg_dump")
    parser.add_argument("--psql", help="not needed here")
    parser.add_argument("--tables", type=int, default=TABLES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    rows = run(options.dsn, options.pg_dump, options.tables, options.rounds)
    print(*rows, sep="\n")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

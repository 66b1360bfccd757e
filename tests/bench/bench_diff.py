# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a diff of two snapshots of a large schema beside one pg_dump of it, in time and in memory."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / ".collections"))

from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.dump import parse_dump  # noqa: E402
from ansible_collections.pgops.migrations.plugins.module_utils.schema.diff import unified_diff  # noqa: E402

TIME_LIMIT = 0.5  # of one pg_dump
MEMORY_LIMIT = 6.0  # times the size of one dump
RUNS = 3
CHANGED = 20
BATCH = 500  # tables in one transaction: each takes some of the server's locks

TABLES = """
DO $do$ BEGIN FOR n IN {first} .. {last} LOOP
    EXECUTE format(
        'CREATE TABLE t%1$s (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL DEFAULT %2$L,
            amount numeric(12, 2), made timestamptz NOT NULL DEFAULT now(), parent bigint %3$s %4$s)',
        n, 'no name; ' || n, CASE WHEN n % 3 = 1 THEN 'REFERENCES t' || n - 1 END,
        CASE WHEN n % 2 = 0 THEN ', note text' END);
    EXECUTE format('CREATE INDEX t%1$s_made ON t%1$s (made)', n);
    IF n % 4 = 0 THEN
        EXECUTE format('COMMENT ON TABLE t%1$s IS %2$L', n, 'it''s the table of number ' || n);
    END IF;
END LOOP; END $do$
"""
CHANGES = """
DO $do$ BEGIN FOR n IN 0 .. {last} BY {step} LOOP
    EXECUTE format('ALTER TABLE t%s ADD extra text', n);
END LOOP; END $do$
"""
CREATE_DATABASE = "CREATE DATABASE {name}"
DROP_DATABASE = "DROP DATABASE {name}"


@dataclass(frozen=True)
class Row:
    """Hold one figure: what was measured, as what ratio, and the most that this may be."""

    what: str
    ratio: float
    limit: float

    @property
    def passed(self) -> bool:
        """Tell whether the figure is within its limit."""
        return self.ratio <= self.limit

    def __str__(self) -> str:
        return "%s\t%.2f x\t%.2f x\t%s" % (self.what, self.ratio, self.limit, "ok" if self.passed else "OVER")


def run(dsn: str, pg_dump: str, tables: int = 10_000) -> list[Row]:
    """Build the tables in a database of their own, measure, drop it; return a row for time and one for memory."""
    with tempfile.TemporaryDirectory() as directory, own_database(dsn) as own:
        before, after = os.path.join(directory, "before.sql"), os.path.join(directory, "after.sql")
        for first in range(0, tables, BATCH):
            execute(own, TABLES, first=first, last=min(first + BATCH, tables) - 1)
        dumping = timed(lambda: dump(pg_dump, own, before))
        execute(own, CHANGES, last=tables - 1, step=max(tables // CHANGED, 1))
        dump(pg_dump, own, after)
        comparing = timed(lambda: compare(before, after))
        size = os.path.getsize(before)
        memory = int(subprocess.check_output([sys.executable, __file__, "--memory-of", before, after]))
    return [
        Row("%d tables: diff %.2f s, pg_dump %.2f s" % (tables, comparing, dumping), comparing / dumping, TIME_LIMIT),
        Row("its peak memory %.0f MB, the dump %.0f MB" % (memory / 1e6, size / 1e6), memory / size, MEMORY_LIMIT),
    ]


@contextmanager
def own_database(dsn: str) -> Iterator[str]:
    """Make a database beside the given one, for a while; give its DSN."""
    from psycopg2.extensions import make_dsn

    name = "bench_diff_%d" % os.getpid()
    execute(dsn, CREATE_DATABASE, name=name)
    try:
        yield make_dsn(dsn, dbname=name)
    finally:
        execute(dsn, DROP_DATABASE, name=name)


def execute(dsn: str, statement: str, **words: object) -> None:
    """Run one of the statements above, with its words put in: numbers, and a name of our own."""
    import psycopg2

    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement.format(**words))


def dump(pg_dump: str, dsn: str, path: str) -> None:
    """Dump a schema into a file."""
    subprocess.run([pg_dump, "--schema-only", "--file=" + path, "--dbname=" + dsn], check=True)


def compare(before: str, after: str) -> None:
    """Do what is measured: from two dumps' files to the diff."""
    first = parse_dump(Path(before).read_bytes())
    second = parse_dump(Path(after).read_bytes(), first)
    if not unified_diff(first, second):
        raise SystemExit("the change doesn't show: what was measured is no diff")


def timed(action: Callable[[], None]) -> float:
    """Return the median of the seconds that some runs take."""
    seconds = []
    for _run in range(RUNS):
        start = perf_counter()
        action()
        seconds.append(perf_counter() - start)
    return median(seconds)


def memory_of(before: str, after: str) -> int:
    """Return by how many bytes this process grew at most in a comparison."""
    start = memory("VmRSS")
    compare(before, after)
    return memory("VmHWM") - start


def memory(field: str) -> int:
    """Return what Linux says of this process; the peak of getrusage would be that of the parent, too."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith(field + ":"))
    return int(line.split()[1]) * 1024


def main() -> int:
    """Print one line a figure, in fields with tabs between; return 1 when one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", default="", help="a server that may be given a database; default: libpq's own")
    parser.add_argument("--pg-dump", default="pg_dump", metavar="PATH")
    parser.add_argument("--psql", help="not needed here")
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--memory-of", nargs=2, metavar="DUMP", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        print(memory_of(*options.memory_of))
        return 0
    rows = run(options.dsn, options.pg_dump, options.tables)
    for row in rows:
        print(row)
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

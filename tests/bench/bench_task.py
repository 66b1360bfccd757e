# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure whole pg_migrate tasks beside a task that only connects, and beside psql running the same SQL.

A figure is a ratio of medians. What is compared is measured in turns, so that both meet the same load of the machine,
and always on a database of its own, with a checkpoint just behind it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import psycopg2
from psycopg2.extensions import make_dsn

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE = Path(sys.executable).with_name("ansible")
BARE_MODULES = ROOT / "tests" / "bench" / "modules"

NOTHING_LIMIT = 1.25  # of a bare task
PENDING_LIMIT = 1.15  # of psql and a bare task
SCRIPTS = 1000
MANY_SCRIPTS = 10_000
ROUNDS = 7

# One migration: its two statements.
STATEMENTS = (
    "CREATE TABLE t%(n)d (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);",
    "INSERT INTO t%(n)d (name) VALUES ('the first row of table %(n)d');",
)
DOWN = "DROP TABLE t%(n)d;"

# What psql runs: the tables that pg_migrate makes, and for each migration the rows that it writes.
HISTORY = """
CREATE TABLE schema_migrations (
  version text NOT NULL, applied timestamptz DEFAULT now());
CREATE TABLE schema_migrations_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, logged timestamptz NOT NULL DEFAULT clock_timestamp(),
  event text NOT NULL, version text, name text, duration_ms bigint, done_by text, done_from text,
  collection_version text, detail text, checksum text, applied timestamptz);
"""
MIGRATION = """BEGIN;
{statements}
INSERT INTO schema_migrations (version, applied) VALUES ('{version}', clock_timestamp());
INSERT INTO schema_migrations_log (event, version, name, duration_ms, done_by, done_from, collection_version, checksum,
                                   applied)
VALUES ('applied', '{version}', '{name}', 3, session_user, 'localhost', '0.1.0', repeat('0', 64), clock_timestamp());
COMMIT;
"""

APPLIED = "SELECT (SELECT count(*) FROM schema_migrations), (SELECT count(*) FROM schema_migrations_log)"
TABLES = "SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[0-9]+$'"


@dataclass(frozen=True)
class Row:
    """Hold one figure: what was measured, as what ratio, and the most that it may be; None: it is only told."""

    what: str
    figure: float
    limit: float | None = None

    @property
    def passed(self) -> bool:
        """Tell whether the figure is within its limit."""
        return self.limit is None or self.figure <= self.limit

    def __str__(self) -> str:
        limit = "-" if self.limit is None else "<= %.2fx" % self.limit
        verdict = "over" if not self.passed else "ok" if self.limit else "told"
        return "%s\t%.2fx\t%s\t%s" % (self.what, self.figure, limit, verdict)


class Bench:
    """The server, the migrations on disk, and the commands that are measured."""

    def __init__(self, dsn: str, psql: str, directory: Path, scripts: int) -> None:
        self.dsn, self.psql, self.scripts = dsn, psql, scripts
        self.migrations = directory / "migrations"
        self.sql_file = directory / "all.sql"
        self.name = "bench_task_%d" % os.getpid()
        write_scripts(self.migrations, self.sql_file, scripts)

    @property
    def url(self) -> str:
        """Return the URL of the database that is lent, for tools that take nothing else."""
        return self.dsn.rpartition("/")[0] + "/" + self.name

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """Lend a new, empty database, and let the server first finish what it still has to write."""
        self._administer("CREATE DATABASE %s" % self.name, "CHECKPOINT")
        try:
            yield str(make_dsn(self.dsn, dbname=self.name))
        finally:
            self._administer("DROP DATABASE %s WITH (FORCE)" % self.name, "CHECKPOINT")

    def bare(self, dsn: str) -> float:
        """Return how long a task takes that only connects."""
        return self._task(["--module-path", str(BARE_MODULES), "-m", "bare_select"], {"url": dsn})

    def migrate(self, dsn: str, *options: str, **arguments: str) -> float:
        """Return how long a task of pg_migrate takes.

        :param options: of the program ansible.
        :param arguments: of the module.
        """
        return self._ours("pg_migrate", dsn, *options, **arguments)

    def info(self, dsn: str, **arguments: str) -> float:
        """Return how long a task of pg_migration_info takes."""
        return self._ours("pg_migration_info", dsn, **arguments)

    def by_psql(self, dsn: str) -> float:
        """Return how long psql takes to run the same SQL in one session."""
        command = [self.psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(self.sql_file), "-d", dsn]
        return timed(lambda: execute(command))

    def expect(self, dsn: str, migrations: int) -> None:
        """Refuse a measurement of something that did not do its work."""
        found = query(dsn, TABLES) + (query(dsn, APPLIED) if migrations else ())
        if set(found) != {migrations}:
            raise SystemExit("%d migrations should stand, but the database has %s" % (migrations, found))

    def _ours(self, module: str, dsn: str, *options: str, **arguments: str) -> float:
        return self._task(["-m", module, *options], {"url": dsn, "migrations_dir": str(self.migrations), **arguments})

    def _task(self, options: list[str], arguments: dict[str, str]) -> float:
        command = [str(ANSIBLE), "localhost", *options, "-a", json.dumps(arguments)]
        return timed(lambda: execute(command))

    def _administer(self, *statements: str) -> None:
        with closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)


def run(dsn: str, psql: str, scripts: int = SCRIPTS, rounds: int = ROUNDS) -> list[Row]:
    """Measure everything; return one row for each figure."""
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(dsn, psql, Path(directory), scripts)
        many = Bench(dsn, psql, Path(directory) / "many", MANY_SCRIPTS)
        return [*nothing_pending(bench, 2 * rounds), *all_pending(bench, rounds), *many_applied(many, rounds)]


def nothing_pending(bench: Bench, rounds: int) -> list[Row]:
    """Measure a task that has nothing to do."""
    with bench.database() as dsn:
        bench.migrate(dsn)
        bench.expect(dsn, bench.scripts)
        times = in_turns(rounds, {"bare": lambda: bench.bare(dsn), "task": lambda: bench.migrate(dsn)})
        bench.expect(dsn, bench.scripts)
    task, bare = times["task"], times["bare"]
    what = "nothing pending, %d on disk: %.2f s / a bare task: %.2f s" % (bench.scripts, task, bare)
    return [Row(what, task / bare, NOTHING_LIMIT)]


def all_pending(bench: Bench, rounds: int) -> list[Row]:
    """Measure tasks that have all scripts to apply, and psql with the same."""

    def fresh(action: Callable[[str], float], migrations: int) -> Callable[[], float]:
        def measure() -> float:
            with bench.database() as dsn:
                seconds = action(dsn)
                bench.expect(dsn, migrations)
                return seconds

        return measure

    times = in_turns(
        rounds,
        {
            "bare": fresh(bench.bare, 0),
            "psql": fresh(bench.by_psql, bench.scripts),
            "task": fresh(bench.migrate, bench.scripts),
            "diff": fresh(lambda dsn: bench.migrate(dsn, "--diff"), bench.scripts),
            "check": fresh(lambda dsn: bench.migrate(dsn, "--check"), 0),
        },
    )
    base = times["psql"] + times["bare"]
    of = "psql + a bare task: %.2f + %.2f s" % (times["psql"], times["bare"])
    return [
        Row("%d pending: %.2f s / %s" % (bench.scripts, times["task"], of), times["task"] / base, PENDING_LIMIT),
        Row("the same with --diff: %.2f s" % times["diff"], times["diff"] / base),
        Row("the same in check mode: %.2f s" % times["check"], times["check"] / base),
    ]


def many_applied(bench: Bench, rounds: int) -> list[Row]:
    """Measure tasks that have nothing to do on a long history, recorded as a baseline since that takes less time."""
    with bench.database() as dsn:
        bench.migrate(dsn, baseline_version="latest")
        times = in_turns(
            rounds,
            {
                "bare": lambda: bench.bare(dsn),
                "task": lambda: bench.migrate(dsn),
                "info": lambda: bench.info(dsn),
                "pending": lambda: bench.info(dsn, only="pending"),
            },
        )
        if query(dsn, APPLIED)[0] != bench.scripts:
            raise SystemExit("not all of the %d migrations are recorded" % bench.scripts)
    bare = times["bare"]
    on_disk = "%d on disk: %%.2f s / a bare task: %.2f s" % (bench.scripts, bare)
    return [
        Row("nothing pending, " + on_disk % times["task"], times["task"] / bare),
        Row("info, only pending, " + on_disk % times["pending"], times["pending"] / bare),
        Row("info, " + on_disk % times["info"], times["info"] / bare),
    ]


def in_turns(rounds: int, actions: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Return the median of each action's seconds; the first round only warms up."""
    times: dict[str, list[float]] = {name: [] for name in actions}
    for number in range(rounds + 1):
        for name, action in actions.items():
            seconds = action()
            if number:
                times[name].append(seconds)
    return {name: median(found) for name, found in times.items()}


def write_scripts(directory: Path, sql_file: Path, count: int) -> None:
    """Write the migrations as pairs, and the same as one file for psql."""
    directory.mkdir(parents=True)
    parts = [HISTORY]
    for n in range(1, count + 1):
        version, name = "%d" % (20200101000000 + n), "create_t%d" % n
        statements = "\n".join(STATEMENTS) % {"n": n}
        (directory / ("%s_%s.up.sql" % (version, name))).write_text(statements + "\n")
        (directory / ("%s_%s.down.sql" % (version, name))).write_text(DOWN % {"n": n} + "\n")
        parts.append(MIGRATION.format(statements=statements, version=version, name=name))
    sql_file.write_text("".join(parts))


def query(dsn: str, statement: str) -> tuple[int, ...]:
    """Return the first row."""
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return tuple(cursor.fetchone() or ())


def execute(command: list[str]) -> None:
    """Run a command as from a shell in the checkout; end with what it said when it fails."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit("%s failed:\n%s" % (command[0], (done.stdout + done.stderr)[-4000:]))


def timed(action: Callable[[], object]) -> float:
    """Return how long an action takes, in seconds."""
    start = perf_counter()
    action()
    return perf_counter() - start


def main() -> int:
    """Print the rows; return 1 when a figure is over its limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dsn", required=True, help="URL or DSN of a database on the server to measure on")
    parser.add_argument("--pg-dump", help="not needed here: pg_migrate finds its own")
    parser.add_argument("--psql", default="psql")
    parser.add_argument("--scripts", type=int, default=SCRIPTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    rows = run(options.dsn, options.psql, options.scripts, options.rounds)
    print(*rows, sep="\n")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

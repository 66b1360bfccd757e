# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure pg_migrate on many databases: beside a loop, beside a host for each, and what one database more costs.

A figure is a ratio of medians of the same run, with the start of Ansible taken off where a task is meant.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from bench_task import BARE_MODULES, ROOT, Row, execute, in_turns, timed
from psycopg2.extensions import make_dsn

PROGRAM = Path(sys.executable).with_name("ansible-playbook")
COUNT, MORE, ALIKE = 60, 240, 200
ROUNDS = 3
LOOP_LIMIT, HOSTS_LIMIT = 1 / 10, 1 / 4
ANOTHER_LIMIT, REHEARSED_LIMIT = 1 / 25, 1 / 50
TABLES = 40  # of a database, beside those of its migrations
SCRIPTS = 5
PLAY = "- hosts: {hosts}\n  gather_facts: false\n  tasks:\n"


class Bench:
    """A server with many databases, the scripts, and the plays that are measured."""

    def __init__(self, dsn: str, directory: Path) -> None:
        self.dsn, self.directory, self.prefix = dsn, directory, "bench_many_%d_" % os.getpid()
        self.scripts = directory / "migrations"
        self.scripts.mkdir()
        for number in range(1, SCRIPTS + 1):
            (self.scripts / f"{number}_t.up.sql").write_text(f"CREATE TABLE t{number} (id bigint PRIMARY KEY);\n")

    @contextmanager
    def databases(self, count: int) -> Iterator[list[str]]:
        """Lend databases that are alike."""
        names = [f"{self.prefix}{number:04}" for number in range(count)]
        tables = ";".join(
            f"CREATE TABLE o{n} (id bigint PRIMARY KEY, name text, at timestamptz)" for n in range(TABLES)
        )
        try:
            self._administer(f"CREATE DATABASE {names[0]}")
            with closing(psycopg2.connect(make_dsn(self.dsn, dbname=names[0]))) as connection:
                connection.cursor().execute(tables)
                connection.commit()
            self._administer(*(f"CREATE DATABASE {name} TEMPLATE {names[0]}" for name in names[1:]), "CHECKPOINT")
            yield names
        finally:
            self._administer(*(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in names))

    def play(self, task: dict[str, object], hosts: str = "localhost", *options: str) -> float:
        """Return how long a play with one task takes."""
        path = self.directory / "play.yml"
        path.write_text(PLAY.format(hosts=hosts) + "    - " + json.dumps(task))
        return timed(lambda: execute([str(PROGRAM), str(path), *options]))

    def bare(self) -> float:
        """Return how long a play takes whose task only connects."""
        return self.play({"bare_select": {"url": self.dsn}}, "localhost", "--module-path", str(BARE_MODULES))

    def nothing(self) -> float:
        """Return how long a play takes whose task does nothing."""
        return self.play({"ansible.builtin.meta": "noop"})

    def together(self, names: list[str], *options: str) -> float:
        """Return how long a play takes that migrates these in one task."""
        return self.play(self._task(self.dsn, databases={"names": names}), "localhost", *options)

    def in_a_loop(self, names: list[str]) -> float:
        """Return how long a play takes that migrates them one after the other."""
        return self.play({**self._task(self._url("{{ item }}")), "loop": names})

    def as_hosts(self, names: list[str]) -> float:
        """Return how long a play takes in which each is a host, twenty at a time."""
        inventory = self.directory / "hosts.ini"
        inventory.write_text("[many]\n" + "".join(f"{name} ansible_connection=local\n" for name in names))
        task = self._task(self._url("{{ inventory_hostname }}"))
        return self.play(task, "many", "-i", str(inventory), "-f", "20")

    def _url(self, name: str) -> str:
        return self.dsn.rpartition("/")[0] + "/" + name

    def _task(self, url: str, **more: object) -> dict[str, object]:
        options = {"url": url, "migrations_dir": str(self.scripts), "on_nonempty": "ignore", **more}
        return {"pgops.migrations.pg_migrate": options}

    def _administer(self, *statements: str) -> None:
        with closing(psycopg2.connect(self.dsn)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for statement in statements:
                cursor.execute(statement)


def nothing_pending(bench: Bench) -> Iterator[Row]:
    """Measure databases in which nothing is to be done."""
    with bench.databases(MORE) as names:
        bench.together(names)
        few = names[:COUNT]
        times = in_turns(
            ROUNDS,
            {
                "nothing": bench.nothing,
                "bare": bench.bare,
                "few": lambda: bench.together(few),
                "many": lambda: bench.together(names),
            },
        )
        others = in_turns(1, {"loop": lambda: bench.in_a_loop(few), "hosts": lambda: bench.as_hosts(few)})
        kilobytes = {each: most_memory(lambda each=each: bench.together(names[:each])) for each in (1, COUNT, MORE)}
    start, task = times["nothing"], times["few"] - times["nothing"]
    yield Row(
        "%d databases: %.2f s / a loop: %.1f s" % (COUNT, task, others["loop"] - start),
        task / (others["loop"] - start),
        LOOP_LIMIT,
    )
    hosts = others["hosts"] - start
    yield Row("the same / as hosts, 20 forks: %.1f s" % hosts, task / hosts, HOSTS_LIMIT)
    another = (times["many"] - times["few"]) / (MORE - COUNT)
    bare = times["bare"] - start
    what = "one database more: %.1f ms / a task that only connects: %.2f s" % (another * 1000, bare)
    yield Row(what, another / bare, ANOTHER_LIMIT)
    told = ", ".join("%d databases: %.0f MB" % (each, found / 1024) for each, found in kilobytes.items())
    yield Row("memory of the module and its workers (%s)" % told, kilobytes[MORE] / kilobytes[COUNT], 1.25)


def check_mode(bench: Bench) -> Iterator[Row]:
    """Measure the check of databases that are alike."""
    with bench.databases(ALIKE) as names:
        times = in_turns(
            ROUNDS,
            {
                "bare": bench.bare,
                "one": lambda: bench.together(names[:1], "--check"),
                "all": lambda: bench.together(names, "--check"),
            },
        )
    rehearsal = times["one"] - times["bare"]
    another = (times["all"] - times["one"]) / (ALIKE - 1)
    what = "check mode, one alike more: %.1f ms / a rehearsal: %.2f s" % (another * 1000, rehearsal)
    yield Row(what, another / rehearsal, REHEARSED_LIMIT)


def most_memory(action: Callable[[], object]) -> float:
    """Return the most that the module and its workers have at once while an action runs, in kB of their own share."""
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.01):
            most = max(most, sum(map(_share, Path("/proc").glob("[0-9]*"))))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        action()
    finally:
        done.set()
        thread.join()
    return most


def _share(process: Path) -> int:
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        if len(words) < 2 or b"AnsiballZ_pg_migrate" not in words[1]:
            return 0
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def main() -> int:
    """Print the rows; return 1 when a figure is over its limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dsn", required=True, help="URL of a database on the server to measure on")
    parser.add_argument("--pg-dump", help="not needed here: pg_migrate finds its own")
    parser.add_argument("--psql", help="not needed here")
    options = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(options.dsn, Path(directory))
        rows = [*nothing_pending(bench), *check_mode(bench)]
    print(*rows, sep="\n")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

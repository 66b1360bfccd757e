# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One trial: a run, a fault in the middle of it, the runs after it, and what has to be true then."""

from __future__ import annotations

import glob
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg2
import server as throwaway
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import cluster_directory

from ..power import Power
from .cases import Case, Fault, Outcome
from .directories import MAKERS, Directory
from .network import Network
from .process import Result, Task
from .truth import State, session, state_of, truth

# A server that is shut down at once has to have what it said was committed.
SETTINGS = ("synchronous_commit = on",)
PATIENCE = 30.0  # seconds, until what a dead client has left on the server has to be gone

RECORDED = "SELECT version FROM schema_migrations WHERE applied IS NOT NULL"
UNFINISHED = """
SELECT count(*) FROM (SELECT DISTINCT ON (version) event FROM schema_migrations_log
                       WHERE event <> 'failed' ORDER BY version, id DESC) AS last WHERE event = 'started'
"""
RAN_TWICE = """
SELECT version FROM schema_migrations_log WHERE event = 'applied' GROUP BY version HAVING count(*) > 1
UNION SELECT version FROM schema_migrations GROUP BY version HAVING count(*) > 1
"""
HAS_HISTORY = "SELECT to_regclass('schema_migrations') IS NOT NULL"
VICTIMS = """
SELECT pid FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND (application_name LIKE 'pg_migrate%' OR application_name = 'psql')
"""
OTHERS = """
SELECT pid, state, application_name, query FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
LEFT_BEHIND = {
    "a scratch database": "SELECT datname FROM pg_database WHERE datname LIKE 'pgops_rehearsal_%'",
    "a lock": "SELECT pid, objid FROM pg_locks WHERE locktype = 'advisory'",
    "a session": OTHERS,
    "a temporary file of the server's": "SELECT name FROM pg_ls_tmpdir()",
    "a prepared transaction": "SELECT gid FROM pg_prepared_xacts",
}


class Wrong(Exception):
    """Something isn't as it has to be after a trial."""


class Field:
    """Where the trials take place: one server, and what its databases have to look like."""

    def __init__(self, server: throwaway.Server, below: Path) -> None:
        """Take a server of one's own, and an empty directory."""
        self.server, self.below = server, below
        self.power = Power(server)
        self._truths: dict[str, dict[tuple[int, ...], State]] = {}
        self._times: dict[tuple[str, bool, bool], float] = {}

    def truth(self, name: str) -> dict[tuple[int, ...], State]:
        """Return what each version of a directory has to leave."""
        if name not in self._truths:
            directory = MAKERS[name](self.below / f"truth_{name}")
            with self._database(f"truth_{name}") as url:
                self._truths[name] = truth(directory, url, self.server.bindir)
        return self._truths[name]

    def seconds(self, case: Case) -> float:
        """Return how long a run takes that nothing disturbs."""
        kind = (case.directory, case.checking, case.in_cluster)
        if kind not in self._times:
            directory = MAKERS[case.directory](self.below / "time_{}_{}_{}".format(*kind))
            with self._database("undisturbed") as url:
                begun = time.monotonic()
                result = self.start(directory, url, case.checking, in_cluster=case.in_cluster).result()
                self._times[kind] = time.monotonic() - begun
            if not result.ok:
                raise Wrong(f"undisturbed: {result}")
        return self._times[kind]

    def start(
        self, directory: Directory, url: str, checking: bool = False, retry: bool = False, in_cluster: bool = False
    ) -> Task:
        """Start a run."""
        options = {
            "url": url,
            "migrations_dir": [str(place) for place in directory.places],
            "on_interrupted": "retry" if retry else "fail",
            "rehearsal": "required" if checking else "auto",
            "on_drift": "fail",
            "rehearsal_on": "cluster" if in_cluster else "auto",
        }
        home = directory.places[0].parent / "tmp"
        home.mkdir(exist_ok=True)
        return Task(self.server.bindir, home, options, checking)

    def _database(self, name: str) -> _Database:
        return _Database(self.server, name)


class _Database:
    def __init__(self, server: throwaway.Server, name: str) -> None:
        self.server, self.name = server, name

    def __enter__(self) -> str:
        self.server.drop_database(self.name)
        return self.server.create_database(self.name)

    def __exit__(self, *exc: object) -> None:
        self.server.drop_database(self.name)


class Trial:
    """One of them, on its way."""

    def __init__(self, ground: Field, case: Case) -> None:
        self.ground, self.case, self.outcome = ground, case, Outcome(case)
        self.database = f"trial_{case.number}"
        self.below = ground.below / self.database
        self.below.mkdir()
        self.directory = MAKERS[case.directory](self.below)
        self.truth = ground.truth(case.directory)

    def run(self) -> Outcome:
        """Go through it. A database that isn't as it has to be is left as it is."""
        try:
            self.url = self.ground.server.create_database(self.database)
            self._disturbed_run()
            self._wait_for_silence()
            self._compare(halfway=True)
            self._go_on()
            self._compare(halfway=False)
            self.ground.server.drop_database(self.database)
        except Exception as error:
            self.outcome.wrong = f"{type(error).__name__}: {error}"
        return self.outcome

    def _disturbed_run(self) -> None:
        case, port = self.case, self.ground.server.port
        seconds = self.ground.seconds(case)
        network = Network(port) if case.fault is Fault.CUT else None
        if case.failing and self.directory.fail:
            self.directory.fail(case.failing, True)
        before = self.directory.content()
        with session(self.ground.server.url()) as watcher:
            task = self._start(self.url.replace(f":{port}/", f":{network.port}/") if network else self.url)
            time.sleep(case.moment * seconds)
            alive = task.process.poll() is None
            hit = self._strike(task, watcher, network)
        result = task.result()
        self._note(result)
        self.outcome.interrupted = alive and hit and not result.ok and result.kind != "script_failed"
        self.said = [int(version.replace("-", "")) for version in result.applied] if not case.checking else []
        require(self.directory.content() == before, "the run has left files beside the scripts")
        if case.failing and self.directory.fail:
            self.directory.fail(case.failing, False)

    def _start(self, url: str) -> Task:
        return self.ground.start(self.directory, url, self.case.checking, in_cluster=self.case.in_cluster)

    def _strike(self, task: Task, watcher: psycopg2.extensions.cursor, network: Network | None) -> bool:
        """Let it happen; return whether there was anything for it to hit."""
        fault = self.case.fault
        if fault is Fault.KILL_MODULE:
            task.kill()
        elif fault is Fault.SHUT_DOWN:
            self.ground.power.off()
            self.ground.power.on()
        elif network is not None:
            network.cut()
        else:
            return self._strike_backend(task, watcher)
        return True

    def _strike_backend(self, task: Task, watcher: psycopg2.extensions.cursor) -> bool:
        """Hit one of the task's sessions, as soon as there is any."""
        victims: list[object] = []
        while not victims and task.process.poll() is None:
            victims = values(watcher, VICTIMS)
        if not victims:
            return False
        victim = random.Random(self.case.moment).choice(victims)
        if self.case.fault is Fault.TERMINATE_BACKEND:
            watcher.execute("SELECT pg_terminate_backend(%s)", [victim])
        else:
            with suppress(ProcessLookupError):
                os.kill(int(str(victim)), signal.SIGKILL)
        return True

    def _wait_for_silence(self) -> None:
        """Wait until the server is there again, and done with what the dead have left to it."""
        until(self._is_silent, "sessions of a dead client go on")

    def _is_silent(self) -> bool:
        with suppress(psycopg2.Error), session(self.ground.server.url()) as cursor:
            cursor.execute(OTHERS)
            return not cursor.fetchall()
        return False

    def _go_on(self) -> None:
        """Run again until all is done, as a person would who reads the messages."""
        if self.case.checking:
            result = self._again(checking=True)
            require(result.ok, f"the next rehearsal: {result}")
        result = self._again()
        if result.kind == "interrupted":
            result = self._again(retry=True)
        require(result.ok, f"the next run: {result}")
        last = self._again()
        require(last.ok and not last.said["changed"], f"a run that has nothing to do: {last}")

    def _again(self, checking: bool = False, retry: bool = False) -> Result:
        in_cluster = checking and self.case.in_cluster
        result = self.ground.start(self.directory, self.url, checking, retry, in_cluster).result()
        self._note(result)
        return result

    def _note(self, result: Result) -> None:
        self.outcome.runs.append(str(result))

    def _compare(self, halfway: bool) -> None:
        """Compare what is there with what the recorded history gives."""
        with session(self.url) as cursor:
            cursor.execute(HAS_HISTORY)
            begun = cursor.fetchone() == (True,)
            recorded = values(cursor, RECORDED) if begun else []
            unfinished = begun and values(cursor, UNFINISHED) != [0]
            twice = values(cursor, RAN_TWICE) if begun else []
        versions = tuple(sorted(int(version.replace("-", "")) for version in recorded))
        require(not twice, f"ran twice: {twice}")
        require(set(self.said) <= set(versions), f"said to be applied, and not recorded: {self.said}, {versions}")
        if halfway and unfinished:
            return  # a script outside a transaction is half done, and the next run says so
        require(halfway or versions == max(self.truth, key=len), f"only {versions} are recorded in the end")
        differs = state_of(self.url, self.ground.server.bindir).differs_from(self.truth[versions])
        when = "after the fault" if halfway else "in the end"
        require(not differs, f"{when}, with {len(versions)} recorded:\n{differs}")
        if not halfway:
            self._nothing_left()

    def _nothing_left(self) -> None:
        with session(self.ground.server.url()) as cursor:
            for what, query in LEFT_BEHIND.items():
                for _wait in range(100):  # a session that has ended is listed for a moment still
                    cursor.execute(query)
                    found = cursor.fetchall()
                    if not found:
                        break
                    time.sleep(0.1)
                require(not found, f"left behind: {what}: {found}")
        left = [*(self.below / "tmp").iterdir(), *(path for path in clusters() if cluster_directory.is_abandoned(path))]
        require(not left, f"left behind: {left}")


def clusters() -> Iterator[str]:
    """Yield the directories of throwaway clusters, whosever they are."""
    for place in dict.fromkeys([tempfile.gettempdir(), cluster_directory.SHORT, cluster_directory.MEMORY]):
        yield from glob.glob(f"{place}/{cluster_directory.PREFIX}*")


def values(cursor: psycopg2.extensions.cursor, query: str) -> list[object]:
    """Return the first column of an answer."""
    cursor.execute(query)
    return [row[0] for row in cursor.fetchall()]


def require(condition: bool, message: str) -> None:
    """Say what is wrong, unless it isn't.

    Raises: Wrong.
    """
    if not condition:
        raise Wrong(message)


def until(condition: Callable[[], bool], message: str) -> None:
    """Wait for something that has to come.

    Raises: Wrong.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        require(time.monotonic() < deadline, message)
        time.sleep(0.05)

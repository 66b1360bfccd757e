# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trials on a fleet: one task on many databases, a fault in the middle of it, and the runs after it."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path

import psycopg2
import server as throwaway

from .cases import STARTED
from .directories import MAKERS
from .others import Outcome
from .process import Result, Task
from .trial import HAS_HISTORY, OTHERS, RAN_TWICE, RECORDED, UNFINISHED, VICTIMS, Wrong, require, until, values
from .truth import session, state_of, truth

DATABASES = 30
DIRECTORY = "mixed"


class Fault(Enum):
    """What happens."""

    KILL_MODULE = "the module killed"
    KILL_WORKER = "a worker killed"
    INTERRUPT = "Ctrl-C"
    TERMINATE_BACKEND = "a backend terminated"


class Trials:
    """Trials on one server, with one directory of scripts."""

    def __init__(self, server: throwaway.Server, below: Path, count: int = DATABASES) -> None:
        """Write the scripts, and play them for what each version has to leave; time a run that nothing disturbs."""
        self.server, self.below, self.count = server, below, count
        self.directory = MAKERS[DIRECTORY](below / "scripts")
        self.truth = truth(self.directory, server.create_database("fleet_truth"), server.bindir)
        server.drop_database("fleet_truth")
        begun = time.monotonic()
        names = self._create("undisturbed")
        result = self._start(names).result()
        self.seconds = time.monotonic() - begun
        if not result.ok:
            raise Wrong(f"undisturbed: {result}")
        self._drop(names)

    def run(self, number: int, seed: int) -> Outcome:
        """Go through one."""
        chance = random.Random(f"{seed}/{number}")
        outcome = Outcome(list(Fault)[number % len(Fault)], chance.uniform(STARTED, 1))
        try:
            names = self._create(f"trial_{number}")
            self._disturb(outcome, names, chance)
            until(self._is_silent, "sessions of a dead client go on")
            self._compare(names, halfway=True)
            self._go_on(outcome, names)
            self._compare(names, halfway=False)
            self._drop(names)
        except Exception as error:
            outcome.wrong = f"{type(error).__name__}: {error}"
        return outcome

    def _create(self, prefix: str) -> list[str]:
        names = [f"{prefix}_{number:02}" for number in range(self.count)]
        for name in names:
            self.server.create_database(name)
        return names

    def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            self.server.drop_database(name)

    def _start(self, names: Sequence[str], **options: str) -> Task:
        home = self.below / "tmp"
        home.mkdir(exist_ok=True)
        return Task(
            self.server.bindir,
            home,
            {
                "url": self.server.url("postgres"),
                "databases": {"names": list(names)},
                "migrations_dir": [str(place) for place in self.directory.places],
                "on_drift": "fail",
                **options,
            },
        )

    def _disturb(self, outcome: Outcome, names: Sequence[str], chance: random.Random) -> None:
        task = self._start(names)
        time.sleep(outcome.moment * self.seconds)
        alive = task.process.poll() is None
        hit = self._strike(outcome.fault, task, chance)
        result = task.result()
        outcome.runs.append(str(result))
        outcome.interrupted = alive and hit and not result.ok

    def _strike(self, fault: Fault, task: Task, chance: random.Random) -> bool:
        """Let it happen; return whether there was anything for it to hit."""
        if fault is Fault.KILL_MODULE:
            task.kill()
        elif fault is Fault.INTERRUPT:
            task.process.send_signal(signal.SIGINT)
        elif fault is Fault.KILL_WORKER:
            return _kill_one(_children(task.process.pid), chance)
        else:
            return self._terminate_one(chance)
        return True

    def _terminate_one(self, chance: random.Random) -> bool:
        with session(self.server.url()) as cursor:
            found = values(cursor, VICTIMS)
            if found:
                cursor.execute("SELECT pg_terminate_backend(%s)", [chance.choice(found)])
        return bool(found)

    def _is_silent(self) -> bool:
        with suppress(psycopg2.Error), session(self.server.url()) as cursor:
            cursor.execute(OTHERS)
            return not cursor.fetchall()
        return False

    def _go_on(self, outcome: Outcome, names: Sequence[str]) -> None:
        """Run again until all is done, as a person would who reads the messages."""
        result = self._again(outcome, names)
        kinds = {each["error"]["kind"] for each in result.said.get("failed_databases", ())}
        if kinds:
            require(kinds == {"interrupted"}, f"the next run: {result}")
            result = self._again(outcome, names, on_interrupted="retry")
        require(result.ok, f"the next run: {result}")
        last = self._again(outcome, names)
        require(last.ok and not last.said["changed"], f"a run that has nothing to do: {last}")

    def _again(self, outcome: Outcome, names: Sequence[str], **options: str) -> Result:
        result = self._start(names, **options).result()
        outcome.runs.append(str(result))
        return result

    def _compare(self, names: Sequence[str], halfway: bool) -> None:
        """Compare what is in each database with what its recorded history gives."""
        for name in names:
            url = self.server.url(name)
            with session(url) as cursor:
                begun = values(cursor, HAS_HISTORY) == [True]
                recorded = values(cursor, RECORDED) if begun else []
                unfinished = begun and values(cursor, UNFINISHED) != [0]
                twice = values(cursor, RAN_TWICE) if begun else []
            versions = tuple(sorted(int(str(version).replace("-", "")) for version in recorded))
            require(not twice, f"{name}: ran twice: {twice}")
            if halfway and unfinished:
                continue  # a script outside a transaction is half done, and the next run says so
            require(halfway or versions == max(self.truth, key=len), f"{name}: only {versions} are recorded in the end")
            differs = state_of(url, self.server.bindir).differs_from(self.truth[versions])
            require(not differs, f"{name}, with {len(versions)} recorded:\n{differs}")


def _children(pid: int) -> list[int]:
    """Return the processes that one has begun."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text().split()] if path.exists() else []


def _kill_one(pids: Sequence[int], chance: random.Random) -> bool:
    if not pids:
        return False
    with suppress(ProcessLookupError):
        os.kill(chance.choice(pids), signal.SIGKILL)
    return True

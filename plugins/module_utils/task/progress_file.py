# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a run is at into a file, line by line, for the action plugin to read on a connection of its own.

There is no file while the run is younger than two seconds, and none when it is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from typing import Any, Dict, Iterator, List, Optional

from ..databases.choose import database_of
from ..databases.values import Activity
from ..report import progress
from ..run.live import At, Live

# Nobody else reads it, and nothing that is there already is written to.
FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
EACH_SECONDS = 1.0


class Lines:
    """A file for lines that somebody else makes. A context: at its end there is none."""

    def __init__(self, path: Optional[str]) -> None:
        """Take its path; None: nobody reads it."""
        self._path = path
        self._handle: Optional[int] = None
        self._pace = progress.Pace()

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *dummy: Any) -> None:
        if self._handle is not None and self._path is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
                os.unlink(self._path)

    def tell(self, text: str, state: Any) -> None:
        """Write a line; what keeps us from it keeps no run from its work.

        :param state: where it is that of the line before, the line comes the later, the longer that lasts.
        """
        if self._path is None or not self._pace.is_due(state, time.monotonic()):
            return
        with contextlib.suppress(OSError):
            if self._handle is None:
                self._handle = os.open(self._path, FLAGS, 0o600)
            _write(self._handle, text)


class Observer:
    """Looks at one session, on a connection of its own; that nobody can be seen is no reason to disturb anybody."""

    def __init__(self, target: Any, pid: int) -> None:
        self._target, self._pid = target, pid
        self._connection: Any = None
        self._broken = False

    def look(self) -> Activity:
        """Return what the session is at; nothing, where that can't be seen."""
        if self._broken:
            return Activity()
        try:
            database = database_of(self._target)
            self._connection = self._connection or database.sessions.connect(self._target, "pg_migrate progress")
            return database.locks.activity(self._connection, self._pid)
        except Exception:  # noqa: BLE001
            self._broken = True
            return Activity()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


class ProgressFile:
    """Looks at a run once a second, and writes what there is to say."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._pace = progress.Pace()
        self._session: Any = None
        self._observer: Optional[Observer] = None
        self._ended = 0  # how many of the steps that have ended were told
        self._waits_since: Optional[float] = None

    def write(self, path: str, stop: threading.Event) -> None:
        """Write until the run is over; what keeps us from it keeps no run from its work.

        :param path: of a file that isn't there yet.
        """
        with contextlib.suppress(Exception):
            handle = os.open(path, FLAGS, 0o600)
            try:
                self._write_until(handle, stop)
            finally:
                self._leave()
                os.close(handle)
                os.unlink(path)

    def _write_until(self, handle: int, stop: threading.Event) -> None:
        while True:
            for text in self.lines(time.monotonic()):
                _write(handle, text)
            if stop.wait(EACH_SECONDS):
                return

    def lines(self, now: float) -> List[str]:
        """Return what there is to say.

        :param now: on the clock of time.monotonic().
        """
        phase, since = self._live.phase
        if phase:
            due = now - since >= EACH_SECONDS and self._pace.is_due(phase, now)
            return [progress.phase(phase, now - since)] if due else []
        return list(self._of_steps(now))

    def _of_steps(self, now: float) -> Iterator[str]:
        live = self._live
        if live.session is None:
            return
        if live.session is not self._session:
            yield self._begin()
        if len(live.done) < self._ended:  # all of them are tried again, as one transaction
            self._ended = 0
        ended, at = live.done[self._ended :], live.at
        if ended:
            self._ended += len(ended)
            yield progress.ended(self._ended, len(live.jobs), [_shown(outcome) for outcome in ended])
        elif at is not None and now - at.since >= EACH_SECONDS:
            work = self._work(at, now)
            if self._pace.is_due(work.state, now):
                yield progress.at_work(work)

    def _begin(self) -> str:
        """Turn to the steps of another session: a copy's, or the target's."""
        self._leave()
        session = self._session = self._live.session
        self._ended = 0
        if session.guard is not None:
            return progress.beginning(None, len(self._live.jobs), on_copy=True)
        if session.database.abilities.traces_locks:
            self._observer = Observer(session.target, session.connection.info.backend_pid)
        return progress.beginning(session.target.address, len(self._live.jobs), on_copy=False)

    def _leave(self) -> None:
        if self._observer is not None:
            self._observer.close()
        self._observer = None

    def _work(self, at: At, now: float) -> progress.Work:
        activity = self._observer.look() if self._observer else Activity()
        if not activity.blockers:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = now
        script, steps = at.step.script, [step for step, dummy in self._live.jobs]
        return progress.Work(
            *(steps.index(at.step) + 1, len(steps), str(script.version), script.name, now - at.since),
            *(at.sent(), at.statement, activity.blockers, now - (self._waits_since or now)),
            *(activity.doing, activity.percent),
        )


def _write(handle: int, text: str) -> None:
    os.write(handle, (json.dumps(text) + "\n").encode("ascii"))


def _shown(outcome: Any) -> Dict[str, Any]:
    script = outcome.step.script
    return {"version": script.version, "name": script.name, "duration_ms": outcome.duration_ms}

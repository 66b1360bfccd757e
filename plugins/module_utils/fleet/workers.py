# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that work on jobs side by side, each on one at a time.

They are forks: what is known by then is theirs, without being read again. What a script does to its process (the
working directory, the environment, modules that it imports, its output) stays in one of them. The process that forks
has no connection open, and waits for nothing but them.

A signal is obeyed where either side waits or works, and never while an answer is on its way: what is done is known.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import selectors
import signal
import struct
import threading
import time
from typing import Any, Callable, List, NamedTuple, NoReturn, Optional, Sequence

from .. import errors
from ..run.signals import held, interruptible, obey, obeyed
from .failures import WorkerLost

NO_PROCESS = "Nothing more was begun. Look at this host's limits of processes and memory, and run the task again."
LENGTH = struct.Struct("!Q")
TICK_SECONDS = 1.0
# A terminal sends its signals to all processes at once; a worker obeys its parent's alone.
OBEYED = (signal.SIGTERM,)


class Lost(NamedTuple):
    """What stands in the place of an answer, where the worker ended before it had one.

    :ivar how: in words.
    """

    how: str


class Answer(NamedTuple):
    """What a worker answers.

    :ivar value: anything that can be pickled.
    :ivar is_last: the worker ends, and another one takes its place.
    """

    value: Any
    is_last: bool = False


Work = Callable[[Any], Answer]
Take = Callable[[Any, Any], None]


class _Worker:
    """A worker, as its parent sees it.

    :ivar job: what it is at; None: nothing.
    """

    def __init__(self, pid: int, jobs: int, answers: int) -> None:
        self.pid, self.jobs, self.answers = pid, jobs, answers
        self.job: Any = None

    def end(self) -> str:
        """Let it end, and return how it did."""
        for handle in (self.jobs, self.answers):
            with contextlib.suppress(OSError):
                os.close(handle)
        dummy, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            return "was ended by %s" % signal.Signals(os.WTERMSIG(status)).name
        return "ended with status %d" % os.WEXITSTATUS(status)


class Workers:
    """So many processes. A context: at its end there are none of them. No answer is lost while signals are held()."""

    def __init__(self, count: int, work: Work, tick: Optional[Callable[[], None]] = None) -> None:
        """Take what they do.

        :param work: is called in a worker, with a job. Signals wait there but where it obeys them.
        :param tick: is called here, about once a second, while they work.
        """
        self._count, self._work, self._tick = count, work, tick or _nothing
        self._workers: List[_Worker] = []
        # Its other end is closed when this process ends, however it ends.
        self._lifeline, self._life = os.pipe()

    def __enter__(self) -> Workers:
        gc.freeze()  # so that collecting garbage doesn't copy what a fork shares
        return self

    def __exit__(self, *dummy: Any) -> None:
        for worker in self._workers:
            worker.end()
        self._workers = []
        gc.unfreeze()
        os.close(self._lifeline)
        os.close(self._life)

    def each(self, jobs: Sequence[Any], take: Take) -> None:
        """Have the jobs done, in their order as workers become free.

        :param take: is called with each job and its answer, or with Lost.
        :raises Stop: when a signal came; what the workers were at is ended, and their answers are taken.
        """
        waiting = list(reversed(jobs))
        try:
            with selectors.DefaultSelector() as selector:
                for worker in self._workers:
                    selector.register(worker.answers, selectors.EVENT_READ, worker)
                self._until_done(waiting, take, selector)
        except errors.Stop:
            self._stop(take)
            raise
        except BaseException:
            self._kill()
            raise

    def _until_done(self, waiting: List[Any], take: Take, selector: selectors.BaseSelector) -> None:
        due = time.monotonic() + TICK_SECONDS
        while waiting or self._busy():
            obey()
            self._hand_out(waiting, selector)
            with obeyed():
                ready = selector.select(max(due - time.monotonic(), 0))
            for key, dummy in ready:
                self._answered(key.data, take, selector)
            if time.monotonic() >= due:
                self._tick()
                due = time.monotonic() + TICK_SECONDS

    def _hand_out(self, waiting: List[Any], selector: selectors.BaseSelector) -> None:
        while waiting:
            idle = next((worker for worker in self._workers if worker.job is None), None)
            if idle is None and len(self._workers) < self._count:
                idle = self._begin()
                if idle is not None:
                    selector.register(idle.answers, selectors.EVENT_READ, idle)
            if idle is None:
                return
            idle.job = waiting.pop()
            with contextlib.suppress(BrokenPipeError):  # it is gone; its answer's end tells how
                _send(idle.jobs, idle.job)

    def _answered(self, worker: _Worker, take: Take, selector: Optional[selectors.BaseSelector] = None) -> None:
        """Take the answer of a worker; one that has ended is replaced when there is something to do."""
        job, worker.job = worker.job, None
        answer = _receive(worker.answers)
        found = Lost("") if answer is None else answer.value
        if answer is None or answer.is_last:
            if selector is not None:
                selector.unregister(worker.answers)
            self._workers.remove(worker)
            how = worker.end()
            found = Lost(how) if answer is None else found
        if job is not None:
            take(job, found)

    def _stop(self, take: Take) -> None:
        """End what the workers are at, and take what they say of it. Another signal ends them at once."""
        busy = self._busy()
        try:
            for worker in busy:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGTERM)
            for worker in busy:
                with obeyed():
                    _wait_for(worker.answers)
                self._answered(worker, take)
        except BaseException:
            self._kill()
            for worker in self._busy():  # what they have said by then, or how they ended
                self._answered(worker, take)
            raise

    def _busy(self) -> List[_Worker]:
        return [worker for worker in self._workers if worker.job is not None]

    def _kill(self) -> None:
        for worker in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)

    def _begin(self) -> Optional[_Worker]:
        """Start a worker; None: the system lets us have no more of them, and those that there are have to do.

        :raises WorkerLost: when there is none.
        """
        jobs, answers = os.pipe(), os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            for handle in (*jobs, *answers):
                os.close(handle)
            self._count = len(self._workers)
            if self._workers:
                return None
            raise WorkerLost("No process can be started: %s" % error.strerror, hint=NO_PROCESS) from None
        if pid == 0:
            self._serve(jobs, answers)
        os.close(jobs[0])
        os.close(answers[1])
        worker = _Worker(pid, jobs[1], answers[0])
        self._workers.append(worker)
        return worker

    def _serve(self, jobs: Sequence[int], answers: Sequence[int]) -> NoReturn:
        """Be a worker. What the parent does at its end (remove its directory, flush its output) is none of ours."""
        status = 1
        try:
            others = [handle for worker in self._workers for handle in (worker.jobs, worker.answers)]
            for handle in (*others, jobs[1], answers[0], self._life):
                os.close(handle)
            threading.Thread(target=_die_with_parent, args=(self._lifeline,), daemon=True).start()
            with held(), interruptible(OBEYED):
                _work_until_closed(self._work, jobs[0], answers[1])
            status = 0
        finally:
            os._exit(status)


def _work_until_closed(work: Work, jobs: int, answers: int) -> None:
    while True:
        job = _receive(jobs)
        if job is None:
            return
        answer = work(job)
        _send(answers, answer)
        if answer.is_last:
            return


def _die_with_parent(lifeline: int) -> None:
    """End this process when its parent is gone, as it would have ended itself: the server rolls back what is open."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def _wait_for(handle: int) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(handle, selectors.EVENT_READ)
        selector.select()


def _send(handle: int, value: Any) -> None:
    packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    whole = memoryview(LENGTH.pack(len(packed)) + packed)
    while whole:
        whole = whole[os.write(handle, whole) :]


def _receive(handle: int) -> Any:
    """Return what the other end has sent; None: it is closed."""
    head = _read(handle, LENGTH.size)
    packed = _read(handle, LENGTH.unpack(head)[0]) if head else None
    # The other end is this very program.
    return None if packed is None else pickle.loads(packed)  # noqa: S301


def _read(handle: int, count: int) -> Optional[bytes]:
    """Return so many bytes; None: there are no more."""
    pieces: List[bytes] = []
    while count:
        piece = os.read(handle, min(count, 2**20))
        if not piece:
            return None
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _nothing() -> None:
    """Do nothing."""

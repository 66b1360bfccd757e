# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that work side by side: what they answer, how they end, and that none is left."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.fleet import workers as workers_module
from ansible_collections.pgops.migrations.plugins.module_utils.fleet.workers import Answer, Lost, Workers
from ansible_collections.pgops.migrations.plugins.module_utils.run.signals import held, interruptible, obeyed


def answers(count, work, jobs, **more):
    found = {}
    with Workers(count, work, **more) as workers:
        workers.each(jobs, found.__setitem__)
    return found


def children():
    """Return the processes that this one has."""
    with open("/proc/self/task/%d/children" % os.getpid(), encoding="ascii") as stream:
        return stream.read().split()


@pytest.mark.parametrize("count, jobs", [(1, 5), (3, 20), (4, 2), (2, 0)])
def test_every_job_is_answered_once(count, jobs):
    found = answers(count, lambda job: Answer(job * 2), range(1, jobs + 1))
    assert found == {job: job * 2 for job in range(1, jobs + 1)}
    assert children() == []


def test_there_are_no_more_than_were_asked_for():
    found = answers(2, lambda job: Answer(os.getpid()), range(12))
    assert len(set(found.values())) <= 2
    assert os.getpid() not in found.values()


def test_an_answer_may_be_larger_than_a_pipe():
    assert answers(2, lambda job: Answer("x" * 5_000_000), [1, 2]) == {1: "x" * 5_000_000, 2: "x" * 5_000_000}


def test_one_that_has_given_its_last_answer_is_replaced():
    found = answers(1, lambda job: Answer(os.getpid(), is_last=True), range(1, 5))
    assert len(set(found.values())) == 4


def test_one_that_is_killed_loses_its_job_alone():
    def work(job):
        if job == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return Answer(job)

    assert answers(1, work, [1, 2, 3]) == {1: 1, 2: Lost("was ended by SIGKILL"), 3: 3}


def test_one_that_raises_loses_its_job_alone():
    assert answers(1, lambda job: Answer(1 / job), [1, 0, 2]) == {1: 1.0, 0: Lost("ended with status 1"), 2: 0.5}


def test_what_one_does_to_its_process_stays_there(monkeypatch):
    monkeypatch.setenv("X", "before")

    def work(job):
        os.chdir("/")
        os.environ["X"] = "after"
        return Answer(None)

    here = os.getcwd()
    answers(2, work, [1, 2])
    assert (os.getcwd(), os.environ["X"]) == (here, "before")


def sleeps(job):
    try:
        with obeyed():
            time.sleep(60)
    except errors.Stop as stop:
        return Answer("stopped by %s" % stop, is_last=True)
    return Answer("slept")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_what_they_are_at(number):
    found = {}
    threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
    with interruptible(), Workers(2, sleeps) as workers, pytest.raises(errors.Stop):
        workers.each(["a", "b", "c"], found.__setitem__)
    assert found == {"a": "stopped by SIGTERM", "b": "stopped by SIGTERM"}
    assert children() == []


LARGE = "x" * 5_000_000  # more than a pipe takes at once


class Interrupted:
    """An answer; while it is packed, its process gets a signal."""

    def __reduce__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        return str, (LARGE,)


def interrupting(function):
    """Return the function; when this process first calls it, it gets a signal."""
    once = [os.getpid()]

    def called(*given):
        if once == [os.getpid()]:
            os.kill(once.pop(), signal.SIGTERM)
        return function(*given)

    return called


@pytest.mark.parametrize("name", ["_receive", "_read"])
def test_an_answer_that_a_signal_meets_on_its_way_is_taken(name, monkeypatch):
    found = {}

    def work(job):
        return Answer(LARGE) if job == 1 else sleeps(job)

    monkeypatch.setattr(workers_module, name, interrupting(getattr(workers_module, name)))
    with interruptible(), held(), Workers(2, work) as workers, pytest.raises(errors.Stop):
        workers.each([1, 2, 3], found.__setitem__)
    assert found[1] == LARGE
    assert set(found.values()) <= {LARGE, "stopped by SIGTERM"}
    assert children() == []


def test_a_worker_that_gets_a_signal_while_it_answers_has_answered():
    jobs = [Answer(Interrupted()), Answer("next")]
    assert answers(1, lambda job: jobs[job], [0, 1]) == {0: LARGE, 1: "next"}


def test_a_signal_while_an_answer_is_taken_begins_nothing_more():
    found, begun = {}, []

    def take(job, answer):
        os.kill(os.getpid(), signal.SIGTERM)
        found[job] = answer

    def work(job):
        begun.append(job)
        return Answer(list(begun))

    with interruptible(), held(), Workers(1, work) as workers, pytest.raises(errors.Stop):
        workers.each([1, 2, 3], take)
    assert found == {1: [1]}


def test_a_second_signal_ends_them_at_once_and_what_was_answered_is_taken():
    found, started = {}, time.monotonic()

    def work(job):
        if job == "done":
            return Answer(LARGE)
        time.sleep(60)  # deaf
        return Answer("slept")

    def twice():
        for dummy in range(2):
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=twice, daemon=True).start()
    with interruptible(), held(), Workers(2, work) as workers, pytest.raises(errors.Stop):
        workers.each(["deaf", "done"], found.__setitem__)
    assert found == {"deaf": Lost("was ended by SIGKILL"), "done": LARGE}
    assert time.monotonic() - started < 30


def test_they_die_with_their_parent():
    reader, writer = os.pipe()

    def work(job):
        os.write(writer, b"%d " % os.getpid())
        time.sleep(60)
        return Answer(None)

    parent = os.fork()
    if parent == 0:
        try:
            answers(2, work, [1, 2])
        finally:
            os._exit(0)
    pids = b""
    while pids.count(b" ") < 2:
        pids += os.read(reader, 100)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    deadline = time.monotonic() + 20
    while any(_is_alive(int(pid)) for pid in pids.split()):
        assert time.monotonic() < deadline, "a worker has outlived its parent"
        time.sleep(0.02)


def _is_alive(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_ticks_while_they_work():
    ticks = []
    answers(1, lambda job: Answer(time.sleep(2.5)), [1], tick=lambda: ticks.append(1))
    assert ticks


def test_with_too_few_processes_those_that_there_are_have_to_do(monkeypatch):
    fork, forks = os.fork, []

    def refusing():
        if forks:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        forks.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", refusing)
    assert answers(4, Answer, range(1, 7)) == {job: job for job in range(1, 7)}


def test_without_any_process_nothing_is_begun(monkeypatch):
    def refusing():
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(os, "fork", refusing)
    with pytest.raises(errors.MigrationError, match="No process can be started: Cannot allocate memory"):
        answers(4, Answer, [1])

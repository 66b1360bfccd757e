# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is at, as another thread sees it: what has ended, what is at work, for whom it waits, how far it is."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.commands.context import Context
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import (
    Target,
    connect,
    parse_url,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.observing.activity import (
    activity_of,
)
from ansible_collections.pgops.migrations.plugins.module_utils.run.live import Live
from ansible_collections.pgops.migrations.plugins.module_utils.task.progress_file import ProgressFile

from .conftest import Project

SECONDS = 30.0
# An index on it takes a millisecond for each row.
SLOW = """
CREATE FUNCTION slow(a int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.001); RETURN a; END';
CREATE TABLE t (a int);
INSERT INTO t SELECT generate_series(1, 20000)
"""
CANCEL = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pg_migrate 1%'"
OUTSIDE = "-- no-transaction\nSELECT 1;\nSELECT pg_sleep(1.5);\nSELECT 3;\n"
PYTHON = """
def up(cursor):
    for number in range(40):
        cursor.execute("SELECT pg_sleep(0.05)")
"""


@contextmanager
def at_work(project: Project, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[ProgressFile]:
    """Yield what follows a run in another thread; wait for its end."""
    lives: list[Live] = []
    whole = Context.__init__

    def noted(self: Context, *arguments: Any) -> None:
        whole(self, *arguments)
        lives.append(self.live)

    monkeypatch.setattr(Context, "__init__", noted)

    def run() -> None:
        with suppress(errors.MigrationError):
            project.migrate(**options)

    thread = threading.Thread(target=run)
    thread.start()
    while not lives:
        time.sleep(0.01)
    try:
        yield ProgressFile(lives[0])
    finally:
        thread.join()


def until(follower: ProgressFile, wanted: str) -> str:
    """Return the first line that has a text in it; the next one is looked for behind it."""
    end, said = time.monotonic() + SECONDS, vars(follower).setdefault("said", [])
    while time.monotonic() < end:
        said += follower.lines(time.monotonic())
        while said:
            line: str = said.pop(0)
            if wanted in line:
                return line
        time.sleep(0.05)
    raise AssertionError(f"there is no line with {wanted}")


def test_steps(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(v1="SELECT 1", v2="SELECT pg_sleep(2.5)", v3="SELECT 1")
    with at_work(project, monkeypatch) as follower:
        assert until(follower, "running").endswith("/%s · running 3 migrations" % project.url.rpartition("/")[2])
        assert until(follower, "[1/3]").startswith("  [1/3] 1  v1  ")
        assert until(follower, "[2/3]").startswith("  [2/3] 2  v2, for ")


def test_statements(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(v1=OUTSIDE)
    with at_work(project, monkeypatch) as follower:
        assert until(follower, "statement").endswith(": statement 2 of 3 (SELECT)")


def test_what_python_sends(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.file("20200101_loop.py", PYTHON)
    with at_work(project, monkeypatch) as follower:
        assert int(until(follower, "statement").rpartition(" ")[2]) > 10


def test_a_lock(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.query("CREATE TABLE t (a int)")
    project.write(v1="ALTER TABLE t ADD b int")
    with closing(psycopg2.connect(project.url, application_name="report")) as other:
        other.cursor().execute("SELECT FROM t")
        with at_work(project, monkeypatch) as follower:
            line, pid = until(follower, "waits for a lock"), other.info.backend_pid
            other.rollback()
    assert ": waits for a lock held by pid %d (user " % pid in line
    assert "application report, idle in transaction), for " in line


@pytest.mark.parametrize("how", ["CREATE INDEX", "-- no-transaction\nCREATE INDEX CONCURRENTLY"])
def test_an_index(project: Project, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    project.query(SLOW)
    project.write(v1=how + " i ON t (slow(a))")
    with at_work(project, monkeypatch) as follower:
        line = until(follower, "%")
        assert "CREATE INDEX" in line
        assert 0 <= int(line.split()[-2]) <= 100
        project.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pg_migrate 1%'"
        )


def test_a_rehearsal(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(v1="SELECT pg_sleep(2)")
    with at_work(project, monkeypatch, checking=True) as follower:
        assert until(follower, "rehearsing") == "rehearsing 1 migration"
        assert until(follower, "[1/1]").startswith("  [1/1] 1  v1, for ")


def test_another_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(v1="SELECT 1")
    with closing(connect(Target(parse_url(project.url)), "other")) as other:
        from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import lock

        lock.acquire(other, 0)
        with at_work(project, monkeypatch) as follower:
            assert until(follower, "another run").startswith("  waits for another run on this database, for ")
            lock.release(other)


def test_a_run_that_goes_on_elsewhere(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.query("CREATE TABLE t (a int)")
    project.write(v1="ALTER TABLE t ADD b int")
    table = parse_name("schema_migrations", "history_table")
    request = InfoRequest(Target(parse_url(project.url)), (str(project.directory),), table)
    with closing(psycopg2.connect(project.url, application_name="report")) as other:
        other.cursor().execute("SELECT FROM t")
        with at_work(project, monkeypatch) as follower:
            until(follower, "waits for a lock")
            running, pid = info(request).running, other.info.backend_pid
            other.rollback()
    assert running is not None
    assert running["application"] == "pg_migrate 1/1 1"
    assert [(each["pid"], each["application"], each["state"]) for each in running["waits_for"]] == [
        (pid, "report", "idle in transaction")
    ]
    assert (running["doing"], running["percent"]) == (None, None)


def test_nothing_to_see(project: Project) -> None:
    with closing(connect(Target(parse_url(project.url)), "looker")) as connection:
        assert activity_of(connection, connection.info.backend_pid) == ((), None, None)


def test_the_file_is_nobody_elses_and_goes_away(tmp_path: Path) -> None:
    path, stop, live = tmp_path / "progress", threading.Event(), Live()
    live.enters("waits")
    thread = threading.Thread(target=ProgressFile(live).write, args=(str(path), stop))
    thread.start()
    while not path.exists() or not path.read_text():
        time.sleep(0.01)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith('"  waits, for ')
    stop.set()
    thread.join()
    assert not path.exists()


THERE = {"file": 1, "link": 2, "dangling": 0}


@pytest.mark.parametrize("kind", THERE)
def test_nothing_is_written_to_what_is_there_already(tmp_path: Path, kind: str) -> None:
    path, other, live = tmp_path / "progress", tmp_path / "other", Live()
    live.enters("waits")
    if kind != "dangling":
        other.write_text("precious")
    if kind == "file":
        os.replace(other, path)
    else:
        path.symlink_to(other)
    stop = threading.Event()
    stop.set()
    ProgressFile(live).write(str(path), stop)
    assert path.is_symlink() is (kind != "file")
    assert [each.read_text() for each in (path, other) if each.exists()] == ["precious"] * {"file": 1, "link": 2}.get(
        kind, 0
    )

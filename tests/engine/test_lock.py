"""One run at a time on a database, and who is in the way."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import lock
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.values import Limits
from ansible_collections.pgops.migrations.plugins.module_utils.errors import LockTimeout, MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies

from .conftest import Project, done


def test_the_error_names_who_holds_the_lock(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    with closing(psycopg2.connect(project.url, application_name="the other run")) as other, other.cursor() as cursor:
        cursor.execute(lock.TRY_LOCK, [lock.KEY])
        with pytest.raises(MigrationError) as caught:
            project.migrate(lock_wait=0)
        error = caught.value
        assert error.kind == "lock_held"
        assert f"pid {other.info.backend_pid}, user postgres, application the other run" in error.message
        assert error.blockers[0]["pid"] == other.info.backend_pid
    assert project.tables() == []


def test_what_another_run_did_meanwhile_is_not_done_again(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2="CREATE TABLE b (x int)")
    with closing(psycopg2.connect(project.url)) as other, other.cursor() as cursor:
        cursor.execute(lock.TRY_LOCK, [lock.KEY])
        other.commit()

        def the_other_run() -> None:
            time.sleep(0.4)
            cursor.execute("CREATE TABLE a (x int); CREATE TABLE schema_migrations (version text, applied timestamptz)")
            cursor.execute("INSERT INTO schema_migrations VALUES ('1', now())")
            other.commit()
            cursor.execute(lock.UNLOCK, [lock.KEY])
            other.commit()

        thread = threading.Thread(target=the_other_run)
        thread.start()
        report = project.migrate(lock_wait=20)
        thread.join()
    assert done(report) == ["2"]


def test_waiting_does_not_block_a_concurrent_index(project: Project) -> None:
    """A waiter inside the server would hold a snapshot that CREATE INDEX CONCURRENTLY waits for."""
    project.query("CREATE TABLE a (x int)")
    project.write(v1="SELECT 1")
    with closing(psycopg2.connect(project.url)) as other, other.cursor() as cursor:
        other.autocommit = True
        cursor.execute(lock.TRY_LOCK, [lock.KEY])
        failure: list[BaseException] = []

        def build() -> None:
            try:
                time.sleep(0.3)
                cursor.execute("SET statement_timeout = '5s'; ")
                cursor.execute("CREATE INDEX CONCURRENTLY i ON a (x)")
            except BaseException as error:
                failure.append(error)
            finally:
                cursor.execute(lock.UNLOCK, [lock.KEY])

        thread = threading.Thread(target=build)
        thread.start()
        report = project.migrate(lock_wait=20)
        thread.join()
    assert failure == []
    assert done(report) == ["1"]


def test_the_lock_is_given_back(project: Project) -> None:
    project.write(v1="SELECT nonsense")
    with pytest.raises(MigrationError):
        project.migrate()
    assert project.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'") == []


def test_info_shows_who_is_at_work(project: Project) -> None:
    request = InfoRequest(Target(parse_url(project.url)), (str(project.directory),), parse_name("h", "history_table"))
    assert info(request).running is None
    with closing(psycopg2.connect(project.url, application_name="pg_migrate 3/7 42")) as other:
        lock.acquire(other, 1)
        running = info(request).running
        assert running is not None
        assert (running["pid"], running["application"]) == (other.info.backend_pid, "pg_migrate 3/7 42")


def test_progress_shows_in_pg_stat_activity(project: Project) -> None:
    project.write(
        v1="CREATE TABLE seen (name text); INSERT INTO seen SELECT current_setting('application_name')",
        v2="INSERT INTO seen SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()",
    )
    project.migrate()
    assert project.query("SELECT name FROM seen") == [("pg_migrate 1/2 1",), ("pg_migrate 2/2 2",)]


# Locks of the application's own sessions


@contextmanager
def reader(project: Project) -> Iterator[Any]:
    """Hold a lock on a table, as a forgotten transaction does."""
    project.query("CREATE TABLE busy (x int)")
    with closing(psycopg2.connect(project.url, application_name="a long report")) as other, other.cursor() as cursor:
        cursor.execute("SELECT * FROM busy /* since breakfast */")
        yield other


BLOCKED = {
    "in a transaction": ("CREATE TABLE new (x int);\nALTER TABLE busy ADD COLUMN y int;", None),
    "outside a transaction": ("-- no-transaction\nCREATE TABLE new (x int);\nALTER TABLE busy ADD COLUMN y int;", 2),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_who_is_in_the_way_is_told_when_it_gives_up(project: Project, name: str) -> None:
    text, begun_at = BLOCKED[name]
    project.write(v1=text)
    with reader(project) as other, pytest.raises(MigrationError) as caught:
        pid = other.info.backend_pid
        project.migrate(limits=Limits(lock_timeout=0.4, lock_retries=1))
    error = caught.value
    assert (error.kind, error.sqlstate, error.version) == ("lock_timeout", "55P03", "1")
    blocker = error.blockers[0]
    assert (blocker["pid"], blocker["application"]) == (pid, "a long report")
    assert (blocker["user"], blocker["state"]) == ("postgres", "idle in transaction")
    assert "since breakfast" in blocker["query"] and blocker["age"].startswith("00:00:0")
    assert "tried 2 times" in error.message and "a long report" in error.message
    stands = "new" in project.tables()
    assert stands is (begun_at is not None)
    assert ("Nothing of it stands" in str(error.hint)) is not stands


# What runs outside a transaction can't be part of a single one.
TRIED = [(name, together) for name in BLOCKED for together in (False, True) if not (together and BLOCKED[name][1])]


@pytest.mark.parametrize("name, together", TRIED)
def test_it_is_tried_again_until_they_are_done(project: Project, name: str, together: bool) -> None:
    text, dummy = BLOCKED[name]
    project.write(v0="CREATE TABLE before (x int)", v1=text)
    with reader(project) as other:
        timer = threading.Timer(0.8, other.rollback)
        timer.start()
        report = project.migrate(limits=Limits(lock_timeout=0.3, lock_retries=3), single_transaction=together)
        timer.join()
    assert done(report) == ["0", "1"]
    assert project.applied() == ["0", "1"]
    assert project.query("SELECT count(*) FROM schema_migrations_log WHERE event = 'applied'") == [(2,)]


def test_a_script_of_its_own_limits_is_obeyed(project: Project) -> None:
    project.write(v1="SET lock_timeout = '123ms'; ALTER TABLE busy ADD COLUMN y int", v2="SELECT 1")
    with reader(project), pytest.raises(MigrationError, match="lock timeout"):
        project.migrate(limits=Limits(lock_timeout=600, lock_retries=0))


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="PgBouncer isn't installed")
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_pooler_in_transaction_mode_is_refused(project: Project, mode: str) -> None:
    parts = parse_url(project.url)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = Path(tempfile.mkdtemp())  # not pytest's, which another user can't enter
    (place / "users").write_text('"%s" ""\n' % parts["user"])
    (place / "ini").write_text(
        "[databases]\n* = host=%(host)s port=%(port)s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %(own)s\n"
        "auth_type = trust\nauth_file = %(users)s\npool_mode = %(mode)s\nunix_socket_dir =\n"
        % {**parts, "own": port, "users": place / "users", "mode": mode}
    )
    for path in (place, place / "ini", place / "users"):
        path.chmod(0o755)
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    pooler = subprocess.Popen(["pgbouncer", "-q", *user, str(place / "ini")], stderr=subprocess.DEVNULL)
    try:
        target = Target({**parts, "host": "127.0.0.1", "port": str(port)})
        until_it_answers(target)
        project.write(v1="CREATE TABLE a (x int)")
        if mode == "session":
            assert done(project.migrate(target=target, policies=Policies(drift="ignore"))) == ["1"]
            return
        (said,) = [each for each in project.check(target=target).warnings if "in transaction mode" in each]
        assert said.startswith("A real run would fail. A connection pooler")
        with pytest.raises(MigrationError, match="in transaction mode") as caught:
            project.migrate(target=target)
        assert caught.value.kind == "connection"
        assert project.query("SELECT to_regclass('schema_migrations')") == [(None,)]
    finally:
        pooler.terminate()
        pooler.wait()
        shutil.rmtree(place)


def until_it_answers(target: Target) -> None:
    """Wait for a server to take connections."""
    for dummy in range(100):
        with suppress(psycopg2.OperationalError):
            psycopg2.connect(**target.params).close()
            return
        time.sleep(0.05)
    raise AssertionError("PgBouncer never answered")


CONCURRENT = {
    "first": ("CREATE INDEX CONCURRENTLY t_id ON t (id);", "t_id"),
    "unnamed": ("CREATE INDEX CONCURRENTLY ON t (id);", "t_id_idx"),
    "behind another statement": ("CREATE TABLE u (a int);\nCREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id);", "t_id"),
    "rebuilt": ("REINDEX INDEX CONCURRENTLY t_there;", "t_there"),
}


@pytest.mark.parametrize("name", CONCURRENT)
def test_an_index_behind_a_reader_is_built_by_the_next_run(project: Project, name: str) -> None:
    script, index = CONCURRENT[name]
    project.query("CREATE TABLE t (id int); CREATE INDEX t_there ON t (id)")
    project.write(v1="-- no-transaction\n" + script)
    with closing(psycopg2.connect(project.url, application_name="a_reader")) as reader, reader.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t")
        with pytest.raises(LockTimeout) as caught:
            project.migrate(limits=Limits(lock_timeout=0.5, lock_retries=0), lock_wait=1)
    assert "a_reader" in caught.value.message
    retry = {"on_interrupted": "retry"} if "another" in name else {}
    assert done(project.migrate(**retry)) == ["1"]
    assert project.query(
        "SELECT array_agg(indexrelid::regclass::text ORDER BY 1) FROM pg_index WHERE NOT indisvalid"
    ) == [(None,)]
    assert project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = %s::regclass", index) == [(True,)]


def test_what_blocks_nobody_waits_as_long_as_for_a_run(project: Project) -> None:
    project.query("CREATE TABLE t (id int)")
    project.write(v1="-- no-transaction\nCREATE INDEX CONCURRENTLY t_id ON t (id);")
    with closing(psycopg2.connect(project.url)) as reader, reader.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t")
        timer = threading.Timer(2, reader.rollback)
        timer.start()
        assert done(project.migrate(limits=Limits(lock_timeout=0.2, lock_retries=0), lock_wait=60)) == ["1"]
        timer.join()

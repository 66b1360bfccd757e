"""One run at a time on a database, and who is in the way."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.engine import lock
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

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


def test_progress_shows_in_pg_stat_activity(project: Project) -> None:
    project.write(
        v1="CREATE TABLE seen (name text); INSERT INTO seen SELECT current_setting('application_name')",
        v2="INSERT INTO seen SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()",
    )
    project.migrate()
    assert project.query("SELECT name FROM seen") == [("pg_migrate 1/2 1",), ("pg_migrate 2/2 2",)]

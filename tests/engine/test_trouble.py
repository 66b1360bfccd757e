# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that is full, takes no writes, or goes away: one clear sentence, and the next run goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import server as throwaway
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import (
    Target,
    connect,
    parse_url,
)
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done
from .faults.truth import session
from .power import Power

SLEEP = "SELECT pg_sleep(300)"
SLEEPS = "FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()"
MEGABYTE = 1 << 20


class Site:
    """A project on a server of its own, with its switch."""

    def __init__(self, server: throwaway.Server, below: Path) -> None:
        directory = below / "migrations"
        directory.mkdir()
        self.server, self.power = server, Power(server)
        self.project = Project(server.create_database("site"), directory, server.bindir)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a project on a server that nobody else is on."""
    with throwaway.running(settings=["synchronous_commit = on"]) as server:
        monkeypatch.setenv("PATH", server.bindir, prepend=":")
        yield Site(server, tmp_path)


def failure(project: Project, **options: Any) -> MigrationError:
    """Run and return the error."""
    with pytest.raises(MigrationError) as caught:
        project.migrate(**options)
    return caught.value


# No room


def test_a_full_disk(site: Site) -> None:
    big = "CREATE TABLE big AS SELECT repeat('x', 99) FROM generate_series(1, 300000)"
    site.project.write(v1="CREATE TABLE a (x int)", v2=big)
    site.power.off("fast")
    site.power.on(largest_file=17 * MEGABYTE)  # a segment of the write-ahead log has 16
    error = failure(site.project)
    assert (error.kind, error.version) == ("script_failed", "2")
    assert "2_v2.up.sql" in error.message and "could not extend file" in error.message
    assert "Check free disk space" in str(error.hint)
    assert done(site.project.report) == ["1"]
    assert (site.project.tables(), site.project.applied()) == (["a"], ["1"])
    site.power.off("fast")
    site.power.on()
    assert done(site.project.migrate()) == ["2"]


def test_a_limit_on_temporary_files(project: Project) -> None:
    sort = "CREATE TABLE sorted AS SELECT n FROM generate_series(1, 200000) n ORDER BY md5(n::text)"
    project.write(v1="SET work_mem = '64kB'; SET temp_file_limit = '100kB'; " + sort)
    error = failure(project)
    assert (error.kind, error.sqlstate) == ("script_failed", "53400")
    assert "the server has no room left (temporary file size exceeds" in error.message
    assert str(error.hint).endswith("Give the server more room, and run again.")
    project.write(v1=sort)
    assert done(project.migrate()) == ["1"]


ROOM = "the server has no room left (as it says)"
STATES = {
    "53100": ("script_failed", ROOM),  # the disk is full
    "53200": ("script_failed", ROOM),  # no memory, or no room for locks
    "25006": ("read_only", "the server takes no writes: it is a standby, or read-only (as it says)"),
    "57P01": ("connection", "the connection to the server was lost (as it says)"),
    "P0001": ("script_failed", "as it says"),
    "57014": ("script_failed", "as it says"),
}
RAISE = "BEGIN RAISE EXCEPTION 'as it says' USING ERRCODE = '%s', HINT = 'Look there.'; END"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("place", ["in the script", "in the history"])
def test_what_befalls_the_server_is_told_apart_from_errors_of_a_script(
    project: Project, state: str, place: str
) -> None:
    kind, message = STATES[state]
    if place == "in the script":
        project.write(v1=f"DO $$ {RAISE % state} $$")
    else:
        project.write(v0="SELECT 1")
        project.migrate()
        project.query(f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ {RAISE % state} $$")
        project.query("CREATE TRIGGER t BEFORE INSERT ON schema_migrations FOR EACH ROW EXECUTE FUNCTION f()")
        project.write(v1="SELECT 1")
    error = failure(project)
    assert error.kind == kind
    assert error.message.split("): ")[1].startswith(message)
    assert str(error.hint).startswith("Look there.")


# No writes


@pytest.mark.parametrize("begun", [False, True], ids=["no history", "with a history"])
def test_a_standby_takes_no_migration(site: Site, begun: bool) -> None:
    if begun:
        site.project.write(v1="CREATE TABLE a (x int)")
        site.project.migrate()
    site.project.write(v2="CREATE TABLE b (x int)")
    site.power.become_standby()
    error = failure(site.project)
    assert (error.kind, error.sqlstate) == ("read_only", "25006")
    assert error.sentence().startswith("The server takes no writes: it is a standby, or read-only (")
    assert error.sentence().endswith("Run the task against the primary.")
    report = site.project.check()
    assert "cannot execute CREATE DATABASE" in " ".join(report.warnings)
    table = parse_name("schema_migrations", "history_table", reserve=4)
    found = info(InfoRequest(Target(parse_url(site.project.url)), (str(site.project.directory),), table))
    assert found.pending_count == 1


# No server


GOES = {
    "at once": lambda site: site.power.off("immediate"),
    "in an orderly way": lambda site: site.power.off("fast"),
    "only the session": lambda site: site.server.psql("SELECT pg_terminate_backend(pid) " + SLEEPS),
}
SCRIPTS = {
    "in a transaction": f"CREATE TABLE b (x int);\n{SLEEP};",
    "outside a transaction": f"-- no-transaction\nCREATE TABLE b (x int);\n{SLEEP};",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("how", GOES)
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_a_server_that_goes_away_and_comes_back(site: Site, name: str, how: str, checking: bool) -> None:
    project = site.project
    project.write(v1="CREATE TABLE a (x int)", v2=SCRIPTS[name])
    end = threading.Thread(target=_end, args=(site, how))
    end.start()
    error = failure(project, checking=checking, with_diff=True)
    end.join()
    if "session" not in how:
        site.power.on()
    assert error.kind == "connection"
    assert "the connection to the server was lost" in error.message.lower()
    assert "Run again when the server answers" in str(error.hint)
    assert "\n" not in error.message and "already closed" not in error.message
    project.write(v2=SCRIPTS[name].replace(SLEEP, "SELECT 1"))
    if checking:
        assert done(project.check()) == ["1", "2"]
    else:
        assert (error.version, done(project.report)) == ("2", ["1"])
        assert project.applied() == ["1"]
    assert done(project.migrate(on_interrupted="retry"))[-1:] == ["2"]
    assert project.tables() == ["a", "b"]
    assert site.server.psql("SELECT datname FROM pg_database WHERE datname LIKE 'pgops%'") == ""


def _end(site: Site, how: str) -> None:
    """Wait until the script sleeps, and let the server go."""
    with session(site.server.url()) as cursor:
        for dummy in range(600):
            cursor.execute("SELECT 1 " + SLEEPS)
            if cursor.fetchall():
                break
            time.sleep(0.05)
    GOES[how](site)


def test_a_network_that_says_nothing_is_noticed(database: str) -> None:
    connection = connect(Target(parse_url(database)), "pg_migrate")
    assert {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}.items() <= (
        connection.info.dsn_parameters.items()
    )
    connection.close()
    own = connect(Target({**parse_url(database), "keepalives_idle": "7"}), "pg_migrate")
    assert own.info.dsn_parameters["keepalives_idle"] == "7"
    own.close()


# What a role or a database may have set for other sessions than those of a migration.
IMPATIENT = (
    *("idle_in_transaction_session_timeout = '300ms'", "statement_timeout = '300ms'", "lock_timeout = '300ms'"),
    *("idle_session_timeout = '300ms'", "transaction_timeout = '300ms'", "row_security = off"),
    *("quote_all_identifiers = on", "DateStyle = 'German'", "IntervalStyle = 'sql_standard'"),
)


@pytest.mark.slow
@pytest.mark.parametrize("setting", IMPATIENT)
@pytest.mark.parametrize("kind", ["sql", "outside", "python"])
def test_what_a_role_or_a_database_has_set_ends_no_session_of_ours(project: Project, setting: str, kind: str) -> None:
    database = project.url.rpartition("/")[2]
    try:
        project.execute(f"ALTER DATABASE {database} SET {setting}")
    except psycopg2.errors.UndefinedObject:
        return  # this server doesn't know it
    pause = "SELECT pg_sleep(0.7)"
    if kind == "python":
        text = (
            "import time\ndef up(cursor):\n    cursor.execute('CREATE TABLE a (x int)')\n"
            f"    time.sleep(0.7)\n    cursor.execute({pause!r})\n"
        )
        project.file("1_v1.py", text)
    else:
        head = "-- no-transaction\n" if kind == "outside" else ""
        project.file("1_v1.up.sql", f"{head}CREATE TABLE a (x int);\n{pause};\nCREATE INDEX i ON a (x);\n")
    checked = project.check()
    assert checked.rehearsal is not None, checked.warnings
    real = project.migrate(with_diff=True)
    assert checked.diffs == real.diffs
    assert project.check().plan.steps == ()

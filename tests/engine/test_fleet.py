# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many databases in one task: each is done by itself, and what fails in one doesn't keep the others from it."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.advisory import KEY
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.fleet.tally import Tally
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Request
from ansible_collections.pgops.migrations.plugins.module_utils.run.signals import interruptible
from ansible_collections.pgops.migrations.plugins.module_utils.task import fleet
from ansible_collections.pgops.migrations.plugins.module_utils.task.entry import Failed
from psycopg2.extensions import make_dsn

from .conftest import Project


class Many:
    """A project on many databases of one server; the project's own is where a query is asked."""

    def __init__(self, project: Project) -> None:
        self.project, self.names = project, list[str]()
        self.prefix = project.url.rpartition("/")[2]

    def make(self, *names: str) -> list[str]:
        """Make databases, whose names begin with the project's, and return their names."""
        made = [f"{self.prefix}_{name}" for name in names]
        for name in made:
            self.project.execute('CREATE DATABASE "%s" TEMPLATE template0' % name.replace('"', '""'))
            self.names.append(name)
        return made

    def migrate(self, names: Sequence[str] = (), **options: Any) -> dict[str, Any]:
        """Run the task; return its result, also of one that failed."""
        given = {"names": list(names)} if names else {"matching": [self.prefix + "_*"]}
        keys = ("databases", "workers", "serial", "max_fail_percentage", "login_db")
        params = {"databases": given, "workers": 3, "login_db": None, "url": self.project.url, "_progress": None}
        params.update({key: options.pop(key) for key in keys if key in options})
        target = options.pop("target", None) or Target(parse_url(self.project.url))
        table = parse_name("schema_migrations", "history_table")
        request = Request(target, (str(self.project.directory),), table, **{"on_nonempty": "ignore", **options})
        tools = Tools(self.project._run, str(self.project.scratch_files), None, 0)
        try:
            return fleet.migrate(params, request, tools)
        except Failed as failed:
            return {**failed.result, "error": failed.error.to_result()}

    def query(self, name: str, statement: str) -> list[tuple[Any, ...]]:
        """Return what one of the databases says."""
        with self.open(name) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return rows

    def open(self, name: str) -> Any:
        """Return a connection to one of the databases, to be closed at the end of a context."""
        return closing(psycopg2.connect(make_dsn(self.project.url, dbname=name)))

    def applied(self, name: str) -> list[str]:
        """Return the versions that are recorded in one of the databases."""
        if self.query(name, "SELECT to_regclass('schema_migrations')") == [(None,)]:
            return []
        return [row[0] for row in self.query(name, "SELECT version FROM schema_migrations ORDER BY version")]


@pytest.fixture
def many(project: Project) -> Iterator[Many]:
    """Return a project on many databases, of which there is none yet."""
    made = Many(project)
    yield made
    for name in made.names:
        project.execute('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % name.replace('"', '""'))


TWO = {"v1": "CREATE TABLE a (id int)", "v2": "CREATE TABLE b (id int)"}


def test_each_is_migrated_by_itself(many: Many) -> None:
    names = many.make("a", "b", "c", "d", "e")
    many.project.write(**TWO)
    result = many.migrate()
    assert result["counts"] == {"ok": 0, "changed": 5, "failed": 0, "not_reached": 0}
    assert [many.applied(name) for name in names] == [["1", "2"]] * 5
    assert many.applied(many.prefix) == []  # where a query would be asked
    again = many.migrate()
    assert (again["changed"], again["counts"]["ok"], again["summary"]) == (False, 5, [])


def test_one_that_fails_is_named_and_the_others_go_on(many: Many) -> None:
    good, bad, other = many.make("good", "bad", "other")
    many.query(bad, "CREATE TABLE b (taken int)")
    many.project.write(**TWO)
    result = many.migrate()
    assert result["counts"] == {"ok": 0, "changed": 2, "failed": 1, "not_reached": 0}
    (failure,) = result["failed_databases"]
    assert (failure["name"], failure["applied"], failure["error"]["version"]) == (bad, ["1"], "2")
    assert result["error"]["kind"] == "databases"
    assert result["error"]["message"].startswith(f"1 of 3 databases failed. {bad}: Migration 2_v2 failed")
    assert [many.applied(name) for name in (good, bad, other)] == [["1", "2"], ["1"], ["1", "2"]]
    many.query(bad, "DROP TABLE b")
    again = many.migrate()
    assert again["counts"] == {"ok": 2, "changed": 1, "failed": 0, "not_reached": 0}
    assert many.applied(bad) == ["1", "2"]


def test_a_canary_that_fails_stops_the_rest(many: Many) -> None:
    names = many.make("0", "1", "2", "3", "4")
    many.query(names[0], "CREATE TABLE b (taken int)")
    many.project.write(**TWO)
    result = many.migrate(serial=["1", "2", "100%"])
    assert result["counts"] == {"ok": 0, "changed": 0, "failed": 1, "not_reached": 4}
    assert [many.applied(name) for name in names[1:]] == [[]] * 4
    tolerant = many.migrate(serial=["2", "100%"], max_fail_percentage=50)
    assert tolerant["counts"] == {"ok": 0, "changed": 4, "failed": 1, "not_reached": 0}


def test_databases_are_taken_in_the_order_of_the_query(many: Many) -> None:
    a, b, c = many.make("a", "b", "c")
    many.query(c, "CREATE TABLE b (taken int)")
    many.project.write(**TWO)
    query = f"SELECT datname FROM pg_database WHERE datname LIKE '{many.prefix}\\_%' ORDER BY datname DESC"
    result = many.migrate(databases={"query": query}, serial=["1"])
    assert [each["name"] for each in result["failed_databases"]] == [c]
    assert [many.applied(name) for name in (a, b)] == [[], []]


def test_a_query_that_ansible_hands_over_with_percent_signs_is_the_servers(many: Many) -> None:
    many.make("a")
    many.project.write(**TWO)
    query = f"SELECT datname FROM pg_database WHERE datname LIKE '%{many.prefix}_a%'"
    assert many.migrate(databases={"query": query})["counts"]["changed"] == 1


NOBODY = "databases: query "
REFUSED: dict[str, tuple[Callable[[Many], dict[str, Any]], str]] = {
    "no match": (lambda many: {"databases": {"matching": ["no_such_*"]}}, "no database matches no_such_"),
    "a name that isn't there": (lambda many: {"databases": {"names": ["a_b_c", many.names[0]]}}, "not on .*: a_b_c"),
    "a query that fails": (lambda many: {"databases": {"query": "SELECT nothing FROM x"}}, NOBODY + "fails: .*x"),
    "a query that writes": (lambda many: {"databases": {"query": "CREATE TABLE t ()"}}, NOBODY + "fails: .*read-only"),
    "a query of nothing": (lambda many: {"databases": {"query": "SELECT 'a' WHERE false"}}, NOBODY + "gives no rows"),
    "what is no query": (lambda many: {"databases": {"query": "SET work_mem = '1MB'"}}, NOBODY + "gives no rows"),
    "NULL": (lambda many: {"databases": {"query": "SELECT NULL::text"}}, NOBODY + "gives NULL in row 1"),
    "a row twice": (lambda many: {"databases": {"query": "VALUES ('a'), ('a')"}}, NOBODY + "gives twice: a"),
    "a query of a name that isn't there": (lambda many: {"databases": {"query": "SELECT 'a_b_c'"}}, "not on .*: a_b_c"),
    "two ways": (lambda many: {"databases": {"names": ["a"], "query": "x"}}, "names and query exclude each other"),
    "no way": (lambda many: {"databases": {}}, "databases: it says none"),
    "another database": (lambda many: {"login_db": "shop"}, "login_db and databases: matching exclude"),
    "a size": (lambda many: {"serial": ["many"]}, "serial: many is no size of a batch"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_anything_is_touched(many: Many, case: str) -> None:
    (name,) = many.make("a")
    many.project.write(**TWO)
    options, message = REFUSED[case]
    with pytest.raises(errors.OptionInvalid, match=message):
        many.migrate(**options(many))
    assert many.applied(name) == []


def test_in_check_mode_a_name_may_be_one_that_is_still_to_be_made(many: Many) -> None:
    (name,) = many.make("a")
    many.project.write(**TWO)
    result = many.migrate([name, many.prefix + "_later"], checking=True, with_diff=True)
    assert result["counts"] == {"ok": 0, "changed": 2, "failed": 0, "not_reached": 0}
    assert result["warnings"][0].startswith(f"Not there yet: {many.prefix}_later.")
    assert many.applied(name) == []


@pytest.mark.parametrize("odd", ["a b", "a'b", 'a"b', "a=b dbname=c", "ä%s", "a\\b", "{a}", "-a"])
def test_odd_names(many: Many, odd: str) -> None:
    (name,) = many.make(odd)
    many.project.write(**TWO)
    assert many.migrate([name])["counts"]["changed"] == 1
    assert many.applied(name) == ["1", "2"]


def test_one_that_somebody_else_is_at_comes_at_the_end(many: Many) -> None:
    first, second, third = many.make("1", "2", "3")
    many.project.write(**TWO)
    with many.open(first) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [KEY])
        connection.commit()

        def give_back() -> None:
            while many.applied(third) != ["1", "2"]:
                time.sleep(0.02)
            cursor.execute("SELECT pg_advisory_unlock(%s)", [KEY])
            connection.commit()

        thread = threading.Thread(target=give_back)
        thread.start()
        result = many.migrate(workers=1)
        thread.join()
    assert result["counts"] == {"ok": 0, "changed": 3, "failed": 0, "not_reached": 0}
    assert many.applied(first) == many.applied(second) == ["1", "2"]


def test_one_that_stays_locked_fails_alone(many: Many) -> None:
    first, second = many.make("1", "2")
    many.project.write(**TWO)
    with many.open(first) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [KEY])
        connection.commit()
        result = many.migrate(lock_wait=0.1)
    assert [(each["name"], each["error"]["kind"]) for each in result["failed_databases"]] == [(first, "lock_held")]
    assert many.applied(second) == ["1", "2"]


LEAVES = """
import os
import decimal
def up(cursor):
    cursor.execute("CREATE TABLE seen AS SELECT %s AS environment, %s AS place, %s AS module",
                   [os.environ.get("LEFT", ""), os.getcwd(), getattr(decimal, "left", "")])
    os.environ["LEFT"] = decimal.left = "something"
    os.umask(0o777)
    os.chdir("/")
"""


def test_what_a_script_in_python_leaves_in_its_process_meets_no_other_database(many: Many) -> None:
    names = many.make("1", "2", "3", "4")
    many.project.file("1_leaves.py", LEAVES)
    assert many.migrate(workers=1)["counts"]["changed"] == 4
    assert {many.query(name, "SELECT environment, place, module FROM seen")[0] for name in names} == {
        ("", os.getcwd(), "")
    }


def test_a_script_that_ends_its_process_fails_its_database_alone(many: Many) -> None:
    first, second = many.make("1", "2")
    ends = "import os, signal\ndef up(cursor):\n    cursor.execute('SELECT current_database()')\n"
    ends += f"    if cursor.fetchone()[0] == '{first}': os.kill(os.getpid(), signal.SIGKILL)\n"
    many.project.file("1_ends.py", ends)
    result = many.migrate(workers=1)
    (failure,) = result["failed_databases"]
    assert (failure["name"], failure["error"]["kind"]) == (first, "worker")
    assert failure["error"]["message"] == "The process that worked on it was ended by SIGKILL"
    assert (many.applied(first), many.applied(second)) == ([], ["1"])


def test_a_broken_script_is_refused_in_every_database(many: Many) -> None:
    # What was read for one is known for the next; what was refused must not be.
    many.make("1", "2", "3")
    many.project.file("1_a.sql", "CREATE TABLE a (id int);\n-- +migrate Down\nDROP TABLE a;\n")
    result = many.migrate(workers=1)
    assert result["counts"]["failed"] == 3
    assert result["summary"][1].startswith(f"  {many.prefix}_1 and 2 others  failed")


# how many connections the role may have, options, and how many a run takes at most
FEW: dict[str, tuple[int, dict[str, Any], int]] = {
    "a run": (6, {}, 4),
    "a run that rehearses first": (11, {"prechecks": "required", "rehearsal_on": "server"}, 6),
}


@pytest.mark.parametrize("case", FEW)
def test_a_role_with_few_connections_has_fewer_workers(many: Many, case: str) -> None:
    connections, options, each = FEW[case]
    names = many.make("1", "2", "3")
    role = many.prefix + "_few"
    many.project.execute(f"CREATE ROLE {role} LOGIN CREATEDB CONNECTION LIMIT {connections}")
    try:
        for name in names:
            many.project.execute(f"ALTER DATABASE {name} OWNER TO {role}")
            many.query(name, f"GRANT ALL ON SCHEMA public TO {role}")
        many.project.write(**TWO)
        target = Target({**parse_url(many.project.url), "user": role})
        result = many.migrate(target=target, **options)
        assert result["counts"]["changed"] == 3
        assert result["warnings"][0] == (
            f"1 worker instead of 3: the server has {connections} connections left for this user, "
            f"and a run takes up to {each}."
        )
    finally:
        for name in [*names]:
            many.project.execute(f"DROP DATABASE {name} WITH (FORCE)")
        many.project.execute(f"DROP ROLE {role}")


def test_one_that_the_role_may_not_write_fails_alone(many: Many) -> None:
    mine, others = many.make("mine", "others")
    role = many.prefix + "_r"
    many.project.execute(f"CREATE ROLE {role} LOGIN")
    try:
        many.project.execute(f"ALTER DATABASE {mine} OWNER TO {role}")
        many.query(mine, f"GRANT ALL ON SCHEMA public TO {role}")
        many.query(others, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        many.project.write(**TWO)
        result = many.migrate(target=Target({**parse_url(many.project.url), "user": role}))
        assert [each["name"] for each in result["failed_databases"]] == [others]
        assert many.applied(mine) == ["1", "2"]
    finally:
        many.project.execute(f"DROP DATABASE {mine} WITH (FORCE)")
        many.project.execute(f"DROP ROLE {role}")


def test_of_another_encoding_is_migrated_too(many: Many) -> None:
    name = many.prefix + "_latin"
    many.project.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    many.names.append(name)
    many.make("utf8")
    many.project.write(v1="CREATE TABLE a (id int); COMMENT ON TABLE a IS 'ä'")
    result = many.migrate(with_diff=True)
    assert result["counts"]["changed"] == 2


def test_two_tasks_at_once_apply_each_migration_once(many: Many) -> None:
    names = many.make("1", "2", "3", "4", "5", "6")
    many.project.write(**TWO)
    reader, writer = os.pipe()
    other = os.fork()
    if other == 0:
        try:
            counts = many.migrate(workers=2)["counts"]
            os.write(writer, b"%d %d" % (counts["changed"] + counts["ok"], counts["failed"]))
        finally:
            os._exit(0)
    result = many.migrate(workers=2)
    os.waitpid(other, 0)
    assert os.read(reader, 100) == b"6 0"
    assert (result["counts"]["changed"] + result["counts"]["ok"], result["counts"]["failed"]) == (6, 0)
    for name in names:
        counted = "SELECT version, count(*) FROM schema_migrations_log WHERE version IS NOT NULL GROUP BY 1 ORDER BY 1"
        log = many.query(name, counted)
        assert log == [("1", 1), ("2", 1)]


def test_a_signal_ends_what_is_open_and_names_it(many: Many) -> None:
    first, second = many.make("1", "2")
    many.project.write(v1="CREATE TABLE a (id int)", v2="SELECT pg_sleep(60)")

    def interrupt() -> None:
        while many.project.query("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") < [(2,)]:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=interrupt, daemon=True).start()
    with interruptible():
        result = many.migrate()
    assert result["error"]["kind"] == "signal"
    assert [(each["name"], each["applied"]) for each in result["failed_databases"]] == [(first, ["1"]), (second, ["1"])]
    assert many.applied(first) == many.applied(second) == ["1"]


def test_a_signal_after_the_last_database_is_done_changes_nothing(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    names = many.make("a", "b")
    many.project.write(**TWO)
    result_of = fleet.result_of

    def interrupted(*given: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return result_of(*given)

    monkeypatch.setattr(fleet, "result_of", interrupted)
    with interruptible():
        result = many.migrate()
    assert (result["counts"]["changed"], "error" in result) == (2, False)
    assert [many.applied(name) for name in names] == [["1", "2"]] * 2


def test_a_signal_while_a_database_is_counted_loses_nothing_of_it(many: Many, monkeypatch: pytest.MonkeyPatch) -> None:
    names = many.make("a", "b", "c")
    many.project.write(**TWO)
    add = Tally.add

    def interrupted(tally: Tally, *given: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        add(tally, *given)

    monkeypatch.setattr(Tally, "add", interrupted)
    with interruptible():
        result = many.migrate(workers=1)
    assert result["error"]["kind"] == "signal"
    assert result["counts"] == {"ok": 0, "changed": 1, "failed": 0, "not_reached": 2}
    assert [many.applied(name) for name in names] == [["1", "2"], [], []]


def test_where_no_further_process_can_be_started_what_was_done_is_told(
    many: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = many.make("a", "b")
    many.project.write(**TWO)
    fork, forks = os.fork, list[int]()

    def refusing() -> int:
        if forks:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        forks.append(1)
        return fork()

    monkeypatch.setattr(os, "fork", refusing)
    result = many.migrate(serial=["1"])
    assert result["error"]["kind"] == "worker"
    assert result["counts"] == {"ok": 0, "changed": 1, "failed": 0, "not_reached": 1}
    assert [many.applied(name) for name in names] == [["1", "2"], []]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_whenever_a_signal_comes_what_was_done_is_told(many: Many, seed: int) -> None:
    names = many.make(*("%02d" % number for number in range(30)))
    many.project.write(**TWO)
    interrupt = threading.Timer(0.05 + 0.06 * seed, os.kill, (os.getpid(), signal.SIGTERM))
    with interruptible():
        interrupt.start()
        result = many.migrate(workers=4, policies=many_policies())
        with suppress(errors.Stop):  # it came after the end
            interrupt.join()
    done = [name for name in names if many.applied(name)]
    failed = {each["name"]: each.get("applied", []) for each in result["failed_databases"]}
    assert [many.applied(name) for name in failed] == list(failed.values())
    assert result["counts"]["changed"] == len([name for name in done if name not in failed])
    assert sum(result["counts"].values()) == 30


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_killed_in_the_middle_and_run_again(many: Many, seed: int) -> None:
    names = many.make(*("%02d" % number for number in range(30)))
    many.project.write(**{f"v{n}": f"CREATE TABLE t{n} (id int); INSERT INTO t{n} VALUES ({n})" for n in range(1, 6)})
    task = os.fork()
    if task == 0:
        try:
            many.migrate(workers=4, policies=many_policies())
        finally:
            os._exit(0)
    time.sleep(0.05 + 0.13 * seed)
    os.kill(task, signal.SIGKILL)
    os.waitpid(task, 0)
    result = many.migrate(workers=4, policies=many_policies())
    assert result["counts"]["failed"] == result["counts"]["not_reached"] == 0
    for name in names:
        assert many.applied(name) == ["1", "2", "3", "4", "5"]
        rows = " UNION ALL ".join(f"SELECT id FROM t{n}" for n in range(1, 6))
        assert sorted(many.query(name, rows)) == [(1,), (2,), (3,), (4,), (5,)]


def many_policies() -> Any:
    """Return policies with which no dump is taken: more falls into the migrations themselves."""
    from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies

    return Policies(drift="ignore")

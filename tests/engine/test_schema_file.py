# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""schema_file, as the module keeps it: on PostgreSQL and on SQLite, after runs that go well and others."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import server as throwaway
from module_runner import Modules


class Shop:
    """Scripts in a directory, a database, and a file beside them."""

    def __init__(self, modules: Modules, url: str, directory: Path) -> None:
        self.modules, self.url, self.directory = modules, url, directory
        self.scripts, self.file = directory / "migrations", directory / "schema.sql"
        self.scripts.mkdir()

    def write(self, number: int, up: str, down: str | None = None) -> None:
        """Write a script."""
        (self.scripts / f"{number}_s.up.sql").write_text(up)
        if down is not None:
            (self.scripts / f"{number}_s.down.sql").write_text(down)

    def run(self, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run the module, and return its result."""
        given = {"url": self.url, "migrations_dir": [str(self.scripts)], "schema_file": str(self.file), **options}
        return self.modules.run("pg_migrate", given, check).result

    def execute(self, statement: str) -> None:
        """Have the database do something beside the migrations."""
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.directory / "shop.db")) as connection:
                connection.executescript(statement)
            return
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute(statement)


@pytest.fixture
def on_postgresql(any_server: throwaway.Server, database: str, tmp_path: Path) -> Iterator[Shop]:
    """Return one on PostgreSQL."""
    modules = Modules(tmp_path, any_server.bindir)
    yield Shop(modules, database, tmp_path)
    modules.close()


@pytest.fixture(params=["postgresql", "sqlite"])
def shop(request: pytest.FixtureRequest, any_server: throwaway.Server, database: str, tmp_path: Path) -> Iterator[Shop]:
    """Return one on each database."""
    modules = Modules(tmp_path, any_server.bindir)
    (tmp_path / "shop.db").touch()
    yield Shop(modules, database if request.param == "postgresql" else f"sqlite:///{tmp_path / 'shop.db'}", tmp_path)
    modules.close()


def warnings(result: dict[str, Any]) -> list[str]:
    """Return what a task warns of; ansible-core 2.19 has more than the sentences."""
    return [each if isinstance(each, str) else each["event"]["msg"] for each in result.get("warnings", ())]


def test_a_life(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);", "DROP TABLE a;")
    checked = shop.run(check=True)
    assert (checked["changed"], checked["schema_file"]["differs"], shop.file.exists()) == (True, True, False)
    assert shop.run()["schema_file"] == {"path": str(shop.file), "differs": True, "written": True, "reason": None}
    first = shop.file.read_text()
    assert "\n-- version 1\n" in first

    shop.write(2, "CREATE TABLE b (x int);", "DROP TABLE b;")
    stale = shop.run(check=True)
    assert stale["schema_file"]["differs"] is True
    assert "\n+-- version 2\n" in stale["diff"][-1]["prepared"]
    assert stale["diff"][-1]["before_header"] == str(shop.file)
    assert shop.file.read_text() == first
    assert shop.run()["schema_file"]["written"] is True
    second = shop.file.read_text()
    assert "schema_migrations" not in second
    assert len(second.split("CREATE TABLE")) == 3

    assert shop.run(state="rolled_back")["schema_file"]["written"] is True
    assert shop.file.read_text() == first


def test_what_a_rehearsal_comes_to_is_what_the_run_leaves(shop: Shop) -> None:
    """The file of another checkout: it has come along with the script that is still to be run here."""
    shop.write(1, "CREATE TABLE a (x int);")
    shop.run()
    before = shop.file.read_text()
    shop.write(2, "CREATE TABLE b (x int);", "DROP TABLE b;")
    shop.run()
    after = shop.file.read_text()
    shop.run(state="rolled_back")
    assert shop.file.read_text() == before
    shop.file.write_text(after)
    checked = shop.run(check=True)
    assert checked["schema_file"]["differs"] is False
    assert [each for each in checked["diff"] if "before_header" in each] == []


def test_with_nothing_pending(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    shop.run()
    fresh = shop.run(check=True)
    assert (fresh["changed"], fresh["schema_file"]["differs"]) == (False, False)
    assert "schema_file" not in shop.run()
    by_hand = shop.file.read_text().replace("-- version 1", "-- version 1\n-- by hand")
    shop.file.write_text(by_hand)
    stale = shop.run(check=True)
    assert (stale["changed"], stale["pending"]) == (True, [])
    assert "isn't the schema of this database" in warnings(stale)[-1]
    real = shop.run()
    assert (real["changed"], "schema_file" in real, shop.file.read_text()) == (False, False, by_hand)


def test_a_change_by_hand_is_told(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    shop.run()
    shop.execute("CREATE TABLE by_hand (x int)")
    assert "by_hand" in shop.run(check=True)["diff"][-1]["prepared"]


def test_a_missing_one_is_made_with_nothing_pending(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    shop.run()
    text = shop.file.read_text()
    shop.file.unlink()
    result = shop.run()
    assert (result["changed"], shop.file.read_text()) == (True, text)
    assert result["msg"].endswith(f"Wrote {shop.file}.")


@pytest.mark.parametrize("on_drift", ["ignore", "warn", "fail"])
def test_whatever_watches_for_drift(shop: Shop, on_drift: str) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    assert shop.run(on_drift=on_drift)["schema_file"]["written"] is True
    shop.write(2, "CREATE TABLE b (x int);")
    shop.run(on_drift=on_drift)
    assert "\n-- version 2\n" in shop.file.read_text()


def test_a_run_that_fails_after_a_migration(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    shop.write(2, "CREATE TABLE a (x int);")
    result = shop.run()
    assert result["failed"] is True
    assert result["schema_file"]["written"] is True
    assert "\n-- version 1\n" in shop.file.read_text()


def test_a_run_that_fails_at_once_leaves_it(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    shop.run()
    text = shop.file.read_text()
    shop.write(2, "nonsense;")
    result = shop.run()
    assert (result["failed"], shop.file.read_text()) == (True, text)


def test_refused_before_anything_is_done(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    shop.file.write_text("SELECT 1;\n")
    result = shop.run()
    assert (result["error"]["kind"], shop.file.read_text()) == ("option", "SELECT 1;\n")
    shop.file.unlink()
    assert [each["version"] for each in shop.run()["applied"]] == ["1"]


def test_not_rehearsed_is_not_compared(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    result = shop.run(check=True, rehearsal="off")
    assert result["schema_file"]["differs"] is None
    assert "wasn't compared: the plan wasn't rehearsed." in warnings(result)[-1]


def test_beside_the_scripts(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    shop.file = shop.scripts / "schema.sql"
    shop.run()
    shop.write(2, "CREATE TABLE b (x int);")
    assert [each["version"] for each in shop.run()["applied"]] == ["2"]


def test_another_role_gives_the_same_file(on_postgresql: Shop, any_server: throwaway.Server, database: str) -> None:
    """Of development and of production, say."""
    shop, role = on_postgresql, f"Other {os.getpid()}"
    shop.write(
        1,
        "CREATE TABLE t (x int); GRANT SELECT ON t TO PUBLIC; REVOKE DELETE ON t FROM CURRENT_USER;"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;",
    )
    shop.run()
    text = shop.file.read_text()
    assert ("OWNER TO" in text, "FOR ROLE CURRENT_USER" in text) == (False, True)
    name = f"other_{os.getpid()}"
    url = any_server.create_database(name)
    try:
        shop.execute(f'CREATE ROLE "{role}"')
        shop.execute(f'ALTER DATABASE {name} OWNER TO "{role}"')
        shop.url = url
        assert shop.run(check=True, session_role=role)["schema_file"]["differs"] is False
        shop.run(session_role=role)
        assert shop.file.read_text() == text
    finally:
        any_server.drop_database(name)
        shop.url = database
        shop.execute(f'DROP ROLE IF EXISTS "{role}"')


def test_in_an_empty_cluster(on_postgresql: Shop, any_server: throwaway.Server) -> None:
    """In a build, without any database: whether the file that was committed is that of the scripts."""
    shop = on_postgresql
    shop.write(1, "CREATE TABLE a (x int); GRANT SELECT ON a TO PUBLIC;")
    shop.run()
    given = {"url": None, "rehearsal_on": "empty", "rehearsal_cache_size": "0"}
    given["postgresql_bin_dir"] = any_server.bindir
    same = shop.run(check=True, **given)
    assert same["schema_file"] == {"path": str(shop.file), "differs": False, "written": False, "reason": None}
    shop.write(2, "CREATE TABLE b (x int);")
    assert shop.run(check=True, **given)["schema_file"]["differs"] is True


def test_values_that_are_secret(on_postgresql: Shop) -> None:
    shop = on_postgresql
    shop.write(1, "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''${token}'' ';")
    shop.run(secret_variables={"token": "hunter2"})
    assert "hunter2" not in shop.file.read_text()
    assert "SELECT '********' " in shop.file.read_text()


def test_what_a_role_may_not_read(on_postgresql: Shop) -> None:
    """A file that lacks a part would look as if that had been dropped."""
    shop, name = on_postgresql, f"blind_{os.getpid()}"
    shop.execute(f"CREATE ROLE {name}; GRANT ALL ON SCHEMA public TO {name}")
    shop.execute("CREATE SCHEMA closed; CREATE TABLE closed.t ()")
    try:
        shop.write(1, "CREATE TABLE a (x int);")
        result = shop.run(session_role=name, on_nonempty="ignore")
        assert [each["version"] for each in result["applied"]] == ["1"]
        assert not shop.file.exists()
        assert "wasn't written: this role may not read all of the schema (" in warnings(result)[-1]
    finally:
        shop.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_another_version_of_pg_dump(on_postgresql: Shop) -> None:
    shop = on_postgresql
    shop.write(1, "CREATE TABLE a (x int);")
    shop.run()
    fresh = shop.file.read_text()
    shop.file.write_text(fresh.replace("read by pg_dump ", "read by pg_dump 1"))
    checked = shop.run(check=True)
    assert (checked["changed"], checked["schema_file"]["differs"]) == (False, None)
    assert "wasn't compared: it was read by pg_dump 1" in warnings(checked)[-1]
    shop.write(2, "SELECT 1;")
    shop.run()
    assert shop.file.read_text() == fresh.replace("-- version 1\n", "-- version 2\n")


@pytest.mark.parametrize("on_drift", ["ignore", "warn"])
def test_without_pg_dump(on_postgresql: Shop, on_drift: str) -> None:
    shop = on_postgresql
    shop.write(1, "CREATE TABLE a (x int);")
    result = shop.run(postgresql_bin_dir=str(shop.directory), on_drift=on_drift)
    assert [each["version"] for each in result["applied"]] == ["1"]
    said = [each for each in warnings(result) if "pg_dump" in each]
    assert said[-1].startswith(f"schema_file: {shop.file} wasn't written: ")
    assert [each.startswith("Changes by hand can't be noticed") for each in said[:-1]] == [True] * (on_drift == "warn")


def test_while_nobody_may_read(on_postgresql: Shop) -> None:
    """The next run, which has nothing to apply, has no reason to look: so it is said what to do."""
    shop = on_postgresql
    shop.write(1, "CREATE TABLE a (x int);")
    shop.run()
    shop.write(2, "CREATE TABLE b (x int);")
    with closing(psycopg2.connect(shop.url)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE a")
        result = shop.run()
    assert [each["version"] for each in result["applied"]] == ["2"]
    said = [each for each in warnings(result) if each.startswith("schema_file: ")]
    assert len(said) == 1
    assert "LOCK TABLE" in said[0]
    assert said[0].endswith("Remove the file, and run again, to have it made anew.")
    shop.file.unlink()
    assert shop.run()["schema_file"]["written"] is True
    assert "\n-- version 2\n" in shop.file.read_text()


def test_a_run_that_is_cut_off(shop: Shop) -> None:
    shop.write(1, "CREATE TABLE a (x int);")
    script = "import os, signal, time\ndef up(cursor):\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(60)\n"
    (shop.directory / "more").mkdir()
    (shop.directory / "more" / "2_s.py").write_text(script)
    result = shop.run(migrations_dir=[str(shop.scripts), str(shop.directory / "more")])
    assert (result["error"]["kind"], [each["version"] for each in result["applied"]]) == ("signal", ["1"])
    assert not shop.file.exists()
    said = "wasn't written: the run ended before anybody could look at the schema."
    assert [said in each for each in warnings(result) if "schema_file" in each] == [True]

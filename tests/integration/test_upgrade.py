# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 0.1.0 has recorded, kept and digested is read by this version: one database, one directory, both collections.

files/pgops-migrations-0.1.0.tar.gz is that release's artifact.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from .test_targets import ROOT
from .test_targets import _environment as bare_environment

pytestmark = pytest.mark.slow

ARTIFACT = Path(__file__).parent / "files" / "pgops-migrations-0.1.0.tar.gz"


class Both:
    """Two versions of the collection, and what both work on."""

    def __init__(self, url: str, work: Path) -> None:
        self.url, self.work, self.directory = url, work, work / "migrations"
        self.directory.mkdir()
        program = str(Path(sys.executable).with_name("ansible-galaxy"))
        install = [program, "collection", "install", "--offline", "-p", str(work / "old"), str(ARTIFACT)]
        subprocess.run(install, check=True, cwd=work, env=bare_environment(work), stdout=subprocess.DEVNULL)
        # The checkout's ansible.cfg names its own modules; the release has none.
        (work / "old.cfg").write_text(
            f"[defaults]\ncollections_path = {work / 'old'}\ninterpreter_python = {sys.executable}\n"
            "localhost_warning = false\n[inventory]\ninventory_unparsed_warning = false\n"
        )
        self.configs = {"old": work / "old.cfg", "new": ROOT / "ansible.cfg"}

    def write(self, number: int, up: str) -> None:
        """Write a migration."""
        (self.directory / f"{number}_m.up.sql").write_text(up)
        (self.directory / f"{number}_m.down.sql").write_text("SELECT 1;")

    def run(
        self, release: str, module: str = "pg_migrate", check: bool = False, warned: bool = False, **options: Any
    ) -> Any:
        """Run a module of one of the versions; return its result. It warns of nothing, unless that is expected."""
        given = {"url": self.url, "migrations_dir": str(self.directory), **options}
        command = ["ansible", "localhost", "-m", f"pgops.migrations.{module}", "-a", json.dumps(given), "--diff"]
        environment = {**bare_environment(self.work), "ANSIBLE_CONFIG": str(self.configs[release])}
        done = subprocess.run(
            [str(Path(sys.executable).with_name(command[0])), *command[1:], *(["--check"] if check else [])],
            check=False,
            cwd=self.work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        found = done.stdout.partition("localhost | ")[2].partition(" => ")[2]
        assert done.returncode == 0 and found, done.stdout + done.stderr
        assert ("[WARNING]" in done.stderr) == warned, done.stderr
        return json.loads(found)


@pytest.fixture
def both(database: str, tmp_path: Path) -> Both:
    return Both(database, tmp_path)


def test_what_the_first_release_has_left_is_understood(both: Both) -> None:
    both.write(1, "CREATE TABLE a (x int);")
    both.write(2, "CREATE VIEW v AS SELECT x FROM a;")
    assert both.run("old")["changed"]
    # Nothing is pending, modified or missing, and nothing has drifted.
    again = both.run("new")
    assert (again["changed"], again["current_version"]) == (False, "2")
    listed = both.run("new", "pg_migration_info")
    assert [(each["state"], each["modified"]) for each in listed["migrations"]] == [("applied", False)] * 2
    # What was reviewed with the first release is applied by this one.
    both.write(3, "CREATE TABLE b (x int);")
    reviewed = both.run("old", check=True)["plan_digest"]
    applied = both.run("new", expect=reviewed, on_drift="fail")
    assert [each["version"] for each in applied["applied"]] == ["3"]
    assert "drift" not in applied
    # And the other way round, for a host that isn't updated yet.
    both.write(4, "CREATE TABLE c (x int);")
    assert [each["version"] for each in both.run("old")["applied"]] == ["4"]
    both.write(5, "CREATE TABLE d (x int);")
    assert "drift" not in both.run("new")
    back = both.run("new", state="rolled_back", version="3")
    assert [each["version"] for each in back["rolled_back"]] == ["5", "4"]


def modified(both: Both) -> list[tuple[str, str, bool]]:
    """Return version, state, and whether the file was modified, of each migration."""
    listed = both.run("new", "pg_migration_info")["migrations"]
    return [(each["version"], each["state"], each["modified"]) for each in listed]


def query(both: Both, statement: str) -> list[tuple[Any, ...]]:
    """Return what the database says."""
    with closing(psycopg2.connect(both.url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
        connection.commit()
        return rows


def test_the_first_release_loses_nothing_of_a_table_of_two_columns(both: Both) -> None:
    both.write(1, "SELECT 1;")
    both.write(2, "CREATE TABLE a (x int);")
    both.run("new", baseline_version="1")
    both.write(3, "CREATE TABLE b (x int);")
    assert [each["version"] for each in both.run("old")["applied"]] == ["3"]
    assert both.run("old")["changed"] is False
    assert modified(both) == [(number, "applied", False) for number in "123"]
    # What the log said is still known, and what the first release has recorded stands in its columns.
    for number in (2, 3):
        both.write(number, "SELECT 'something else';")
    assert modified(both) == [("1", "applied", False), ("2", "applied", True), ("3", "applied", True)]
    for number, name in ((2, "a"), (3, "b")):
        both.write(number, f"CREATE TABLE {name} (x int);")
    # This release goes on in all columns, so that the first one knows what it did.
    both.write(4, "CREATE TABLE IF NOT EXISTS c (x int);")
    assert [each["version"] for each in both.run("new")["applied"]] == ["4"]
    assert query(both, "SELECT name, event FROM schema_migrations WHERE version = '4'") == [("m", "applied")]
    assert both.run("old", state="rolled_back")["rolled_back"][0]["version"] == "4"
    # Reduced, nothing is lost either; and the first release begins anew with its columns.
    assert both.run("new", "pg_migration_mark", state="reduced")["changed"]
    assert query(both, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'schema_migrations'::regclass "
                       "AND attnum > 0 AND NOT attisdropped") == [(2,)]  # fmt: skip
    assert query(both, "SELECT l.version, l.event, length(l.checksum) FROM schema_migrations "
                       "JOIN schema_migrations_log l USING (version, applied) ORDER BY 1") == [
        ("1", "baseline", 64), ("2", "applied", 64), ("3", "applied", 64)
    ]  # fmt: skip
    assert [each["version"] for each in both.run("old")["applied"]] == ["4"]
    assert modified(both) == [(number, "applied", False) for number in "1234"]
    with pytest.raises(AssertionError, match="belongs to the baseline"):
        both.run("new", state="rolled_back", version="0")


# Scripts as editors and checkouts leave them.
SPELLINGS = {
    "a byte order mark": b"\xef\xbb\xbfCREATE TABLE %s (x int);\n",
    "line ends of Windows": b"CREATE TABLE %s (x int);\r\n-- more\r\n",
    "line ends of old": b"CREATE TABLE %s (x int);\r-- more\r",
    "no end": "CREATE TABLE %s (größe int);".encode(),
}


def test_checksums_are_what_they_were(both: Both) -> None:
    for number, text in enumerate(SPELLINGS.values(), 1):
        (both.directory / f"{number}_m.up.sql").write_bytes(text % b"t%d" % number)
    assert len(both.run("old")["applied"]) == len(SPELLINGS)
    assert modified(both) == [(str(number), "applied", False) for number, dummy in enumerate(SPELLINGS, 1)]
    assert both.run("new")["changed"] is False


# As servers of late 2026 do by themselves.
MARK = """
    SET allow_system_table_mods = on;
    UPDATE pg_attribute SET attoptions = ARRAY['pg_attver=%d']
     WHERE attrelid = 'a'::regclass AND attnum > 0
"""


def test_a_snapshot_of_either_release_is_no_drift_to_the_other(both: Both) -> None:
    both.write(1, "CREATE TABLE a (x int);")
    both.run("old")
    query(both, MARK % 3)
    both.write(2, "SELECT 2;")
    both.run("new")  # its snapshot is of the second format now
    for number, release in ((3, "old"), (4, "new"), (5, "new"), (6, "old"), (7, "old"), (8, "new")):
        both.write(number, f"SELECT {number};")
        assert "drift" not in both.run(release, on_drift="fail"), f"{number}: {release}"
    # What somebody has changed is told all the same, whoever has kept what it was.
    query(both, "CREATE TABLE by_hand (x int)")
    both.write(9, "SELECT 9;")
    drifted = both.run("new", warned=True)["drift"]["diff"]
    assert "by_hand" in drifted
    assert "pg_attver" not in drifted

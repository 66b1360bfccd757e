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
from pathlib import Path
from typing import Any

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

    def run(self, release: str, module: str = "pg_migrate", check: bool = False, **options: Any) -> dict[str, Any]:
        """Run a module of one of the versions; return its result."""
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
        assert "[WARNING]" not in done.stderr, done.stderr
        result: dict[str, Any] = json.loads(found)
        return result


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

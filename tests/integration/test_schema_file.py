# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""schema_file in a checkout on the controller, with several hosts: beside the playbook, and written by one of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .test_targets import ROOT
from .test_targets import _environment as environment

PLAYBOOK = """---
- name: Migrate
  hosts: all
  gather_facts: false
  tasks:
    - name: Migrate
      pgops.migrations.pg_migrate:
        url: "{url}"
        login_password: TABLE
        src: db/migrations
        schema_file: {file}
      run_once: {run_once}
      throttle: 1
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with a script."""
    scripts = tmp_path / "checkout" / "db" / "migrations"
    scripts.mkdir(parents=True)
    (scripts / "1_a.up.sql").write_text("CREATE TABLE a (x int);")
    return tmp_path / "checkout"


def play(checkout: Path, url: str, file: str, run_once: bool = False, hosts: str = "one,two") -> tuple[int, str]:
    """Run the playbook on hosts that are all this one; return its code and what it printed."""
    playbook = checkout / "migrate.yml"
    playbook.write_text(PLAYBOOK.format(url=url, file=file, run_once=str(run_once).lower()))
    command = [str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), "-i", f"{hosts},"]
    command += ["-e", f"ansible_connection=local ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=environment(checkout.parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=120,
    )
    return done.returncode, done.stdout


def files(checkout: Path) -> list[str]:
    """Return the files beside the scripts."""
    return sorted(name for name in os.listdir(checkout / "db") if name != "migrations")


def test_each_host_would_write_it(checkout: Path, database: str) -> None:
    code, said = play(checkout, database, "db/schema.sql")
    assert code == 2
    assert "schema_file: db/schema.sql would be written by each of the 2 hosts of this play" in said
    assert files(checkout) == []


def test_one_of_them_writes_it_beside_the_playbook(checkout: Path, database: str) -> None:
    code, said = play(checkout, database, "db/schema.sql", run_once=True)
    assert (code, files(checkout)) == (0, ["schema.sql"]), said
    # The password is a word of the schema.
    assert "\nCREATE TABLE public.a (\n" in (checkout / "db" / "schema.sql").read_text()


def test_each_writes_its_own(checkout: Path, database: str) -> None:
    code, said = play(checkout, database, "'db/{{ inventory_hostname }}.sql'")
    assert (code, files(checkout)) == (0, ["one.sql", "two.sql"]), said
    assert (checkout / "db" / "one.sql").read_text() == (checkout / "db" / "two.sql").read_text()


def test_a_play_of_one_host(checkout: Path, database: str) -> None:
    code, said = play(checkout, database, "schema.sql", hosts="one")
    assert (code, (checkout / "schema.sql").exists()) == (0, True), said

"""A signal in the middle: everything open is rolled back, the scratch copy is gone, the lock is given back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from .conftest import Project

ROOT = Path(__file__).resolve().parents[2]
# One statement: the task must not wait for its end.
SLEEPER = "CREATE TABLE a (x int);\nSELECT pg_sleep(300);"


def start(project: Project, *more: str) -> subprocess.Popen[str]:
    """Start the task as a user would, from the command line."""
    program = Path(sys.executable).with_name("ansible")
    arguments = f"url={project.url} migrations_dir={project.directory}"
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "HOME": str(project.scratch_files)}
    return subprocess.Popen(
        [str(program), "localhost", "-m", "pg_migrate", "-a", arguments, *more],
        cwd=ROOT,
        env={**environment, "ANSIBLE_HOME": str(project.directory.parent / "ansible"), "ANSIBLE_NOCOLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def module_pid(project: Project) -> int:
    """Wait until the sleeping statement runs; return the process of the module that waits for it."""
    query = "SELECT client_port FROM pg_stat_activity WHERE query LIKE '%%pg_sleep%%' AND pid <> pg_backend_pid()"
    for dummy in range(200):
        if project.query(query):
            return max(_modules(project))
        time.sleep(0.05)
    raise AssertionError("the migration never started")


def _modules(project: Project) -> list[int]:
    """Return the processes that run the module for this project's home directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            home = b"HOME=%s" % str(project.scratch_files).encode()
            ours = home in path.with_name("environ").read_bytes().split(b"\0")
            if ours and any(b"AnsiballZ_pg_migrate.py" in word for word in words[1:2]):
                found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for the module's process in /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("mode", [["--check"], []], ids=["check", "real"])
def test_a_signal_ends_the_task_and_leaves_nothing(project: Project, number: signal.Signals, mode: list[str]) -> None:
    project.write(v1=SLEEPER)
    task = start(project, *mode)
    os.kill(module_pid(project), number)
    output, dummy = task.communicate(timeout=60)
    assert task.returncode != 0
    result = json.loads(output.partition("FAILED! => ")[2])
    assert result["error"]["kind"] == "signal"
    assert result["error"]["message"] == f"Interrupted by {number.name}; what was open is rolled back"
    assert result["msg"] == f"{result['error']['message']}. {result['error']['hint']}"
    assert project.tables() == []
    assert project.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'") == []


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for the module's process in /proc")
@pytest.mark.parametrize("diff", [[], ["--diff"]], ids=["plain", "diff"])
def test_the_result_has_what_was_applied_until_the_signal(project: Project, diff: list[str]) -> None:
    project.write(v1="CREATE TABLE one (x int)", v2="CREATE TABLE two (x int)", v3=SLEEPER, v4="SELECT 1")
    task = start(project, *diff)
    os.kill(module_pid(project), signal.SIGTERM)
    output, dummy = task.communicate(timeout=60)
    result = json.loads(output.partition("FAILED! => ")[2])
    assert result["error"]["kind"] == "signal"
    assert [each["version"] for each in result["applied"]] == project.applied() == ["1", "2"]
    assert [each["version"] for each in result["pending"]] == ["3", "4"]
    assert (result["failed_migration"]["version"], result["current_version"]) == ("3", "2")
    assert result["changed"] is True

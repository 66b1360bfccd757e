"""Modules as Ansible runs them, without Ansible: the real ones, a process for each task, and many of these a second.
One process imports all of them, and forks for each task.

Run as a program it is that process: a line of JSON in, a line of JSON out.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("pg_migrate", "pg_migration_generate", "pg_migration_info", "pg_migration_mark", "pg_user_db")
PATIENCE = 60.0


class Answer(NamedTuple):
    """What a task said.

    :ivar output: all that it wrote, a traceback among it.
    :ivar log: what it wrote to the system's log.
    """

    output: str
    log: str
    hangs: bool

    @property
    def result(self) -> dict[str, Any]:
        """Return its result; what isn't one raises."""
        found = json.loads(self.output)
        assert isinstance(found, dict)
        return found

    @property
    def kind(self) -> str:
        """Return the kind of its error, or ok."""
        return str(self.result["error"]["kind"]) if self.result.get("failed") else "ok"


class Modules:
    """The modules, ready to run."""

    def __init__(self, directory: Path, programs: str) -> None:
        environment = {"PATH": os.pathsep.join([programs, os.defpath]), "HOME": str(directory), "LC_ALL": "C.UTF-8"}
        # A name that no host has is no reason to wait.
        environment.update(RES_OPTIONS="timeout:1 attempts:1", PYTHONPATH=str(ROOT / ".collections"))
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="ascii",
        )

    def run(self, module: str, arguments: Mapping[str, Any], check: bool = False) -> Answer:
        """Run one task."""
        assert self.process.stdin is not None and self.process.stdout is not None
        internal = {"_ansible_check_mode": check, "_ansible_verbosity": 3, "_ansible_remote_tmp": ".ansible"}
        self.process.stdin.write(json.dumps([module, {**arguments, **internal}]) + "\n")
        self.process.stdin.flush()
        return Answer(*json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    """Run a task for each line."""
    from ansible.module_utils import basic

    mains = {
        name: importlib.import_module(f"ansible_collections.pgops.migrations.plugins.modules.{name}").main
        for name in MODULES
    }
    importlib.import_module("ansible_collections.pgops.migrations.plugins.module_utils.task.migrate")
    for line in sys.stdin:
        module, arguments = json.loads(line)
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        basic._ANSIBLE_PROFILE = "legacy"
        print(json.dumps(_fork(mains[module], basic)), flush=True)


def _fork(function: Any, basic: Any) -> list[Any]:
    """Run a function in a process of its own. Return what it wrote, what it logged, and whether it had to be killed."""
    (output, said), (log, logged) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said, 1)
        os.dup2(said, 2)
        basic.has_journal = False
        basic.syslog = SimpleNamespace(
            LOG_USER=0,
            LOG_INFO=0,
            openlog=lambda *dummy: None,
            syslog=lambda dummy, text: os.write(logged, text.encode("utf-8", "backslashreplace") + b"\n"),
        )
        try:
            function()
        except SystemExit:
            pass
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(0)
    os.close(said)
    os.close(logged)
    texts, hangs = {output: b"", log: b""}, False
    ends = time.monotonic() + PATIENCE
    waiting = [output, log]
    while waiting and not hangs:
        ready = select.select(waiting, [], [], max(0.0, ends - time.monotonic()))[0]
        for descriptor in ready:
            data = os.read(descriptor, 1 << 16)
            texts[descriptor] += data
            if not data:
                waiting.remove(descriptor)
        hangs = not ready
    if hangs:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(output)
    os.close(log)
    return [texts[output].decode("utf-8", "backslashreplace"), texts[log].decode("utf-8", "backslashreplace"), hangs]


if __name__ == "__main__":
    main()

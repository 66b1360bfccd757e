# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as a process of its own, given its arguments as Ansible gives them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
MODULE = "ansible_collections.pgops.migrations.plugins.modules.pg_migrate"
LONGEST = 120  # seconds; a run that takes longer hangs


@dataclass(frozen=True)
class Result:
    """What a run came to. ``said`` is empty where it was killed."""

    code: int
    said: dict[str, Any]
    stderr: str

    @property
    def ok(self) -> bool:
        """Return whether it did what it was asked for."""
        return self.code == 0 and not self.said.get("failed")

    @property
    def kind(self) -> str | None:
        """Return the kind of its error."""
        error: dict[str, Any] = self.said.get("error", {})
        return error.get("kind")

    @property
    def applied(self) -> list[str]:
        """Return the versions that it says it has applied."""
        return [each["version"] for each in self.said.get("applied", [])]

    def __str__(self) -> str:
        message = self.said.get("msg") or f"applied {', '.join(self.applied) or 'nothing'}"
        return f"exit {self.code}, {self.kind or 'no error'}: {message}" + (f" {self.stderr}" if self.stderr else "")


class Task:
    """One run of pg_migrate."""

    def __init__(self, bindir: str, home: Path, options: dict[str, Any], checking: bool = False) -> None:
        """Start it.

        :param home: where its temporary files go; like Ansible, the task removes its own directory there at the end.
        """
        self.directory = Path(tempfile.mkdtemp(prefix="task-", dir=home))
        own = {"_ansible_check_mode": checking, "_ansible_diff": checking, "_ansible_tmpdir": str(self.directory)}
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {**options, **own}})
        (self.directory / "arguments.json").write_text(arguments)
        environment = {
            "PATH": os.pathsep.join([bindir, os.environ.get("PATH", os.defpath)]),
            "PYTHONPATH": str(ROOT / ".collections"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(home),
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home.parent / "cache"),
            "PGPASSFILE": "no-such-file",
            "LC_ALL": "C.UTF-8",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(self.directory / "arguments.json")],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def kill(self) -> None:
        """End it at once."""
        self.process.send_signal(signal.SIGKILL)

    def result(self) -> Result:
        """Wait for its end.

        Raises: subprocess.TimeoutExpired, when it hangs; it is killed then.
        """
        try:
            out, err = self.process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.communicate()
            raise
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
        return Result(self.process.returncode, json.loads(out) if out.strip() else {}, err)

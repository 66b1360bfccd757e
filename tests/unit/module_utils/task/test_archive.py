# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target has task/archive.py, as the module brings it along, and all else only from the archive."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.task import archive

# The task of a user who doesn't say where the migrations are.
TARGET = """
import collections, json, sys
from elsewhere.task import archive as packed_engine

class Module:
    archive = json.load(sys.stdin)
    params = collections.defaultdict(type(None), {"_engine": archive})
    no_log_values = {archive, "secret"}
    argument_spec = {}
    check_mode = _diff = False

    def fail_json(self, **result):
        print(json.dumps({**result, "invocation": self.params, "hidden": list(self.no_log_values)}))

packed_engine.run(Module(), "migrate", "pg_migrate")
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    task = tmp_path / "elsewhere" / "task"
    task.mkdir(parents=True)
    shutil.copy(str(archive.__file__), task)
    return tmp_path


def run(target: Path, archive: str | None) -> dict[str, Any]:
    command = [sys.executable, "-B", "-c", TARGET]
    done = subprocess.run(command, input=json.dumps(archive), cwd=target, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_it_runs_from_the_archive_and_writes_nothing(target: Path) -> None:
    before = sorted(target.rglob("*"))
    answer = run(target, archive.pack())
    assert answer["error"]["kind"] == "option"
    assert answer["msg"].startswith("Nothing says where the migrations are")
    assert sorted(target.rglob("*")) == before


def test_the_archive_is_neither_shown_nor_looked_for_in_results(target: Path) -> None:
    answer = run(target, archive.pack())
    assert "_engine" not in answer["invocation"]
    assert answer["hidden"] == ["secret"]


def test_without_the_archive_it_says_who_should_have_sent_it(target: Path) -> None:
    assert "the action plugin of pgops.migrations.pg_migrate has to send it" in run(target, None)["msg"]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A target has task/archive.py, as the module brings it along, and all else only from the archive."""

from __future__ import annotations

import base64
import importlib.util
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.task import archive, packing

# The task of a user who doesn't say where the migrations are.
TARGET = """
import collections, json, sys
from elsewhere.task import archive as packed_engine

class Module:
    archive = json.load(sys.stdin)
    params = collections.defaultdict(type(None))
    internal = {"_engine": archive, "_described": None, "_scripts": None, "_archive": None, "_progress": None}
    no_log_values = {"secret"}
    argument_spec = {}
    check_mode = _diff = False

    def exit_json(self, **result):
        print(json.dumps(result))

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
    answer = run(target, packing.pack())
    assert answer["error"]["kind"] == "option"
    assert answer["msg"].startswith("Nothing says where the migrations are")
    assert sorted(target.rglob("*")) == before


def test_the_archive_is_neither_shown_nor_looked_for_in_results(target: Path) -> None:
    answer = run(target, packing.pack())
    assert "_engine" not in answer["invocation"]
    assert answer["hidden"] == ["secret"]


def test_without_the_archive_it_says_who_should_have_sent_it(target: Path) -> None:
    assert "the module's action plugin has to send it" in run(target, None)["msg"]


def test_compiled_for_this_python_it_runs_as_well(target: Path, kept: Path) -> None:
    compiled = packing.pack(compiled=True)
    assert b"Nothing says where the migrations are" not in base64.b64decode(compiled)
    assert run(target, compiled)["msg"] == run(target, packing.pack())["msg"]


def test_compiled_for_another_python_it_asks_for_the_text(
    target: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "MAGIC_NUMBER", b"\x00\x00\r\n")
    assert run(target, packing.pack(compiled=True)) == {"changed": False, "_wants_text": True}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where packed archives are kept, of a copy of the engine."""
    home = tmp_path / "home"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(packing.HOME, home, ignore=ignored)
    monkeypatch.setattr(packing, "HOME", str(home))
    monkeypatch.setattr(packing, "KEPT", str(home / "__pycache__"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return home / "__pycache__"


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_packed_is_kept_until_a_file_changes(kept: Path, compiled: bool) -> None:
    first = packing.pack(compiled)
    (place,) = kept.iterdir()
    key, packed = place.read_text().split("\n")
    assert packed == first
    place.write_text(f"{key}\nwhat is kept")
    assert packing.pack(compiled) == "what is kept"
    with (kept.parent / "versions.py").open("a") as stream:
        stream.write("MORE = 1\n")
    assert packing.pack(compiled) not in ("what is kept", first)
    (kept.parent / "more.py").touch()
    place.write_text(place.read_text().split("\n")[0] + "\nwhat is kept")
    assert packing.pack(compiled) != "what is kept"


@pytest.mark.parametrize(
    "url, kinds",
    [
        (None, set()),
        ("postgresql://db/shop", set()),
        ("sqlite:////srv/app.db", {"sqlite"}),
        ("mariadb+pymysql://db/shop", {"mysql"}),
        ("oracle://db/shop", {"generic"}),
    ],
)
def test_what_only_another_database_needs_stays_out(url: str | None, kinds: set[str]) -> None:
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packing.pack(url=url)))) as archive:
        names = archive.namelist()
    for kind in ("sqlite", "mysql", "generic"):
        there = (f"databases/{kind}/session.py" in names, f"task/targets/{kind}.py" in names)
        assert there == (kind in kinds, kind in kinds)
    assert "databases/postgresql/session.py" in names


def test_where_nothing_may_be_kept_it_is_packed_as_text(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert b"versions.pyc" not in base64.b64decode(packing.pack(compiled=True))
    assert not kept.exists()


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"another key\nsomething"])
def test_what_is_kept_and_damaged_is_packed_anew(kept: Path, damage: bytes) -> None:
    whole = packing.pack()
    (place,) = kept.iterdir()
    place.write_bytes(damage)
    assert packing.pack() == whole

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory of a throwaway cluster: whose it is, and what a sweep takes."""

from __future__ import annotations

import os
import tempfile

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import cluster_directory
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies.cluster_account import (
    OURSELVES,
)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Let all directories be made in one of the test's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cluster_directory, "SHORT", str(tmp_path))
    monkeypatch.setattr(cluster_directory, "MEMORY", str(tmp_path / "none"))
    return tmp_path


def test_made_and_removed(place):
    with cluster_directory.private_directory(OURSELVES, 1) as directory:
        assert sorted(os.listdir(directory)) == ["data", "lock", "socket", "spaces"]
        assert {os.stat(os.path.join(directory, each)).st_mode & 0o777 for each in ("data", "socket")} == {0o700}
        assert os.stat(directory).st_mode & 0o777 == 0o700
        assert cluster_directory.sweep() == []
    assert os.listdir(place) == []


def abandoned(place, name="pgops_cluster_gone"):
    directory = place / name
    (directory / "data").mkdir(parents=True)
    (directory / "lock").touch()
    return directory


def test_one_whose_task_is_gone_is_swept(place):
    directory = abandoned(place)
    assert cluster_directory.sweep() == [str(directory)]
    assert not directory.exists()


SPARED = {
    "no lock": lambda place: (place / "pgops_cluster_x").mkdir(),
    "another name": lambda place: abandoned(place, "something"),
    "a file": lambda place: (place / "pgops_cluster_x").touch(),
    "a link": lambda place: (place / "pgops_cluster_x").symlink_to(abandoned(place, "elsewhere")),
    "its lock is a link": lambda place: (
        abandoned(place, "pgops_cluster_x") / "lock"
    ).unlink() or (place / "pgops_cluster_x" / "lock").symlink_to(place / "target"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPARED)
def test_spared(place, name):
    (place / "target").touch()
    SPARED[name](place)
    before = sorted(os.listdir(place))
    assert cluster_directory.sweep() == []
    assert sorted(os.listdir(place)) == before


def test_a_number_that_is_somebody_elses_is_no_server(place):
    directory = abandoned(place)
    (directory / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert cluster_directory.postmaster(str(directory)) is None
    cluster_directory.remove(str(directory))  # and this process is still there


def test_a_long_directory_for_temporary_files(place, monkeypatch):
    deep = place / ("x" * 90)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with cluster_directory.private_directory(OURSELVES, None) as directory:
        assert os.path.dirname(directory) == str(place)


ROOM = {"little": (1 << 20, False), "plenty": (64 << 20, True)}


@pytest.mark.parametrize("name", ROOM)
def test_in_memory_only_where_nobody_will_miss_it(place, monkeypatch, name):
    available, expected = ROOM[name]
    memory, info = place / "memory", place / "meminfo"
    memory.mkdir()
    info.write_text(f"MemTotal: 1 kB\nMemAvailable:   {available} kB\n")
    monkeypatch.setattr(cluster_directory, "MEMORY", str(memory))
    monkeypatch.setattr(cluster_directory, "MEMORY_INFO", str(info))
    monkeypatch.setattr(cluster_directory, "ROOM_NEEDED", 1 << 20)
    with cluster_directory.private_directory(OURSELVES, 8000) as directory:
        assert (os.path.dirname(directory) == str(memory)) is expected
    with cluster_directory.private_directory(OURSELVES, None) as directory:
        assert os.path.dirname(directory) != str(memory)

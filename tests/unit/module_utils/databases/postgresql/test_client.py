# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which client program is taken, and what it is called with."""

from __future__ import annotations

import os
import re

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import client
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.client import Client
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target
from ansible_collections.pgops.migrations.plugins.module_utils.errors import DependencyError, MigrationError


class Machine:
    """Programs in directories of their own, which answer --version; every call is kept."""

    def __init__(self, root, monkeypatch):
        self.root = root
        self.answers = {}
        self.calls = []
        self.fails = None
        monkeypatch.setattr(client, "USUAL_DIRECTORIES", (str(root / "usual" / "*" / "bin"),))
        monkeypatch.setattr(client.sys, "executable", str(root / "beside" / "python"))
        monkeypatch.setattr(client, "EMBEDDED_PACKAGE", "embedded_here")
        monkeypatch.syspath_prepend(root)

    def put(self, directory, answer, program="pg_dump", mode=0o755):
        """Put a program somewhere; ``answer``: its version, or all that it prints, or its exit code, or both."""
        path = self.root / directory / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        path.chmod(mode)
        if isinstance(answer, str) and re.fullmatch(r"[\d.]+(beta\d|devel)?", answer):
            answer = "%s (PostgreSQL) %s\n" % (program, answer)
        if not isinstance(answer, tuple):
            answer = (0, answer) if isinstance(answer, str) else (answer, "")
        self.answers[str(path)] = (*answer, "")
        return str(path)

    def path(self, monkeypatch, *directories):
        monkeypatch.setenv("PATH", os.pathsep.join(str(self.root / each) if each else "" for each in directories))

    def run(self, argv, environment):
        """Be the module's run_command."""
        self.calls.append((argv, environment))
        if argv[1:] == ["--version"]:
            return self.answers[argv[0]]
        return self.fails or (0, "", "")

    def last(self):
        return self.calls[-1]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    monkeypatch.delenv("PGOPTIONS", raising=False)
    machine = Machine(tmp_path, monkeypatch)
    machine.path(monkeypatch, "one", "two", "three")
    return machine


FOUND = {
    # name: where → version; server; which is taken, and its version
    "the only one": ({"one": "15.4"}, 150018, "one", (15, 4)),
    "the server's own, not a newer one before it": ({"one": "18.1", "two": "15.4"}, 150018, "two", (15, 4)),
    "the first of two that are the server's": ({"one": "15.1", "two": "15.4"}, 150018, "one", (15, 1)),
    "an older minor release will do": ({"one": "15.0"}, 150018, "one", (15, 0)),
    "the nearest newer": ({"one": "18.1", "two": "16.2", "three": "17.0"}, 150018, "two", (16, 2)),
    "newer, though an older one comes first": ({"one": "14.9", "two": "16.2"}, 150018, "two", (16, 2)),
    "of the usual directories": ({"usual/15/bin": "15.4"}, 150018, "usual/15/bin", (15, 4)),
    "not PATH's newer one": ({"one": "16.1", "usual/15/bin": "15.4"}, 150018, "usual/15/bin", (15, 4)),
    "beside the interpreter": ({"beside": "18.6", "one": "15.4"}, 180006, "beside", (18, 6)),
    "PATH before the interpreter's directory": ({"beside": "15.4", "two": "15.3"}, 150018, "two", (15, 3)),
    "inside the package with all programs, last of all": (
        {"embedded_here/pginstall/bin": "15.5", "one": "14.0"}, 150018, "embedded_here/pginstall/bin", (15, 5)
    ),
    "the usual directories before that package": (
        {"embedded_here/pginstall/bin": "15.5", "usual/15/bin": "15.4"}, 150018, "usual/15/bin", (15, 4)
    ),
    "a beta": ({"one": "19beta1"}, 180000, "one", (19, 0)),
    "a development version": ({"one": "19devel"}, 190000, "one", (19, 0)),
    "of a distribution": ({"one": "pg_dump (PostgreSQL) 15.4 (Debian 15.4-1.pgdg120+1)\n"}, 150004, "one", (15, 4)),
    "not what it seems": ({"one": "GNU bash, version 5.2.15", "two": "15.4"}, 150018, "two", (15, 4)),
    "one that says nothing is passed over": ({"one": "", "two": "15.4"}, 150018, "two", (15, 4)),
    "one that fails though it answers": (
        {"one": (1, "pg_dump (PostgreSQL) 15.4\n"), "two": "15.4"}, 150018, "two", (15, 4)
    ),
    "one that doesn't start is passed over": ({"one": 127, "two": "15.4"}, 150018, "two", (15, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_find(machine, name):
    programs, server, where, version = FOUND[name]
    paths = {directory: machine.put(directory, answer) for directory, answer in programs.items()}
    assert client.find("pg_dump", server, machine.run) == Client(paths[where], version)


def test_only_in_the_directory_that_was_given(machine):
    machine.put("one", "15.4")
    given = machine.put("given", "16.2")
    assert client.find("pg_dump", 150018, machine.run, str(machine.root / "given")).path == given


def test_find_the_program_that_was_asked_for(machine):
    machine.put("one", "15.4", "pg_dump")
    psql = machine.put("two", "15.4", "psql")
    assert client.find("psql", 150018, machine.run).path == psql


@pytest.mark.parametrize("spoil", ["not executable", "a directory", "a dangling link"])
def test_find_passes_over_what_is_no_program(machine, spoil):
    wrong = machine.root / "one" / "pg_dump"
    wrong.parent.mkdir()
    if spoil == "not executable":
        machine.put("one", "15.4", mode=0o644)
    elif spoil == "a directory":
        wrong.mkdir()
    else:
        wrong.symlink_to("nowhere")
    right = machine.put("two", "16.4")
    assert client.find("pg_dump", 150018, machine.run).path == right


def test_find_takes_nothing_from_the_working_directory(machine, monkeypatch):
    # An empty entry of PATH means the working directory to a shell.
    monkeypatch.chdir(machine.root)
    machine.put(".", "15.4")
    machine.path(monkeypatch, "", "two")
    right = machine.put("two", "16.4")
    assert client.find("pg_dump", 150018, machine.run).path == right


def test_find_asks_each_program_once(machine, monkeypatch):
    machine.path(monkeypatch, "one", "one", "two", "one")
    one, two = machine.put("one", "16.1"), machine.put("two", "17.1")
    client.find("pg_dump", 150018, machine.run)
    assert [argv for argv, dummy in machine.calls] == [[one, "--version"], [two, "--version"]]


@pytest.mark.parametrize(
    "programs, server, message",
    [
        ({"one": "14.9"}, 150018, ["PostgreSQL 15.18", "version 15 or newer", "one/pg_dump 14.9"]),
        ({"one": "14.9", "two": "13.2"}, 180006, ["PostgreSQL 18.6", "one/pg_dump 14.9", "two/pg_dump 13.2"]),
        ({"one": "9.6.24"}, 100001, ["PostgreSQL 10.1", "one/pg_dump 9.6"]),
        ({}, 150018, ["PostgreSQL 15.18", "found: none"]),
        ({"one": "something else"}, 150018, ["PostgreSQL 15.18", "found: none"]),
    ],
)
def test_none_fits(machine, programs, server, message):
    for directory, answer in programs.items():
        machine.put(directory, answer)
    with pytest.raises(DependencyError) as caught:
        client.find("pg_dump", server, machine.run)
    assert all(words in caught.value.message for words in ["pg_dump", *message])
    assert "postgresql-client-%d" % (server // 10000) in caught.value.hint


@pytest.mark.parametrize(
    "version, known",
    [
        ((12, 22), False),
        ((13, 21), False),
        ((13, 22), True),
        ((13, 23), True),
        ((14, 18), False),
        ((14, 19), True),
        ((15, 13), False),
        ((15, 14), True),
        ((16, 9), False),
        ((16, 10), True),
        ((17, 5), False),
        ((17, 6), True),
        ((18, 0), True),
        ((19, 0), True),
    ],
)
def test_restrict_key(machine, version, known):
    client.dump_schema(Client("/bin/pg_dump", version), Target(), machine.run, "/tmp/x")
    assert any(word.startswith("--restrict-key=") for word in machine.last()[0]) is known


SECRET = Target({"host": "db", "user": "ann", "password": "sec ret", "sslpassword": "key secret", "dbname": "shop"})
PG_DUMP = Client("/bin/pg_dump", (18, 0))
CALLS = {
    "schema": lambda target, run: client.dump_schema(PG_DUMP, target, run, "/tmp/x", ['"a"."b"'], ["--no-owner"]),
}


@pytest.mark.parametrize("call", CALLS)
def test_the_password_goes_by_the_environment(machine, call):
    CALLS[call](SECRET, machine.run)
    argv, environment = machine.last()
    assert not any("secret" in word or "sec ret" in word or "password=" in word for word in argv)
    assert environment["PGPASSWORD"] == "sec ret"
    assert "--no-password" in argv, "a program that asks for one would wait for ever"
    assert argv[-1].startswith("--dbname=")
    assert "host=db" in argv[-1] and "user=ann" in argv[-1]


@pytest.mark.parametrize("call", CALLS)
def test_no_password(machine, call):
    CALLS[call](Target({"dbname": "shop"}), machine.run)
    assert "PGPASSWORD" not in machine.last()[1]


@pytest.mark.parametrize(
    "call, wanted, unwanted",
    [
        ("schema", ["--schema-only", "--lock-wait-timeout=5000", "--no-owner", '--exclude-table="a"."b"'], []),
    ],
)
def test_arguments(machine, call, wanted, unwanted):
    CALLS[call](Target(), machine.run)
    argv = machine.last()[0]
    assert set(wanted) <= set(argv)
    assert not set(unwanted) & set(argv)


@pytest.mark.parametrize("call", CALLS)
def test_what_the_program_says_is_told(machine, call):
    machine.fails = (1, "out", "pg_dump: error:\n  no such thing\n")
    with pytest.raises(MigrationError, match="pg_dump: error: no such thing"):
        CALLS[call](SECRET, machine.run)


def test_a_program_that_says_nothing(machine):
    machine.fails = (137, "", " \n")
    with pytest.raises(MigrationError, match="pg_dump could not read the schema of the database: 137"):
        CALLS["schema"](Target(), machine.run)


def options_in(argv):
    """Return what libpq would give to the server as ``options``."""
    from psycopg2.extensions import parse_dsn

    return parse_dsn(argv[-1][len("--dbname=") :]).get("options")


@pytest.mark.parametrize(
    "role",
    [
        "owner",
        "odd role",
        "a\\b",
        "a\\ b",
        "tab\there",
        "new\nline",
        "it's",
        'say "so"',
        "a=b",
        "😀",
        "-c x=y",
        " a ",
        "\\",
    ],
)
def test_role_arrives_as_it_is(machine, role):
    client.dump_schema(PG_DUMP, Target({"dbname": "shop"}, role), machine.run, "/tmp/x")
    argv = machine.last()[0]
    assert "--role=" + role in argv
    assert options_in(argv) is None  # a pooler refuses such a parameter


@pytest.mark.parametrize(
    "value",
    ["two words", "it's", "back\\slash", "a=b", "", "😀", "%s", '"', "postgresql://x"],
)
@pytest.mark.parametrize("key", ["dbname", "user", "host"])
def test_names_arrive_as_they_are(machine, key, value):
    from psycopg2.extensions import parse_dsn

    client.dump_schema(PG_DUMP, Target({key: value}), machine.run, "/tmp/x")
    assert parse_dsn(machine.last()[0][-1][len("--dbname=") :]) == {key: value}


@pytest.mark.parametrize(
    "version, server, warns",
    [((15, 18), 150018, False), ((15, 18), 150020, True), ((16, 0), 150020, False), ((15, 20), 150018, False)],
)
def test_an_older_minor_release_is_told(version, server, warns):
    sentence = client.older_than(client.Client("/usr/bin/pg_dump", version), server)
    assert (sentence is not None) == warns
    assert not warns or "15.18, and the server 15.20" in sentence

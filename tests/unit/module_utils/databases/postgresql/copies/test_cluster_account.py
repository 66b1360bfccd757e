# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom initdb runs as, and what the server is started with."""

from __future__ import annotations

import os
import pwd
import subprocess

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import cluster_account


def user(name, number, shell="/usr/sbin/nologin"):
    return pwd.struct_passwd((name, "x", number, number, "", "/", shell))


ROOT, NOBODY, GAMES, NEWS = user("root", 0, "/bin/bash"), user("nobody", 65534), user("games", 5), user("news", 9)
POSTGRES, BOB, DAEMON = user("postgres", 104), user("bob", 1000), user("svc", 200, "/bin/bash")

CHOSEN = {
    "nobody": ([ROOT, GAMES, NOBODY], set(), "nobody"),
    "nobody has processes": ([ROOT, POSTGRES, GAMES, NOBODY], {65534}, "games"),
    "so has the next one": ([ROOT, GAMES, NEWS, NOBODY], {65534, 5}, "news"),
    "never postgres, a person, or who may log in": ([POSTGRES, BOB, DAEMON, NOBODY], {65534}, "nobody"),
    "no nobody": ([ROOT, GAMES], set(), "games"),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_quiet_account(name):
    accounts, busy, expected = CHOSEN[name]
    assert cluster_account.quiet_account(accounts, busy).pw_name == expected


def test_nothing_of_the_environment_is_passed_on(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "secret")
    said = subprocess.run(
        cluster_account.OURSELVES.command(["/usr/bin/env"]), check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert {line.partition("=")[0] for line in said} <= {"PATH", "LC_ALL", "TZ", "LC_CTYPE"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_only_what_is_the_givers_own_is_taken_over(tmp_path):
    data, secret = tmp_path / "data", tmp_path / "secret"
    (data / "base").mkdir(parents=True)
    secret.write_text("of root")
    own, linked, hard, roots = (data / "base" / name for name in ("own", "linked", "hard", "roots"))
    own.touch()
    roots.touch()
    linked.symlink_to(secret)
    hard.hardlink_to(own)
    alone = data / "alone"
    alone.touch()
    for path in (data, data / "base", own, alone):
        os.chown(path, 65534, 65534)
    cluster_account.Account(1_900_000_000, 1_900_000_000).take_over(str(data), 65534)
    owners = {path.name: path.lstat().st_uid for path in (data, data / "base", alone, own, roots, linked, secret)}
    assert owners == {
        "data": 1_900_000_000, "base": 1_900_000_000, "alone": 1_900_000_000,
        "own": 65534, "roots": 0, "linked": 0, "secret": 0,
    }  # fmt: skip

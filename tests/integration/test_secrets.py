# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password is ever to be seen, in success and in failure: not in the output with -vvv, the list of processes,
pg_stat_activity, the log of the target's system, or the log of a server that writes down every statement.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import server as throwaway
from module_runner import MODULES
from secret_ways import OTHERS, REFUSED, RIGHT, Place, besides

from .test_targets import ROOT
from .test_targets import _environment as bare_environment

pytestmark = pytest.mark.slow

# What all passwords of this test have in common; nothing else may have it.
CORE = "Sesame"
ADMIN, FIRST, SECOND, WRONG = (f'{kind}:{CORE}\\{kind}"%' for kind in ("adm", "one", "two", "wrong"))
SETTINGS = (
    *("log_statement = 'all'", "log_min_duration_statement = 0", "log_min_error_statement = debug5"),
    *("log_error_verbosity = verbose", "log_connections = on", "log_parameter_max_length_on_error = -1"),
)

# Each task with what is expected of it: changed, ok, or the kind of its error.
TASKS: list[tuple[dict[str, object], str]] = [
    ({"user": "ann", "password": FIRST, "db": "ann", "pgpass": True}, "changed"),
    ({"user": "ann", "password": FIRST, "db": "ann", "pgpass": True}, "ok"),
    ({"user": "ann", "password": SECOND, "db": "ann", "pgpass": True}, "changed"),
    ({"user": "bob", "password": FIRST, "role_attributes": "CREATEROLE"}, "changed"),
    ({"user": "ann", "password": SECOND, "login_user": "bob", "login_password": FIRST}, "ok"),
    ({"user": "eve", "password": FIRST, "role_attributes": "SUPERUSER", "login_user": "bob", "login_password": FIRST},
     "privilege"),
    ({"user": "eve", "password": FIRST, "db": "eve", "collate": "of_no_such_name"}, "option"),
    ({"user": "eve", "password": FIRST, "db": "eve", "encoding": "LATIN1", "collate": "C.UTF-8"}, "provision"),
    ({"user": "eve", "password": FIRST, "valid_until": "never"}, "option"),
    ({"user": "eve", "password": FIRST, "pgpass": True, "pgpass_file": "/of/no/such/name"}, "password_file"),
    ({"user": "eve", "password": FIRST, "login_password": WRONG}, "connection"),
    ({"user": "eve", "password": FIRST, "url": f"postgresql://postgres:{CORE}%zz@localhost/x"}, "connection"),
    ({"user": "ann", "db": "ann", "state": "absent", "pgpass": True}, "changed"),
]  # fmt: skip


@pytest.fixture
def talkative(any_server: throwaway.Server) -> Iterator[throwaway.Server]:
    with throwaway.running(any_server.bindir, auth="scram", password=ADMIN, settings=SETTINGS) as running:
        yield running


def test_passwords_are_nowhere(talkative: throwaway.Server, tmp_path: Path) -> None:
    output = tmp_path / "output"
    with closing(psycopg2.connect(talkative.url())) as lock, lock.cursor() as cursor:
        # The first statement with a password in it waits for this lock, so that it can be looked at.
        cursor.execute("LOCK TABLE pg_authid IN SHARE ROW EXCLUSIVE MODE")
        with output.open("wb") as stream, _playing(talkative, tmp_path, stream) as play:
            waiting = _wait_for_waiter(talkative, play)
            processes = _process_list()
            lock.rollback()
            play.wait(timeout=600)
    said, log = output.read_text(), (Path(talkative.directory) / "data" / "server.log").read_text()
    assert play.returncode == 0, said
    # Each of these places is the right one to look at: it has what stands in a password's place.
    assert "PASSWORD 'SCRAM-SHA-256$" in waiting
    assert "pg_user_db" in processes
    assert log.count("PASSWORD 'SCRAM-SHA-256$") >= 5
    assert said.count("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER") >= len(TASKS)
    for place in (waiting, processes, log, said):
        assert CORE not in place


def _playing(running: throwaway.Server, work: Path, stream: object) -> subprocess.Popen[bytes]:
    """Start a play of the tasks; it ends well if each of them ends as expected."""
    login = {"login_host": running.host, "login_port": running.port, "login_user": running.superuser}
    defaults = {"pgops.migrations.pg_user_db": {**login, "login_password": "{{ admin }}"}}
    return _run(work, {**_play("pgops.migrations.pg_user_db", TASKS), "module_defaults": defaults}, stream)


def _play(module: str, tasks: Sequence[tuple[dict[str, object], str]]) -> dict[str, object]:
    """Return a play in which each task has to end as one of the expected words says; their options are variables."""
    return {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": ["secrets.json"],
        "vars": {"admin": ADMIN, "options": [options for options, dummy in tasks]},
        "tasks": [
            {
                "name": f"Task {number}",
                "check_mode": module.endswith("generate"),  # what it has written would be there for the next
                module: {key: "{{ options[%d]['%s'] }}" % (number, key) for key in options},
                "register": "result",
                "failed_when": "(result.error.kind if result.error is defined else "
                f"'changed' if result is changed else 'ok') not in '{expected}'.split()",
            }
            for number, (options, expected) in enumerate(tasks)
        ],
    }


def _run(work: Path, play: dict[str, object], stream: object) -> subprocess.Popen[bytes]:
    """Start a play. Its secrets are in a file of variables, as in a vault."""
    (work / "secrets.json").write_text(json.dumps(play.pop("vars")))
    (work / "play.yml").write_text(json.dumps([play]))
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return subprocess.Popen(
        [program, "-vvv", "--diff", str(work / "play.yml")],
        cwd=ROOT,
        env={**bare_environment(work), "PYTHONPATH": str(work), "TEST_SYSLOG": str(work / "syslog")},
        stdin=subprocess.DEVNULL,
        stdout=stream,  # type: ignore[arg-type]
        stderr=subprocess.STDOUT,
    )


# Python's syslog, but for the file that it writes to: few containers have a system's log. It may be built into Python,
# and then no file of that name is looked for; but each Python imports its sitecustomize.
SYSLOG = """
import os
import syslog
def write(priority, message):
    with open(os.environ["TEST_SYSLOG"], "a", encoding="utf-8") as stream:
        stream.write(message + chr(10))
syslog.syslog = write
"""


@pytest.mark.parametrize("module", MODULES)
def test_each_way_to_say_a_password(module: str, server: throwaway.Server, tmp_path: Path) -> None:
    with throwaway.running(server.bindir, auth="scram", password=ADMIN, settings=SETTINGS) as running:
        running.create_database("shop")
        place = Place(running, "shop", tmp_path)
        tasks = [({**besides(module, place), **given}, expected) for given, expected in _ways(place, module)]
        (tmp_path / "sitecustomize.py").write_text(SYSLOG)
        output, log = tmp_path / "output", tmp_path / "syslog"
        with output.open("wb") as stream, _run(tmp_path, _play(f"pgops.migrations.{module}", tasks), stream) as play:
            play.wait(timeout=900)
        said, logged = output.read_text(), log.read_text()
        of_server = (Path(running.directory) / "data" / "server.log").read_text()
    assert play.returncode == 0, said
    assert said.count("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER") >= len(tasks)
    assert logged.count("Invoked with ") >= len(RIGHT) * 2
    assert "connection authorized" in of_server
    for place_to_look in (said, logged, of_server):
        assert CORE not in place_to_look


def _ways(place: Place, module: str) -> Iterator[tuple[dict[str, object], str]]:
    """Yield each way with what it comes to: any of the words, with a blank between.

    What doesn't depend on the module's way through Ansible is tried with all of them in tests/engine/test_masking.py.
    """
    for way in RIGHT.values():
        yield dict(way(place, ADMIN)), "ok changed"
        yield dict(way(place, WRONG)), "connection"
    if module != "pg_migrate":
        return
    for way in OTHERS.values():
        yield {"login_password": ADMIN, **place.login, **way(place, FIRST)}, "ok changed connection"
    for way in REFUSED.values():
        yield {"login_password": ADMIN, **place.login, **way(place, FIRST)}, "option"


def _wait_for_waiter(running: throwaway.Server, play: subprocess.Popen[bytes]) -> str:
    """Return what pg_stat_activity shows of the session that waits for the lock."""
    with closing(psycopg2.connect(running.url())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while play.poll() is None:
                cursor.execute("SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
                found = cursor.fetchone()
                if found is not None:
                    return str(found[0])
                time.sleep(0.05)
    return ""


def _process_list() -> str:
    """Return the command lines of all processes, and what a user can see of the environment of its own."""
    shown = subprocess.run(["ps", "axeww", "-o", "args"], capture_output=True, check=True)
    return shown.stdout.decode(errors="replace")

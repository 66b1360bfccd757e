# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees in check mode and in a real run, by callback and width: screens/*.txt, compared to the letter.

WRITE_SCREENS=1 pytest tests/integration/test_screens.py    writes them anew; look at what has changed
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pages
import pytest
import server as throwaway

pytestmark = pytest.mark.slow

SCREENS = Path(__file__).parent / "screens"
BEFORE = """
CREATE TABLE orders (id int PRIMARY KEY, state text DEFAULT 'new', total numeric);
INSERT INTO orders SELECT id, CASE WHEN id % 70 = 0 THEN 'lost' ELSE 'new' END FROM generate_series(1, 1000) id;
ANALYZE orders;
"""
SCRIPTS = {
    "20250101090000_add_customers.up.sql": "CREATE TABLE customers (id int PRIMARY KEY);",
    "20250102090000_orders_have_a_note.up.sql": "ALTER TABLE orders ADD note text, ALTER id TYPE bigint;",
    "python/20250104090000_backfill_totals.py": 'def up(cursor):\n    cursor.execute("UPDATE orders SET total = 7")\n',
}
STATE_IS_KNOWN = "20250103090000_state_is_known.up.sql"
FORBIDS = {STATE_IS_KNOWN: "ALTER TABLE orders ADD CONSTRAINT state_is_known CHECK (state = 'new');"}
CONFLICT = {STATE_IS_KNOWN: "ALTER TABLE orders ADD CHECK (state = 'new');"}
TASK = {
    "name": "Migrate the shop",
    "pgops.migrations.pg_migrate": {
        "url": "postgresql://shop@localhost/shop",
        "migrations_dir": ["{{ playbook_dir }}/migrations", "{{ playbook_dir }}/migrations/python"],
        "on_nonempty": "ignore",
    },
}
LOOP = {
    **TASK,
    "loop": ["shop", "kiosk"],
    "pgops.migrations.pg_migrate": {
        **TASK["pgops.migrations.pg_migrate"],  # type: ignore[dict-item]
        "url": "postgresql://shop@localhost/{{ item }}",
        "migrations_dir": "{{ playbook_dir }}/migrations",
    },
}


class Screen(NamedTuple):
    """How ansible-playbook is run, and on what."""

    flags: tuple[str, ...] = ()
    task: dict[str, object] = TASK
    scripts: dict[str, str] = SCRIPTS
    environment: dict[str, str] = {}
    columns: int | None = None  # of a terminal; None: there is none


CASES = {
    "check": Screen(("--check", "--diff")),
    "check-violated": Screen(("--check",), scripts={**SCRIPTS, **FORBIDS}),
    "check-wide-in-colour": Screen(("--check",), columns=150, environment={"ANSIBLE_NOCOLOR": "0"}),
    "check-80-columns": Screen(("--check",), columns=80),
    "check-yaml": Screen(("--check", "-v"), environment={"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}),
    "check-no-log": Screen(("--check", "--diff"), task={**TASK, "no_log": True}),
    "run": Screen(),
    "run-failed": Screen(scripts={**SCRIPTS, **CONFLICT}),
    "run-in-a-loop": Screen(task=LOOP, scripts=dict(list(SCRIPTS.items())[:2])),
    "run-twice": Screen(task={"name": "Both", "block": [TASK, {**TASK, "name": "Once more"}]}),
}


@pytest.fixture(scope="module")
def own() -> Iterator[throwaway.Server]:
    with throwaway.running() as running:
        yield running


@pytest.fixture
def site(own: throwaway.Server, tmp_path: Path) -> pages.Reader:
    """Return who runs playbooks, on two shops that have orders."""
    own.drop_database("kiosk")
    pages.prepare(own)
    own.create_database("kiosk", "OWNER shop")
    for database in ("shop", "kiosk"):
        own.psql("SET ROLE shop;" + BEFORE, database)
    return pages.Reader(tmp_path, own)


def play(site: pages.Reader, screen: Screen) -> str:
    """Return what a playbook prints."""
    for name, text in screen.scripts.items():
        path = site.work / "migrations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [screen.task]}]
    (site.work / "migrate.yml").write_text(json.dumps(play))
    arguments = ["ansible-playbook", "migrate.yml", *screen.flags]
    environment = {**site.environment(), **screen.environment}
    shown = on_terminal if screen.columns else piped
    said = shown(arguments, site.work, environment, screen.columns or 0)
    return "\n".join(line.rstrip() for line in site.there(said).strip("\n").splitlines()) + "\n"


def piped(arguments: list[str], work: Path, environment: dict[str, str], dummy: int) -> str:
    """Run a program without a terminal."""
    return subprocess.run(
        arguments,
        check=False,
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ).stdout


def on_terminal(arguments: list[str], work: Path, environment: dict[str, str], columns: int) -> str:
    """Run a program on a terminal of so many columns."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    running = subprocess.Popen(arguments, cwd=work, env=environment, stdin=its, stdout=its, stderr=its)
    os.close(its)
    said = b""
    while True:
        try:
            some = os.read(mine, 65536)
        except OSError:  # its side is closed
            break
        said += some
    running.wait()
    os.close(mine)
    return said.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("name", CASES)
def test_screen(name: str, site: pages.Reader) -> None:
    printed = play(site, CASES[name])
    kept = SCREENS / f"{name}.txt"
    expected = kept.read_text() if kept.exists() else ""
    if not pages.is_same(expected, printed) and os.environ.get("WRITE_SCREENS"):
        kept.write_text(printed)
        expected = printed
    assert pages.unchanging(printed) == pages.unchanging(expected)


def test_every_screen_is_compared() -> None:
    assert {path.stem for path in SCREENS.glob("*.txt")} == set(CASES)


JSON_CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase
DOCUMENTATION = 'name: records\\ntype: stdout\\nshort_description: prints JSON\\ndescription: A line for each task.'
class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "stdout", "records"
    def v2_runner_on_ok(self, result):
        self._display.display(json.dumps(self._clean(result)))
    def _clean(self, result):
        return json.loads(self._dump_results(getattr(result, "result", None) or result._result))
"""


def test_a_callback_that_prints_json_is_left_alone(site: pages.Reader) -> None:
    (site.work / "callbacks").mkdir()
    (site.work / "callbacks" / "records.py").write_text(JSON_CALLBACK)
    environment = {"ANSIBLE_CALLBACK_PLUGINS": str(site.work / "callbacks"), "ANSIBLE_STDOUT_CALLBACK": "records"}
    printed = play(site, Screen(("--check",), environment=environment))
    lines = [line for line in printed.splitlines() if not line.startswith("[WARNING]")]
    assert [line.startswith("shop@") for line in json.loads("\n".join(lines))["summary"]][0]


def test_an_ad_hoc_command_prints_its_result_alone(site: pages.Reader) -> None:
    (site.work / "migrations").mkdir()
    (site.work / "migrations" / "1_a.up.sql").write_text("CREATE TABLE a ()")
    options = {"url": "postgresql://shop@localhost/shop", "migrations_dir": str(site.work / "migrations")}
    arguments = ["ansible", "localhost", "-m", "pgops.migrations.pg_migrate", "-a"]
    printed = piped([*arguments, json.dumps({**options, "on_nonempty": "ignore"})], site.work, site.environment(), 0)
    assert printed.startswith("localhost | CHANGED => ")
    assert json.loads(printed.partition(" => ")[2])["summary"][0].endswith("1 migration, 1")


# What takes three seconds and more has time to say so.
SLOW = {"1_first.up.sql": "SELECT pg_sleep(0.1)", "2_slow.up.sql": "SELECT pg_sleep(5)"}
SLOW_OPTIONS = {
    "url": "postgresql://shop@localhost/shop",
    "migrations_dir": "{{ playbook_dir }}/migrations",
    "on_nonempty": "ignore",
}
SLOW_TASK = {**TASK, "pgops.migrations.pg_migrate": SLOW_OPTIONS}
# ssh as far as Ansible's plugin can tell: the last argument is what it would run on the other host.
SSH = '#!/bin/sh\nfor last; do :; done\nexec /bin/sh -c "$last"\n'
LIKE_SSH = {
    "ansible_connection": "ssh",
    "ansible_ssh_executable": "{{ playbook_dir }}/ssh",
    "ansible_ssh_transfer_method": "piped",
}
AS_ROOT = {"become": True, "become_user": "root", "become_method": "su"}
PROGRESS = ["shop@localhost:5432/shop · running 2 migrations", "  [1/2] 1  first 1 s", "  [2/2] 2  slow, for 1 s"]
FOLLOWED: dict[str, tuple[dict[str, object], bool]] = {
    "locally": ({}, True),
    "by ssh": ({"vars": LIKE_SSH}, True),
    "turned off": (
        {"pgops.migrations.pg_migrate": {**SLOW_TASK["pgops.migrations.pg_migrate"], "progress": False}},
        False,
    ),
    "with no_log": ({"no_log": True}, False),
    "for a program": ({}, False),
}
AS_ANOTHER = {"by su": AS_ROOT, "by ssh and su": {**AS_ROOT, "vars": LIKE_SSH}}


def progress_of(site: pages.Reader, more: dict[str, object], environment: dict[str, str]) -> tuple[list[str], str]:
    """Return what a playbook prints to stderr of its progress, and what to stdout."""
    ssh = site.work / "ssh"
    ssh.write_text(SSH)
    ssh.chmod(0o755)
    (site.work / "migrations").mkdir()
    for name, text in SLOW.items():
        (site.work / "migrations" / name).write_text(text)
    task = {**SLOW_TASK, **more}
    (site.work / "migrate.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    done = subprocess.run(
        ["ansible-playbook", "migrate.yml"],
        check=False,
        cwd=site.work,
        env={**site.environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [pages.unchanging(line) for line in done.stderr.splitlines() if not line.startswith("[WARNING]")]
    return list(dict.fromkeys(lines)), done.stdout


@pytest.mark.parametrize("name", FOLLOWED)
def test_progress(name: str, site: pages.Reader) -> None:
    more, shows = FOLLOWED[name]
    (site.work / "callbacks").mkdir()
    (site.work / "callbacks" / "records.py").write_text(JSON_CALLBACK)
    for_program = {"ANSIBLE_CALLBACK_PLUGINS": str(site.work / "callbacks"), "ANSIBLE_STDOUT_CALLBACK": "records"}
    lines, stdout = progress_of(site, more, for_program if name == "for a program" else {})
    assert lines == (PROGRESS if shows else [])
    assert "running 2 migrations" not in stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="su asks others than root for a password")
@pytest.mark.parametrize("name", AS_ANOTHER)
def test_progress_as_another_user(name: str, site: pages.Reader) -> None:
    lines, dummy = progress_of(site, AS_ANOTHER[name], {})
    assert lines == PROGRESS

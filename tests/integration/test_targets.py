"""Run each directory in targets/ as a role, with the real ansible-playbook on a real PostgreSQL.

The layout is ansible-test's: targets/<name>/tasks/main.yml, and files, templates, defaults beside it as needed. These
variables say where the server is: test_url (a new, empty database, the target's own), test_database, test_user,
test_host, test_port, test_socket, and test_dir, an empty directory to write in. A target whose `aliases` has the line
`slow` is left out by bin/test --fast.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from server import Server

ROOT = Path(__file__).resolve().parents[2]
TARGETS = Path(__file__).resolve().parent / "targets"
PLAYBOOK = """---
- name: Run the target {name}
  hosts: localhost
  gather_facts: false
  roles:
    - role: {name}
"""


def _targets() -> list[object]:
    """Return the targets as parameters of a test."""
    found = []
    for main in sorted(TARGETS.glob("*/tasks/main.yml")):
        target = main.parents[1]
        aliases = target / "aliases"
        slow = aliases.is_file() and "slow" in aliases.read_text().split()
        found.append(pytest.param(target.name, marks=[pytest.mark.slow] if slow else []))
    return found


@pytest.mark.parametrize("target", _targets())
def test_target(target: str, any_server: Server, database: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(PLAYBOOK.format(name=target))
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps(_variables(any_server, database, work)))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), "-e", f"@{variables}"],
        cwd=ROOT,
        env=_environment(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=600,
    )
    assert done.returncode == 0, f"the target {target} failed on PostgreSQL {any_server.version}:\n{done.stdout}"


def _variables(server: Server, url: str, work: Path) -> dict[str, object]:
    """Return the variables that tell a target where the server is."""
    return {
        "test_url": url,
        "test_database": url.rpartition("/")[2],
        "test_user": server.superuser,
        "test_host": server.host,
        "test_port": server.port,
        "test_socket": server.socket_dir,
        "test_version": server.major,
        "test_dir": str(work),
    }


def _environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which nothing but the checkout's own settings counts."""
    programs = str(Path(sys.executable).parent)
    return {
        "HOME": str(tmp_path),
        "PATH": os.pathsep.join([programs, os.environ.get("PATH", os.defpath)]),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_REMOTE_TMP": str(tmp_path / "ansible" / "remote"),
        "ANSIBLE_ROLES_PATH": str(TARGETS),
        "ANSIBLE_NOCOLOR": "1",
        "PGPASSFILE": "no-such-file",
    }

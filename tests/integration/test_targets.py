"""Run each directory in targets/ as a role, with the real ansible-playbook on a real PostgreSQL.

The layout is ansible-test's: targets/<name>/tasks/main.yml, and files, templates, defaults beside it as needed. These
variables say where the server is: test_url (a new, empty database, the target's own), test_database, test_user,
test_host, test_port, test_socket, and test_dir, an empty directory to write in. A target whose `aliases` has the line
`slow` is left out by bin/test --fast; one with `embedded` is run on that server alone; one with `sqlalchemy` too, and
with each SQLAlchemy that engine scripts run on (test_sqlalchemy). One with `mariadb` gets test_mariadb_url, of a new
database on a MariaDB server, and test_mariadb_port.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import mariadb
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


# What bin/test installs beside the SQLAlchemy of requirements/run.txt, which is the None among them.
LIBRARIES = {"1.4": "sqlalchemy-1.4", "2.0": None, "2.1": "sqlalchemy-2.1"}


def _aliases(target: Path) -> set[str]:
    aliases = target / "aliases"
    return set(aliases.read_text().split()) if aliases.is_file() else set()


def _targets(embedded: bool) -> list[object]:
    """Return the targets for any server, or those for the embedded one with a version of SQLAlchemy each."""
    found = []
    for main in sorted(TARGETS.glob("*/tasks/main.yml")):
        target = main.parents[1]
        aliases = _aliases(target)
        marks = [pytest.mark.slow] if "slow" in aliases else []
        if not embedded and not aliases & {"embedded", "sqlalchemy", "mariadb"}:
            found.append(pytest.param(target.name, marks=marks))
        if embedded and aliases & {"embedded", "sqlalchemy"}:
            versions = LIBRARIES if "sqlalchemy" in aliases else ["2.0"]
            found += [pytest.param(target.name, version, marks=marks) for version in versions]
    return found


@pytest.mark.parametrize("target", _targets(embedded=False))
def test_target(target: str, any_server: Server, database: str, tmp_path: Path) -> None:
    _play(target, any_server, database, tmp_path)


@pytest.mark.parametrize("target, version", _targets(embedded=True))
def test_target_on_the_embedded_server(target: str, version: str, server: Server, tmp_path: Path) -> None:
    beside = Path(sys.prefix) / str(LIBRARIES[version] or ".")
    assert beside.is_dir(), "bin/test installs it"
    library = {"PYTHONPATH": str(beside)} if LIBRARIES[version] else {}
    url = server.create_database(target)
    try:
        _play(target, server, url, tmp_path, {"test_sqlalchemy": version}, library)
    finally:
        server.drop_database(target)


def test_target_on_mariadb(mariadb_server: mariadb.MariaDB, server: Server, tmp_path: Path) -> None:
    url = mariadb_server.create_database("library")
    try:
        more = {"test_mariadb_url": url, "test_mariadb_port": str(mariadb_server.port)}
        _play("pg_migrate_mariadb", server, server.url("postgres"), tmp_path, more)
    finally:
        mariadb_server.drop_database("library")


def _play(
    target: str,
    server: Server,
    url: str,
    tmp_path: Path,
    more: Mapping[str, str] = MappingProxyType({}),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Run a target as a role.

    :param more: further variables of the play; environment: of the process.
    """
    work = tmp_path / "work"
    work.mkdir()
    playbook = tmp_path / "playbook.yml"
    playbook.write_text(PLAYBOOK.format(name=target))
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps({**_variables(server, url, work), **more}))
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), "-e", f"@{variables}"],
        check=False,
        cwd=ROOT,
        env={**_environment(tmp_path), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=600,
    )
    assert done.returncode == 0, f"the target {target} failed on PostgreSQL {server.version}:\n{done.stdout}"


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
        "ANSIBLE_DIFF_CONTEXT": "3",
        "PGPASSFILE": "no-such-file",
    }

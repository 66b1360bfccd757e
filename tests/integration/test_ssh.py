# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Over a real sshd on a loopback port, as another user, in the background, with scripts of the controller.

Where no sshd is installed, Debian's is unpacked into the test's own directory. It runs as root, and so insists on a
user of its own to drop its rights to; where there is none, it is shown a list of users with one more (nss_wrapper).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import server as throwaway

from .test_provision import HBA, _place_of_the_account, why_no_become
from .test_targets import ROOT
from .test_targets import _environment as bare_environment

pytestmark = pytest.mark.slow

PACKAGES = ("openssh-server", "openssh-sftp-server", "libwrap0", "libnss-wrapper")
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {place}/host
AuthorizedKeysFile {place}/user.pub
StrictModes no
UsePAM no
PidFile none
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
"""
INVENTORY = """
[all]
target ansible_host=127.0.0.1 ansible_port={port} ansible_user=root

[all:vars]
ansible_ssh_private_key_file={place}/user
ansible_ssh_common_args="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
ansible_python_interpreter={python}
ansible_become_method={method}
ansible_become_exe={exe}
"""
# What Ansible asks of sudo, and root may do without it: sudo … -u USER COMMAND …
SUDO = """#!/bin/sh
while [ "$1" != -u ]; do shift; done
user=$2
shift 2
exec setpriv --reuid="$user" --regid="$user" --init-groups env HOME=/nonexistent "$@"
"""
PLAY = """
- hosts: all
  gather_facts: false
  become: true
  become_user: postgres
  environment: {{PYTHONPATH: {packages}}}
  module_defaults:
    group/pgops.migrations.all:
      login_unix_socket: {socket}
      login_port: {port}
      login_db: postgres
  tasks:
{tasks}
"""


class Daemon(NamedTuple):
    """An sshd that lets root in with a key."""

    port: int
    place: Path


class Site(NamedTuple):
    """A server of PostgreSQL's on a host that is reached by ssh."""

    daemon: Daemon
    server: throwaway.Server
    python: str
    work: Path

    def play(self, tasks: str, *options: str, pipelining: bool = True, expect: int = 0) -> str:
        """Run tasks over ssh as the system's user postgres; return what was said."""
        # With su, Ansible itself has no pipelining.
        become = {"method": "sudo", "exe": self.daemon.place / "sudo"} if pipelining else {"method": "su", "exe": "su"}
        inventory = INVENTORY.format(**self.daemon._asdict(), python=self.python, **become)
        (self.work / "inventory").write_text(inventory)
        text = PLAY.format(
            packages=sysconfig.get_path("purelib"),
            socket=self.server.socket_dir,
            port=self.server.port,
            tasks=re.sub("^", "    ", tasks.strip("\n"), flags=re.MULTILINE),
        )
        (self.work / "play.yml").write_text(text)
        done = subprocess.run(
            [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventory", "play.yml", *options],
            check=False,
            cwd=self.work,
            env={**self._environment(), "ANSIBLE_PIPELINING": str(pipelining)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode == expect, done.stdout
        return done.stdout

    @property
    def remote(self) -> Path:
        """Return where tasks have their files on the host."""
        return Path(self.server.directory) / "remote"

    def _environment(self) -> dict[str, str]:
        environment = bare_environment(self.work)
        return {
            **environment,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_REMOTE_TMP": str(self.remote),
            "ANSIBLE_SYSTEM_TMPDIRS": str(self.remote),  # where another user may write
            "ANSIBLE_ASYNC_DIR": str(self.remote / "jobs"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.daemon.place / "cp"),
        }


def _program(place: Path) -> tuple[str, dict[str, str]]:
    """Return an sshd, with what has to be in its environment."""
    installed = shutil.which("sshd", path="/usr/sbin:/sbin:" + os.environ.get("PATH", ""))
    if installed and _knows_sshd():
        return installed, {}
    packages = PACKAGES if not installed else PACKAGES[-1:]
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        pytest.skip("there is no sshd here, and no apt-get to download Debian's")
    done = subprocess.run(["apt-get", "download", *packages], check=False, cwd=place, capture_output=True, timeout=120)
    if done.returncode:
        pytest.skip("there is no sshd here, and Debian's can't be downloaded")
    for package in place.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(package), str(place / "root")], check=True)
    libraries = next((place / "root").rglob("libnss_wrapper.so")).parent
    users = place / "passwd"
    users.write_text(Path("/etc/passwd").read_text() + "sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin\n")
    return installed or str(place / "root/usr/sbin/sshd"), {
        "LD_LIBRARY_PATH": str(libraries),
        "LD_PRELOAD": str(libraries / "libnss_wrapper.so"),
        "NSS_WRAPPER_PASSWD": str(users),
        "NSS_WRAPPER_GROUP": "/etc/group",
    }


def _knows_sshd() -> bool:
    return "\nsshd:" in Path("/etc/passwd").read_text()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    reason = why_no_become()
    if reason or not (shutil.which("ssh") and shutil.which("ssh-keygen")):
        pytest.skip(reason or "there is no ssh here")
    place = tmp_path_factory.mktemp("sshd")
    program, environment = _program(place)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(place / name)], check=True)
    place.chmod(0o755)
    (place / "sudo").write_text(SUDO)
    (place / "sudo").chmod(0o755)
    port = throwaway._free_port()
    (place / "config").write_text(CONFIG.format(port=port, place=place))
    rights = Path("/run/sshd")
    made = not rights.exists()
    rights.mkdir(mode=0o755, exist_ok=True)
    command = [program, "-D", "-e", "-f", str(place / "config")]
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log) as process,
    ):
        try:
            while "Server listening" not in (place / "log").read_text():
                assert process.poll() is None, (place / "log").read_text()
                time.sleep(0.05)
            yield Daemon(port, place)
        finally:
            process.terminate()
            if made:
                rights.rmdir()


@pytest.fixture
def site(daemon: Daemon, any_server: throwaway.Server, tmp_path: Path) -> Iterator[Site]:
    tmp_path.chmod(0o755)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "1_orders.up.sql").write_text("CREATE TABLE orders (id int)")
    with throwaway.running(any_server.bindir, auth="scram", password="adm") as running:
        running.psql("SELECT 1")
        (Path(running.directory) / "data" / "pg_hba.conf").write_text(HBA)
        running.psql("SELECT pg_reload_conf()")
        site = Site(daemon, running, _place_of_the_account(running), tmp_path)
        site.remote.mkdir()
        site.remote.chmod(0o1777)
        yield site


MIGRATE = "- pgops.migrations.pg_migrate: {src: migrations}"
CHANGED = "changed=%d    unreachable=0    failed=0"


def test_nothing_of_the_scripts_is_a_file_on_the_way(site: Site) -> None:
    said = site.play(MIGRATE, "-vvv")
    assert CHANGED % 1 in said
    assert "PUT" not in said  # by sftp
    assert list(site.remote.iterdir()) == []
    again = site.play(MIGRATE, "-vvv")
    assert CHANGED % 0 in again
    assert again.count("SSH: EXEC") == 1


def test_without_pipelining(site: Site) -> None:
    assert CHANGED % 1 in site.play(MIGRATE, pipelining=False)
    assert CHANGED % 0 in site.play(MIGRATE, pipelining=False)


def test_scripts_that_are_too_many_for_arguments(site: Site) -> None:
    for number in range(2, 5):
        noise = os.urandom(1_500_000).hex()
        (site.work / "migrations" / f"{number}_large.up.sql").write_text(f"-- {noise}\nSELECT 1")
    assert CHANGED % 1 in site.play(MIGRATE)
    assert list(site.remote.iterdir()) == []
    assert CHANGED % 0 in site.play(MIGRATE)


@pytest.mark.parametrize("pipelining", [True, False])
def test_in_the_background(site: Site, pipelining: bool) -> None:
    tasks = f"""
{MIGRATE}
  async: 60
  poll: 1
- pgops.migrations.pg_migration_info: {{src: migrations}}
  async: 60
  poll: 0
  register: started
- ansible.builtin.async_status: {{jid: "{{{{ started.ansible_job_id }}}}"}}
  register: info
  until: info is finished
  delay: 1
  retries: 30
- ansible.builtin.assert:
    that: info.pending_count == 0 and info.current_version == '1'
- pgops.migrations.pg_user_db: {{user: ann, member_of: [pg_monitor]}}
  async: 60
  poll: 1
- pgops.migrations.pg_migration_mark: {{src: migrations, versions: ["1"], state: pending}}
  async: 60
  poll: 1
"""
    assert "failed=0" in site.play(tasks, pipelining=pipelining)


def test_a_directory_that_is_not_there(site: Site) -> None:
    said = site.play("- pgops.migrations.pg_migration_mark: {src: nowhere, versions: ['1']}", expect=2)
    assert "src: there is no directory nowhere on the controller" in said
    assert '"kind": "option"' in said

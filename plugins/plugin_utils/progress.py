# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows a run on a connection of its own: what the module writes into a file is shown as it comes.

The first look is two seconds after the start. Then there is one a second at most, and each waits at least ten times as
long as the last one took.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import secrets
import shlex
import threading
import time
from typing import Any, Iterator, List, Mapping, Optional

FIRST_AFTER, EACH_SECONDS, MOST_SECONDS = 2.5, 1.0, 1.0
SHARE = 10
# Where a second connection is known to do no harm.
TRANSPORTS = ("local", "ssh")
PLACES = ("/tmp", "/var/tmp")  # noqa: S108


@contextlib.contextmanager
def followed(action: Any, variables: Mapping[str, Any]) -> Iterator[Optional[str]]:
    """Follow what runs inside.

    :param action: the action plugin. With no_log, and where nobody looks, nothing is followed.
    :yields: where the module is to write what it is at; None: nowhere.
    """
    if not _is_wanted(action):
        yield None
        return
    path = "%s/pgops-progress-%s" % (_place(action._connection._shell), secrets.token_hex(16))
    follower = Follower(action, path, _prefix(variables))
    follower.start()
    try:
        yield path
    except BaseException:
        follower.stop(sweep=True)
        raise
    follower.stop()


def _is_wanted(action: Any) -> bool:
    from .terminal import is_for_people

    task, connection = action._task, action._connection
    if task.no_log or task.async_val or not is_for_people():
        return False
    is_ansibles = type(connection).__module__.startswith("ansible.plugins.connection.")
    return is_ansibles and connection.transport in TRANSPORTS


def _place(shell: Any) -> str:
    """Return a directory in which every user of the host may write."""
    try:
        places = [each for each in shell.get_option("system_tmpdirs") if each in PLACES]
    except Exception:  # noqa: BLE001
        places = []
    return "/tmp" if "/tmp" in places or not places else str(places[0])  # noqa: S108


def _prefix(variables: Mapping[str, Any]) -> str:
    """Return what stands before each line, where several hosts are at work at once."""
    several = len(variables.get("ansible_play_hosts_all") or ()) > 1
    return "[%s] " % variables.get("inventory_hostname") if several else ""


class Follower:
    """Reads what is new in a file, and shows it."""

    def __init__(self, action: Any, path: str, prefix: str) -> None:
        self._action, self._path, self._prefix = action, path, prefix
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._reader: Any = None
        self._read = 0  # how many characters were read until now

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, sweep: bool = False) -> None:
        """Stop it.

        :param sweep: the module may have left its file.
        """
        self._stop.set()
        self._thread.join(MOST_SECONDS)
        if self._reader is None or self._thread.is_alive():
            return
        with contextlib.suppress(Exception):
            if sweep:
                self._reader._low_level_execute_command("rm -f " + shlex.quote(self._path))
            self._reader._connection.close()

    def _follow(self) -> None:
        """Follow until told to stop; what keeps us from it keeps no run from its work."""
        pause = FIRST_AFTER
        with contextlib.suppress(Exception):
            while not self._stop.wait(pause):
                started = time.monotonic()
                self._reader = self._reader or _reader(self._action)
                self._show(self._new_lines())
                pause = max(EACH_SECONDS, SHARE * (time.monotonic() - started))

    def _new_lines(self) -> List[str]:
        command = "tail -c +%d %s 2>/dev/null" % (self._read + 1, shlex.quote(self._path))
        answer = self._reader._low_level_execute_command(command)
        # A terminal in between ends lines in its own way; what the module writes has no such character in it.
        text = answer.get("stdout", "").replace("\r", "")
        whole = text[: text.rfind("\n") + 1]
        self._read += len(whole)
        return [str(json.loads(line)) for line in whole.splitlines()]

    def _show(self, found: List[str]) -> None:
        if found and not self._stop.is_set():
            from .terminal import show_progress

            show_progress([self._prefix + line for line in found])


def _reader(action: Any) -> Any:
    """Return an action like this one, on a second connection of the same kind, and as the same user."""
    from ansible.plugins.loader import become_loader, connection_loader

    first = action._connection
    second = connection_loader.get(
        first._load_name,
        action._play_context,
        new_stdin=None,
        task_uuid=action._task._uuid,
        ansible_playbook_pid=str(os.getppid()),
    )
    second.set_options(direct=first.get_options())
    second._shell.set_options(direct=first._shell.get_options())
    if first.become is not None:
        become = become_loader.get(first.become._load_name)
        become.set_options(direct=first.become.get_options())
        second.set_become_plugin(become)
    reader = copy.copy(action)
    reader._connection = second
    return reader

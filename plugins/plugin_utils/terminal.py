# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether there is a terminal for people, and what a run shows there beside its result.

A line of ours would spoil what a callback writes to stdout as JSON or XML, and nothing tells an action plugin which one
is at work. So those that are known to write for people are listed here; with any other, and where it isn't
ansible-playbook that runs, nothing is shown. The result has all of it.
"""

from __future__ import annotations

import os
import sys
from typing import Any, List, Mapping, Tuple

from ansible import constants
from ansible.utils.color import stringc
from ansible.utils.display import Display

FOR_PEOPLE = frozenset(["default", "yaml", "debug", "unixy", "diy", "awx_display"])
COLLECTIONS = ("ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general.")
PROGRAMS = ("ansible-playbook", "playbook.py")
# With more hosts at once each has one line.
MOST_HOSTS = 3
NARROWEST = 79

PROGRESS = "COLOR_VERBOSE"
# By what report/attention.py calls a tone.
COLOURS = {
    "adds": "COLOR_DIFF_ADD",
    "drops": "COLOR_DIFF_REMOVE",
    "writes": "COLOR_CHANGED",
    "look": "COLOR_WARN",
    "wrong": "COLOR_ERROR",
}


def is_for_people() -> bool:
    """Return whether what is shown goes to people, and to nobody's parser."""
    name = str(constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK"))
    for prefix in COLLECTIONS:
        name = name[len(prefix) :] if name.startswith(prefix) else name
    program = os.path.basename(sys.argv[0] if sys.argv else "")
    return name in FOR_PEOPLE and program in PROGRAMS and _shows_ok_hosts()


def _shows_ok_hosts() -> bool:
    """Return whether the user wants to hear of tasks that go well. Else their headings come late, or never."""
    try:
        found = constants.config.get_config_value("display_ok_hosts", plugin_type="callback", plugin_name="default")
    except Exception:  # noqa: BLE001
        return True
    return bool(found)


def show_summary(result: Mapping[str, Any], task: Any, variables: Mapping[str, Any]) -> None:
    """Show the summary of a result of pg_migrate.

    :param task: the task; with no_log nothing is shown.
    :param variables: the task's. In a loop, and with many hosts, it is one line.
    """
    if task.no_log or not is_for_people():
        return
    # A task with nothing to do has no use for it.
    from ..module_utils.report import fleet, summary

    of = fleet if "counts" in result else summary
    hosts = variables.get("ansible_play_hosts_all") or ()
    name = "[%s] " % variables.get("inventory_hostname") if len(hosts) > 1 else ""
    columns = (Display().columns or NARROWEST) - len(name)
    try:
        brief = "ansible_loop_var" in variables or len(hosts) > MOST_HOSTS
        made = of.in_one_line(result, columns) if brief else summary.laid_out(of.lines(result), columns)
        found = [(text, tone.value) for text, tone in made]
    except Exception:  # noqa: BLE001
        # Ansible masks what has the digits of a password, numbers too; the module has made these lines before.
        found = [(str(text), "") for text in result.get("summary") or ()]
    _show([(name + text, tone) for text, tone in found[:1]] + found[1:])


def show_progress(found: List[str]) -> None:
    """Show lines of a run on its way, as much of each as the terminal has room for.

    They go to stderr: it isn't kept back where it leads into a file or a pipe, and who keeps stdout doesn't want them.
    """
    from ..module_utils.report.words import clipped, harmless

    display = Display()
    columns = display.columns or NARROWEST
    shown = [clipped(harmless(line), columns) for line in found]
    display.display("\n".join(shown), color=getattr(constants, PROGRESS), stderr=True)


def _show(shown: List[Tuple[str, str]]) -> None:
    """Show lines at once, so that those of another host don't come in between; in a log without colour."""
    if not shown:
        return
    display = Display()
    display.display("\n".join(_coloured(text, tone) for text, tone in shown), screen_only=True)
    display.display("\n".join(text for text, dummy in shown), log_only=True)


def _coloured(text: str, tone: str) -> str:
    colour = COLOURS.get(tone)
    return stringc(text, getattr(constants, colour)) if colour else text

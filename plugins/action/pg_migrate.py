# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs pg_migrate's module: sends its engine and scripts, shows the summary and, on the way, what the run is at.

Scripts of ``src`` go only when something is pending. A diff gets the form in which Ansible's callback shows it in
colour, where that takes nothing away.
"""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from typing import Any, ContextManager, Dict, List, Optional

from ansible import constants
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.pgops.migrations.plugins.plugin_utils.engine_action import EngineAction, flag

DIFF = re.compile(r"--- before(?:: [^\n]*)?\n\+\+\+ after(?:: [^\n]*)?\n(@@ .*)", re.DOTALL)
HUNK = re.compile(r"^@@ .*\n", re.MULTILINE)


class ActionModule(EngineAction):
    """Runs the module, once or twice."""

    MODULE = "pgops.migrations.pg_migrate"
    SENDS = "files"

    def run(self, tmp: Any = None, task_vars: Any = None) -> Dict[str, Any]:
        """Run the task, and show the summary if there is something to sum up."""
        answer: Dict[str, Any] = super().run(tmp, task_vars)
        if answer.get("plan") or answer.get("counts"):
            from ansible_collections.pgops.migrations.plugins.plugin_utils.terminal import show_summary

            show_summary(answer, self._task, task_vars)
        return answer

    def _run_described(self, arguments: Dict[str, Any], described: Dict[str, Any], task_vars: Any) -> Dict[str, Any]:
        from ansible_collections.pgops.migrations.plugins.module_utils.scripts import shipment

        internal = {"_described": json.dumps(described)}
        wanted = [str(each.version) for each in shipment.scripts_of(described)]
        answer: Dict[str, Any] = {}
        if not self.in_background:
            answer = self._run_module(arguments, internal, task_vars)
            wanted = answer.pop("_wants_scripts", [])
            if not wanted:
                return answer
        if not flag(arguments, "allow_writable_scripts"):
            shipment.refuse_writable(described, arguments["src"], wanted)
        return self._run_with_files(arguments, internal, described, task_vars)

    def _run_module(self, arguments: Dict[str, Any], internal: Dict[str, Any], task_vars: Any) -> Dict[str, Any]:
        if arguments.get("schema_file") is None:
            return _coloured(super()._run_module(arguments, internal, task_vars))
        from ansible_collections.pgops.migrations.plugins.plugin_utils.schema_file import SchemaFile

        kept = SchemaFile(self, arguments, task_vars)
        answer = super()._run_module({**arguments, **kept.arguments}, {**internal, **kept.internal}, task_vars)
        return _coloured(kept.settled(answer))

    def _execute(
        self, arguments: Dict[str, Any], internal: Dict[str, Any], task_vars: Any, compiled: bool
    ) -> Dict[str, Any]:
        with self._followed(arguments, task_vars) as path:
            return super()._execute(arguments, {**internal, "_progress": path}, task_vars, compiled)

    def _followed(self, arguments: Dict[str, Any], task_vars: Any) -> ContextManager[Optional[str]]:
        """Return what shows the progress of the module, and yields where it is to write that; None: nowhere."""
        if not boolean(arguments.get("progress", True), strict=False):
            return nullcontext()
        from ansible_collections.pgops.migrations.plugins.plugin_utils.progress import followed

        return followed(self, task_vars or {})


def _coloured(answer: Dict[str, Any]) -> Dict[str, Any]:
    """Return a result whose diff the callback compares anew, and colours, if it then shows the whole of each hunk.

    It shows as many lines around a change as Ansible's own settings say.
    """
    wanted = answer.get("invocation", {}).get("module_args", {}).get("diff_context")
    # Ansible has masked it, and it is no number, where a password has the same digits.
    usable = isinstance(wanted, int) and wanted <= constants.config.get_config_value("DIFF_CONTEXT")
    if "diff" not in answer or not usable:
        return answer
    return {**answer, "diff": [side for each in answer["diff"] for side in sides(each)]}


def sides(diff: Dict[str, str]) -> List[Dict[str, str]]:
    """Return a unified diff as before and after of each hunk; what isn't one as it is."""
    whole = DIFF.fullmatch(diff.get("prepared", ""))
    if whole is None:
        return [diff]
    hunks = [hunk.split("\n") for hunk in HUNK.split(whole[1])[1:]]
    headers: Dict[str, str] = {name: diff[name] for name in ("before_header", "after_header") if name in diff}
    return [{**headers, "before": _side(hunk, " -"), "after": _side(hunk, " +")} for hunk in hunks]


def _side(hunk: List[str], signs: str) -> str:
    return "".join(line[1:] + "\n" for line in hunk if line and line[0] in signs)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends pg_migrate's module its engine (task/archive.py), and the scripts of ``src`` when it has a use for them.

Of these scripts the module first gets what is known without running any: versions and checksums. Where that is enough,
because nothing is pending, it answers. Else it asks for the files; they go as one archive, and are removed with the
task's directory.

It also shows the summary of what was done, or would be, and gives a diff the form in which Ansible's callback shows it
in colour, where that takes nothing away.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import nullcontext
from typing import Any, Callable, ContextManager, Dict, List, Optional, Tuple

from ansible import constants
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError, OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.task import checks, options, packing

MODULE = "pgops.migrations.pg_migrate"
# What only this sets.
OURS = ("_engine", "_described", "_archive", "_progress")
ARCHIVE = "migrations.tar.gz"
DIFF = re.compile(r"--- before\n\+\+\+ after\n(@@ .*)", re.DOTALL)
HUNK = re.compile(r"^@@ .*\n", re.MULTILINE)


class ActionModule(ActionBase):
    """Runs the module, once or twice."""

    TRANSFERS_FILES = True
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> Dict[str, Any]:
        """Run the task; with ``src``, with the controller's scripts."""
        result: Dict[str, Any] = super().run(tmp, task_vars)
        arguments = {name: value for name, value in self._task.args.items() if name not in OURS}
        if arguments.get("src") is None:
            return {**result, **self._shown(self._run_module(arguments, task_vars, persist_files=False), task_vars)}
        try:
            return {**result, **self._shown(self._with_scripts(arguments, task_vars), task_vars)}
        except MigrationError as error:
            return {**result, "failed": True, "msg": error.sentence(), "error": error.to_result()}
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _shown(self, answer: Dict[str, Any], task_vars: Any) -> Dict[str, Any]:
        """Return the result, whose summary is shown if there is something to sum up."""
        if answer.get("plan"):
            from ansible_collections.pgops.migrations.plugins.plugin_utils.terminal import show_summary

            show_summary(answer, self._task, task_vars)
        return answer

    def _with_scripts(self, arguments: Dict[str, Any], task_vars: Any) -> Dict[str, Any]:
        # What reads scripts is imported only here: a task without src has no use for it on the controller.
        from ansible_collections.pgops.migrations.plugins.module_utils.scripts import shipment

        arguments["src"] = self._sources(arguments)
        follow, as_they_are = (_flag(arguments, name) for name in ("follow", "allow_writable_scripts"))
        on_unread = str(arguments.get("on_unread") or "fail")
        kind, order = arguments.get("kind"), arguments.get("order")
        url = _text(arguments.get("url"))
        described = shipment.describe(arguments["src"], kind, follow, on_unread, order, url)
        arguments["_described"] = json.dumps(described)
        answer = self._run_module(arguments, task_vars)
        wanted = answer.pop("_wants_scripts", None)
        if wanted:
            if not as_they_are:
                shipment.refuse_writable(described, arguments["src"], wanted)
            archive, left = self._ship(lambda path: shipment.pack(described, arguments["src"], path, follow))
            answer = self._run_module({**arguments, "_archive": archive}, task_vars)
            if left:
                answer["warnings"] = [*left, *answer.get("warnings", ())]
        return answer

    def _run_module(self, arguments: Dict[str, Any], task_vars: Any, persist_files: bool = True) -> Dict[str, Any]:
        # On this host it is most likely this very Python, which then needn't compile what is compiled.
        answer = self._execute(arguments, task_vars, persist_files, compiled=self._connection.transport == "local")
        if answer.pop("_wants_text", False):
            answer = self._execute(arguments, task_vars, persist_files, compiled=False)
        return _coloured(answer)

    def _execute(
        self, arguments: Dict[str, Any], task_vars: Any, persist_files: bool, compiled: bool
    ) -> Dict[str, Any]:
        engine = packing.pack(compiled, _text(arguments.get("url")))
        with self._followed(arguments, task_vars) as path:
            answer = self._execute_module(
                module_name=MODULE,
                module_args={**arguments, "_engine": engine, "_progress": path},
                task_vars=task_vars,
                persist_files=persist_files,
            )
        return dict(answer)

    def _followed(self, arguments: Dict[str, Any], task_vars: Any) -> ContextManager[Optional[str]]:
        """Return what shows the progress of the module, and yields where it is to write that; None: nowhere."""
        if not boolean(arguments.get("progress", True), strict=False):
            return nullcontext()
        from ansible_collections.pgops.migrations.plugins.plugin_utils.progress import followed

        return followed(self, task_vars or {})

    def _sources(self, arguments: Dict[str, Any]) -> List[str]:
        """Return the directories on the controller.

        :raises OptionInvalid: when one is empty or isn't there, or directories of the target are named as well.
        """
        others = [name for name in ("migrations_dir", "context") if arguments.get(name)]
        if others:
            raise OptionInvalid(
                "src and %s exclude each other" % others[0],
                hint="src is a directory on the controller, migrations_dir one on the host where the task runs.",
            )
        source = arguments["src"]
        directories = source if isinstance(source, list) else str(source).split(",")
        checks.check({"src": [str(each) for each in directories]}, {"src": options.MIGRATE["src"]})
        return [self._find(str(each)) for each in directories]

    def _find(self, source: str) -> str:
        found = os.path.expanduser(source)
        if not os.path.isabs(found):
            found = self._loader.path_dwim_relative_stack(self._task.get_search_path(), "", found) or found
        if not os.path.isdir(found):
            raise OptionInvalid(
                "src: there is no directory %s on the controller" % found,
                hint="A relative path is looked for beside the playbook, and in the role.",
            )
        return os.path.abspath(found)

    def _ship(self, pack: Callable[[str], List[str]]) -> Tuple[str, List[str]]:
        """Put the archive that pack writes into the task's directory on the target.

        :returns: its path there, and what pack has to say.
        """
        place = self._connection._shell.tmpdir
        remote = str(self._connection._shell.join_path(place, ARCHIVE))
        with tempfile.TemporaryDirectory() as directory:
            local = os.path.join(directory, ARCHIVE)
            said = pack(local)
            self._transfer_file(local, remote)
        self._fixup_perms2((place, remote))
        return remote, said


def _text(value: Any) -> Optional[str]:
    return None if value is None else str(value)


def _flag(arguments: Dict[str, Any], name: str) -> bool:
    """Return an option that is on or off. What is neither the module refuses, in Ansible's own words."""
    return bool(boolean(arguments.get(name) or False, strict=False))


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
    return [{"before": _side(hunk, " -"), "after": _side(hunk, " +")} for hunk in hunks]


def _side(hunk: List[str], signs: str) -> str:
    return "".join(line[1:] + "\n" for line in hunk if line and line[0] in signs)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends a module its engine (task/archive.py), and the scripts of ``src`` where it has a use for them.

Of these scripts the module first gets what is known without running any: versions and checksums. Where that is enough,
it answers. Else it gets the files: in its arguments, as the engine, so that nothing of them is a file that another
user has to be let at; only what is too much for that is sent as a file. What is unpacked is removed with the task's
directory.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
from typing import Any, Dict, List, Optional

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError, OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.task import checks, options, packing

ARCHIVE = "migrations.tar.gz"
# Of the packed scripts; more goes as a file.
MOST_IN_ARGUMENTS = 4 * 2**20


class EngineAction(ActionBase):
    """Runs a module of this collection.

    :cvar MODULE: its full name.
    :cvar SENDS: which scripts of ``src`` it gets: "none", what is "described" of them, or the "files" as well.
    """

    MODULE = ""
    SENDS = "none"
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> Dict[str, Any]:
        """Run the task; with ``src``, with the controller's scripts."""
        result: Dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args.items())
        try:
            self._refuse_internal(arguments)
            if self.SENDS == "none" or arguments.get("src") is None:
                return {**result, **self._run_module(arguments, {}, task_vars)}
            return {**result, **self._with_scripts(arguments, task_vars)}
        except MigrationError as error:
            return {**result, "failed": True, "msg": error.sentence(), "error": error.to_result()}

    @property
    def in_background(self) -> bool:
        """Return whether the task is asynchronous: then the module runs once, and nobody waits for its answer here."""
        return bool(self._task.async_val and not self._connection.has_native_async)

    def _with_scripts(self, arguments: Dict[str, Any], task_vars: Any) -> Dict[str, Any]:
        # What reads scripts is imported only here: a task without src has no use for it on the controller.
        from ansible_collections.pgops.migrations.plugins.module_utils.scripts import shipment

        arguments["src"] = self._sources(arguments)
        follow = flag(arguments, "follow")
        on_unread = str(arguments.get("on_unread") or "fail")
        kind, order = arguments.get("kind"), arguments.get("order")
        url = text(arguments.get("url"))
        described = shipment.describe(arguments["src"], kind, follow, on_unread, order, url)
        return self._run_described(arguments, described, task_vars)

    def _run_described(self, arguments: Dict[str, Any], described: Dict[str, Any], task_vars: Any) -> Dict[str, Any]:
        """Run the module with what is known of the scripts, and with these where it takes them."""
        internal: Dict[str, Any] = {"_described": json.dumps(described)}
        if self.SENDS == "described":
            return self._run_module(arguments, internal, task_vars)
        return self._run_with_files(arguments, internal, described, task_vars)

    def _run_with_files(
        self, arguments: Dict[str, Any], internal: Dict[str, Any], described: Dict[str, Any], task_vars: Any
    ) -> Dict[str, Any]:
        from ansible_collections.pgops.migrations.plugins.module_utils.scripts import shipment

        with tempfile.TemporaryDirectory() as directory:
            archive = os.path.join(directory, ARCHIVE)
            left = shipment.pack(described, arguments["src"], archive, flag(arguments, "follow"))
            answer = self._run_module(arguments, {**internal, **self._sent(archive)}, task_vars)
        if left:
            answer["warnings"] = [*left, *answer.get("warnings", ())]
        return answer

    def _sent(self, archive: str) -> Dict[str, str]:
        """Return the parameter with the scripts, or with where they are on the target."""
        if os.path.getsize(archive) <= MOST_IN_ARGUMENTS:
            with open(archive, "rb") as stream:
                return {"_scripts": base64.b64encode(stream.read()).decode("ascii")}
        shell = self._connection._shell
        if shell.tmpdir is None:
            self._make_tmp_path()
        remote = str(shell.join_path(shell.tmpdir, ARCHIVE))
        self._transfer_file(archive, remote)  # type: ignore[no-untyped-call]
        self._fixup_perms2((shell.tmpdir, remote))  # type: ignore[no-untyped-call]
        return {"_archive": remote}

    def _run_module(self, arguments: Dict[str, Any], internal: Dict[str, Any], task_vars: Any) -> Dict[str, Any]:
        # On this host it is most likely this very Python, which then needn't compile what is compiled.
        compiled = self._connection.transport == "local" and not self.in_background
        answer = self._execute(arguments, internal, task_vars, compiled)
        if answer.pop("_wants_text", False):
            answer = self._execute(arguments, internal, task_vars, compiled=False)
        return answer

    def _execute(
        self, arguments: Dict[str, Any], internal: Dict[str, Any], task_vars: Any, compiled: bool
    ) -> Dict[str, Any]:
        engine = packing.pack(compiled, text(arguments.get("url")))
        answer = self._execute_module(
            module_name=self.MODULE,
            module_args={**arguments, **internal, "_engine": engine},
            task_vars=task_vars,
            persist_files=True,
            wrap_async=self.in_background,
        )
        return dict(answer)

    def _refuse_internal(self, arguments: Dict[str, Any]) -> None:
        for name in options.INTERNAL:
            if name in arguments:
                raise OptionInvalid(
                    "Unsupported parameters for (%s) module: %s" % (self.MODULE, name), hint="Leave it out."
                )

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
        directories = source if isinstance(source, (list, tuple)) else _listed(str(source))
        named = [str(each) for each in directories]
        checks.check({"src": named}, {"src": options.MIGRATIONS["src"]})
        return [self._find(each) for each in named]

    def _find(self, source: str) -> str:
        found = os.path.expanduser(source)
        if not os.path.isabs(found):
            try:
                found = self._loader.path_dwim_relative_stack(self._task.get_search_path(), "", found) or found
            except AnsibleError:
                found = source
        if not os.path.isdir(found):
            what = "%s is no directory" if os.path.exists(found) else "there is no directory %s on the controller"
            raise OptionInvalid(
                "src: " + what % found,
                hint="A relative path is looked for beside the playbook, and in the role.",
            )
        return os.path.abspath(found)


def text(value: Any) -> Optional[str]:
    """Return an argument as text."""
    return None if value is None else str(value)


def flag(arguments: Dict[str, Any], name: str) -> bool:
    """Return an option that is on or off. What is neither the module refuses, in Ansible's own words."""
    return bool(boolean(arguments.get(name) or False, strict=False))


def _listed(written: str) -> List[str]:
    """Return a list that is written as a text, as Ansible reads it. What is nothing but blanks stays, to be refused."""
    return [each.strip() or each for each in written.split(",")]

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""schema_file on the controller: where it is, that one host alone writes it, and what becomes of it after a run."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping, Optional

from ansible.errors import AnsibleError

from ..module_utils.errors import OptionInvalid
from ..module_utils.keeping import schema_file

BESIDE = "A relative path is looked for beside the playbook, and in the role."


class SchemaFile:
    """The file of one task, which has the option.

    :ivar arguments: what the module gets in the place of the task's; internal: what it gets beside them.
    """

    def __init__(self, action: Any, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        """Look at the file, if it is here.

        :param variables: the task's.
        :raises OptionInvalid: when several hosts would write it, or it can't be written.
        """
        self._action = action
        self.arguments: Dict[str, Any] = {}
        self.internal: Dict[str, Any] = {}
        path = str(arguments["schema_file"])
        if not path.strip():
            return  # the module refuses that
        is_src = arguments.get("src") is not None
        if is_src or action._connection.transport == "local":
            self._refuse_many(path, variables)
        if not is_src:
            return
        if action.in_background:
            raise OptionInvalid(
                "schema_file and src exclude each other in an asynchronous task",
                hint="Nobody is there to write the file when it ends. Leave async out, or use migrations_dir.",
            )
        path = self._found(os.path.expanduser(path))
        self.arguments["schema_file"] = path
        self.internal["_makes_schema_file"] = schema_file.look_before(path, arguments["src"])

    def settled(self, answer: Dict[str, Any]) -> Dict[str, Any]:
        """Return the module's answer with what became of the file, and without the text for it."""
        told = answer.pop(schema_file.HANDED_OVER, None)
        if told is None:
            return answer
        wanted = schema_file.taken_over(told)
        return schema_file.settled(answer, self.arguments["schema_file"], wanted, self._action._task.check_mode)

    def _refuse_many(self, path: str, variables: Mapping[str, Any]) -> None:
        """Refuse that several hosts write one file: the last one would win."""
        hosts = variables.get("ansible_play_hosts_all") or ()
        host = str(variables.get("inventory_hostname"))
        if len(hosts) > 1 and not self._action._task.run_once and host not in path:
            raise OptionInvalid(
                "schema_file: %s would be written by each of the %d hosts of this play" % (path, len(hosts)),
                hint="Set run_once: true, give the file to one host alone in a play of its own, or write "
                "inventory_hostname into its name.",
            )

    def _found(self, path: str) -> str:
        """Return where the file is, or is to be: looked for as src is."""
        if os.path.isabs(path):
            return os.path.normpath(path)
        found = self._look_for(path)
        if found is None:
            directory = self._look_for(os.path.dirname(path) or ".")
            found = directory and os.path.join(directory, os.path.basename(path))
        if found is None:
            raise OptionInvalid("schema_file: there is no directory for %s on the controller" % path, hint=BESIDE)
        return os.path.abspath(found)

    def _look_for(self, path: str) -> Optional[str]:
        places = self._action._task.get_search_path()
        try:
            return self._action._loader.path_dwim_relative_stack(places, "", path) or None
        except AnsibleError:
            return None

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All of module_utils as one archive: packed on the controller (packing.py), imported from by the module on the target.

What a module imports, Ansible finds by parsing each file, and what that imports, at every run. Of eighty files this
took a quarter of the time of a task that only connects; packing them takes next to none. So a module imports
only this and its argument spec, and the action plugin adds the archive to its arguments.
"""

from __future__ import annotations

import base64
import importlib
import importlib.abc
import importlib.util
import io
import marshal
import os
import sys
import zipfile
from importlib.machinery import ModuleSpec
from types import CodeType
from typing import Any, Optional

UTILS = __name__.rsplit(".", 2)[0]


def run(module: Any, name: str, function: str, needs_database: bool = True) -> None:
    """Run the function of a module of task/, as entry.py does.

    Where the archive is compiled, and for another Python than this, it answers that it wants the text.

    :param module: a Module, among whose internal parameters is ``_engine``: what pack() returned; where it is None, the
        packages must be installed.
    :param needs_database: it can't do without the database's driver.
    """
    packed = module.internal.pop("_engine", None)
    if packed:
        engine = _Engine(packed)
        if not engine.fits:
            module.exit_json(changed=False, _wants_text=True)
            return
        sys.meta_path.insert(0, engine)
    if importlib.util.find_spec(UTILS + ".task.entry") is None:
        module.fail_json(
            msg="The engine didn't come along; the module's action plugin has to send it. "
            "Call the module by its full name, from a task."
        )
        return
    entry = importlib.import_module(UTILS + ".task.entry")
    entry.run(module, getattr(importlib.import_module("%s.task.%s" % (UTILS, name)), function), needs_database)


class _Engine(importlib.abc.MetaPathFinder, importlib.abc.ExecutionLoader):
    """Finds and loads what is in such an archive, in memory: nothing of it is written to the target's disk."""

    def __init__(self, packed: str) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(packed)))
        self._compiled_for = self._archive.comment
        files = self._archive.namelist()
        self._directories = {os.path.dirname(file) for file in files}
        self._places = self._directories.union(os.path.splitext(file)[0] for file in files)

    @property
    def fits(self) -> bool:
        """Return whether this Python can run it."""
        return self._compiled_for in (b"", importlib.util.MAGIC_NUMBER)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Optional[ModuleSpec]:
        """Return how to load a module, or None: it isn't of this archive."""
        ours = fullname.startswith(UTILS + ".") and _place(fullname) in self._places
        return importlib.util.spec_from_loader(fullname, self) if ours else None

    def is_package(self, fullname: str) -> bool:
        """Return whether it is a directory."""
        return _place(fullname) in self._directories

    def get_code(self, fullname: str) -> Optional[CodeType]:
        """Return its code, compiled here or on the controller."""
        if not self._compiled_for or self.is_package(fullname):
            return super().get_code(fullname)
        code: CodeType = marshal.loads(self._archive.read(self.get_filename(fullname) + "c"))  # noqa: S302
        return code

    def get_source(self, fullname: str) -> str:
        """Return its text; directories have none."""
        if self.is_package(fullname) or self._compiled_for:
            return ""
        return self._archive.read(self.get_filename(fullname)).decode("utf-8")

    def get_filename(self, fullname: str) -> str:
        """Return where it is in the archive; a traceback shows it."""
        return _place(fullname) + ".py"


def _place(fullname: str) -> str:
    return fullname[len(UTILS) + 1 :].replace(".", "/")

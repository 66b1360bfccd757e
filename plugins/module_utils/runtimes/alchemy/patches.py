# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes and modules that are there for a while, and what was there before, put back exactly."""

from __future__ import annotations

import sys
import types
from contextlib import ExitStack
from typing import Any, Dict, Optional

ABSENT = object()


class Patches(ExitStack):
    """What was replaced; leaving the block puts it back, the last first."""

    def set(self, owner: Any, name: str, value: Any) -> Any:
        """Set an attribute of a class or a module. Return what was to be had there before, or None."""
        inherited = getattr(owner, name, None)
        own = vars(owner).get(name, ABSENT)
        self.callback(_put_back, owner, name, own)
        setattr(owner, name, value)
        return inherited

    def add(self, owner: Any, **members: Any) -> None:
        """Set several attributes of a class."""
        for name, value in members.items():
            self.set(owner, name, value)

    def modules(self, modules: Dict[str, types.ModuleType]) -> None:
        """Let modules be imported by these names."""
        for name, module in modules.items():
            self.callback(_put_module_back, name, sys.modules.get(name))
            sys.modules[name] = module


def _put_back(owner: Any, name: str, own: Any) -> None:
    if own is ABSENT:
        delattr(owner, name)
    else:
        setattr(owner, name, own)


def _put_module_back(name: str, module: Optional[types.ModuleType]) -> None:
    if module is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = module

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories that installed packages name, by an entry point in the group that db-migrator reads."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Any, List

from .. import errors

GROUP = "dbmigrator"
NAME = "migrations_directory"


def directories_of(context: str) -> List[str]:
    """Return the migrations directories of a package.

    :param context: the package's name as it was installed.
    :raises ScriptInvalid: when it isn't installed, has no such entry point, or that raises.
    """
    try:
        found = [each for each in metadata.distribution(context).entry_points if each.group == GROUP]
    except (metadata.PackageNotFoundError, ValueError):  # ValueError: an empty name
        raise errors.ScriptInvalid(
            "context: no package %s is installed for %s" % (context, sys.executable),
            hint="Install it there, or set ansible_python_interpreter to the interpreter that has it.",
        ) from None
    points = [each for each in found if each.name == NAME]
    if not points:
        raise errors.ScriptInvalid(
            "context: the package %s has no entry point %s in the group %s" % (context, NAME, GROUP),
            hint="Add one that is the directory's path, or a function that returns it.",
        )
    return [directory for point in points for directory in _load(context, point)]


def _load(context: str, point: Any) -> List[str]:
    try:
        value = point.load()
        value = value() if callable(value) else value
    except (Exception, SystemExit) as error:
        raise errors.ScriptInvalid(
            "context: the entry point of %s (%s) failed: %s: %s" % (context, point.value, type(error).__name__, error),
            hint="Fix it, or name the directory with migrations_dir.",
        ) from None
    return [str(each) for each in value] if isinstance(value, (list, tuple)) else [str(value)]

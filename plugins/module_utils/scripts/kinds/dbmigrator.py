# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python scripts with ``up(cursor)`` and ``down(cursor)``: db-migrator's, and this collection's own."""

from __future__ import annotations

import ast
import re
from typing import Iterator

from ... import model
from . import pythontext, reading
from .claim import Claim, Listing

KIND = "python"
LOOKS_LIKE = "<version>_<name>.py"
DECORATOR = "deferred"
MENTIONED = re.compile(rb"\b(?:should_run|deferred)\b")
FILE_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)_(?P<name>.+)\.py")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for file_name in listing.ending(".py"):
        match = FILE_NAME.fullmatch(file_name)
        if match and not pythontext.UPGRADE.search(listing.data(file_name)):
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])


def survey(script: model.Script) -> model.Script:
    """Look at a script: is it repeatable, is it deferred? One that can't be parsed is neither until it is read."""
    data = reading.read_bytes(script.path)
    looked = script._replace(checksum=reading.checksum(data))
    if not MENTIONED.search(data):
        return looked
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return looked
    names = pythontext.names(tree) or set()
    return looked._replace(repeatable="should_run" in names, deferred=_is_deferred(tree))


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read and compile a script; nothing of it is run.

    :raises ScriptInvalid: not UTF-8, a syntax error, or no ``up``.
    """
    return pythontext.migration(script, "up", "down", model.Takes.CURSOR)


def _is_deferred(tree: ast.Module) -> bool:
    """Return whether up() has the decorator, under whatever name it or its module was imported."""
    names = {DECORATOR}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names.update(alias.asname or alias.name for alias in node.names if alias.name == DECORATOR)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "up":
            return any(getattr(each, "id", getattr(each, "attr", None)) in names for each in node.decorator_list)
    return False

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python scripts with ``up(cursor)`` and ``down(cursor)``: db-migrator's, and this collection's own."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import Iterator, Optional, Set

from ..errors import ScriptInvalid
from ..model import Migration, PythonBody, Script, Version
from .claim import Claim, Listing
from .reading import checksum, decode, read_bytes

KIND = "python"
LOOKS_LIKE = "<version>_<name>.py"
MENTIONED = re.compile(rb"\b(?:should_run|deferred)\b")
FILE_NAME = re.compile(r"(?P<version>\d[\d-]*)_(?P<name>.+)\.py")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for file_name in listing.files:
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, Version.parse(match["version"]), match["name"])


def survey(script: Script) -> Script:
    """Look at a script: is it repeatable, is it deferred? One that can't be parsed is neither until it is read."""
    data = read_bytes(script.path)
    looked = replace(script, checksum=checksum(data))
    if not MENTIONED.search(data):
        return looked
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):
        return looked
    names = _names(tree) or set()
    return replace(looked, repeatable="should_run" in names, deferred=_is_deferred(tree))


def read(script: Script) -> Migration:
    """Read and compile a script; nothing of it is run.

    :raises ScriptInvalid: not UTF-8, a syntax error, or no ``up``.
    """
    text = decode(read_bytes(script.path), script.path)
    try:
        tree = ast.parse(text, script.path)
        code = compile(tree, script.path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise _unreadable(script, error) from None
    names = _names(tree)
    if names is not None and "up" not in names:
        raise ScriptInvalid(
            "%s has no up(cursor)" % script.path, hint="Define it, or move the file elsewhere.", path=script.path
        )
    transactional = not _is_false(tree, "transactional")
    up = PythonBody(script.path, code, "up", transactional)
    down = PythonBody(script.path, code, "down", transactional) if names is None or "down" in names else None
    return Migration(script, up, down)


def _unreadable(script: Script, error: Exception) -> ScriptInvalid:
    if not isinstance(error, SyntaxError):
        return ScriptInvalid("%s can't be compiled: %s" % (script.path, error), path=script.path)
    return ScriptInvalid(
        "%s, line %s: %s" % (script.path, error.lineno, error.msg),
        hint="Mend the syntax; nothing has been run.",
        path=script.path,
        line=error.lineno,
        column=error.offset,
    )


def _names(tree: ast.Module) -> Optional[Set[str]]:
    """Return the names that a module defines, or None where only running it would tell: a star import."""
    names: Set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            if any(alias.name == "*" for alias in node.names):
                return None
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return names


def _is_deferred(tree: ast.Module) -> bool:
    """Return whether up() has the decorator, under whatever name its module was imported."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "up":
            names = [getattr(each, "id", None) or getattr(each, "attr", None) for each in node.decorator_list]
            return "deferred" in names
    return False


def _is_false(tree: ast.Module, name: str) -> bool:
    """Return whether a module says ``name = False`` at its top level."""
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        and isinstance(node.value, ast.Constant)
        and node.value.value is False
        for node in tree.body
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files beside a Python script it imports and reads, as far as that is written in it. Nothing of it is run."""

from __future__ import annotations

import ast
import os
from importlib.machinery import all_suffixes
from typing import Iterator, List, Optional, Sequence, Set

from ..files import opening
from .kinds import reading

BY_NAME = ("import_module", "__import__")
INIT, CACHE = "__init__", "__pycache__"


def beside(script: str) -> List[str]:
    """Return the modules that a script imports from its own directory, what these import there, and SQL that they name.

    A directory among them is a package, or holds what Python has compiled; there it looks for files.
    """
    home = os.path.dirname(script)
    found: List[str] = []
    seen: Set[str] = set()
    pending = [script]
    while pending:
        path = pending.pop()
        if path in seen or not path.endswith(".py") or not opening.is_regular(path):
            continue
        seen.add(path)
        more = list(_named_in(path, home))
        found += more
        pending += more
    return list(dict.fromkeys(found))


def _named_in(path: str, home: str) -> Iterator[str]:
    """Yield what a file imports and names; of one that can't be parsed nothing, and nothing of it will run."""
    try:
        tree = ast.parse(opening.read(path, reading.MOST))
    except (opening.Unopened, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _modules(home, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            yield from _imported_from(path, home, node)
        elif isinstance(node, ast.Call) and _called(node.func) in BY_NAME and node.args:
            yield from _modules(home, (_text(node.args[0]) or "").split("."))
        elif (_text(node) or "").endswith(".sql"):
            sql = os.path.join(os.path.dirname(path), str(_text(node)))
            yield from [sql] if opening.is_regular(sql) else []


def _imported_from(path: str, home: str, node: ast.ImportFrom) -> Iterator[str]:
    folder = home
    if node.level:
        folder = os.path.normpath(os.path.join(os.path.dirname(path), *[os.pardir] * (node.level - 1)))
    parts = node.module.split(".") if node.module else []
    for alias in node.names:
        # What is named may be a module itself; a star means only what __init__ says.
        yield from _modules(folder, parts if alias.name == "*" else [*parts, alias.name])


def _modules(folder: str, parts: Sequence[str]) -> Iterator[str]:
    """Yield what Python may load for a dotted name: of each part the file, or the package with its own file."""
    for part in parts:
        if not part.isidentifier():
            return
        yield from _files(folder, part)
        folder = os.path.join(folder, part)
        if not os.path.isdir(folder):
            return
        yield folder
        yield from _files(folder, INIT)


def _files(folder: str, name: str) -> Iterator[str]:
    yield from filter(opening.is_regular, (os.path.join(folder, name + suffix) for suffix in all_suffixes()))
    cache = os.path.join(folder, CACHE)
    try:
        compiled = [each for each in os.listdir(cache) if each.startswith(name + ".")]
    except OSError:
        return
    # Where there is a module of that name, a compiled one is taken in its place.
    yield cache
    yield from (os.path.join(cache, each) for each in compiled)


def _called(function: ast.expr) -> Optional[str]:
    return getattr(function, "attr", getattr(function, "id", None))


def _text(node: ast.AST) -> Optional[str]:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

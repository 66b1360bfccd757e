# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python files as migrations: compiled, and looked at without being run."""

from __future__ import annotations

import ast
import re
from typing import Optional, Set

from ... import errors, model
from . import reading

# What tells a script for an engine from one for a cursor.
UPGRADE = re.compile(rb"^(?:def\s+upgrade\b|upgrade\s*=)", re.MULTILINE)

# In a comment of the first two lines.
CODING = re.compile(rb"(?:[ \t\f]*#[^\r\n]*\r?\n)?[ \t\f]*#[^\r\n]*?coding[:=]")


def migration(script: model.Script, up: str, down: str, takes: model.Takes) -> model.Migration:
    """Read and compile a script; nothing of it is run.

    :param up: name of the function that applies it; down: of the one that rolls it back.
    :raises ScriptInvalid: an encoding that it doesn't have, a syntax error, or no such function to apply it.
    """
    text = decode(reading.read_bytes(script.path), script.path)
    try:
        tree = ast.parse(text, script.path)
        code = compile(tree, script.path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise unreadable_error(script.path, error) from None
    found = names(tree)
    if found is not None and up not in found:
        from ...sql import others

        call, tool = "%s(%s)" % (up, takes.value), others.of_python(text)
        known = (
            "It looks like a script of %s, which isn't read here: %s. Or move" % tool[:2]
            if tool
            else "Define it, or move"
        )
        raise errors.ScriptInvalid(
            "%s has no %s" % (script.path, call), hint=known + " the file elsewhere.", path=script.path
        )
    transactional = not _is_false(tree, "transactional")
    upward = model.PythonBody(script.path, code, up, transactional, takes)
    has_down = found is None or down in found
    return model.Migration(
        script, upward, model.PythonBody(script.path, code, down, transactional, takes) if has_down else None
    )


def decode(data: bytes, path: str) -> str:
    """Return a Python file's bytes as text, in the encoding that its first or second line names (PEP 263).

    :raises ScriptInvalid: when it isn't in that encoding.
    """
    if not CODING.match(data):
        return reading.decode(data, path)
    import io
    import tokenize

    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        return reading.lines_of_one_sort(data.decode(encoding))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise errors.ScriptInvalid(
            "%s isn't in the encoding that it names: %s" % (path, error), hint="Save it as UTF-8.", path=path
        ) from None


def names(tree: ast.Module) -> Optional[Set[str]]:
    """Return the names that a module defines, or None where only running it would tell: a star import."""
    found: Set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            if any(alias.name == "*" for alias in node.names):
                return None
            found.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
    return found


def unreadable_error(path: str, error: Exception) -> errors.ScriptInvalid:
    """Return what is told of a file that can't be parsed."""
    if not isinstance(error, SyntaxError):
        # Python's own patch releases differ in what they raise for a null byte.
        message = "%s can't be compiled: %s" % (path, error)
        return errors.ScriptInvalid(message, hint="Fix the file; nothing has been run.", path=path)
    return errors.ScriptInvalid(
        "%s, line %s: %s" % (path, error.lineno, error.msg),
        hint="Fix the syntax; nothing has been run.",
        path=path,
        line=error.lineno,
        column=error.offset,
    )


def _is_false(tree: ast.Module, name: str) -> bool:
    """Return whether a module says ``name = False`` at its top level."""
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == name for target in node.targets)
        and isinstance(node.value, ast.Constant)
        and node.value.value is False
        for node in tree.body
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alembic's revisions: Python files in ``versions/`` that say with down_revision what comes before them.

Which files are revisions, and what their variables mean: alembic/script/base.py. Nothing of them is run to find out,
so they have to be written as literals, as alembic's own template writes them. env.py and alembic.ini aren't read.
"""

from __future__ import annotations

import ast
import os
import re
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ... import errors, model
from ...versions import GRAPH
from . import pythontext, reading
from .claim import Claim, Listing

KIND = "alembic"
ORDER = GRAPH
LOOKS_LIKE = "versions/<revision>_<name>.py with revision and down_revision"
VERSIONS = "versions"
DOWN_REVISION = re.compile(rb"^down_revision\b[^=\n]*=", re.MULTILINE)
VARIABLES = ("revision", "down_revision", "branch_labels", "depends_on")
# Alembic's signs for what is relative, or on a branch.
NO_IDENTIFIER = re.compile(r"[@+:-]")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind: in the folder versions, or in this one.

    :raises ScriptInvalid: a file of the folder versions that is no revision.
    """
    folder, python = _python(listing)
    inside, revisions = folder is not listing, [name for name in python if _is_revision(folder, name)]
    if not revisions:
        return
    for name in python if inside else revisions:
        yield _claim(folder, name, os.path.join(VERSIONS, name) if inside else name)


def is_among(listing: Listing) -> bool:
    """Return whether a directory has a file of this kind; no more is read of it, and none is refused."""
    folder, python = _python(listing)
    return any(_is_revision(folder, name) for name in python)


def nested(listing: Listing) -> Iterator[str]:
    """Yield the revisions that are in folders of their own: alembic itself reads these only if env.py says so."""
    folder, dummy = _python(listing)
    for sub in folder.inner():
        for name in sub.ending(".py"):
            if _is_revision(sub, name):
                yield os.path.relpath(sub.path(name), listing.directory)


def read(script: model.Script, dummy_source: reading.Source = reading.text) -> model.Migration:
    """Read a revision; nothing of it is run.

    :raises ScriptInvalid: not UTF-8, a syntax error, or no upgrade().
    """
    return pythontext.migration(script, "upgrade", "downgrade", model.Takes.NOTHING)


def _python(listing: Listing) -> Tuple[Listing, List[str]]:
    """Return the folder that revisions are in, and what of Python's is in it."""
    inside = VERSIONS in listing.folders
    folder = Listing.of(listing.path(VERSIONS), listing.home, listing.named) if inside else listing
    return folder, [name for name in folder.ending(".py") if not name.startswith(("__init__", "."))]


def _is_revision(folder: Listing, name: str) -> bool:
    try:
        return DOWN_REVISION.search(folder.data(name)) is not None
    except errors.ScriptInvalid:  # it is nobody's yet; whoever claims it is told
        return False


def _claim(folder: Listing, name: str, file_name: str) -> Claim:
    path = folder.path(name)
    values = _values(pythontext.decode(folder.data(name), path), path)
    revision = values.get("revision")
    if not isinstance(revision, str) or not revision:
        raise _no_revision(path)
    if NO_IDENTIFIER.search(revision):
        raise errors.ScriptInvalid(
            "%s: the revision %r has a sign that alembic keeps for itself" % (path, revision),
            hint="Use letters, digits and _; alembic itself refuses @, +, : and -.",
            path=path,
        )
    try:
        version = model.Version.recorded(revision)
    except ValueError:
        raise _no_revision(path) from None
    down, labels, depends_on = (_several(values.get(variable), variable, path) for variable in VARIABLES[1:])
    return Claim(file_name, version, _name(name, revision), revision=model.Revision(down, depends_on, labels))


def _name(file_name: str, revision: str) -> str:
    """Return what a file's name says behind, or without, its revision."""
    stem = os.path.splitext(file_name)[0]
    before, found, behind = stem.partition(revision)
    return (behind if found else before).strip("_-. ")


def _values(text: str, path: str) -> Dict[str, Any]:
    """Return the variables that place a revision.

    :raises ScriptInvalid: when it can't be parsed, or one of them isn't a literal.
    """
    try:
        tree = ast.parse(text, path)
    except (SyntaxError, ValueError) as error:
        raise pythontext.unreadable_error(path, error) from None
    found: Dict[str, Any] = {}
    for node in tree.body:
        for variable, value in _assigned(node):
            try:
                found[variable] = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError):
                raise errors.ScriptInvalid(
                    "%s, line %d: %s isn't a literal" % (path, value.lineno, variable),
                    hint="Write the identifiers themselves: nothing of a script is run to find out where it belongs.",
                    path=path,
                    line=value.lineno,
                ) from None
    return found


def _assigned(node: ast.stmt) -> Iterator[Tuple[str, ast.expr]]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
    for target in targets:
        if isinstance(target, ast.Name) and target.id in VARIABLES and value is not None:
            yield target.id, value


def _several(value: Any, variable: str, path: str) -> Tuple[str, ...]:
    """Return one, several or no identifiers as a tuple, as alembic takes them."""
    several = (value,) if isinstance(value, str) else tuple(value or ()) if _is_collection(value) else None
    if several is None or not all(isinstance(each, str) for each in several):
        raise errors.ScriptInvalid(
            "%s: %s is %r" % (path, variable, value),
            hint="It is None, an identifier, or several in a tuple.",
            path=path,
        )
    return several


def _is_collection(value: Optional[Any]) -> bool:
    return value is None or isinstance(value, (tuple, list, set))


def _no_revision(path: str) -> errors.ScriptInvalid:
    return errors.ScriptInvalid(
        "%s is among alembic's revisions, and has no variable revision that identifies it" % path,
        hint='Give it one (revision = "…"), or move it out of the directory.',
        path=path,
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packs all of module_utils into one archive, on the controller; archive.py imports from it on the target.

What is packed is kept where Python keeps compiled modules, and is good for as long as no file has changed. To pack it
anew each time would be a tenth of a task that has nothing to do.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import io
import marshal
import os
import sys
import tempfile
import zipfile
from typing import List, Optional

from ..schemes import kind_of

HOME = os.path.dirname(os.path.dirname(__file__))
KEPT = os.path.join(HOME, "__pycache__")


# What a task needs only for one kind of database.
ONLY_FOR = {kind: ("databases/%s/" % kind, "task/targets/%s.py" % kind) for kind in ("sqlite", "mysql", "generic")}


def pack(compiled: bool = False, url: Optional[str] = None) -> str:
    """Return the packages as they are here: a zip archive, in base64.

    :param compiled: for this very Python, where that can be kept; its number stands in the archive's comment.
    :param url: of the task's database; None: it may be anywhere but where only a URL leads. What it has no use for
        stays out.
    """
    paths = _paths(url or "")
    key = _key(paths)
    compiled = compiled and _may_keep()  # to compile them all takes longer than a task
    kinds = [kind for kind in ONLY_FOR if kind == kind_of(url)]
    place = os.path.join(
        KEPT, ".".join(["engine", *kinds, str(sys.implementation.cache_tag) if compiled else "source"])
    )
    found = _kept(place, key)
    if found is None:
        found = _packed(paths, compiled)
        _keep(place, key, found)
    return found


def _paths(url: str) -> List[str]:
    found: List[str] = []
    for directory, dummy, names in os.walk(HOME):
        found += [os.path.join(directory, name) for name in names if name.endswith(".py")]
    unused = tuple(
        os.path.join(HOME, place) for kind, places in ONLY_FOR.items() if kind != kind_of(url) for place in places
    )
    return sorted(path for path in found if not path.startswith(unused))


def _key(paths: List[str]) -> str:
    """Return a digest that changes with any file, as Python itself tells whether one has changed."""
    known = [(path, status.st_mtime_ns, status.st_size) for path, status in ((each, os.stat(each)) for each in paths)]
    return hashlib.sha256(repr((importlib.util.MAGIC_NUMBER, known)).encode()).hexdigest()


def _packed(paths: List[str], compiled: bool) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in paths:
            name = zipfile.ZipInfo(os.path.relpath(path, HOME) + ("c" if compiled else ""))  # without today's time
            with open(path, "rb") as stream:
                content = stream.read()
            if compiled:
                # Nobody asks this code for its docstrings.
                code = compile(content, path, "exec", dont_inherit=True, optimize=2)
                content = marshal.dumps(code)
            archive.writestr(name, content, zipfile.ZIP_DEFLATED, compresslevel=9)
        archive.comment = importlib.util.MAGIC_NUMBER if compiled else b""
    return base64.b64encode(packed.getvalue()).decode("ascii")


def _may_keep() -> bool:
    return not sys.dont_write_bytecode and os.access(KEPT if os.path.isdir(KEPT) else HOME, os.W_OK)


def _kept(place: str, key: str) -> Optional[str]:
    try:
        with open(place, encoding="ascii") as stream:
            return stream.read() if stream.readline().strip() == key else None
    except (OSError, ValueError):
        return None


def _keep(place: str, key: str, packed: str) -> None:
    """Keep it: all of it or nothing, for others may do the same."""
    if not _may_keep():
        return
    with contextlib.suppress(OSError):
        os.makedirs(KEPT, exist_ok=True)
        handle, new = tempfile.mkstemp(dir=KEPT)
        with open(handle, "w", encoding="ascii") as stream:
            stream.write("%s\n%s" % (key, packed))
        os.chmod(new, 0o644)
        os.replace(new, place)

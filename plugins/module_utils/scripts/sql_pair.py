# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in pairs, ``<version>_<name>.up.sql`` and ``.down.sql``: the layout of golang-migrate and sqlx."""

from __future__ import annotations

import re
from typing import Iterable, Iterator

from ..model import Direction, Migration, Script, Version
from .claim import Claim
from .reading import checksum, decode, read_bytes
from .sqltext import body

KIND = "sql"
LOOKS_LIKE = "<version>_<name>.up.sql"
FILE_NAME = re.compile(r"(?P<version>\d[\d-]*)_(?P<name>.*)\.(?P<section>up|down)\.sql")


def claim(file_names: Iterable[str]) -> Iterator[Claim]:
    """Yield a claim for each file name of this kind."""
    for file_name in file_names:
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, Version.parse(match["version"]), match["name"], Direction(match["section"]))


def read(script: Script) -> Migration:
    """Read a pair. The checksum is that of the up file: how to roll back may be mended later.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    data = read_bytes(script.path)
    up = body(script.path, decode(data, script.path))
    down = None
    if script.down_path is not None:
        down = body(script.down_path, decode(read_bytes(script.down_path), script.down_path))
    return Migration(script, checksum(data), up, down)

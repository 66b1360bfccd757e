# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in pairs, ``<version>_<name>.up.sql`` and ``.down.sql``: the layout of golang-migrate and sqlx."""

from __future__ import annotations

import re
from typing import Iterator

from ..model import Direction, Migration, Script, SqlBody, Version
from .claim import Claim, Listing
from .reading import decode, read_bytes
from .sqltext import body

KIND = "sql"
LOOKS_LIKE = "<version>_<name>.up.sql"
FILE_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)_(?P<name>.*)\.(?P<section>up|down)\.sql")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for file_name in listing.files:
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, Version.parse(match["version"]), match["name"], Direction(match["section"]))


def read(script: Script) -> Migration:
    """Read a pair.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    return Migration(script, _body(script.path), _body(script.down_path) if script.down_path else None)


def _body(path: str) -> SqlBody:
    return body(path, decode(read_bytes(path), path))

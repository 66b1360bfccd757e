# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in pairs, ``<version>_<name>.up.sql`` and ``.down.sql``: the layout of golang-migrate and sqlx."""

from __future__ import annotations

import re
from typing import Iterator

from ... import model
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "sql"
LOOKS_LIKE = "<version>_<name>.up.sql"
FILE_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)_(?P<name>.*)\.(?P<section>up|down)\.sql")
SECTIONS = {"up": model.Direction.UP, "down": model.Direction.DOWN}


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for file_name in listing.ending(".sql"):
        match = FILE_NAME.fullmatch(file_name)
        if match:
            version = model.Version.parse(match["version"])
            yield Claim(file_name, version, match["name"], SECTIONS[match["section"]])


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a pair.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    return model.Migration(
        script, _body(script.path, source), _body(script.down_path, source) if script.down_path else None
    )


def _body(path: str, source: reading.Source) -> model.SqlBody:
    return sqltext.message(path, source(path))

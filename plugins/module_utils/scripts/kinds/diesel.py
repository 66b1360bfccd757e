# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in folders, ``<version>_<name>/up.sql`` and ``down.sql``, with an optional metadata.toml: diesel's layout."""

from __future__ import annotations

import os
import re
from typing import Iterator, List

from ... import model
from ...versions import TEXT
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "diesel"
ORDER = TEXT
LOOKS_LIKE = "<version>_<name>/up.sql"
FOLDER_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)_(?P<name>.+)")
METADATA = "metadata.toml"
# In its folder a down.sql is not of diesel's.
PRISMA = "migration.sql"
FILES = (("up.sql", model.Direction.UP), ("down.sql", model.Direction.DOWN))

# All that diesel reads there; the only line that it knows.
NO_TRANSACTION = re.compile(r"^\s*run_in_transaction\s*=\s*false\s*(?:#.*)?$", re.MULTILINE)


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for folder in listing.folders:
        match = FOLDER_NAME.fullmatch(folder)
        if match is None or (listing.has(folder, PRISMA) and not listing.has(folder, FILES[0][0])):
            continue
        for file_name, section in FILES:
            if listing.has(folder, file_name):
                for name in (file_name, METADATA):
                    listing.admit(os.path.join(folder, name))
                yield Claim(
                    os.path.join(folder, file_name), model.Version.parse(match["version"]), match["name"], section
                )


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a folder.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    metadata = _metadata_of(script)
    text = reading.text(metadata) if os.path.lexists(metadata) else ""
    transactional = not NO_TRANSACTION.search(text)
    down = _body(script.down_path, transactional, source) if script.down_path else None
    return model.Migration(script, _body(script.path, transactional, source), down)


def beside(script: model.Script) -> List[str]:
    """Return the path of the file that says how a script is run; it need not be there."""
    return [_metadata_of(script)]


def _metadata_of(script: model.Script) -> str:
    return os.path.join(os.path.dirname(script.path), METADATA)


def _body(path: str, transactional: bool, source: reading.Source) -> model.SqlBody:
    text = source(path)
    return sqltext.body(path, text) if transactional else sqltext.outside(path, text)

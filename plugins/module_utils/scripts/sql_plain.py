# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL that only goes up, ``<version>_<name>.sql`` without any marks in it: sqlx's simple layout."""

from __future__ import annotations

import re
from typing import Iterator

from .. import model
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "sql_plain"
LOOKS_LIKE = "<version>_<name>.sql"
FILE_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)_(?P<name>.+?)(?<!\.up)(?<!\.down)\.sql")

# Marks of other tools' one-file layouts; and what sqlalchemy-migrate puts behind a name.
MARKED = re.compile(rb"^--\s*(?:migrate:|\+goose\b)", re.MULTILINE)
OTHER_NAME = re.compile(r"_(?:upgrade|downgrade)\.sql$")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind; SQL of a version that a Python script has is read by that script."""
    scripts = {name.split("_")[0] for name in listing.ending(".py")}
    for file_name in listing.ending(".sql"):
        match = FILE_NAME.fullmatch(file_name)
        if match is None or match["version"] in scripts or OTHER_NAME.search(file_name):
            continue
        if not MARKED.search(listing.data(file_name)):
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])


def read(script: model.Script) -> model.Migration:
    """Read a script.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    return model.Migration(
        script, sqltext.body(script.path, reading.decode(reading.read_bytes(script.path), script.path))
    )

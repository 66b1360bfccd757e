# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL that only goes up, ``<version>_<name>.sql`` without any marks in it: sqlx's simple layout."""

from __future__ import annotations

import re
from typing import Iterator

from ... import model
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "sql_plain"
LOOKS_LIKE = "<version>_<name>.sql"
FILE_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)_(?P<name>.+?)(?<!\.up)(?<!\.down)\.sql")

# Marks of tools all of whose files have them; and what sqlalchemy-migrate puts behind a name.
MARKED = re.compile(r"^--\s*(?:migrate:|\+goose\b|\+migrate\b)", re.MULTILINE)
# The first line of a script that Atlas begins a new database with.
OF_ATLAS = re.compile(r"-- atlas:checkpoint\b")
OTHER_NAME = re.compile(r"_(?:upgrade|downgrade)\.sql$")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for file_name in candidates(listing):
        match = FILE_NAME.fullmatch(file_name)
        if match and not MARKED.search(listing.text(file_name)):
            of_atlas = OF_ATLAS.match(listing.text(file_name))
            version = (model.Version.checkpoint if of_atlas else model.Version.parse)(match["version"])
            yield Claim(file_name, version, match["name"])


def candidates(listing: Listing) -> Iterator[str]:
    """Yield the files named like this kind's; SQL of a version that a Python script has is read by that script."""
    scripts = {name.split("_")[0] for name in listing.ending(".py")}
    for file_name in listing.ending(".sql"):
        match = FILE_NAME.fullmatch(file_name)
        if match and match["version"] not in scripts and not OTHER_NAME.search(file_name):
            yield file_name


def survey(script: model.Script) -> model.Script:
    """Look at a script. A checkpoint of Atlas's takes the place of all scripts before it."""
    looked = reading.survey(script)
    return looked._replace(checkpoint=model.Checkpoint()) if script.version.is_checkpoint else looked


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a script.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    return model.Migration(script, sqltext.message(script.path, source(script.path)))

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in pairs that are known by their whole names, ``<version>_<name>.up.sql`` and ``.down.sql``: maragudk/migrate's.

It looks like that of golang-migrate, which knows scripts by their numbers: so people have to say that it is this one.
"""

from __future__ import annotations

import re
from typing import Iterator

from ... import model
from ...versions import TEXT
from . import sql_pair
from .claim import Claim, Listing

KIND = "sql_by_name"
ORDER = TEXT
LOOKS_LIKE = "<version>_<name>.up.sql, with kind: sql_by_name"
FILE_NAME = re.compile(r"(?P<version>[0-9]+[_-](?P<name>[\w-]*))\.(?P<section>up|down)\.sql")

read = sql_pair.read


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind, where people have said so."""
    for file_name in listing.ending(".sql") if listing.named else ():
        match = FILE_NAME.fullmatch(file_name)
        if match:
            version = model.Version.parse(match["version"])
            yield Claim(file_name, version, match["name"], sql_pair.SECTIONS[match["section"]])

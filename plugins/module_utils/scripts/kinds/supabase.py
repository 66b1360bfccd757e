# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL that only goes up, ``<version>_<name>.sql`` in ``supabase/migrations``: the Supabase CLI's layout."""

from __future__ import annotations

import os
import re
from typing import Iterator

from ... import model
from ...versions import TEXT
from . import sql_plain
from .claim import Claim, Listing

KIND = "supabase"
ORDER = TEXT
LOOKS_LIKE = "<version>_<name>.sql in supabase/migrations"
FILE_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)\.sql")
HOME = os.path.join(os.sep + "supabase", "migrations")

read = sql_plain.read


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file, where people have said so, or the directory bears the CLI's name."""
    if not listing.named and not os.path.abspath(listing.directory).endswith(HOME):
        return
    for file_name in sql_plain.candidates(listing):
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in folders, ``<version>_<name>/migration.sql``, with an optional down.sql: Prisma's layout.

It knows a migration by its folder's whole name, orders the names as text, and sends each file as it stands.
"""

from __future__ import annotations

import os
from typing import Iterator

from ... import errors, model
from ...versions import TEXT
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "prisma"
ORDER = TEXT
LOOKS_LIKE = "<version>_<name>/migration.sql"
FILES = (("migration.sql", model.Direction.UP), ("down.sql", model.Direction.DOWN))


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind.

    :raises ScriptInvalid: a folder with such a file whose name has no version in front.
    """
    folders = [each for each in listing.folders if not each.startswith(".") and listing.has(each, FILES[0][0])]
    if not listing.named and not any(each[0].isdigit() for each in folders):
        return  # somebody else's file of that name
    for folder in folders:
        version = _version(listing, folder)
        for file_name, section in FILES:
            if listing.has(folder, file_name):
                yield Claim(os.path.join(folder, file_name), version, folder.partition("_")[2], section)


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a folder.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    return model.Migration(
        script, _body(script.path, source), _body(script.down_path, source) if script.down_path else None
    )


def _version(listing: Listing, folder: str) -> model.Version:
    try:
        return model.Version.parse(folder)
    except ValueError:
        path = listing.path(folder)
        raise errors.ScriptInvalid(
            "The folder %s has a %s, and no version in front of its name" % (path, FILES[0][0]),
            hint="Name it %s, or move it elsewhere." % os.path.dirname(LOOKS_LIKE),
            path=path,
        ) from None


def _body(path: str, source: reading.Source) -> model.SqlBody:
    return sqltext.message(path, source(path))

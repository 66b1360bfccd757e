# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in one file, ``<version>_<name>.sql``, listed in ``meta/_journal.json``: drizzle's layout."""

from __future__ import annotations

import json
import os
import re
from typing import Any, Iterator, List

from ... import errors, model
from . import reading, sql_plain, sqltext
from .claim import Claim, Listing

KIND = "drizzle"
LOOKS_LIKE = "<version>_<name>.sql with meta/_journal.json"
JOURNAL = os.path.join("meta", "_journal.json")
TAG = re.compile(r"(?P<version>[0-9]+)_(?P<name>.+)")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file that the journal lists; a file that it doesn't list is none of drizzle's.

    :raises ScriptInvalid: a journal that can't be read, lists what isn't there, or in another order than the versions'.
    """
    if not listing.has(JOURNAL):
        return
    listing.admit(JOURNAL)
    last = None
    for tag in _tags(listing.path(JOURNAL)):
        match, file_name = TAG.fullmatch(tag), tag + ".sql"
        if match is None:
            raise _unreadable(listing.path(JOURNAL), "%s has no version in front" % tag)
        if not listing.has(file_name):
            raise _unreadable(listing.path(JOURNAL), "it lists %s, which isn't there" % file_name)
        version = model.Version.parse(match["version"])
        if last is not None and version < last:
            raise _unreadable(listing.path(JOURNAL), "%s stands behind %s" % (tag, last))
        last = version
        yield Claim(file_name, version, match["name"])


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a script.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    text = source(script.path)
    return model.Migration(script, sqltext.body(script.path, text))


def beside(script: model.Script) -> List[str]:
    """Return the path of the journal."""
    return [os.path.join(os.path.dirname(script.path), JOURNAL)]


def _tags(path: str) -> List[str]:
    """Return the names of the files, in the journal's order.

    :raises ScriptInvalid: when it isn't what drizzle writes.
    """
    try:
        journal: Any = json.loads(reading.text(path))
        entries = sorted(journal["entries"], key=lambda entry: int(entry["idx"]))
        return [str(entry["tag"]) for entry in entries]
    except (ValueError, KeyError, TypeError):
        raise _unreadable(path, "it is no journal of drizzle's") from None


def _unreadable(path: str, what: str) -> errors.ScriptInvalid:
    return errors.ScriptInvalid(
        "%s can't be followed: %s" % (path, what),
        hint="Make it anew with drizzle-kit; or set kind: %s, which takes all files by their versions."
        % sql_plain.KIND,
        path=path,
    )

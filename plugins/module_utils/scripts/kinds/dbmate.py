# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in one file, ``<version>_<name>.sql`` with ``-- migrate:up`` and ``-- migrate:down``: dbmate's layout."""

from __future__ import annotations

import re
from typing import Dict, Iterator

from ... import errors, model
from ...versions import TEXT
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "dbmate"
ORDER = TEXT
LOOKS_LIKE = "<version>_<name>.sql with -- migrate:up"
FILE_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)(?<!\.up)(?<!\.down)\.sql")
MARKED = re.compile(r"^--\s*migrate:(?:up|down)\b", re.MULTILINE)
MARK = re.compile(r"--\s*migrate:(?P<section>up|down)\b(?P<options>.*)")
NO_TRANSACTION = re.compile(r"\btransaction:\s*false\b")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for file_name in listing.ending(".sql"):
        match = FILE_NAME.fullmatch(file_name)
        if match and MARKED.search(listing.text(file_name)):
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read both sections of a script.

    :raises ScriptInvalid: not UTF-8, no up or two of them, or an unterminated quote or comment.
    """
    sections = _sections(script.path, source(script.path))
    up = sections.get("up")
    if up is None:
        raise errors.ScriptInvalid(
            "%s has no -- migrate:up" % script.path, hint="Add that line above its SQL.", path=script.path
        )
    return model.Migration(script, up, sections.get("down"))


def _sections(path: str, text: str) -> Dict[str, model.SqlBody]:
    lines = text.split("\n")
    marks = [(number, match) for number, match in ((n, MARK.match(line)) for n, line in enumerate(lines)) if match]
    ends = [number for number, dummy in marks[1:]] + [len(lines)]
    sqltext.refuse_text_before(path, lines[: marks[0][0]] if marks else [])
    sections: Dict[str, model.SqlBody] = {}
    for (number, match), end in zip(marks, ends):
        if match["section"] in sections:
            raise reading.invalid(path, number + 1, "a second -- migrate:%s" % match["section"])
        own = sqltext.only_lines(text, number + 1, end)
        no_transaction = NO_TRANSACTION.search(match["options"])
        sections[match["section"]] = sqltext.outside(path, own) if no_transaction else sqltext.body(path, own)
    return sections

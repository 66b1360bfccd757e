# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in one file, ``<version>_<name>.sql`` with ``-- Up Migration`` …: node-pg-migrate's layout."""

from __future__ import annotations

import re
from typing import Iterator, List, Tuple

from ... import model
from . import reading, sql_plain, sqltext, tern
from .claim import Claim, Listing

KIND = "node_pg_migrate"
LOOKS_LIKE = "<version>_<name>.sql with -- Up Migration"
FILE_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<name>.+)\.(?:sql|[cm]?[jt]s)")
IN_JAVASCRIPT = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")

# What the tool takes for a mark, also in the middle of a sentence; and what is nothing else.
MARK = re.compile(r"^[^\S\n]*--[\s-]*(?P<section>up|down)\s+migration", re.IGNORECASE | re.MULTILINE)
ALONE = re.compile(r"^[^\S\n]*--[\s-]*(?:up|down)\s+migration[^\w\n]*$", re.IGNORECASE | re.MULTILINE)
# No file without it has a mark.
WORD = re.compile("migration", re.IGNORECASE)


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file, if any of them has a mark: one that can't be rolled back needs none.

    Also for one in JavaScript beside them, which is refused when it is read.
    """
    names = [name for name in sql_plain.candidates(listing) if FILE_NAME.fullmatch(name)]
    if not listing.named and not any(_is_marked(listing.text(name)) for name in names):
        return
    for file_name in sorted([*names, *(name for suffix in IN_JAVASCRIPT for name in listing.ending(suffix))]):
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read both sections of a script; without a mark all of it is the way up.

    :raises ScriptInvalid: written in JavaScript, not UTF-8, SQL before the first mark, a Down without its Up, a section
        twice, or an unterminated quote or comment.
    """
    if script.path.endswith(IN_JAVASCRIPT):
        raise reading.invalid(script.path, 1, "a migration in JavaScript can't be run here")
    text = source(script.path)
    starts = _starts(script.path, text)
    if not starts:
        return model.Migration(script, sqltext.body(script.path, text))
    sqltext.refuse_text_before(script.path, text.split("\n")[: starts[0][0]])
    ends = [line for line, dummy in starts[1:]] + [text.count("\n") + 1]
    sections = {
        section: sqltext.body(script.path, sqltext.only_lines(text, line + 1, end))
        for (line, section), end in zip(starts, ends)
    }
    if "up" not in sections:
        # The tool would run all of it on the way up, the way down too.
        raise reading.invalid(script.path, starts[0][0] + 1, "a -- Down Migration without its -- Up Migration")
    return model.Migration(script, sections["up"], sections.get("down"))


def _starts(path: str, text: str) -> List[Tuple[int, str]]:
    """Return where the sections begin (lines from 0). A mark in its own section is a comment."""
    starts: List[Tuple[int, str]] = []
    for match in MARK.finditer(text):
        line, section = text.count("\n", 0, match.end()), match["section"].lower()
        if starts and starts[-1][1] == section:
            continue
        if section in [each for dummy, each in starts]:
            raise reading.invalid(path, line + 1, "a second -- %s Migration" % section.capitalize())
        starts.append((line, section))
    return starts


def _is_marked(text: str) -> bool:
    """Return whether a file is one of the tool's, and of no other whose marks would be comments to it."""
    if not WORD.search(text) or sql_plain.MARKED.search(text) or tern.DIVIDER in text:
        return False
    both = {match["section"].lower() for match in MARK.finditer(text)}
    return len(both) == 2 or ALONE.search(text) is not None

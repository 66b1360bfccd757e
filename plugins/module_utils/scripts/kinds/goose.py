# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in one file, ``<version>_<name>.sql`` with ``-- +goose Up`` and ``-- +goose Down``: goose's layout."""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Tuple

from ... import model
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "goose"
LOOKS_LIKE = "<version>_<name>.sql with -- +goose Up"
FILE_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)(?<!\.up)(?<!\.down)\.(?:sql|go)")
MARKED = re.compile(r"^--\s*\+goose\s", re.MULTILINE)
MARK = re.compile(r"\s*--\s*\+goose\s+(?P<words>[A-Za-z]+(?:\s+[A-Za-z]+)*)")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind; also for one in Go beside them, which is refused when it is read."""
    marked = [name for name in listing.ending(".sql") if FILE_NAME.fullmatch(name)]
    marked = [name for name in marked if MARKED.search(listing.text(name))]
    in_go = [name for name in listing.ending(".go") if FILE_NAME.fullmatch(name)] if marked else []
    for file_name in sorted(marked + in_go):
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read both sections of a script.

    :raises ScriptInvalid: written in Go, not UTF-8, no Up, an unknown mark or a StatementBegin that isn't ended.
    """
    if script.path.endswith(".go"):
        raise reading.invalid(script.path, 1, "a migration in Go can't be run here")
    text = source(script.path)
    marks = _marks(script.path, text)
    no_transaction = "NO TRANSACTION" in [words for dummy, words in marks]
    sections: Dict[str, model.SqlBody] = {}
    starts = [(number, words) for number, words in marks if words in ("UP", "DOWN")]
    ends = [number for number, dummy in starts[1:]] + [text.count("\n") + 1]
    for (number, words), end in zip(starts, ends):
        blocks = sqltext.blocks(script.path, [mark for mark in marks if number < mark[0] < end])
        own = sqltext.only_lines(text, number + 1, end)
        sections[words] = (
            sqltext.outside_in_blocks(script.path, own, blocks) if no_transaction else sqltext.body(script.path, own)
        )
    if "UP" not in sections:
        raise reading.invalid(script.path, 1, "it has no -- +goose Up")
    return model.Migration(script, sections["UP"], sections.get("DOWN"))


def _marks(path: str, text: str) -> List[Tuple[int, str]]:
    """Return goose's marks, by line (from 0) and in capitals."""
    marks = []
    for number, line in enumerate(text.split("\n")):
        match = MARK.match(line)
        if match:
            words = " ".join(match["words"].upper().split())
            if words not in ("UP", "DOWN", "STATEMENTBEGIN", "STATEMENTEND", "NO TRANSACTION"):
                raise reading.invalid(path, number + 1, "%s isn't offered here" % line.strip())
            marks.append((number, words))
    return marks

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in one file, ``<version>_<name>.sql`` with ``-- +goose Up`` and ``-- +goose Down``: goose's layout."""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Tuple

from .. import errors, model
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "goose"
LOOKS_LIKE = "<version>_<name>.sql with -- +goose Up"
FILE_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)(?<!\.up)(?<!\.down)\.(?:sql|go)")
MARKED = re.compile(rb"^--\s*\+goose\s", re.MULTILINE)
MARK = re.compile(r"\s*--\s*\+goose\s+(?P<words>[A-Za-z]+(?:\s+[A-Za-z]+)*)")


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind; also for one in Go beside them, which is refused when it is read."""
    marked = [name for name in listing.ending(".sql") if FILE_NAME.fullmatch(name)]
    marked = [name for name in marked if MARKED.search(listing.data(name))]
    in_go = [name for name in listing.ending(".go") if FILE_NAME.fullmatch(name)] if marked else []
    for file_name in sorted(marked + in_go):
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])


def read(script: model.Script) -> model.Migration:
    """Read both sections of a script.

    :raises ScriptInvalid: written in Go, not UTF-8, no Up, an unknown mark or a StatementBegin that isn't ended.
    """
    if script.path.endswith(".go"):
        raise _invalid(script.path, 1, "a migration in Go can't be run here")
    text = reading.decode(reading.read_bytes(script.path), script.path)
    marks = _marks(script.path, text)
    no_transaction = "NO TRANSACTION" in [words for dummy, words in marks]
    sections: Dict[str, model.SqlBody] = {}
    starts = [(number, words) for number, words in marks if words in ("UP", "DOWN")]
    ends = [number for number, dummy in starts[1:]] + [text.count("\n") + 1]
    for (number, words), end in zip(starts, ends):
        blocks = _blocks(script.path, [mark for mark in marks if number < mark[0] < end])
        own = sqltext.only_lines(text, number + 1, end)
        sections[words] = _outside(script.path, own, blocks) if no_transaction else sqltext.body(script.path, own)
    if "UP" not in sections:
        raise _invalid(script.path, 1, "it has no -- +goose Up")
    return model.Migration(script, sections["UP"], sections.get("DOWN"))


def _marks(path: str, text: str) -> List[Tuple[int, str]]:
    """Return goose's marks, by line (from 0) and in capitals."""
    marks = []
    for number, line in enumerate(text.split("\n")):
        match = MARK.match(line)
        if match:
            words = " ".join(match["words"].upper().split())
            if words not in ("UP", "DOWN", "STATEMENTBEGIN", "STATEMENTEND", "NO TRANSACTION"):
                raise _invalid(path, number + 1, "%s isn't offered here" % line.strip())
            marks.append((number, words))
    return marks


def _blocks(path: str, marks: List[Tuple[int, str]]) -> List[Tuple[int, int]]:
    """Return the lines (from 0, the last excluded) between each StatementBegin and its StatementEnd."""
    blocks: List[Tuple[int, int]] = []
    begun = None
    for number, words in marks:
        if words == "STATEMENTBEGIN":
            if begun is not None:
                raise _invalid(path, number + 1, "a StatementBegin inside another one")
            begun = number
        elif words == "STATEMENTEND":
            if begun is None:
                raise _invalid(path, number + 1, "a StatementEnd without its StatementBegin")
            blocks.append((begun + 1, number))
            begun = None
    if begun is not None:
        raise _invalid(path, begun + 1, "a StatementBegin without its StatementEnd")
    return blocks


def _outside(path: str, text: str, blocks: List[Tuple[int, int]]) -> model.SqlBody:
    """Return a body in which each block is one statement, and the rest is split."""
    messages: List[model.Statement] = []
    position = 0
    for first, last in [*blocks, (text.count("\n") + 1,) * 2]:
        before = sqltext.only_lines(text, position, first)
        messages += [
            each._replace(offset=each.offset + _shift(text, before, each.line))
            for each in sqltext.statements_of(path, before)
        ]
        block = "\n".join(text.split("\n")[first:last])
        if block.strip():
            messages.append(model.Statement(block, len("\n".join(text.split("\n")[:first])) + 1, first + 1))
        position = last
    return model.SqlBody(path, text, tuple(messages), transactional=False)


def _shift(text: str, blanked: str, line: int) -> int:
    """Return how much further a line begins in the text than in one with lines blanked above it."""
    above = line - 1
    return sum(map(len, text.split("\n")[:above])) - sum(map(len, blanked.split("\n")[:above]))


def _invalid(path: str, line: int, what: str) -> errors.ScriptInvalid:
    return errors.ScriptInvalid(
        "%s, line %d: %s" % (path, line, what), hint="Fix the file; nothing has been run.", path=path, line=line
    )

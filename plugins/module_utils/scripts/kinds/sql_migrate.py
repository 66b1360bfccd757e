# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in one file, ``<version>_<name>.sql`` with ``-- +migrate Up`` and ``-- +migrate Down``: sql-migrate's layout.

It knows a script by its whole name, so that two may have one number, and orders by number, then by name.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, NamedTuple

from ... import model
from . import reading, sqltext
from .claim import Claim, Listing

KIND = "sql_migrate"
LOOKS_LIKE = "<version>_<name>.sql with -- +migrate Up"
FILE_NAME = re.compile(r"(?P<version>[0-9]+[_-](?P<name>.+)(?<!\.up)(?<!\.down))\.sql")
MARKED = re.compile(r"^--\s*\+migrate\b", re.MULTILINE)
MARK = re.compile(r"\s*--\s*\+migrate\b.*", re.IGNORECASE)
# All that the tool knows, in the only way in which it knows it.
KNOWN = re.compile(r"-- \+migrate\s+(?P<command>Up|Down|StatementBegin|StatementEnd)(?P<option>\s+notransaction)?\s*")


class Mark(NamedTuple):
    """One mark of the tool's, in a line that is counted from 0."""

    line: int
    command: str
    no_transaction: bool


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for file_name in listing.ending(".sql"):
        match = FILE_NAME.fullmatch(file_name)
        if match and MARKED.search(listing.text(file_name)):
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read both sections of a script. One without an Up does nothing on its way up.

    :raises ScriptInvalid: not UTF-8, SQL before the first mark, an unknown mark, a section twice, a StatementBegin that
        isn't ended, or an unterminated quote or comment.
    """
    text = source(script.path)
    marks = _marks(script.path, text)
    starts = [mark for mark in marks if mark.command in ("Up", "Down")]
    if not starts:
        raise reading.invalid(script.path, 1, "it has no -- +migrate Up")
    sqltext.refuse_text_before(script.path, text.split("\n")[: starts[0].line])
    sections: Dict[str, model.SqlBody] = {}
    ends = [mark.line for mark in starts[1:]] + [text.count("\n") + 1]
    for start, end in zip(starts, ends):
        if start.command in sections:
            raise reading.invalid(script.path, start.line + 1, "a second -- +migrate %s" % start.command)
        own = sqltext.only_lines(text, start.line + 1, end)
        inner = [(mark.line, mark.command.upper()) for mark in marks if start.line < mark.line < end]
        blocks = sqltext.blocks(script.path, inner)
        outside = start.no_transaction
        sections[start.command] = (
            sqltext.outside_in_blocks(script.path, own, blocks) if outside else sqltext.body(script.path, own)
        )
    return model.Migration(script, sections.get("Up") or sqltext.body(script.path, ""), sections.get("Down"))


def _marks(path: str, text: str) -> List[Mark]:
    marks = []
    for number, line in enumerate(text.split("\n")):
        if MARK.fullmatch(line):
            known = KNOWN.fullmatch(line)
            if known is None or (known["option"] and known["command"].startswith("Statement")):
                raise reading.invalid(path, number + 1, "%s is no mark that sql-migrate knows" % line.strip())
            marks.append(Mark(number, known["command"], known["option"] is not None))
    return marks

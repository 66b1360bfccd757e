# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL in one file, ``<version>_<name>.sql``, cut by ``---- create above / drop below ----``: tern's layout."""

from __future__ import annotations

import re
from typing import Iterator

from ... import model
from . import reading, sql_plain, sqltext
from .claim import Claim, Listing

KIND = "tern"
LOOKS_LIKE = "<version>_<name>.sql with ---- create above / drop below ----"
FILE_NAME = re.compile(r"(?P<version>[0-9]+)_(?P<name>.+)\.sql")
DIVIDER = "---- create above / drop below ----"
NO_TRANSACTION = re.compile(r"^---- tern: disable-tx ----$", re.MULTILINE)
# tern would fill these in; without any it wouldn't accept two braces.
TEMPLATE = "{{"


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file, if any of them has a divider: one that can't be rolled back has none."""
    names = [name for name in sql_plain.candidates(listing) if FILE_NAME.fullmatch(name)]
    if not listing.named and not any(DIVIDER in listing.text(name) for name in names):
        return
    for file_name in names:
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"])


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read both sections of a script. Whether there is a transaction is said above the divider, for both.

    :raises ScriptInvalid: not UTF-8, a template, a divider that isn't alone in its line, no SQL above it, or an
        unterminated quote or comment.
    """
    text = source(script.path)
    if TEMPLATE in text:
        line, dummy = reading.position(text, text.index(TEMPLATE))
        raise reading.invalid(script.path, line, "{{ begins a template, and nothing is filled in here")
    lines = text.split("\n")
    divider = next((number for number, line in enumerate(lines) if DIVIDER in line), None)
    if divider is not None and lines[divider].strip() != DIVIDER:
        raise reading.invalid(script.path, divider + 1, "the divider isn't alone in its line")
    above = sqltext.only_lines(text, 0, len(lines) if divider is None else divider)
    if all(sqltext.BLANK_OR_COMMENT.fullmatch(line) for line in above.split("\n")):
        raise reading.invalid(script.path, 1, "it has no SQL above its divider")
    below = sqltext.only_lines(text, divider + 1, len(lines)) if divider is not None else ""
    no_transaction = NO_TRANSACTION.search(above) is not None
    down = _body(script.path, below, no_transaction) if below.strip() else None
    up = _body(script.path, above, no_transaction)
    return model.Migration(script, up, down)


def _body(path: str, text: str, no_transaction: bool) -> model.SqlBody:
    return sqltext.outside(path, text) if no_transaction else sqltext.body(path, text)

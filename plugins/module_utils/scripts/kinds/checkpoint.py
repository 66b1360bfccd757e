# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script that gives at once what many have given. It stands beside scripts of any kind; its head lists what it
takes the place of:

    -- pgops.migrations checkpoint 1: 20250102090000
    -- replaces ["20250101120000", "9f86d081…", "create_orders"]
    -- replaces ["20250102090000", "60303ae2…", "orders_have_a_state"]
    -- replaces 2 in all: 4bf5122f344554c5
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Iterator, List, Optional, Sequence

from ... import errors, model
from ...versions import NUMERIC
from . import reading, sqltext
from .claim import CHECKPOINT, Claim, Listing

KIND = "checkpoint"
FORMAT = 1
FIRST = "-- pgops.migrations checkpoint %d: %s\n"
FIRST_LINE = re.compile(r"-- pgops\.migrations checkpoint (?P<format>[0-9]+): (?P<version>[^\n]+)\n")
# The first line that is no comment: below it may be texts of any kind, rows of tables among them.
BELOW = re.compile(r"^(?!--)", re.MULTILINE)
LINE, LAST = "-- replaces %s\n", "-- replaces %d in all: %s\n"
LISTED = re.compile(r"^-- replaces (?P<row>\[.*\])$", re.MULTILINE)
IN_ALL = re.compile(r"^-- replaces (?P<count>[0-9]+) in all: (?P<digest>[0-9a-f]{16})$", re.MULTILINE)


def claim(listing: Listing, order: str = NUMERIC) -> Iterator[Claim]:
    """Yield a claim for each checkpoint of a directory.

    :raises ScriptInvalid: when one has no head that can be read.
    """
    for file_name in listing.checkpoints:
        text, path = listing.text(file_name), listing.path(file_name)
        first = _first(text, path)
        name = file_name[: -len(CHECKPOINT)]
        name = name[len(first) + 1 :] if name.startswith(first + "_") else name
        yield Claim(file_name, model.Version.checkpoint(first, order), name)


def head(version: str, replaced: Sequence[model.Replaced]) -> str:
    """Return the lines that a checkpoint begins with."""
    rows = [json.dumps(list(each), ensure_ascii=False) for each in replaced]
    lines = [FIRST % (FORMAT, version), *(LINE % row for row in rows), LAST % (len(rows), _digest(rows))]
    return "".join(lines)


def read_head(text: str, path: str) -> Optional[model.Checkpoint]:
    """Return what the head of a script says; None: it has none.

    :raises ScriptInvalid: when somebody has changed it, or a later release has made it.
    """
    if not FIRST_LINE.match(text):
        return None
    _first(text, path)
    lines = BELOW.split(text, maxsplit=1)[0]
    rows = [found["row"] for found in LISTED.finditer(lines)]
    last = IN_ALL.search(lines)
    try:
        replaced = tuple(model.Replaced(*map(str, json.loads(row))) for row in rows)
    except (ValueError, TypeError):
        replaced = ()
    if not replaced or last is None or (int(last["count"]), last["digest"]) != (len(rows), _digest(rows)):
        raise errors.ScriptInvalid(
            "%s: the list of what this checkpoint takes the place of was changed by hand" % path,
            hint="Restore the file, or remove it and squash again: by that list a database knows what it has.",
            path=path,
            line=2,
        )
    return model.Checkpoint(replaced)


def survey(script: model.Script) -> model.Script:
    """Look at a checkpoint.

    :raises ScriptInvalid: when it can't be read, or somebody has changed its head.
    """
    data = reading.read_bytes(script.path)
    found = read_head(reading.looked_at(data), script.path)
    return script._replace(checksum=reading.checksum(data), checkpoint=found or model.Checkpoint())


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a checkpoint: nothing is filled into it.

    :raises ScriptInvalid: not UTF-8, or an unterminated quote or comment.
    """
    return model.Migration(script, sqltext.message(script.path, reading.text(script.path)))


def _first(text: str, path: str) -> str:
    """Return the version in a checkpoint's first line."""
    found = FIRST_LINE.match(text)
    if found is None:
        raise errors.ScriptInvalid(
            "%s is called a checkpoint, and its first line isn't that of one" % path,
            hint="Have it written by pg_migration_generate, with squash_to; or give it another name.",
            path=path,
            line=1,
        )
    if int(found["format"]) > FORMAT:
        raise errors.ScriptInvalid(
            "%s is a checkpoint of a later release of this collection" % path,
            hint="Use that release, or squash again with this one.",
            path=path,
            line=1,
        )
    return found["version"]


def _digest(rows: List[str]) -> str:
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogatepass")).hexdigest()[:16]

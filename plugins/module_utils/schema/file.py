# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A schema as the text of a file: a head, and the objects in canonical order. Equal schemas give equal bytes.

The head says what the text depends on beside the schema, so that files that can't be compared aren't.
"""

from __future__ import annotations

import re
from typing import Iterable, NamedTuple, Optional

from .. import formats
from .diff import text_diff
from .secrets import MASK
from .snapshot import Snapshot

# By this line a file is known as one of ours, in every format.
MARK = "-- Made by pg_migrate (pgops.migrations), and written anew by it: don't edit it.\n"
LINES = "-- format %d, read by %s\n-- version %s\n"
NO_VERSION = "none"
HEAD = re.compile(re.escape(MARK) + r"-- format ([0-9]{1,9}), read by ([^\n]*)\n-- version [^\n]*\n")

OTHER_READER = "it was read by %s, and this is %s, which writes a schema otherwise"
OTHER_FORMAT = "another release of this collection has made it, in another format"
SIDES = "--- before%s\n+++ after%s\n"


class Head(NamedTuple):
    """What the text of a schema depends on.

    :ivar reads: what has read it, with its major version: another one writes it otherwise.
    """

    reads: str
    number: int = formats.SCHEMA_FILE


class Compared(NamedTuple):
    """How a file is to what it is to hold.

    :ivar differs: None: they weren't compared.
    :ivar diff: of the file and what it is to hold, unified, with the file's name; '' where there is no file yet.
    :ivar reason: why they weren't compared, as the end of a sentence.
    """

    differs: Optional[bool]
    diff: str = ""
    reason: Optional[str] = None


def as_text(head: Head, version: Optional[str], snapshot: Snapshot, secrets: Iterable[str] = ()) -> str:
    """Return what a file is to hold.

    :param version: the highest one that is applied; None: none is.
    :param secrets: values that must not be in it.
    """
    body = "".join(snapshot.pieces())
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        body = body.replace(secret, MASK)
    first = MARK + LINES % (head.number, head.reads, version or NO_VERSION)
    return first + ("\n" + body if body else "")


def is_ours(text: str) -> bool:
    """Return whether a file may be written anew: it was made by us, or holds nothing."""
    return not text.strip() or text.startswith(MARK)


def head_of(text: str) -> Optional[Head]:
    """Return the head of a file; None: it has none that can be read."""
    found = HEAD.match(text)
    return Head(found[2], int(found[1])) if found else None


def compare(there: Optional[str], wanted: str, name: str, context: int) -> Compared:
    """Compare what is in a file with what it is to hold.

    :param there: None: there is no file.
    :param name: of the file, for the diff.
    :param context: lines around a change.
    """
    if there is None or not there.strip():
        return Compared(True)
    if there == wanted:
        return Compared(False)
    one, other = head_of(there), head_of(wanted)
    if one != other:
        return Compared(None, reason=_why_not(one, other))
    label = ": " + " ".join(name.split())
    dummy, dummy, hunks = text_diff(there, wanted, context).split("\n", 2)
    return Compared(True, SIDES % (label, label) + hunks)


def _why_not(one: Optional[Head], other: Optional[Head]) -> str:
    if one is None or other is None or one.number != other.number:
        return OTHER_FORMAT
    return OTHER_READER % (one.reads, other.reads)

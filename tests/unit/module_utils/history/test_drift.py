# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The note behind the digest of a history: in which format its snapshot is, and what that lacks."""

from __future__ import annotations

import hashlib
import json
import zlib

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.dump import parse_dump, renewed
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.unreadable import Unreadable
from ansible_collections.pgops.migrations.plugins.module_utils.history.drift import (
    LastSnapshot,
    compare,
    note_of,
    read_note,
)

LACKING = (Unreadable("secret", None), Unreadable("public", "t"))
NOTES = [
    # format, what is lacking → the note; that of format 1 is what earlier releases write and read
    (1, (), ""),
    (1, LACKING, '[["secret", null], ["public", "t"]]'),
    (2, (), '{"format": 2, "lacks": []}'),
    (2, LACKING, '{"format": 2, "lacks": [["secret", null], ["public", "t"]]}'),
]


@pytest.mark.parametrize("number, lacks, note", NOTES)
def test_notes(number: int, lacks: tuple[Unreadable, ...], note: str) -> None:
    assert note_of(number, lacks) == note
    assert read_note(note) == (number, lacks)


@pytest.mark.parametrize("note", ["x", "{", "{}", '{"format": null, "lacks": []}', '[["a"], 1]', "1", "[1]"])
def test_what_is_no_note(note: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        read_note(note)


TABLE = (
    "--\n-- Name: t; Type: TABLE; Schema: public; Owner: o\n--\n\nCREATE TABLE public.t (\n    x integer\n);\n%s\n\n"
    "ALTER TABLE public.t OWNER TO o;\n\n--\n-- PostgreSQL database dump complete\n--\n"
)
PLAIN = TABLE % ""
MARKED = TABLE % "ALTER TABLE ONLY public.t ALTER COLUMN x SET (pg_attver=3);\n"
MARKED_AGAIN = TABLE % "ALTER TABLE ONLY public.t ALTER COLUMN x SET (pg_attver=4);\n"
OTHER = TABLE.replace("x integer", "x bigint") % ""


def kept(dump: str, number: int) -> LastSnapshot:
    """Return what a release has kept of a schema that reads its dump in this format."""
    snapshot = parse_dump(dump)
    snapshot = snapshot.in_first_format() if number == 1 else snapshot
    body = json.dumps([[*key, text] for key, text in snapshot.objects.items()])
    text = "".join(snapshot.pieces())
    digest = hashlib.sha256(text.encode()).hexdigest()
    return LastSnapshot("then", digest, zlib.compress(body.encode()), (), number, renewed)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("before", [PLAIN, MARKED, MARKED_AGAIN])
@pytest.mark.parametrize("now", [PLAIN, MARKED])
def test_what_the_server_marks_is_no_drift_in_any_format(number: int, before: str, now: str) -> None:
    last = kept(before, number)
    assert compare(last, parse_dump(now), (), 3) is None
    drifted = compare(last, parse_dump(OTHER), (), 3)
    assert drifted is not None
    assert "pg_attver" not in drifted.diff

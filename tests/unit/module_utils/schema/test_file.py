# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A schema as the text of a file: equal schemas give equal bytes, and what can't be compared isn't."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.schema.file import (
    MARK,
    Compared,
    Head,
    as_text,
    compare,
    head_of,
    is_ours,
)
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import ObjectKey, Snapshot

HEAD = Head("pg_dump 15")
PATH = "/srv/shop/schema.sql"


def snapshot(**texts):
    return Snapshot({ObjectKey("TABLE", "public", name): text for name, text in texts.items()})


def text(*names, head=HEAD, version="2"):
    return as_text(head, version, snapshot(**{name: f"CREATE TABLE {name} ();" for name in names}))


def test_the_text():
    assert text("b", "a").split("\n") == [
        MARK.rstrip("\n"),
        "-- format 1, read by pg_dump 15",
        "-- version 2",
        "",
        "CREATE TABLE a ();",
        "",
        "CREATE TABLE b ();",
        "",
    ]


def test_the_order_of_a_dump_is_none_of_it():
    assert text("a", "b") == text("b", "a")


def test_an_empty_schema():
    assert text(version=None).endswith("-- version none\n")


def test_no_secret_is_in_it():
    # The longer one holds the shorter one.
    made = as_text(HEAD, "1", snapshot(f="SELECT 'hunter2', 'hunter'"), ["hunter", "hunter2", ""])
    assert "hunter" not in made
    assert "SELECT '********', '********'" in made


@pytest.mark.parametrize("head", [HEAD, Head("MariaDB 10.11", 7), Head("SQLite 3")])
def test_the_head_is_read_as_it_was_written(head):
    assert head_of(text("a", head=head)) == head


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (text("a"), True),
        (MARK, True),
        ("", True),
        (" \n", True),
        ("CREATE TABLE a ();\n", False),
        ("\n" + MARK, False),
        (MARK[3:], False),
    ],
)
def test_a_file_of_ours(content, is_one):
    assert is_ours(content) is is_one


COMPARED = {
    "no file": (None, Compared(True)),
    "an empty file": ("\n", Compared(True)),
    "the same": (text("a"), Compared(False)),
    "another format": (
        text("a", head=Head("pg_dump 15", 2)),
        Compared(None, reason="another release of this collection has made it, in another format"),
    ),
    "no head": (
        MARK + "x\n",
        Compared(None, reason="another release of this collection has made it, in another format"),
    ),
    "another reader": (
        text("a", head=Head("pg_dump 14")),
        Compared(None, reason="it was read by pg_dump 14, and this is pg_dump 15, which writes a schema otherwise"),
    ),
}


@pytest.mark.parametrize("name", COMPARED)
def test_compare(name):
    there, expected = COMPARED[name]
    assert compare(there, text("a"), PATH, 10) == expected


def test_a_diff_has_the_files_name():
    found = compare(text("a", "b"), text("a", "c"), PATH, 0)
    assert found.differs is True
    assert found.diff.split("\n") == [
        f"--- before: {PATH}",
        f"+++ after: {PATH}",
        "@@ -7,1 +7,1 @@",
        "-CREATE TABLE b ();",
        "+CREATE TABLE c ();",
        "",
    ]


def test_another_version_alone_is_told():
    found = compare(text("a", version="1"), text("a", version="2"), PATH, 0)
    assert (found.differs, "+-- version 2" in found.diff) == (True, True)

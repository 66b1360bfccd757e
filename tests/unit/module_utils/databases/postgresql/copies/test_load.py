# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dump taken apart: its head, its entries, and what no honest server prints."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies.load import (
    not_validated,
    read_entries,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.dump import DumpError

HEAD = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abC1\n\nSET transaction_timeout = 0;\nSET a = off;\n\n"
TRAILER = "--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abC1\n\n"


def entry(kind: str, name: str, body: str) -> str:
    return f"--\n-- Name: {name}; Type: {kind}; Schema: public; Owner: o\n--\n\n{body}\n\n\n"


def dump(*entries: str, head: str = HEAD, trailer: str = TRAILER) -> bytes:
    return (head + "".join(entries) + trailer).encode()


TABLE = entry("TABLE", "t", "CREATE TABLE public.t (a integer DEFAULT '\n\\! id\n'::text);")
INDEX = entry("INDEX", "i", "CREATE INDEX i ON public.t USING btree (a);")


def test_entries_and_the_parts_around_the_rows() -> None:
    read = read_entries(dump(TABLE, INDEX), 180000)
    assert [each.label for each in read.entries] == ["table public.t", "index public.i"]
    assert [[each.kind for each in part] for part in read.parts()] == [["TABLE"], ["INDEX"]]
    assert b"CREATE TABLE public.t" in read.entries[0].text and b"CREATE INDEX" not in read.entries[0].text
    assert b"SET a = off;" in read.head and b"restrict" not in read.head
    assert b"complete" not in read.entries[1].text


@pytest.mark.parametrize("server, known", [(160014, False), (170000, True)])
def test_an_older_server_does_not_get_a_setting_that_it_does_not_know(server: int, known: bool) -> None:
    assert (b"transaction_timeout" in read_entries(dump(TABLE), server).head) is known


COMMANDS = {
    "in a view": dump(entry("VIEW", "v", "CREATE VIEW v AS\n SELECT 1;\n\\! id > /tmp/x\n;")),
    "that ends the restriction": dump(entry("VIEW", "v", "CREATE VIEW v AS\n SELECT 1;\n\\unrestrict abC1\n;")),
    "with backticks": dump(TABLE, trailer=TRAILER + "\\unrestrict `id`\n"),
    "in the head": dump(TABLE, head=HEAD + "\\! id\n"),
    "behind the end": dump(TABLE, trailer=TRAILER + "\\copy t to program 'id'\n"),
    "in a comment's name": dump(entry("TABLE", "x\n\\! id", "CREATE TABLE x ();")),
    "without a line's end": dump(TABLE, trailer=TRAILER + "\\! id"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_of_psql_is_refused(name: str) -> None:
    with pytest.raises(DumpError, match="a command for psql"):
        read_entries(COMMANDS[name], 180000)


@pytest.mark.parametrize(
    "statement, expected",
    [
        ("ALTER TABLE ONLY a ADD CONSTRAINT b FOREIGN KEY (c) REFERENCES d(e);", " REFERENCES d(e) NOT VALID;"),
        ('ALTER TABLE ONLY a ADD CONSTRAINT b FOREIGN KEY ("x;y") REFERENCES d(e);', " REFERENCES d(e) NOT VALID;"),
        ("ALTER TABLE ONLY a ADD CONSTRAINT b FOREIGN KEY (c) REFERENCES d(e) NOT VALID;", " d(e) NOT VALID;"),
        ("ALTER TABLE a ADD CONSTRAINT b FOREIGN KEY (c) REFERENCES d(e) DEFERRABLE;", " DEFERRABLE NOT VALID;"),
    ],
)
def test_a_foreign_key_that_looks_at_no_row(statement: str, expected: str) -> None:
    found = not_validated(statement.encode()).decode()
    assert found.endswith(expected) and found.count("NOT VALID") == 1

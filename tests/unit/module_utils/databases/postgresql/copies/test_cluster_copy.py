# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a dump is loaded into a throwaway cluster, and what a step's error tells of the target."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies.cluster_copy import (
    ClusterCopy,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies.load import Dump, Entry


def copy(*unproved, not_given=(), extensions=("hstore", "uuid-ossp")):
    maker = SimpleNamespace(extensions=list(extensions), not_given=list(not_given))
    return ClusterCopy("shop", None, None, list(unproved), None, maker)


ENTRIES = {
    # name: kind, name, text → text that is loaded; None: left out
    "a table": ("TABLE", "public.a", b"CREATE TABLE", b"CREATE TABLE"),
    "a schema": ("SCHEMA", "team", b"CREATE SCHEMA team;", None),
    "a schema, and what the next entry is made under": (
        "SCHEMA", "team", b"CREATE SCHEMA team;\n\n\nSET default_tablespace = fast;\n\n",
        b"SET default_tablespace = fast;\n\n",
    ),
    "an extension": ("EXTENSION", "hstore", b"CREATE EXTENSION", None),
    "a comment on one": ("COMMENT", "EXTENSION hstore", b"COMMENT", b"COMMENT"),
    "a comment on one with an odd name": ("COMMENT", 'EXTENSION "uuid-ossp"', b"COMMENT", b"COMMENT"),
    "a comment on one that was left out": ("COMMENT", "EXTENSION dblink", b"COMMENT", None),
    "a comment on a schema": ("COMMENT", "SCHEMA team", b"COMMENT", b"COMMENT"),
    "a comment on an event trigger": ("COMMENT", "EVENT TRIGGER t", b"COMMENT", None),
    "an event trigger": ("EVENT TRIGGER", "t", b"CREATE EVENT TRIGGER", None),
    "a grant of somebody else's": (
        "ACL",
        "TABLE a",
        b"SET SESSION AUTHORIZATION bob;\nGRANT SELECT ON TABLE a TO eve;\nRESET SESSION AUTHORIZATION;\n",
        b"SET ROLE bob;\nGRANT SELECT ON TABLE a TO eve;\nRESET ROLE;\n",
    ),
    "a function that says the same": (
        "FUNCTION", "public.f()", b"\nSET SESSION AUTHORIZATION bob;\n", b"\nSET SESSION AUTHORIZATION bob;\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENTRIES)
def test_adapted(name):
    kind, title, text, loaded = ENTRIES[name]
    scratch = copy()
    entries = scratch.adapt(Dump(b"", (Entry(kind, None, title, text),))).entries
    assert [each.text for each in entries] == ([] if loaded is None else [loaded])
    assert scratch.unproved == (
        ["event trigger t: left out of the copy (only a superuser could make it)"] if kind == "EVENT TRIGGER" else []
    )


LACKS = "extension dblink: left out of the copy (x)"
STOPS = {
    # name: sqlstate, message, the copy → whether the error says nothing of the target
    "a script's own mistake": ("22012", "division by zero", copy(LACKS, not_given=["SUPERUSER of app"]), False),
    "a right that nobody has here": ("42501", "denied", copy(not_given=["SUPERUSER of app"]), True),
    "a right that the role lacks there too": ("42501", "denied", copy(), False),
    "what was left out": ("42883", "function dblink() does not exist", copy(LACKS), True),
    "what nobody has left out": ("42883", "function f() does not exist", copy(), False),
    "a setting that couldn't be given is no part of the schema": (
        "42883", "function f() does not exist", copy("setting x: the copy could not be given it (y)"), False
    ),
    "an extension that the host lacks": ("0A000", 'extension "x" is not available', copy(), True),
    "something else that isn't supported": ("0A000", "cannot alter type of a column used by a view", copy(), False),
}  # fmt: skip


@pytest.mark.parametrize("name", STOPS)
def test_stops_at(name):
    sqlstate, message, scratch, expected = STOPS[name]
    reason = scratch.stops_at(errors.ScriptFailed(message, sqlstate=sqlstate))
    assert (reason is not None) is expected
    assert reason is None or message in reason

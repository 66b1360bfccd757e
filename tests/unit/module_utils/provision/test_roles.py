# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a role differs, and the statements that follow from it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.provision.roles import (
    COLUMNS,
    Role,
    RoleWish,
    change,
    creation,
    parse_attributes,
    removal,
)
from ansible_collections.pgops.migrations.plugins.module_utils.provision.statement import Action

PLAIN = {**dict.fromkeys(COLUMNS, False), "LOGIN": True, "INHERIT": True}
THERE = Role(16400, "shop", PLAIN, -1, "infinity", ("readers",))
WISH = RoleWish("shop")


def text(statement):
    """Return a statement with its names and values in it; the server's own quoting is psycopg2's business."""
    return " ".join(clause.text.format(**clause.names, **clause.values) for clause in statement.clauses)


def lines(difference):
    return [(each.name, each.before, each.after) for each in difference.attributes]


@pytest.mark.parametrize(
    "texts, expected",
    [
        ([], {}),
        (["LOGIN"], {"LOGIN": True}),
        (["nologin", "CreateDB"], {"LOGIN": False, "CREATEDB": True}),
        (["LOGIN,NOCREATEROLE  INHERIT\n"], {"LOGIN": True, "CREATEROLE": False, "INHERIT": True}),
        (["BYPASSRLS", "BYPASSRLS", "NOREPLICATION"], {"BYPASSRLS": True, "REPLICATION": False}),
        ([""], {}),
    ],
)
def test_attributes(texts, expected):
    assert parse_attributes(texts) == expected


@pytest.mark.parametrize("texts", [["LOGINS"], ["NONO"], ["LOGIN NOLOGIN"], ["SUPERUSER", "NOSUPERUSER"], ["NO LOGIN"]])
def test_no_attributes(texts):
    with pytest.raises(OptionInvalid, match="role_attributes"):
        parse_attributes(texts)


@pytest.mark.parametrize(
    "wish, verifier, statement, shown",
    [
        (WISH, None, "CREATE ROLE shop LOGIN", [("login", None, "true")]),
        (replace(WISH, attributes={"LOGIN": False}), None, "CREATE ROLE shop NOLOGIN", [("login", None, "false")]),
        (
            replace(WISH, password="secret", connection_limit=0, valid_until="2030", member_of=("b", "a")),
            "SCRAM…",
            "CREATE ROLE shop LOGIN PASSWORD SCRAM… CONNECTION LIMIT 0 VALID UNTIL 2030 IN ROLE b , a",
            [
                ("login", None, "true"),
                ("password", None, "********"),
                ("connection_limit", None, "0"),
                ("valid_until", None, "2030"),
                ("member_of", None, "a, b"),
            ],
        ),
    ],
)
def test_creation(wish, verifier, statement, shown):
    difference = creation(wish, verifier)
    assert [text(each) for each in difference.statements] == [statement]
    assert lines(difference) == shown
    assert difference.action is Action.CREATED
    assert text(difference.undo) == "DROP ROLE shop"


@pytest.mark.parametrize(
    "wish",
    [
        WISH,
        replace(WISH, password="secret"),
        replace(WISH, attributes={"LOGIN": True, "SUPERUSER": False}, connection_limit=-1, valid_until="infinity"),
        replace(WISH, member_of=("readers",)),
    ],
)
def test_no_change(wish):
    assert change(wish, THERE, None) is None


@pytest.mark.parametrize(
    "wish, verifier, statements, shown",
    [
        (WISH, "md5…", ["ALTER ROLE shop PASSWORD md5…"], [("password", "(another, or none)", "********")]),
        (
            replace(WISH, attributes={"CREATEDB": True, "INHERIT": True, "LOGIN": False}),
            None,
            ["ALTER ROLE shop CREATEDB NOLOGIN"],
            [("createdb", "false", "true"), ("login", "true", "false")],
        ),
        (
            replace(WISH, connection_limit=5, valid_until="2030"),
            None,
            ["ALTER ROLE shop CONNECTION LIMIT 5 VALID UNTIL 2030"],
            [("connection_limit", "-1", "5"), ("valid_until", "infinity", "2030")],
        ),
        (
            replace(WISH, member_of=("writers", "readers")),
            None,
            ["GRANT writers TO shop"],
            [("member_of", "readers", "readers, writers")],
        ),
        (
            replace(WISH, connection_limit=5, member_of=("a", "b")),
            None,
            ["ALTER ROLE shop CONNECTION LIMIT 5", "GRANT a TO shop", "GRANT b TO shop"],
            [("connection_limit", "-1", "5"), ("member_of", "readers", "a, b, readers")],
        ),
    ],
)
def test_change(wish, verifier, statements, shown):
    difference = change(wish, THERE, verifier)
    assert [text(each) for each in difference.statements] == statements
    assert lines(difference) == shown
    assert difference.action is Action.CHANGED
    assert difference.undo is None


def test_removal():
    assert [text(each) for each in removal(THERE).statements] == ["DROP ROLE shop"]


def test_no_secret_in_any_repr():
    wish = replace(WISH, password="secret")
    shown = repr([wish, creation(wish, "verifier"), change(wish, THERE, "verifier")])
    assert "secret" not in shown
    assert "'verifier'" not in shown

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots as values: their order, their digest, and one laid over another."""

from __future__ import annotations

import hashlib
import random

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import ObjectKey, Snapshot, overlay


def snapshot(**texts):
    return Snapshot({ObjectKey("TABLE", "public", name): text for name, text in texts.items()})


CANONICAL = [
    ("SCHEMA", "-", "app"),
    ("COMMENT", "-", "SCHEMA app"),
    ("ACL", "-", "SCHEMA app"),
    ("ACL", "-", "SCHEMA public"),
    ("EXTENSION", "-", "citext"),
    ("COMMENT", "-", "EXTENSION citext"),
    ("TYPE", "app", "pair"),
    ("COMMENT", "app", "TYPE pair"),
    ("COMMENT", "app", "COLUMN pair.a"),
    ("DOMAIN", "app", "pos"),
    ("COMMENT", "app", "CONSTRAINT pos_check ON DOMAIN pos"),
    ("COMMENT", "app", "DOMAIN pos"),
    ("FUNCTION", "app", "f(integer)"),
    ("COMMENT", "app", "FUNCTION f(a integer)"),
    ("ACL", "app", "FUNCTION f(a integer)"),
    ("FUNCTION", "app", 'f(text, o."a, b"[], timestamp with time zone, double precision)'),
    (
        "COMMENT",
        "app",
        'FUNCTION f(text, VARIADIC "x y" o."a, b"[], OUT z text, INOUT double timestamp with time zone,'
        " double precision)",
    ),
    ("FUNCTION", "app", "none()"),
    ("COMMENT", "app", 'FUNCTION "none"()'),
    ("PROCEDURE", "app", "p(integer)"),
    ("COMMENT", "app", "PROCEDURE p(IN x integer)"),
    ("OPERATOR", "app", "@@"),
    ("COMMENT", "app", "OPERATOR @@ (integer, integer)"),
    ("OPERATOR CLASS", "app", "ops"),
    ("COMMENT", "app", "OPERATOR CLASS ops USING btree"),
    ("CAST", "-", "CAST (text AS app.mood)"),
    ("COMMENT", "-", "CAST (text AS app.mood)"),
    ("SERVER", "-", "far"),
    ("ACL", "-", "FOREIGN SERVER far"),
    ("TABLE", "app", "parted_1"),
    ("TABLE ATTACH", "app", "parted_1"),
    ("VIEW", "app", "v"),
    ("COMMENT", "app", "VIEW v"),
    ("ACL", "app", "TABLE v"),
    ("TABLE", "public", 'dot.ted"'),
    ("COMMENT", "public", 'COLUMN "dot.ted""".id'),
    ("TABLE", "public", "users"),
    ("ROW SECURITY", "public", "users"),
    ("COMMENT", "public", "TABLE users"),
    ("COMMENT", "public", "COLUMN users.karen"),
    ("SECURITY LABEL", "public", "TABLE users"),
    ("ACL", "public", "TABLE users"),
    ("ACL", "public", "COLUMN users.karen"),
    ("SEQUENCE", "public", "users_id_seq"),
    ("SEQUENCE OWNED BY", "public", "users_id_seq"),
    ("DEFAULT", "public", "users id"),
    ("CONSTRAINT", "public", "users users_pkey"),
    ("COMMENT", "public", "CONSTRAINT users_pkey ON users"),
    ("INDEX", "public", "a_users"),
    ("COMMENT", "public", "INDEX a_users"),
    ("INDEX", "public", "parted_1_idx"),
    ("INDEX ATTACH", "public", "parted_1_idx"),
    ("TRIGGER", "public", "users t"),
    ("COMMENT", "public", "TRIGGER t ON users"),
    ("RULE", "public", "users r"),
    ("COMMENT", "public", 'RULE r ON "users"'),
    ("FK CONSTRAINT", "public", "users a ON b"),
    ("COMMENT", "public", 'CONSTRAINT "a ON b" ON users'),
    ("POLICY", "public", "users pol"),
    ("COMMENT", "public", "POLICY pol ON users"),
    ("PUBLICATION", "-", "pub"),
    ("COMMENT", "-", "PUBLICATION pub"),
    ("EVENT TRIGGER", "-", "et"),
    ("COMMENT", "-", "EVENT TRIGGER et"),
    ("COMMENT", "-", "NOVELTY n"),
    ("NOVELTY", "-", "a"),
    ("ODDITY", "-", "a"),
]


@pytest.mark.parametrize("seed", range(10))
def test_canonical_order(seed):
    shuffled = random.Random(seed).sample(CANONICAL, len(CANONICAL))
    objects = Snapshot({ObjectKey(*key): "x" for key in shuffled})
    assert [key[:3] for key in objects.canonical()] == CANONICAL


@pytest.mark.parametrize(
    "kind, parents",
    [
        ("CONSTRAINT check ON users", [("TABLE", "users")]),
        ("CONSTRAINT check ON users", [("TABLE", "users"), ("CHECK CONSTRAINT", "users check")]),
        ("CONSTRAINT check ON users", [("TABLE", "users"), ("FK CONSTRAINT", "users check")]),
        ("COLUMN a.b", [("TABLE", "b"), ("TYPE", "a")]),
        ("COLUMN a.b", [("TYPE", "b"), ("FOREIGN TABLE", "a")]),
    ],
)
def test_a_remark_stands_behind_what_it_is_about(kind, parents):
    keys = [ObjectKey(kind, "public", name) for kind, name in parents]
    remark = ObjectKey("COMMENT", "public", kind)
    order = Snapshot(dict.fromkeys([remark, *keys], "x")).canonical()
    assert order[order.index(remark) - 1] == keys[-1]


def test_digest_is_that_of_the_canonical_text():
    expected = "CREATE TABLE a;\n\nALTER TABLE a;\n\nCREATE TABLE ü;\n"
    objects = snapshot(b="CREATE TABLE ü;", a="CREATE TABLE a;\n\nALTER TABLE a;")
    assert "".join(objects.pieces()) == expected
    assert objects.digest() == hashlib.sha256(expected.encode()).hexdigest()
    assert Snapshot({}).digest() == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    "base, before, after, expected",
    [
        ({"a": "1"}, {"a": "1"}, {"a": "1"}, {"a": "1"}),
        ({"a": "mine"}, {"a": "copy"}, {"a": "copy"}, {"a": "mine"}),
        ({"a": "mine"}, {"a": "copy"}, {"a": "new"}, {"a": "new"}),
        ({"a": "mine", "b": "b"}, {"a": "copy", "b": "b"}, {"b": "b"}, {"b": "b"}),
        ({"a": "1"}, {"a": "1"}, {"a": "1", "b": "2"}, {"a": "1", "b": "2"}),
        ({"a": "only there"}, {}, {}, {"a": "only there"}),
        ({"a": "only there"}, {}, {"a": "new"}, {"a": "new"}),
        ({}, {"a": "only in the copy"}, {"a": "only in the copy"}, {}),
        ({}, {"a": "only in the copy"}, {"a": "changed"}, {"a": "changed"}),
        ({}, {"a": "only in the copy"}, {}, {}),
        (
            {"a": "t (\n x\n);\nOWNER boss;"},
            {"a": "t (\n x\n);\nOWNER me;"},
            {"a": "t (\n x,\n y\n);\nOWNER me;"},
            {"a": "t (\n x,\n y\n);\nOWNER boss;"},
        ),
        (
            {"a": "t;\nOWNER boss;"},
            {"a": "t;\nOWNER me;"},
            {"a": "t;\nOWNER karen;"},
            {"a": "t;\nOWNER karen;"},
        ),
        ({"a": "1\n2\n3"}, {"a": "x\nx\n3"}, {"a": "x\nx\n4"}, {"a": "x\nx\n4"}),
        ({"a": "1\n2"}, {"a": "x"}, {"a": "x\ny"}, {"a": "x\ny"}),
    ],
)
def test_overlay(base, before, after, expected):
    assert overlay(snapshot(**base), snapshot(**before), snapshot(**after)) == snapshot(**expected)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables, columns and foreign keys of a schema, and what a report needs of it."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.model import (
    Migration,
    PythonBody,
    Script,
    Sent,
    SqlBody,
    Step,
    Version,
)
from ansible_collections.pgops.migrations.plugins.module_utils.report import collected as room
from ansible_collections.pgops.migrations.plugins.module_utils.report.collected import collected, without_passwords
from ansible_collections.pgops.migrations.plugins.module_utils.report.tables import MOST_TABLES, picture, tables_of
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import ObjectKey, Snapshot

STATE = "    state text DEFAULT 'a, b'::text\n"
ORDERS = "CREATE TABLE public.orders (\n    id integer NOT NULL,\n%s);\n\n\nALTER TABLE x;" % STATE
CHANGED = ORDERS.replace("integer", "bigint").replace(STATE, "    note numeric(10,2)\n")
BILLS = "CREATE TABLE public.bills (\n    order_id integer\n);"
FAR = "CREATE TABLE public.far (\n    a integer\n);"
KEY = "ALTER TABLE ONLY public.bills\n    ADD CONSTRAINT f FOREIGN KEY (order_id) REFERENCES public.orders(id);"
INDEX = "CREATE INDEX i ON public.far USING btree (a);"


def snapshot(**texts):
    """Return a snapshot of tables, and of k…: foreign keys, i…: indexes."""
    kinds = {"k": "FK CONSTRAINT", "i": "INDEX"}
    return Snapshot({ObjectKey(kinds.get(name, "TABLE"), "public", name): text for name, text in texts.items()})


COLUMNS = {
    "    a integer": {"a": ("integer", True)},
    "    a integer NOT NULL,\n    b text": {"a": ("integer", False), "b": ("text", True)},
    "    a character varying(10) COLLATE x DEFAULT 'y'": {"a": ("character varying(10)", True)},
    "    a integer GENERATED ALWAYS AS (b) STORED": {"a": ("integer", True)},
    "    a timestamp with time zone DEFAULT now() NOT NULL": {"a": ("timestamp with time zone", False)},
    '    "a b ""c""" text[]': {'"a b ""c"""': ("text[]", True)},
    '    "x\ny" integer': {'"x\ny"': ("integer", True)},
    "    a text DEFAULT 'x\n    b integer\n',\n    c text": {"a": ("text", True), "c": ("text", True)},
    "    a integer,\n    CONSTRAINT c CHECK ((a > 0))": {"a": ("integer", True)},
}


@pytest.mark.parametrize("text", COLUMNS)
def test_columns(text):
    found = tables_of(snapshot(t="CREATE TABLE public.t (\n%s\n)\nPARTITION BY LIST (a);" % text))
    assert dict(found["public.t"].columns) == COLUMNS[text]


def test_picture():
    before, after = (
        snapshot(orders=ORDERS, bills=BILLS, far=FAR, k=KEY),
        snapshot(orders=CHANGED, bills=BILLS, far=FAR, k=KEY),
    )
    tables, left_out = picture(before, after)
    assert left_out == 0
    assert [(each["name"], each["change"]) for each in tables] == [
        ("public.orders", "changed"),
        ("public.bills", "neighbour"),
    ]
    assert [(each["name"], each["change"], each["was"]) for each in tables[0]["columns"]] == [
        ("id", "changed", "integer NOT NULL"),
        ("note", "added", None),
        ("state", "removed", None),
    ]
    assert tables[1]["references"] == [{"name": "f", "columns": "order_id", "table": "public.orders", "change": ""}]


@pytest.mark.parametrize(
    "before, after, expected",
    [
        ({}, {"orders": ORDERS}, [("public.orders", "added")]),
        ({"orders": ORDERS}, {}, [("public.orders", "removed")]),
        ({"far": FAR}, {"far": FAR, "i": INDEX}, [("public.far", "changed")]),
        (
            {"orders": ORDERS, "bills": BILLS},
            {"orders": ORDERS, "bills": BILLS, "k": KEY},
            [("public.bills", "changed"), ("public.orders", "neighbour")],
        ),
        ({"orders": ORDERS}, {"orders": ORDERS}, []),
    ],
)
def test_which_tables(before, after, expected):
    tables, dummy = picture(snapshot(**before), snapshot(**after))
    assert [(each["name"], each["change"]) for each in tables] == expected


def test_there_are_only_so_many_tables():
    many = {"t%02d" % number: "CREATE TABLE public.t%02d (\n    a integer\n);" % number for number in range(40)}
    tables, left_out = picture(snapshot(), snapshot(**many))
    assert (len(tables), left_out) == (MOST_TABLES, 40 - MOST_TABLES)


SCRIPT = Script(Version.parse("7"), "orders", "sql", "/m/7")
STEP = Step(SCRIPT)
SQL = Migration(SCRIPT, SqlBody("", "CREATE TABLE a ();\n", ()))
PYTHON = Migration(SCRIPT, PythonBody("", compile("", "x", "exec"), "up"))


def script(**more):
    return {"version": "7", "name": "orders", "recorded": False, "is_whole": True, "characters_left_out": 0, **more}


@pytest.mark.parametrize(
    "migration, sent, expected",
    [
        (SQL, {}, script(text="CREATE TABLE a ();\n")),
        (PYTHON, {}, script(recorded=True, is_whole=False, text="")),
        (PYTHON, {STEP: Sent(2, ("SELECT 1", "SELECT 2;"))}, script(recorded=True, text="SELECT 1;\nSELECT 2;\n")),
        (PYTHON, {STEP: Sent(9, ("SELECT 1",))}, script(recorded=True, is_whole=False, text="SELECT 1;\n")),
    ],
)
def test_scripts(migration, sent, expected):
    assert collected((), [(STEP, migration)], sent)["scripts"] == [expected]


def test_objects():
    found = collected((snapshot(orders=ORDERS, far=FAR), snapshot(orders=CHANGED, bills=BILLS)), [], {})
    assert [(each["kind"], each["name"], each["change"]) for each in found["objects"]] == [
        ("table", "public.bills", "added"),
        ("table", "public.orders", "changed"),
        ("table", "public.far", "removed"),
    ]
    assert found["objects"][0]["diff"] == "@@ -0,0 +1,3 @@\n+CREATE TABLE public.bills (\n+    order_id integer\n+);\n"


def test_size_is_bounded(monkeypatch):
    monkeypatch.setattr(room, "MOST_OF_ONE", 10)
    monkeypatch.setattr(room, "MOST_OF_ALL", 25)
    found = collected((), [(STEP, SQL)] * 5, {})
    assert [(each["text"], each["characters_left_out"]) for each in found["scripts"]] == [("CREATE TAB", 9)] * 2
    assert found["scripts_left_out"] == 3


PASSWORDS = {
    "ALTER ROLE a PASSWORD 'x''y' LOGIN": "ALTER ROLE a PASSWORD '********' LOGIN",
    "create user a password E'x\\'y'": "create user a password '********'",
    "ALTER ROLE a PASSWORD $p$x$p$;": "ALTER ROLE a PASSWORD '********';",
    "SELECT f('host=x password=secret user=y')": "SELECT f('host=x password=******** user=y')",
    "ALTER TABLE a ADD password text": "ALTER TABLE a ADD password text",
}


@pytest.mark.parametrize("text", PASSWORDS)
def test_passwords_are_masked(text):
    assert without_passwords(text) == PASSWORDS[text]

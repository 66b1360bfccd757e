# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dump becomes: objects with all of their text, and nothing that is volatile."""

from __future__ import annotations

import importlib
import random
import tarfile
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.dump import (
    DumpError,
    parse_dump,
    renewed,
)
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import ObjectKey, Snapshot

ARTIFACT = Path(__file__).parents[5] / "tests" / "integration" / "files" / "pgops-migrations-0.1.0.tar.gz"

PREAMBLE_13 = """--
-- PostgreSQL database dump
--

-- Dumped from database version 13.2 (Debian 13.2-1.pgdg100+1)
-- Dumped by pg_dump version 13.2 (Debian 13.2-1.pgdg100+1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

"""
PREAMBLE_18 = PREAMBLE_13.replace("13.2", "18.1").replace(
    "-- Dumped from", "\\restrict dNq0nQYIbMEPEMvDjvPhzN\n\n-- Dumped from"
)
TRAILER_13 = "--\n-- PostgreSQL database dump complete\n--\n\n"
TRAILER_18 = TRAILER_13 + "\\unrestrict dNq0nQYIbMEPEMvDjvPhzN\n\n"

# All that a literal can hold to look like something else.
DISGUISES = [
    "\n--\n-- Name: x; Type: TABLE; Schema: public; Owner: postgres\n--\n\nCREATE TABLE x ();\n",
    "\nSET default_tablespace = fast;\n",
    "\nSET default_table_access_method = heap;\n\n",
    "\nSET foo = bar;\n",
    "\n\\restrict abc\n",
    "\n\\unrestrict abc\n\n\n",
    "\n--\n-- PostgreSQL database dump complete\n--\n",
    "\n-- Completed on 2026-01-01\n",
    "\n-- don't\n",
    "\n\n\n",
    "😀 naïve $$ $a$ /* \\",
]


def entry(kind, name, body, schema="public", owner="postgres"):
    """Write one entry as pg_dump does: with its header in front and two empty lines behind."""
    return "--\n-- Name: %s; Type: %s; Schema: %s; Owner: %s\n--\n\n%s\n\n\n" % (name, kind, schema, owner, body)


def table(name, body="id integer", **header):
    return entry("TABLE", name, "CREATE TABLE public.%s (\n    %s\n);" % (name, body), **header)


def dump(*entries, preamble=PREAMBLE_18, trailer=TRAILER_18):
    return preamble + "".join(entries) + trailer


def parsed(*entries, **around):
    return dict(parse_dump(dump(*entries, **around)).objects)


def quoted(text):
    return "'%s'" % text.replace("'", "''")


@pytest.mark.parametrize("preamble, trailer", [(PREAMBLE_13, TRAILER_13), (PREAMBLE_18, TRAILER_18)])
def test_only_statements_are_left(preamble, trailer):
    objects = parsed(
        "SET default_tablespace = '';\n\nSET default_table_access_method = heap;\n\n",
        entry("TABLE", "a", "CREATE TABLE public.a (\n    id integer\n);\n\n\nALTER TABLE public.a OWNER TO postgres;"),
        entry("ACL", "TABLE a", "GRANT SELECT ON TABLE public.a TO karen;"),
        preamble=preamble,
        trailer=trailer,
    )
    assert objects == {
        ObjectKey("TABLE", "public", "a"): (
            "CREATE TABLE public.a (\n    id integer\n);\n\n\nALTER TABLE public.a OWNER TO postgres;"
        ),
        ObjectKey("ACL", "public", "TABLE a"): "GRANT SELECT ON TABLE public.a TO karen;",
    }


def test_rows_are_objects_too():
    header = "--\n-- Data for Name: t; Type: TABLE DATA; Schema: public; Owner: o\n--\n\n"
    rows = "INSERT INTO public.t VALUES\n\t('--\n-- Data for Name: ');"
    found = parse_dump(PREAMBLE_13 + header + rows + "\n\n" + TRAILER_13)
    assert list(found.objects.values()) == [rows]


def test_objects_keep_the_order_of_the_dump():
    assert [key.name for key in parsed(table("b"), table("a"), table("c"))] == ["b", "a", "c"]


@pytest.mark.parametrize("text", ["", dump(), dump(preamble=PREAMBLE_13, trailer=TRAILER_13), "--\n"])
def test_no_entries(text):
    assert parse_dump(text) == Snapshot({})


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize(
    "body",
    [
        "COMMENT ON TABLE public.t IS '%s';",
        "COMMENT ON TABLE public.t IS 'it''s %s';",
        "COMMENT ON TABLE public.t IS '%s''';",
        'CREATE TABLE public."t%s" (\n    "a""b" integer\n);',
        "CREATE FUNCTION public.f() RETURNS text\n    LANGUAGE plpgsql\n    AS $_$\nbegin\n%s\nend $_$;",
        "CREATE FUNCTION public.f() RETURNS text\n    LANGUAGE plpgsql\n    AS $_X$ '$_$' %s $_X$;",
        "CREATE FUNCTION public.f(a integer) RETURNS text\n    LANGUAGE sql\n    BEGIN ATOMIC\n"
        " SELECT $1, '%s'::text AS \"case\";\nEND;",
        "CREATE VIEW public.v AS\n SELECT 'x%s'::text AS a,\n    '%s'::text AS b;",
        "CREATE FOREIGN DATA WRAPPER f OPTIONS (\n    a E'\\\\%s'\n);",
    ],
    ids=["literal", "doubled", "doubled at the end", "identifier", "dollar", "dollar in dollar", "atomic", "two", "E"],
)
def test_literals_are_kept_whatever_they_look_like(body, disguise):
    inside = disguise if "AS $" in body else disguise.replace("'", "''")
    body = body.replace("%s", inside)
    objects = parsed(table("before"), entry("OBJECT", "t", body), table("behind"))
    assert [key.name for key in objects] == ["before", "t", "behind"]
    assert objects[ObjectKey("OBJECT", "public", "t")] == body
    assert objects[ObjectKey("TABLE", "public", "behind")] == "CREATE TABLE public.behind (\n    id integer\n);"


@pytest.mark.parametrize("seed", range(20))
def test_random_literals_are_kept(seed):
    rnd = random.Random(seed)
    pieces = [*DISGUISES, "'", '"', "$_$", "--", ";", "\n", "a"]
    bodies = {
        "t%d" % number: "COMMENT ON TABLE t IS %s;" % quoted("".join(rnd.choices(pieces, k=9))) for number in range(30)
    }
    objects = parsed(*(entry("COMMENT", name, body) for name, body in bodies.items()))
    assert {key.name: text for key, text in objects.items()} == bodies


def test_a_body_full_of_headers_costs_no_more_than_its_length():
    body = "CREATE FUNCTION f() AS $$%s$$;" % (DISGUISES[0] * 50000)
    assert parsed(entry("FUNCTION", "f()", body)) == {ObjectKey("FUNCTION", "public", "f()"): body}


@pytest.mark.parametrize(
    "name, schema, owner",
    [
        ("it's", "public", "postgres"),
        ('say "so"', 'a "b', "postgres"),
        ("a$$b", "$x$", "o'neil"),
        ("x; Type: VIEW; Schema: y; Owner: z", "public", "postgres"),
        ("x", "s; Owner: t", "postgres"),
        ("x", "-", "o; Tablespace: fast"),
        ("naïve 💥", "schön", "björn"),
        ("f(integer, text)", "public", ""),
    ],
)
def test_headers_may_hold_anything(name, schema, owner):
    objects = parsed(entry("TABLE", name, "CREATE 1;", schema=schema, owner=owner), table("behind"))
    assert list(objects.items())[0] == (ObjectKey("TABLE", schema, name), "CREATE 1;")
    assert len(objects) == 2


def test_owner_is_no_part_of_the_name_but_of_the_text():
    mine, yours = (
        parse_dump(dump(entry("TABLE", "a", "CREATE TABLE a ();\n\n\nALTER TABLE a OWNER TO %s;" % owner, owner=owner)))
        for owner in ("me", "you")
    )
    assert list(mine.objects) == list(yours.objects)
    assert mine.digest() != yours.digest()


FAST = "SET default_tablespace = fast;\n\n"
ODD = 'SET default_tablespace = "o\'neil;";\n\n'
USUAL = "SET default_tablespace = '';\n\n"
COLUMNS = "SET default_table_access_method = columns;\n\n"
ROWS = "SET default_table_access_method = heap;\n\n"
IN_FAST = {"owner": "postgres; Tablespace: fast"}


@pytest.mark.parametrize(
    "entries, expected",
    [
        ([USUAL, ROWS, table("a")], ""),
        ([FAST, table("a", **IN_FAST), USUAL], FAST),
        ([FAST, entry("VIEW", "a", "CREATE TABLE public.a (\n    id integer\n);"), USUAL], ""),
        ([FAST, table("b", **IN_FAST), USUAL, table("a")], ""),
        ([COLUMNS, table("a"), ROWS], COLUMNS),
        ([COLUMNS, entry("MATERIALIZED VIEW", "a", "CREATE TABLE public.a (\n    id integer\n);")], COLUMNS),
        ([COLUMNS, entry("FOREIGN TABLE", "a", "CREATE TABLE public.a (\n    id integer\n);")], ""),
        ([COLUMNS, table("b"), ROWS, table("a")], ""),
        (
            [FAST, COLUMNS, table("a", **IN_FAST)],
            "SET default_tablespace = fast;\nSET default_table_access_method = columns;\n\n",
        ),
        ([ODD, table("a", **IN_FAST)], ODD),
        ([COLUMNS, table("b"), FAST, table("a", **IN_FAST), ROWS, USUAL], FAST.strip() + "\n" + COLUMNS),
    ],
)
def test_where_an_object_is_stored_is_said_where_it_counts(entries, expected):
    objects = parsed(*entries, table("last"))
    text = next(text for key, text in objects.items() if key.name == "a")
    assert text == expected + "CREATE TABLE public.a (\n    id integer\n);"


def test_a_partitioned_table_has_no_access_method():
    body = "CREATE TABLE public.p (\n    d date\n)\nPARTITION BY RANGE (d);"
    assert parsed(COLUMNS, table("a"), entry("TABLE", "p", body))[ObjectKey("TABLE", "public", "p")] == body


def test_order_of_the_dump_and_its_settings_can_not_show():
    one = dump(USUAL, ROWS, table("a"), FAST, table("b", **IN_FAST), USUAL, COLUMNS, table("c"))
    other = dump(FAST, COLUMNS, table("c"), ROWS, table("b", **IN_FAST), USUAL, table("a"))
    moved = dump(FAST, COLUMNS, table("c"), ROWS, table("b", **IN_FAST), table("a", **IN_FAST))
    assert parse_dump(one).digest() == parse_dump(other).digest()
    assert parse_dump(one).digest() != parse_dump(moved).digest()


def test_entries_of_one_name_are_told_apart_by_their_text():
    bodies = ["CREATE OPERATOR s.@@ (LEFTARG = %s);" % kind for kind in ("bigint", "integer", "text")]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        assert parsed(*(entry("OPERATOR", "@@", bodies[index]) for index in order)) == {
            ObjectKey("OPERATOR", "public", "@@", number + 1): body for number, body in enumerate(bodies)
        }


def test_bytes_and_text_are_read_alike():
    text = dump(table("a", "naïve text DEFAULT '😀'::text"))
    assert parse_dump(text) == parse_dump(text.encode())
    assert "naïve text DEFAULT '😀'::text" in parse_dump(text.encode()).objects[ObjectKey("TABLE", "public", "a")]


def test_what_is_not_utf8_is_shown_and_compared():
    one, other = (dump(table("a", "x text DEFAULT '?'")).encode().replace(b"?", byte) for byte in (b"\xe9", b"\xe8"))
    assert parse_dump(one).objects[ObjectKey("TABLE", "public", "a")].splitlines()[1] == r"    x text DEFAULT '\xe9'"
    assert parse_dump(one).digest() != parse_dump(other).digest()
    assert parse_dump(one.decode("utf-8", "surrogateescape")) == parse_dump(one)


@pytest.mark.parametrize("body", ["COMMENT ON TABLE a IS 'x", 'CREATE TABLE "x', "CREATE FUNCTION f AS $_$ $$"])
def test_a_dump_that_breaks_off_in_a_literal_is_refused(body):
    with pytest.raises(DumpError, match="inside a literal"):
        parse_dump(PREAMBLE_18 + table("a") + entry("X", "x", body))


def test_what_is_no_whole_dump_ends_with_its_last_entry():
    expected = {ObjectKey("TABLE", "public", "a"): "CREATE TABLE public.a (\n    id integer\n);"}
    assert parsed(table("a"), USUAL, trailer="") == expected
    assert parsed(table("a"), trailer="") == expected


def test_verbose_and_create_leave_no_more_than_others():
    head = "--\n-- TOC entry 215 (class 1259 OID 16385)\n-- Dependencies: 216 217\n-- Name: "
    text = dump(
        entry("DATABASE", "d", "CREATE DATABASE d;"),
        "\\unrestrict x\n\n\\connect d\n\n\\restrict x\n\n",
        "SET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n\n",
        table("a").replace("--\n-- Name: ", head),
        "-- Completed on 2026-11-20 20:38:21 UTC\n\n",
    )
    texts = list(parse_dump(text).objects.values())
    assert texts == ["CREATE DATABASE d;", "CREATE TABLE public.a (\n    id integer\n);"]


def test_an_earlier_snapshot_lends_its_texts():
    first = parse_dump(dump(table("a"), table("b")))
    second = parse_dump(dump(table("a"), table("b", "id bigint"), table("c")), first)
    a, b = ObjectKey("TABLE", "public", "a"), ObjectKey("TABLE", "public", "b")
    assert second == parse_dump(dump(table("a"), table("b", "id bigint"), table("c")))
    assert second.objects[a] is first.objects[a]
    assert second.objects[b] != first.objects[b]


# What servers of late 2026 put among a column's options; only a client as new as that leaves it out.
MARKED = """CREATE TABLE public.t (
    x integer,
    y integer
);
ALTER TABLE ONLY public.t ALTER COLUMN x SET (pg_attver=3);
ALTER TABLE ONLY public.t ALTER COLUMN y SET (n_distinct=5, pg_attver=3);


ALTER TABLE public.t OWNER TO postgres;"""
CLEAN = MARKED.replace("ALTER TABLE ONLY public.t ALTER COLUMN x SET (pg_attver=3);\n", "").replace(", pg_attver=3", "")


def test_what_the_server_marks_is_kept_as_the_first_format_had_it():
    found = parse_dump(dump(entry("TABLE", "t", MARKED), table("other")))
    key = ObjectKey("TABLE", "public", "t")
    assert found.objects[key] == CLEAN
    assert (dict(found.first), found.number) == ({key: MARKED}, 2)
    assert found.in_first_format().objects[key] == MARKED
    assert renewed(MARKED) == CLEAN
    assert renewed(CLEAN) == CLEAN
    assert parse_dump(dump(entry("TABLE", "t", CLEAN))).number == 1
    assert parse_dump(dump(entry("COMMENT", "TABLE t", "COMMENT ON TABLE t IS 'pg_attver=3';"))).number == 1


def test_the_first_format_is_what_the_first_release_made(tmp_path, monkeypatch):
    package = "plugins/module_utils/schema/"
    with tarfile.open(ARTIFACT) as artifact:
        for name in ("snapshot.py", "secrets.py"):
            (tmp_path / "of_the_first_release").mkdir(exist_ok=True)
            content = artifact.extractfile(package + name).read()
            (tmp_path / "of_the_first_release" / name).write_bytes(content)
    (tmp_path / "of_the_first_release" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    old = importlib.import_module("of_the_first_release.snapshot")
    for text in (dump(table("a"), table("b")), dump(entry("TABLE", "t", MARKED), table("other"))):
        assert old.parse_dump(text).digest() == parse_dump(text).in_first_format().digest()

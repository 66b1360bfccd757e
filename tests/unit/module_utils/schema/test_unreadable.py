# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one snapshot could not read is left out of the other too."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import ObjectKey, Snapshot
from ansible_collections.pgops.migrations.plugins.module_utils.schema.unreadable import (
    Unreadable,
    labels,
    without,
)

OBJECTS = {
    ("SCHEMA", "-", "b"): "CREATE SCHEMA b;",
    ("COMMENT", "-", "SCHEMA b"): "COMMENT ON SCHEMA b IS 'x';",
    ("TABLE", "b", "t"): "CREATE TABLE b.t (a int);",
    ("TABLE", "public", "t"): "CREATE TABLE public.t (a int);\n\n\nALTER TABLE public.t OWNER TO x;",
    ("CONSTRAINT", "public", "t t_pkey"): "ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (a);",
    ("INDEX", "public", "i"): "CREATE INDEX i ON public.t USING btree (a);",
    ("COMMENT", "public", "COLUMN t.a"): "COMMENT ON COLUMN public.t.a IS 'x';",
    ("TABLE", "public", "t2"): "CREATE TABLE public.t2 (a int);",
    ("VIEW", "public", "v"): "CREATE VIEW public.v AS\n SELECT a FROM public.t;",
    ("TABLE", "public", "T x"): 'CREATE TABLE public."T x" (a int);',
}
CASES = {
    "nothing": ([], list(OBJECTS)),
    "a schema": ([Unreadable("b")], [key for key in OBJECTS if "b" not in (key[1], key[2]) and key[2] != "SCHEMA b"]),
    "a table": (
        [Unreadable("public", "t")],
        [key for key in OBJECTS if key[2] not in ("t", "t t_pkey", "i", "COLUMN t.a") or key[1] == "b"],
    ),
    "a table in quotes": ([Unreadable("public", "T x")], [key for key in OBJECTS if key[2] != "T x"]),
}


@pytest.mark.parametrize("name", CASES)
def test_without(name: str) -> None:
    left_out, kept = CASES[name]
    snapshot = Snapshot(MappingProxyType({ObjectKey(*key): text for key, text in OBJECTS.items()}))
    assert [key[:3] for key in without(snapshot, left_out).objects] == kept


def test_of_many_the_first_are_named() -> None:
    assert labels([Unreadable("s", str(number)) for number in range(7)]).endswith("s.4 (no SELECT) and 2 more")

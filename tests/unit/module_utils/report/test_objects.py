# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SQL makes, alters and drops, in words."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.report.objects import (
    MOST,
    MOST_CHARACTERS,
    count_of,
    objects_of,
)

CASES = {
    "CREATE TABLE orders (id int)": ["+ table orders"],
    "create unlogged table if not exists shop . orders ()": ["+ table shop.orders"],
    'CREATE TABLE public."A ""b"" c" ()': ['+ table "A ""b"" c"'],
    "CREATE TEMP TABLE x (); CREATE TEMPORARY VIEW y AS SELECT 1": [],
    "/* a /* b */ */ CREATE -- c\n TABLE t ()": ["+ table t"],
    "CREATE TABLE t AS SELECT * FROM x JOIN y ON z": ["+ table t"],
    "CREATE UNIQUE INDEX CONCURRENTLY i ON ONLY public.orders (a)": ["+ index i on orders"],
    "CREATE INDEX ON orders USING gin (a)": ["+ index on orders"],
    "CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ DROP TABLE x; $$": ["+ function f"],
    "CREATE MATERIALIZED  VIEW m AS SELECT 1": ["+ materialized view m"],
    "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()": ["+ trigger t on orders"],
    "CREATE SCHEMA AUTHORIZATION cook": ["+ schema cook"],
    "CREATE USER MAPPING FOR cook SERVER s": [],
    "DROP TABLE IF EXISTS a, shop.b CASCADE": ["- table a", "- table shop.b"],
    "DROP INDEX CONCURRENTLY i": ["- index i"],
    "DROP POLICY p ON orders": ["- policy p on orders"],
    "ALTER TABLE orders ADD state text DEFAULT 'a, b'": ["+ column state of orders"],
    "ALTER TABLE ONLY orders ADD COLUMN IF NOT EXISTS a numeric(1, 2), DROP b": [
        "+ column a of orders",
        "- column b of orders",
    ],
    "ALTER TABLE orders ADD CONSTRAINT c CHECK (a IN (1, 2)), DROP CONSTRAINT IF EXISTS d": [
        "+ constraint c on orders",
        "- constraint d on orders",
    ],
    "ALTER TABLE orders ALTER a TYPE text, ALTER a SET NOT NULL": ["~ column a of orders"],
    "ALTER TABLE orders RENAME a TO b": ["~ column a of orders"],
    "ALTER TABLE orders RENAME TO bills": ["~ table orders"],
    "ALTER TABLE orders ADD CHECK (a > 0), ADD UNIQUE (a)": ["~ table orders"],
    "ALTER TABLE orders OWNER TO cook": ["~ table orders"],
    "ALTER TYPE mood ADD VALUE 'ok'": ["~ type mood"],
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO cook": [],
    "INSERT INTO orders VALUES ('CREATE TABLE x ()'); SELECT 1": [],
    "CREATE TABLE t (); CREATE TABLE t ()": ["+ table t"],
    'CREATE TABLE "a\x1b[2J" ()': ['+ table "a\\x1b[2J"'],
    "CREATE TABLE 'unclosed": [],
    "CREATE": [],
    "": [],
}


@pytest.mark.parametrize("text", CASES)
def test_objects(text):
    assert objects_of([text]) == CASES[text]


def test_there_are_only_so_many():
    texts = ["CREATE TABLE t%d ()" % number for number in range(10_000)]
    assert objects_of(texts) == ["+ table t%d" % number for number in range(MOST)]


@pytest.mark.parametrize("text", ["SELECT 'open", "SELECT 1;" * MOST_CHARACTERS])
def test_what_cant_be_counted(text):
    with pytest.raises(ValueError, match="never closed|too long|unterminated"):
        count_of(text)


def test_count():
    assert count_of("SELECT 1; -- one\nSELECT ';';") == 2

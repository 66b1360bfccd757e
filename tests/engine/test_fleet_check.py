# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on many databases: one rehearsal for all that are alike, and never for two that aren't."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands import check
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import (
    Target,
    connect,
    parse_url,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.fleet.alike import alike
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.snapshots import reader
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.databases.values import Limits

from .conftest import Project
from .test_fleet import TWO, Many, many

__all__ = ["many"]  # the fixture


def rehearsed(many: Many, **options: Any) -> tuple[dict[str, Any], int]:
    """Return the result of check mode, and how many scratch copies were made for it."""
    marker, rehearse = many.project.scratch_files / "copies", check.rehearse

    def noted(*arguments: Any) -> Any:
        with marker.open("a") as stream:
            stream.write("x")
        return rehearse(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check, "rehearse", noted)
        result = many.migrate(**{"checking": True, "with_diff": True, **options})
    copies = len(marker.read_text())
    marker.unlink()
    return result, copies


def test_one_rehearsal_for_all_that_are_alike(many: Many) -> None:
    names = many.make("a", "b", "c", "d")
    many.project.write(**TWO)
    result, copies = rehearsed(many)
    assert (result["counts"]["changed"], copies) == (4, 1)
    (group,) = result["groups"]
    assert (group["databases"], group["example"], group["migrations"]) == (4, names[0], ["1", "2"])
    assert result["diff"][0]["prepared"] == f"{names[0]}, and the same for 3 others\n"
    assert "+CREATE TABLE public.a (" in result["diff"][1]["prepared"]
    assert [many.applied(name) for name in names] == [[]] * 4


def test_the_digest_of_a_group_lets_all_of_it_pass(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.query(names[2], "CREATE TABLE other (id int)")
    many.project.write(**TWO)
    groups = many.migrate(checking=True)["groups"]
    digests = tuple(group["plan_digest"] for group in groups)
    assert len(set(digests)) == 2
    refused = many.migrate(expect=digests[:1])
    assert [(each["name"], each["error"]["kind"]) for each in refused["failed_databases"]] == [
        (names[2], "expectation")
    ]
    assert many.migrate(expect=digests)["counts"] == {"ok": 2, "changed": 1, "failed": 0, "not_reached": 0}


@pytest.mark.parametrize("options", [{"rehearsal": "required"}, {"allow_hazards": ()}, {"prechecks": "required"}])
def test_a_real_run_that_rehearses_first_does_so_once_for_all_that_are_alike(many: Many, options: Any) -> None:
    names = many.make("a", "b", "c")
    many.query(names[2], "CREATE TABLE other (id int)")
    many.project.write(**TWO)
    result, copies = rehearsed(many, checking=False, **options)
    assert (result["counts"]["changed"], copies) == (3, 2)
    assert [many.applied(name) for name in names] == [["1", "2"]] * 3


def test_what_the_rehearsals_ahead_of_a_real_run_warn_of_is_said_once(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.project.write(v1="CREATE TABLE a (id int)")
    many.migrate()
    many.query(names[1], "CREATE TABLE by_hand (id int)")
    many.project.write(v2="ALTER TABLE a ALTER id TYPE bigint")
    result = many.migrate(allow_hazards=("rewrite",), serial=["2", "1"])
    assert result["counts"]["changed"] == 3
    said = [each.partition(": ") for each in result["warnings"]]
    assert [who for who, dummy, what in said if what.startswith("rewrite: ")] == [f"{names[0]} and 2 others"]
    assert [who for who, dummy, what in said if what.startswith("The schema was changed")] == [names[1]]


def test_what_does_not_pass_its_rehearsal_is_not_applied(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.query(names[1], "CREATE TABLE a (id int)")
    many.project.write(**TWO)
    result = many.migrate(rehearsal="required")
    (failure,) = result["failed_databases"]
    assert failure["name"] == names[1]
    assert "In the rehearsal, on a scratch copy" in failure["error"]["message"]
    assert [many.applied(name) for name in names] == [["1", "2"], [], ["1", "2"]]


def test_a_canary_that_does_not_pass_its_rehearsal_stops_the_rest(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.query(names[0], "CREATE TABLE a (id int)")
    many.project.write(**TWO)
    result = many.migrate(rehearsal="required", serial=["1", "100%"])
    assert result["counts"] == {"ok": 0, "changed": 0, "failed": 1, "not_reached": 2}


def test_one_that_differs_is_shown_with_what_differs(many: Many) -> None:
    names = many.make("a", "b", "c", "d")
    many.query(names[1], "CREATE TABLE by_hand (id int)")
    many.project.write(**TWO)
    result = many.migrate(checking=True, with_diff=True)
    assert [group["databases"] for group in result["groups"]] == [3, 1]
    differs = result["groups"][1]["differs"]
    assert differs["example"] == names[0]
    assert "+CREATE TABLE public.by_hand (" in differs["diff"]
    assert result["summary"][2].endswith(f"! its schema differs from {names[0]}'s")


def test_of_another_history_is_another_group_and_no_difference(many: Many) -> None:
    first, *others = many.make("a", "b", "c")
    many.project.write(v1=TWO["v1"])
    many.migrate([first])
    many.project.write(v2=TWO["v2"])
    groups = many.migrate(checking=True)["groups"]
    assert [(each["databases"], each["migrations"]) for each in groups] == [(2, ["1", "2"]), (1, ["2"])]
    assert not any("differs" in each for each in groups)


def test_drift_is_told_of_those_that_have_it(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.project.write(v1=TWO["v1"])
    many.migrate()
    for name in names[1:]:
        many.query(name, "ALTER TABLE a ADD by_hand text")
    many.project.write(v2=TWO["v2"])
    groups = many.migrate(checking=True, with_diff=True)["groups"]
    assert [(each["databases"], "by_hand" in each.get("drift", {}).get("diff", "")) for each in groups] == [
        (2, True),
        (1, False),
    ]


def test_a_failure_of_the_script_is_that_of_all_that_are_alike(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.query(names[1], "CREATE TABLE missing (id int)")
    many.project.write(v1="ALTER TABLE missing ADD x int")
    result = many.migrate(checking=True)
    assert [each["name"] for each in result["failed_databases"]] == [names[0], names[2]]
    assert {each["error"]["version"] for each in result["failed_databases"]} == {"1"}
    assert result["counts"]["changed"] == 1


def test_rows_that_violate_the_plan_are_found_in_every_database(many: Many) -> None:
    first, second, third = many.make("a", "b", "c")
    many.project.write(v1="CREATE TABLE a (id int)")
    many.migrate()
    many.query(first, "INSERT INTO a VALUES (NULL)")
    many.query(third, "INSERT INTO a VALUES (NULL), (NULL)")
    many.project.write(v2="ALTER TABLE a ALTER id SET NOT NULL")
    result = many.migrate(checking=True)
    assert result["counts"] == {"ok": 0, "changed": 1, "failed": 2, "not_reached": 0}
    assert [each.partition(": ")[0] for each in result["warnings"]] == [f"{first} and 2 others"]  # it scans
    failures = {each["name"]: each for each in result["failed_databases"]}
    assert set(failures) == {first, third}
    assert {each["error"]["kind"] for each in failures.values()} == {"precheck"}
    assert [failures[name]["prechecks"][0]["rows"] for name in (first, third)] == [1, 2]
    assert result["groups"][0]["example"] == second


def test_one_whose_table_is_locked_is_named(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.project.write(v1="CREATE TABLE a (id int DEFAULT 1)")
    many.migrate()
    many.project.write(v2="ALTER TABLE a ALTER id SET NOT NULL")
    with many.open(names[1]) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        result = many.migrate(checking=True, limits=Limits(lock_timeout=0.2), prechecks="required")
    assert [each["name"] for each in result["failed_databases"]] == [names[1]]
    assert result["counts"] == {"ok": 0, "changed": 2, "failed": 1, "not_reached": 0}


NOBODY_CAN_LOOK = "UPDATE a SET id = 1 WHERE id IS NULL; ALTER TABLE a ALTER id SET NOT NULL"


@pytest.mark.parametrize("checking", [True, False])
def test_what_nobody_can_look_at_fails_every_database_where_looking_is_required(many: Many, checking: bool) -> None:
    names = many.make("a", "b", "c")
    many.project.write(v1="CREATE TABLE a (id int)")
    many.migrate()
    many.project.write(v2=NOBODY_CAN_LOOK)
    result = many.migrate(checking=checking, prechecks="required")
    assert [each["name"] for each in result["failed_databases"]] == names
    assert {each["error"]["kind"] for each in result["failed_databases"]} == {"precheck"}
    assert [each["prechecks"][0]["verdict"] for each in result["failed_databases"]] == ["not_checked"] * 3
    assert [many.applied(name) for name in names] == [["1"]] * 3


def test_what_could_not_be_watched_fails_every_database_where_looking_is_required(
    many: Many, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = many.make("a", "b", "c")
    many.project.write(**TWO)
    rehearse = check.rehearse
    monkeypatch.setattr(check, "rehearse", lambda *given: rehearse(*given)._replace(unwatched="no catalogs"))
    result = many.migrate(prechecks="required")
    assert [each["name"] for each in result["failed_databases"]] == names
    assert [many.applied(name) for name in names] == [[]] * 3


def test_a_real_run_looks_in_the_rows_of_every_database_first(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.project.write(v1="CREATE TABLE a (id int)")
    many.migrate()
    many.query(names[2], "INSERT INTO a VALUES (NULL)")
    many.project.write(v2="ALTER TABLE a ALTER id SET NOT NULL", v3="CREATE TABLE c (id int)")
    result = many.migrate(prechecks="required")
    assert [(each["name"], each["error"]["kind"]) for each in result["failed_databases"]] == [(names[2], "precheck")]
    assert [many.applied(name) for name in names] == [["1", "2", "3"], ["1", "2", "3"], ["1"]]


def test_what_was_looked_for_in_rows_is_shown_of_each_group(many: Many) -> None:
    names = many.make("a", "b", "c", "d")
    many.project.write(v1="CREATE TABLE a (id int)")
    many.migrate()
    many.query(names[0], "INSERT INTO a VALUES (NULL)")
    many.project.write(v2="ALTER TABLE a ALTER id SET NOT NULL")
    with many.open(names[1]) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        result = many.migrate(checking=True, limits=Limits(lock_timeout=0.2))
    assert [each["name"] for each in result["failed_databases"]] == [names[0]]
    shown = [(each["example"], each["databases"], each["prechecks"][0]["verdict"]) for each in result["groups"]]
    assert shown == [(names[2], 2, "passed"), (names[1], 1, "not_checked")]
    proved = [" ".join(each["rehearsal"]["not_proved"]) for each in result["groups"]]
    assert ["1 constraint that the plan adds holds" in each for each in proved] == [True, False]
    assert "doesn't hold" not in "".join(proved)


def test_what_kept_us_from_the_rows_of_the_example_is_told_of_it_alone(many: Many) -> None:
    names = many.make("a", "b", "c")
    many.project.write(v1="CREATE TABLE a (id int)")
    many.migrate()
    many.project.write(v2="ALTER TABLE a ALTER id SET NOT NULL")
    with many.open(names[0]) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE a IN SHARE MODE")
        result = many.migrate(checking=True, limits=Limits(lock_timeout=0.2))
    said = [each.partition(": ")[0] for each in result["warnings"] if "Not looked for in the real rows" in each]
    assert said == [names[0]]


SHARED = {
    "writes only": "def up(cursor):\n    cursor.execute('CREATE TABLE x (id int); INSERT INTO x VALUES (1)')\n",
}
ALONE = {
    "selects": "def up(cursor):\n    cursor.execute('CREATE TABLE x ()')\n    cursor.execute('SELECT 1')\n",
    "gets what it wrote": "def up(cursor):\n    cursor.execute('CREATE TABLE x AS VALUES (1)')\n"
    "    cursor.execute('UPDATE x SET column1 = 2 RETURNING column1')\n",
    "counts": "def up(cursor):\n    cursor.execute('CREATE TABLE x ()')\n    print(cursor.rowcount)\n",
    "asks": "def should_run(cursor):\n    return True\ndef up(cursor):\n    cursor.execute('CREATE TABLE x ()')\n",
}


@pytest.mark.parametrize("script", [*SHARED, *ALONE])
def test_a_script_that_looks_at_rows_is_rehearsed_in_each(many: Many, script: str) -> None:
    many.make("a", "b", "c")
    many.project.file("1_a.py", {**SHARED, **ALONE}[script])
    many.project.file("2_b.py", "def up(cursor):\n    cursor.execute('CREATE TABLE b (id int)')\n")
    result, copies = rehearsed(many)
    assert (result["counts"]["changed"], copies) == (3, 3 if script in ALONE else 1)
    said = [each for each in result["warnings"] if "rehearsed one by one" in each]
    assert [each.startswith("3 databases: rehearsed one by one, for 1_a ") for each in said] == [True] * (
        script in ALONE
    )


def test_with_rows_each_is_rehearsed(many: Many) -> None:
    many.make("a", "b")
    many.project.write(**TWO)
    result, copies = rehearsed(many, rehearsal_data=("all",))
    assert copies == 2
    assert "rehearsed one by one, for the copy gets rows of each (rehearsal_data)." in result["warnings"][0]


def test_what_only_a_dump_can_tell_is_told_by_a_dump(many: Many) -> None:
    for name, default in zip(many.make("a", "b", "c"), ("1", "1", "2")):
        many.query(name, f"CREATE AGGREGATE twice (int) (sfunc = int4pl, stype = int, initcond = '{default}')")
    many.project.write(**TWO)
    result, copies = rehearsed(many)
    assert ([group["databases"] for group in result["groups"]], copies) == ([2, 1], 2)


# Whether two schemas are alike: statements that pg_dump shows, each of which has to be seen.

BEGUN = """
CREATE ROLE {role};
CREATE SCHEMA s;
CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN age AS int CHECK (VALUE > 0);
CREATE TABLE t (id int PRIMARY KEY, name text DEFAULT 'x', price numeric(5, 2), tags text[], at timestamptz);
CREATE TABLE u (id serial, t_id int, g int GENERATED ALWAYS AS IDENTITY, UNIQUE (t_id));
CREATE TABLE p (k int, v text) PARTITION BY RANGE (k); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (1) TO (10);
CREATE TABLE child () INHERITS (t);
CREATE INDEX t_name ON t (name); CREATE INDEX t_lower ON t (lower(name));
CREATE SEQUENCE q; CREATE STATISTICS st ON id, name FROM t;
CREATE VIEW v AS SELECT id FROM t; CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tg BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tr();
CREATE RULE r AS ON DELETE TO u DO ALSO NOTHING;
ALTER TABLE u ENABLE ROW LEVEL SECURITY; CREATE POLICY po ON u USING (id > 0);
"""
SEEN = """
CREATE TABLE new ()
CREATE UNLOGGED TABLE new ()
DROP TABLE child
ALTER TABLE t ADD new int
ALTER TABLE t DROP tags
ALTER TABLE t ALTER name SET NOT NULL
ALTER TABLE t ALTER name SET DEFAULT 'y'
ALTER TABLE t ALTER name DROP DEFAULT
ALTER TABLE t ALTER price TYPE numeric(6, 2)
ALTER TABLE t ALTER name TYPE text COLLATE "C"
ALTER TABLE t ALTER name SET STORAGE EXTERNAL
ALTER TABLE t ALTER name SET STATISTICS 7
ALTER TABLE t ALTER name SET (n_distinct = 5)
ALTER TABLE t RENAME name TO title
ALTER TABLE t RENAME TO t2
ALTER TABLE t SET SCHEMA s
ALTER TABLE t SET (fillfactor = 50)
ALTER TABLE t SET (toast.autovacuum_enabled = false)
ALTER TABLE t OWNER TO {role}
ALTER TABLE t REPLICA IDENTITY FULL
ALTER TABLE t CLUSTER ON t_name
ALTER TABLE t ADD CHECK (id > 0)
ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0) NOT VALID
ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE
ALTER TABLE t ADD EXCLUDE USING btree (id WITH =)
ALTER TABLE t DISABLE TRIGGER tg
ALTER TABLE u ADD FOREIGN KEY (t_id) REFERENCES t
ALTER TABLE u ADD FOREIGN KEY (t_id) REFERENCES t ON DELETE CASCADE
ALTER TABLE u ADD FOREIGN KEY (t_id) REFERENCES t DEFERRABLE
ALTER TABLE u DISABLE ROW LEVEL SECURITY
ALTER TABLE u FORCE ROW LEVEL SECURITY
ALTER TABLE u ALTER g SET GENERATED BY DEFAULT
ALTER TABLE u ALTER g DROP IDENTITY
ALTER TABLE u DISABLE RULE r
ALTER TABLE child NO INHERIT t
ALTER TABLE p DETACH PARTITION p1
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)
CREATE TABLE p2 PARTITION OF p DEFAULT
CREATE INDEX ON t (id DESC)
CREATE UNIQUE INDEX ON t (name)
CREATE INDEX ON t (lower(name)) WHERE id > 5
CREATE INDEX ON t USING hash (id)
ALTER INDEX t_name RENAME TO t_title
ALTER INDEX t_name SET (fillfactor = 50)
ALTER INDEX t_lower ALTER COLUMN 1 SET STATISTICS 5
DROP INDEX t_name
CREATE OR REPLACE VIEW v AS SELECT id + 0 AS id FROM t
CREATE OR REPLACE VIEW v WITH (security_barrier) AS SELECT id FROM t
ALTER VIEW v OWNER TO {role}
DROP MATERIALIZED VIEW m
CREATE MATERIALIZED VIEW m2 AS SELECT 1 AS a
CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT a + 1'
ALTER FUNCTION f(int) IMMUTABLE
ALTER FUNCTION f(int) SECURITY DEFINER
ALTER FUNCTION f(int) SET work_mem = '1MB'
ALTER FUNCTION f(int) OWNER TO {role}
CREATE FUNCTION f(a text) RETURNS text LANGUAGE sql AS 'SELECT a'
CREATE PROCEDURE pr() LANGUAGE sql AS 'SELECT 1'
CREATE AGGREGATE ag (int) (sfunc = int4pl, stype = int)
CREATE TRIGGER tg2 AFTER UPDATE OF id ON t FOR EACH ROW EXECUTE FUNCTION tr()
DROP TRIGGER tg ON t
DROP RULE r ON u
ALTER POLICY po ON u USING (id > 1)
ALTER POLICY po ON u TO {role}
CREATE POLICY po2 ON u FOR INSERT WITH CHECK (id > 0)
ALTER TYPE mood ADD VALUE 'mad'
ALTER TYPE mood RENAME VALUE 'sad' TO 'low'
ALTER TYPE pair ADD ATTRIBUTE c int
ALTER TYPE pair OWNER TO {role}
ALTER DOMAIN age SET DEFAULT 5
ALTER DOMAIN age SET NOT NULL
ALTER DOMAIN age ADD CHECK (VALUE < 200)
ALTER DOMAIN age DROP CONSTRAINT age_check
CREATE TYPE ra AS RANGE (subtype = int)
ALTER SEQUENCE q INCREMENT 5
ALTER SEQUENCE q CYCLE
ALTER SEQUENCE q OWNED BY t.id
ALTER SEQUENCE u_id_seq OWNED BY NONE
CREATE SEQUENCE q2 AS smallint
ALTER STATISTICS st SET STATISTICS 5
CREATE STATISTICS st2 (ndistinct) ON id, name FROM t
DROP STATISTICS st
CREATE SCHEMA new
ALTER SCHEMA s OWNER TO {role}
GRANT USAGE ON SCHEMA s TO {role}
GRANT SELECT ON t TO {role}
GRANT SELECT (id) ON t TO {role}
GRANT SELECT ON t TO {role} WITH GRANT OPTION
REVOKE ALL ON t FROM CURRENT_USER
GRANT USAGE ON SEQUENCE q TO {role}
REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC
REVOKE EXECUTE ON FUNCTION pg_catalog.now() FROM PUBLIC
GRANT SELECT ON pg_catalog.pg_authid TO {role}
GRANT SELECT (rolname) ON pg_catalog.pg_authid TO {role}
REVOKE USAGE ON TYPE mood FROM PUBLIC
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {role}
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT EXECUTE ON FUNCTIONS TO {role}
COMMENT ON TABLE t IS 'x'
COMMENT ON COLUMN t.id IS 'x'
COMMENT ON CONSTRAINT t_pkey ON t IS 'x'
COMMENT ON FUNCTION f(int) IS 'x'
COMMENT ON SCHEMA s IS 'x'
COMMENT ON TYPE mood IS 'x'
COMMENT ON INDEX t_name IS 'x'
COMMENT ON TRIGGER tg ON t IS 'x'
COMMENT ON POLICY po ON u IS 'x'
CREATE EXTENSION hstore
CREATE EXTENSION hstore SCHEMA s
CREATE COLLATION co FROM "C"
CREATE CAST (text AS mood) WITH INOUT
CREATE OPERATOR === (leftarg = int, rightarg = int, function = int4eq)
CREATE PUBLICATION pu
CREATE PUBLICATION pu FOR TABLE t
CREATE TEXT SEARCH CONFIGURATION ts (COPY = simple)
CREATE FOREIGN DATA WRAPPER fd
CREATE EVENT TRIGGER ev ON ddl_command_start EXECUTE FUNCTION evf()
CREATE LANGUAGE la HANDLER plpgsql_call_handler
"""
# What pg_dump shows when the database is created with it; what a copy is made with.
SEEN_ELSEWHERE = (
    "ALTER DATABASE {database} SET work_mem = '7MB'",
    "ALTER ROLE CURRENT_USER IN DATABASE {database} SET work_mem = '7MB'",
    "ALTER DATABASE {database} SET search_path = s, public",
    "GRANT CREATE ON DATABASE {database} TO {role}",
    "ALTER DATABASE {database} OWNER TO {role}",
    "REFRESH MATERIALIZED VIEW m WITH NO DATA",
)
UNSEEN = (
    "INSERT INTO t VALUES (1)",
    "SELECT nextval('q')",
    "ANALYZE",
    "CREATE TABLE new (); DROP TABLE new",
    "ALTER TABLE t ADD new int; ALTER TABLE t DROP new",
    "CREATE TEMP TABLE new (id int PRIMARY KEY)",
    "TRUNCATE t CASCADE",
    "REINDEX TABLE t",
)


class Schema:
    """A database with something of everything, and what tells it from another."""

    def __init__(self, project: Project) -> None:
        self.project, self.role = project, project.url.rpartition("/")[2] + "_role"
        self.database = project.url.rpartition("/")[2]
        project.query(BEGUN.format(role=self.role))
        project.query("CREATE FUNCTION evf() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")

    def change(self, statement: str) -> None:
        """Execute a statement."""
        for each in statement.format(role=self.role, database=self.database).split("; "):
            self.project.execute(each)

    def digest(self) -> str | None:
        """Return what is compared."""
        with closing(connect(Target(parse_url(self.project.url)), "test")) as connection:
            return alike(connection)

    def dump(self) -> str:
        """Return the digest of what pg_dump says."""
        target = Target(parse_url(self.project.url))
        with closing(connect(target, "test")) as connection:
            tools = Tools(self.project._run, str(self.project.scratch_files))
            return reader(connection, tools, ()).take(target).digest()


@pytest.fixture
def schema(project: Project) -> Iterator[Schema]:
    """Return a schema with something of everything."""
    made = Schema(project)
    yield made
    project.execute("DROP OWNED BY %s CASCADE" % made.role)
    project.execute("ALTER DATABASE %s OWNER TO CURRENT_USER" % made.database)
    project.execute("REVOKE ALL ON DATABASE %s FROM %s" % (made.database, made.role))
    project.execute("DROP ROLE %s" % made.role)


@pytest.mark.parametrize("statement", SEEN.strip().splitlines())
def test_what_a_dump_shows_is_seen(schema: Schema, statement: str) -> None:
    before, dumped = schema.digest(), schema.dump()
    schema.change(statement)
    assert before is not None
    assert schema.dump() != dumped, "the case tells nothing"
    assert schema.digest() != before


@pytest.mark.parametrize("statement", SEEN_ELSEWHERE)
def test_what_the_database_is_made_with_is_seen(schema: Schema, statement: str) -> None:
    before = schema.digest()
    schema.change(statement)
    assert schema.digest() != before


@pytest.mark.parametrize("statement", UNSEEN)
def test_what_is_no_schema_is_not_seen(schema: Schema, statement: str) -> None:
    before, dumped = schema.digest(), schema.dump()
    schema.change(statement)
    assert schema.dump() == dumped, "the case tells nothing"
    assert schema.digest() == before


def test_two_databases_that_came_by_different_ways_to_the_same(many: Many) -> None:
    first, second = many.make("a", "b")
    many.query(second, "CREATE TABLE t (gone int, id int); ALTER TABLE t DROP gone; CREATE TABLE x (); DROP TABLE x")
    many.query(second, "ALTER TABLE t ADD PRIMARY KEY (id); CREATE VIEW v AS SELECT id FROM t")
    many.query(first, "CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT id FROM t")
    found = []
    for name in (first, second):
        with closing(connect(Target({**parse_url(many.project.url), "dbname": name}), "test")) as connection:
            found.append(alike(connection))
    assert found[0] is not None
    assert found[0] == found[1]


def test_of_databases_that_are_still_to_be_made_no_row_is_asked(many: Many) -> None:
    (there,) = many.make("a")
    many.project.write(v1="CREATE TABLE a (id int)", v2=NOBODY_CAN_LOOK)
    result = many.migrate([there, there + "_x", there + "_y"], checking=True, prechecks="required")
    assert (result["counts"]["changed"], result["counts"]["failed"]) == (3, 0)

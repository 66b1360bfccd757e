"""Drift between two runs: told by object with the way back, and accepted with who and why."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.accept_drift import Accepting
from ansible_collections.pgops.migrations.plugins.module_utils.commands.drift_check import DriftCheck
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.commands.mark import MarkRequest, mark
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import lock
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.model import State

from .conftest import Project

SCHEMA = """
CREATE SCHEMA "a b";
CREATE TABLE "a b"."T x" (id int PRIMARY KEY, "Na me" text DEFAULT 'x' NOT NULL, v int CONSTRAINT "v, c" CHECK (v > 0));
CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES "a b"."T x" (id), note text);
CREATE INDEX c_t ON c (t);
CREATE VIEW v AS SELECT id FROM c;
CREATE FUNCTION f(a int DEFAULT 3, VARIADIC b text[] DEFAULT '{}') RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER "t r" BEFORE INSERT ON "a b"."T x" FOR EACH ROW EXECUTE PROCEDURE tf();
CREATE POLICY po ON c USING (true);
CREATE TYPE e AS ENUM ('a', 'b');
CREATE SEQUENCE s;
COMMENT ON TABLE c IS 'it''s';
GRANT SELECT ON c TO PUBLIC;
"""

# What somebody does by hand → the objects that are told, whose way back leads to the schema that was there.
BY_HAND = {
    "a table": ('CREATE TABLE "by hand" (x int)', [("table", "added")]),
    "a table less": ('DROP TABLE c CASCADE; CREATE VIEW "a b".v AS SELECT 1 AS one', None),
    "a column": ('ALTER TABLE "a b"."T x" ADD COLUMN "so, on" text DEFAULT \'a, b\'', [("table", "changed")]),
    "a column less": ("ALTER TABLE c DROP COLUMN note", [("table", "changed")]),
    "a column of another type": ("ALTER TABLE c ALTER COLUMN note TYPE varchar(10)", [("table", "changed")]),
    "NOT NULL": ("ALTER TABLE c ALTER COLUMN note SET NOT NULL", [("table", "changed")]),
    "no NOT NULL": ('ALTER TABLE "a b"."T x" ALTER COLUMN "Na me" DROP NOT NULL', [("table", "changed")]),
    "a default": ("ALTER TABLE c ALTER COLUMN note SET DEFAULT 'x'", [("table", "changed")]),
    "no default": ('ALTER TABLE "a b"."T x" ALTER COLUMN "Na me" DROP DEFAULT', [("table", "changed")]),
    "a check": ("ALTER TABLE c ADD CONSTRAINT small CHECK (t < 7)", [("table", "changed")]),
    "a check less": ('ALTER TABLE "a b"."T x" DROP CONSTRAINT "v, c"', [("table", "changed")]),
    "a default of a sequence": ("ALTER TABLE c ALTER COLUMN id SET DEFAULT nextval('s')", [("table", "changed")]),
    "an index": ('CREATE UNIQUE INDEX "by hand" ON "a b"."T x" (v)', [("index", "added")]),
    "an index less": ("DROP INDEX c_t", [("index", "removed")]),
    "another index": ("DROP INDEX c_t; CREATE INDEX c_t ON c (t, note)", [("index", "changed")]),
    "a foreign key less": ("ALTER TABLE c DROP CONSTRAINT c_t_fkey", [("fk constraint", "removed")]),
    "a unique constraint": ('ALTER TABLE c ADD CONSTRAINT "u q" UNIQUE (note)', [("constraint", "added")]),
    "a view": ("CREATE VIEW w AS SELECT 1 AS one", [("view", "added")]),
    "another view": ("CREATE OR REPLACE VIEW v AS SELECT id, note FROM c", [("view", "changed")]),
    "a function": ("CREATE FUNCTION g(x int, y text DEFAULT 'a') RETURNS int LANGUAGE sql AS 'SELECT 1'", None),
    "another function": (
        "CREATE OR REPLACE FUNCTION f(a int DEFAULT 3, VARIADIC b text[] DEFAULT '{}') RETURNS int LANGUAGE sql "
        "AS 'SELECT 2'",
        [("function", "changed")],
    ),
    "a trigger": (
        'CREATE TRIGGER more AFTER UPDATE OF v ON "a b"."T x" FOR EACH ROW EXECUTE PROCEDURE tf()',
        [("trigger", "added")],
    ),
    "a trigger less": ('DROP TRIGGER "t r" ON "a b"."T x"', [("trigger", "removed")]),
    "a policy": ("CREATE POLICY more ON c FOR SELECT USING (id > 0)", [("policy", "added")]),
    "row security": ("ALTER TABLE c ENABLE ROW LEVEL SECURITY", [("row security", "added")]),
    "a comment": ("COMMENT ON COLUMN c.note IS 'what IS it'", [("comment", "added")]),
    "another comment": ("COMMENT ON TABLE c IS 'x'", [("comment", "changed")]),
    "a type": ("CREATE TYPE more AS (x int)", [("type", "added")]),
    "a schema": ('CREATE SCHEMA "x y"', [("schema", "added")]),
    "a sequence": ("CREATE SEQUENCE more", [("sequence", "added")]),
    "a rule": ("CREATE RULE ru AS ON INSERT TO v DO INSTEAD NOTHING", [("rule", "added")]),
    "an identity": ("ALTER TABLE c ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY", None),
    "a right": ('GRANT INSERT, UPDATE ON "a b"."T x" TO PUBLIC', [("acl", "added")]),
    "a right less": ("REVOKE SELECT ON c FROM PUBLIC", [("acl", "removed")]),
    "another right": ("GRANT INSERT ON c TO PUBLIC", [("acl", "changed")]),
    "statistics": ("CREATE STATISTICS st ON id, t FROM c", [("statistics", "added")]),
}
# What has no way back, since two schemas don't tell it.
NO_WAY_BACK = {
    "a value of an enum": ("ALTER TYPE e ADD VALUE 'c'", "type"),
    "a sequence's step": ("ALTER SEQUENCE s INCREMENT BY 7", "sequence"),
    "unlogged": ("ALTER TABLE c SET UNLOGGED", "table"),
}


def tools_of(project: Project) -> Tools:
    return Tools(project._run, str(project.scratch_files))


def look(project: Project, target: Any = None, **options: Any) -> DriftCheck:
    """Return what a look for drift shows.

    :param target: as whom; None: as the project's own role.
    """
    table = parse_name("schema_migrations", "history_table")
    request = InfoRequest(target or project.target, (str(project.directory),), table, check_drift=True, **options)
    found = info(request, tools_of(project)).drift
    assert found is not None
    return found


def accept(project: Project, reason: str, *versions: str, checking: bool = False) -> Accepting:
    """Take the live schema as known."""
    accepting = Accepting(reason, tools_of(project))
    table = parse_name("schema_migrations", "history_table")
    place = (project.target, (str(project.directory),), table, versions, State.APPLIED)
    mark(MarkRequest(*place, checking=checking), None, accepting)
    return accepting


@pytest.fixture
def shop(project: Project) -> Project:
    """A database with a little of everything, as a run has left it."""
    project.write(v1=SCHEMA)
    project.migrate()
    return project


def test_no_drift_is_told_as_such(shop: Project) -> None:
    found = look(shop)
    assert (found.state, found.reason, found.diff, found.objects) == ("same", None, "", ())
    assert found.since


@pytest.mark.parametrize("name", BY_HAND)
def test_the_way_back_leads_back(shop: Project, name: str) -> None:
    statement, expected = BY_HAND[name]
    shop.query(statement)
    found = look(shop)
    assert found.state == "drifted"
    if expected is not None:
        assert [(each.type, each.change) for each in found.objects] == expected
    assert all(each.diff.startswith("--- before\n+++ after\n@@") for each in found.objects)
    statements = [each.way_back for each in found.objects]
    assert None not in statements
    # What hangs on a table that was made by hand goes with it.
    with closing(psycopg2.connect(shop.url)) as connection, connection.cursor() as cursor:
        for each in [*statements, *statements]:
            try:
                cursor.execute("SAVEPOINT s")
                cursor.execute(each)
            except psycopg2.Error:
                cursor.execute("ROLLBACK TO SAVEPOINT s")
        connection.commit()
    again = look(shop)
    assert again.state == "same" or _order_only(again), again.diff


def _order_only(found: DriftCheck) -> bool:
    """Return whether all that is left is the order of columns: a column comes back as the last."""
    lines = [line for line in found.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    removed = sorted(line[1:].rstrip(",") for line in lines if line.startswith("-"))
    added = sorted(line[1:].rstrip(",") for line in lines if line.startswith("+"))
    return removed == added


@pytest.mark.parametrize("name", NO_WAY_BACK)
def test_what_can_t_be_known_is_not_made_up(shop: Project, name: str) -> None:
    statement, kind = NO_WAY_BACK[name]
    shop.execute(statement)
    found = look(shop)
    assert [(each.type, each.way_back) for each in found.objects if each.type == kind] == [(kind, None)]


def test_losses_are_told_in_the_way_back(shop: Project) -> None:
    shop.query("CREATE TABLE by_hand (x int)")
    shop.query("ALTER TABLE c ADD COLUMN more int")
    added, changed = sorted(look(shop).objects, key=lambda each: each.change)
    assert (added.schema, added.name) == ("public", "by_hand")
    assert added.way_back == "-- What is in it now goes with it.\nDROP TABLE public.by_hand;"
    assert changed.way_back == "-- What is in it now goes with it.\nALTER TABLE public.c DROP COLUMN more;"


def test_the_look_writes_nothing(shop: Project) -> None:
    shop.query("CREATE TABLE by_hand (x int)")
    shop.execute(f'ALTER DATABASE "{shop.target.name}" SET default_transaction_read_only = on')
    assert look(shop).state == look(shop).state == "drifted"


def test_no_run_yet_is_not_known(project: Project) -> None:
    found = look(project)
    assert found.state == "unknown"
    assert "no run has left a snapshot" in str(found.reason)


def test_a_mark_leaves_it_unknown(shop: Project) -> None:
    shop.write(v2="SELECT 1")
    table = parse_name("schema_migrations", "history_table")
    mark(MarkRequest(shop.target, (str(shop.directory),), table, ("2",), State.APPLIED))
    found = look(shop)
    assert (found.state, found.objects) == ("unknown", ())
    assert "the history was written after the snapshot" in str(found.reason)


def test_a_run_at_work_is_no_drift(shop: Project) -> None:
    shop.query("CREATE TABLE by_hand (x int)")
    with closing(psycopg2.connect(shop.url)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [lock.KEY])
        found = look(shop)
    assert found.state == "unknown"
    assert "a run is at work" in str(found.reason)


def test_a_snapshot_that_is_none_is_not_known(shop: Project) -> None:
    shop.query("UPDATE schema_migrations_snapshot SET body = 'x', digest = 'y'")
    assert look(shop).state == "unknown"


def test_accepted_drift_is_told_no_more(shop: Project) -> None:
    shop.query("CREATE TABLE by_hand (x int)")
    accepting = accept(shop, "built on a bad night")
    assert accepting.written
    assert accepting.found is not None
    assert [each.name for each in accepting.found.objects] == ["by_hand"]
    assert look(shop).state == "same"
    assert shop.query(
        "SELECT event, version, detail, done_by = session_user FROM schema_migrations_log"
        " WHERE event = 'drift_accepted'"
    ) == [("drift_accepted", None, "built on a bad night", True)]
    shop.write(v2="CREATE TABLE two (x int)")
    report = shop.migrate()
    assert report.drift is None
    assert report.warnings == ()


def test_accepting_twice_writes_once(shop: Project) -> None:
    shop.query("CREATE TABLE by_hand (x int)")
    accept(shop, "first")
    logged = shop.query("SELECT count(*) FROM schema_migrations_log")
    assert not accept(shop, "second").written
    assert shop.query("SELECT count(*) FROM schema_migrations_log") == logged


def test_accepting_in_check_mode_writes_nothing(shop: Project) -> None:
    shop.query("CREATE TABLE by_hand (x int)")
    logged = shop.query("SELECT count(*) FROM schema_migrations_log")
    assert accept(shop, "why", checking=True).written
    assert shop.query("SELECT count(*) FROM schema_migrations_log") == logged
    assert look(shop).state == "drifted"


def test_a_change_by_hand_is_marked_and_accepted_at_once(shop: Project) -> None:
    shop.query("CREATE TABLE by_hand (x int)")
    shop.write(v2="CREATE TABLE by_hand (x int)")
    accept(shop, "it is a migration now", "2")
    assert shop.applied() == ["1", "2"]
    assert look(shop).state == "same"


def test_a_mark_with_nothing_to_accept_keeps_the_snapshot_with_its_history(shop: Project) -> None:
    shop.write(v2="SELECT 1")
    assert not accept(shop, "nothing", "2").written
    assert look(shop).state == "same"


def test_what_is_not_known_is_known_once_accepted(shop: Project) -> None:
    shop.query("UPDATE schema_migrations_snapshot SET pg_dump = 7")
    assert "version 7" in str(look(shop).reason)
    assert accept(shop, "a new pg_dump").written
    assert look(shop).state == "same"


def test_nothing_is_accepted_without_a_history(project: Project) -> None:
    with pytest.raises(MigrationError) as caught:
        accept(project, "why")
    assert caught.value.kind == "conflict"
    assert "baseline_version" in str(caught.value.hint)


def test_who_may_not_read_the_snapshot_is_told_so(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    project.migrate()
    role = f"looker_{os.getpid()}"
    project.execute(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON schema_migrations, schema_migrations_log TO {role}")
    try:
        target = project.target.__class__({**project.target.params, "user": role})
        with pytest.raises(MigrationError, match="permission denied for table schema_migrations_snapshot") as caught:
            look(project, target)
        assert caught.value.kind == "privilege"
        assert "Grant that right" in str(caught.value.hint)
    finally:
        project.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")

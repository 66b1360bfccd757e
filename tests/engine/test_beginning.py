# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first run on a database: is it the right one, is it empty, was it migrated before?"""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done

THERE = {
    "a table": ("CREATE TABLE old (a int)", "table public.old"),
    "a table with an odd name": ('CREATE TABLE "O l%d" (a serial)', 'table public."O l%d"'),
    "a view": ("CREATE VIEW v AS SELECT 1 AS a", "view public.v"),
    "a function": ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function public.f"),
    "a type": ("CREATE TYPE mood AS ENUM ('good')", "type public.mood"),
    "a sequence": ("CREATE SEQUENCE s", "sequence public.s"),
    "in another schema": ("CREATE SCHEMA b; CREATE TABLE b.t (a int)", "table b.t"),
    "many": ("; ".join(f"CREATE TABLE t{number} (a int)" for number in range(8)), "and 3 more"),
}


@pytest.mark.parametrize("name", THERE)
def test_a_database_that_is_not_empty_is_refused_before_anything_is_touched(project: Project, name: str) -> None:
    statement, said = THERE[name]
    project.query(statement)
    project.write(v1="CREATE TABLE a (x int)")
    before = project.tables()
    for run in (project.migrate, project.check):
        with pytest.raises(MigrationError, match="has no history of migrations, and isn't empty") as caught:
            run(on_nonempty="fail")
        assert caught.value.kind == "nonempty"
        assert said in caught.value.message
        assert "baseline_version" in str(caught.value.hint)
    assert project.tables() == before
    assert said in project.check(on_nonempty="warn").warnings[0]
    assert project.migrate(on_nonempty="ignore").warnings == ()


EMPTY = {
    "nothing": "SELECT 1",
    "an empty schema": "CREATE SCHEMA b",
    "an extension": "CREATE EXTENSION citext; CREATE EXTENSION pg_stat_statements",
    "a grant": "GRANT USAGE ON SCHEMA public TO PUBLIC; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
}


@pytest.mark.parametrize("name", EMPTY)
def test_what_does_not_count(project: Project, name: str) -> None:
    project.query(EMPTY[name])
    project.write(v1="CREATE TABLE a (x int)")
    assert done(project.migrate(on_nonempty="fail")) == ["1"]


def test_it_is_not_asked_where_a_history_is(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2="SELECT nonsense")
    with pytest.raises(MigrationError, match="nonsense"):
        project.migrate(on_nonempty="fail")
    project.write(v2="SELECT 1")
    assert done(project.migrate(on_nonempty="fail")) == ["2"]
    other = project.directory.parent / "other"
    other.mkdir()
    (other / "1_x.up.sql").write_text("CREATE TABLE b (x int);")
    sibling = {"directories": (str(other),), "history_table": "other_history"}
    assert done(project.migrate(on_nonempty="fail", **sibling)) == ["1"]


def test_a_script_that_was_cut_off_at_first_is_a_history(project: Project) -> None:
    project.write(v1="-- no-transaction\nCREATE TABLE a (x int);\nSELECT nonsense;")
    with pytest.raises(MigrationError, match="nonsense"):
        project.migrate(on_nonempty="fail")
    project.write(v1="-- no-transaction\nCREATE TABLE a (x int);\nSELECT 1;")
    assert done(project.migrate(on_nonempty="fail", on_interrupted="retry")) == ["1"]


def test_a_baseline_counts_until_the_history_has_begun(project: Project) -> None:
    project.query("CREATE TABLE a (x int)")
    project.write(v1="CREATE TABLE a (x int)", v2="SELECT nonsense")
    with pytest.raises(MigrationError, match='relation "a" already exists'):
        project.migrate()
    project.write(v2="CREATE TABLE b (x int)")
    assert done(project.migrate(baseline_version="1", on_nonempty="fail")) == ["2"]
    project.write(v3="SELECT 1")
    # Now it has begun: another baseline means nothing any more.
    assert done(project.migrate(baseline_version="3")) == ["3"]


def test_a_history_that_is_lost_stops_the_run(project: Project) -> None:
    project.write(v1="CREATE TABLE IF NOT EXISTS a (x int)")
    project.migrate()
    project.query("DROP TABLE schema_migrations")
    for options in ({}, {"baseline_version": "1"}):
        with pytest.raises(MigrationError, match="schema_migrations is gone, and its log") as caught:
            project.migrate(**options)
        assert caught.value.kind == "history_lost"
    project.query("DROP TABLE schema_migrations_log")
    assert done(project.migrate()) == ["1"]

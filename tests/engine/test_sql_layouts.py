"""SQL directories in the layouts of other tools, applied and rolled back as they are."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies
from ansible_collections.pgops.migrations.plugins.module_utils.planning.variables import Variables

from .conftest import Project, done

FUNCTION = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN 1;\nEND;\n$$;"

LAYOUTS: dict[str, dict[str, str]] = {
    "sql": {
        "1_a.up.sql": "CREATE TABLE a (x int);",
        "1_a.down.sql": "DROP TABLE a;",
        "2_b.up.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (x);\nCREATE TABLE b (x int)",
        "2_b.down.sql": "DROP INDEX i; DROP TABLE b",
        "3_f.up.sql": FUNCTION,
        "3_f.down.sql": "DROP FUNCTION f()",
    },
    "sql_plain": {
        "1_a.sql": "CREATE TABLE a (x int);",
        "2_b.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON a (x);\nCREATE TABLE b (x int)",
        "3_f.sql": FUNCTION,
    },
    "dbmate": {
        "1_a.sql": "-- migrate:up\nCREATE TABLE a (x int);\n\n-- migrate:down\nDROP TABLE a;\n",
        "2_b.sql": "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (x);\nCREATE TABLE b (x int);\n"
        "-- migrate:down\nDROP INDEX i;\nDROP TABLE b;\n",
        "3_f.sql": f"-- a comment first\n-- migrate:up\n{FUNCTION}\n-- migrate:down\nDROP FUNCTION f();\n",
    },
    "goose": {
        "00001_a.sql": "-- +goose Up\nCREATE TABLE a (x int);\n\n-- +goose Down\nDROP TABLE a;\n",
        "00002_b.sql": "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY i ON a (x);\n"
        "-- +goose StatementBegin\nDO $$ BEGIN CREATE TABLE b (x int); END $$;\n-- +goose StatementEnd\nSELECT 1;\n"
        "-- +goose Down\nDROP INDEX i;\nDROP TABLE b;\n",
        "00003_f.sql": f"-- +goose Up\n-- +goose StatementBegin\n{FUNCTION}\n-- +goose StatementEnd\n"
        "-- +goose Down\nDROP FUNCTION f();\n",
    },
    "diesel": {
        "2019-02-26-002946_a/up.sql": "CREATE TABLE a (x int);",
        "2019-02-26-002946_a/down.sql": "DROP TABLE a;",
        "2019-02-27-000000_b/up.sql": "CREATE INDEX CONCURRENTLY i ON a (x);\nCREATE TABLE b (x int);",
        "2019-02-27-000000_b/down.sql": "DROP INDEX CONCURRENTLY i;\nDROP TABLE b;",
        "2019-02-27-000000_b/metadata.toml": "run_in_transaction = false\n",
        "2019-02-28-000000_f/up.sql": FUNCTION,
        "2019-02-28-000000_f/down.sql": "DROP FUNCTION f();",
    },
    "node_pg_migrate": {
        "1_a.sql": "-- Up Migration\nCREATE TABLE a (x int);\n\n-- Down Migration\nDROP TABLE a;\n",
        "2_b.sql": "-- down migration\nDROP INDEX i;\nDROP TABLE b;\n"
        "  ---- UP MIGRATION: begins\nCREATE INDEX i ON a (x);\nCREATE TABLE b (x int);\n",
        "3_f.sql": f"-- a comment first\n\n-- Up Migration\n{FUNCTION}\n-- Down Migration\nDROP FUNCTION f();\n",
    },
    "sql_migrate": {
        "1-a.sql": "-- +migrate Up\nCREATE TABLE a (x int);\n\n-- +migrate Down\nDROP TABLE a;\n",
        "2-b.sql": "-- +migrate Up notransaction\nCREATE INDEX CONCURRENTLY i ON a (x);\n"
        "-- +migrate StatementBegin\nDO $$ BEGIN CREATE TABLE b (x int); END $$;\n-- +migrate StatementEnd\nSELECT 1;\n"
        "-- +migrate Down notransaction\nDROP INDEX CONCURRENTLY i;\nDROP TABLE b;\n",
        "3-f.sql": f"-- +migrate Up\n-- +migrate StatementBegin\n{FUNCTION}\n-- +migrate StatementEnd\n"
        "-- +migrate Down\nDROP FUNCTION f();\n",
    },
    "tern": {
        "001_a.sql": "CREATE TABLE a (x int);\n\n---- create above / drop below ----\n\nDROP TABLE a;\n",
        "002_b.sql": "---- tern: disable-tx ----\nCREATE INDEX CONCURRENTLY i ON a (x);\nCREATE TABLE b (x int);\n"
        "---- create above / drop below ----\nDROP INDEX CONCURRENTLY i;\nDROP TABLE b;\n",
        "003_f.sql": f"{FUNCTION}\n---- create above / drop below ----\nDROP FUNCTION f();\n",
    },
    "prisma": {
        "20240101000000_a/migration.sql": "CREATE TABLE a (x int);",
        "20240101000000_a/down.sql": "DROP TABLE a;",
        "20240101000000_b/migration.sql": "-- CreateIndex\nCREATE INDEX CONCURRENTLY i ON a (x);\n",
        "20240101000000_b/down.sql": "DROP INDEX CONCURRENTLY i;",
        "20240102_f/migration.sql": FUNCTION + "CREATE TABLE b (x int);",
        "20240102_f/down.sql": "DROP FUNCTION f(); DROP TABLE b;",
        "migration_lock.toml": 'provider = "postgresql"\n',
    },
    "drizzle": {
        "0000_a.sql": "CREATE TABLE a (x int);",
        "0001_b.sql": "CREATE INDEX i ON a (x);--> statement-breakpoint\nCREATE TABLE b (x int);\n",
        "0002_f.sql": FUNCTION,
        "meta/_journal.json": '{"version": "7", "dialect": "postgresql", "entries": ['
        '{"idx": 0, "version": "7", "when": 1700000000000, "tag": "0000_a", "breakpoints": true},'
        '{"idx": 1, "version": "7", "when": 1700000000001, "tag": "0001_b", "breakpoints": true},'
        '{"idx": 2, "version": "7", "when": 1700000000002, "tag": "0002_f", "breakpoints": true}]}',
    },
    "flyway": {
        "V1__a.sql": "CREATE TABLE a (x int);",
        "U1__a.sql": "DROP TABLE a;",
        "V1_2__b.sql": "CREATE INDEX CONCURRENTLY i ON a (x);\nCREATE TABLE b (x int);",
        "U1_2__b.sql": "DROP INDEX i;\nDROP TABLE b;",
        "V1.10__f.sql": FUNCTION,
        "U1.10__f.sql": "DROP FUNCTION f();",
    },
}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_a_layout_goes_up_down_and_up_again(project: Project, kind: str) -> None:
    for name, text in LAYOUTS[kind].items():
        project.file(name, text)
    checked = project.check()
    first = project.migrate(with_diff=True)
    assert {outcome.step.script.kind for outcome in first.progress.done} == {kind}
    assert (len(done(first)), checked.diffs) == (3, first.diffs)
    assert project.query("SELECT f()") == [(1,)]
    assert project.tables() == ["a", "b"]
    assert project.query("SELECT indexname FROM pg_indexes WHERE indexname = 'i'") == [("i",)]
    assert project.migrate().plan.steps == ()
    if kind in ("sql_plain", "drizzle"):
        return
    assert len(done(project.migrate(state="rolled_back", version="0"))) == 3
    assert project.tables() == []
    assert done(project.migrate()) == done(first)
    assert {proof.verdict.value for proof in _proofs(project)} == {"reversible"}


def _proofs(project: Project) -> tuple[object, ...]:
    project.migrate(state="rolled_back", version="0")
    return project.migrate(state="tested").proofs  # type: ignore[return-value]


def test_flyways_parts_compare_as_numbers(project: Project) -> None:
    for version in ("1", "1.10", "1_2", "2.0", "1.2.1"):
        project.file(f"V{version}__x.sql", "SELECT 1")
    assert done(project.migrate()) == ["1", "1_2", "1.2.1", "1.10", "2.0"]


def test_flyways_repeatable_scripts_run_last_and_again_when_they_change(project: Project) -> None:
    project.file("R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one")
    project.file("R__b view.sql", "CREATE OR REPLACE VIEW w AS SELECT 1 AS one")
    project.file("V1__x.sql", "CREATE TABLE a (x int)")
    report = project.migrate()
    assert done(report) == ["1", "R__b view", "R__view"]
    assert project.migrate().plan.steps == ()
    project.file("R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one, 2 AS two")
    assert done(project.check()) == ["R__view"]
    assert done(project.migrate()) == ["R__view"]
    assert project.query("SELECT two FROM v") == [(2,)]
    assert sorted(project.applied()) == ["1", "R__b view", "R__view"]
    assert str(project.migrate().plan.latest) == "1"


BAD: dict[str, tuple[dict[str, str], list[str]]] = {
    "dbmate: no up": ({"1_a.sql": "-- migrate:down\nDROP TABLE a;"}, ["1_a.sql", "migrate:up"]),
    "dbmate: two ups": ({"1_a.sql": "-- migrate:up\nSELECT 1;\n-- migrate:up\n"}, ["line 3", "second"]),
    "dbmate: SQL before": ({"1_a.sql": "SELECT 1;\n-- migrate:up\nSELECT 1;"}, ["line 1", "never run"]),
    "goose: no end": ({"1_a.sql": "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n"}, ["line 2", "StatementEnd"]),
    "goose: no begin": ({"1_a.sql": "-- +goose Up\nSELECT 1;\n-- +goose StatementEnd\n"}, ["line 3", "StatementBegin"]),
    "goose: another mark": ({"1_a.sql": "-- +goose ENVSUB ON\n-- +goose Up\nSELECT 1;"}, ["line 1", "ENVSUB ON"]),
    "goose: in Go": ({"1_a.sql": "-- +goose Up\nSELECT 1;", "2_b.go": "package x"}, ["2_b.go", "Go"]),
    "sql-migrate: no section": ({"1_a.sql": "-- +migrate StatementBegin\n"}, ["line 1", "+migrate Up"]),
    "sql-migrate: no end": ({"1_a.sql": "-- +migrate Up\n-- +migrate StatementBegin\nSELECT 1;\n"}, ["line 2", "End"]),
    "sql-migrate: two ups": ({"1_a.sql": "-- +migrate Up\n-- +migrate Up\n"}, ["line 2", "second"]),
    "sql-migrate: SQL before": ({"1_a.sql": "SELECT 1;\n-- +migrate Up\n"}, ["line 1", "never run"]),
    "sql-migrate: small letters": (
        {"1_a.sql": "-- +migrate Up\n-- +migrate down\n"},
        ["line 2", "+migrate down is no"],
    ),
    "tern: a template": (
        {"1_a.sql": 'SELECT 1;\n{{ template "x.sql" . }}\n---- create above / drop below ----\n'},
        ["line 2", "template"],
    ),
    "tern: no SQL above": ({"1_a.sql": "-- x\n---- create above / drop below ----\nSELECT 1;"}, ["no SQL above"]),
    "tern: more in the line": ({"1_a.sql": "SELECT 1; ---- create above / drop below ----\n"}, ["line 1", "alone"]),
    "node-pg-migrate: SQL before": ({"1_a.sql": "SELECT 1;\n-- Up Migration\n"}, ["line 1", "never run"]),
    "node-pg-migrate: no up": ({"1_a.sql": "-- Down Migration\nSELECT 1;"}, ["line 1", "without its -- Up"]),
    "node-pg-migrate: two ups": (
        {"1_a.sql": "-- Up Migration\n-- Down Migration\n\n-- Up Migration\n"},
        ["line 4", "second"],
    ),
    "node-pg-migrate: in JavaScript": ({"1_a.sql": "-- Up Migration\n", "2_b.js": ""}, ["2_b.js", "JavaScript"]),
    "tern and dbmate": (
        {"1_a.sql": "SELECT 1;\n---- create above / drop below ----\n", "2_b.sql": "-- migrate:up\n"},
        ["dbmate: 2_b.sql", "tern: 1_a.sql"],
    ),
    "Flyway: a placeholder": ({"V1__a.sql": "SELECT 1;\nSELECT '${who}';"}, ["line 2", "${who}"]),
    "an unterminated quote": ({"1_a.sql": "-- migrate:up transaction:false\nSELECT 'x;\n"}, ["line 2, column 8"]),
    "two layouts": ({"1_a.sql": "-- migrate:up\n", "2_b.sql": "-- +goose Up\n"}, ["dbmate: 1_a.sql", "goose: 2_b.sql"]),
    "a pair among folders": ({"1_a/up.sql": "", "2_b.up.sql": ""}, ["diesel: 1_a", "sql: 2_b.up.sql"]),
    "drizzle: no journal": ({"0000_a.sql": "", "meta/_journal.json": "{}"}, ["meta/_journal.json", "no journal"]),
    "drizzle: a file is gone": (
        {"0000_a.sql": "", "meta/_journal.json": '{"entries": [{"idx": 0, "tag": "0000_b"}]}'},
        ["meta/_journal.json", "lists 0000_b.sql, which isn't there"],
    ),
    "drizzle: a file isn't listed": (
        {"0000_a.sql": "", "0001_b.sql": "", "meta/_journal.json": '{"entries": [{"idx": 0, "tag": "0000_a"}]}'},
        ["0001_b.sql looks like a migration"],
    ),
    "drizzle: another order": (
        {
            "0000_a.sql": "",
            "0001_b.sql": "",
            "meta/_journal.json": '{"entries": [{"idx": 1, "tag": "0000_a"}, {"idx": 0, "tag": "0001_b"}]}',
        },
        ["0000_a stands behind 0001"],
    ),
    "Prisma: no version": (
        {"1_a/migration.sql": "SELECT 1;", "init/migration.sql": "SELECT 1;"},
        ["init has a migration.sql, and no version"],
    ),
    "Flyway: a callback": ({"V1__a.sql": "", "afterInfo.sql": ""}, ["afterInfo.sql looks like a migration"]),
    "Flyway: a configuration": (
        {"V1__a.sql": "SELECT 1", "V1__a.sql.conf": "# x\nshouldExecute=false\n"},
        ["V1__a.sql.conf, line 2", "executeInTransaction"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_of_other_layouts(project: Project, name: str) -> None:
    files, words = BAD[name]
    for file_name, text in files.items():
        project.file(file_name, text)
    with pytest.raises(MigrationError) as caught:
        project.migrate()
    assert caught.value.kind == "script_invalid"
    for word in words:
        assert word in caught.value.message
    assert project.tables() == []


ONE_WAY = {
    "node_pg_migrate": "-- Up Migration\nCREATE TABLE a (x int);\n-- Down Migration\nDROP TABLE a;",
    "tern": "CREATE TABLE a (x int);\n---- create above / drop below ----\nDROP TABLE a;",
}


@pytest.mark.parametrize("kind", ONE_WAY)
def test_a_file_without_a_mark_among_those_of_a_tool_that_needs_none(project: Project, kind: str) -> None:
    project.file("1_a.sql", ONE_WAY[kind])
    project.file("2_b.sql", "CREATE TABLE b (x int);")
    report = project.migrate()
    assert {outcome.step.script.kind for outcome in report.progress.done} == {kind}
    assert project.tables() == ["a", "b"]
    with pytest.raises(MigrationError, match="2_b has no down"):
        project.migrate(state="rolled_back", version="0")


def test_a_kind_that_is_named_settles_a_mixture(project: Project) -> None:
    project.file("1_a.sql", "-- migrate:up\nCREATE TABLE a (x int);")
    project.file("2_b.up.sql", "CREATE TABLE b (x int)")
    assert done(project.migrate(kind="dbmate")) == ["1"]
    assert project.tables() == ["a"]


POSITIONS = {
    "dbmate": ("1_a.sql", "-- migrate:up\n\nSELECT nonsense;\n-- migrate:down\n", 3, 8),
    "dbmate, outside": ("1_a.sql", "-- migrate:up transaction:false\nSELECT 1;\n\n  SELECT nonsense;\n", 4, 10),
    "goose": (
        "1_a.sql",
        "-- +goose Up\n-- +goose StatementBegin\nSELECT nonsense;\n-- +goose StatementEnd",
        3,
        8,
    ),
    "goose, outside": (
        "1_a.sql",
        "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose StatementBegin\nSELECT 2;\n"
        "-- +goose StatementEnd\nSELECT 3; SELECT nonsense;\n",
        7,
        18,
    ),
    "sql-migrate": ("1_a.sql", "-- +migrate Up\n\nSELECT nonsense;\n", 3, 8),
    "sql-migrate, outside": (
        "1_a.sql",
        "-- +migrate Up notransaction\nSELECT 1;\n-- +migrate StatementBegin\nSELECT 2;\n"
        "-- +migrate StatementEnd\nSELECT 3; SELECT nonsense;\n",
        6,
        18,
    ),
    "tern": ("1_a.sql", "SELECT 1;\nSELECT nonsense;\n---- create above / drop below ----\n", 2, 8),
    "node-pg-migrate": ("1_a.sql", "-- Down Migration\nSELECT 1;\n-- Up Migration\nSELECT nonsense;\n", 4, 8),
    "goose, in a block outside": (
        "1_a.sql",
        "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\n-- +goose StatementBegin\nSELECT\n nonsense;\n"
        "-- +goose StatementEnd\n",
        6,
        2,
    ),
}


@pytest.mark.parametrize("name", POSITIONS)
def test_an_error_says_where_in_the_file(project: Project, name: str) -> None:
    file_name, text, line, column = POSITIONS[name]
    project.file(file_name, text)
    with pytest.raises(MigrationError, match="nonsense") as caught:
        project.migrate()
    assert (caught.value.line, caught.value.column) == (line, column)


UP, DOWN = "CREATE TABLE people (id int);\n", "DROP TABLE people;\n"
# Files that a kind would run from beginning to end → what is told, and what to do.
OTHERS_MARKS: dict[str, tuple[dict[str, str], list[str], str]] = {
    "indented": (
        {"1_a.sql": f"  -- +migrate Up\n{UP}  -- +migrate Down\n{DOWN}"},
        ["1_a.sql, line 1", '"-- +migrate Up" is a mark of sql-migrate', "kind sql_plain", "both run"],
        "set kind: sql_migrate; or, if all of the file is to run as it is, set kind: sql_plain",
    ),
    "in a pair": (
        {"1_a.up.sql": f"-- +goose Up\n{UP}-- +goose Down\n{DOWN}"},
        ["1_a.up.sql, line 1", "goose", "kind sql "],
        "set kind: goose",
    ),
    "in a folder": ({"1_a/up.sql": f"-- Up\n{UP}\n-- Down\n{DOWN}"}, ["1_a/up.sql, lines 1 and 4"], "two files"),
    "Flyway's": ({"V1__a.sql": f"-- evolve-tx-off\n{UP}"}, ["line 1", "Evolve", "how the file"], "-- no-transaction"),
    "in one of two": (
        {"1_a.sql": UP, "2_b.sql": f"--liquibase formatted sql\n--changeset x:1\n{DOWN}"},
        ["2_b.sql, line 1", "Liquibase"],
        "No kind reads Liquibase's scripts",
    ),
    "in a section of another tool": (
        {"1_a.sql": f"-- migrate:up\n-- Up\n{UP}-- Down\n{DOWN}-- migrate:down\n"},
        ["1_a.sql, lines 2 and 4", "kind dbmate"],
        "two files",
    ),
}


@pytest.mark.parametrize("checking", [False, True])
@pytest.mark.parametrize("name", OTHERS_MARKS)
def test_marks_of_other_tools_are_refused(project: Project, name: str, checking: bool) -> None:
    files, words, remedy = OTHERS_MARKS[name]
    for file_name, text in files.items():
        project.file(file_name, text)
    with pytest.raises(MigrationError) as caught:
        project.migrate(checking=checking)
    assert (caught.value.kind, bool(caught.value.line)) == ("script_invalid", True)
    for word in words:
        assert word in caught.value.message
    assert remedy in str(caught.value.hint)
    assert project.query("SELECT to_regclass('people'), to_regclass('schema_migrations')") == [(None, None)]


def test_with_a_kind_that_is_named_marks_of_other_tools_are_comments(project: Project) -> None:
    project.file("1_a.sql", f"  -- +migrate Up\n{UP}  -- +migrate Down\n{DOWN}")
    project.file("2_b.sql", f"-- Up\n{UP}-- Down\n{DOWN}{UP}")
    report = project.migrate(kind="sql_plain")
    assert project.tables() == ["people"]
    (warning,) = report.warnings
    assert warning.startswith("With kind: sql_plain, marks of other tools are comments")
    assert "1_a.sql, line 1" in warning and "2_b.sql, lines 1 and 3" in warning
    assert project.migrate(kind="sql_plain").warnings == ()


def test_only_scripts_that_are_pending_are_looked_at(project: Project) -> None:
    path = project.file("1_a.sql", UP)
    project.migrate()
    path.write_text(f"-- Up\n{UP}-- Down\n{DOWN}")
    project.file("2_b.sql", "CREATE TABLE b (x int);")
    assert done(project.migrate(policies=Policies(modified="ignore"))) == ["2"]


def test_a_way_back_with_marks_is_looked_at_when_it_is_to_run(project: Project) -> None:
    project.file("1_a.up.sql", UP)
    project.file("1_a.down.sql", f"-- rambler up\n{UP}-- rambler down\n{DOWN}")
    with pytest.raises(MigrationError, match="rambler"):
        project.migrate(state="tested")
    project.migrate()
    with pytest.raises(MigrationError, match="1_a.down.sql, line 1: .* is a mark of rambler"):
        project.migrate(state="rolled_back")
    assert project.tables() == ["people"]


TEXTUAL = {
    "20240101000000_a.sql": "-- migrate:up\nCREATE TABLE a (x int);\n-- migrate:down\nDROP TABLE a;\n",
    "20240102_b.sql": "-- migrate:up\nALTER TABLE a ADD y int;\n-- migrate:down\nALTER TABLE a DROP y;\n",
    "3_c.sql": "-- migrate:up\nALTER TABLE a ADD z int;\n-- migrate:down\nALTER TABLE a DROP z;\n",
}


def test_a_tool_that_orders_versions_as_text(project: Project) -> None:
    for name, text in TEXTUAL.items():
        project.file(name, text)
    report = project.migrate(version="20240102")
    assert done(report) == ["20240101000000", "20240102"]
    assert [str(script.version) for script, dummy in report.plan.left_out] == ["3"]
    assert str(report.plan.latest) == "3"
    assert done(project.migrate()) == ["3"]
    project.file("20240103_d.sql", "-- migrate:up\nSELECT 1;\n")
    with pytest.raises(MigrationError, match="Not applied, yet below the current version.*20240103_d"):
        project.migrate(policies=Policies(out_of_order="fail"))
    report = project.migrate(state="rolled_back", version="20240101000000")
    assert [str(outcome.step.script.version) for outcome in report.progress.done] == ["3", "20240102"]


def test_a_history_in_numeric_order_keeps_it(project: Project) -> None:
    for number in (9, 10):
        project.file(f"{number}_a.sql", f"-- migrate:up\nCREATE TABLE t{number} (x int);\n")
        project.migrate()
    assert str(max(project.migrate().plan.applied)) == "10"
    project.file("11_a.sql", "-- migrate:up\nSELECT 1;\n")
    assert done(project.migrate(policies=Policies(out_of_order="fail"))) == ["11"]
    project.file("12_a.sql", "-- migrate:up\nSELECT 1;\n")
    with pytest.raises(MigrationError, match="below the current version"):
        project.migrate(policies=Policies(out_of_order="fail"), order="text")


def test_scripts_that_are_known_by_their_whole_names(project: Project) -> None:
    for name, table in (("1-a", "a"), ("1-b", "b"), ("2-c", "c")):
        project.file(
            f"{name}.sql", f"-- +migrate Up\nCREATE TABLE {table} (x int);\n-- +migrate Down\nDROP TABLE {table};\n"
        )
    assert done(project.migrate(version="1-a")) == ["1-a"]
    with pytest.raises(MigrationError, match="No script has the version 1") as caught:
        project.migrate(version="1")
    assert "Did you mean 1-" in str(caught.value.hint)
    assert done(project.migrate(version="2")) == ["1-b", "2-c"]
    assert project.applied() == ["1-a", "1-b", "2-c"]
    project.migrate(state="rolled_back", version="1-b")
    assert project.tables() == ["a", "b"]
    assert project.check().plan.findings == ()


LONE = {"sql": "1_i.up.sql", "sql_plain": "1_i.sql", "prisma": "1_i/migration.sql"}


@pytest.mark.parametrize("kind", LONE)
def test_a_statement_alone_in_a_file_that_is_sent_as_it_stands(project: Project, kind: str) -> None:
    project.query("CREATE TABLE a (x int)")
    path = project.file(LONE[kind], "-- alone\nCREATE INDEX CONCURRENTLY i ON a (x);\n")
    (outcome,) = project.migrate().progress.done
    assert outcome.step.script.kind == kind
    assert project.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass") == [(True,)]
    project.query("DROP INDEX i")
    path.write_text("CREATE INDEX CONCURRENTLY i ON a (x); SELECT 1;")
    with pytest.raises(MigrationError, match="CONCURRENTLY"):
        project.migrate(history_table="other")


def test_flyways_configuration_beside_a_script(project: Project) -> None:
    project.file("V1__a.sql", "CREATE TABLE a (x int);\nINSERT INTO a VALUES (1);\nSELECT 1/0;\n")
    project.file("V1__a.sql.conf", "# for the index\nexecuteInTransaction=false\n\n")
    with pytest.raises(MigrationError, match="division by zero"):
        project.migrate()
    assert project.query("SELECT * FROM a") == [(1,)]


def test_the_supabase_clis_directory(project: Project) -> None:
    directory = project.directory / "supabase" / "migrations"
    directory.mkdir(parents=True)
    for name, text in (("20240101000000_a.sql", UP), ("20240102_b.sql", "ALTER TABLE people ADD x int;")):
        (directory / name).write_text(text)
    report = project.migrate(directories=(str(directory),))
    assert [(str(each.step.script.version), each.step.script.kind) for each in report.progress.done] == [
        ("20240101000000", "supabase"),
        ("20240102", "supabase"),
    ]


FILLED = {
    "sql": ("1_a.up.sql", "CREATE TABLE ${table} (x int DEFAULT ${number});"),
    "sql_plain": ("1_a.sql", "-- no-transaction\nCREATE TABLE ${table} (x int);\nCREATE INDEX ON ${table} (x);"),
    "dbmate": ("1_a.sql", "-- migrate:up\nCREATE TABLE ${table} (x int);\n-- migrate:down\nDROP TABLE ${table};"),
    "goose": ("1_a.sql", "-- +goose Up\nCREATE TABLE ${table} (x int);\n"),
    "flyway": ("V1__a.sql", "CREATE TABLE ${table} (x int);\nCOMMENT ON TABLE ${table} IS '${token}';"),
    "diesel": ("1_a/up.sql", "CREATE TABLE ${table} (x int);"),
    "prisma": ("1_a/migration.sql", "CREATE TABLE ${table} (x int);"),
}
GIVEN = Variables({"table": "filled", "number": "5"}, {"token": "$1 ${table}"})


@pytest.mark.parametrize("kind", FILLED)
def test_variables_are_filled_in(project: Project, kind: str) -> None:
    path = project.file(*FILLED[kind])
    checked = project.check(variables=GIVEN)
    (outcome,) = project.migrate(variables=GIVEN).progress.done
    assert (outcome.step.script.kind, project.tables()) == (kind, ["filled"])
    assert outcome.step.script.checksum == hashlib.sha256(path.read_bytes()).hexdigest()
    assert checked.plan_digest
    if kind == "flyway":
        assert project.query("SELECT obj_description('filled'::regclass)") == [("$1 ${table}",)]


def test_a_plan_is_approved_with_its_variables(project: Project) -> None:
    project.file("1_a.up.sql", "CREATE TABLE a (x int DEFAULT ${number});")
    digest = project.check(variables=Variables({}, {"number": "1"})).plan_digest
    with pytest.raises(MigrationError, match="the scripts or what is pending, or the values of variables"):
        project.migrate(variables=Variables({}, {"number": "2"}), expect=digest)
    assert project.tables() == []
    assert done(project.migrate(variables=Variables({}, {"number": "1"}), expect=digest)) == ["1"]


WRONG = {
    "no value": ("CREATE TABLE a (x int);\nSELECT '${nobody}';", "1_a.up.sql, line 2: ${nobody} has no value"),
    "no variable": ("SELECT 1;\n\nSELECT ${ 1;", "1_a.up.sql, line 3: ${ 1; is no variable"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_variables(project: Project, name: str) -> None:
    text, told = WRONG[name]
    project.file("1_a.up.sql", text)
    for checking in (True, False):
        with pytest.raises(MigrationError) as caught:
            project.migrate(variables=Variables({}, {}), checking=checking)
        assert told in caught.value.message and caught.value.kind == "script_invalid"
    assert project.tables() == []


def test_a_placeholder_of_flyways_in_a_function(project: Project) -> None:
    project.file("V1__a.sql", "-- ${nobody}\nSELECT ${number};\nDO $$ BEGIN\nPERFORM '${number}'; END $$;")
    with pytest.raises(
        MigrationError, match=r"V1__a.sql, line 4: \${number} is a placeholder, and nothing is filled in"
    ):
        project.migrate(variables=GIVEN)


def test_a_secret_is_told_nowhere(project: Project) -> None:
    project.file("1_a.up.sql", "SELECT '${token}'::int;")
    for checking in (True, False):
        with pytest.raises(MigrationError, match="invalid input syntax") as caught:
            project.migrate(variables=Variables({}, {"token": "hunter2", "empty": ""}), checking=checking)
        assert "hunter2" not in caught.value.message and "********" in caught.value.message
    ((log,),) = project.query("SELECT string_agg(l::text, ' ') FROM schema_migrations_log l")
    assert "failed" in log and "hunter2" not in log


def test_without_variables_nothing_is_filled_in(project: Project) -> None:
    project.file("1_a.up.sql", "CREATE TABLE a (x text DEFAULT '${nobody}');")
    project.migrate()
    assert project.query("INSERT INTO a DEFAULT VALUES RETURNING x") == [("${nobody}",)]

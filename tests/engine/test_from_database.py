"""A schema written as a migration: applied to an empty database, it is the same schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.generate import (
    GenerateRequest,
    Source,
    generate,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop" / "migrations"

EVERYTHING = r"""
CREATE SCHEMA app;
COMMENT ON SCHEMA app IS 'a comment; with '' and $$';
CREATE TYPE app.state AS ENUM ('open', 'it''s done');
CREATE TYPE app.pair AS (a int, b text);
CREATE TYPE app.span AS RANGE (subtype = float8);
CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
CREATE SEQUENCE app.counter START 7 INCREMENT 3;
CREATE COLLATION app.plain (locale = 'C');
SET check_function_bodies = false;
CREATE FUNCTION app.later() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM app.users';
CREATE TABLE app.users (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL DEFAULT 'a; b' COLLATE app.plain,
    "odd ""name"" 100 %" int,
    double_id int GENERATED ALWAYS AS (7 * 2) STORED,
    state app.state DEFAULT 'open',
    age app.positive,
    during tstzrange,
    EXCLUDE USING gist (during WITH &&)
);
CREATE TABLE app.orders (id serial PRIMARY KEY, user_id int REFERENCES app.users ON DELETE CASCADE);
CREATE UNIQUE INDEX ON app.users (lower(name)) WHERE age > 3;
CREATE TABLE app.parts (day date NOT NULL, x int) PARTITION BY RANGE (day);
CREATE TABLE app.parts_1 PARTITION OF app.parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE INDEX ON app.parts (x);
CREATE TABLE app.child (extra int) INHERITS (app.orders);
CREATE VIEW app.v AS SELECT id, name FROM app.users WHERE name LIKE '100 %';
CREATE MATERIALIZED VIEW app.m AS SELECT count(*) AS n FROM app.users;
CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    -- Name: x; Type: TABLE; Schema: public
    RETURN NEW;
END;
$body$;
CREATE FUNCTION app.twice(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC; SELECT x * 2; END;
CREATE PROCEDURE app.nothing() LANGUAGE sql AS '';
CREATE AGGREGATE app.total(int) (sfunc = int4pl, stype = int);
CREATE OPERATOR app.### (leftarg = int, rightarg = int, function = int4pl);
CREATE CAST (app.pair AS text) WITH INOUT;
CREATE TRIGGER touch BEFORE UPDATE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch();
CREATE RULE quiet AS ON DELETE TO app.v DO INSTEAD NOTHING;
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.users USING (name = current_user);
CREATE STATISTICS app.stat ON id, name FROM app.users;
CREATE PUBLICATION pub FOR TABLE app.users;
CREATE FUNCTION app.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION app.watch();
COMMENT ON COLUMN app.users.name IS E'two\nlines';
GRANT SELECT (name), UPDATE ON app.users TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC;
CREATE TEXT SEARCH CONFIGURATION app.simple_copy (COPY = pg_catalog.simple);
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER far FOREIGN DATA WRAPPER nowhere;
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS ("user" 'bob', password 's3cret');
CREATE FOREIGN TABLE app.f (a int) SERVER far;
"""


def request(project: Project, directory: Path, **more: Any) -> GenerateRequest:
    source = Source(Target(parse_url(project.url)), parse_name("schema_migrations", "history_table"))
    return GenerateRequest(str(directory), "as it was", source=source, **more)


@pytest.fixture
def other(project: Project, any_server: Any) -> Iterator[Project]:
    """Return the same project on another, empty database."""
    url = any_server.create_database("from_database")
    other = Project.__new__(Project)
    other.__dict__.update(project.__dict__, url=url)
    yield other
    any_server.drop_database("from_database")


def everything(project: Project) -> None:
    project.file("1_everything.up.sql", EVERYTHING)
    project.migrate()


def shop(project: Project) -> None:
    project.migrate(directories=(str(SHOP / "python"), str(SHOP / "sql")))


def nothing(project: Project) -> None:
    pass


@pytest.mark.parametrize("kind", ["sql", "sqlalchemy"])
@pytest.mark.parametrize("make", [everything, shop, nothing])
def test_all_of_a_schema_is_in_the_migration(
    project: Project, other: Project, tmp_path: Path, make: Callable[[Project], None], kind: str
) -> None:
    make(project)
    directory = tmp_path / "written"
    tools = Tools(project._run, str(project.scratch_files))
    checked = generate(request(project, directory, kind=kind, checking=True), tools)
    assert not directory.exists()
    made = generate(request(project, directory, kind=kind), tools)
    assert list(checked.files.values()) == list(made.files.values())
    text = Path(made.paths[0]).read_text()
    assert "schema_migrations" not in text
    assert "s3cret" not in text
    assert len(done(other.migrate(directories=(str(directory),)))) == 1
    again = generate(request(other, tmp_path / "again", kind=kind), tools)
    assert next(iter(again.files.values())) == text
    if kind == "sqlalchemy":
        assert len(done(other.migrate(directories=(str(directory),), state="rolled_back", version="0"))) == 1
        proofs = other.migrate(directories=(str(directory),), state="tested").proofs
        assert [proof.verdict.value for proof in proofs] == ["reversible"]


def test_a_second_time_it_is_there(project: Project, tmp_path: Path) -> None:
    tools = Tools(project._run, str(project.scratch_files))
    assert generate(request(project, tmp_path / "written"), tools).files
    assert generate(request(project, tmp_path / "written"), tools).files == {}


def test_a_cursor_script_is_not_written_from_a_schema(project: Project, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="written as sql or sqlalchemy, not as python"):
        generate(request(project, tmp_path / "w", kind="python"), Tools(project._run, str(project.scratch_files)))


def test_a_schema_that_does_not_come_out_the_same_is_an_error(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.pgops.migrations.plugins.module_utils.authoring import from_database

    project.query("CREATE TABLE a (x int)")
    monkeypatch.setattr(from_database, "HEAD", "CREATE TABLE public.not_in_the_source (x int);")
    with pytest.raises(MigrationError, match="it comes out different") as caught:
        generate(request(project, tmp_path / "w"), Tools(project._run, str(project.scratch_files)))
    assert caught.value.kind == "rehearsal"
    assert "+CREATE TABLE public.not_in_the_source" in caught.value.diff
    assert not (tmp_path / "w").exists()


CARRIAGE_RETURN = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS E'SELECT 1;\\r\\n'"


def test_what_no_file_of_sql_keeps_is_an_error(project: Project, tmp_path: Path) -> None:
    project.query(CARRIAGE_RETURN)
    tools = Tools(project._run, str(project.scratch_files))
    with pytest.raises(MigrationError, match="it comes out different"):
        generate(request(project, tmp_path / "w"), tools)
    assert generate(request(project, tmp_path / "w", kind="sqlalchemy"), tools).files


# What PostgreSQL writes another way once it was loaded.
NO_FIXED_POINT = {
    "a list on a varchar": "CREATE TABLE t (id int, state varchar(10) CHECK (state IN ('new', 'paid')))",
    "a list in a domain": "CREATE DOMAIN d AS varchar(3) CHECK (VALUE IN ('a', 'b')); CREATE TABLE t (x d)",
    "a list in a partial index": "CREATE TABLE t (s varchar(5)); CREATE INDEX i ON t (s) WHERE s IN ('a', 'b')",
    "a list in a policy": "CREATE TABLE t (s varchar(5)); CREATE POLICY p ON t USING (s IN ('a', 'b'))",
    "a list in a rule": "CREATE TABLE t (s varchar(5)); "
    "CREATE RULE r AS ON UPDATE TO t WHERE new.s IN ('a', 'b') DO INSTEAD NOTHING",
    "a list in a default": "CREATE TABLE t (s varchar(5), ok bool DEFAULT ('a'::varchar(3) IN ('a', 'b')))",
    "a list in a computed column": "CREATE TABLE t (s varchar(5), "
    "ok bool GENERATED ALWAYS AS (s IN ('a', 'b')) STORED)",
    "a list in a view": "CREATE TABLE t (s varchar(5)); CREATE VIEW v AS SELECT * FROM t WHERE s IN ('a', 'b')",
    "a list in a trigger": "CREATE TABLE t (s varchar(5)); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW WHEN (new.s IN ('a', 'b')) "
    "EXECUTE FUNCTION f()",
}


@pytest.mark.parametrize("kind", ["sql", "sqlalchemy"])
@pytest.mark.parametrize("statement", NO_FIXED_POINT.values(), ids=NO_FIXED_POINT)
def test_a_script_is_as_good_as_the_dump(
    project: Project, other: Project, tmp_path: Path, statement: str, kind: str
) -> None:
    project.query(statement)
    tools = Tools(project._run, str(project.scratch_files))
    made = generate(request(project, tmp_path / "written", kind=kind), tools)
    assert made.files
    assert len(done(other.migrate(directories=(str(tmp_path / "written"),)))) == 1
    generate(request(other, tmp_path / "again", kind=kind), tools)


# What can't be made without a search_path; since 17, PostgreSQL itself refuses the first and the last.
WITHOUT_SCHEMAS = {
    "an index on a function without schemas": "CREATE FUNCTION one(text) RETURNS text LANGUAGE sql IMMUTABLE AS "
    "'SELECT lower($1)'; CREATE FUNCTION two(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT one($1)'; "
    "CREATE TABLE t (s text); CREATE INDEX i ON t (two(s)); CREATE INDEX j ON t (lower(s))",
    "a check on a function without schemas": "CREATE FUNCTION one(text) RETURNS bool LANGUAGE sql IMMUTABLE AS "
    "'SELECT $1 <> '''''; CREATE FUNCTION two(text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT one($1)'; "
    "CREATE TABLE t (s text CHECK (two(s)))",
    "an exclusion on a function without schemas": "CREATE FUNCTION one(int) RETURNS int LANGUAGE sql IMMUTABLE AS "
    "'SELECT $1'; CREATE FUNCTION two(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT one($1)'; "
    "CREATE TABLE t (a int, EXCLUDE USING btree (two(a) WITH =))",
}


@pytest.mark.parametrize("kind", ["sql", "sqlalchemy"])
@pytest.mark.parametrize("case", WITHOUT_SCHEMAS)
def test_names_without_schemas(
    project: Project, other: Project, any_server: Any, tmp_path: Path, case: str, kind: str
) -> None:
    if any_server.major >= 17 and "check" not in case:
        pytest.skip("PostgreSQL refuses it")
    test_a_script_is_as_good_as_the_dump(project, other, tmp_path, WITHOUT_SCHEMAS[case], kind)


def test_the_search_path_is_the_database_s_own(
    project: Project, other: Project, any_server: Any, tmp_path: Path
) -> None:
    if any_server.major >= 17:
        pytest.skip("PostgreSQL refuses it")
    project.query(
        'CREATE SCHEMA "it\'s"; SET search_path = "it\'s";'
        "CREATE FUNCTION one(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';"
        "CREATE FUNCTION two(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT one($1)';"
        "CREATE TABLE t (s text); CREATE INDEX i ON t (two(s));"
    )
    tools = Tools(project._run, str(project.scratch_files))
    with pytest.raises(MigrationError, match="its own dump can't be loaded, since the index it's.i fails with: .*one"):
        generate(request(project, tmp_path / "written"), tools)
    name = project.url.rpartition("/")[2]
    project.query(f'ALTER DATABASE "{name}" SET search_path = "it\'s", public')
    made = generate(request(project, tmp_path / "written"), tools)
    assert len(done(other.migrate(directories=(str(tmp_path / "written"),)))) == 1
    assert Path(made.paths[0]).read_text().count("set_config") == 2

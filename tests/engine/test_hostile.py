# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database whose owner is no friend: what stands in it is never run by statements of ours.

In its schema public stand a function of each name that the server has and an operator of each name and types that it
has; the database's own search_path finds them first. Each raises an alarm that a rollback doesn't undo.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import server as throwaway
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.authoring.from_database import schema_as_sql
from ansible_collections.pgops.migrations.plugins.module_utils.authoring.from_database_tables import schema_as_script
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.commands.mark import MarkRequest, mark
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import QualifiedName
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import client
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.tools import Tools
from ansible_collections.pgops.migrations.plugins.module_utils.model import State
from ansible_collections.pgops.migrations.plugins.module_utils.provision.provision import provision
from ansible_collections.pgops.migrations.plugins.module_utils.task.user_db import user_db_request

from .administration import DEFAULTS
from .conftest import Project, done

OWNER = "pgops_hostile_owner"

# Pseudo-types can't be arguments of functions in SQL; what the server reserves can't be an operator's name.
TRAPS = """
CREATE SEQUENCE public.alarm;
CREATE FUNCTION public.ring() RETURNS bigint LANGUAGE sql AS $f$
  SELECT pg_catalog.nextval('public.alarm'::pg_catalog.regclass) $f$;
DO $do$
DECLARE p record; body text := 'BEGIN PERFORM public.ring(); RETURN NULL; END';
BEGIN
  FOR p IN
    SELECT DISTINCT ON (o.oprname, o.oprleft, o.oprright) o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r,
           o.oprresult::regtype AS result, o.oid
      FROM pg_catalog.pg_operator o
      JOIN pg_catalog.pg_type tr ON tr.oid = o.oprright AND tr.typtype = 'b'
      LEFT JOIN pg_catalog.pg_type tl ON tl.oid = o.oprleft
      JOIN pg_catalog.pg_type ts ON ts.oid = o.oprresult AND ts.typtype = 'b'
     WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND (o.oprleft = 0 OR tl.typtype = 'b')
  LOOP
    EXECUTE format('CREATE FUNCTION public.trap_%s(%s%s) RETURNS %s LANGUAGE plpgsql AS %L', p.oid,
                   CASE WHEN p.l <> 0::regtype THEN p.l::text || ', ' END, p.r, p.result, body);
    EXECUTE format('CREATE OPERATOR public.%s (%s RIGHTARG = %s, FUNCTION = public.trap_%s)', p.oprname,
                   CASE WHEN p.l <> 0::regtype THEN format('LEFTARG = %s,', p.l) END, p.r, p.oid);
  END LOOP;
  FOR p IN
    SELECT DISTINCT f.proname AS name, pg_catalog.oidvectortypes(f.proargtypes) AS arguments
      FROM pg_catalog.pg_proc f
     WHERE f.pronamespace = 'pg_catalog'::regnamespace AND f.prokind IN ('f', 'a') AND f.proname <> 'nextval'
       AND f.proname NOT LIKE '%\\_in' AND f.proname NOT LIKE 'pg\\_stat%' AND NOT EXISTS (
           SELECT 1 FROM unnest(f.proargtypes) AS a(t) JOIN pg_catalog.pg_type t ON t.oid = a.t WHERE t.typtype = 'p')
  LOOP
    EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS text LANGUAGE plpgsql AS %L', p.name, p.arguments, body);
  END LOOP;
  EXECUTE 'CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.ring() < 0)';
  EXECUTE 'CREATE DOMAIN public.int8 AS pg_catalog.int8 CHECK (public.ring() < 0)';
  EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
END $do$;
"""


class Hostile:
    """The project, who looks at it, and how often the alarm has rung."""

    def __init__(self, project: Project, url: str) -> None:
        self.project, self.url = project, url

    def alarms(self) -> int:
        return self.project.query("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM public.alarm")[0][0]


@pytest.fixture(params=["superuser", "owner"])
def hostile(project: Project, request: Any) -> Iterator[Hostile]:
    """Return a project on such a database, looked at by a superuser, or by its owner."""
    name = parse_url(project.url)["dbname"]
    project.query(f"DO $$ BEGIN CREATE ROLE {OWNER} LOGIN CREATEDB; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    project.query(f'ALTER DATABASE "{name}" OWNER TO {OWNER}; ALTER SCHEMA public OWNER TO {OWNER}')
    url = project.url if request.param == "superuser" else project.url.replace("//postgres", f"//{OWNER}", 1)
    with closing(psycopg2.connect(project.url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {OWNER}")
        cursor.execute(TRAPS)
        connection.commit()
    yield Hostile(project, url)
    project.query(f"REASSIGN OWNED BY {OWNER} TO postgres; DROP OWNED BY {OWNER}")


@pytest.mark.slow
def test_the_alarm_rings(hostile: Hostile) -> None:
    with closing(psycopg2.connect(hostile.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 = 1, now()")
    assert hostile.alarms() >= 2


@pytest.mark.slow
def test_no_statement_of_ours_rings_it(hostile: Hostile) -> None:
    project, target = hostile.project, Target(parse_url(hostile.url))
    place = {
        "target": target,
        "directories": (str(project.directory),),
        "history_table": QualifiedName("schema_migrations"),
    }
    project.write(v1="CREATE TABLE public.a ()", v2="-- no-transaction\nCREATE TABLE public.b ();")
    project.file("2_v2.down.sql", "DROP TABLE public.b")
    assert len(info(InfoRequest(**place)).standings) == 2
    project.migrate(target=target, checking=True, with_diff=True)
    assert done(project.migrate(target=target, with_diff=True)) == ["1", "2"]
    assert len(info(InfoRequest(**place)).standings) == 2
    project.migrate(target=target, state="rolled_back", checking=True)
    project.migrate(target=target, state="rolled_back")
    mark(MarkRequest(**place, versions=("2",), state=State.APPLIED))
    mark(MarkRequest(**place, versions=("2",), state=State.PENDING))
    project.migrate(target=target, state="tested")
    project.migrate(target=target, single_transaction=True, version="1")
    project.file("3_v3.up.sql", "SELECT broken")
    with pytest.raises(errors.ScriptFailed, match="broken"):
        project.migrate(target=target)
    schema_as_sql(target, QualifiedName("schema_migrations"), Tools(project._run, str(project.scratch_files)))
    assert hostile.alarms() == 0


@pytest.mark.slow
def test_provisioning_does_not_ring_it(hostile: Hostile) -> None:
    name = parse_url(hostile.project.url)["dbname"]
    options = {**DEFAULTS, "url": hostile.project.url, "db": name, "user": OWNER, "extensions": ["hstore"]}
    for more in ({}, {"state": "absent"}):
        with contextlib.suppress(errors.Conflict):
            provision(user_db_request({**options, **more}, True))
    assert hostile.alarms() == 0


# A superuser of the database has taken the place of a function of the catalog.
PRINTS = """
CREATE VIEW v AS SELECT 1 AS one;
ALTER FUNCTION pg_catalog.pg_get_viewdef(oid) RENAME TO original;
CREATE FUNCTION pg_catalog.pg_get_viewdef(oid) RETURNS text LANGUAGE sql AS $f$ SELECT {text} $f$;
"""
PRINTED = {
    "unrestrict": "E' SELECT 1 AS one;\\n\\\\unrestrict pgops\\n\\\\! touch {file}\\n\\\\restrict pgops\\n'",
    "a command alone": "E' SELECT 1 AS one;\\n\\\\! touch {file}\\n'",
    "backticks": "E' SELECT 1 AS one;\\n\\\\unrestrict `touch {file}`\\n'",
    "a copy": "E' SELECT 1 AS one;\\n\\\\copy v to program ''touch {file}''\\n'",
}


@pytest.mark.parametrize("name", PRINTED)
def test_no_program_reads_what_a_server_prints(project: Project, tmp_path: Path, name: str) -> None:
    file = tmp_path / "PWNED"
    project.query(PRINTS.format(text=PRINTED[name].format(file=file)))
    project.write(v1="CREATE TABLE a (x int)")
    checked = project.check()
    assert "the server has printed a command for psql" in checked.warnings[0]
    assert not file.exists()
    with pytest.raises(errors.RehearsalError, match="can't be trusted"):
        project.check(rehearsal="required")


TAKES_OVER = f"""
CREATE FUNCTION public.f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN ALTER ROLE {OWNER} SUPERUSER; END IF;
  IF current_user = '{OWNER}' AND session_user = current_user THEN RETURN $1; END IF;
  RETURN $1; END $$;
"""
DOMAIN = "CREATE DOMAIN public.d AS int CHECK (public.f(VALUE) > 0)"
OWNERS_CODE = {
    "a generated column": "CREATE TABLE public.g (a int, b int GENERATED ALWAYS AS (public.f(1) + a) STORED)",
    "a partition's key": "CREATE TABLE public.g (a int) PARTITION BY RANGE ((a + public.f(1)))",
    "an index": "CREATE TABLE public.g (a int); CREATE INDEX ON public.g (public.f(a))",
    "a domain": f"{DOMAIN}; CREATE TABLE public.g (a public.d DEFAULT 1)",
    "an operator": (
        "CREATE FUNCTION public.fo(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT public.f($1)'; "
        "CREATE OPERATOR public.|+| (LEFTARG = int, RIGHTARG = int, FUNCTION = public.fo); "
        "CREATE TABLE public.g (a int, b int GENERATED ALWAYS AS ((1 OPERATOR(public.|+|) 1) + a) STORED)"
    ),
    "a materialized view": "CREATE MATERIALIZED VIEW public.g AS SELECT public.f(1) AS a",
}
LEFT_OUT = ("a generated column", "a partition's key", "an operator")


@pytest.fixture
def owned(project: Project) -> Iterator[Project]:
    """Return a project on a database whose schema public belongs to an owner without any right."""
    project.query(f"DO $$ BEGIN CREATE ROLE {OWNER} LOGIN CREATEDB; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    project.query(f"ALTER SCHEMA public OWNER TO {OWNER}")
    yield project
    project.query(f"ALTER ROLE {OWNER} NOSUPERUSER; REASSIGN OWNED BY {OWNER} TO postgres; DROP OWNED BY {OWNER}")


def is_superuser(project: Project) -> bool:
    return bool(project.query("SELECT rolsuper FROM pg_roles WHERE rolname = %s", OWNER)[0][0])


@pytest.mark.parametrize("name", OWNERS_CODE)
def test_nothing_of_the_owners_runs_as_a_superuser_who_rehearses(owned: Project, name: str) -> None:
    owned.query(f"SET SESSION AUTHORIZATION {OWNER}; {TAKES_OVER} {OWNERS_CODE[name]}")
    owned.write(v1="CREATE TABLE a (x int)")
    checked = owned.check(rehearsal="required")
    assert not is_superuser(owned)
    assert done(checked) == ["1"]
    assert any("it would run public.f" in each and OWNER in each for each in checked.rehearsal.unproved) is (
        name in LEFT_OUT
    )
    assert checked.diffs == owned.migrate(with_diff=True).diffs
    assert not is_superuser(owned)


def test_a_superuser_never_loads_without_owners(owned: Project) -> None:
    # For the owner alone this fails, which would have had a superuser load it without owners, as his own.
    picky = TAKES_OVER.replace(f"IF current_user = '{OWNER}'", f"IF current_user <> '{OWNER}'").replace(
        "THEN RETURN $1; END IF", "THEN RAISE EXCEPTION 'not for you'; END IF"
    )
    owned.query(f"SET SESSION AUTHORIZATION {OWNER}; {picky} CREATE TABLE public.g (a int);")
    owned.query(f"SET SESSION AUTHORIZATION {OWNER}; CREATE INDEX g_f ON public.g (public.f(a))")
    owned.query("CREATE EXTENSION hstore SCHEMA public; CREATE TABLE of_extension (h hstore)")
    owned.write(v1="CREATE TABLE a (x int)")
    assert done(owned.check(rehearsal="required")) == ["1"]
    assert not is_superuser(owned)


CHECKED_ROWS = {
    "a check": "CREATE TABLE public.r (a int CHECK (public.f(a) > 0))",
    "a domain": f"{DOMAIN}; CREATE TABLE public.r (a public.d)",
    "domains in an array": f"{DOMAIN}; CREATE TABLE public.r (a public.d[])",
    "a generated column": "CREATE TABLE public.r (a int, b int GENERATED ALWAYS AS (a + 1) STORED)",
}


@pytest.mark.parametrize("name", CHECKED_ROWS)
@pytest.mark.parametrize("data", [("r",), ("public.r",), ("all",)])
def test_rows_that_run_code_of_their_owner_are_not_copied_by_a_superuser(
    owned: Project, name: str, data: tuple[str, ...]
) -> None:
    owned.query(
        f"SET SESSION AUTHORIZATION {OWNER}; {TAKES_OVER} {CHECKED_ROWS[name]}; INSERT INTO r VALUES {ROW[name]}"
    )
    owned.query(f"ALTER ROLE {OWNER} NOSUPERUSER")
    owned.write(v1="CREATE TABLE a (x int)")
    with pytest.raises(errors.RehearsalError, match="run checks and expressions of") as caught:
        owned.check(rehearsal="required", rehearsal_data=data)
    assert OWNER in str(caught.value.hint)
    assert not is_superuser(owned)
    mine = Target({**parse_url(owned.url), "user": OWNER})
    assert done(owned.check(rehearsal="required", rehearsal_data=data, target=mine)) == ["1"]


ROW = {"a check": "(1)", "a domain": "(1)", "domains in an array": "('{1}')", "a generated column": "(1)"}


@pytest.fixture(scope="module")
def spare(any_server: Any) -> Iterator[Any]:
    """Return another server than the project's."""
    with throwaway.running(any_server.bindir) as started:
        yield started


@pytest.mark.parametrize("right", ["SUPERUSER", "IN ROLE pg_execute_server_program", "IN ROLE pg_read_server_files"])
def test_another_servers_schema_is_not_loaded_with_such_a_right(project: Project, spare: Any, right: str) -> None:
    spare.psql("DROP ROLE IF EXISTS mighty")
    spare.psql(f"CREATE ROLE mighty LOGIN CREATEDB {right}")
    project.write(v1="CREATE TABLE a (x int)")
    elsewhere = Target({**parse_url(spare.url("postgres")), "user": "mighty"})
    checked = project.check(rehearsal_server=elsewhere)
    assert "rehearsal_url logs in with the rights of" in checked.warnings[0]
    with pytest.raises(errors.RehearsalError, match="another server's"):
        project.check(rehearsal_server=elsewhere, rehearsal="required")


NAMES = {
    "a table": 'CREATE TABLE "a\nCREATE TABLE injected (); --" ()',
    "a schema": 'CREATE SCHEMA "a\rb"',
    "a function": "CREATE FUNCTION \"a\nb\"() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a constraint": 'CREATE TABLE t (a int CONSTRAINT "a\nb" CHECK (a > 0))',
}


@pytest.mark.parametrize("name", NAMES)
def test_a_line_break_in_a_name(project: Project, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    project.query(NAMES[name])
    project.write(v1="CREATE TABLE x ()")
    assert done(project.check(rehearsal="required")) == ["1"]  # this pg_dump keeps it in its line
    monkeypatch.setattr(client, "RESTRICT_KEY_SINCE", {})
    monkeypatch.setattr(client, "keeps_names_in_their_line", lambda dummy: False)
    with pytest.raises(errors.RehearsalError, match="has a line break in it"):
        project.check(rehearsal="required")


def test_generating_runs_no_code_of_others_either(owned: Project) -> None:
    owned.query(f"SET SESSION AUTHORIZATION {OWNER}; {TAKES_OVER} {OWNERS_CODE['a generated column']}")
    tools = Tools(owned._run, str(owned.scratch_files))
    for write in (schema_as_sql, schema_as_script):
        with pytest.raises(errors.RehearsalError, match="would run public.f of " + OWNER):
            write(Target(parse_url(owned.url)), QualifiedName("schema_migrations"), tools)
    assert not is_superuser(owned)


EVIL = (
    "CREATE FUNCTION f(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN "
    f"IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN ALTER ROLE {OWNER} SUPERUSER; END IF; "
    "RETURN 'x'; END $f$; "
    "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN PERFORM f('x'); RETURN NEW; END $f$; "
)
# What an owner may have done to the tables of a history that are his.
ON_HISTORY = {
    "a trigger": "CREATE TRIGGER t BEFORE INSERT ON schema_migrations FOR EACH ROW EXECUTE FUNCTION g()",
    "a trigger on the log": "CREATE TRIGGER t BEFORE INSERT ON schema_migrations_log FOR EACH ROW EXECUTE FUNCTION g()",
    "an index on an expression": "CREATE INDEX i ON schema_migrations (f('x'))",
    "a partial index": "CREATE INDEX i ON schema_migrations (version) WHERE f('x') = 'x'",
    "a check": "ALTER TABLE schema_migrations ADD CHECK (f(version) = 'x') NOT VALID",
    "a default": "ALTER TABLE schema_migrations_log ALTER detail SET DEFAULT f('x')",
    "a domain": "CREATE DOMAIN d AS text CHECK (f(VALUE) = 'x' OR VALUE IS NULL); "
    "ALTER TABLE schema_migrations ADD COLUMN applied_by_ d",
    "a rule": "CREATE RULE r AS ON INSERT TO schema_migrations DO ALSO SELECT f('x')",
    "a child": "CREATE TABLE child () INHERITS (schema_migrations); CREATE INDEX i ON child (f('x'))",
    "row level security": "ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY; "
    "CREATE POLICY p ON schema_migrations USING (f('x') = 'x')",
}


@pytest.mark.parametrize("name", ON_HISTORY)
def test_a_superuser_runs_nothing_that_an_owner_has_put_on_the_history(owned: Project, name: str) -> None:
    owned.write(v1="SELECT 1")
    mine = Target({**parse_url(owned.url), "user": OWNER})
    owned.migrate(target=mine)
    owned.query(f"SET SESSION AUTHORIZATION {OWNER}; {EVIL} {ON_HISTORY[name]}")
    owned.write(v2="SELECT 2")
    for session_role in (None, OWNER):
        target = Target(parse_url(owned.url), session_role=session_role)
        for run in (owned.check, owned.migrate):
            with pytest.raises(errors.MigrationError) as caught:
                run(target=target)
            assert caught.value.kind == "history_foreign"
            assert OWNER in str(caught.value.hint) or "columns are" in caught.value.message
    assert not is_superuser(owned)


def test_a_plain_history_of_an_owners_is_fine_for_a_superuser(owned: Project) -> None:
    owned.write(v1="SELECT 1")
    owned.migrate(target=Target({**parse_url(owned.url), "user": OWNER}))
    owned.write(v2="SELECT 2")
    assert done(owned.migrate()) == ["2"]


def test_a_superuser_reads_no_other_tools_table_that_would_run_an_owners_code(owned: Project) -> None:
    owned.query(
        f"SET SESSION AUTHORIZATION {OWNER}; {EVIL} CREATE TABLE goose_db_version (id serial, version_id bigint, "
        "is_applied boolean, tstamp timestamp); CREATE INDEX i ON goose_db_version (f('x'))"
    )
    owned.write(v1="SELECT 1")
    with pytest.raises(errors.MigrationError, match="goose_db_version has the index i"):
        owned.migrate()
    assert not is_superuser(owned)

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
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.authoring.from_database import schema_as_sql
from ansible_collections.pgops.migrations.plugins.module_utils.commands.info import InfoRequest, info
from ansible_collections.pgops.migrations.plugins.module_utils.commands.mark import MarkRequest, mark
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.names import QualifiedName
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


pytestmark = pytest.mark.slow


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


def test_the_alarm_rings(hostile: Hostile) -> None:
    with closing(psycopg2.connect(hostile.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 = 1, now()")
    assert hostile.alarms() >= 2


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


def test_provisioning_does_not_ring_it(hostile: Hostile) -> None:
    name = parse_url(hostile.project.url)["dbname"]
    options = {**DEFAULTS, "url": hostile.project.url, "db": name, "user": OWNER, "extensions": ["hstore"]}
    for more in ({}, {"state": "absent"}):
        with contextlib.suppress(errors.Conflict):
            provision(user_db_request({**options, **more}, True))
    assert hostile.alarms() == 0

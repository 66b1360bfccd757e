# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal in a throwaway cluster: true for a role that may create no database, and no way into the host."""

from __future__ import annotations

import glob
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import cluster_directory
from pg_programs import embedded_bindir, server_version

from .conftest import Project, done

OWNER, OTHER, LOGIN = "pgops_c_owner", "pgops_c_other", "pgops_c_login"


RUNS = """
import signal, sys
from pathlib import Path
from engine.conftest import Project
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.run.signals import interruptible
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import cluster_directory
project = Project.__new__(Project)
project.url, project.directory, project.scratch_files = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
cluster_directory.PREFIX = sys.argv[5]
try:
    with interruptible():
        project.check(target=Target({**parse_url(project.url), "user": sys.argv[4]}), rehearsal="required")
except errors.Stop:
    sys.exit(3)
"""


def titles() -> Iterator[str]:
    """Yield what the processes of the machine call themselves."""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            yield Path(path).read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue


class Ordinary(Project):
    """A project whose database belongs to a role that may create no database, on a server with others' objects."""

    def as_owner(self, **params: str) -> Target:
        """Return the target as its owner reaches it."""
        return Target({**parse_url(self.url), "user": OWNER, **params})

    def owner_says(self, statements: str) -> None:
        """Execute statements as the owner, who has logged in himself."""
        with closing(psycopg2.connect(**self.as_owner().params)) as connection, connection.cursor() as cursor:
            cursor.execute(statements)
            connection.commit()

    def command(self) -> list[str]:
        """Return how to rehearse in a process of its own."""
        arguments = [self.url, str(self.directory), str(self.scratch_files), OWNER, cluster_directory.PREFIX]
        return [sys.executable, "-c", RUNS, *arguments]

    def environment(self) -> dict[str, str]:
        """Return what that process needs to find its modules."""
        root = Path(__file__).resolve().parents[2]
        places = (root / ".collections", root / "tests", root / "bin" / "lib")
        return {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, places), *filter(None, sys.path)])}

    def is_asleep(self) -> bool:
        """Return whether a step of a rehearsal sleeps: a server's processes say what they are at."""
        database = self.url.rpartition("/")[2]
        return any(f"{OWNER} {database} [local] SELECT" in text for text in titles())

    def cluster(self, **options: Any) -> Any:
        """Rehearse, as the owner, in a cluster."""
        return self.check(**{"target": self.as_owner(), "rehearsal": "required", **options})


@pytest.fixture
def ordinary(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ordinary]:
    """Return the project of an ordinary owner; afterwards nothing of a cluster may be left."""
    name = project.url.rpartition("/")[2]
    for role in (OWNER, OTHER, LOGIN):
        project.query(f"DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    project.query(f"ALTER DATABASE {name} OWNER TO {OWNER}; ALTER SCHEMA public OWNER TO {OWNER}")
    monkeypatch.setattr(cluster_directory, "PREFIX", f"pgops_cluster_{os.getpid()}_")  # others may have theirs
    before = clusters()
    project.__class__ = Ordinary
    yield project  # type: ignore[misc]
    assert clusters() == before, "a throwaway cluster was left behind"
    for role in (OTHER, OWNER, LOGIN):
        project.query(f"REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role} CASCADE")
    project.query(f"DROP ROLE {OWNER}, {OTHER}, {LOGIN}")


def clusters() -> list[str]:
    """Return the directories of clusters, and the processes that serve one."""
    servers = [text for text in titles() if cluster_directory.PREFIX in text and "postgres" in text]
    places = (tempfile.gettempdir(), cluster_directory.SHORT, cluster_directory.MEMORY)
    left = {path for place in places for path in glob.glob(f"{place}/{cluster_directory.PREFIX}*")}
    return sorted(left) + sorted(servers)


SCHEMA = f"""
CREATE EXTENSION hstore SCHEMA public;
CREATE SCHEMA team AUTHORIZATION {OTHER};
SET ROLE {OTHER};
CREATE TABLE team.theirs (a int PRIMARY KEY);
GRANT USAGE ON SCHEMA team TO {OWNER}; GRANT SELECT, REFERENCES ON team.theirs TO {OWNER};
RESET ROLE; SET ROLE {OWNER};
CREATE TABLE public.old (a int PRIMARY KEY, b text DEFAULT 'x', h public.hstore);
CREATE TABLE public.refers (a int REFERENCES public.old (a), t int REFERENCES team.theirs (a));
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {OTHER};
CREATE VIEW public.seen AS SELECT a, b FROM public.old;
GRANT SELECT ON public.seen TO {OTHER} WITH GRANT OPTION;
CREATE POLICY p ON public.old USING (a > 0); ALTER TABLE public.old ENABLE ROW LEVEL SECURITY;
RESET ROLE; SET SESSION AUTHORIZATION {OTHER}; GRANT SELECT ON public.seen TO {LOGIN}; RESET SESSION AUTHORIZATION;
"""
PLAN = {
    "v1": "ALTER TABLE old ADD COLUMN c int; CREATE INDEX ON old (b)",
    "v2": "CREATE TABLE fresh (a serial PRIMARY KEY, h hstore, t int REFERENCES team.theirs (a))",
    "v3": f"-- no-transaction\nCREATE INDEX CONCURRENTLY ON old (c);\nGRANT UPDATE ON fresh TO {OTHER}",
}


def test_an_owner_without_createdb_sees_what_the_real_run_does(ordinary: Ordinary) -> None:
    ordinary.query(SCHEMA)
    ordinary.write(**PLAN)
    checked = ordinary.cluster()
    assert done(checked) == ["1", "2", "3"]
    assert checked.rehearsal.unproved[-2:] == checked.rehearsal.unproved, "nothing but rows and time is unproved"
    assert "a throwaway cluster (PostgreSQL " in checked.rehearsal.where
    assert (checked.rehearsal.on, checked.rehearsal.role) == ("cluster", OWNER)
    digest = checked.plan_digest
    real = ordinary.migrate(target=ordinary.as_owner(), with_diff=True, expect=digest)
    assert checked.diffs == real.diffs
    assert f"+GRANT SELECT,UPDATE ON TABLE public.fresh TO {OTHER};" in real.diffs[0]


def test_a_digest_does_not_depend_on_the_place(ordinary: Ordinary) -> None:
    ordinary.query(SCHEMA)
    ordinary.write(**PLAN)
    superuser = Target(parse_url(ordinary.url), session_role=OWNER)
    on_server = ordinary.check(target=superuser, rehearsal="required")
    assert on_server.rehearsal.on == "server"
    in_cluster = ordinary.cluster()
    named = ordinary.check(target=superuser, rehearsal="required", rehearsal_on="cluster")
    assert on_server.plan_digest == in_cluster.plan_digest == named.plan_digest
    assert on_server.diffs == in_cluster.diffs == named.diffs


def test_where_no_whole_copy_can_be_made_on_the_server(ordinary: Ordinary) -> None:
    ordinary.query(SCHEMA)
    ordinary.query(f"ALTER ROLE {OWNER} CREATEDB")
    ordinary.write(**PLAN)
    assert ordinary.cluster(rehearsal_on="server").rehearsal.on == "server"
    checked = ordinary.cluster()
    assert checked.rehearsal.on == "cluster"
    assert checked.diffs == ordinary.migrate(target=ordinary.as_owner(), with_diff=True).diffs


def test_where_a_whole_copy_can_be_made_on_the_server(ordinary: Ordinary) -> None:
    ordinary.query(f"ALTER ROLE {OWNER} CREATEDB; SET ROLE {OWNER}; CREATE TABLE old (a int)")
    ordinary.write(v1="ALTER TABLE old ADD b int")
    assert ordinary.cluster().rehearsal.on == "server"


def test_the_session_role_is_that_of_the_real_run(ordinary: Ordinary) -> None:
    ordinary.query(f"GRANT {OWNER} TO {LOGIN}")
    ordinary.write(
        v1="CREATE TABLE a (x int); DO $$ BEGIN ASSERT (session_user, current_user) = "
        f"('{LOGIN}', '{OWNER}'), session_user; END $$"
    )
    target = Target({**parse_url(ordinary.url), "user": LOGIN}, session_role=OWNER)
    checked = ordinary.cluster(target=target)
    assert done(checked) == ["1"]
    assert checked.rehearsal.role == OWNER
    assert checked.diffs == ordinary.migrate(target=target, with_diff=True).diffs


AROUND = {
    "the database's name": "current_database() = '{database}'",
    "a membership": "pg_has_role('" + LOGIN + "', '" + OTHER + "', 'USAGE')",
    "none the other way": "NOT pg_has_role('" + OTHER + "', '" + LOGIN + "', 'MEMBER')",
    "a role's setting": "current_setting('work_mem') = '5MB'",
    "a role's setting in the database": "current_setting('app.mode') = 'in this one'",
    "a database's setting": "current_setting('search_path') = 'elsewhere, public'",
    "no superuser but our own": "(SELECT count(*) FROM pg_roles WHERE rolsuper) = 1",
    "nobody's password": "(SELECT count(*) FROM pg_roles WHERE rolcanlogin) = 3",
    "no predefined role": "NOT pg_has_role('pg_read_server_files', 'MEMBER')",
}


def test_roles_memberships_and_settings_are_those_of_the_target(ordinary: Ordinary) -> None:
    database = ordinary.url.rpartition("/")[2]
    ordinary.query(f"GRANT {OTHER} TO {LOGIN}; GRANT pg_read_server_files TO {OWNER}; CREATE SCHEMA elsewhere")
    ordinary.query(
        f"ALTER ROLE {OWNER} SET work_mem = '5MB'; ALTER DATABASE {database} SET search_path = elsewhere, public"
    )
    ordinary.query(f"ALTER ROLE {OWNER} IN DATABASE {database} SET app.mode = 'in this one'")
    checks = [
        f"ASSERT {text.format(database=database)}, '{name.replace(chr(39), '')}';" for name, text in AROUND.items()
    ]
    ordinary.write(v1=f"CREATE TABLE public.a (); DO $$ BEGIN {' '.join(checks)} END $$")
    checked = ordinary.cluster(history_table="public.schema_migrations")
    assert done(checked) == ["1"]
    assert any("membership in pg_read_server_files" in each for each in checked.rehearsal.unproved)


CHANGES = {
    "a setting of the database": ("ALTER DATABASE {database} SET work_mem = '1MB'", "settings of a role or a database"),
    "a setting of its own": ("ALTER ROLE CURRENT_USER SET work_mem = '1MB'", "settings of a role or a database"),
    "a grant on the database": ("GRANT TEMPORARY ON DATABASE {database} TO " + OTHER, "databases or grants on them"),
    "a comment on the database": ("COMMENT ON DATABASE {database} IS 'x'", "comments on what is shared"),
    "outside a transaction": (
        "-- no-transaction\nALTER DATABASE {database} SET work_mem = '1MB'",
        "settings of a role",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_belongs_to_the_cluster_happens_there_and_is_told(ordinary: Ordinary, name: str) -> None:
    statement, told = CHANGES[name]
    ordinary.write(v1="CREATE TABLE a ()", v2=statement.format(database=ordinary.url.rpartition("/")[2]), v3="SELECT 1")
    checked = ordinary.cluster()
    assert done(checked) == ["1", "2", "3"]
    assert checked.rehearsal.changes[0][0] == "2"
    assert told in checked.rehearsal.changes[0][1]
    assert [hazard.version for hazard in checked.hazards] == ["2"]
    assert ordinary.query(
        "SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase "
        "WHERE d.datname = current_database()"
    ) == [(0,)]


def test_a_plan_that_creates_roles(ordinary: Ordinary) -> None:
    ordinary.query(f"ALTER ROLE {OWNER} CREATEROLE")
    ordinary.write(v1="CREATE TABLE a ()", v2="CREATE ROLE pgops_c_new; GRANT SELECT ON a TO pgops_c_new")
    checked = ordinary.cluster(rehearsal="auto")
    if ordinary.query("SELECT current_setting('server_version_num')::int >= 160000") == [(True,)]:
        assert done(checked) == ["1", "2"]
        assert ("2", "2 changes roles") in checked.rehearsal.changes
        assert "+GRANT SELECT ON TABLE public.a TO pgops_c_new;" in checked.diffs[0]
    else:
        assert done(checked) == ["1"]
        assert "a throwaway cluster gives nobody (CREATEROLE of" in checked.rehearsal.stopped
    assert ordinary.query("SELECT count(*) FROM pg_roles WHERE rolname = 'pgops_c_new'") == [(0,)]


BEYOND = {
    "a procedure that commits": (
        "CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE b (); COMMIT; CREATE TABLE c (); END $$",
        "-- no-transaction\nCALL p()",
    ),
    "a block that commits": ("SELECT 1", "-- no-transaction\nDO $$ BEGIN CREATE TABLE b (); COMMIT; END $$"),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_commits_by_itself(ordinary: Ordinary, name: str) -> None:
    first, second = BEYOND[name]
    ordinary.write(v1=first, v2=second)
    checked = ordinary.cluster()
    assert done(checked) == ["1", "2"]
    assert checked.diffs == ordinary.migrate(target=ordinary.as_owner(), with_diff=True).diffs


REACHING = {
    "a program": ("COPY a TO PROGRAM 'touch {file}'", "copies to or from a file or a program"),
    "a file": ("COPY a FROM '/etc/passwd'", "copies to or from a file or a program"),
    "a subscription": (
        "CREATE SUBSCRIPTION s CONNECTION 'host=example.org' PUBLICATION p WITH (connect = false)",
        "it makes a subscription",
    ),
    "a large object": ("SELECT lo_import('/etc/passwd')", "calls lo_import"),
}


@pytest.mark.parametrize("name", REACHING)
def test_what_would_reach_out_of_the_cluster_ends_the_rehearsal(ordinary: Ordinary, tmp_path: Path, name: str) -> None:
    statement, reason = REACHING[name]
    ordinary.write(v1="CREATE TABLE a (x text)", v2=statement.format(file=tmp_path / "PWNED"))
    checked = ordinary.cluster(rehearsal="auto")
    assert done(checked) == ["1"]
    assert reason in checked.rehearsal.stopped
    assert not (tmp_path / "PWNED").exists()


def test_alter_system_of_a_superuser_is_noted_and_not_performed(ordinary: Ordinary) -> None:
    ordinary.write(v1="CREATE TABLE a ()", v2="-- no-transaction\nALTER SYSTEM SET work_mem = '1MB'", v3="SELECT 1")
    checked = ordinary.check(rehearsal_on="cluster", rehearsal="required")
    assert done(checked) == ["1", "2", "3"]
    assert checked.rehearsal.changes == (
        ("2", "2 runs ALTER SYSTEM for work_mem, which is noted here and not performed"),
    )


def test_a_script_of_the_cluster_does_not_reach_the_target(ordinary: Ordinary) -> None:
    """The copy has the target's name, so a name is not enough to tell the two apart."""
    ordinary.query("ALTER TABLE IF EXISTS x RENAME TO y")
    ordinary.file(
        "1_x.py",
        f"import psycopg2\ndef up(cursor):\n    c = psycopg2.connect({ordinary.url!r})\n"
        "    c.cursor().execute('CREATE TABLE leaked ()')\n    c.commit()\n",
    )
    checked = ordinary.cluster(rehearsal="auto")
    assert "it connects to the database" in checked.rehearsal.stopped
    assert ordinary.tables() == []


def test_a_script_may_open_a_second_connection_to_the_copy(ordinary: Ordinary) -> None:
    ordinary.file(
        "1_x.py",
        "import psycopg2\ndef up(cursor):\n    c = psycopg2.connect(cursor.connection.dsn)\n"
        "    c.cursor().execute('CREATE TABLE second ()')\n    c.commit()\n",
    )
    checked = ordinary.cluster()
    assert done(checked) == ["1"]
    assert "+CREATE TABLE public.second (" in checked.diffs[0]


def test_what_sessions_of_the_target_begin_with(ordinary: Ordinary, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary.query(f"CREATE SCHEMA mine AUTHORIZATION {OWNER}")
    ordinary.write(v1="CREATE TABLE a ()")
    table = {"history_table": "public.schema_migrations"}
    target = ordinary.as_owner(options="-c search_path=mine")
    checked = ordinary.cluster(target=target, **table)
    assert "+CREATE TABLE mine.a (" in checked.diffs[0]
    monkeypatch.setenv("PGOPTIONS", "-c search_path=mine")
    assert ordinary.cluster(**table).diffs == checked.diffs
    assert ordinary.migrate(target=target, with_diff=True, **table).diffs == checked.diffs


ELSEWHERE = {"PGHOSTADDR": "192.0.2.1", "PGSSLMODE": "verify-full", "PGCHANNELBINDING": "require"}


def test_variables_that_lead_elsewhere_do_not_lead_away_from_the_cluster(
    ordinary: Ordinary, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary.write(v1="CREATE TABLE a ()")
    target = ordinary.as_owner(hostaddr="127.0.0.1", sslmode="prefer", options="")
    target = Target({**target.params, "channel_binding": "disable"})
    with monkeypatch.context() as patch:
        for name, value in ELSEWHERE.items():
            patch.setenv(name, value)
        checked = ordinary.cluster(target=target)
    assert done(checked) == ["1"]


def test_two_phases(ordinary: Ordinary) -> None:
    ordinary.write(v1="-- no-transaction\nBEGIN;\nCREATE TABLE a ();\nPREPARE TRANSACTION 'x';\nCOMMIT PREPARED 'x'")
    checked = ordinary.cluster()
    assert done(checked) == ["1"]
    assert checked.rehearsal.changes[0][1].startswith("1 prepares a transaction")
    assert "+CREATE TABLE public.a (" in checked.diffs[0]


def test_super_user_ends_the_rehearsal(ordinary: Ordinary) -> None:
    ordinary.file(
        "1_x.py",
        "from pgops_migrations import super_user\n"
        "def up(cursor):\n    with super_user() as su:\n        su.execute('SELECT 1')\n",
    )
    checked = ordinary.cluster(rehearsal="auto")
    assert "nobody is a superuser in a throwaway cluster" in checked.rehearsal.stopped


def test_nobody_else_gets_in(ordinary: Ordinary) -> None:
    ordinary.file(
        "1_x.py",
        textwrap.dedent(
            """
            import os, stat, psycopg2
            from psycopg2 import _psycopg  # a script's own connections to the copy get the password; others' don't
            def up(cursor):
                info = cursor.connection.info
                assert stat.S_IMODE(os.stat(info.host).st_mode) == 0o700
                cursor.execute("SELECT current_setting('listen_addresses'), array_agg(rolname::text) FROM pg_roles")
                addresses, roles = cursor.fetchone()
                assert addresses == ""
                for role in roles:
                    for password in ("", role, "postgres"):
                        try:
                            _psycopg._connect(f"host={info.host} user={role} password='{password}'")
                        except psycopg2.OperationalError:
                            continue
                        raise AssertionError(role)
            """
        ),
    )
    assert done(ordinary.cluster()) == ["1"]


# The order in which somebody finds out what he has become, and takes what he can.
TAKES_OVER = f"""
CREATE FUNCTION public.takes() RETURNS void LANGUAGE plpgsql AS $$ DECLARE each text; BEGIN
  FOREACH each IN ARRAY ARRAY['RESET ROLE', 'RESET SESSION AUTHORIZATION', 'ALTER ROLE {OWNER} SUPERUSER',
    'GRANT pg_execute_server_program TO {OWNER}', 'COPY (SELECT 1) TO PROGRAM ''touch FILE''',
    'COPY (SELECT 1) TO ''FILE''', 'SELECT pg_catalog.lo_export(pg_catalog.lo_create(0), ''FILE'')']
  LOOP
    BEGIN EXECUTE each; EXCEPTION WHEN OTHERS THEN NULL; END;
  END LOOP;
END $$;
CREATE FUNCTION public.f(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
  PERFORM public.takes(); RETURN $1; END $$;
"""
DOMAIN = "CREATE DOMAIN public.d AS int CHECK (public.f(VALUE) > 0)"
OWNERS_CODE = {
    "a generated column": "CREATE TABLE public.g (a int, b int GENERATED ALWAYS AS (public.f(1) + a) STORED)",
    "a partition's key": "CREATE TABLE public.g (a int) PARTITION BY RANGE ((a + public.f(1)))",
    "an index": "CREATE TABLE public.g (a int); CREATE INDEX ON public.g (public.f(a))",
    "a domain": f"{DOMAIN}; CREATE TABLE public.g (a public.d DEFAULT 1)",
    "a check": "CREATE TABLE public.g (a int CHECK (public.f(a) > 0)); INSERT INTO public.g VALUES (1)",
    "a materialized view": "CREATE MATERIALIZED VIEW public.g AS SELECT public.f(1) AS a",
}


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """Return a directory that anybody may write, so that whoever tries would get something there."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:  # noqa: S108
        Path(directory).chmod(0o777)
        yield Path(directory)


@pytest.mark.parametrize("name", OWNERS_CODE)
@pytest.mark.parametrize("as_superuser", [False, True], ids=["owner", "superuser"])
def test_code_of_an_owner_gets_nothing_of_the_host(
    ordinary: Ordinary, open_to_all: Path, name: str, as_superuser: bool
) -> None:
    file = open_to_all / "PWNED"
    code = TAKES_OVER.replace("FILE", str(file))
    ordinary.owner_says(f"{code} {OWNERS_CODE[name]}")
    ordinary.query(f"ALTER ROLE {OWNER} CREATEROLE")
    ordinary.write(v1="CREATE TABLE a (x int)", v2="SELECT public.f(1)")
    target = Target(parse_url(ordinary.url)) if as_superuser else ordinary.as_owner()
    data = ("all",) if not as_superuser else ()
    checked = ordinary.check(target=target, rehearsal_on="cluster", rehearsal="required", rehearsal_data=data)
    assert done(checked) == ["1", "2"]
    assert not [each for each in checked.rehearsal.unproved if "left out" in each]
    assert not file.exists()


def test_an_event_trigger_is_left_out_and_named(ordinary: Ordinary) -> None:
    ordinary.query(
        "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'PWNED'; END $$"
    )
    ordinary.query("CREATE EVENT TRIGGER pgops_t ON ddl_command_end EXECUTE FUNCTION e()")
    ordinary.query("ALTER EVENT TRIGGER pgops_t DISABLE")
    try:
        ordinary.write(v1="CREATE TABLE a ()")
        checked = ordinary.cluster()
        assert done(checked) == ["1"]
        assert (
            "event trigger pgops_t: left out of the copy (only a superuser could make it)" in checked.rehearsal.unproved
        )
    finally:
        ordinary.query("DROP EVENT TRIGGER pgops_t")


def test_an_extension_that_could_reach_out_is_left_out_and_named(ordinary: Ordinary) -> None:
    ordinary.query("CREATE EXTENSION dblink SCHEMA public; CREATE TABLE old (a int)")
    ordinary.query(f"ALTER TABLE old OWNER TO {OWNER}")
    ordinary.write(v1="ALTER TABLE old ADD b int")
    checked = ordinary.cluster()
    assert done(checked) == ["1"]
    assert (
        "extension dblink: left out of the copy (it isn't known to stay inside a cluster)" in checked.rehearsal.unproved
    )
    assert checked.diffs == ordinary.migrate(target=ordinary.as_owner(), with_diff=True).diffs
    ordinary.write(v2="DO $$ BEGIN PERFORM dblink_get_connections(); END $$")
    stopped = ordinary.cluster(rehearsal="auto").rehearsal.stopped
    assert "2: it may need what was left out of the copy" in stopped or "calls dblink" in stopped


def test_an_extension_that_the_host_lacks(ordinary: Ordinary) -> None:
    ordinary.write(v1="CREATE TABLE a ()", v2="CREATE EXTENSION pgops_no_such_extension")
    checked = ordinary.cluster(rehearsal="auto")
    assert done(checked) == ["1"]
    assert "it needs what this host hasn't got" in checked.rehearsal.stopped


def test_a_library_to_preload_is_left_out_and_named(ordinary: Ordinary) -> None:
    ordinary.query(f"ALTER ROLE {OWNER} SET session_preload_libraries = 'auto_explain'")
    ordinary.write(v1="CREATE TABLE a ()")
    checked = ordinary.cluster()
    assert done(checked) == ["1"]
    assert checked.rehearsal.unproved[0] == (
        "setting session_preload_libraries: left out of the copy (it loads a library of the target's host)"
    )


def test_a_tablespace(ordinary: Ordinary) -> None:
    with closing(psycopg2.connect(ordinary.url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SET allow_in_place_tablespaces = on")
        cursor.execute("CREATE TABLESPACE pgops_c_space LOCATION ''")
    try:
        ordinary.query(f"GRANT CREATE ON TABLESPACE pgops_c_space TO {OWNER}")
        ordinary.owner_says("CREATE TABLE old (a int) TABLESPACE pgops_c_space")
        ordinary.write(v1="CREATE TABLE fresh (a int) TABLESPACE pgops_c_space; ALTER TABLE old ADD b int")
        checked = ordinary.cluster()
        assert checked.diffs == ordinary.migrate(target=ordinary.as_owner(), with_diff=True).diffs
        assert "SET default_tablespace = pgops_c_space" in checked.diffs[0]
    finally:
        ordinary.query("DROP TABLE IF EXISTS old, fresh")
        ordinary.execute("DROP TABLESPACE pgops_c_space")


def test_another_major_and_a_locale_that_it_lacks(ordinary: Ordinary, any_server: Any) -> None:
    if any_server.bindir == embedded_bindir():
        pytest.skip("there is no newer one")
    name = f"pgops_c_icu_{os.getpid()}"
    any_server.psql(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-AT'")
    try:
        ordinary.bin_dir = embedded_bindir()  # which was built without ICU
        ordinary.write(v1="CREATE TEMP TABLE a ()")
        checked = ordinary.cluster(target=ordinary.as_owner(dbname=name))
        major, newer = any_server.major, server_version(embedded_bindir()).partition(".")[0]
        assert checked.rehearsal.unproved[0].startswith(f"PostgreSQL {newer} instead of the target's {major}")
        assert (
            "locale de-AT: this host hasn't got it, and the copy sorts as C.UTF-8 does" in checked.rehearsal.unproved[1]
        )
    finally:
        any_server.drop_database(name)


@pytest.mark.parametrize("may", [True, False])
def test_who_may_create_in_public(ordinary: Ordinary, may: bool) -> None:
    ordinary.query(f"{'GRANT' if may else 'REVOKE'} CREATE ON SCHEMA public {'TO' if may else 'FROM'} PUBLIC")
    ordinary.write(v1="CREATE TABLE public.a ()")
    target = ordinary.as_owner(user=LOGIN)
    if may:
        assert done(ordinary.cluster(target=target)) == ["1"]
        return
    with pytest.raises(errors.MigrationError, match="permission denied for schema public"):
        ordinary.cluster(target=target)


def test_a_failing_step_is_the_scripts_own_error(ordinary: Ordinary) -> None:
    ordinary.write(v1="CREATE TABLE a ()", v2="SELECT 1/0")
    with pytest.raises(errors.ScriptFailed, match="division by zero"):
        ordinary.cluster()


def test_a_step_that_the_role_may_not_do_fails_as_it_would(ordinary: Ordinary) -> None:
    ordinary.query("CREATE SCHEMA closed")
    ordinary.write(v1="CREATE TABLE closed.a ()")
    with pytest.raises(errors.ScriptFailed, match="permission denied for schema closed"):
        ordinary.cluster()


def test_rows_are_copied_by_who_may(ordinary: Ordinary) -> None:
    ordinary.query(f"SET ROLE {OWNER}; CREATE TABLE r (a int PRIMARY KEY); INSERT INTO r SELECT generate_series(1, 9)")
    ordinary.write(v1="DO $$ BEGIN ASSERT (SELECT count(*) FROM r) = 9; END $$")
    assert done(ordinary.cluster(rehearsal_data=("r",))) == ["1"]


def test_a_superuser_gets_a_cluster_only_where_it_is_asked_for(ordinary: Ordinary, monkeypatch: Any) -> None:
    ordinary.write(v1="CREATE TABLE a ()")
    assert ordinary.check().rehearsal.on == "server"
    checked = ordinary.check(rehearsal_on="cluster", rehearsal="required")
    assert (checked.rehearsal.on, checked.rehearsal.role) == ("cluster", "postgres")
    assert any("SUPERUSER of postgres" in each for each in checked.rehearsal.unproved)
    assert checked.diffs == ordinary.migrate(with_diff=True).diffs


def test_without_programs_the_plan_is_listed_with_both_reasons(ordinary: Ordinary, tmp_path: Path) -> None:
    ordinary.write(v1="CREATE TABLE a ()")
    ordinary.bin_dir = str(tmp_path)
    checked = ordinary.check(target=ordinary.as_owner())
    assert [str(step.script.version) for step in checked.progress.left] == ["1"]
    assert "permission denied to create database; and a throwaway cluster needs PostgreSQL's" in checked.warnings[0]


def test_an_empty_cluster(ordinary: Ordinary) -> None:
    ordinary.write(v1="CREATE TABLE a (x int)", v2="CREATE ROLE pgops_c_new")
    ordinary.file("1_v1.down.sql", "DROP TABLE a")
    ordinary.file("2_v2.down.sql", "DROP ROLE pgops_c_new")
    checked = ordinary.check(target=Target(), rehearsal_on="empty")
    assert (done(checked), checked.rehearsal.on) == (["1", "2"], "empty")
    tested = ordinary.migrate(target=Target(), rehearsal_on="empty", state="tested")
    assert [each.verdict.value for each in tested.proofs] == ["reversible", "reversible"]
    assert tested.rehearsal.on == "empty"
    assert ordinary.tables() == []


def test_an_empty_cluster_with_extensions(ordinary: Ordinary) -> None:
    ordinary.write(v1="CREATE TABLE a (x hstore)")
    assert done(ordinary.check(target=Target(), rehearsal_on="empty", rehearsal_extensions=("hstore",))) == ["1"]
    with pytest.raises(errors.RehearsalError, match="this host hasn't got it"):
        ordinary.check(target=Target(), rehearsal_on="empty", rehearsal_extensions=("no_such",))


def test_an_empty_cluster_that_can_not_be_made_is_no_green_check(ordinary: Ordinary, tmp_path: Path) -> None:
    ordinary.write(v1="CREATE TABLE a (x int)")
    ordinary.bin_dir = str(tmp_path)
    with pytest.raises(errors.RehearsalError, match="needs PostgreSQL's server programs"):
        ordinary.check(target=Target(), rehearsal_on="empty")


def test_a_database_that_is_not_there_yet(ordinary: Ordinary) -> None:
    target = ordinary.as_owner(dbname="not made yet")
    ordinary.write(v1="CREATE TABLE a (x int); DO $$ BEGIN ASSERT current_database() = 'not made yet'; END $$")
    checked = ordinary.cluster(target=target)
    assert (done(checked), checked.rehearsal.on) == (["1"], "cluster")


@pytest.mark.parametrize("name", ["postgres", "template1", "Odd, name'"])
def test_odd_names_of_databases(ordinary: Ordinary, any_server: Any, name: str) -> None:
    if name not in ("postgres", "template1"):
        any_server.psql(f"CREATE DATABASE {name_of(name)} OWNER {OWNER}")
    try:
        ordinary.write(v1="CREATE TEMP TABLE a (x int)")
        target = Target({**parse_url(ordinary.url), "dbname": name})
        assert done(ordinary.check(target=target, rehearsal_on="cluster", rehearsal="required")) == ["1"]
    finally:
        if name not in ("postgres", "template1"):
            any_server.psql(f"DROP DATABASE {name_of(name)}")


def name_of(name: str) -> str:
    return '"%s"' % name.replace('"', '""')


def test_what_a_killed_task_leaves_is_swept_by_the_next(ordinary: Ordinary) -> None:
    ordinary.write(v1="SELECT pg_sleep(600)")
    before = clusters()
    task = subprocess.Popen(ordinary.command(), env=ordinary.environment())
    until = time.monotonic() + 60
    while not ordinary.is_asleep() and time.monotonic() < until:
        time.sleep(0.05)
    task.send_signal(signal.SIGKILL)
    task.wait()
    left = clusters()
    assert left != before, "there is something to sweep"
    for each in ordinary.scratch_files.iterdir():
        each.unlink()  # Ansible's to remove
    ordinary.write(v1="SELECT 1")
    assert done(ordinary.cluster()) == ["1"]
    assert clusters() == before


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="looks for the module's process in /proc")
def test_a_signal_leaves_nothing(ordinary: Ordinary) -> None:
    ordinary.write(v1="SELECT pg_sleep(600)")
    task = subprocess.Popen(ordinary.command(), env=ordinary.environment())
    until = time.monotonic() + 60
    while not ordinary.is_asleep() and time.monotonic() < until:
        time.sleep(0.05)
    task.send_signal(signal.SIGTERM)
    assert task.wait(60) == 3, "the signal became an exception"
    # The fixture looks for what is left.


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_as_root_it_runs_as_a_user_of_its_own(ordinary: Ordinary) -> None:
    ordinary.file(
        "3_x.py",
        textwrap.dedent(
            """
            import os
            def up(cursor):
                data = os.path.join(os.path.dirname(cursor.connection.info.host), "data")
                owner = os.stat(data)
                above = os.stat(os.path.dirname(data))
                assert owner.st_uid > 60000 and owner.st_mode & 0o777 == 0o700, owner
                assert above.st_uid == 0 and above.st_mode & 0o777 == 0o711, above
                process = open(data + "/postmaster.pid").readline().strip()
                status = dict(line.split(":", 1) for line in open("/proc/" + process + "/status"))
                assert set(status["Uid"].split()) == {str(owner.st_uid)}, status["Uid"]
                assert status["Groups"].split() == [], status["Groups"]
                assert status["NoNewPrivs"].strip() == "1"
                assert b"PGPASS" not in open("/proc/" + process + "/environ", "rb").read()
            """
        ),
    )
    assert done(ordinary.cluster()) == ["3"]

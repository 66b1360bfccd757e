"""What a plan asks of rows is looked for in the real rows, which nothing writes and nobody keeps locked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import (
    Target,
    connect,
    parse_url,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.prechecks.questions import (
    Question,
    Source,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.prechecks.rows_against import (
    Patience,
    ask,
)
from ansible_collections.pgops.migrations.plugins.module_utils.errors import PrecheckFailed
from ansible_collections.pgops.migrations.plugins.module_utils.precheck import Kind, Precheck, Verdict

from .conftest import Project, done


def look(project: Project, **options: Any) -> dict[str, str]:
    """Return what was asked, and what came out, whether that is an error or not."""
    try:
        report = project.check(**options)
    except PrecheckFailed:
        report = project.report
    if report.rehearsal is not None and report.rehearsal.unwatched:
        pytest.fail(report.rehearsal.unwatched)
    return dict(map(shown, report.prechecks or ()))


def shown(found: Precheck) -> tuple[str, str]:
    """Return what was asked, where it isn't t with the table, and what came out."""
    of_another = "" if found.table == "public.t" else f" of {found.table}"
    reason = f": {found.answer.reason}" if found.answer.reason else ""
    return f"{found.version} {found.constraint}{of_another}", found.answer.verdict.value + reason


TABLES = """
CREATE TABLE parent (id int PRIMARY KEY, code text);
CREATE TABLE t (id int PRIMARY KEY, a int, b text, p int, r int4range, "Odd Name" int, d date);
INSERT INTO parent VALUES (1, 'x'), (2, 'x');
INSERT INTO t VALUES (1, 1, 'x', 1, '[1,3)', 1, '2024-01-01'), (2, 1, 'y', 9, '[2,4)', NULL, '2024-02-01'),
                     (3, NULL, '12345678901', NULL, NULL, 3, NULL);
"""
CASES: dict[str, tuple[str, dict[str, str]]] = {
    "NOT NULL, passed": ("ALTER TABLE t ALTER b SET NOT NULL", {"1 NOT NULL (b)": "passed"}),
    "NOT NULL, violated": (
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "violated: 1 row, for example id 3"},
    ),
    "an odd name": (
        'ALTER TABLE t ALTER "Odd Name" SET NOT NULL',
        {"1 NOT NULL (Odd Name)": "violated: 1 row, for example id 2"},
    ),
    "CHECK, passed": ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", {"1 CHECK k": "passed"}),
    "CHECK, violated": (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (d >= DATE '2024-01-15')",
        {"1 CHECK k": "violated: 1 row, for example id 1"},
    ),
    "CHECK that fails": (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (b::int > 0)",
        {"1 CHECK k": "violated: at least one row makes it fail"},
    ),
    "CHECK, NOT VALID": ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 5) NOT VALID", {}),
    "UNIQUE, passed": ("ALTER TABLE t ADD CONSTRAINT k UNIQUE (b)", {"1 UNIQUE k": "passed"}),
    "UNIQUE, violated": (
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        {"1 UNIQUE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a unique index on an expression": (
        "CREATE UNIQUE INDEX k ON t (length(b)) WHERE id < 3",
        {"1 UNIQUE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a partial unique index": ("CREATE UNIQUE INDEX k ON t (a) WHERE id <> 2", {"1 UNIQUE k": "passed"}),
    "a unique index, concurrently": (
        "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY k ON t (a)",
        {"1 UNIQUE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a primary key": (
        "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD CONSTRAINT k PRIMARY KEY (a)",
        {
            "1 NOT NULL (a)": "violated: 1 row, for example id 3",
            "1 PRIMARY KEY k": "violated: 2 rows, for example id 1, 2",
        },
    ),
    "FOREIGN KEY, violated": (
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES parent",
        {"1 FOREIGN KEY k": "violated: 1 row, for example id 2"},
    ),
    "FOREIGN KEY, passed": (
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES parent",
        {"1 FOREIGN KEY k": "passed"},
    ),
    "FOREIGN KEY to itself, of two columns": (
        "CREATE UNIQUE INDEX u ON t (id, a); ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p, a) REFERENCES t (id, a)",
        {"1 UNIQUE u": "passed", "1 FOREIGN KEY k": "violated: 1 row, for example id 2"},
    ),
    "FOREIGN KEY, MATCH FULL": (
        "CREATE UNIQUE INDEX u ON t (id, a); "
        'ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY ("Odd Name", a) REFERENCES t (id, a) MATCH FULL',
        {"1 UNIQUE u": "passed", "1 FOREIGN KEY k": "violated: 2 rows, for example id 2, 3"},
    ),
    "FOREIGN KEY to a new table": (
        "CREATE TABLE n (id int PRIMARY KEY, g int GENERATED ALWAYS AS IDENTITY); "
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES n",
        {"1 FOREIGN KEY k": "violated: 2 rows, for example id 1, 2"},
    ),
    "EXCLUDE": (
        "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&)",
        {"1 EXCLUDE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "too short": (
        "ALTER TABLE t ALTER b TYPE varchar(10)",
        {"1 TYPE (b: text to character varying(10))": "violated: 1 row, for example id 3"},
    ),
    "a column without a default": (
        "ALTER TABLE t ADD n int NOT NULL",
        {"1 NOT NULL (n)": "violated: 3 rows, for example id 1, 2, 3"},
    ),
    "a column with a default": ("ALTER TABLE t ADD n int NOT NULL DEFAULT 0", {}),
    "a column with an identity": ("ALTER TABLE t ADD n int GENERATED ALWAYS AS IDENTITY UNIQUE", {}),
    "a new column, checked": (
        "ALTER TABLE t ADD n text DEFAULT 'a' CONSTRAINT k CHECK (n IN ('b', 'c'))",
        {"1 CHECK k": "violated: 3 rows, for example id 1, 2, 3"},
    ),
    "a renamed column and table": (
        "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME a TO z; ALTER TABLE u ADD CONSTRAINT k CHECK (z > 1)",
        {"1 CHECK k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a backfill before it": (
        "ALTER TABLE t ADD n int; UPDATE t SET n = 1; ALTER TABLE t ALTER n SET NOT NULL",
        {"1 NOT NULL (n)": "not_checked: migration 1_v1 writes its rows first"},
    ),
}


OTHERS: dict[str, tuple[str, str, dict[str, str]]] = {
    # name: what is there, the script, what is found
    "a domain's constraint": (
        "CREATE DOMAIN d AS int; CREATE DOMAIN e AS d; CREATE TABLE t (id uuid PRIMARY KEY, x d, y e); "
        "INSERT INTO t VALUES ('00000000-0000-0000-0000-000000000001', 1, -1)",
        "ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)",
        {
            "1 DOMAIN k (x)": "passed",
            "1 DOMAIN k (y)": "violated: 1 row, for example id 00000000-0000-0000-0000-000000000001",
        },
    ),
    "a domain without NULL": (
        "CREATE DOMAIN d AS int; CREATE TABLE t (x d); INSERT INTO t VALUES (NULL), (NULL)",
        "ALTER DOMAIN d SET NOT NULL",
        {"1 DOMAIN d (x)": "violated: 2 rows"},
    ),
    "what was NOT VALID is validated": (
        "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b)); INSERT INTO t VALUES (1, 2); "
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 1) NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT k",
        {"1 CHECK k": "violated: 1 row, for example (a, b) (1, 2)"},
    ),
    "NOT NULL by way of a check": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k; "
        "ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t DROP CONSTRAINT k",
        {"1 NOT NULL (a)": "passed"},
    ),
    "an index becomes a constraint": (
        "CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX k ON t (a)",
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX k",
        {},
    ),
    "a partitioned table": (
        "CREATE TABLE t (id int, a int) PARTITION BY RANGE (id); "
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9); "
        "CREATE TABLE t2 PARTITION OF t DEFAULT; INSERT INTO t VALUES (1, NULL), (1, 1), (20, 2)",
        "ALTER TABLE t ALTER a SET NOT NULL, ADD CONSTRAINT c CHECK (a < 2), ADD CONSTRAINT u UNIQUE (id)",
        {"1 NOT NULL (a)": "violated: 1 row", "1 CHECK c": "violated: 1 row", "1 UNIQUE u": "violated: 2 rows"},
    ),
    "a partitioned table with another type": (
        "CREATE TABLE t (id int, a int) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT; "
        "INSERT INTO t VALUES (1, 70000)",
        "ALTER TABLE t ALTER a TYPE smallint; ALTER TABLE t ADD n int NOT NULL",
        {"1 TYPE (a: integer to smallint)": "violated: 1 row", "1 NOT NULL (n)": "violated: 1 row"},
    ),
    "a table becomes a partition": (
        "CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE t (id int PRIMARY KEY); "
        "INSERT INTO t VALUES (1), (50)",
        "ALTER TABLE p ATTACH PARTITION t FOR VALUES FROM (0) TO (10)",
        {"1 PARTITION t": "violated: 1 row, for example id 50"},
    ),
    "a default partition gets a sibling": (
        "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY LIST (id); CREATE TABLE t PARTITION OF p DEFAULT; "
        "INSERT INTO p VALUES (1), (2)",
        "CREATE TABLE t1 PARTITION OF p FOR VALUES IN (3); CREATE TABLE t2 PARTITION OF p FOR VALUES IN (2)",
        {"1 PARTITION t": "violated: 1 row, for example id 2"},
    ),
    "a partition leaves": (
        "CREATE TABLE t (id int, a int) PARTITION BY LIST (id); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
        "CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2); INSERT INTO t VALUES (1, NULL), (2, 1)",
        "ALTER TABLE t DETACH PARTITION t1; ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t1 ADD CHECK (a > 1)",
        {
            "1 NOT NULL (a)": "not_checked: migration 1_v1 writes its rows first",
            "1 CHECK t1_a_check of public.t1": "passed",
        },
    ),
    "a new partition is filled": (
        "CREATE TABLE t (id int, a int) PARTITION BY LIST (id)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); INSERT INTO t1 VALUES (1, 1); "
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "not_checked: migration 1_v1 writes its rows first"},
    ),
    "a partition by hash": (
        "CREATE TABLE p (id int) PARTITION BY HASH (id); CREATE TABLE t (id int)",
        "ALTER TABLE p ATTACH PARTITION t FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        {"1 PARTITION t": "not_checked: no query asks exactly this"},
    ),
    "NULL is a value": (
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, NULL, NULL), (2, NULL, 1)",
        "DO $$ BEGIN IF current_setting('server_version_num')::int >= 150000 THEN "
        "EXECUTE 'CREATE UNIQUE INDEX k ON t (a) NULLS NOT DISTINCT'; "
        "ELSE CREATE UNIQUE INDEX k ON t ((coalesce(a, 0))); END IF; END $$",
        {"1 UNIQUE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a table that others inherit from": (
        "CREATE TABLE t (id int, a int); CREATE TABLE o () INHERITS (t); INSERT INTO o VALUES (1, NULL), (1, 5)",
        "ALTER TABLE t ALTER a SET NOT NULL, ADD CONSTRAINT c CHECK (a < 2), ADD CONSTRAINT u UNIQUE (id), "
        "ADD CONSTRAINT m CHECK (id > 1) NO INHERIT",
        {
            "1 NOT NULL (a)": "passed",
            "1 NOT NULL (a) of public.o": "violated: 1 row",
            "1 CHECK c": "violated: 1 row",
            "1 CHECK m": "passed",
            "1 UNIQUE u": "passed",
        },
    ),
    "a generated column": (
        "CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a * 2) STORED); INSERT INTO t VALUES (1), (1)",
        "CREATE UNIQUE INDEX k ON t (g)",
        {"1 UNIQUE k": "violated: 2 rows"},
    ),
    "odd names in an odd schema": (
        'CREATE SCHEMA "S ch"; CREATE TABLE "S ch"."T.""x" ("I d" int PRIMARY KEY, "c%s{}" int); '
        'INSERT INTO "S ch"."T.""x" VALUES (1, 0)',
        """ALTER TABLE "S ch"."T.""x" ADD CONSTRAINT "k{}%" CHECK ("c%s{}" > 0 AND '{%s}' <> "c%s{}"::text)""",
        {'1 CHECK k{}% of S ch.T."x': "violated: 1 row, for example I d 1"},
    ),
    "a deferrable constraint": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)",
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) DEFERRABLE INITIALLY DEFERRED",
        {"1 UNIQUE k": "violated: 2 rows"},
    ),
    "no key that may be shown": (
        "CREATE TABLE t (a text PRIMARY KEY, b int); INSERT INTO t VALUES ('secret', NULL)",
        "ALTER TABLE t ALTER b SET NOT NULL",
        {"1 NOT NULL (b)": "violated: 1 row"},
    ),
    "very many": (
        "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT g, NULL FROM generate_series(1, 3000) g",
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "violated: 1,000 or more rows, for example id 1, 2, 3"},
    ),
    "an extension's type": (
        "CREATE EXTENSION citext; CREATE TABLE t (a citext); INSERT INTO t VALUES ('a'), ('A')",
        "CREATE UNIQUE INDEX k ON t (a)",
        {"1 UNIQUE k": "violated: 2 rows"},
    ),
    "an enumerated type": (
        "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'sad'), (2, 'odd')",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); ALTER TABLE t ALTER a TYPE mood USING a::mood",
        {"1 TYPE (a: text to public.mood)": "violated: 1 row, for example id 2"},
    ),
    "a smaller number": (
        "CREATE TABLE t (id int PRIMARY KEY, a bigint, n numeric); "
        "INSERT INTO t VALUES (1, 1, 1), (2, 3000000000, 1000)",
        "ALTER TABLE t ALTER a TYPE int, ALTER n TYPE numeric(5, 2)",
        {
            "1 TYPE (a: bigint to integer)": "violated: 1 row, for example id 2",
            "1 TYPE (n: numeric to numeric(5,2))": "violated: 1 row, for example id 2",
        },
    ),
    "a larger one": (
        "CREATE TABLE t (a int, b varchar(3), n numeric(4, 2))",
        "ALTER TABLE t ALTER a TYPE bigint, ALTER b TYPE varchar(9), ALTER n TYPE numeric(6, 2)",
        {},
    ),
    "a larger one, with what is made anew for it": (
        "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL CHECK (a > 0) UNIQUE, p int REFERENCES t); "
        "INSERT INTO t VALUES (1, 1, 1)",
        "ALTER TABLE t ALTER id TYPE bigint, ALTER a TYPE bigint, ALTER p TYPE bigint; "
        "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 1)",
        {"1 CHECK k": "violated: 1 row, for example id 1"},
    ),
    "a key of another type": (
        "CREATE TABLE t (at timestamp PRIMARY KEY)",
        "ALTER TABLE t ALTER at TYPE date",
        {
            "1 TYPE (at: timestamp without time zone to date)": "passed",
            "1 PRIMARY KEY t_pkey": "not_checked: the plan changes the type of at",
        },
    ),
    "a time": (
        "CREATE TABLE t (a timestamptz); INSERT INTO t VALUES (now())",
        "ALTER TABLE t ALTER a TYPE date",
        {"1 TYPE (a: timestamp with time zone to date)": "passed"},
    ),
    "another USING": (
        "CREATE TABLE t (a text); INSERT INTO t VALUES ('x')",
        "ALTER TABLE t ALTER a TYPE int USING length(a)",
        {"1 TYPE (a: text to integer)": "not_checked: what its USING makes of the values isn't known"},
    ),
    "a type changes, and is checked": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
        "ALTER TABLE t ALTER a TYPE text; ALTER TABLE t ADD CONSTRAINT k CHECK (a <> '1')",
        {
            "1 TYPE (a: integer to text)": "passed",
            "1 CHECK k": "not_checked: the plan changes the type of a",
        },
    ),
    "a loop over rows": (
        "CREATE TABLE t (id int, a int); INSERT INTO t VALUES (1, NULL)",
        "DO $$ DECLARE r int; BEGIN FOR r IN SELECT id FROM t LOOP UPDATE t SET a = 1 WHERE id = r; END LOOP; END $$; "
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "not_checked: what migration 1_v1 writes depends on the rows that it reads"},
    ),
    "a function that writes": (
        "CREATE TABLE t (id int, a int); INSERT INTO t VALUES (1, NULL); CREATE FUNCTION fill(int) RETURNS void "
        "LANGUAGE plpgsql AS 'BEGIN UPDATE public.t SET a = 1 WHERE id = $1; END'",
        "SELECT fill(id) FROM t; ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "not_checked: what migration 1_v1 writes depends on the rows that it reads"},
    ),
    "a look": (
        "CREATE TABLE t (id serial, a int); INSERT INTO t VALUES (1, NULL)",
        "SELECT setval('t_id_seq', max(id)) FROM t; CREATE VIEW v AS SELECT * FROM t; "
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "violated: 1 row"},
    ),
    "TRUNCATE": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)",
        "TRUNCATE t; ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "not_checked: migration 1_v1 writes its rows first"},
    ),
    "written anew for another column": (
        "CREATE TABLE t (a int, b int); INSERT INTO t VALUES (NULL)",
        "ALTER TABLE t ALTER b TYPE numeric; ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "violated: 1 row"},
    ),
    "rows that follow": (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (p int REFERENCES p ON DELETE CASCADE, a int); "
        "INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, NULL)",
        "DELETE FROM p; ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "not_checked: migration 1_v1 writes its rows first"},
    ),
    "a trigger": (
        "CREATE TABLE p (id int); CREATE TABLE t (a int); INSERT INTO p VALUES (1); INSERT INTO t VALUES (NULL); "
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN UPDATE t SET a = 1; RETURN NULL; END'; "
        "CREATE TRIGGER g AFTER UPDATE ON p FOR EACH ROW EXECUTE FUNCTION f()",
        "UPDATE p SET id = 2; ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "not_checked: migration 1_v1 writes rows of a table whose triggers may write others"},
    ),
    "a filled new table": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
        "CREATE TABLE n (a int PRIMARY KEY); INSERT INTO n SELECT a FROM t; "
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES n",
        {"1 FOREIGN KEY k": "not_checked: migration 1_v1 writes rows of the table it refers to first"},
    ),
    "a new table with a query": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
        "CREATE TABLE n AS SELECT a FROM t; ALTER TABLE n ADD PRIMARY KEY (a); "
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES n",
        {"1 FOREIGN KEY k": "not_checked: the plan makes the table that it refers to, and what fills it isn't known"},
    ),
    "a function of the plan": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
        "CREATE FUNCTION f(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 > 1'; "
        "ALTER TABLE t ADD CONSTRAINT k CHECK (f(a))",
        {"1 CHECK k": "not_checked: the plan makes or changes the function public.f(integer)"},
    ),
    "a function that is there": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); "
        "CREATE FUNCTION f(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 > 1'",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (f(a))",
        {"1 CHECK k": "violated: 1 row"},
    ),
    "a function that looks around": (
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1); "
        "CREATE FUNCTION f(int) RETURNS bool STABLE LANGUAGE sql AS 'SELECT $1 > 1'",
        "ALTER TABLE t ADD CONSTRAINT k CHECK (f(a))",
        {"1 CHECK k": "not_checked: it calls public.f(integer), which isn't immutable"},
    ),
    "an exclusion of two": (
        "CREATE EXTENSION btree_gist; CREATE TABLE t (room int, at tsrange); "
        "INSERT INTO t VALUES (1, '[2024-01-01,2024-01-03)'), (2, '[2024-01-02,2024-01-04)')",
        "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (room WITH =, at WITH &&)",
        {"1 EXCLUDE k": "passed"},
    ),
    "a new column that refers to something": (
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (a int); INSERT INTO t VALUES (1)",
        "ALTER TABLE t ADD p int CONSTRAINT k REFERENCES p, ADD q int DEFAULT 1 CONSTRAINT l REFERENCES p",
        {"1 FOREIGN KEY k": "passed", "1 FOREIGN KEY l": "violated: 1 row"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_found(project: Project, name: str) -> None:
    script, expected = CASES[name]
    project.query(TABLES)
    project.write(v1=script)
    assert look(project) == expected
    assert look(project) == expected


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_found_elsewhere(project: Project, name: str) -> None:
    there, script, expected = OTHERS[name]
    project.query(there)
    project.write(v1=script)
    assert look(project) == expected


@pytest.fixture
def owner(project: Project) -> Iterator[Target]:
    """Return an ordinary role that owns the database, and may make copies of it."""
    name = parse_url(project.url)["dbname"]
    role = name + "_owner"
    project.query(f"CREATE ROLE {role} LOGIN CREATEDB; ALTER DATABASE {name} OWNER TO {role}")
    project.query(f"ALTER SCHEMA public OWNER TO {role}")
    yield Target({**parse_url(project.url), "user": role})
    project.query(f"ALTER DATABASE {name} OWNER TO postgres; REASSIGN OWNED BY {role} TO postgres")
    project.query(f"DROP OWNED BY {role}; DROP ROLE {role}")


def execute_as(target: Target, statement: str) -> None:
    with closing(psycopg2.connect(**target.params)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        connection.commit()


def test_each_migration_is_told(project: Project) -> None:
    project.query("CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1, NULL)")
    project.write(
        v1="ALTER TABLE t ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID",
        v2="ALTER TABLE t VALIDATE CONSTRAINT k",
        v3="ALTER TABLE t ALTER a SET NOT NULL, DROP CONSTRAINT k",
        v4="UPDATE t SET b = 1",
        v5="ALTER TABLE t ALTER b SET NOT NULL",
    )
    expected = {
        "2 CHECK k": "passed",
        "3 NOT NULL (a)": "passed",
        "5 NOT NULL (b)": "not_checked: migration 4_v4 writes its rows first",
    }
    assert look(project) == expected
    assert look(project, single_transaction=True) == expected
    assert look(project, per_migration=True) == expected
    assert done(project.migrate()) == ["1", "2", "3", "4", "5"]


def test_what_is_made_anew_later_is_asked_once(project: Project) -> None:
    project.query("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    project.write(v1="ALTER TABLE t ADD CONSTRAINT k CHECK (id > 1)", v2="ALTER TABLE t ALTER id TYPE bigint")
    assert look(project) == {"1 CHECK k": "violated: 1 row, for example id 1"}


def test_python_is_not_foreseen(project: Project) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)")
    project.file(
        "1_fill.py",
        "def up(cursor):\n"
        "    cursor.execute('SELECT count(*) FROM t WHERE a IS NULL')\n"
        "    for n in range(cursor.fetchone()[0]):\n"
        "        cursor.execute('UPDATE t SET a = 1')\n"
        "    cursor.execute('ALTER TABLE t ALTER a SET NOT NULL')\n",
    )
    project.file("2_not_null.py", "def up(cursor):\n    cursor.execute('ALTER TABLE t ADD CHECK (a > 0)')\n")
    reason = "not_checked: what migration 1_fill writes depends on the rows that it reads"
    assert look(project) == {"1 NOT NULL (a)": reason, "2 CHECK t_a_check": reason}
    assert done(project.migrate()) == ["1", "2"]


def test_python_that_reads_nothing_is_asked(project: Project) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)")
    project.file("1_not_null.py", "def up(cursor):\n    cursor.execute('ALTER TABLE t ALTER a SET NOT NULL')\n")
    assert look(project) == {"1 NOT NULL (a)": "violated: 1 row"}


def test_python_outside_a_transaction(project: Project) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)")
    project.file(
        "1_index.py",
        "def up(cursor):\n"
        "    cursor.connection.autocommit = True\n"
        "    cursor.execute('CREATE UNIQUE INDEX CONCURRENTLY k ON t (a)')\n",
    )
    project.file("2_null.py", "def up(cursor):\n    cursor.execute('ALTER TABLE t ALTER a SET NOT NULL')\n")
    assert look(project) == {"1 UNIQUE k": "violated: 2 rows", "2 NOT NULL (a)": "passed"}


def test_not_null_that_is_not_valid(project: Project, any_server: Any) -> None:
    if int(any_server.psql("SHOW server_version_num")) < 180000:
        pytest.skip("since PostgreSQL 18")
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)")
    project.write(v1="ALTER TABLE t ADD CONSTRAINT k NOT NULL a NOT VALID", v2="SELECT 1")
    assert look(project) == {}
    project.write(v2="ALTER TABLE t VALIDATE CONSTRAINT k")
    assert look(project) == {"2 NOT NULL (a)": "violated: 1 row"}
    project.write(v2="SELECT 1")
    project.migrate()
    project.write(v3="ALTER TABLE t VALIDATE CONSTRAINT k")
    assert look(project) == {"3 NOT NULL (a)": "violated: 1 row"}


def test_a_rollback_is_asked_too(project: Project) -> None:
    project.file("1_null.up.sql", "ALTER TABLE t ALTER a DROP NOT NULL")
    project.file("1_null.down.sql", "ALTER TABLE t ALTER a SET NOT NULL")
    project.query("CREATE TABLE t (a int NOT NULL)")
    project.migrate()
    assert look(project, state="rolled_back") == {"1 NOT NULL (a)": "passed"}
    project.query("INSERT INTO t VALUES (NULL)")
    assert look(project, state="rolled_back") == {"1 NOT NULL (a)": "violated: 1 row"}


def test_the_error_says_what_to_do_and_the_result_has_the_rest(project: Project) -> None:
    project.query(
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (17, NULL, 1), (203, NULL, 1)"
    )
    project.write(v1="ALTER TABLE t ALTER b SET NOT NULL", v2="ALTER TABLE t ALTER a SET NOT NULL")
    with pytest.raises(PrecheckFailed) as caught:
        project.check()
    assert caught.value.message == (
        "Migration 2_v2 asks for NOT NULL (a) on public.t, and 2 rows violate it, for example id 17, 203"
    )
    assert (caught.value.kind, caught.value.version) == ("precheck", "2")
    report = project.report
    assert report.diffs and "NOT NULL" in report.diffs[0]
    assert [done(report), len(report.progress.left)] == [[], 2]
    assert report.rehearsal.unproved[0] == (  # type: ignore[union-attr]
        "rows: the copy has none, so data moves ran on empty tables; 1 constraint that the plan adds holds for the "
        "real rows of that moment; 1 constraint that the plan adds doesn't hold for the real rows of that moment"
    )


@pytest.mark.parametrize("how", ["rehearsal", "prechecks", "allow_hazards", "expect"])
def test_a_real_run_that_rehearses_is_stopped_before_anything_is_touched(project: Project, how: str) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)")
    project.write(v1="CREATE TABLE n (a int)", v2="ALTER TABLE t ALTER a SET NOT NULL")
    digest = project.check(prechecks="off").plan_digest
    options: dict[str, Any] = {
        "rehearsal": "required",
        "prechecks": "required",
        "allow_hazards": ("scan",),
        "expect": digest,
    }
    with pytest.raises(PrecheckFailed):
        project.migrate(**{how: options[how]})
    assert project.tables() == ["t"]
    project.query("DELETE FROM t")
    report = project.migrate(**{how: options[how]})
    assert done(report) == ["1", "2"]
    assert [each.answer.verdict.value for each in report.prechecks or ()] == ["passed"]


def test_what_was_rehearsed_until_it_stopped_is_asked(project: Project) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    project.write(
        v1="ALTER TABLE t ALTER a SET NOT NULL", v2="CREATE ROLE never_made", v3="ALTER TABLE t ADD CHECK (a > 1)"
    )
    assert look(project) == {"1 NOT NULL (a)": "passed"}


def test_off(project: Project) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)")
    project.write(v1="ALTER TABLE t ALTER a SET NOT NULL")
    report = project.check(prechecks="off")
    assert report.prechecks is None
    assert "constraints met no row" in report.rehearsal.unproved[0]  # type: ignore[union-attr]


def test_required(project: Project, owner: Target) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)")
    project.write(v1="UPDATE t SET a = 1; ALTER TABLE t ALTER a SET NOT NULL")
    assert done(project.check()) == ["1"]
    project.query(f"ALTER ROLE {owner.params['user']} NOCREATEDB")
    for checking in (True, False):
        with pytest.raises(PrecheckFailed, match="migration 1_v1 writes its rows first"):
            project.migrate(prechecks="required", checking=checking)
    with pytest.raises(PrecheckFailed, match="Not rehearsed"):
        project.check(prechecks="required", target=owner, rehearsal_on="server")


def test_rows_that_the_copy_has_are_asked_too(project: Project) -> None:
    project.query("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
    project.write(v1="ALTER TABLE t ALTER a SET NOT NULL")
    assert look(project, rehearsal_data=("all",)) == {"1 NOT NULL (a)": "passed"}
    assert project.report.rehearsal.unproved[0] == (  # type: ignore[union-attr]
        "rows: those of the moment when the copy was made; 1 constraint that the plan adds holds for the real rows of "
        "that moment"
    )


def test_an_owner_asks_his_own_rows(project: Project, owner: Target) -> None:
    execute_as(
        owner,
        "CREATE FUNCTION good(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1 > 1; END'; "
        "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1); CREATE INDEX ON t ((good(a)))",
    )
    project.write(v1="ALTER TABLE t ADD CONSTRAINT k CHECK (good(a))")
    assert look(project, target=owner) == {"1 CHECK k": "violated: 1 row, for example id 1"}


def test_rows_that_a_policy_hides(project: Project, owner: Target) -> None:
    execute_as(
        owner,
        "CREATE TABLE t (a int); INSERT INTO t VALUES (NULL); ALTER TABLE t ENABLE ROW LEVEL SECURITY, "
        "FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a > 0)",
    )
    project.write(v1="ALTER TABLE t ALTER a SET NOT NULL")
    (found,) = look(project, target=owner).values()
    assert found.startswith("not_checked: this role may not read all of its rows: query would be affected by row-level")
    assert any("NOT NULL (a) on public.t in 1_v1" in warning for warning in project.report.warnings)


ALARM = """
CREATE SEQUENCE alarm;
CREATE FUNCTION ring(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $f$
BEGIN
  PERFORM dblink_less FROM (SELECT 1 AS dblink_less) AS x;
  RAISE LOG 'somebody ran the code of %', session_user;
  IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN RAISE EXCEPTION 'ran as superuser'; END IF;
  RETURN $1;
END $f$;
CREATE FUNCTION rings(int, int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT public.ring($1) = $2';
CREATE OPERATOR === (FUNCTION = rings, LEFTARG = int, RIGHTARG = int);
CREATE DOMAIN alarming AS int CHECK (ring(VALUE) > 0);
CREATE TABLE t (id int PRIMARY KEY, a int);
INSERT INTO t VALUES (1, 1);
"""
# What the owner has made, and a migration that would have it run by whoever looks.
TRAPS = {
    "a function": ("", "ALTER TABLE t ADD CONSTRAINT k CHECK (ring(a) > 0)"),
    "an operator": ("", "ALTER TABLE t ADD CONSTRAINT k CHECK (a === 1)"),
    "a domain": ("", "ALTER TABLE t ADD CONSTRAINT k CHECK (a::alarming > 0)"),
    "a cast to a domain": ("", "ALTER TABLE t ALTER a TYPE alarming"),
    "a unique index": ("", "CREATE UNIQUE INDEX k ON t (ring(a))"),
    "an index that is there": ("CREATE INDEX i ON t ((a + ring(1)))", "ALTER TABLE t ALTER a SET NOT NULL"),
    "the predicate of one": ("CREATE INDEX i ON t (a) WHERE ring(1) > 0", "ALTER TABLE t ALTER a SET NOT NULL"),
    "a check that is there": ("ALTER TABLE t ADD CHECK (ring(1) > 0)", "CREATE UNIQUE INDEX k ON t (a)"),
    "statistics": ("CREATE STATISTICS s ON (a + ring(1)) FROM t", "ALTER TABLE t ALTER a SET NOT NULL"),
    "the key of the table that it is a part of": (
        "CREATE TABLE p (id int NOT NULL, a int) PARTITION BY RANGE ((a + ring(1))); "
        "ALTER TABLE p ATTACH PARTITION t DEFAULT",
        "CREATE UNIQUE INDEX k ON t (a)",
    ),
    "a table that inherits": (
        "CREATE TABLE o () INHERITS (t); CREATE INDEX i ON o ((a + ring(1)))",
        "ALTER TABLE t ALTER a SET NOT NULL",
    ),
}


REAL = ["an index that is there", "the predicate of one", "statistics", "a table that inherits"]


@pytest.mark.parametrize("name", REAL)
def test_the_planner_runs_code_of_an_owner(project: Project, owner: Target, name: str) -> None:
    execute_as(owner, ALARM + TRAPS[name][0])
    with closing(psycopg2.connect(project.url)) as connection, connection.cursor() as cursor:
        try:
            cursor.execute("SELECT count(*) FROM t WHERE a IS NULL")
            ran = ""
        except psycopg2.Error as error:
            ran = str(error)
    assert "ran as superuser" in ran


@pytest.mark.parametrize("name", TRAPS)
def test_a_superuser_runs_no_code_of_an_owner(project: Project, owner: Target, name: str) -> None:
    there, script = TRAPS[name]
    execute_as(owner, ALARM + there)
    project.write(v1=script)
    found = look(project)
    assert {each.split(":")[1] for each in found.values()} == {
        " it would run code of somebody else, as a superuser or the like"
    }
    assert look(project, target=Target(parse_url(project.url), session_role=owner.params["user"])) == found


NOT_NULL = Question(Kind.NOT_NULL, ("public", "t"), (Source("a", "a"),))


def ask_while_locked(project: Project, patience: Patience) -> list[Any]:
    """Ask t, which somebody else has locked, and u, which nobody has."""
    project.query("CREATE TABLE t (a int); CREATE TABLE u (a int)")
    questions = [NOT_NULL, NOT_NULL._replace(table=("public", "u"))]
    with closing(psycopg2.connect(project.url)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        with closing(connect(Target(parse_url(project.url)), "test")) as connection:
            return [each.reason for each in ask(connection, questions, patience, False)]


def test_a_table_that_is_locked(project: Project) -> None:
    assert ask_while_locked(project, Patience(60, 0.1)) == ["another session has locked the table", None]


def test_the_time_is_over(project: Project) -> None:
    late = {"it took longer than precheck_timeout leaves", "precheck_timeout was over"}
    assert ask_while_locked(project, Patience(0.5, 0))[0] in late
    with closing(connect(Target(parse_url(project.url)), "test")) as connection:
        (answer,) = ask(connection, [NOT_NULL], Patience(0, 0), False)
    assert answer.reason == "precheck_timeout was over"


def test_rows_that_the_role_may_not_read(project: Project, owner: Target) -> None:
    project.query("CREATE TABLE t (a int)")
    with closing(connect(owner, "test")) as connection:
        (answer,) = ask(connection, [NOT_NULL], Patience(60, 5), False)
    assert answer.reason == "this role may not read all of its rows: permission denied for table t"


def test_nothing_is_written_and_nothing_stays(project: Project) -> None:
    project.query("CREATE TABLE t (a int); CREATE SEQUENCE s; INSERT INTO t VALUES (1)")
    project.query("CREATE FUNCTION f(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT nextval(''public.s'') > 0'")
    question = Question(Kind.CHECK, ("public", "t"), (Source("a", "a"),), expression="public.f(a)")
    with closing(connect(Target(parse_url(project.url)), "test")) as connection:
        (answer,) = ask(connection, [question], Patience(60, 5), False)
        assert "cannot execute nextval() in a read-only transaction" in str(answer.reason)
        (answer,) = ask(connection, [NOT_NULL], Patience(60, 5), True)
        assert answer.verdict is Verdict.PASSED
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'public.t'::regclass"
            )
            assert cursor.fetchone() == (0,)
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)
    assert project.query("SELECT is_called FROM s") == [(False,)]


def test_a_server_that_goes_away_is_an_answer_too(project: Project) -> None:
    project.query("CREATE TABLE t (a int)")
    with closing(connect(Target(parse_url(project.url)), "test")) as connection:
        project.query(f"SELECT pg_terminate_backend({connection.info.backend_pid})")
        found = ask(connection, [NOT_NULL, NOT_NULL], Patience(60, 5), False)
        assert [each.verdict for each in found] == [Verdict.NOT_CHECKED] * 2

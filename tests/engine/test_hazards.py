"""What a migration does to tables that others use, as a rehearsal and a real run tell it, on a real server."""

from __future__ import annotations

import threading
from contextlib import closing

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.report import Report
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.observing import statements
from ansible_collections.pgops.migrations.plugins.module_utils.databases.values import Limits
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.run.hazard_rules import RULES

from .conftest import Project, done

BEFORE = """
CREATE TABLE big (id int PRIMARY KEY, name text, other int);
CREATE TABLE ref (id int PRIMARY KEY, big_id int, note varchar(10));
CREATE TABLE free (a int, b text);
CREATE INDEX free_a ON free (a);
CREATE TABLE "Odd ""one" ("Some Column" int, "%s" int);
CREATE TABLE part (id int NOT NULL, at int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (1000);
CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (1000) TO (2000);
CREATE TABLE apart (id int NOT NULL, at int);
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
CREATE VIEW seen AS SELECT id, name FROM big;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM big;
CREATE UNIQUE INDEX kept_id ON kept (id);
CREATE DOMAIN positive AS int;
CREATE TABLE with_domain (p positive);
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.there (id int);
CREATE VIEW elsewhere.looks AS SELECT 1 AS one;
INSERT INTO big SELECT n, 'x', n FROM generate_series(1, 1000) n;
INSERT INTO ref SELECT n, n, 'y' FROM generate_series(1, 100) n;
INSERT INTO free SELECT n, 'z' FROM generate_series(1, 100) n;
INSERT INTO part SELECT n, n FROM generate_series(1, 1999) n;
INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2); INSERT INTO with_domain VALUES (1);
ANALYZE;
"""
LOCKED, WRITES, SCAN, BUILT = "access_exclusive_lock", "blocks_writes", "full_scan", "index_not_concurrent"
REWRITE, ROWS, DROPPED, EMPTIED = "table_rewrite", "rows_changed", "table_dropped", "truncated"
COLUMN, RENAME, VIEW, WAITS = "column_dropped", "rename", "view_dropped", "waits_while_locked"
BARE_KEY = "foreign_key_without_index"


def parts(kind: str) -> list[str]:
    """Return a kind for a partitioned table and its partitions."""
    return [f"{kind} {table}" for table in ("part", "part_1", "part_2")]


CASES: dict[str, tuple[str, list[str]]] = {
    # a moment
    "a column": ("ALTER TABLE big ADD y int", [f"{LOCKED} big"]),
    "a column with a constant": ("ALTER TABLE big ADD y int NOT NULL DEFAULT 7", [f"{LOCKED} big"]),
    "a default": ("ALTER TABLE big ALTER name SET DEFAULT 'x'", [f"{LOCKED} big"]),
    "NULL again": (
        "ALTER TABLE part ALTER id DROP NOT NULL",
        parts(LOCKED),
    ),
    "a check, not valid": ("ALTER TABLE big ADD CHECK (id > 0) NOT VALID", [f"{LOCKED} big"]),
    "a key, not valid": (
        "ALTER TABLE free ADD FOREIGN KEY (a) REFERENCES big NOT VALID",
        [f"{WRITES} big", f"{WRITES} free"],
    ),
    "a trigger": (
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
        "CREATE TRIGGER t BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION f()",
        [f"{WRITES} big"],
    ),
    "a lock": ("LOCK TABLE big IN ACCESS EXCLUSIVE MODE", [f"{LOCKED} big"]),
    "a wider type": ("ALTER TABLE ref ALTER note TYPE varchar(20)", [f"{LOCKED} ref"]),
    "a wider type with an index": (
        "CREATE INDEX ON ref (note); ALTER TABLE ref ALTER note TYPE varchar(20)",
        [f"{LOCKED} ref", f"{BUILT} ref"],
    ),
    "an odd name": ('ALTER TABLE "Odd ""one" ADD z int', [f'{LOCKED} "Odd ""one"']),
    "inherited": ("ALTER TABLE parent ADD z int", [f"{LOCKED} child", f"{LOCKED} parent"]),
    "a trigger off": ("ALTER TABLE big DISABLE TRIGGER USER", [f"{WRITES} big"]),
    # scans
    "not null": ("ALTER TABLE free ALTER a SET NOT NULL", [f"{SCAN} free"]),
    "not null that a check proves": (
        "ALTER TABLE free ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE free VALIDATE CONSTRAINT c;",
        [f"{SCAN} free"],
    ),
    "a check": ("ALTER TABLE big ADD CHECK (id > 0)", [f"{SCAN} big"]),
    "a check, inherited": ("ALTER TABLE parent ADD CHECK (id > 0)", [f"{SCAN} child", f"{SCAN} parent"]),
    "a check of partitions": (
        "ALTER TABLE part ADD CHECK (id >= 0)",
        parts(SCAN),
    ),
    "a foreign key": ("ALTER TABLE free ADD FOREIGN KEY (a) REFERENCES big", [f"{WRITES} big", f"{SCAN} free"]),
    "a foreign key without an index": (
        "ALTER TABLE ref ADD FOREIGN KEY (big_id) REFERENCES big",
        [f"{WRITES} big", f"{BARE_KEY} ref", f"{SCAN} ref"],
    ),
    "a foreign key and its index": (
        "ALTER TABLE ref ADD FOREIGN KEY (big_id) REFERENCES big NOT VALID; CREATE INDEX ON ref (big_id)",
        [f"{WRITES} big", f"{BUILT} ref"],
    ),
    "a foreign key and half an index": (
        "ALTER TABLE ref ADD FOREIGN KEY (big_id) REFERENCES big NOT VALID; CREATE INDEX ON ref (big_id) WHERE id > 7",
        [f"{WRITES} big", f"{BARE_KEY} ref", f"{BUILT} ref"],
    ),
    "a new table with a foreign key": ("CREATE TABLE new (b int REFERENCES big)", [f"{WRITES} big"]),
    "an index": ("CREATE INDEX ON big (name)", [f"{BUILT} big"]),
    "a unique constraint": ("ALTER TABLE big ADD UNIQUE (other)", [f"{LOCKED} big", f"{BUILT} big"]),
    "a primary key": ("ALTER TABLE free ADD PRIMARY KEY (a)", [f"{LOCKED} free", f"{BUILT} free"]),
    "an index of partitions": ("CREATE INDEX ON part (at)", parts(BUILT)),
    "an index of a new table": ("CREATE TABLE new (x int); CREATE INDEX ON new (x)", []),
    "a partition": (
        "ALTER TABLE part ATTACH PARTITION apart FOR VALUES FROM (2000) TO (3000)",
        [f"{SCAN} apart"],
    ),
    "a new partition": ("CREATE TABLE part_3 PARTITION OF part FOR VALUES FROM (2000) TO (3000)", [f"{LOCKED} part"]),
    "a domain": ("ALTER DOMAIN positive ADD CHECK (VALUE > 0)", [f"{SCAN} with_domain"]),
    # rewrites
    "another type": ("ALTER TABLE free ALTER a TYPE bigint", [f"{REWRITE} free"]),
    "the same type, using": ("ALTER TABLE free ALTER a TYPE int USING a + 1", [f"{REWRITE} free"]),
    "a volatile default": ("ALTER TABLE big ADD r float DEFAULT random()", [f"{REWRITE} big"]),
    "unlogged": ("ALTER TABLE free SET UNLOGGED", [f"{REWRITE} free"]),
    "clustered": ("CLUSTER free USING free_a", [f"{REWRITE} free"]),
    "refreshed": ("REFRESH MATERIALIZED VIEW kept", [f"{REWRITE} kept"]),
    "another type of partitions": (
        "ALTER TABLE part ALTER at TYPE bigint",
        parts(REWRITE),
    ),
    # rows
    "rows": ("INSERT INTO big VALUES (0, 'y', 0); UPDATE big SET name = 'z' WHERE id = 1", [f"{ROWS} big"]),
    "rows of partitions": ("UPDATE part SET at = 0", [f"{ROWS} part"]),
    "rows of one partition": ("UPDATE part_1 SET at = 0", [f"{ROWS} part_1"]),
    "rows by a query": ("INSERT INTO part SELECT id, id FROM big WHERE id < 10", [f"{ROWS} part"]),
    "rows through a view": ("UPDATE seen SET name = 'q'", [f"{ROWS} big"]),
    "rows of a new table": ("CREATE TABLE new AS SELECT * FROM big; UPDATE new SET name = ''", []),
    "a temporary table": ("CREATE TEMP TABLE big AS SELECT 1 AS a; ALTER TABLE big ADD b int", []),
    "rows behind a lock": ("ALTER TABLE big ADD y int; UPDATE big SET y = 1", [f"{ROWS} big", f"{WAITS} big"]),
    "rows of another behind a lock": (
        "ALTER TABLE big ADD y int; UPDATE free SET b = ''",
        [f"{WAITS} big", f"{ROWS} free"],
    ),
    "an index behind a lock": (
        "ALTER TABLE big ADD y int; CREATE INDEX ON free (b)",
        [f"{WAITS} big", f"{BUILT} free"],
    ),
    # what is lost
    "a table": ("DROP TABLE free", [f"{DROPPED} free"]),
    "a table, and a new one": ("DROP TABLE free; CREATE TABLE free (x int)", [f"{DROPPED} free"]),
    "a schema": ("DROP SCHEMA elsewhere CASCADE", [f"{VIEW} elsewhere.looks", f"{DROPPED} elsewhere.there"]),
    "emptied": ("TRUNCATE free", [f"{EMPTIED} free"]),
    "emptied, with others": (
        "TRUNCATE part, free",
        [f"{EMPTIED} free", f"{EMPTIED} part", f"{EMPTIED} part_1", f"{EMPTIED} part_2"],
    ),
    "read, and emptied": ("CREATE TABLE old AS SELECT * FROM free; TRUNCATE free", [f"{EMPTIED} free"]),
    "emptied, and filled": (
        "TRUNCATE free; INSERT INTO free SELECT id, name FROM big",
        [f"{ROWS} free", f"{EMPTIED} free"],
    ),
    "emptied beside a rewrite": (
        "ALTER TABLE big ALTER other TYPE bigint; TRUNCATE free; ALTER TABLE free ADD z int",
        [f"{REWRITE} big", f"{EMPTIED} free"],
    ),
    "a new table emptied": ("CREATE TABLE new (x int); INSERT INTO new VALUES (1); TRUNCATE new", []),
    # what breaks
    "a column less": ("ALTER TABLE big DROP COLUMN other", [f"{COLUMN} big"]),
    "a column less, and a view": ("ALTER TABLE big DROP COLUMN name CASCADE", [f"{COLUMN} big", f"{VIEW} seen"]),
    "a column of partitions": (
        "ALTER TABLE part DROP COLUMN at",
        parts(COLUMN),
    ),
    "another name": ("ALTER TABLE free RENAME TO freed", [f"{RENAME} free"]),
    "another schema": ("ALTER TABLE free SET SCHEMA elsewhere", [f"{RENAME} free"]),
    "another name of a column": ("ALTER TABLE big RENAME name TO title", [f"{RENAME} big"]),
    "another name of an odd column": ('ALTER TABLE "Odd ""one" RENAME "%s" TO "100%"', [f'{RENAME} "Odd ""one"']),
    "another name of an inherited column": (
        "ALTER TABLE parent RENAME id TO key",
        [f"{RENAME} child", f"{RENAME} parent"],
    ),
    "another name, and more": ("ALTER TABLE free RENAME TO freed; ALTER TABLE freed ADD z int", [f"{RENAME} free"]),
    "a view": ("DROP VIEW seen", [f"{VIEW} seen"]),
    "a view, replaced": ("CREATE OR REPLACE VIEW seen AS SELECT id, name, other FROM big", []),
    "a view, made anew": ("DROP VIEW seen; CREATE VIEW seen AS SELECT name FROM big", []),
    "a view of another name": ("ALTER VIEW seen RENAME TO looked_at", [f"{RENAME} seen"]),
    "a materialized view": ("DROP MATERIALIZED VIEW kept", [f"{VIEW} kept"]),
}


def told(report: Report, version: str | None = None) -> list[str]:
    """Return what a run tells, in the order of tables."""
    found = [each for each in report.hazards or () if version in (None, each.version)]
    pairs = sorted((str(each.table).replace("public.", ""), each.kind.value) for each in found)
    return [f"{kind} {table}" for table, kind in pairs]


@pytest.mark.parametrize("name", CASES)
def test_a_rehearsal_and_a_run_tell_the_same(project: Project, name: str) -> None:
    statement, expected = CASES[name]
    project.query(BEFORE)
    project.write(v1=statement)
    assert told(project.check()) == expected
    assert told(project.migrate()) == expected


def python(*statements: str, leaves: bool = True) -> str:
    """Return a script in Python that runs statements, outside a transaction or after one."""
    lines = ["    cursor.connection.autocommit = True"] if leaves else []
    lines += [f"    cursor.execute({statement!r})" for statement in statements]
    return "def up(cursor):\n" + "\n".join(lines) + "\n"


def outside(*statements: str) -> str:
    """Return a script in SQL that runs statements outside a transaction."""
    return "-- no-transaction\n" + "\n".join(statement + ";" for statement in statements) + "\n"


OUTSIDE: dict[str, tuple[str, str, list[str]]] = {
    "a column": ("1_x.up.sql", outside("ALTER TABLE big ADD y int", "SELECT 1"), [f"{LOCKED} big"]),
    "a column less": ("1_x.up.sql", outside("ALTER TABLE big DROP COLUMN other", "SELECT 1"), [f"{COLUMN} big"]),
    "an index": ("1_x.up.sql", outside("CREATE INDEX ON big (name)", "SELECT 1"), [f"{BUILT} big"]),
    "an index, concurrently": ("1_x.up.sql", outside("CREATE INDEX CONCURRENTLY ON big (name)"), []),
    "both": (
        "1_x.up.sql",
        outside("CREATE INDEX CONCURRENTLY ON big (name)", "CREATE INDEX ON free (b)"),
        [f"{BUILT} free"],
    ),
    "VACUUM FULL": ("1_x.up.sql", outside("VACUUM FULL free"), [f"{REWRITE} free"]),
    "VACUUM": ("1_x.up.sql", outside("VACUUM ANALYZE free"), []),
    "CLUSTER": ("1_x.up.sql", outside("CLUSTER free USING free_a", "SELECT 1"), [f"{REWRITE} free"]),
    "TRUNCATE": ("1_x.up.sql", outside("TRUNCATE free", "SELECT 1"), [f"{EMPTIED} free"]),
    "REFRESH": (
        "1_x.up.sql",
        outside("REFRESH MATERIALIZED VIEW CONCURRENTLY kept", "SELECT 1"),
        [f"{WRITES} kept", f"{ROWS} kept"],
    ),
    "another type": ("1_x.up.sql", outside("ALTER TABLE free ALTER a TYPE bigint", "SELECT 1"), [f"{REWRITE} free"]),
    "NOT NULL": ("1_x.up.sql", outside("ALTER TABLE free ALTER a SET NOT NULL", "SELECT 1"), [f"{SCAN} free"]),
    "a check, validated later": (
        "1_x.up.sql",
        outside("ALTER TABLE free ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE free VALIDATE CONSTRAINT c"),
        [f"{LOCKED} free"],
    ),
    "rows": ("1_x.up.sql", outside("UPDATE free SET b = 'q'", "DELETE FROM ref"), [f"{ROWS} free", f"{ROWS} ref"]),
    "rows, not behind a lock": (
        "1_x.up.sql",
        outside("ALTER TABLE big ADD y int", "UPDATE big SET y = 1"),
        [f"{LOCKED} big", f"{ROWS} big"],
    ),
    "a block": (
        "1_x.up.sql",
        outside("BEGIN", "ALTER TABLE big ADD y int", "UPDATE free SET b = 'q'", "COMMIT", "SELECT 1"),
        [f"{WAITS} big", f"{ROWS} free"],
    ),
    "another name, and more": (
        "1_x.up.sql",
        outside("ALTER TABLE free RENAME TO freed", "ALTER TABLE freed ADD z int"),
        [f"{RENAME} free"],
    ),
    "a table": ("1_x.up.sql", outside("DROP TABLE free", "DROP VIEW seen"), [f"{DROPPED} free", f"{VIEW} seen"]),
    "a view, made anew": (
        "1_x.up.sql",
        outside("DROP VIEW seen", "CREATE VIEW seen AS SELECT 1 AS id"),
        [f"{VIEW} seen"],
    ),
    "Python, before it leaves its transaction": (
        "1_x.py",
        "def up(cursor):\n    cursor.execute('DROP TABLE free')\n    cursor.connection.autocommit = True\n",
        [f"{DROPPED} free"],
    ),
    "Python, a column": ("1_x.py", python("ALTER TABLE big ADD y int"), [f"{LOCKED} big"]),
    "Python, several": (
        "1_x.py",
        python(
            "TRUNCATE free", "CREATE INDEX ON big (name)", "CREATE INDEX CONCURRENTLY ON ref (note)", "DROP VIEW seen"
        ),
        [f"{BUILT} big", f"{EMPTIED} free", f"{VIEW} seen"],
    ),
    "Python, rows": (
        "1_x.py",
        python("UPDATE free SET b = 'q'", "INSERT INTO ref VALUES (0)"),
        [f"{ROWS} free", f"{ROWS} ref"],
    ),
    "Python, a block": (
        "1_x.py",
        python("BEGIN", "ALTER TABLE big ADD y int", "UPDATE free SET b = 'q'", "COMMIT"),
        [f"{WAITS} big", f"{ROWS} free"],
    ),
    "Python, in its transaction": (
        "1_x.py",
        python("ALTER TABLE big ADD y int", "UPDATE free SET b = 'q'", leaves=False),
        [f"{WAITS} big", f"{ROWS} free"],
    ),
    "the other connection": (
        "1_x.py",
        "from dbmigrator import super_user\n\n\ndef up(cursor):\n    with super_user() as other:\n"
        "        other.execute('ALTER TABLE big ADD y int')\n",
        [f"{LOCKED} big"],
    ),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_so_they_do_outside_a_transaction(project: Project, name: str) -> None:
    file_name, text, expected = OUTSIDE[name]
    project.query(BEFORE)
    project.file(file_name, text)
    assert told(project.check()) == expected
    report = project.migrate()
    assert told(report) == expected
    assert all(each.rows_changed is None for each in report.hazards or () if "in its" not in name)


# One run of several migrations


def by_step(report: Report) -> dict[str, list[str]]:
    """Return what a run tells, by version."""
    versions = sorted({each.version for each in report.hazards or ()})
    return {version: told(report, version) for version in versions}


STEPS: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "an index of the step before": (
        ["-- no-transaction\nCREATE INDEX CONCURRENTLY ON big (name)", "LOCK TABLE big IN SHARE MODE"],
        {"2": [f"{WRITES} big"]},
    ),
    "a table that was renamed": (
        ["ALTER TABLE free RENAME TO freed", "ALTER TABLE freed ADD y int", "DROP TABLE freed"],
        {"1": [f"{RENAME} free"], "2": [f"{LOCKED} freed"], "3": [f"{DROPPED} freed"]},
    ),
    "two tables that change places": (
        ["ALTER TABLE free RENAME TO old; ALTER TABLE apart RENAME TO free", "ALTER TABLE free ADD y int"],
        {"1": [f"{RENAME} apart", f"{RENAME} free"], "2": [f"{LOCKED} free"]},
    ),
    "a column that was renamed": (
        ["ALTER TABLE free RENAME b TO c", "ALTER TABLE free DROP COLUMN c"],
        {"1": [f"{RENAME} free"], "2": [f"{COLUMN} free"]},
    ),
    "rewritten and altered": (
        ["ALTER TABLE free ALTER a TYPE bigint", "ALTER TABLE free ADD y int", "TRUNCATE free"],
        {"1": [f"{REWRITE} free"], "2": [f"{LOCKED} free"], "3": [f"{EMPTIED} free"]},
    ),
    "what the run has made": (
        [
            "CREATE TABLE new (x int)",
            "CREATE INDEX ON new (x)",
            "ALTER TABLE new ALTER x TYPE bigint",
            "DROP TABLE new",
        ],
        {},
    ),
    "a constraint in two steps": (
        ["ALTER TABLE free ADD CONSTRAINT c CHECK (a > 0) NOT VALID", "ALTER TABLE free VALIDATE CONSTRAINT c"],
        {"1": [f"{LOCKED} free"]},
    ),
    "rows of one table": (
        ["INSERT INTO ref VALUES (0)", "DELETE FROM ref", "SELECT 1"],
        {"1": [f"{ROWS} ref"], "2": [f"{ROWS} ref"]},
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_hazard_is_told_of_the_step_whose_it_is(project: Project, name: str) -> None:
    statements, expected = STEPS[name]
    project.query(BEFORE)
    project.write(**{f"v{number}": statement for number, statement in enumerate(statements, 1)})
    assert by_step(project.check()) == expected
    assert by_step(project.migrate()) == expected


def test_locks_of_a_single_transaction_are_told_once(project: Project) -> None:
    project.query(BEFORE)
    project.write(
        v1="ALTER TABLE big ADD y int", v2="CREATE INDEX ON ref (note)", v3="SELECT 1", v4="ALTER TABLE big ADD z int"
    )
    expected = {"1": [f"{LOCKED} big"], "2": [f"{WAITS} big", f"{BUILT} ref"], "4": [f"{LOCKED} big"]}
    assert by_step(project.check(single_transaction=True)) == expected
    assert by_step(project.migrate(single_transaction=True)) == expected


def rows(report: Report) -> list[int | None]:
    """Return how many rows each step has written."""
    return [each.rows_changed for each in report.hazards or () if each.kind.value == ROWS]


@pytest.mark.parametrize("together", [False, True])
def test_rows_are_counted_for_each_step(project: Project, together: bool) -> None:
    project.query(BEFORE)
    update = "UPDATE big SET name = 'z'"
    project.write(v1=update, v2=update + " WHERE id <= 10", v3=update + " WHERE id <= 5")
    project.write(v4="UPDATE part SET at = 1; DELETE FROM part_1")
    checked = project.check(single_transaction=together)
    assert set(rows(checked)) == {None}
    assert "rows_changed in 1 on public.big (" in " ".join(checked.warnings)
    assert "about 1,000 rows: writes rows" in " ".join(checked.warnings)
    report = project.migrate(single_transaction=together)
    assert rows(report) == [1000, 10, 5, 1999 + 999]
    assert [each.detail for each in report.hazards or ()][-1] == "UPDATE 1,999, DELETE 999"


def test_rows_are_counted_though_the_session_was_idle(project: Project) -> None:
    project.query(BEFORE)
    # It hands its counts over when it is idle, at most once in a second.
    update = "UPDATE big SET name = 'z'"
    for version, statement in enumerate(
        [update, update + " WHERE id <= 10", "SELECT pg_sleep(1.1)", update + " WHERE id <= 5"]
    ):
        project.file(f"{version}_x.py", python(statement, leaves=False))
    assert rows(project.migrate()) == [1000, 10, 5]


def test_rows_of_a_try_that_was_rolled_back_are_not_counted(project: Project) -> None:
    project.query(BEFORE)
    update = "UPDATE big SET name = 'z'"
    project.write(v1=update + "; LOCK TABLE free", v2=update + " WHERE id <= 10")
    with closing(psycopg2.connect(project.url)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE free IN ACCESS SHARE MODE")
        timer = threading.Timer(0.8, other.rollback)
        timer.start()
        try:
            report = project.migrate(limits=Limits(lock_timeout=0.4, lock_retries=3))
        finally:
            timer.join()
    assert rows(report) == [None, 10]


def test_rows_of_a_copy_with_all_rows_are_counted(project: Project) -> None:
    project.query(BEFORE)
    project.write(v1="UPDATE big SET name = 'z' WHERE id <= 10")
    assert rows(project.check(rehearsal_data=("all",))) == [10]


def test_partitions_are_told_in_one_warning(project: Project) -> None:
    ranges = ["CREATE TABLE p_%d PARTITION OF p FOR VALUES FROM (%d) TO (%d)" % (n, n, n + 1) for n in range(150)]
    project.query("CREATE TABLE p (id int, at int) PARTITION BY RANGE (id); " + "; ".join(ranges))
    project.write(v1="ALTER TABLE p ADD CHECK (at > 0)", v2="UPDATE p SET at = 1", v3="DROP TABLE p")
    checked = project.check()
    assert [warning.partition(" (")[0] for warning in checked.warnings] == [
        "data_loss: table_dropped in 3 on public.p and 150 partitions of it",
        "rewrite: rows_changed in 2 on public.p",
        "scan: full_scan in 1 on public.p and 150 partitions of it",
    ]
    assert len(checked.hazards or ()) == 151 + 1 + 151
    assert {each.partition_of for each in checked.hazards or ()} == {None, "public.p"}
    assert told(project.migrate()) == told(checked)


def test_an_ordinary_role_sees_the_same(project: Project) -> None:
    owner = "hazards_owner"
    project.query(f"DROP ROLE IF EXISTS {owner}; CREATE ROLE {owner} LOGIN CREATEDB")
    try:
        project.query(
            f"GRANT CREATE ON SCHEMA public TO {owner}; SET ROLE {owner}; {BEFORE.partition('CREATE SCHEMA')[0]}"
        )
        target = Target({**parse_url(project.url), "user": owner})
        project.write(v1="ALTER TABLE big ALTER other TYPE bigint; UPDATE ref SET note = ''; TRUNCATE free")
        expected = [f"{REWRITE} big", f"{WAITS} big", f"{EMPTIED} free", f"{ROWS} ref"]
        assert told(project.check(target=target)) == expected
        assert told(project.migrate(target=target)) == expected
    finally:
        project.query(f"DROP OWNED BY {owner} CASCADE; DROP ROLE {owner}")


def test_names_may_be_any_bytes_where_there_is_no_encoding(project: Project) -> None:
    name = project.url.rpartition("/")[2] + "_plain"
    admin = Project.__new__(Project)
    admin.url = project.url.rpartition("/")[0] + "/postgres"
    admin.execute(f"CREATE DATABASE {name} ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0")
    project.url = project.url.rpartition("/")[0] + "/" + name
    try:
        with closing(psycopg2.connect(project.url)) as inside, inside.cursor() as cursor:
            cursor.execute(b'CREATE TABLE "gr\xfcn" (x int, "\xfc" int); CREATE TABLE b (x int)')
            inside.commit()
        add = "SELECT format('ALTER TABLE %I ADD z int', relname) FROM pg_class WHERE relname LIKE 'gr%n'"
        project.write(v1="ALTER TABLE b ADD y int", v2=f"DO $$ BEGIN EXECUTE ({add}); END $$")
        expected = [f'{LOCKED} "gr\\374n"', f"{LOCKED} b"]
        assert told(project.check()) == expected
        assert told(project.migrate()) == expected
    finally:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_what_cannot_be_seen_keeps_no_run_from_its_end(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.query("CREATE TABLE a (x int)")
    project.write(v1="DROP TABLE a")
    monkeypatch.setattr(statements, "SURVEY", "SELECT 1 / 0")
    report = project.migrate()
    assert done(report) == ["1"] and report.hazards == ()
    assert report.warnings == (
        "What the run does to tables that others use (hazards) can't be told: division by zero.",
    )


ALLOWED: dict[str, tuple[tuple[str, ...], bool]] = {
    "nothing": ((), False),
    "its kind": (("truncated",), True),
    "its level": (("data_loss",), True),
    "a milder level": (("scan", "rewrite"), False),
    "all other kinds": (tuple(kind.value for kind in RULES if kind.value != "truncated"), False),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_kinds_and_levels_are_allowed(project: Project, name: str) -> None:
    allowed, passes = ALLOWED[name]
    project.query("CREATE TABLE a (x int); CREATE TABLE b (x int)")
    project.write(v1="ALTER TABLE b ADD y int", v2="TRUNCATE a")
    if passes:
        assert done(project.migrate(allow_hazards=allowed)) == ["1", "2"]
        return
    with pytest.raises(MigrationError, match="truncated in 2 on public.a") as caught:
        project.migrate(allow_hazards=allowed)
    assert caught.value.kind == "hazard" and project.tables() == ["a", "b"]
    assert project.query("SELECT count(*) FROM information_schema.columns WHERE table_name = 'b'") == [(1,)]


def test_sizes_are_those_of_the_table_that_it_was(project: Project) -> None:
    project.query(BEFORE)
    project.write(v1="ALTER TABLE big RENAME TO large", v2="ALTER TABLE large ADD y int", v3="CREATE TABLE big (x int)")
    for report in (project.check(), project.migrate()):
        assert [each.table for each in report.hazards or ()] == ["public.big", "public.large"]
        assert all((each.size_bytes or 0) > 8192 and each.row_estimate == 1000 for each in report.hazards or ())
        assert (report.hazards or ())[0].detail == "to public.large"

"""What real scripts do must work: odd text, odd names, transactions of their own."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done

SQL_TEXTS = {
    "a literal percent sign": ("CREATE TABLE t (a text DEFAULT '100 %s %(x)s %')", "SELECT 1 FROM t", []),
    "a dollar-quoted body": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 7; END; $body$;",
        "SELECT f()",
        [(7,)],
    ),
    "a DO block": ("DO $$ BEGIN CREATE TABLE t AS SELECT 5 AS a; END $$", "SELECT a FROM t", [(5,)]),
    "Windows line ends": ("CREATE TABLE t (a int);\r\nINSERT INTO t\r\nVALUES (3);\r\n", "SELECT a FROM t", [(3,)]),
    "a byte order mark": ("\ufeffCREATE TABLE t AS SELECT 1 AS a;", "SELECT a FROM t", [(1,)]),
    "comments only": ("-- nothing\n/* at /* all */ */\n", "SELECT 1", [(1,)]),
    "nothing at all": ("", "SELECT 1", [(1,)]),
    "no last semicolon": ("CREATE TABLE t (a int);\nINSERT INTO t VALUES (2)", "SELECT a FROM t", [(2,)]),
    "60 KB": (
        "CREATE TABLE t (a text);\n" + "INSERT INTO t VALUES ('x');\n" * 2300,
        "SELECT count(*) FROM t",
        [(2300,)],
    ),
    "a search_path of its own": (
        "CREATE SCHEMA s; SET search_path = s; CREATE TABLE t AS SELECT 9 AS a;",
        "SELECT a FROM s.t",
        [(9,)],
    ),
    "BEGIN and COMMIT around it": ("BEGIN;\nCREATE TABLE t AS SELECT 4 AS a;\nCOMMIT;\n", "SELECT a FROM t", [(4,)]),
}


@pytest.mark.parametrize("name", SQL_TEXTS)
def test_sql_text_runs(project: Project, name: str) -> None:
    text, query, expected = SQL_TEXTS[name]
    project.write(v1=text, v2="CREATE TABLE after_it (a int)")
    assert done(project.migrate()) == ["1", "2"]
    assert project.query(query) == expected
    assert project.query("SELECT 1 FROM public.after_it") == []


def test_line_ends_do_not_reach_functions_or_checksums(project: Project) -> None:
    project.write(v1="CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\r\nSELECT 1\r\n$$;\r\n")
    project.migrate()
    unix = project.directory.parent / "unix"
    unix.mkdir()
    (unix / "1_v1.up.sql").write_text("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\nSELECT 1\n$$;\n")
    assert project.query("SELECT prosrc FROM pg_proc WHERE proname = 'f'") == [("\nSELECT 1\n",)]
    import hashlib

    expected = hashlib.sha256((unix / "1_v1.up.sql").read_bytes()).hexdigest()
    assert project.query("SELECT checksum FROM schema_migrations_log WHERE version IS NOT NULL") == [(expected,)]


def test_numbers_compare_as_numbers_and_dashes_do_not_count(project: Project) -> None:
    for version in ("10", "7", "2019-02-26-002946", "20190226002945"):
        project.file(f"{version}_x.up.sql", "SELECT 1")
    assert done(project.migrate()) == ["7", "10", "20190226002945", "2019-02-26-002946"]


def test_file_names_with_spaces_quotes_and_emoji(project: Project) -> None:
    project.file('1_it\'s a "new" table; 100 % 🐘.up.sql', "CREATE TABLE t (a int)")
    project.migrate()
    assert project.query("SELECT name FROM schema_migrations_log WHERE version IS NOT NULL") == [
        ('it\'s a "new" table; 100 % 🐘',)
    ]


def test_session_is_as_before_after_each_script(project: Project) -> None:
    project.query("CREATE ROLE somebody")
    try:
        project.query("GRANT CREATE ON SCHEMA public TO somebody")
        project.write(
            v1="SET search_path = pg_catalog; SET statement_timeout = 77; SET lock_timeout = 78; SET ROLE somebody;",
            v2="CREATE TABLE seen AS SELECT current_user::text AS who, current_setting('search_path') AS path, "
            "current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock",
        )
        project.migrate()
        assert project.query("SELECT * FROM seen") == [("postgres", '"$user", public', "0", "5s")]
    finally:
        project.query("DROP OWNED BY somebody")
        project.query("DROP ROLE somebody")


# What a script leaves in its session, and what the next one meets of it, if anything.
LEFT_BEHIND = {
    "a temporary table in front of a real one": (
        "CREATE TABLE orders (a int); CREATE TEMP TABLE orders AS SELECT 1 AS a",
        "ALTER TABLE orders ADD b int; DO $$ BEGIN PERFORM b FROM public.orders; END $$",
    ),
    "a temporary function": (
        "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'f'); END $$",
    ),
    "a prepared statement": ("PREPARE p AS SELECT 1", "PREPARE p AS SELECT 2"),
    "a cursor": ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "DECLARE c CURSOR WITH HOLD FOR SELECT 2"),
    "a listener": (
        "LISTEN somebody",
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT 1 FROM pg_listening_channels()); END $$",
    ),
    "locks": (
        "SELECT pg_advisory_lock(7), pg_advisory_lock(7), pg_advisory_lock_shared(-8), pg_advisory_lock(-1, 2), "
        "pg_advisory_lock_shared(3, -4), pg_advisory_xact_lock(9)",
        "DO $$ BEGIN ASSERT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) "
        "= (SELECT (current_database() NOT LIKE 'pgops_%')::int); END $$",
    ),
}


@pytest.mark.parametrize("name", LEFT_BEHIND)
@pytest.mark.parametrize("kind", ["sql", "python", "outside", "one transaction"])
def test_the_next_script_meets_nothing_of_the_one_before(project: Project, name: str, kind: str) -> None:
    first, second = LEFT_BEHIND[name]
    if kind == "one transaction":
        first = first.replace(", pg_advisory_xact_lock(9)", "")  # that one can't be given back
    if kind == "python":
        project.file("1_v1.py", f"def up(cursor):\n    cursor.execute({first!r})\n\ndef down(cursor):\n    pass\n")
        other = project.directory.parent / "other"
        other.mkdir()
        (other / "2_v2.up.sql").write_text(second)
        directories = (str(project.directory), str(other))
    else:
        head = "-- no-transaction\n" if kind == "outside" else ""
        project.write(v1=head + first.replace("; ", ";\n"), v2=second)
        directories = (str(project.directory),)
    options = {"directories": directories, "single_transaction": kind == "one transaction"}
    checked = project.check(**options)
    assert checked.diffs == project.migrate(with_diff=True, **options).diffs
    assert project.applied() == ["1", "2"]


@pytest.mark.parametrize("statement", ["SELECT pg_advisory_unlock_all()", "DISCARD ALL"])
def test_the_lock_is_taken_again_when_a_script_gave_it_back(project: Project, statement: str) -> None:
    held = "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objsubid = 1)"
    head = "-- no-transaction\n" if statement.startswith("DISCARD") else ""
    project.write(v1=head + statement, v2=f"CREATE TABLE seen AS SELECT {held} AS locks")
    assert done(project.migrate()) == ["1", "2"]
    assert project.query("SELECT locks FROM seen") == [(1,)]


def test_a_lock_that_another_run_has_taken_ends_the_run(project: Project) -> None:
    from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql import lock

    taker = (
        "import psycopg2\ndef up(cursor):\n    cursor.execute('SELECT pg_advisory_unlock_all()')\n"
        f"    other = psycopg2.connect({project.url!r})\n"
        f"    other.cursor().execute('SELECT pg_advisory_lock({lock.KEY})')\n    up.other = other\n"
        "    cursor.execute('CREATE TABLE a (x int)')\n\ndef down(cursor):\n    pass\n"
    )
    project.file("1_v1.py", taker)
    with pytest.raises(MigrationError, match="has given back all advisory locks") as caught:
        project.migrate()
    assert caught.value.kind == "lock_held"
    assert project.tables() == []


MODE = "current_setting('transaction_isolation') AS level, pg_current_xact_id()::text AS number"


def test_each_script_is_a_transaction_of_its_own_in_the_usual_mode(project: Project) -> None:
    project.write(
        v1="SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; CREATE TABLE a AS SELECT " + MODE,
        v2="CREATE TABLE b AS SELECT " + MODE,
        v3="CREATE TABLE c AS SELECT " + MODE,
    )
    project.migrate()
    ((first, one), (second, two), (third, three)) = project.query("TABLE a UNION ALL TABLE b UNION ALL TABLE c")
    assert (first, second, third) == ("serializable", "read committed", "read committed")
    assert len({one, two, three}) == 3


def python(body: str, head: str = "") -> str:
    """Return a Python script with this body of up()."""
    indented = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return f"{textwrap.dedent(head)}\ndef up(cursor):\n{indented}\n\ndef down(cursor):\n    pass\n"


def test_python_reads_a_file_beside_it_and_imports_its_neighbour(project: Project) -> None:
    project.file("seed.sql", "INSERT INTO t VALUES (41)")
    project.file("helper_of_ours.py", "STEP = 1\n")
    head = "import os\nfrom helper_of_ours import STEP\n"
    body = """
        cursor.execute("CREATE TABLE t (a int)")
        with open(os.path.join(os.path.dirname(__file__), "seed.sql")) as stream:
            cursor.execute(stream.read())
        import helper_of_ours
        cursor.execute("UPDATE t SET a = a + %s", [helper_of_ours.STEP])
    """
    project.file("1_x.py", python(body, head))
    project.migrate()
    assert project.query("SELECT a FROM t") == [(42,)]
    assert not (project.directory / "__pycache__").exists()


def test_each_directory_has_its_own_neighbours(project: Project) -> None:
    directories = []
    for number in (1, 2):
        directory = project.directory / f"d{number}"
        project.file(f"d{number}/helper_of_ours.py", f"NAME = 't{number}'\n")
        project.file(
            f"d{number}/{number}_x.py",
            python("cursor.execute('CREATE TABLE ' + NAME + ' (a int)')", "from helper_of_ours import NAME"),
        )
        directories.append(str(directory))
    project.migrate(directories=tuple(directories))
    assert project.tables() == ["t1", "t2"]


COMMITS = {
    "connection.commit()": "cursor.connection.commit()",
    "COMMIT as SQL": "cursor.execute('COMMIT')",
    "with connection": "with cursor.connection: cursor.execute('CREATE TABLE inner_t (a int)')",
}


@pytest.mark.parametrize("name", COMMITS)
def test_commit_does_not_end_the_migrations_transaction(project: Project, name: str) -> None:
    project.file(
        "1_x.py", python(f"cursor.execute('CREATE TABLE t (a int)')\n{COMMITS[name]}\nraise ValueError('late')")
    )
    with pytest.raises(Exception, match="late"):
        project.migrate()
    assert project.tables() == []
    assert project.applied() == []


def test_rollback_goes_back_to_the_last_commit(project: Project) -> None:
    body = """
        cursor.execute("CREATE TABLE kept (a int)")
        cursor.connection.commit()
        cursor.execute("CREATE TABLE lost (a int)")
        cursor.connection.rollback()
        try:
            cursor.execute("SELECT nonsense")
        except Exception:
            cursor.connection.rollback()
        cursor.execute("INSERT INTO kept VALUES (1)")
    """
    project.file("1_x.py", python(body))
    project.migrate()
    assert project.tables() == ["kept"]
    assert project.query("SELECT a FROM kept") == [(1,)]


OUTPUT = {
    "print": ("print('said this')", "said this"),
    "stderr": ("import sys; sys.stderr.write('said this')", "said this"),
    "a program": ("import os; os.system('echo said this')", "said this"),
    "the logger": ("from dbmigrator import logger; logger.info('said this')", "INFO said this"),
    "the modern name": ("from pgops_migrations import logger; logger.warning('said this')", "WARNING said this"),
    "a notice": ("cursor.execute(\"DO $$ BEGIN RAISE NOTICE 'said this'; END $$\")", "NOTICE:  said this"),
}


@pytest.mark.parametrize("name", OUTPUT)
def test_output_is_in_the_result_only(project: Project, capfd: pytest.CaptureFixture[str], name: str) -> None:
    body, expected = OUTPUT[name]
    project.file("1_x.py", python(body))
    report = project.migrate()
    assert expected in report.progress.done[0].output
    assert capfd.readouterr() == ("", "")


OPT_OUTS: dict[str, tuple[str, str]] = {
    "SQL": ("1_x.up.sql", "-- no-transaction\nCREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);\n"),
    "Python": (
        "1_x.py",
        "transactional = False\n"
        + python("cursor.execute('CREATE TABLE t (a int)')\ncursor.execute('CREATE INDEX CONCURRENTLY i ON t (a)')"),
    ),
    "Python, on its way": (
        "1_x.py",
        python(
            "cursor.execute('CREATE TABLE t (a int)')\ncursor.connection.autocommit = True\n"
            "cursor.execute('CREATE INDEX CONCURRENTLY i ON t (a)')"
        ),
    ),
    "Python, by level": (
        "1_x.py",
        python(
            "cursor.execute('CREATE TABLE t (a int)')\ncursor.connection.set_isolation_level(0)\n"
            "cursor.execute('CREATE INDEX CONCURRENTLY i ON t (a)')"
        ),
    ),
}


@pytest.mark.parametrize("name", OPT_OUTS)
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_scripts_outside_a_transaction(project: Project, name: str, checking: bool) -> None:
    project.file(*OPT_OUTS[name])
    directory = project.directory.parent / "more"
    directory.mkdir()
    (directory / "2_y.up.sql").write_text("CREATE TABLE after_it (a int)")
    report = project.migrate(checking=checking, directories=(str(project.directory), str(directory)))
    assert done(report) == ["1", "2"]
    if not checking:
        assert project.query("SELECT indexname FROM pg_indexes WHERE indexname = 'i'") == [("i",)]
        events = project.query("SELECT event, version FROM schema_migrations_log WHERE version IS NOT NULL ORDER BY id")
        assert events == [("started", "1"), ("applied", "1"), ("applied", "2")]


def test_commit_in_the_middle_of_an_sql_file_counts_as_outside(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int);\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON a (x);\n")
    report = project.migrate()
    assert "outside a transaction" in str(report.progress.done[0].note)
    assert project.tables() == ["a"]


FAILURES: dict[str, tuple[str, str, Any, Any]] = {
    "SQL: line and column": ("1_x.up.sql", "CREATE TABLE t (a int);\n\n  SELECT nonsense;\n", 3, 10),
    "SQL: CRLF and BOM": ("1_x.up.sql", "\ufeffSELECT 1;\r\nSELECT nonsense;\r\n", 2, 8),
    "SQL: wrapped": ("1_x.up.sql", "BEGIN;\nSELECT nonsense;\nCOMMIT;", 2, 8),
    "SQL: outside": ("1_x.up.sql", "-- no-transaction\nSELECT 1;\nSELECT\n  nonsense;", 4, 3),
    "Python: an SQL error": ("1_x.py", "def up(cursor):\n    pass\n    cursor.execute('SELECT nonsense')\n", 3, None),
    "Python: an exception": ("1_x.py", "def up(cursor):\n    raise ValueError('no')\n", 2, None),
    "Python: sys.exit": ("1_x.py", "import sys\ndef up(cursor):\n\n    sys.exit(3)\n", 4, None),
}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("checking", [False, True], ids=["real", "check"])
def test_a_failing_script_says_where_and_leaves_nothing(project: Project, name: str, checking: bool) -> None:
    file_name, text, line, column = FAILURES[name]
    path = project.file(file_name, text)
    with pytest.raises(Exception) as caught:
        project.migrate(checking=checking)
    error = caught.value.to_result()  # type: ignore[attr-defined]
    assert (error["kind"], error["path"], error["version"]) == ("script_failed", str(path), "1")
    assert (error["line"], error["column"]) == (line, column)
    assert str(path) in error["message"]
    assert project.tables() == []


SWALLOWED = python("try:\n    cursor.execute('SELECT nonsense')\nexcept Exception:\n    pass")


def test_a_script_that_leaves_its_transaction_aborted_fails(project: Project) -> None:
    project.file("1_x.py", SWALLOWED)
    with pytest.raises(Exception, match="caught a database error without rolling back"):
        project.migrate()
    assert project.query("SELECT event FROM schema_migrations_log") == [("failed",)]


def test_a_script_that_closes_its_connection_fails(project: Project) -> None:
    project.file("1_x.py", python("cursor.connection.close()"))
    with pytest.raises(Exception, match="closed its connection"):
        project.migrate()


TOUCHES = {
    "drops it": "DROP TABLE schema_migrations",
    "alters a type": "ALTER TABLE schema_migrations ALTER applied TYPE timestamp",
    "alters another type": "ALTER TABLE schema_migrations ALTER version TYPE varchar(200)",
    "renames a column": "ALTER TABLE schema_migrations RENAME applied TO done",
    "renames a column of its log": "ALTER TABLE schema_migrations_log RENAME checksum TO sum",
    "alters it": "ALTER TABLE schema_migrations ADD COLUMN mine int",
    "replaces it": "DROP TABLE schema_migrations; CREATE TABLE schema_migrations (version text NOT NULL, "
    "applied timestamptz DEFAULT now())",
    "drops its log": "DROP TABLE schema_migrations_log",
}


@pytest.mark.parametrize("name", TOUCHES)
def test_a_script_that_touches_the_history_fails(project: Project, name: str) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2=TOUCHES[name])
    with pytest.raises(Exception, match="history table public.schema_migrations") as caught:
        project.migrate()
    assert "history_table" in caught.value.hint  # type: ignore[attr-defined]
    assert project.applied() == ["1"]


def test_a_deferred_constraint_fails_its_own_migration(project: Project) -> None:
    project.write(
        v1="CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE b (x int REFERENCES a DEFERRABLE INITIALLY DEFERRED)",
        v2="INSERT INTO b VALUES (1)",
        v3="CREATE TABLE c (x int)",
    )
    with pytest.raises(Exception, match="Migration 2_v2 failed") as caught:
        project.migrate()
    assert caught.value.sqlstate == "23503"  # type: ignore[attr-defined]
    assert project.applied() == ["1"]
    told = project.query("SELECT event, version FROM schema_migrations_log WHERE version IS NOT NULL")
    assert told == [("applied", "1"), ("failed", "2")]


def test_a_failure_tells_what_was_applied(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2="SELECT nonsense", v3="SELECT 1")
    with pytest.raises(errors.ScriptFailed):
        project.migrate(with_diff=True)
    report = project.report
    assert done(report) == ["1"]
    assert str(report.progress.failed.step.script.version) == "2"
    assert [str(step.script.version) for step in report.progress.left] == ["2", "3"]
    assert "+CREATE TABLE public.a (" in report.diffs[0]


def test_single_transaction_is_all_or_nothing(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2="SELECT nonsense")
    with pytest.raises(errors.ScriptFailed):
        project.migrate(single_transaction=True)
    assert done(project.report) == []
    assert project.tables() == []
    project.write(v2="CREATE TABLE b (x int)")
    assert done(project.migrate(single_transaction=True)) == ["1", "2"]


def test_single_transaction_refuses_a_script_outside_one(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)", v2="-- no-transaction\nSELECT 1")
    with pytest.raises(Exception, match="can't be part of a single one"):
        project.migrate(single_transaction=True)
    assert project.tables() == []


# What a script may do to the statements that others have prepared in its session.
DEALLOCATING = {
    "in SQL": ("2_x.up.sql", "Deallocate ALL; SELECT 1"),
    "outside a transaction": ("2_x.up.sql", "-- no-transaction\nDISCARD ALL;\nSELECT 1"),
    "in Python": ("2_x.py", python("cursor.execute('DEALLOCATE ALL')")),
}


@pytest.mark.parametrize("name", DEALLOCATING)
def test_a_script_may_deallocate_what_is_prepared(project: Project, name: str) -> None:
    directory = project.directory.parent / "more"
    directory.mkdir()
    for number in (1, 3, 4):
        (directory / f"{number}_y.up.sql").write_text("SELECT 1")
    project.file(*DEALLOCATING[name])
    assert done(project.migrate(directories=(str(directory), str(project.directory)))) == ["1", "2", "3", "4"]
    assert project.query("SELECT version FROM schema_migrations ORDER BY applied") == [("1",), ("2",), ("3",), ("4",)]


def test_a_way_back_may_deallocate_what_is_prepared(project: Project) -> None:
    for number, down in enumerate(
        ["SELECT 1", "DEALLOCATE ALL", "-- no-transaction\nDISCARD ALL;\nSELECT 1", "SELECT 1"], 1
    ):
        project.file(f"{number}_x.up.sql", "SELECT 1")
        project.file(f"{number}_x.down.sql", down)
    project.migrate()
    assert done(project.migrate(state="rolled_back", steps=4)) == ["4", "3", "2", "1"]
    assert project.applied() == []
    assert done(project.migrate()) == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "head", ["# -*- coding: latin-1 -*-\n", "#!/usr/bin/python\n# vim: set fileencoding=latin1 :\n"]
)
def test_python_is_read_in_the_encoding_that_it_names(project: Project, head: str) -> None:
    text = head + "def up(cursor):\n    cursor.execute(\"CREATE TABLE a AS SELECT 'caf\u00e9'::text AS x\")\n"
    project.file("1_a.py", text.encode("latin-1"))
    project.migrate()
    assert project.query("SELECT x FROM a") == [("caf\u00e9",)]


# The second of two statements fails, and the server points to none; whether a real run can tell which one it is.
UNPOINTED = {
    "a table that isn't there": ("DROP TABLE nope", True),
    "a view that isn't there": ('DROP VIEW "No Such"', True),
    "a column that isn't there": ("ALTER TABLE t DROP COLUMN nope", True),
    "a constraint that isn't there": ("ALTER TABLE t DROP CONSTRAINT nope", True),
    "an index that isn't there": ("DROP INDEX nope", True),
    "a role that isn't there": ("GRANT SELECT ON t TO nope", True),
    "a table that is there": ("CREATE TABLE u (a int); CREATE TABLE u (b int)", False),
    "a duplicate": ("INSERT INTO t VALUES (1), (1)", False),
    "a division": ("SELECT 1 / (SELECT 0)", False),
    "a check": ("INSERT INTO t VALUES (-1)", False),
    "a raise": ("DO $$ BEGIN RAISE EXCEPTION 'no'; END $$", False),
}


@pytest.mark.parametrize("name", UNPOINTED)
@pytest.mark.parametrize("checking", [True, False], ids=["check", "real"])
def test_the_statement_that_failed_is_named(project: Project, name: str, checking: bool) -> None:
    statement, tells = UNPOINTED[name]
    first, dummy, last = (
        statement.rpartition("; ") if "; " in statement and "$$" not in statement else ("", "", statement)
    )
    head = "-- why\nCREATE TABLE t (a int PRIMARY KEY CHECK (a > 0));\n\n" + (first + ";\n" if first else "")
    project.file("1_x.up.sql", head + "  " + last + ";\nSELECT 1;\n")
    with pytest.raises(MigrationError) as caught:
        project.migrate(checking=checking)
    error = caught.value
    if checking or tells:
        assert (error.line, error.column) == (head.count("\n") + 1, 3)
        assert f"[{last}]" in error.message
        assert ("probably" in error.message) is not checking
    else:
        assert error.line is None


@pytest.mark.parametrize(
    "statement", ["CREATE ROLE x PASSWORD 'sesame' NONSENSE", "ALTER ROLE nope PASSWORD E'ses\\name'"]
)
def test_a_statement_is_named_without_its_password(project: Project, statement: str) -> None:
    project.write(v1=statement)
    with pytest.raises(MigrationError) as caught:
        project.migrate()
    assert "********" in caught.value.message
    assert "ses" not in caught.value.message


PSQL = {
    "a command": ("SELECT 1;\n\\i other.sql\n", "is a command of psql's"),
    "a variable": ("SELECT :x;", "is a variable of psql's"),
    "rows": ("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n\\.\n", "are read by psql alone"),
    "CONCURRENTLY": ("CREATE TABLE t (a int);\nCREATE INDEX CONCURRENTLY i ON t (a);", "-- no-transaction"),
    "VACUUM in Python": ("VACUUM", "transactional = False"),
}


@pytest.mark.parametrize("name", PSQL)
def test_what_to_do_is_told(project: Project, name: str) -> None:
    text, hint = PSQL[name]
    if "Python" in name:
        project.file("1_x.py", python(f"cursor.execute({text!r})"))
    else:
        project.write(v1=text)
    with pytest.raises(MigrationError) as caught:
        project.migrate()
    assert hint in str(caught.value.hint)


NOTICES = "DO $$ BEGIN FOR n IN 1..%d LOOP RAISE NOTICE 'n %%', n; END LOOP; END $$"


def test_all_notices_are_kept_up_to_a_bound_that_is_told(project: Project) -> None:
    project.write(v1=NOTICES % 80, v2=NOTICES % 1100)
    few, many = [outcome.output.splitlines() for outcome in project.migrate().progress.done]
    assert (few[0], few[-1], len(few)) == ("NOTICE:  n 1", "NOTICE:  n 80", 80)
    assert many[0] == "(100 earlier notices are left out; the last 1,000 are kept)"
    assert (many[1], many[-1], len(many)) == ("NOTICE:  n 101", "NOTICE:  n 1100", 1001)


def test_a_script_may_have_its_own_list_of_notices(project: Project) -> None:
    own = "    cursor.connection.notices = []\n    cursor.execute(\"DO $$ BEGIN RAISE NOTICE 'own'; END $$\")\n"
    project.file("1_x.py", "def up(cursor):\n" + own)
    project.file("2_x.py", "def up(cursor):\n    assert list(cursor.connection.notices) == []\n")
    assert [outcome.output for outcome in project.migrate().progress.done] == ["NOTICE:  own\n", ""]

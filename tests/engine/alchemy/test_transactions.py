"""What a script does with engines, connections and transactions stays within the runner's."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.runtimes.alchemy import engine as alchemy

from .conftest import (
    INDEXES,
    NAMES,
    Runner,
    execute,
    run_case,
    script,
)

# Of each: what upgrade(e) does, a query, and what it gives.
ENGINE = {
    "begin": ("with e.begin() as c: c.execute(text(\"INSERT INTO parent (name) VALUES ('c')\"))", NAMES, "a,b,c"),
    "begin, and it raises": (
        """
        try:
            with e.begin() as c:
                c.execute(text("DELETE FROM parent"))
                1 / 0
        except ZeroDivisionError:
            pass
        """,
        NAMES,
        "a,b",
    ),
    "connect within begin": (
        """
        with e.begin() as c:
            c.execute(text("CREATE TABLE x (a integer, b text)"))
            t = Table("x", MetaData(), autoload_with=e)
            c.execute(t.insert().values(a=1, b="two"))
        """,
        "SELECT b FROM x",
        "two",
    ),
    "a connection that waits while others work and fail": (
        """
        waiting = e.connect()
        with e.begin() as c:
            c.execute(text("UPDATE parent SET name = 'x' WHERE id = 1"))
        for dummy in range(2):
            try:
                waiting.execute(text("SELECT 1 / 0"))
            except Exception:
                pass
        waiting.close()
        """,
        NAMES,
        "x,b",
    ),
    "one connection rolls back, another does not": (
        """
        one = e.connect()
        first = one.begin()
        one.execute(text("DELETE FROM parent WHERE id = 1"))
        with e.connect() as two:
            second = two.begin()
            two.execute(text("DELETE FROM parent WHERE id = 2"))
            second.rollback()
        first.commit()
        one.close()
        """,
        NAMES,
        "b",
    ),
    "a transaction that is never ended": (
        "c = e.connect(); t = c.begin(); c.execute(text('DELETE FROM parent')); global kept; kept = c, t",
        NAMES,
        "a,b",
    ),
    "begin_nested": (
        """
        with e.begin() as c:
            nested = c.begin_nested()
            c.execute(text("DELETE FROM parent"))
            nested.rollback()
            c.execute(text("DELETE FROM parent WHERE id = 2"))
        """,
        NAMES,
        "a",
    ),
    "raw_connection": (
        """
        raw = e.raw_connection()
        raw.cursor().execute("INSERT INTO parent (name) VALUES ('c')")
        raw.commit()
        raw.cursor().execute("INSERT INTO parent (name) VALUES ('d')")
        raw.rollback()
        raw.cursor().execute("INSERT INTO parent (name) VALUES ('e')")
        raw.close()
        """,
        NAMES,
        "a,b,c",
    ),
    "the driver's connection, closed": (
        "raw = e.raw_connection(); (raw.connection if not hasattr(raw, 'dbapi_connection') else "
        "raw.dbapi_connection).close(); e.execute('DELETE FROM parent WHERE id = 2')",
        NAMES,
        "a",
    ),
    "dispose": ("e.execute('DELETE FROM parent WHERE id = 1'); e.dispose(); e.execute('SELECT 1')", NAMES, "b"),
    "sessions": (
        """
        session = sessionmaker(bind=e)()
        session.execute(text("DELETE FROM parent WHERE id = 1"))
        session.commit()
        session.execute("INSERT INTO parent (name) VALUES (:x)", {"x": "c"})
        session.commit()
        session.execute(text("DELETE FROM parent"))
        session.rollback()
        session.close()
        """,
        NAMES,
        "b,c",
    ),
    "a percent sign in text()": (
        "e.execute(text(\"INSERT INTO parent (name) SELECT '5 %' WHERE 'abc' LIKE 'a%'\"))",
        NAMES,
        "a,b,5 %",
    ),
    "a percent sign in a string": (
        "e.execute(\"UPDATE parent SET name = '5 %%%%' WHERE id = %s\", (1,))",
        NAMES,
        "5 %%,b",
    ),
    "SQL that commits": ("e.execute('COMMIT'); e.execute('DELETE FROM parent'); e.execute('BEGIN')", NAMES, None),
    "a failure that is caught": (
        """
        e.execute("DELETE FROM parent WHERE id = 1")
        c = e.connect()
        for statement in ("DROP TABLE nothing", "INSERT INTO parent (name) VALUES ('c')", "SELECT 1 / 0"):
            try:
                c.execute(statement)
            except Exception:
                pass
        """,
        NAMES,
        "b,c",
    ),
}


@pytest.mark.filterwarnings("error::sqlalchemy.exc.SADeprecationWarning")
@pytest.mark.parametrize("name", ENGINE)
def test_script(runner: Runner, name: str) -> None:
    run_case(runner, ENGINE[name])


def test_url_has_no_password(runner: Runner) -> None:
    with alchemy.engine_on(runner.connection) as engine:
        info = runner.connection.info
        assert (engine.url.username, engine.url.database, engine.url.port) == (info.user, "test_alchemy", info.port)
        assert info.host in (engine.url.host, engine.url.query.get("host"))
        assert engine.url.password is None and engine.name == "postgresql"


OUTSIDE = """
with e.begin() as c:
    c.execute(text("INSERT INTO parent (name) VALUES ('c')"))
c = e.connect().execution_options(isolation_level="AUTOCOMMIT")
c.execute(text("CREATE INDEX CONCURRENTLY parent_name ON parent (name)"))
c.close()
with e.begin() as c:
    c.execute(text("INSERT INTO parent (name) VALUES ('d')"))
try:
    with e.begin() as c:
        c.execute(text("INSERT INTO parent (name) VALUES ('e')"))
        1 / 0
except ZeroDivisionError:
    pass
with e.execution_options(isolation_level="AUTOCOMMIT").connect() as c:
    c.execute(text("DROP INDEX CONCURRENTLY child_note"))
"""


@pytest.mark.parametrize("raw", [False, True])
def test_autocommit_leaves_the_transaction(runner: Runner, raw: bool) -> None:
    instead = "raw = e.raw_connection(); raw.cursor().execute('DELETE FROM parent'); raw.set_isolation_level(0)\n"
    runner.run(
        script(instead + "raw.cursor().execute('CREATE INDEX CONCURRENTLY i ON parent (name)')" if raw else OUTSIDE)
    )
    assert runner.left
    assert execute(runner.url, NAMES) == [(None if raw else "a,b,c,d",)]
    assert execute(runner.url, INDEXES % "parent") == [("i, parent_pkey" if raw else "parent_name, parent_pkey",)]

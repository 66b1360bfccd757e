"""SQLAlchemy 1.x's API, given back while a script runs and taken away after it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.runtimes.alchemy import engine as alchemy

from .conftest import (
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    NAMES,
    Runner,
    run_case,
    script,
    sqlalchemy,
)

LEGACY = {
    "MetaData(bind)": ("Table('x', MetaData(e), Column('a', Integer)).create()", "SELECT count(*)::int FROM x", 0),
    "MetaData(bind=, reflect=)": (
        "m = MetaData(bind=e); m.reflect(); e.execute(m.tables['parent'].delete())",
        NAMES,
        None,
    ),
    "MetaData(schema)": ("e.execute('CREATE SCHEMA s'); MetaData(schema='s', bind=e).reflect()", "SELECT 1", 1),
    "create, exists, drop": (
        """
        t = Table("x", MetaData(bind=e), Column("a", Integer))
        assert not t.exists()
        t.create(checkfirst=True)
        t.create(checkfirst=True)
        assert t.exists() and e.has_table("x")
        t.drop()
        assert not t.exists() and sorted(e.table_names()) == ["child", "parent"]
        """,
        "SELECT to_regclass('x')::text",
        None,
    ),
    "Index, Sequence and type": (
        """
        m = MetaData(bind=e)
        t = Table("child", m, autoload=True)
        Index("added", t.c.parent_id).create()
        [i for i in t.indexes if i.name == "child_note"][0].drop()
        s = Sequence("s", metadata=m)
        s.create()
        assert e.execute(s.next_value()).scalar() == 1
        kind = postgresql.ENUM("x", "y", name="kind", metadata=m)
        kind.create(e, checkfirst=False)
        """,
        INDEXES % "child",
        "added",
    ),
    "create_all, drop_all": (
        """
        m = MetaData(); m.bind = e
        a, b = Table("x", m, Column("i", Integer, primary_key=True)), Table("y", m, Column("i", ForeignKey("x.i")))
        m.create_all(); m.drop_all(); m.create_all()
        """,
        CONSTRAINTS % "y",
        "y_i_fkey FOREIGN KEY (i) REFERENCES x(i)",
    ),
    "insert, update, delete": (
        """
        t = Table("parent", MetaData(bind=e), autoload=True)
        t.insert().execute(name="c")
        t.insert().execute({"name": "d"}, {"name": "e"})
        t.insert({"name": "f"}).execute()
        t.insert(values=dict(name="g")).execute()
        e.execute(t.insert(), name="h")
        e.execute(t.insert(), [{"name": "i"}, {"name": "j"}])
        e.execute(insert(t, {"name": "k"}))
        t.update(t.c.name == "c", {"name": "C"}).execute()
        t.update().where(t.c.name == "d").values(name="D").execute()
        t.update(t.c.name == "a", values={t.c.name: "A"}).execute()
        t.delete(t.c.name == "b").execute()
        assert t.insert().execute(name="l").inserted_primary_key[0] == 12
        assert t.delete().where(t.c.name == "l").execute().rowcount == 1
        """,
        NAMES,
        "A,C,D,e,f,g,h,i,j,k",
    ),
    "select": (
        """
        t = Table("parent", MetaData(bind=e), autoload=True)
        names = [row["name"] for row in select([t]).execute()]
        assert names == ["a", "b"], names
        assert select([t.c.name], t.c.id == 2).execute().scalar() == "b"
        assert select([t.c.name], t.c.id == 2).scalar() == "b"
        assert select([func.count(t.c.id)], from_obj=[t]).execute().fetchone()[0] == 2
        assert select([t.c.name], order_by=[t.c.id.desc()], limit=1).scalar() == "b"
        assert select(columns=[t.c.name], whereclause=t.c.id == 1, distinct=True).scalar() == "a"
        assert t.select(t.c.id == 1).execute().first()["name"] == "a"
        assert t.select().where(t.c.id == 1).execute().first().name == "a"
        assert e.execute(select([func.count()]).select_from(t)).scalar() == 2
        assert t.join(t.alias("o"), text("true")).select(use_labels=True).execute().fetchall()
        assert text("SELECT 3", bind=e).scalar() == 3
        assert e.scalar(select([func.max(t.c.id)])) == 2
        """,
        NAMES,
        "a,b",
    ),
    "select of 2.x": (
        """
        t = Table("parent", MetaData(), autoload_with=e)
        with e.connect() as c:
            assert c.execute(select(t.c.name).where(t.c.id == 1)).scalar_one() == "a"
            assert c.scalar(select(func.count()).select_from(t)) == 2
            assert [row.name for row in c.execute(t.select().order_by(t.c.id))] == ["a", "b"]
        """,
        NAMES,
        "a,b",
    ),
    "exists, and selects changed in place": (
        """
        meta = MetaData(bind=e)
        t, p = Table("child", meta, autoload=True), Table("parent", meta, autoload=True)
        t.insert().execute(id=1, parent_id=2)
        assert select([p.c.name], exists([t.c.id], t.c.parent_id == p.c.id)).scalar() == "b"
        assert select([p.c.name]).where(~exists([t.c.id]).where(t.c.parent_id == p.c.id)).scalar() == "a"
        assert select([p.c.name]).where(exists([t.c.id, t.c.note], t.c.parent_id == p.c.id)).scalar() == "b"
        s = select([p.c.id])
        s.append_whereclause(p.c.id == 2)
        s.append_column(p.c.name)
        assert tuple(s.execute().fetchone()) == (2, "b")
        assert s.with_only_columns([p.c.name]).scalar() == "b"
        """,
        NAMES,
        "a,b",
    ),
    "DDL": (
        "DDL('CREATE TABLE x (a text)').execute(e); DDL(\"INSERT INTO x VALUES ('%%s')\", bind=e).execute()",
        "SELECT a FROM x",
        "%s",
    ),
    "case": (
        """
        t = Table("parent", MetaData(bind=e), autoload=True)
        t.update(values={"name": case([(t.c.id == 1, "one")], else_="more")}).execute()
        t.update(t.c.id == 2).values(name=case([("more", "MORE")], value=t.c.name)).execute()
        assert select([case({1: "x"}, value=t.c.id, else_="y")], t.c.id == 2).scalar() == "y"
        """,
        NAMES,
        "one,MORE",
    ),
    "rows": (
        """
        t = Table("parent", MetaData(bind=e), autoload=True)
        row = e.execute("SELECT * FROM parent ORDER BY id").fetchone()
        assert row["name"] == row[1] == row.name == "a" and row[t.c.name] == "a" and row[-1] == "a"
        assert list(row.keys()) == ["id", "name"] and dict(row) == dict(row.items()) == {"id": 1, "name": "a"}
        assert "name" in row and "other" not in row and row.has_key("name")
        assert row[0:2] == (1, "a") and list(row.values()) == [1, "a"] and tuple(row) == (1, "a")
        try:
            row["other"]
        except Exception:
            return
        raise AssertionError
        """,
        NAMES,
        "a,b",
    ),
    "parameters": (
        """
        e.execute("INSERT INTO parent (name) VALUES (%s)", "c")
        e.execute("INSERT INTO parent (name) VALUES (%s)", ("d",))
        e.execute("INSERT INTO parent (name) VALUES (%s)", [("e",), ("f",)])
        e.execute("INSERT INTO parent (name) VALUES (%(n)s)", n="g")
        e.execute("INSERT INTO parent (name) VALUES (%(n)s)", {"n": "h"}, {"n": "i"})
        e.execute(text("INSERT INTO parent (name) VALUES (:n)"), n="j")
        e.execute(text("INSERT INTO parent (name) VALUES (:n)"), {"n": "k"})
        assert e.scalar("SELECT %s || %s", "x", "y") == "xy"
        """,
        NAMES,
        "a,b,c,d,e,f,g,h,i,j,k",
    ),
    "a connection commits by itself": (
        """
        c = e.connect()
        c.execute("INSERT INTO parent (name) VALUES ('c')")
        transaction = c.begin()
        c.execute("INSERT INTO parent (name) VALUES ('d')")
        transaction.rollback()
        transaction = c.begin()
        inner = c.begin()
        c.execute("INSERT INTO parent (name) VALUES ('e')")
        inner.commit()
        transaction.commit()
        c.execute("INSERT INTO parent (name) VALUES ('f')")
        c.close()
        """,
        NAMES,
        "a,b,c,e,f",
    ),
    "a connection that nobody closes": (
        "e.connect().execute(\"UPDATE parent SET name = 'x'\"); import gc; gc.collect()",
        NAMES,
        "x,x",
    ),
    "a connection as the bind": (
        """
        c = e.connect()
        t = Table("parent", MetaData(bind=c), autoload=True)
        t.delete(t.c.id == 1).execute()
        c.close()
        """,
        NAMES,
        "b",
    ),
    "tometadata and copy": (
        """
        t = Table("parent", MetaData(bind=e), autoload=True)
        other = MetaData(bind=e)
        copy = t.tometadata(other)
        Table("x", other, *[c.copy() for c in copy.columns if c.name == "name"]).create()
        e.execute("INSERT INTO x SELECT name FROM parent")
        e.transaction(lambda c: c.execute("DELETE FROM x WHERE name = 'a'"))
        e.run_callable(lambda c: c.execute("INSERT INTO x VALUES ('y')"))
        """,
        "SELECT string_agg(name, ',') FROM x",
        "b,y",
    ),
    "mapper": (
        """
        from sqlalchemy.orm import mapper
        class Parent(object):
            pass
        mapper(Parent, Table("parent", MetaData(bind=e), autoload=True))
        session = Session(bind=e)
        for parent in session.query(Parent):
            parent.name = parent.name.upper()
        session.commit()
        """,
        NAMES,
        "A,B",
    ),
}


@pytest.mark.filterwarnings("error::sqlalchemy.exc.SADeprecationWarning")
@pytest.mark.parametrize("name", LEGACY)
def test_script(runner: Runner, name: str) -> None:
    run_case(runner, LEGACY[name])


DOCUMENTED = """
from sqlalchemy import *

meta = MetaData()

exchange_codes = Table('exchange_codes', meta,
    Column('mic', String, primary_key=True, nullable=False),
    Column('country', String, nullable=False),
    Column('note', Text, server_default='-'),
)

def upgrade(migrate_engine):
    meta.bind = migrate_engine
    exchange_codes.create()

def downgrade(migrate_engine):
    meta.bind = migrate_engine
    exchange_codes.drop()
"""


def test_documented_pattern(runner: Runner) -> None:
    names = runner.run(DOCUMENTED)
    assert runner.query(COLUMNS % "exchange_codes") == "mic varchar !, country varchar !, note text '-'::text"
    with alchemy.legacy(True), alchemy.engine_on(runner.connection) as engine:
        names["downgrade"](engine)
    assert runner.query("SELECT to_regclass('exchange_codes')::text") is None


def classes() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Return every class and module that could be patched, with what it has."""
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] == "sqlalchemy":
            yield module, dict(vars(module))
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__.startswith("sqlalchemy"):
                    yield value, dict(vars(value))


def test_everything_is_as_before(runner: Runner) -> None:
    runner.run(script("Table('x', MetaData(bind=e), Column('a', Integer)).create()"))  # what is imported late, is now
    before = list(classes())
    for failing in ("raise KeyError('x')", "Table('parent', MetaData(e), autoload=True).c.name.alter(name='n')"):
        with suppress(KeyError):
            runner.run(script(failing))
    for (owner, members), (same, now) in zip(before, classes()):
        assert owner is same
        changed = {name for name in members.keys() | now.keys() if members.get(name) is not now.get(name)}
        assert changed - {"_creation_order"} == set(), owner  # a counter
    assert not [name for name in sys.modules if name.partition(".")[0] == "migrate"]


def test_nothing_of_changeset_unless_asked_for(runner: Runner) -> None:
    with alchemy.legacy(False):
        assert not hasattr(sqlalchemy.Table, "create_column")
        with pytest.raises(ImportError):
            import migrate  # noqa: F401

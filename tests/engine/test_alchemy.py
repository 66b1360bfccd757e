"""Scripts made for sqlalchemy-migrate: SQLAlchemy 1.x's API and changeset's calls, in the runner's transaction."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import deps
from ansible_collections.pgops.migrations.plugins.module_utils.engine import alchemy
from ansible_collections.pgops.migrations.plugins.module_utils.engine.alchemy_constraints import generated_name
from ansible_collections.pgops.migrations.plugins.module_utils.errors import DependencyError
from ansible_collections.pgops.migrations.plugins.module_utils.server.connection import Target, connect, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.server.session import SAVEPOINT, Mode

sqlalchemy = pytest.importorskip("sqlalchemy")
V2 = not sqlalchemy.__version__.startswith("1.")

START = """
CREATE TABLE parent (id serial PRIMARY KEY, name varchar(20));
INSERT INTO parent (name) VALUES ('a'), ('b');
CREATE TABLE child (id integer NOT NULL, parent_id integer, note text DEFAULT 'n');
CREATE INDEX child_note ON child (note);
"""

COLUMNS = """
SELECT string_agg(concat_ws(' ', column_name, udt_name, character_maximum_length::text,
                  CASE is_nullable WHEN 'NO' THEN '!' END, column_default), ', ' ORDER BY ordinal_position)
FROM information_schema.columns WHERE table_name = '%s'
"""
CONSTRAINTS = """
SELECT string_agg(conname || ' ' || pg_get_constraintdef(oid), ', ' ORDER BY conname)
FROM pg_constraint WHERE conrelid = '%s'::regclass AND contype <> 'n'
"""
INDEXES = "SELECT string_agg(indexname, ', ' ORDER BY indexname) FROM pg_indexes WHERE tablename = '%s'"
NAMES = "SELECT string_agg(name, ',' ORDER BY id) FROM parent"


class Runner:
    """What the runner does around a script, and how a script is called."""

    def __init__(self, url: str, connection: Any) -> None:
        self.url = url
        self.connection = connection
        self.left = False

    def run(self, text: str, changeset: bool = True) -> dict[str, Any]:
        """Load a script and call its upgrade(); return its names."""
        names: dict[str, Any] = {}
        code = compile(textwrap.dedent(text), "script.py", "exec")
        with alchemy.legacy(changeset):
            exec(code, names)
        with alchemy.legacy(changeset), alchemy.engine_on(self.connection) as engine:
            names["upgrade"](engine)
        return names

    def query(self, statement: str) -> Any:
        """Return the first value that a query gives, within the transaction."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    def leave(self) -> None:
        """Commit what was done, as the runner does when a script wants to go on outside a transaction."""
        self.connection.mode = Mode.FREE
        self.connection.commit()
        self.left = True


@pytest.fixture
def runner(server: Any) -> Iterator[Runner]:
    """Return a runner on a database with two tables; what its scripts do must roll back with its transaction."""
    url = server.create_database("test_alchemy")
    execute(url, START)
    before = dump(url)
    with closing(connect(Target(parse_url(url)), "test")) as connection:
        with connection.cursor() as cursor:
            cursor.execute(SAVEPOINT)
        connection.mode = Mode.HELD
        runner = Runner(url, connection)
        connection.on_leave = runner.leave
        yield runner
        assert not connection.closed and not connection.lent and connection.savepoints == []
        connection.mode = Mode.FREE
        connection.rollback()
    if not runner.left:
        assert dump(url) == before, "something was left behind"
    server.drop_database("test_alchemy")


def execute(url: str, statement: str) -> list[Any]:
    """Execute on a connection of its own."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def dump(url: str) -> list[Any]:
    """Return what there is in the database."""
    things = "SELECT oid::regclass::text, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    return [
        execute(url, things + " ORDER BY 1"),
        execute(url, COLUMNS % "parent") + execute(url, COLUMNS % "child"),
        execute(url, "SELECT * FROM parent ORDER BY 1") + execute(url, "SELECT typname FROM pg_type ORDER BY 1"),
    ]


HEAD = """
from sqlalchemy import *
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import sessionmaker, Session
"""
CHILD = "meta = MetaData(bind=e)\nt = Table('child', meta, autoload=True)\n"
BOTH = CHILD + "p = Table('parent', meta, autoload=True)\n"

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

CHANGESET = {
    "create_column": (
        CHILD + "t.create_column(Column('a', String(9))); assert t.c.a.table is t",
        COLUMNS % "child",
        "id int4 !, parent_id int4, note text 'n'::text, a varchar 9",
    ),
    "Column.create": (
        CHILD + "c = Column('a', Integer, nullable=False, server_default='7'); c.create(t); assert t.c.a is c",
        COLUMNS % "child",
        "id int4 !, parent_id int4, note text 'n'::text, a int4 ! 7",
    ),
    "Column.create with an index": (
        CHILD + "Column('a', Integer, index=True).create(t, index_name='child_a')",
        INDEXES % "child",
        "child_a, child_note",
    ),
    "Column.create, unique": (
        CHILD + "Column('a', Integer).create(t, unique_name='child_a'); Column('b', Integer, unique=True).create(t)",
        CONSTRAINTS % "child",
        "child_a UNIQUE (a), child_b_key UNIQUE (b)",
    ),
    "Column.create with a primary key": (
        CHILD + "Column('a', Integer, primary_key=True).create(t, primary_key_name='pk')\n"
        "assert [c.name for c in t.primary_key] == ['a']",
        CONSTRAINTS % "child",
        "pk PRIMARY KEY (a)",
    ),
    "Column.create, serial": (
        BOTH + "PrimaryKeyConstraint(p.c.id, name='parent_pkey').drop()\n"
        "Column('a', Integer, primary_key=True).create(p, primary_key_name='pk')",
        "SELECT string_agg(a::text, ',') FROM parent",
        "1,2",
    ),
    "Column.create with a foreign key": (
        BOTH + "Column('a', Integer, ForeignKey('parent.id')).create(t); assert t.c.a.foreign_keys\n"
        "Column('b', Integer, ForeignKey(p.c.id, name='f', ondelete='CASCADE')).create(t)",
        CONSTRAINTS % "child",
        "child_a_fkey FOREIGN KEY (a) REFERENCES parent(id), f FOREIGN KEY (b) REFERENCES parent(id) ON DELETE CASCADE",
    ),
    "populate_default": (
        BOTH + "Column('a', Integer, default=5, nullable=False).create(p, populate_default=True)\n"
        "Column('b', Integer, default=lambda: 6).create(p, populate_default=True)",
        "SELECT string_agg(concat(name, a, b), ',' ORDER BY id) FROM parent",
        "a56,b56",
    ),
    "drop_column": (
        CHILD + "t.drop_column('note'); t.drop_column(t.c.parent_id)\nassert t.c.keys() == ['id'] and not t.indexes",
        COLUMNS % "child",
        "id int4 !",
    ),
    "Column.drop, and created again": (
        CHILD + "c = t.c.note; c.drop(); assert 'note' not in t.c; c.create(t); assert 'note' in t.c; c.drop(t)",
        COLUMNS % "child",
        "id int4 !, parent_id int4",
    ),
    "alter: name": (
        BOTH + "t.c.note.alter(name='remark'); t.insert().execute(id=1, remark='r')\n"
        "p.c.id.alter(name='key'); assert p.primary_key.columns.keys() == ['key']\n"
        "assert t.c.keys() == ['id', 'parent_id', 'remark']; p.insert().execute(name='c')",
        "SELECT remark FROM child",
        "r",
    ),
    "alter: type": (
        CHILD + "t.c.note.alter(type=String(40)); t.c.id.alter(type=BigInteger); assert t.c.note.type.length == 40",
        COLUMNS % "child",
        "id int8 !, parent_id int4, note varchar 40 'n'::text",
    ),
    "alter: nullable and defaults": (
        CHILD + "t.c.id.alter(nullable=True); t.c.parent_id.alter(nullable=False, server_default='3')\n"
        "t.c.note.alter(server_default=None); t.c.id.alter(default=5, server_default=text('1 + 1'))\n"
        "assert t.c.id.nullable and t.c.note.server_default is None; t.insert().execute(note='x')",
        COLUMNS % "child",
        "id int4 (1 + 1), parent_id int4 ! 3, note text",
    ),
    "alter: a new Column": (
        CHILD + "t.c.note.alter(Column('remark', String(7), nullable=False)); assert 'remark' in t.c",
        COLUMNS % "child",
        "id int4 !, parent_id int4, remark varchar 7 !",
    ),
    "alter: by position": (
        CHILD + "t.c.parent_id.alter('p', BigInteger)",
        COLUMNS % "child",
        "id int4 !, p int8, note text 'n'::text",
    ),
    "rename": (
        CHILD + "t.rename('kid'); assert t.name == 'kid' and meta.tables['kid'] is t; t.insert().execute(id=4)",
        "SELECT id FROM kid",
        4,
    ),
    "Index.rename": (
        CHILD + "list(t.indexes)[0].rename('a \"new\" %'); assert list(t.indexes)[0].name == 'a \"new\" %'",
        INDEXES % "child",
        'a "new" %',
    ),
    "ForeignKeyConstraint": (
        BOTH + "from migrate.changeset.constraint import ForeignKeyConstraint\n"
        "c = ForeignKeyConstraint([t.c.parent_id], [p.c.id]); c.create(); c.drop(); assert not t.foreign_keys\n"
        "ForeignKeyConstraint(columns=['parent_id'], refcolumns=['parent.id'], table=t, ondelete='CASCADE').create()",
        CONSTRAINTS % "child",
        "child_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES parent(id) ON DELETE CASCADE",
    ),
    "UniqueConstraint": (
        CHILD + "from migrate import UniqueConstraint\n"
        "a = UniqueConstraint(t.c.id, t.c.note); a.create(); UniqueConstraint('id', table=t, name='u').create()\n"
        "UniqueConstraint('note', table=t).create(); a.drop()",
        CONSTRAINTS % "child",
        "child_note_key UNIQUE (note), u UNIQUE (id)",
    ),
    "PrimaryKeyConstraint": (
        BOTH + "from migrate.changeset import PrimaryKeyConstraint\n"
        "a = PrimaryKeyConstraint(t.c.id); a.create(); assert t.c.id.primary_key; a.drop(cascade=True)\n"
        "assert not t.c.id.primary_key; PrimaryKeyConstraint('id', 'note', table=t, name='both').create()\n"
        "PrimaryKeyConstraint(p.c.id, name='parent_pkey').drop()",
        CONSTRAINTS % "child",
        "both PRIMARY KEY (id, note)",
    ),
    "CheckConstraint": (
        CHILD + "from migrate.changeset.constraint import CheckConstraint\n"
        "a = CheckConstraint('id > 1', columns=[t.c.id]); a.create(); a.drop()\n"
        "CheckConstraint(t.c.id > 4).create(); CheckConstraint('id > 3', table=t, name='three').create()",
        CONSTRAINTS % "child",
        "child_id_check CHECK ((id > 4)), three CHECK ((id > 3))",
    ),
    "SQLAlchemy's own constraints": (
        BOTH + "a = ForeignKeyConstraint(['parent_id'], [p.c.id], name='f'); t.append_constraint(a); a.create()\n"
        "b = UniqueConstraint(t.c.note); b.create(); c = CheckConstraint(t.c.id > 2, name='c'); c.create(); b.drop()\n"
        "[k for k in t.constraints if isinstance(k, ForeignKeyConstraint)][0].drop()",
        CONSTRAINTS % "child",
        "c CHECK ((id > 2))",
    ),
    "the functions": (
        CHILD + "from migrate.changeset.schema import create_column, drop_column, alter_column, rename_table\n"
        "from migrate.changeset.schema import rename_index\n"
        "create_column(Column('a', Integer), t); drop_column('note', 'child', engine=e)\n"
        "alter_column('parent_id', name='p', table='child', engine=e); alter_column(t.c.id, type=BigInteger)\n"
        "rename_table(t, 'kid'); Index('i', t.c.a).create(); rename_index('i', 'j', 'kid', engine=e)\n"
        "rename_table('parent', 'elder', engine=e); rename_table('elder', 'parent', e)",
        COLUMNS % "kid",
        "id int8 !, p int4, a int4",
    ),
    "within a transaction of the script's own": (
        """
        with e.begin() as c:
            t = Table("child", MetaData(bind=c), autoload=True)
            Column("a", Integer).create(t)
            t.c.a.alter(name="b")
        """,
        COLUMNS % "child",
        "id int4 !, parent_id int4, note text 'n'::text, b int4",
    ),
    "import *": (
        "Table('x', MetaData(bind=e), Column('a', Integer), UniqueConstraint('a')).create()",
        CONSTRAINTS % "x",
        "x_a_key UNIQUE (a)",
    ),
}

SCRIPTS = {
    f"{group}: {name}": case
    for group, cases in (("engine", ENGINE), ("legacy", LEGACY), ("changeset", CHANGESET))
    for name, case in cases.items()
}


def script(body: str, head: str = HEAD) -> str:
    """Return a script whose upgrade(e) has this body."""
    return head + "def upgrade(e):\n" + textwrap.indent(textwrap.dedent(body).strip(), "    ") + "\n"


@pytest.mark.filterwarnings("error::sqlalchemy.exc.SADeprecationWarning")
@pytest.mark.parametrize("name", SCRIPTS)
def test_script(runner: Runner, name: str) -> None:
    body, query, expected = SCRIPTS[name]
    runner.run(script(body, HEAD + ("from migrate import *\n" if name.endswith("import *") else "")))
    assert runner.query(query) == expected


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


NOT_OFFERED = {
    "from migrate.changeset import ansisql": "migrate.changeset.ansisql isn't offered",
    "from migrate.versioning.api import version_control": "migrate.versioning.api.version_control isn't offered",
    "import migrate.changeset; migrate.changeset.ColumnDelta()": "migrate.changeset.ColumnDelta isn't offered",
    "Column('a', Integer).alter(sequence=1)": r"Column.alter\(sequence=…\) isn't offered",
    "MetaData().create_all()": "create_all|bound",
    "Table('x', MetaData()).create_column(Column('a', Integer))": "metadata.bind = migrate_engine",
}


@pytest.mark.parametrize("statement", NOT_OFFERED)
def test_what_is_not_offered_is_named(runner: Runner, statement: str) -> None:
    with pytest.raises((NotImplementedError, TypeError, sqlalchemy.exc.SQLAlchemyError), match=NOT_OFFERED[statement]):
        runner.run(script(statement))


@contextmanager
def without(library: str) -> Iterator[None]:
    """Let an import fail."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] == library]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, library, None)
        yield


def test_missing_libraries_are_named(runner: Runner) -> None:
    with without("alembic"), pytest.raises(DependencyError, match="alembic") as caught:
        runner.run(script(CHILD + "t.create_column(Column('a', Integer))"))
    assert caught.value.library == "alembic"
    with without("sqlalchemy"), pytest.raises(DependencyError, match="SQLAlchemy") as caught:
        deps.import_sqlalchemy()
    assert caught.value.library == "SQLAlchemy"


@pytest.mark.parametrize(
    "table, columns, label, expected",
    [
        ("t", ["a", "b"], "key", "t_a_b_key"),
        ("t", [], "pkey", "t_pkey"),
        ("t" * 60, ["c" * 60], "fkey", "t" * 29 + "_" + "c" * 28 + "_fkey"),
        ("t" * 63, [], "pkey", "t" * 58 + "_pkey"),
    ],
)
def test_generated_names(runner: Runner, table: str, columns: list[str], label: str, expected: str) -> None:
    assert generated_name(table, columns, label) == expected
    if columns:
        unique = ", UNIQUE (%s)" % ", ".join(columns) if label == "key" else ""
        own = ", ".join(f"{c} integer{' REFERENCES parent' if label == 'fkey' else ''}" for c in columns)
        with runner.connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {table} ({own}{unique})")
        assert runner.query(f"SELECT conname FROM pg_constraint WHERE conrelid = '{table}'::regclass") == expected

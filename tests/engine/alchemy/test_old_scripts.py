"""Constructs of scripts from 2010 to 2020: those of sqlalchemy-migrate's own tests, and what SQLAlchemy took away."""

from __future__ import annotations

import textwrap

import pytest

from .conftest import COLUMNS, CONSTRAINTS, INDEXES, Runner

BEFORE = """\
from sqlalchemy import *
import sqlalchemy as sa
from migrate import *
from migrate.changeset import *
from migrate.changeset import constraint

meta = MetaData()


def upgrade(migrate_engine):
    meta.bind = migrate_engine
    e = engine = migrate_engine
    parent = Table("parent", meta, autoload=True)
    child = Table("child", meta, autoload=True)
"""

CONSTRUCTS = {
    "alter pk": """
    child.c.id.alter(type=String(36), primary_key=True)
""",
    "alter returns delta": """
    d = child.c.note.alter(type=String(100))
    assert 'type' in d
""",
    "alter autoincrement": """
    child.c.id.alter(autoincrement=False)
""",
    "create declared": """
    t = Table('parent', MetaData(e), Column('id', Integer, primary_key=True), Column('checksum', String(32)))
    Column('checksum', String(32)).create(t)
    assert t.c.checksum is not None
""",
    "create declared via table": """
    t = Table('parent', MetaData(e), Column('id', Integer, primary_key=True), Column('checksum', String(32)))
    t.c.checksum.create()
""",
    "create by name": """
    t = Table('parent', MetaData(e), Column('id', Integer, primary_key=True), Column('checksum', String(32)))
    t.create_column('checksum')
""",
    "create by name function": """
    parent.append_column(Column('x', Integer))
    create_column('x', parent)
""",
    "create method bound": """
    c = Column('x', Integer)
    parent.append_column(c)
    c.create()
    parent.c.x.drop()
""",
    "drop not in table": """
    Column('x', Integer).create(parent)
    parent._columns.remove(parent.c.x)
    parent.drop_column('x')
""",
    "fk column": """
    r = Table('tmp_ref', meta, Column('id', Integer, primary_key=True))
    r.create()
    c = Column('data', Integer, ForeignKey(r.c.id, name='testfk'))
    c.create(parent)
    assert [x for x in parent.constraints if isinstance(x, sa.schema.ForeignKeyConstraint)]
    assert list(c.foreign_keys)[0].column.name == 'id'
    c.drop(parent)
    r.drop()
""",
    "pk column": """
    c = Column('data', Integer, nullable=False, server_default='1')
    c.create(child, primary_key_name='data_pkey')
    c.drop()
""",
    "check column": """
    c = Column('foo', Integer, sa.schema.CheckConstraint('foo > 4'))
    c.create(parent)
    parent.insert(values={'foo': 5}).execute()
    c.drop()
""",
    "unique column": """
    c = Column('data', Integer)
    c.create(parent, unique_name='data_unique')
    parent.insert(values={'data': 5}).execute()
    c.drop(parent)
""",
    "index column": """
    c = Column('data', Integer)
    c.create(parent, index_name='ix_data')
    assert Table('parent', MetaData(), autoload=True, autoload_with=e).indexes
    c.drop()
""",
    "index unique": """
    c = Column('data', Integer)
    c.create(parent)
    Index('ix_data', c, unique=True).create(bind=e)
    c.drop()
""",
    "server default": """
    c = Column('data', String(244), server_default='foobar')
    c.create(parent)
    parent.insert(values={'id': 10}).execute()
    row = parent.select(parent.c.id == 10).execution_options(autocommit=True).execute().fetchone()
    assert row['data'] == 'foobar'
""",
    "populate default": """
    def default(): return 'foobar'
    c = Column('data', String(244), default=default)
    c.create(parent, populate_default=True)
""",
    "drop fk column": """
    r = Table('tmp_ref', meta, Column('id', Integer, primary_key=True))
    r.create()
    t = Table('t2', meta, Column('id', Integer, primary_key=True),
        Column('r1', Integer, ForeignKey('tmp_ref.id', name='f1')),
        Column('r2', Integer, ForeignKey('tmp_ref.id', name='f2')))
    t.create()
    t.c.r2.drop()
""",
    "rename table reflection": """
    rename_table('parent', 'p2', engine=e)
    t=Table('p2', MetaData(e), autoload=True)
    t.rename('parent')
""",
    "rename index by name": """
    rename_index('child_note', 'cn', engine=e)
""",
    "rename column": """
    alter_column('note', name='n2', table=child)
    alter_column(child.c.n2, name='atad')
    child.c.atad.alter(name='note')
""",
    "alter with server default object": """
    alter_column(child.c.note, name='atad', type=String(40), server_default=child.c.note.server_default)
""",
    "alter default clause": """
    child.c.note.alter(server_default=DefaultClause('x'))
    child.c.note.alter(server_default=None)
""",
    "alter column object": """
    child.c.note.alter(Column('note', String(100)))
""",
    "alter all": """
    child.c.note.alter(nullable=False, server_default='foobar', name='data_new', type=String(50))
""",
    "id to string": """
    parent.c.id.alter(type=String(20))
    assert parent.c.id.autoincrement is False, parent.c.id.autoincrement
""",
    "constraint pk define": """
    cons = PrimaryKeyConstraint(*child.primary_key)
    cons = constraint.PrimaryKeyConstraint('id', table=child, name='child_pk')
    cons.create()
    cons.drop()
""",
    "constraint pk columns": """
    cons = PrimaryKeyConstraint(child.c.id, child.c.parent_id, name='fgsfds')
    cons.create()
    cons.drop(cascade=True)
""",
    "constraint pk autoname": """
    cons = PrimaryKeyConstraint(child.c.id, table=child)
    cons.name = None
    assert cons.name == 'child_pkey' or cons.name is None
    cons.create()
    cons.drop()
""",
    "constraint fk": """
    cons = ForeignKeyConstraint([child.c.parent_id], [parent.c.id])
    cons.name
    cons.create()
    cons.drop()
""",
    "constraint fk options": """
    cons = ForeignKeyConstraint(columns=[child.c.parent_id], refcolumns=[parent.c.id], name='x', ondelete='CASCADE')
    cons.create()
    cons.drop()
""",
    "constraint fk strings": """
    cons = ForeignKeyConstraint(['parent_id'], ['parent.id'], table=child)
    cons.create()
    cons.drop()
""",
    "constraint fk referenced": """
    cons = ForeignKeyConstraint([child.c.parent_id], [parent.c.id])
    assert cons.referenced
""",
    "constraint check": """
    cons = CheckConstraint('id > 3', columns=[child.c.id])
    cons.create()
    cons.drop()
""",
    "constraint check table": """
    cons = CheckConstraint('id > 3', table=child, name='ck')
    cons.create()
    cons.drop()
""",
    "constraint unique": """
    cons = UniqueConstraint('id', table=child, name='u')
    cons.create()
    cons.drop()
""",
    "constraint unique two": """
    cons = UniqueConstraint(child.c.id, child.c.parent_id)
    cons.create()
    cons.drop()
""",
    "autoname": """
    cons = UniqueConstraint('id', table=child)
    assert cons.autoname()
    cons.create()
    cons.drop()
""",
    "constraint sa unique create": """
    cons = sa.schema.UniqueConstraint(child.c.id, name='x')
    cons.create()
    cons.drop()
""",
    "flags": """
    from migrate.changeset import SQLA_07, SQLA_06
""",
    "select list": """
    select([parent.c.id, parent.c.name]).execute().fetchall()
    select([func.count()]).select_from(parent).scalar()
""",
    "select where": """
    select([parent], parent.c.id == 1).execute().fetchone()['name']
    select([parent.c.id], whereclause=parent.c.id > 0, order_by=[parent.c.id], limit=1).execute().fetchall()
""",
    "select from_obj": """
    select([func.max(parent.c.id)], from_obj=[parent]).execute().scalar()
""",
    "select distinct group": """
    select([parent.c.name], distinct=True).execute().fetchall()
    select([parent.c.name, func.count(parent.c.id)], group_by=[parent.c.name],
        having=func.count(parent.c.id) > 0).execute().fetchall()
""",
    "sql.select": """
    sa.sql.select([parent]).execute()
    sa.sql.expression.select([parent]).execute()
""",
    "table select": """
    parent.select().execute().fetchall()
    parent.select(parent.c.id == 1).execute()
    parent.select(whereclause=parent.c.id == 1, order_by=[parent.c.id]).execute()
""",
    "insert": """
    parent.insert().execute(name='x')
    parent.insert().execute({'name': 'y'}, {'name': 'z'})
    parent.insert(values={'name': 'v'}).execute()
    r = parent.insert().execute(name='q')
    r.inserted_primary_key[0]
    r.lastrowid
""",
    "insert positional": """
    insert(parent, {'name': 'x'}).execute()
    insert(parent, values={'name': 'x'}).execute()
""",
    "insert inline": """
    parent.insert({'name': 'x'}).execute()
    parent.insert(values={'name': 'x'}, inline=True).execute()
""",
    "insert from select": """
    child.insert().from_select(['id'], select([parent.c.id])).execute()
""",
    "update": """
    parent.update().where(parent.c.id == 1).values(name='x').execute()
    parent.update(parent.c.id == 1).execute(name='x')
    parent.update(parent.c.id == 1, values={'name': 'y'}).execute()
    update(parent, parent.c.id == 1, {'name': 'z'}).execute()
    update(parent, whereclause=parent.c.id == 1, values=dict(name='s')).execute()
    parent.update(values={'name': 'a'}).execute()
""",
    "delete": """
    parent.delete(parent.c.id == 1).execute()
    delete(parent, parent.c.id == 2).execute()
    parent.delete().execute()
    parent.delete(whereclause=parent.c.id == 3).execute()
""",
    "bindparam": """
    s = parent.update().where(parent.c.id == bindparam('i')).values(name=bindparam('n'))
    e.execute(s, [{'i': 1, 'n': 'x'}, {'i': 2, 'n': 'y'}])
    e.execute(s, i=1, n='q')
""",
    "engine things": """
    e.has_table('parent')
    e.table_names()
    e.scalar('select 1')
    e.execute('select 1').fetchall()
    e.execute("select name from parent where id = %s", 1).fetchone()[0]
    e.execute("select name from parent where id = %(i)s", i=1).fetchone()['name']
    e.execute("select name from parent where id = %s", (1,)).fetchone()
""",
    "run_callable": """
    e.run_callable(lambda c: c.execute('select 1'))
    e.transaction(lambda c: c.execute('select 1'))
""",
    "contextual_connect": """
    c = e.contextual_connect()
    c.execute('select 1')
    c.close()
""",
    "engine dialect": """
    assert e.name == 'postgresql' and e.dialect.name == 'postgresql' and e.driver
    e.url.drivername
    e.dialect.has_table(e.connect(), 'parent')
    e.dialect.get_table_names(e.connect()) if hasattr(e.dialect,'get_table_names') else None
""",
    "reflecttable": """
    t = Table('child', MetaData())
    e.reflecttable(t) if hasattr(e,'reflecttable') else None
""",
    "raw_connection": """
    c = e.raw_connection()
    k = c.cursor()
    k.execute('select 1')
    k.fetchall()
    c.close()
""",
    "rows": """
    row = parent.select().execute().fetchone()
    row['id']
    row[0]
    row[parent.c.id]
    row.id
    row.keys()
    row.items()
    row.values()
    dict(row)
    'id' in row.keys()
    row.has_key('id') if hasattr(row,'has_key') else None
    list(row)
""",
    "row in": """
    row = parent.select().execute().first()
    assert 'name' in row or True
    dict(row.items())
    row['name']
""",
    "result": """
    r = parent.select().execute()
    r.rowcount
    r.keys()
    [x for x in r]
    r.close()
""",
    "metadata": """
    m = MetaData(bind=e)
    m.reflect()
    m.tables['parent']
    m.create_all()
    meta.drop_all
""",
    "session": """
    from sqlalchemy.orm import sessionmaker, scoped_session, create_session
    S = sessionmaker(bind=e)
    s = S()
    s.execute("select 1")
    s.query(parent).all()
    s.commit()
    s.close()
""",
    "session subtransactions": """
    from sqlalchemy.orm import sessionmaker
    s = sessionmaker(bind=e)()
    s.begin(subtransactions=True)
    s.commit()
""",
    "session params": """
    from sqlalchemy.orm import sessionmaker
    s = sessionmaker(bind=e)()
    s.execute("select name from parent where id = :i", {'i': 1}).fetchall()
    s.execute("select name from parent where id = :i", dict(i=1)).scalar()
    s.scalar('select 1')
""",
    "mapper": """
    from sqlalchemy.orm import mapper, sessionmaker, relation
    class P(object): pass
    mapper(P, parent)
    s = sessionmaker(bind=e)()
    assert s.query(P).get(1).name
    s.query(P).filter_by(name='a').first()
    s.query(P).update({'name': 'x'})
    p = P()
    p.name='n'
    s.add(p)
    s.flush()
    s.commit()
""",
    "relation": """
    from sqlalchemy.orm import mapper, relation, backref, clear_mappers
    class P(object): pass
    class C(object): pass
    Table('c2', meta, Column('id', Integer, primary_key=True), Column('p', Integer, ForeignKey('parent.id'))).create()
    mapper(P, parent)
    mapper(C, meta.tables['c2'], properties={'p_': relation(P, backref='cs')})
""",
    "declarative": """
    from sqlalchemy.ext.declarative import declarative_base
    B = declarative_base()
    class X(B):
        __tablename__ = 'xx'
        id = Column(Integer, primary_key=True)
    B.metadata.create_all(e)
    X.__table__.drop(e)
""",
    "declarative bind": """
    from sqlalchemy.ext.declarative import declarative_base
    B = declarative_base(bind=e)
""",
    "declarative metadata": """
    from sqlalchemy.ext.declarative import declarative_base
    B = declarative_base(metadata=MetaData(e))
    B.metadata.bind = e
""",
    "text": """
    text("select 1", bind=e).execute().scalar()
    text("select :x").bindparams(x=1)
    e.execute(text("select :x"), x=1).scalar()
""",
    "text typemap": """
    text("select id from parent", typemap={'id': Integer}, bind=e).execute()
    text("select :x", bindparams=[bindparam('x', 1)], bind=e).execute()
""",
    "func execute": """
    e.execute(func.now()).scalar()
""",
    "case": """
    select([case([(parent.c.id == 1, 'x')], else_='y')], from_obj=parent).execute().fetchall()
    case(value=parent.c.id, whens={1: 'a'})
""",
    "case expr literal": """
    select([case([(parent.c.id == 1, literal('x')), (parent.c.id == 2, literal('z'))])]).execute().fetchall()
""",
    "and empty": """
    and_()
    or_(parent.c.id == 1, parent.c.id == 2)
""",
    "union": """
    union(select([parent.c.id]), select([child.c.id])).execute().fetchall()
    select([parent.c.id]).union(select([child.c.id])).execute()
""",
    "alias join": """
    a = parent.alias('a')
    select([a.c.id], from_obj=[a.join(child, child.c.parent_id == a.c.id)]).execute()
    join(parent, child, parent.c.id == child.c.parent_id).select().execute()
    parent.outerjoin(child, parent.c.id == child.c.parent_id).select(use_labels=True).execute()
""",
    "as_scalar": """
    parent.update().values(name=select([child.c.note]).where(child.c.id == parent.c.id).as_scalar()).execute()
    select([child.c.note], child.c.id == parent.c.id).correlate(parent).as_scalar()
""",
    "select c": """
    s = select([parent]).alias('s')
    s.c.id
    select([parent]).c.id
    select([parent]).append_whereclause
""",
    "append": """
    s = select([parent])
    s.append_whereclause(parent.c.id == 1)
    s.append_column(literal(1))
    s.append_order_by(parent.c.id)
    s.execute()
""",
    "in select": """
    parent.delete(parent.c.id.in_(select([child.c.id]))).execute()
    parent.select(~parent.c.id.in_([])).execute()
""",
    "exists": """
    select([parent], exists([child.c.id], child.c.id == parent.c.id)).execute()
    exists().where(child.c.id == 1)
    exists([1], from_obj=[child])
""",
    "inspector": """
    from sqlalchemy.engine import reflection
    i = reflection.Inspector.from_engine(e)
    i.get_table_names()
    i.get_pk_constraint('parent')
    i.get_indexes('child')
    i.get_primary_keys('parent') if hasattr(i,'get_primary_keys') else None
    reflection.Inspector(e)
""",
    "types": """
    String(20, convert_unicode=True)
    Text(convert_unicode=True)
""",
    "types old": """
    from sqlalchemy.types import Binary, Float, Numeric
""",
    "types names": """
    from sqlalchemy import Binary, PickleType, Interval, LargeBinary, SmallInteger
""",
    "enum": """
    t = Table('en', meta, Column('id', Integer, primary_key=True), Column('k', Enum('a', 'b', name='kk')))
    t.create()
    t.drop()
    Enum('x', 'y', name='zz', metadata=meta).create(e)
""",
    "enum create bind": """
    en = Enum('x', 'y', name='zz')
    en.create(e, checkfirst=False)
    en.drop(e, checkfirst=False)
""",
    "sequence": """
    s = Sequence('sq', metadata=meta)
    s.create()
    e.execute(s)
    s.execute() if hasattr(s, 'execute') else None
    s.drop()
""",
    "DDL": """
    DDL("create table dd (x int)").execute(bind=e)
    DDL("create table d2 (x int)", bind=e).execute()
    DDL('select 1', on='postgresql')
""",
    "execute_at": """
    DDL("select 1").execute_at('after-create', parent) if hasattr(DDL, 'execute_at') else None
""",
    "index": """
    Index('ii', parent.c.name).create(e)
    Index('ij', parent.c.name, unique=True).create()
    [i for i in parent.indexes if i.name == 'ii'][0].drop(e)
""",
    "index expression": """
    Index('ilow', func.lower(parent.c.name), postgresql_where=parent.c.id > 1).create(e)
""",
    "table options": """
    Table('tt', meta, Column('id', Integer, primary_key=True), mysql_engine='InnoDB', mysql_charset='utf8',
        useexisting=True).create(checkfirst=True)
    Table('tt', meta, mustexist=True)
""",
    "tometadata": """
    parent.tometadata(MetaData())
    parent.c.id.copy()
    parent.primary_key.columns
    list(parent.c)
    parent.columns.keys()
    parent.c.has_key('id') if hasattr(parent.c,'has_key') else None
    parent.c.contains_column(parent.c.id)
""",
    "count": """
    parent.count().execute().scalar()
""",
    "count func": """
    select([func.count(parent.c.id)]).execute().scalar()
    parent.select().count() if hasattr(parent.select(),'count') else None
""",
    "transaction": """
    c = e.connect()
    t = c.begin()
    c.execute(parent.insert(), name='x')
    t.commit()
    c.close()
""",
    "transaction nested": """
    c = e.connect()
    t = c.begin()
    n = c.begin_nested()
    c.execute('select 1')
    n.rollback()
    t.commit()
""",
    "conn execute forms": """
    c = e.connect()
    c.execute(parent.insert(), [{'name': 'x'}, {'name': 'y'}])
    c.execute(parent.insert(), {'name': 'x'}, {'name': 'y'})
    c.execute(parent.insert(), name='q')
    c.execute("insert into parent (name) values (%s)", ('x',), ('y',))
    c.scalar('select 1')
    c.close()
""",
    "execution options autocommit": """
    e.execute(text("update parent set name = 'x'").execution_options(autocommit=True))
""",
    "exceptions": """
    from sqlalchemy.exc import OperationalError, ProgrammingError, SQLError
""",
    "exceptions module": """
    from sqlalchemy import exceptions as sa_exc
""",
    "sqlalchemy.databases": """
    from sqlalchemy.databases import postgres
""",
    "databases mysql": """
    from sqlalchemy.databases import mysql, postgresql, sqlite
""",
    "desc asc": """
    select([parent]).order_by(desc(parent.c.id)).execute()
    parent.select(order_by=[asc(parent.c.id)]).execute()
""",
    "literal_column": """
    select([literal_column('1'), parent.c.id.label('x')]).execute().fetchone()['x']
""",
    "label access": """
    row = select([parent.c.id, parent.c.name], use_labels=True).execute().fetchone()
    row[parent.c.id]
    row['parent_id']
""",
    "autoload_with": """
    Table('child', MetaData(), autoload=True, autoload_with=e)
    Table('child', MetaData(), autoload_with=e)
""",
    "sessions get_bind": """
    from sqlalchemy.orm import Session
    s = Session(bind=e)
    s.query(parent.c.id).count()
    s.query(func.max(parent.c.id)).scalar()
    s.close()
""",
    "query from text": """
    from sqlalchemy.orm import Session
    s = Session(bind=e)
    s.query(parent).filter("id = 1").all()
""",
    "filter order text": """
    select([parent]).where("id = 1").order_by("id desc").execute().fetchall()
""",
    "where text arg": """
    parent.select("id = 1").execute()
    parent.delete("id = 77").execute()
    e.execute(select(["id", "name"], from_obj=["parent"])).fetchall()
""",
    "and text": """
    select([parent], and_("id = 1", parent.c.name == 'a')).execute()
""",
    "returning": """
    r = e.execute(parent.insert().values(name='x').returning(parent.c.id)).fetchone()[0]
""",
    "sql functions": """
    from sqlalchemy.sql import and_, func, select as sel, text as t_, column, table
""",
    "table execute": """
    t = sa.sql.table('parent', column('id', Integer), column('name', String))
    e.execute(t.insert().values(name='x'))
    e.execute(t.update().values({'name': 'op'}).where(t.c.id == 1))
    e.execute(t.update(t.c.id == 1, {'name': 'y'}))
""",
    "values list": """
    parent.insert().values([{'name': 'a'}, {'name': 'b'}]).execute()
""",
    "schema items": """
    from sqlalchemy.schema import CreateTable, AddConstraint, DropConstraint, CreateIndex
    e.execute(AddConstraint(sa.schema.UniqueConstraint(child.c.id, name='u1')))
    str(CreateTable(parent))
""",
    "orm exc": """
    from sqlalchemy.orm.exc import NoResultFound
""",
    "server version": """
    e.dialect.server_version_info
    e.dialect.identifier_preparer.quote('x')
""",
    "connection dialect names": """
    c = e.connect()
    c.dialect.name
    c.engine.name
    c.connection.cursor()
    c.close()
""",
    "unicode": """
    from sqlalchemy import Unicode, UnicodeText
    Column('x', Unicode(20)).create(parent)
    Column('y', UnicodeText).create(parent)
""",
    "compiler": """
    from sqlalchemy.ext.compiler import compiles
    from sqlalchemy.sql.expression import Executable, ClauseElement
""",
    "enginebegin": """
    with e.begin() as c:
        c.execute(parent.insert().values(name='k'))
        c.execute("update parent set name='x'")
""",
    "orm query get table": """
    from sqlalchemy.orm import sessionmaker
    from sqlalchemy.ext.declarative import declarative_base
    B = declarative_base()
    class Pa(B):
        __tablename__ = 'parent'
        id = Column(Integer, primary_key=True)
        name = Column(String)
    s = sessionmaker(bind=e)()
    s.query(Pa).get(1).name = 'n'
    s.query(Pa).filter(Pa.id == 1).one()
    s.query(Pa).filter(Pa.id.in_([1])).delete(synchronize_session=False)
    s.bulk_save_objects([Pa(name='k')])
    s.commit()
""",
    "orm joinedload strings": """
    from sqlalchemy.orm import joinedload, eagerload
""",
    "thread-local metadata": """
    from sqlalchemy import ThreadLocalMetaData
    m = ThreadLocalMetaData()
    m.bind = e
    m.reflect()
    assert 'parent' in m.tables
""",
}


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_construct(runner: Runner, name: str) -> None:
    runner.run(BEFORE + textwrap.dedent(CONSTRUCTS[name]).replace("\n", "\n    ").rstrip() + "\n")


# What is in the database afterwards: a question, and a part of its answer.
CHANGES = {
    "a key that is only described stays as it is": (
        "child.c.id.alter(type=String(36), primary_key=True)\nassert child.c.id.primary_key",
        [(COLUMNS % "child", "id varchar 36 !"), (CONSTRAINTS % "child", None)],
    ),
    "a column that is described already is made": (
        "t = Table('parent', MetaData(e), Column('id', Integer, primary_key=True), Column('checksum', String(32)))\n"
        "other = Column('checksum', String(32), index=True)\nother.create(t)\nassert t.c.checksum is other",
        [(COLUMNS % "parent", "checksum varchar 32"), (INDEXES % "parent", "ix_parent_checksum")],
    ),
    "a column is made by its name": (
        "parent.append_column(Column('x', Integer))\ncreate_column('x', parent)",
        [(COLUMNS % "parent", "x int4")],
    ),
    "an index is renamed by its name": (
        "rename_index('child_note', 'renamed', engine=e)",
        [(INDEXES % "child", "renamed")],
    ),
    "a text is a condition": (
        "parent.delete('id > 1').execute()\nparent.update(\"name = 'a'\").values(name='c').execute()",
        [("SELECT string_agg(name, ',') FROM parent", "c")],
    ),
    "what is begun within a session's transaction commits with it": (
        "from sqlalchemy.orm import sessionmaker\n"
        "s = sessionmaker(bind=e)()\ns.execute(parent.insert(), {'name': 'x'})\ns.begin(subtransactions=True)\n"
        "s.commit()\ns.rollback()\ns.begin(subtransactions=True)\ns.execute(parent.insert(), {'name': 'y'})\n"
        "s.commit()\ns.commit()\ns.close()",
        [("SELECT string_agg(name, ',' ORDER BY id) FROM parent", "a,b,y")],
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_change(runner: Runner, name: str) -> None:
    text, answers = CHANGES[name]
    runner.run(BEFORE + textwrap.indent(text, "    ") + "\n")
    for question, expected in answers:
        found = runner.query(question)
        assert expected in found if expected is not None else found is None


IMPORTS = """
from migrate import exceptions as versioning_exceptions
from migrate.changeset import SQLA_07, ansisql
from migrate.changeset.databases import sqlite
from migrate.changeset.databases.sqlite import SQLiteColumnGenerator
from migrate.versioning import api as versioning_api, exceptions, repository, schema, script, util
from migrate.versioning.config import databases
from migrate.versioning.repository import Repository
from migrate.versioning.schema import ControlledSchema
from migrate.versioning.script import PythonScript
from migrate.versioning.util import load_model
from migrate.versioning.version import VerNum


class Mine(versioning_exceptions.DatabaseAlreadyControlledError):
    pass


assert exceptions.DatabaseNotControlledError is versioning_exceptions.DatabaseNotControlledError


def upgrade(migrate_engine):
    %s
"""


def test_what_programs_import_can_be_imported(runner: Runner) -> None:
    runner.run(IMPORTS % "assert SQLA_07")


@pytest.mark.parametrize("use", ["Repository('.')", "versioning_api.version_control()", "VerNum(1)", "load_model('x')"])
def test_what_programs_do_is_named(runner: Runner, use: str) -> None:
    with pytest.raises(NotImplementedError, match=r"migrate\.versioning\.\S+ isn't offered; say it in SQL"):
        runner.run(IMPORTS % use)


def test_everything_is_as_before(runner: Runner) -> None:
    import sqlalchemy
    from sqlalchemy.sql import coercions

    before = [dict(vars(each)) for each in (sqlalchemy, sqlalchemy.String, sqlalchemy.orm.Session, coercions.ByOfImpl)]
    runner.run(IMPORTS % "pass")
    after = [dict(vars(each)) for each in (sqlalchemy, sqlalchemy.String, sqlalchemy.orm.Session, coercions.ByOfImpl)]
    assert before == after

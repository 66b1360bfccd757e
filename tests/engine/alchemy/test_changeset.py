"""What sqlalchemy-migrate added to SQLAlchemy's classes, and its own package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import deps
from ansible_collections.pgops.migrations.plugins.module_utils.errors import DependencyError
from ansible_collections.pgops.migrations.plugins.module_utils.runtimes.alchemy.constraints import generated_name

from .conftest import (
    BOTH,
    CHILD,
    COLUMNS,
    CONSTRAINTS,
    INDEXES,
    Runner,
    run_case,
    script,
    sqlalchemy,
)

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


@pytest.mark.filterwarnings("error::sqlalchemy.exc.SADeprecationWarning")
@pytest.mark.parametrize("name", CHANGESET)
def test_script(runner: Runner, name: str) -> None:
    run_case(runner, CHANGESET[name], "from migrate import *\n" if name == "import *" else "")


NOT_OFFERED = {
    "from migrate.changeset.ansisql import ANSIColumnGenerator as G; G()": "ansisql.ANSIColumnGenerator isn't offered",
    "from migrate.versioning.api import version_control as v; v()": "versioning.api.version_control isn't offered",
    "import migrate.changeset; migrate.changeset.ColumnDelta()": "migrate.changeset.ColumnDelta isn't offered",
    "Column('a', Integer).alter(sequence=1)": r"Column.alter\(sequence=…\) isn't offered",
    "MetaData().create_all()": "bound to an ",
    "Table('x', MetaData()).create_column(Column('a', Integer))": "metadata.bind = migrate_engine",
}


@pytest.mark.parametrize("statement", NOT_OFFERED)
def test_what_is_not_offered_is_named(runner: Runner, statement: str) -> None:
    kinds = (NotImplementedError, TypeError, sqlalchemy.exc.UnboundExecutionError)
    with pytest.raises(kinds, match=NOT_OFFERED[statement]):
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

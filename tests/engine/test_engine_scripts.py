"""Scripts for an SQLAlchemy engine, through the whole engine: plan, history, rehearsal, roll back, proof."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError

from .conftest import Project, done

PATTERN = """
from sqlalchemy import *
meta = MetaData()
exchange_codes = Table('exchange_codes', meta, Column('mic', String, primary_key=True, nullable=False),
                       Column('country', String(2)))

def upgrade(migrate_engine):
    meta.bind = migrate_engine
    exchange_codes.create()

def downgrade(migrate_engine):
    meta.bind = migrate_engine
    exchange_codes.drop()
"""

CHANGES = """
from sqlalchemy import *
from migrate import *

def upgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table('exchange_codes', meta, autoload=True)
    codes.create_column(Column('name', String(40)))
    codes.c.country.alter(name='land')
    codes.insert().execute(mic='XETR', name='100 %')

def downgrade(migrate_engine):
    meta = MetaData(bind=migrate_engine)
    codes = Table('exchange_codes', meta, autoload=True)
    codes.delete().execute()
    codes.c.land.alter(name='country')
    codes.drop_column('name')
"""

MOVES = """
from sqlalchemy import *

def upgrade(migrate_engine):
    with migrate_engine.begin() as connection:
        connection.execute(text("CREATE TABLE moved AS SELECT mic FROM exchange_codes"))

def downgrade(migrate_engine):
    migrate_engine.execute("DROP TABLE moved")
"""


@pytest.fixture
def repository(project: Project) -> Project:
    project.file("migrate.cfg", "[db_settings]\nrepository_id=codes\n")
    project.file("versions/__init__.py", "")
    for number, text in enumerate((PATTERN, CHANGES, MOVES), start=1):
        project.file(f"versions/{number:03}_step.py", text)
    return project


def test_a_repository_goes_up_down_and_is_proved(repository: Project) -> None:
    checked = repository.check(repository_id="codes")
    assert repository.tables() == []
    real = repository.migrate(repository_id="codes", with_diff=True)
    assert done(real) == ["001", "002", "003"]
    assert checked.diffs == real.diffs
    assert repository.query("SELECT mic, land, name FROM exchange_codes") == [("XETR", None, "100 %")]
    assert repository.query("SELECT mic FROM moved") == [("XETR",)]
    assert repository.migrate(repository_id="codes").plan.steps == ()
    assert done(repository.migrate(repository_id="codes", state="rolled_back", version="0")) == ["003", "002", "001"]
    assert repository.tables() == []
    proofs = repository.migrate(repository_id="codes", state="tested").proofs
    assert [proof.verdict.value for proof in proofs] == ["reversible"] * 3


def test_what_a_failing_script_made_is_rolled_back(repository: Project) -> None:
    path = repository.file(
        "versions/002_step.py",
        CHANGES + "\n_upgrade = upgrade\ndef upgrade(migrate_engine):\n"
        "    _upgrade(migrate_engine)\n    migrate_engine.execute('SELECT nonsense')\n",
    )
    with pytest.raises(MigrationError, match='column "nonsense" does not exist') as caught:
        repository.migrate(repository_id="codes")
    error = caught.value
    assert (error.kind, error.sqlstate, error.path) == ("script_failed", "42703", str(path))
    assert error.line == len(path.read_text().splitlines())
    assert repository.query("SELECT version FROM schema_migrations") == [("001",)]
    assert (
        repository.query(
            "SELECT attname FROM pg_attribute WHERE attname IN ('land', 'name') "
            "AND attrelid = 'exchange_codes'::regclass"
        )
        == []
    )


def test_outside_a_transaction(project: Project) -> None:
    project.file(
        "1_x.py",
        "transactional = False\ndef upgrade(migrate_engine):\n"
        "    migrate_engine.execute('CREATE TABLE a (x int)')\n"
        "    migrate_engine.execute('CREATE INDEX CONCURRENTLY i ON a (x)')\n",
    )
    assert done(project.check()) == ["1"]
    assert done(project.migrate()) == ["1"]
    assert project.query("SELECT indexname FROM pg_indexes WHERE indexname = 'i'") == [("i",)]


BAD = {
    "up and upgrade": ("def up(cursor): pass\ndef upgrade(engine): pass\n", "has both up and upgrade"),
    "an application that isn't there": ("import our_shop\ndef upgrade(engine): pass\n", "No module named 'our_shop'"),
    "a call that isn't offered": (
        "from migrate.changeset import ColumnDelta\ndef upgrade(engine):\n    ColumnDelta()\n",
        "ColumnDelta",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_scripts(project: Project, name: str) -> None:
    text, words = BAD[name]
    project.file("1_x.py", text)
    with pytest.raises(MigrationError, match=words):
        project.migrate()
    assert project.tables() == []


def test_no_sqlalchemy(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.file("1_x.py", "def upgrade(engine): pass\n")
    directory = project.directory.parent / "without"
    directory.mkdir()
    (directory / "sqlalchemy.py").write_text("raise ImportError('none here')\n")
    monkeypatch.syspath_prepend(str(directory))
    import sys

    for module in [each for each in sys.modules if each.partition(".")[0] == "sqlalchemy"]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(MigrationError) as caught:
        project.migrate()
    assert (caught.value.kind, caught.value.library) == ("dependency", "SQLAlchemy")  # type: ignore[attr-defined]

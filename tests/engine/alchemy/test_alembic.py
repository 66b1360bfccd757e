"""Revisions of alembic, beside alembic itself: the same order, the same targets, the same table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.commands.generate import (
    Generated,
    GenerateRequest,
    generate,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import QualifiedName

from ..conftest import Project, done

HEAD = """\
from alembic import op
import sqlalchemy as sa
revision = {0!r}
down_revision = {1!r}
branch_labels = {2!r}
depends_on = {3!r}
"""
TABLE = """
def upgrade():
    op.create_table("t_{0}", sa.Column("id", sa.Integer, primary_key=True))
def downgrade():
    op.drop_table("t_{0}")
"""
ENV = """\
from alembic import context
from sqlalchemy import create_engine
url = context.config.get_main_option("sqlalchemy.url")
with create_engine(url).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    if hasattr(connection, "commit"):
        connection.commit()
"""
# aa01 - aa02 - aa04 (merges) - aa05; aa02 - aa03 - aa04; bb01 - bb02 depends on aa04
GRAPH = {
    "aa01": (None, None, None),
    "aa02": ("aa01", None, None),
    "aa03": ("aa01", ("side",), None),
    "aa04": (("aa02", "aa03"), None, None),
    "aa05": ("aa04", None, None),
    "bb01": (None, ("other",), None),
    "bb02": ("bb01", None, "aa04"),
}


def revision(
    project: Project, name: str, text: str = "", down: object = None, labels: object = None, on: object = None
) -> None:
    (project.directory / "versions").mkdir(exist_ok=True)
    project.file(f"versions/{name}_x.py", HEAD.format(name, down, labels, on) + (text or TABLE.format(name)))


def alembic(project: Project, *arguments: str) -> str:
    project.file("env.py", ENV)
    url = project.url.replace("postgresql://", "postgresql+psycopg2://").replace("%", "%%")
    ini = project.directory.parent / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = {project.directory}\nsqlalchemy.url = {url}\n")
    command = [sys.executable, "-m", "alembic.config", "-c", str(ini), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout


@pytest.fixture
def graph(project: Project) -> Project:
    for name, (down, labels, on) in GRAPH.items():
        revision(project, name, "", down, labels, on)
    return project


def heads(project: Project) -> list[str]:
    return sorted(row[0] for row in project.query("SELECT version_num FROM alembic_version"))


def recorded(project: Project) -> set[str]:
    return {row[0] for row in project.query("SELECT version FROM schema_migrations")}


@pytest.mark.parametrize("target", ["heads", "aa03", "aa04", "other@head", "side@head", "bb02", "aa02+1"])
def test_a_target_means_what_it_means_to_alembic(graph: Project, target: str) -> None:
    graph.migrate(version=target, keep_in_step=True)
    ours, tables = heads(graph), set(graph.tables())
    graph.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    alembic(graph, "upgrade", target)
    assert (ours, tables) == (heads(graph), set(graph.tables()))


@pytest.mark.parametrize(
    "target, why", [("aa0", "Multiple revisions|at least four"), ("+2", "Ambiguous"), ("zz", "No such")]
)
def test_a_target_that_alembic_refuses(graph: Project, target: str, why: str) -> None:
    with pytest.raises(errors.UnknownVersion, match=f"version: .* names no revision: .*(?:{why})"):
        graph.migrate(version=target)
    assert graph.tables() == []


def test_one_step_at_a_time(project: Project) -> None:
    for name, down in (("aa01", None), ("aa02", "aa01"), ("aa03", "aa02")):
        revision(project, name, "", down)
    assert done(project.migrate(version="+1")) == ["aa01"]
    assert done(project.migrate(version="+2")) == ["aa02", "aa03"]
    project.migrate(state="rolled_back", version="-2")
    assert recorded(project) == {"aa01"}


@pytest.mark.parametrize("target", ["aa01", "aa04", "aa05", "other@bb01", "aa05@-1", "bb02@-1", "base"])
def test_a_downgrade_goes_as_far_as_alembic_s(graph: Project, target: str) -> None:
    graph.migrate(keep_in_step=True)
    graph.migrate(state="rolled_back", version=target, keep_in_step=True)
    ours, tables = heads(graph), set(graph.tables())
    graph.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    alembic(graph, "upgrade", "heads")
    alembic(graph, "downgrade", target)
    assert (ours, tables) == (heads(graph), set(graph.tables()))


def test_the_order_is_alembic_s(graph: Project) -> None:
    found = done(graph.migrate())
    graph.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    told = [
        line.split(" -> ")[1].split(",")[0]
        for line in alembic(graph, "upgrade", "heads", "--sql").splitlines()
        if " -> " in line and line.startswith("-- ")
    ]
    assert found == [name.strip() for name in told]


@pytest.mark.parametrize("target", ["aa03", "aa04", "heads"])
def test_what_alembic_applied_is_adopted(graph: Project, target: str) -> None:
    alembic(graph, "upgrade", target)
    there = {name[2:] for name in graph.tables() if name.startswith("t_")}
    with pytest.raises(errors.HistoryForeign, match="recorded by alembic"):
        graph.migrate()
    graph.migrate(baseline_version="adopt", keep_in_step=True)
    assert recorded(graph) == set(GRAPH)
    assert heads(graph) == ["aa05", "bb02"]
    assert len({name for name in graph.tables() if name.startswith("t_")}) == len(GRAPH) >= len(there)
    assert "bb02" in alembic(graph, "current")


def test_a_revision_that_no_script_has_is_not_adopted(graph: Project) -> None:
    alembic(graph, "upgrade", "heads")
    (graph.directory / "versions/aa05_x.py").unlink()
    with pytest.raises(errors.HistoryForeign, match="holds the revision aa05, and no script has it"):
        graph.migrate(baseline_version="adopt")


@pytest.mark.parametrize("table", [None, QualifiedName("revisions"), QualifiedName("revisions", "audit")])
def test_the_table_that_is_kept_is_none_of_schema_file(graph: Project, table: QualifiedName | None) -> None:
    """No script makes it, so no rehearsal on a new database shows it."""
    graph.execute("CREATE SCHEMA audit")
    options: dict[str, Any] = {"keep_in_step": True, "adopt_from": table, "schema_file": "schema.sql"}
    foretold = graph.check(**options).schema
    assert graph.migrate(**options).schema == foretold
    assert graph.check(**options).schema == foretold
    assert foretold is not None and "t_aa01" in str(foretold.text)


def test_another_table_is_kept_where_it_is_named(graph: Project) -> None:
    graph.execute("CREATE SCHEMA audit")
    graph.migrate(keep_in_step=True, adopt_from=QualifiedName("revisions", "audit"))
    assert sorted(graph.query("SELECT version_num FROM audit.revisions")) == [("aa05",), ("bb02",)]
    assert "alembic_version" not in graph.tables()


def test_a_branch_beside_what_is_applied_is_not_out_of_order(graph: Project) -> None:
    graph.migrate(version="aa05")
    report = graph.migrate(version="bb01")
    assert done(report) == ["bb01"]
    assert not [each for each in report.plan.findings if each.flaw.value == "out_of_order"]


def test_a_revision_below_an_applied_one_is_out_of_order(graph: Project) -> None:
    graph.migrate()
    revision(graph, "aa00")
    text = (graph.directory / "versions/aa01_x.py").read_text()
    (graph.directory / "versions/aa01_x.py").write_text(text.replace("down_revision = None", "down_revision = 'aa00'"))
    with pytest.raises(errors.OutOfOrder, match="aa00"):
        graph.migrate(policies=_policies(modified="ignore", out_of_order="fail"))


def _policies(**chosen: str) -> object:
    from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies

    return Policies(**chosen)


BODIES = {
    "static_output": (
        "from alembic import context\ndef upgrade():\n    context.static_output('x')\n",
        "makes offline",
    ),
    "an operation that nobody registers": ("def upgrade():\n    op.fly()\n", "fly"),
    "a plugin that isn't there": (
        "def upgrade():\n    op.sync_enum_values('public', 'e', ['a'], [])\n",
        "alembic_postgresql_enum",
    ),
    "a name that isn't a literal": (
        "import os\ndepends_on = os.environ.get('X')\ndef upgrade():\n    pass\n",
        "isn't a literal",
    ),
    "no upgrade": ("x = 1\n", "has no upgrade"),
    "a syntax error": ("def upgrade(:\n", "line 7"),
}


@pytest.mark.parametrize("case", BODIES)
def test_what_is_refused(project: Project, case: str) -> None:
    text, message = BODIES[case]
    revision(project, "aa01", text)
    with pytest.raises(errors.MigrationError, match=message):
        project.migrate()
    assert project.tables() == []


def test_alembic_context_answers_online(project: Project) -> None:
    revision(
        project,
        "aa01",
        "from alembic import context\ndef upgrade():\n"
        "    assert not context.is_offline_mode() and context.get_x_argument(as_dictionary=True) == {}\n"
        "    assert context.get_context().dialect.name == op.get_context().dialect.name == 'postgresql'\n"
        "    op.execute('CREATE TABLE a (x int)')\n",
    )
    project.migrate()
    assert project.tables() == ["a"]


def test_a_block_that_commits_keeps_what_came_before(project: Project) -> None:
    revision(
        project,
        "aa01",
        "def upgrade():\n    op.execute('CREATE TABLE a (x int)')\n    with op.get_context().autocommit_block():\n"
        "        op.execute('CREATE INDEX CONCURRENTLY i ON a (x)')\n    op.execute('CREATE TABLE b (x int)')\n"
        "    op.execute('SELECT 1/0')\n",
    )
    with pytest.raises(errors.ScriptFailed, match="division by zero"):
        project.migrate()
    assert project.tables()[:1] == ["a"]
    assert "1/0" not in str(recorded(project))


def test_revisions_of_two_directories_are_one_graph(project: Project) -> None:
    revision(project, "aa01")
    more = project.directory.parent / "more"
    more.mkdir()
    (more / "aa02_x.py").write_text(HEAD.format("aa02", "aa01", None, None) + TABLE.format("aa02"))
    assert done(project.migrate(directories=(str(more), str(project.directory)))) == ["aa01", "aa02"]
    with pytest.raises(errors.ScriptInvalid, match="down_revision = 'aa01', and there is no such revision"):
        project.migrate(directories=(str(more),))


def test_keep_in_step_is_for_alembic_alone(project: Project) -> None:
    project.write(v1="CREATE TABLE a (x int)")
    with pytest.raises(errors.OptionInvalid, match="of kind sql"):
        project.migrate(keep_in_step=True)


def test_what_is_generated_runs_behind_the_head(project: Project) -> None:
    wanted = GenerateRequest(str(project.directory), "add it", "alembic")
    first = generate(wanted)
    second = generate(wanted._replace(name="add more", kind=None))
    assert Path(second.paths[0]).parent == project.directory / "versions"
    assert done(project.migrate()) == [first.version, second.version]
    assert alembic(project, "heads").split()[0] == second.version
    assert generate(wanted) == Generated(first.version, first.paths, {})


def test_what_is_generated_has_one_head_to_stand_on(graph: Project) -> None:
    with pytest.raises(errors.ScriptInvalid, match=r"There are 2 heads \(aa05, bb02\)"):
        generate(GenerateRequest(str(graph.directory), "add it"))


def test_a_rehearsal_touches_nothing(graph: Project) -> None:
    found = graph.check(keep_in_step=True)
    assert graph.tables() == []
    assert [name for name in GRAPH if f"t_{name}" in str(found)] == list(GRAPH)

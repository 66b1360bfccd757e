# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of the modules, run as they stand: on a server of their own, with the shop that they speak of.

PGPORT says where localhost's server is. What a machine can't be expected to have is replaced: see REPLACED.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import server as throwaway
import yaml

from .test_targets import ROOT
from .test_targets import _environment as bare_environment

pytestmark = pytest.mark.slow

MODULES = "ansible_collections.pgops.migrations.plugins.modules."
SHOP = "/srv/shop"  # what stands in its place is a directory of the test's
FILLED = "CREATE TABLE reports (token text DEFAULT '${token}'); COMMENT ON TABLE reports IS '${reader}'"
FLYWAY = (
    "CREATE SCHEMA audit; CREATE TABLE audit.changes AS SELECT 1 AS installed_rank, '1'::text AS version, "
    "'a'::text AS description, 'SQL'::text AS type, true AS success"
)
# As alembic leaves it, at the first revision.
ALEMBIC = (
    "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES "
    "('8b2f1c04aa11'); CREATE TABLE book (id int CONSTRAINT pk_book PRIMARY KEY, title varchar(200) NOT NULL, "
    "isbn varchar(17) CONSTRAINT uq_book_isbn UNIQUE)"
)
OLD_FAILURE = (
    "INSERT INTO schema_migrations_log (id, logged, event, version) OVERRIDING SYSTEM VALUE "
    "SELECT -1, now() - interval '800 days', 'failed', min(version) FROM schema_migrations"
)
REPLACED = {"db.example.com": "localhost", "de_DE.UTF-8": "C.UTF-8"}
USERS = (ROOT / "examples/shop/migrations/sql/20151217165900_create_users.up.sql").read_text()
BILLING = "20151218000000_bills.up.sql"
VARIABLES = {
    "shop_password": "of the shop",
    "app_password": "of the application",
    "admin_password": "of the administrator",
    "shop_token": "t0ken",
    "ansible_become": False,
}
RECAP = re.compile(r"^localhost +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)
WHOLE = ("pg_migration_info", "pg_user_db")  # their examples are a sequence


def examples(module: str) -> list[dict[str, Any]]:
    """Return the tasks of a module's EXAMPLES."""
    found: list[dict[str, Any]] = yaml.safe_load(importlib.import_module(MODULES + module).EXAMPLES)
    return found


def cases() -> Iterator[Any]:
    """Yield lists of tasks, each with how many of them change something."""
    yield pytest.param(examples("pg_migration_info"), 0, id="pg_migration_info")
    # The second finds the user and the database of the first, and gives the user more.
    yield pytest.param(examples("pg_user_db"), 7, id="pg_user_db")
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        if path.stem not in WHOLE:
            for task in examples(path.stem):
                tested = task[f"pgops.migrations.{path.stem}"].get("state") == "tested"
                yield pytest.param([task], 0 if tested else 1, id=f"{path.stem}: {task['name']}")


@pytest.fixture(scope="module")
def own() -> Iterator[throwaway.Server]:
    with throwaway.running() as running:
        running.psql("CREATE ROLE admin SUPERUSER LOGIN")
        yield running


@pytest.fixture
def shop(own: throwaway.Server, tmp_path: Path) -> Path:
    """Return the shop's directory; its database has nothing but users."""
    own.drop_database("shop")
    own.psql("DROP ROLE IF EXISTS shop; CREATE ROLE shop SUPERUSER LOGIN")
    own.create_database("shop", "OWNER shop")
    own.psql(USERS, "shop")
    place = tmp_path / "shop"
    shutil.copytree(ROOT / "examples" / "shop" / "migrations" / "python", place / "migrations")
    for later in ("20170511073012_order_state_as_enum.py", "2019-02-26-002946_split_user_names.py"):
        (place / "migrations" / later).unlink()
    (place / "billing" / "migrations").mkdir(parents=True)
    (place / "billing" / "migrations" / BILLING).write_text("CREATE TABLE bills (id int PRIMARY KEY)")
    for folder, text in {"flyway": "CREATE TABLE pages ()", "reports": FILLED}.items():
        (place / folder).mkdir()
        (place / folder / "V1__a.sql").write_text("SELECT 1")
        (place / folder / "V2__b.sql").write_text(text)
    shutil.copytree(ROOT / "tests/integration/targets/kind_alembic/files/library", place / "alembic")
    return place


@pytest.mark.parametrize("tasks, changes", list(cases()))
def test_example(tasks: list[dict[str, Any]], changes: int, own: throwaway.Server, shop: Path, tmp_path: Path) -> None:
    options = tasks[0].get("pgops.migrations.pg_migrate", {})
    _live(tasks[0], own, shop, tmp_path)
    if options.get("state") == "rolled_back" and "release" not in options:
        play(examples("pg_migrate")[:1], own, shop, tmp_path)
    if tasks[0].get("pgops.migrations.pg_migration_mark", {}).get("state") == "reduced":
        own.psql("CREATE TABLE schema_migrations (version text, applied timestamptz, name text, event text)", "shop")
    if "adopt_from" in options:
        own.psql(FLYWAY, "shop")
    if options.get("keep_in_step"):
        own.psql(ALEMBIC, "shop")
    if options.get("rehearsal_on") == "empty":
        shutil.rmtree(shop / "migrations")  # they begin with what isn't there
        (shop / "migrations").mkdir()
        for path in (ROOT / "examples" / "shop" / "migrations" / "sql").glob("20151217165900_create_users.*"):
            shutil.copy(path, shop / "migrations")
    if "pgops.migrations.pg_migration_generate" in tasks[0]:
        shutil.rmtree(shop / "migrations")  # where a migration of that name is
        (shop / "migrations").mkdir()
        if "squash_to" in tasks[0]["pgops.migrations.pg_migration_generate"]:
            (shop / "migrations" / "20250102090000_countries.up.sql").write_text("CREATE TABLE countries (name text)")
    if "pgops.migrations.pg_user_db" in tasks[0]:
        own.drop_database("shop")
        own.psql("DROP ROLE shop")
    assert play(tasks, own, shop, tmp_path) == changes


def _live(task: dict[str, Any], own: throwaway.Server, shop: Path, work: Path) -> None:
    """Let come to pass what an example is the answer to."""
    release = task.get("pgops.migrations.pg_migrate", {}).get("release")
    mark = task.get("pgops.migrations.pg_migration_mark", {})
    first = examples("pg_migrate")[:1]
    if release == "2026.10":
        versions = [path.name.split("_")[0] for path in sorted((shop / "migrations").glob("*.py"))]
        for name, version in zip(("2026.10", "2026.11"), versions):
            options = {**first[0]["pgops.migrations.pg_migrate"], "release": name, "version": version}
            play([{"pgops.migrations.pg_migrate": options}], own, shop, work)
    elif mark.get("state") in ("retired", "rebuilt", "trimmed") or "accept_drift" in mark:
        play(first, own, shop, work)
    if "accept_drift" in mark:
        own.psql("CREATE TABLE by_hand (x int)", "shop")
    if mark.get("state") == "retired":
        min((shop / "migrations").glob("*.py")).unlink()
    if mark.get("state") == "rebuilt":
        own.psql("DROP TABLE schema_migrations", "shop")
    if mark.get("state") == "trimmed":
        own.psql(OLD_FAILURE, "shop")


def play(tasks: list[dict[str, Any]], own: throwaway.Server, shop: Path, work: Path) -> int:
    """Run tasks; return how many changed something."""
    # The shop of these examples has its users already.
    defaults = {"pgops.migrations.pg_migrate": {"on_nonempty": "ignore"}}
    head = {"hosts": "localhost", "gather_facts": False, "vars": VARIABLES, "module_defaults": defaults}
    text = json.dumps([{**head, "tasks": tasks}])
    for before, after in {SHOP: str(shop), "~deploy": str(work), **REPLACED}.items():
        text = text.replace(before, after)
    (work / "play.yml").write_text(text)
    # What says that there is no server mustn't be told of one.
    environment = bare_environment(work) if '"empty"' in text else {**bare_environment(work), **own.environment()}
    environment.pop("PGDATABASE", None)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), str(work / "play.yml")],
        check=False,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    found = RECAP.findall(done.stdout)
    assert found, done.stdout
    return int(found[0])

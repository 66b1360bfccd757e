# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules say that they return, compared with what they return: on the story of docs/first-migration.md."""

from __future__ import annotations

import importlib
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pages
import pytest
import server as throwaway
import yaml

pytestmark = pytest.mark.slow

MODULES = "ansible_collections.pgops.migrations.plugins.modules."
URL = "postgresql://shop@localhost/shop"
WHERE = {"url": URL, "migrations_dir": [pages.PLACE + "/migrations"]}
NOWHERE = {"url": URL + "_of_no_such_name"}
LATER = "20250102090000"
SLOW = ("20250104090000_slow.up.sql", "SELECT pg_sleep(60);")
# Before the one that gives the key another type; two of the rows violate it.
SMALL = ("20250101130000_few_orders.up.sql", "ALTER TABLE orders ADD CHECK (id < 100);")
ROWS = "INSERT INTO orders (id) VALUES (17), (203), (1000)"
BROKEN = ("20250103090000_note.up.sql", "ALTER TABLE orders\n    ADD note text,\n    ADD weight intger;\n")
OF_THE_FIRST_RELEASE = (
    "ALTER TABLE schema_migrations ADD name text, ADD checksum text, ADD duration_ms bigint, ADD applied_by text, "
    "ADD applied_from text, ADD collection_version text, ADD event text"
)
AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND datname = 'shop'"
Results = dict[str, list[dict[str, Any]]]


class Operator(pages.Reader):
    """Runs modules ad hoc, and keeps what they return."""

    def __init__(self, work: Path, server: throwaway.Server) -> None:
        super().__init__(work, server)
        self.results: Results = {}

    def run(self, module: str, *flags: str, **options: Any) -> None:
        """Run a module, whether it fails or not."""
        done = self.start(module, *flags, **options)
        said, dummy = done.communicate(timeout=60)
        dummy, found, result = said.partition(" => ")
        assert found, said
        self.results.setdefault(module, []).append(self._as_there(json.loads(result)))

    def start(self, module: str, *flags: str, **options: Any) -> subprocess.Popen[str]:
        """Start a module."""
        return subprocess.Popen(
            ["ansible", "localhost", "-m", f"pgops.migrations.{module}", "-a", self.here(json.dumps(options)), *flags],
            cwd=self.work,
            env={**self.environment(), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def write(self, script: tuple[str, str]) -> Path:
        """Write a further migration."""
        path = Path(self.here(pages.PLACE)) / "migrations" / script[0]
        path.write_text(script[1])
        return path

    def _as_there(self, result: dict[str, Any]) -> dict[str, Any]:
        there: dict[str, Any] = json.loads(self.there(json.dumps(result)))
        return there


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Results]:
    """Return what came back from a story that has everything."""
    with throwaway.running() as own:
        pages.prepare(own)
        operator = Operator(tmp_path, own)
        operator.hurried = True
        operator.follow(pages.path_of("first-migration").read_text())
        _users(operator)
        _migrations(operator)
        yield operator.results


def _users(operator: Operator) -> None:
    administrator = {"login_host": "localhost", "login_user": "postgres"}
    operator.run("pg_user_db", user="cook", password="secret", db="kitchen", **administrator)
    operator.run("pg_user_db", user="cook", state="absent", **administrator)


def _migrations(operator: Operator) -> None:
    operator.run("pg_migration_generate", name="add customers", migrations_dir=["customers"], kind="python")
    operator.run("pg_migrate", state="tested", **WHERE)
    operator.run("pg_migrate", "--check", **{**WHERE, "report": True})
    operator.run("pg_migrate", state="scripted", script_file=pages.PLACE + "/release.sql", **WHERE)
    operator.run("pg_migrate", "--check", **{**WHERE, **NOWHERE})
    operator.run("pg_migrate", "--check", **{**WHERE, "databases": {"names": ["shop"]}})
    small = operator.write(SMALL)
    operator.server.psql(ROWS, "shop")
    operator.run("pg_migrate", "--check", **WHERE)
    small.unlink()
    operator.server.psql("TRUNCATE orders", "shop")
    operator.run("pg_migrate", **WHERE)
    operator.server.psql("CREATE INDEX by_hand ON orders (id)", "shop")
    operator.run("pg_migration_info", check_drift=True, **WHERE)
    operator.run("pg_migration_mark", accept_drift="the shop stood still on 3 March", **WHERE)
    operator.server.psql("DROP INDEX by_hand", "shop")
    operator.run("pg_migration_mark", accept_drift="it was of no use", **WHERE)
    operator.server.psql("ALTER TABLE orders ADD by_hand text", "shop")
    broken = operator.write(BROKEN)
    operator.run("pg_migrate", "--diff", **WHERE)
    operator.run("pg_migrate", **{**WHERE, "databases": {"names": ["shop"]}})
    broken.unlink()
    operator.server.psql("ALTER TABLE orders DROP by_hand", "shop")
    operator.run("pg_migrate", state="rolled_back", **WHERE)
    operator.run("pg_migration_mark", "--check", versions=[LATER], databases={"names": ["shop"]}, **WHERE)
    operator.run("pg_migration_mark", versions=[LATER], state="deferred", **WHERE)
    operator.run("pg_migration_mark", versions=["7"], **WHERE)
    operator.server.psql(OF_THE_FIRST_RELEASE, "shop")
    operator.run("pg_migration_mark", state="reduced", **WHERE)
    operator.run("pg_migrate", **WHERE)
    operator.run("pg_migration_generate", name="../customers", **WHERE)
    slow = operator.write(SLOW)
    running = operator.start("pg_migrate", **WHERE)
    while operator.server.psql(AT_WORK) == "0":
        assert running.poll() is None
        time.sleep(0.1)
    operator.run("pg_migration_info", **WHERE)
    operator.run("pg_migration_info", login_port=1, **WHERE)
    operator.run("pg_migration_info", databases={"names": ["shop"]}, **WHERE)
    running.terminate()
    running.wait()
    slow.unlink()
    operator.run("pg_migration_mark", versions=[LATER], state="pending", **WHERE)
    operator.run("pg_migrate", release="2025.01", schema_file=pages.PLACE + "/schema.sql", **WHERE)
    operator.run("pg_migration_info", **WHERE)
    operator.run("pg_migration_generate", name="as of 2025", squash_to=LATER, **WHERE)


def documented(module: str) -> dict[str, dict[str, Any]]:
    """Return the RETURN of a module."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(importlib.import_module(MODULES + module).RETURN)
    return found


def faults_of(module: str, returned: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the RETURN of a module."""
    described = documented(module)
    own = {key for each in returned for key in each} - {"changed", "failed", "warnings", "diff"}
    yield from (f"{module}.{key} is not documented, or never returned" for key in own ^ set(described))
    for key, description in described.items():
        values = [each[key] for each in returned if key in each]
        if _unchanging(key, description["sample"]) not in [_unchanging(key, value) for value in values]:
            yield f"the sample of {module}.{key} is none of {values}"
        entries = [entry for value in values if value for entry in (value if isinstance(value, list) else [value])]
        for entry in entries if "contains" in description else ():
            yield from (
                f"{module}.{key}.{name} is not documented" for name in set(entry) - set(description["contains"])
            )


def _unchanging(key: str, value: Any) -> str:
    return pages.unchanging(json.dumps({key: value}))


@pytest.mark.parametrize("context, coloured", [("3", False), ("10", True)])
def test_the_diff_is_in_colour_where_nothing_is_lost(tmp_path: Path, context: str, coloured: bool) -> None:
    (tmp_path / "1_a.up.sql").write_text("CREATE TABLE a ()")
    with throwaway.running() as own:
        pages.prepare(own)
        done = subprocess.run(
            ["ansible", "localhost", "-m", "pgops.migrations.pg_migrate", "--check", "--diff"]
            + ["-a", json.dumps({"url": URL, "migrations_dir": str(tmp_path)})],
            check=True,
            env={
                **pages.Reader(tmp_path, own).environment(),
                **{"ANSIBLE_NOCOLOR": "0", "ANSIBLE_FORCE_COLOR": "1", "ANSIBLE_DIFF_CONTEXT": context},
            },
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
    assert ("\x1b[0;32m+CREATE TABLE public.a (" in done.stdout) is coloured
    assert ("\n+CREATE TABLE public.a (" in done.stdout) is not coloured


def test_what_is_documented_is_what_runs_return(results: Results) -> None:
    every = {path.stem for path in (pages.ROOT / "plugins" / "modules").glob("*.py")}
    assert set(results) == every
    assert [fault for module in sorted(every) for fault in faults_of(module, results[module])] == []

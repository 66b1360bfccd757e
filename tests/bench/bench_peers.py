# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure other tools with the same 1,000 migrations: the same SQL, each in the tool's own layout and as it is used.

A figure is a ratio of medians to psql, measured in turns. pg_migrate's has a bare task of Ansible's in it, and a row
says what is left without. What can't be installed (npm isn't there, say) is told, and not measured.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench_task import DOWN, ROOT, STATEMENTS, TABLES, Bench, Row, in_turns, query, timed

SCRIPTS = 1000
ROUNDS = 3
TASK_LIMIT = 1.0  # of psql and a bare task

PYTHON = ROOT / ".venv" / "peers"  # bin/bench has installed requirements/peers.txt there
NODE = ROOT / ".venv" / "peers-node"
PACKAGES = ("dbmate@2.36.0", "node-pg-migrate@9.0.0", "pg@8.23.1")

ALEMBIC_ENVIRONMENT = """
import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
ALEMBIC = """
from alembic import op
revision, down_revision = "{n:06d}", {before!r}
def upgrade():
    op.execute({first!r})
    op.execute({second!r})
def downgrade():
    op.execute({down!r})
"""
SQLALCHEMY_MIGRATE = """
def upgrade(migrate_engine):
    migrate_engine.execute({first!r})
    migrate_engine.execute({second!r})
def downgrade(migrate_engine):
    migrate_engine.execute({down!r})
"""
SHELL = "import sys; from migrate.versioning import api; getattr(api, sys.argv[1])(*sys.argv[2:])"
REPOSITORY = "[db_settings]\nrepository_id=bench\nversion_table=migrate_version\nrequired_dbs=[]\n"


@dataclass
class Peer:
    """A tool.

    :ivar command: what applies everything; {url} is the database's, {dir} its directory.
    :ivar first: what has to be done once on a database before, unmeasured.
    """

    name: str
    write: Callable[[Path, int], None]
    command: list[str]
    first: list[str] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, which: list[str], url: str, directory: Path) -> None:
        """Run one of its commands."""
        values = {"{url}": url, "{dir}": str(directory)}
        argv = which
        for name, value in values.items():
            argv = [each.replace(name, value) for each in argv]
        done = subprocess.run(
            argv,
            check=False,
            cwd=directory,
            env={**os.environ, "DATABASE_URL": url, **self.environment},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"{self.name} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def parts(n: int) -> dict[str, str]:
    """Return the statements of one migration."""
    first, second = (statement % {"n": n} for statement in STATEMENTS)
    return {"first": first, "second": second, "down": DOWN % {"n": n}}


def write_dbmate(directory: Path, count: int) -> None:
    """Write files of dbmate's."""
    for n in range(1, count + 1):
        text = "-- migrate:up\n{first}\n{second}\n\n-- migrate:down\n{down}\n".format(**parts(n))
        (directory / f"{20200101000000 + n}_create_t{n}.sql").write_text(text)


def write_node(directory: Path, count: int) -> None:
    """Write files of node-pg-migrate's."""
    for n in range(1, count + 1):
        text = "-- Up Migration\n{first}\n{second}\n\n-- Down Migration\n{down}\n".format(**parts(n))
        (directory / f"{1577836800000 + n}_create-t{n}.sql").write_text(text)


def write_alembic(directory: Path, count: int) -> None:
    """Write an environment of Alembic's."""
    (directory / "versions").mkdir()
    (directory / "env.py").write_text(ALEMBIC_ENVIRONMENT)
    (directory / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n")
    for n in range(1, count + 1):
        text = ALEMBIC.format(n=n, before=f"{n - 1:06d}" if n > 1 else None, **parts(n))
        (directory / "versions" / f"{n:06d}_create_t{n}.py").write_text(text)


def write_sqlalchemy_migrate(directory: Path, count: int) -> None:
    """Write a repository of sqlalchemy-migrate's."""
    (directory / "versions").mkdir()
    (directory / "versions" / "__init__.py").touch()
    (directory / "__init__.py").touch()
    (directory / "migrate.cfg").write_text(REPOSITORY)
    for n in range(1, count + 1):
        (directory / "versions" / f"{n:04d}_create_t{n}.py").write_text(SQLALCHEMY_MIGRATE.format(**parts(n)))


def peers() -> Iterator[Peer]:
    """Yield the tools that can be had; say which can't."""
    if install_node():
        programs = NODE / "node_modules" / ".bin"
        up = ["up", "--migrations-dir", "{dir}", "--no-verbose"]
        yield Peer(
            "dbmate",
            write_dbmate,
            [str(programs / "dbmate"), "--url", "{url}?sslmode=disable", "-d", "{dir}", "--no-dump-schema", "up"],
        )
        yield Peer("node-pg-migrate", write_node, [str(programs / "node-pg-migrate"), *up])
    if not (PYTHON / "alembic").is_dir():
        print("Alembic and sqlalchemy-migrate aren't there, and not measured: run bin/bench peers")
        return
    path = {"PYTHONPATH": str(PYTHON), "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
    # Its own shell needs what Python has no longer.
    migrate = [sys.executable, "-c", SHELL]
    alembic = [sys.executable, "-m", "alembic.config", "-c", "{dir}/alembic.ini", "upgrade", "head"]
    yield Peer("Alembic", write_alembic, alembic, environment=path)
    yield Peer(
        "sqlalchemy-migrate",
        write_sqlalchemy_migrate,
        [*migrate, "upgrade", "{url}", "{dir}"],
        [*migrate, "version_control", "{url}", "{dir}"],
        path,
    )


def install_node() -> bool:
    """Install what comes from npm, into a directory of its own; return whether it is there."""
    npm = shutil.which("npm")
    if npm is None:
        print("dbmate and node-pg-migrate aren't measured: there is no npm here")
        return False
    done = NODE / "has"
    if done.is_file() and done.read_text() == " ".join(PACKAGES):
        return True
    NODE.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(NODE), *PACKAGES]
    tried = subprocess.run(command, check=False, capture_output=True, text=True)
    if tried.returncode != 0:
        print("dbmate and node-pg-migrate aren't measured: npm can't install them: %s" % tried.stderr[-200:].strip())
        return False
    done.write_text(" ".join(PACKAGES))
    return True


def run(dsn: str, psql: str, scripts: int, rounds: int) -> list[Row]:
    """Measure everything; return one row for each tool."""
    with tempfile.TemporaryDirectory() as directory:
        bench = Bench(dsn, psql, Path(directory), scripts)
        actions: dict[str, Callable[[str], float]] = {
            "psql": bench.by_psql,
            "a bare task": bench.bare,
            "pg_migrate": bench.migrate,
        }
        for peer in peers():
            place = Path(directory) / peer.name
            place.mkdir()
            peer.write(place, scripts)
            actions[peer.name] = measured(peer, place)
        times = in_turns(rounds, {name: on_fresh(bench, name, each) for name, each in actions.items()})
    bare, base = times["a bare task"], times["psql"]
    rows = [Row("%s: %.2f s / psql: %.2f s" % (name, each, base), each / base) for name, each in times.items()]
    own = times["pg_migrate"]
    rows.append(Row("pg_migrate without a bare task / psql", (own - bare) / base))
    rows.append(Row("pg_migrate / (psql + a bare task)", own / (base + bare), TASK_LIMIT))
    return rows


def measured(peer: Peer, place: Path) -> Callable[[str], float]:
    """Return how to measure a tool on an empty database."""

    def action(url: str) -> float:
        if peer.first:
            peer.run(peer.first, url, place)
        return timed(lambda: peer.run(peer.command, url, place))

    return action


def on_fresh(bench: Bench, name: str, action: Callable[[str], float]) -> Callable[[], float]:
    """Return how to measure on a new database, and see that the tables are there then."""

    def measure() -> float:
        with bench.database() as dsn:
            seconds = action(bench.url)
            wanted = 0 if name == "a bare task" else bench.scripts
            if query(dsn, TABLES) != (wanted,):
                raise SystemExit(f"{name} hasn't made {wanted} tables")
            return seconds

    return measure


def main() -> int:
    """Print the rows; return 1 when a figure is over its limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dsn", required=True, help="URL of a database on the server to measure on")
    parser.add_argument("--pg-dump", help="not needed here: pg_migrate finds its own")
    parser.add_argument("--psql", default="psql")
    parser.add_argument("--scripts", type=int, default=SCRIPTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    rows = run(options.dsn, options.psql, options.scripts, options.rounds)
    print(*rows, sep="\n")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

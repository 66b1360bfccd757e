# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trials on other databases: a run on SQLite or MariaDB, a fault in the middle of it, and the runs after it."""

from __future__ import annotations

import contextlib
import io
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import mariadb
from ansible_collections.pgops.migrations.plugins.module_utils.databases.choose import database_of
from ansible_collections.pgops.migrations.plugins.module_utils.databases.mysql import connection as mysql
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import parse_name
from ansible_collections.pgops.migrations.plugins.module_utils.databases.sqlite import connection as sqlite

from .process import Result, Task
from .trial import Wrong

SCRIPTS = 40
STARTED = 0.2  # of a run's time; until then it only imports

# Later scripts change these rows by what was in them, so that running one twice shows.
FIRST = (
    "CREATE TABLE counters (name varchar(9) PRIMARY KEY, amount int NOT NULL);\nINSERT INTO counters VALUES ('a', 0);\n"
)
TABLE = "CREATE TABLE t{n} (id int PRIMARY KEY, note varchar(99));\nINSERT INTO t{n} VALUES (1, 'one'), (2, 'two');\n"
DATA = "UPDATE counters SET amount = amount * 2 + {n};\nINSERT INTO counters (name, amount) VALUES ('{n}', {n});\n"
MIXED = """UPDATE counters SET amount = amount + {n};
ALTER TABLE counters ADD c{n} int DEFAULT {n};
UPDATE counters SET amount = amount + c{n};
CREATE INDEX i{n} ON counters (c{n});
CREATE VIEW v{n} AS SELECT name, c{n} FROM counters;
DROP INDEX i{n} {on};
UPDATE counters SET amount = amount + 1;
"""
APART = "-- no-transaction\n" + MIXED
PYTHON = """
def up(cursor):
    cursor.execute("INSERT INTO counters (name, amount) VALUES ('p{n}', 1)")
    cursor.execute("UPDATE counters SET amount = amount + 7 WHERE name = 'a'")


def down(cursor):
    pass
"""
TURNS = (TABLE, DATA, MIXED, PYTHON, APART, DATA)


class Fault(Enum):
    """What happens."""

    KILL_MODULE = "the module killed"
    KILL_SESSION = "its session killed"


class Ground(Protocol):
    """Where the trials on one kind of database take place."""

    ON: str
    faults: tuple[Fault, ...]

    def create(self, name: str) -> str:
        """Make an empty database; return its URL."""

    def drop(self, name: str) -> None:
        """Take it away."""

    def query(self, name: str, statement: str) -> list[tuple[Any, ...]]:
        """Return rows."""

    def play(self, name: str, path: Path) -> None:
        """Run a script, without any of the code that is on trial."""

    def tables(self, name: str) -> list[str]:
        """Return the tables, without the history's."""

    def target(self, url: str) -> Any:
        """Return where a URL leads."""

    def strike(self, name: str) -> bool:
        """Kill the session of a run; return whether there was one."""


class Files:
    """SQLite."""

    ON = ""
    faults = (Fault.KILL_MODULE,)
    target = staticmethod(sqlite.parse_url)

    def __init__(self, below: Path) -> None:
        self.below = below

    def create(self, name: str) -> str:
        """Make an empty file."""
        path = self.below / f"{name}.db"
        path.unlink(missing_ok=True)
        path.touch()
        return f"sqlite:///{path}"

    def drop(self, name: str) -> None:
        """Take it away."""
        (self.below / f"{name}.db").unlink()

    def query(self, name: str, statement: str) -> list[tuple[Any, ...]]:
        """Return rows."""
        with closing(sqlite3.connect(self.below / f"{name}.db")) as connection:
            return connection.execute(statement).fetchall()

    def play(self, name: str, path: Path) -> None:
        """Run a script."""
        with closing(sqlite3.connect(self.below / f"{name}.db")) as connection:
            if path.suffix == ".py":
                _call(path, connection.cursor())
            else:
                connection.executescript(path.read_text())
            connection.commit()

    def tables(self, name: str) -> list[str]:
        """Return the tables."""
        return [each for (each,) in self.query(name, "SELECT name FROM sqlite_master WHERE type = 'table'")]

    def strike(self, name: str) -> bool:
        """There are no sessions."""
        return False


class Server:
    """MariaDB."""

    ON = "ON counters"
    faults = tuple(Fault)
    target = staticmethod(mysql.parse_url)

    def __init__(self, server: mariadb.MariaDB) -> None:
        self.server = server

    def create(self, name: str) -> str:
        """Make an empty database."""
        self.drop(name)
        return self.server.create_database(name)

    def drop(self, name: str) -> None:
        """Take it away."""
        self.server.drop_database(name)

    def query(self, name: str, statement: str) -> list[tuple[Any, ...]]:
        """Return rows."""
        with closing(self._connect(name)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def play(self, name: str, path: Path) -> None:
        """Run a script."""
        if path.suffix != ".py":
            self.server.sql(path.read_text(), name)
            return
        with closing(self._connect(name)) as connection:
            _call(path, connection.cursor())
            connection.commit()

    def tables(self, name: str) -> list[str]:
        """Return the tables."""
        return [each for (each,) in self.query(name, "SHOW TABLES")]

    def strike(self, name: str) -> bool:
        """Kill one of the sessions that work on a database."""
        found = self.query(
            name, f"SELECT id FROM information_schema.processlist WHERE db = '{name}' AND id <> connection_id()"
        )
        for (number,) in random.sample(found, min(1, len(found))):
            with contextlib.suppress(mariadb.ServerError):
                self.server.sql(f"KILL {number}")
        return bool(found)

    def _connect(self, name: str) -> Any:
        import pymysql

        return pymysql.connect(host=self.server.host, port=self.server.port, user="root", database=name)


@dataclass
class Outcome:
    """What came out. ``wrong`` is empty where all is as it has to be."""

    fault: Enum
    moment: float
    interrupted: bool = False
    runs: list[str] = field(default_factory=list)
    wrong: str = ""


class Trials:
    """Trials on one kind of database, with one directory of scripts."""

    def __init__(self, ground: Ground, below: Path) -> None:
        """Write the scripts, and play them for what each version has to leave."""
        self.ground, self.below = ground, below
        self.places = [below / "sql", below / "python"]
        for place in self.places:
            place.mkdir()
        for number in range(1, SCRIPTS + 1):
            template = FIRST if number == 1 else TURNS[(number - 2) % len(TURNS)]
            place, end = (below / "python", "py") if "def up" in template else (below / "sql", "sql")
            (place / f"{number:03}_s{number}.{end}").write_text(template.format(n=number, on=ground.ON))
        self.truth = self._truth()
        self.seconds = self._undisturbed()

    def run(self, number: int, seed: int) -> Outcome:
        """Go through one."""
        chance = random.Random(f"{seed}/{number}")
        fault = self.ground.faults[number % len(self.ground.faults)]
        outcome, name = Outcome(fault, chance.uniform(STARTED, 1)), f"trial_{number}"
        url = self.ground.create(name)
        try:
            self._disturb(outcome, name, url)
            self._compare(name, url, halfway=True)
            self._go_on(outcome, url)
            self._compare(name, url, halfway=False)
            self.ground.drop(name)
        except Exception as error:
            outcome.wrong = f"{type(error).__name__}: {error}"
        return outcome

    def _disturb(self, outcome: Outcome, name: str, url: str) -> None:
        task = self._start(url)
        time.sleep(outcome.moment * self.seconds)
        alive = task.process.poll() is None
        if outcome.fault is Fault.KILL_SESSION:
            while task.process.poll() is None and not self.ground.strike(name):
                pass
        else:
            task.kill()
        result = task.result()
        outcome.runs.append(str(result))
        outcome.interrupted = alive and not result.ok

    def _go_on(self, outcome: Outcome, url: str) -> None:
        """Run again until all is done, as a person would who reads the messages."""
        result = self._again(outcome, url)
        if result.kind == "interrupted":
            result = self._again(outcome, url, on_interrupted="retry")
        if not result.ok:
            raise Wrong(f"the next run: {result}")
        last = self._again(outcome, url)
        if not last.ok or last.said["changed"]:
            raise Wrong(f"a run that has nothing to do: {last}")

    def _again(self, outcome: Outcome, url: str, **options: str) -> Result:
        result = self._start(url, **options).result()
        outcome.runs.append(str(result))
        return result

    def _start(self, url: str, **options: str) -> Task:
        home = self.below / "tmp"
        home.mkdir(exist_ok=True)
        return Task(
            "", home, {"url": url, "migrations_dir": [str(place) for place in self.places], "lock_wait": 30, **options}
        )

    def _compare(self, name: str, url: str, halfway: bool) -> None:
        """Compare what is there with what the recorded history gives."""
        recorded: list[int] = []
        unfinished = False
        if "schema_migrations" in self.ground.tables(name):
            recorded = sorted(int(row[0]) for row in self.ground.query(name, "SELECT version FROM schema_migrations"))
            events = self.ground.query(name, "SELECT version, event FROM schema_migrations_log ORDER BY id")
            unfinished = "started" in dict(events).values()
            applied = [version for version, event in events if event == "applied"]
            if len(applied) != len(set(applied)):
                raise Wrong(f"ran twice: {applied}")
        if recorded != list(range(1, (len(recorded) if halfway else SCRIPTS) + 1)):
            raise Wrong(f"only {recorded} are recorded")
        if not (halfway and unfinished) and self._state(name, url) != self.truth[len(recorded)]:
            raise Wrong(f"another state than {len(recorded)} scripts leave: {self._state(name, url)}")

    def _truth(self) -> list[Any]:
        url = self.ground.create("truth")
        states = [self._state("truth", url)]
        for path in sorted((each for place in self.places for each in place.iterdir()), key=lambda path: path.name):
            self.ground.play("truth", path)
            states.append(self._state("truth", url))
        self.ground.drop("truth")
        return states

    def _undisturbed(self) -> float:
        url = self.ground.create("undisturbed")
        begun = time.monotonic()
        result = self._start(url).result()
        seconds = time.monotonic() - begun
        if not result.ok:
            raise Wrong(f"undisturbed: {result}")
        self.ground.drop("undisturbed")
        return seconds

    def _state(self, name: str, url: str) -> Any:
        """Return schema and rows, without the history."""
        target = self.ground.target(url)
        database = database_of(target)
        with closing(database.sessions.connect(target, "the trial")) as connection:
            own = database.history.find(connection, parse_name("schema_migrations", "history_table")).tables()
            schema = database.snapshots.reader(connection, None, own).take(target).objects
        tables = [
            each for each in self.ground.tables(name) if not each.startswith(("schema_migrations", "sqlite", "v"))
        ]
        return dict(schema), {each: sorted(self.ground.query(name, f"SELECT * FROM {each}")) for each in tables}


@contextlib.contextmanager
def ground(kind: str, below: Path) -> Iterator[Ground]:
    """Lend where the trials of a kind take place."""
    if kind == "sqlite":
        yield Files(below)
        return
    with mariadb.running() as server:
        yield Server(server)


def _call(path: Path, cursor: Any) -> None:
    script: dict[str, Any] = {}
    exec(compile(path.read_text(), str(path), "exec"), script)
    with redirect_stdout(io.StringIO()):
        script["up"](cursor)

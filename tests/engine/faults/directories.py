# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the trials migrate with: the example, and fifty scripts of every kind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = 50

# What comes before all others. Later scripts change these rows by what was in them, so that running one twice shows.
FIRST = """
CREATE TABLE counters (name text PRIMARY KEY, amount numeric NOT NULL);
INSERT INTO counters VALUES ('a', 0), ('b', 0);
CREATE TABLE events (script numeric NOT NULL, note text NOT NULL);
"""
TABLE = """
CREATE TABLE t{n} (id integer PRIMARY KEY, note text NOT NULL, amount numeric);
INSERT INTO t{n} SELECT n, 'row ' || n, n FROM generate_series(1, 300) n;
"""
DATA = """
UPDATE counters SET amount = amount + {n};
SELECT pg_sleep(0.01);
INSERT INTO events VALUES ({n}, 'counted');
"""
INDEXES = """-- no-transaction
CREATE INDEX CONCURRENTLY ON events (note, script);
CREATE INDEX CONCURRENTLY e{n} ON events (script);
DROP INDEX CONCURRENTLY e{n};
CREATE UNIQUE INDEX CONCURRENTLY t{table}_note ON t{table} (note);
"""
STATEMENTS = """-- no-transaction
SET search_path = s{n}, public;
CREATE SCHEMA s{n};
INSERT INTO events VALUES ({n}, 'before');
CREATE TABLE here (x numeric);
BEGIN;
UPDATE counters SET amount = amount * 2 + 1;
SELECT pg_sleep(0.01);
INSERT INTO here VALUES ({n});
COMMIT;
SELECT pg_sleep(0.01);
INSERT INTO events VALUES ({n}, 'after');
VACUUM events;
"""
PYTHON = """
def up(cursor):
    cursor.execute("CREATE TABLE p{n} (amount numeric)")
    for number in range(20):
        cursor.execute("INSERT INTO p{n} VALUES (%s)", (number,))
        cursor.connection.commit()


def down(cursor):
    cursor.execute("DROP TABLE p{n}")
"""
REPEATABLE = """
MISSING = "SELECT count(*) FROM events WHERE note = 'repeated' AND script = {n}"


def should_run(cursor):
    cursor.execute(MISSING)
    return cursor.fetchone()[0] == 0


def up(cursor):
    cursor.execute("INSERT INTO events VALUES ({n}, 'repeated')")


def down(cursor):
    pass
"""
VIEW = """
BEGIN;
CREATE VIEW v{n} AS SELECT script, count(*) FROM events GROUP BY script;
CREATE FUNCTION f{n}() RETURNS integer LANGUAGE sql AS 'SELECT {n}; ';
ALTER TABLE counters ADD COLUMN c{n} numeric NOT NULL DEFAULT {n};
COMMIT;
"""
FAILING = "\nSELECT 1 / 0;\n"

TURNS = (TABLE, DATA, INDEXES, PYTHON, STATEMENTS, REPEATABLE, TABLE, VIEW, DATA, STATEMENTS)


@dataclass(frozen=True)
class Directory:
    """Scripts to migrate with.

    :ivar places: the directories, as the task gets them.
    :ivar fail: makes a script of the given number fail, or mends it; None: there is none that could.
    """

    name: str
    places: tuple[Path, ...]
    fail: Callable[[int, bool], None] | None = None

    def scripts(self) -> list[Path]:
        """Return what goes up, in order."""
        found = [path for place in self.places for path in place.iterdir() if not path.name.endswith(".down.sql")]
        return sorted(found, key=version_of)

    def content(self) -> dict[str, bytes]:
        """Return every file, to see that no run has left anything in it."""
        files = [path for place in self.places for path in place.rglob("*") if path.is_file()]
        return {str(path): path.read_bytes() for path in files}


def version_of(path: Path) -> int:
    """Return the version in a script's name."""
    return int(path.name.split("_")[0].replace("-", ""))


def shop(below: Path) -> Directory:
    """Copy the example."""
    for name in ("sql", "python"):
        shutil.copytree(ROOT / "examples/shop/migrations" / name, below / name, copy_function=shutil.copyfile)
    return Directory("shop", (below / "sql", below / "python"))


def mixed(below: Path) -> Directory:
    """Write the fifty."""
    places = (below / "sql", below / "python")
    for place in places:
        place.mkdir(parents=True)
    for number in range(1, SCRIPTS + 1):
        _write(below, number, False)
    return Directory("mixed", places, lambda number, failing: _write(below, number, failing))


def _write(below: Path, number: int, failing: bool) -> None:
    template = FIRST if number == 1 else TURNS[(number - 2) % len(TURNS)]
    last_table = (number - 2) // len(TURNS) * len(TURNS) + 2
    text = template.format(n=number, table=last_table)
    python = "def up" in template
    if failing:
        text = text.replace("def up(cursor):", "def up(cursor):\n    raise ValueError") if python else text + FAILING
    name = f"{number:03}_s{number}"
    (below / (f"python/{name}.py" if python else f"sql/{name}.up.sql")).write_text(text)


MAKERS = {"shop": shop, "mixed": mixed}

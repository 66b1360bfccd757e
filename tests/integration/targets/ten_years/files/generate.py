"""Write ten years of migrations into a directory: 1,500 scripts by three hands. The same ones each time."""

from __future__ import annotations

import random
import sys
from pathlib import Path

COUNT = 1500
HANDS = ("ann", "bob", "cem")


def main(directory: Path) -> None:
    """Write them."""
    chance = random.Random(7)
    tables: list[str] = []
    for number in range(1, COUNT + 1):
        version = f"{2014 + number // 150}{number:010d}"
        name = f"{version}_{chance.choice(HANDS)}_{number}"
        (directory / f"{name}.up.sql").write_text(_script(chance, number, tables) + "\n")


def _script(chance: random.Random, number: int, tables: list[str]) -> str:
    kind = number % 5
    if kind == 1 or len(tables) < 3:
        tables.append(f"t{number}")
        return f"CREATE TABLE t{number} (id int PRIMARY KEY, note text, x int);"
    table = chance.choice(tables)
    if kind == 2:
        return f"ALTER TABLE {table} ADD COLUMN c{number} text DEFAULT 'x';"
    if kind == 3:
        return f"CREATE INDEX i{number} ON {table} (x);"
    if kind == 4:
        return f"INSERT INTO {table} (id, note) VALUES ({number}, 'it''s row {number}');"
    return f"CREATE OR REPLACE FUNCTION f{number % 40}() RETURNS int LANGUAGE sql AS 'SELECT {number}';"


if __name__ == "__main__":
    main(Path(sys.argv[1]))

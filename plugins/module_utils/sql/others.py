# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tools whose scripts aren't read here, known by the names of their files, each with what to do."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Tuple

AS_SQL = "write what they do as SQL (%s), into <version>_<name>.up.sql and .down.sql"


class Other(NamedTuple):
    """A tool.

    :ivar pattern: the whole name of a file of its own, in any case.
    :ivar advice: how its scripts become some that are read here.
    """

    tool: str
    pattern: str
    advice: str


# Of two that fit, the first is meant.
OTHERS = (
    Other("goose", r"\d+_\w+\.go", AS_SQL % "goose runs those in Go from a program of its own"),
    Other("golang-migrate", r"\d+_.*\.(?:up|down)\.go", AS_SQL % "code in Go can't be run here"),
    Other("pop", r".*\.fizz", AS_SQL % "soda generate sql begins such files"),
    Other("golang-migrate", r"\d+_.*\.(?:up|down)\.\w+", "name SQL for PostgreSQL .up.sql and .down.sql"),
    Other("Rails", r"\d{3,}_\w+\.rb", AS_SQL % "structure.sql shows what comes out"),
    Other("TypeORM", r"\d{13}-.+\.[cm]?[jt]s", AS_SQL % "each calls queryRunner.query() with it"),
    Other("Sequelize or db-migrate", r"\d{14}-.+\.[cm]?[jt]s", AS_SQL % "its log shows it"),
    Other("Knex", r"\d{8,14}_.+\.[cm]?[jt]s", AS_SQL % "toSQL() shows it"),
    Other("MikroORM", r"Migration\d{14}(?:_\w+)?\.[cm]?[jt]s", AS_SQL % "each calls addSql() with it"),
    Other("Kysely or Umzug", r"\d+[-_].+\.[cm]?[jt]s", AS_SQL % "compile() shows it"),
    Other("Liquibase", r".*changelog.*\.(?:xml|ya?ml|json|sql)", AS_SQL % "liquibase update-sql prints it"),
    Other("Doctrine", r"Version\d{14}\.php", AS_SQL % "doctrine:migrations:migrate --write-sql writes it"),
    Other("Laravel", r"\d{4}_\d\d_\d\d_\d{6}_.+\.php", AS_SQL % "artisan migrate --pretend prints it"),
    Other("Phinx or CakePHP", r"\d{14}_.+\.php", AS_SQL % "phinx migrate --dry-run prints it"),
    Other("Entity Framework", r"\d{14}_.+\.cs", AS_SQL % "dotnet ef migrations script prints it"),
    Other("FluentMigrator", r"\d{8,14}_?\w*\.cs", AS_SQL % "its preview prints it"),
    Other("Ecto", r"\d{14}_.+\.exs", AS_SQL % "mix ecto.migrate --log-migrations-sql prints it"),
    Other("Flyway", r"[VUR][\d._]*__.+\.(?:java|class|kt|groovy|scala)", AS_SQL % "code can't be run here"),
    Other("refinery", r"[VU]\d+__.+\.rs", AS_SQL % "code can't be run here"),
    Other("SeaORM", r"m\d{8}_\d{6}_.+\.rs", AS_SQL % "code can't be run here"),
    Other("Sqitch", r"sqitch\.plan", "name its deploy scripts <version>_<name>.up.sql, its revert scripts .down.sql"),
    Other("Postgrator", r"\d+\.(?:do|undo)\..*sql", "name .do. files <version>_<name>.up.sql, .undo. files .down.sql"),
    Other("yoyo", r".*\.rollback\.sql", "name its steps <version>_<name>.up.sql, its .rollback.sql files .down.sql"),
    Other("Bytebase", r"\d+##.*\.sql", "name them <version>_<name>.sql"),
    Other("pgroll", r"\d+_.+\.(?:json|ya?ml)", AS_SQL % "what it does in two phases, two migrations do"),
)

# What stands in a Python file, at the beginning of a line: the tool, what to do, and the pattern.
IN_PYTHON = (
    ("Django", AS_SQL % "manage.py sqlmigrate prints it", r"class\s+Migration\b"),
    ("yoyo", AS_SQL % "each step has it", r"(?:from\s+yoyo\b|import\s+yoyo\b|steps?\s*(?:=|\())"),
    ("peewee_migrate", AS_SQL % "its log shows it", r"def\s+migrate\b"),
)


def of_python(text: str) -> Optional[Tuple[str, str, str]]:
    """Return the tool that has Python scripts with such a text, and what to do."""
    return next((each for each in IN_PYTHON if re.search("^" + each[2], text, re.MULTILINE)), None)


def of(file_name: str) -> Optional[Other]:
    """Return the tool that has files of such a name."""
    return next((each for each in OTHERS if re.fullmatch(each.pattern, file_name, re.IGNORECASE | re.DOTALL)), None)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each directory in tests/scripts/traps can be taken for what it isn't. Here stands what is read of it, or refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.commands.foreign_marks import look_for
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import QualifiedName
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.model import Step
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Request
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.discovery import discover
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.kinds.catalogue import read

TRAPS = Path(__file__).parents[3] / "scripts" / "traps"

# What is read: each script with its kind, in the order in which they run.
READ = {
    "alembic": ["aa01_a alembic", "0b02_b alembic", "0001 alembic"],
    "alembic_versions_alone": ["aa01_20240101_cc03_c alembic", "bb02_b alembic"],
    "both_ways_node_pg_migrate": ["1_people node_pg_migrate"],
    "both_ways_sql_migrate": ["1_people sql_migrate"],
    "both_ways_tern": ["1_people tern"],
    "both_ways_commented_out": ["1_people sql_plain"],
    "both_ways_in_a_function": ["1_f sql_plain"],
    "empty": [],
    "flyway_baseline": ["1_a flyway", "2_b flyway"],
    "atlas_checkpoint": ["1_a sql_plain", "2_b sql_plain", "3_checkpoint sql_plain", "4_c sql_plain"],
    "checkpoint_beside": ["1_a sql", "1_base checkpoint", "2_b sql"],
    "flyway_folders": ["1_a flyway", "2_b flyway", "R__view flyway"],
    "flyway_only_folders": ["1_a flyway", "2_b flyway"],
    "prose_with_a_number": ["1_a sql_plain"],
    "prisma_two_of_one_version": ["20240101000000_a prisma", "20240101000000_b prisma"],
    "python_and_its_data": ["1_a python"],
    "verified": ["1_a sql"],
    "text_order": ["20240101000000_a dbmate", "20240102_b dbmate"],
}

# What is refused: words of the message, and of the hint.
REFUSED = {
    "both_ways_indented": ("1_people.sql, line 1: .* is a mark of sql-migrate", "kind: sql_migrate"),
    "both_ways_of_nobody": ("1_people.sql, lines 1 and 3: .*both run", "two files"),
    "both_ways_boxed": ("1_people.sql, lines 2 and 6: .*both run", "two files"),
    "both_ways_in_a_pair": ("1_people.up.sql, line 1: .* is a mark of dbmate", "kind: dbmate"),
    "below_only": ('1_people.sql, line 2: "-- Rollback" parts a way up from a way down', "kind: sql_plain"),
    "checkpoint_by_hand": ("1_base.checkpoint.sql is called a checkpoint, and its first line", "squash_to"),
    "checkpoint_changed": ("1_base.checkpoint.sql: the list of what .* was changed by hand", "squash again"),
    "checkpoint_later": ("1_base.checkpoint.sql is a checkpoint of a later release", "Use that release"),
    "directory_as_script": ("002_b.up.sql can't be read: Is a directory", ""),
    "django": ("0001_initial.py", "Django"),
    "diesel_capital": ("2_b looks like a migration", "a folder with Up.sql; name it <version>_<name>/up.sql"),
    "diesel_other_name": ("more than one kind .*diesel: 1_a/up.sql; prisma: 2_b/migration.sql", "say with kind"),
    "drizzle_unlisted": ("0001_b.sql looks like a migration", "_journal.json doesn't list it"),
    "evolve": ("V1__index.sql, line 1: .* is a mark of Evolve", "-- no-transaction"),
    "alembic_in_a_circle": ("Cycle is detected", "down_revision"),
    "alembic_nested": ("aa02_b.py looks like a migration", "name the folder in migrations_dir"),
    "alembic_too_high": ("looks like scripts of the kind alembic: versions/aa01_a.py", "Name that directory"),
    "alembic_two_of_one": ("Two scripts have the version aa01", ""),
    "alembic_unknown_down": ("down_revision = 'aa01', and there is no such revision", "another directory"),
    "alembic_without_revision": ("helpers.py is among alembic's revisions", "move it out"),
    "flyway_callback": ("afterMigrateError.sql looks like a migration", "callback of Flyway.s.*afterMigrate"),
    "flyway_configuration": ("V1__a.sql.conf, line 1: nothing but executeInTransaction", ""),
    "flyway_java": ("V2__b.java looks like a migration", "Flyway"),
    "flyway_small_letter": ("v2__b.sql looks like a migration", "V<version>__<name>.sql"),
    "golang_code": ("2_b.up.go looks like a migration", "golang-migrate.*Go can't be run here"),
    "golang_free_extension": ("2_b.up.pgsql looks like a migration", "golang-migrate.*name SQL for PostgreSQL .up.sql"),
    "goose_code": ("00002_b.go, line 1: a migration in Go", ""),
    "knex": ("20240101000000_users.js looks like a migration", "Knex"),
    "liquibase_sql": ("There are no migrations in .*people.sql", "Liquibase"),
    "liquibase_versioned": ("1_people.sql, line 1: .* is a mark of Liquibase", "No kind reads Liquibase's scripts"),
    "liquibase_xml": ("db.changelog-master.xml", "Liquibase.*liquibase update-sql"),
    "mixture": ("more than one kind .*dbmate: 2_b.sql; goose: 1_a.sql", "say with kind"),
    "one_level_too_high": ("what is in .*/migrations looks like scripts of the kind sql: 1_a.up.sql", "Name that dir"),
    "prisma_too_high": ("what is in .*/migrations looks like scripts of the kind prisma: 20240101", "Name that dir"),
    "php": ("2014_10_12_000000_users.php looks like a migration", "Laravel"),
    "pop_fizz": ("20240102000000_b.up.fizz looks like a migration", "pop"),
    "python_and_other_data": ("2_data.csv looks like a migration", "on_unread"),
    "rails": ("20240101000000_create_users.rb looks like a migration", "Rails"),
    "releases": ("1.0 looks like a migration", "a folder with 2_b.sql"),
    "schema_only": ("There are no migrations in .*schema.sql", r"The kinds are python \(<version>_<name>.py\)"),
    "two_of_one_number": ("Two scripts have the version 0001", "kind: sql_by_name"),
    "verifies_nothing": ("2_b.verify.sql looks like a migration", "It verifies a script that isn't there"),
    "typeorm_beside_sql": ("1700000000001-AddUser.ts looks like a migration", "TypeORM"),
    "upper_case": ("2_B.SQL looks like a migration", "Name it"),
    "yoyo": ("0001_a.sql, line 1: .* is a mark of yoyo", "yoyo"),
    "yoyo_rollback": ("2 names look like migrations.*0001.a.rollback.sql, 0001.a.sql", "yoyo"),
    "sqitch": ("sqitch.plan|deploy", "Sqitch"),
    "without_transaction": ("1_a.sql, line 1: .* is a mark of postgres-migrations", "-- no-transaction"),
}


def test_each_trap_has_its_line() -> None:
    assert sorted([*READ, *REFUSED]) == sorted(each.name for each in TRAPS.iterdir())
    assert len(READ) + len(REFUSED) >= 40


def _tried(name: str) -> list[str]:
    """Go as far as a run goes before it touches anything. Return what it would run, each with its kind."""
    directory = str(TRAPS / name)
    scripts = discover((directory,))
    request = Request(Target({}), (directory,), QualifiedName("schema_migrations"))
    look_for(request, [(Step(each), read(each)) for each in scripts])
    return ["%s %s" % (each.label, each.kind) for each in scripts]


@pytest.mark.parametrize("name", READ)
def test_read(name: str) -> None:
    assert _tried(name) == READ[name]


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    message, hint = REFUSED[name]
    with pytest.raises(MigrationError, match="(?s)" + message) as caught:
        _tried(name)
    assert caught.match("(?s)" + message)
    assert re.search("(?s)" + hint, str(caught.value.hint)), caught.value.hint
    assert str(TRAPS / name) in caught.value.message

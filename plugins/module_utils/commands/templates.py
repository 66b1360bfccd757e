# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""New migrations of each kind: the paths of their files, with room for version and name, and what stands in them."""

from __future__ import annotations

from typing import Dict

PYTHON = """\
# Of a migration that is asked at every run whether it has something to do:
# def should_run(cursor):
#     return True


# Of one that only runs when it is asked for (run_deferred):
# from dbmigrator import deferred
# @deferred
def up(cursor):
    pass

    # What only a superuser may do, on a connection of its own:
    # from dbmigrator import super_user
    # with super_user() as super_cursor:
    #     super_cursor.execute("...")


def down(cursor):
    pass
"""
SQLALCHEMY = """\
from sqlalchemy import *


def upgrade(migrate_engine):
    pass


def downgrade(migrate_engine):
    pass
"""
ALEMBIC = """\
import sqlalchemy as sa
from alembic import op

revision = "%s"
down_revision = %s
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
"""
UP, DOWN = "-- what to change\n", "-- how to take it back\n"
MARKED = "%s\n%s\n%s\n%s"

TEMPLATES: Dict[str, Dict[str, str]] = {
    "python": {"%s_%s.py": PYTHON},
    "sqlalchemy": {"%s_%s.py": SQLALCHEMY},
    "sql": {"%s_%s.up.sql": UP, "%s_%s.down.sql": DOWN},
    "sql_by_name": {"%s_%s.up.sql": UP, "%s_%s.down.sql": DOWN},
    "sql_plain": {"%s_%s.sql": UP},
    "dbmate": {"%s_%s.sql": MARKED % ("-- migrate:up", UP, "-- migrate:down", DOWN)},
    "goose": {"%s_%s.sql": MARKED % ("-- +goose Up", UP, "-- +goose Down", DOWN)},
    "sql_migrate": {"%s-%s.sql": MARKED % ("-- +migrate Up", UP, "-- +migrate Down", DOWN)},
    "node_pg_migrate": {"%s_%s.sql": MARKED % ("-- Up Migration", UP, "-- Down Migration", DOWN)},
    "tern": {"%s_%s.sql": UP + "\n---- create above / drop below ----\n\n" + DOWN},
    "diesel": {"%s_%s/up.sql": UP, "%s_%s/down.sql": DOWN},
    "prisma": {"%s_%s/migration.sql": UP, "%s_%s/down.sql": DOWN},
    "flyway": {"V%s__%s.sql": UP, "U%s__%s.sql": DOWN},
    "supabase": {"%s_%s.sql": UP},
    # Written with what comes before it; see generate.py.
    "alembic": {"%s_%s.py": ALEMBIC},
}

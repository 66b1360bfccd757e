#!/usr/bin/python
# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_migration_generate
short_description: Write a new, empty migration
version_added: 0.1.0
description:
  - Writes the files of a new migration into a directory, with the next version. It needs no database, except for
    O(from_database) and O(squash_to).
  - Where a migration of that name is there already, nothing is written.
extends_documentation_fragment:
  - pgops.migrations.connection
attributes:
  async:
    support: full
    description:
      - With C(poll), or with V(0) and C(async_status); in check mode too.
  check_mode:
    support: full
    description: Says what would be written.
  diff_mode:
    support: full
    description: Shows the files' text.
  idempotent:
    support: full
    description:
      - A migration of that name that is there is left alone.
  platform:
    support: full
    platforms: posix
    description: The hosts that it runs on.
options:
  name:
    description: Name of the migration; spaces become underscores.
    type: str
    version_added: 0.1.0
    required: true
  migrations_dir:
    description:
      - Directory to write into; it is made if it isn't there.
      - Where its versions are numbers, the new one gets the next number; otherwise the present moment in UTC.
      - It is a list of one, because the other modules' option is a list; see C(module_defaults).
    type: list
    elements: path
    version_added: 0.1.0
    required: true
  follow:
    description: Also count scripts that are links which lead out of the directory. Without it, they are refused.
    type: bool
    version_added: 0.2.0
    default: false
  from_database:
    description:
      - Write the live schema of the database as the migration, such that applied to an empty database it gives the same
        schema. That is proved on a scratch database before anything is written.
      - As O(kind=sql) it can't be rolled back.
      - As O(kind=sqlalchemy) its tables are written by sqlacodegen, which has to be installed on the host. What they
        can't say exactly, and whole tables that can't be said exactly, are SQL in the same script. It can be rolled
        back if everything in the schema can be dropped.
      - Subscriptions are left out, and passwords in user mappings.
      - Since 0.5.0 also of SQLite, MariaDB and MySQL. What is known by SQLAlchemy's reflection alone can't be written.
    type: bool
    version_added: 0.1.0
    default: false
  squash_to:
    description:
      - Write a checkpoint, one script that gives what all scripts up to this version give. A new database begins with
        it; one that has the old scripts counts it as applied, and one in the middle goes on with them. Nothing is moved
        or removed.
      - The scripts run on a scratch database, whose schema becomes the checkpoint. It is written when it gives the same
        on another one, in its schema, in the rows of O(squash_tables) and in where sequences stand, which is tried.
      - The scratch databases are on the server that the connection leads to, as in a rehearsal of
        M(pgops.migrations.pg_migrate); with O(rehearsal_on=empty) no server is needed.
      - The file is C(<version>_<name>.checkpoint.sql), and Flyway's C(B<version>__<name>.sql) beside its scripts. Of
        alembic's revisions no checkpoint is made.
    type: str
    version_added: 0.6.0
  squash_tables:
    description:
      - The tables whose rows the checkpoint gets, as the scripts leave them; V(all) for all that have some. Of other
        tables with rows the task warns.
    type: list
    elements: str
    version_added: 0.6.0
  rehearsal_on:
    description: Where the scripts are run for O(squash_to); see M(pgops.migrations.pg_migrate).
    type: str
    version_added: 0.6.0
    choices: [auto, server, cluster, empty]
    default: auto
  rehearsal_extensions:
    description: The extensions that a new database has before the first script, for O(squash_to).
    type: list
    elements: str
    version_added: 0.6.0
  super_user:
    description: As whom C(super_user) of a script connects, for O(squash_to).
    type: str
    version_added: 0.6.0
    default: postgres
  postgresql_bin_dir:
    description: The directory on the host where PostgreSQL's programs are; left out, they are looked for.
    type: path
    version_added: 0.6.0
  history_table:
    description: Table that records what is applied, which is left out; C(schema_migrations) if it isn't said.
    type: str
    version_added: 0.1.0
  kind:
    description:
      - What to write. Left out, the kind that the directory has; where it is empty V(python), and V(sql) with
        O(from_database).
      - V(python) is a script for a cursor, V(sqlalchemy) one for an SQLAlchemy engine. The others are as in
        M(pgops.migrations.pg_migrate), since 0.4.0; only V(sql) and V(sqlalchemy) can be written from a database.
      - V(alembic) is written behind the one head that there is, since 0.5.0.
      - What drizzle-kit writes is in its journal, too, so that it alone can write it.
    type: str
    version_added: 0.1.0
    choices:
      - python
      - sqlalchemy
      - sql
      - sql_plain
      - dbmate
      - goose
      - diesel
      - flyway
      - node_pg_migrate
      - sql_migrate
      - tern
      - prisma
      - supabase
      - alembic
      - sql_by_name
seealso:
  - module: pgops.migrations.pg_migrate
author:
  - pgops.migrations authors (@pgops)
"""

EXAMPLES = r"""
- name: Begin a migration
  pgops.migrations.pg_migration_generate:
    name: add id to users
    migrations_dir: /srv/shop/migrations

- name: Begin with the schema that a database has
  pgops.migrations.pg_migration_generate:
    url: postgresql://shop@localhost/shop
    name: as it was
    migrations_dir: /srv/shop/schema
    from_database: true

- name: Let new databases begin with one script instead of three hundred
  pgops.migrations.pg_migration_generate:
    url: postgresql://shop@localhost/postgres
    name: as of 2026
    migrations_dir: /srv/shop/migrations
    squash_to: "20250102090000"
    squash_tables: [countries]

- name: Begin with the tables of a database, as Python
  pgops.migrations.pg_migration_generate:
    url: postgresql://shop@localhost/shop
    name: as it was
    migrations_dir: /srv/shop/model
    from_database: true
    kind: sqlalchemy
"""

RETURN = r"""
msg:
  description: What was written, in one sentence.
  returned: always
  type: str
  sample: Wrote customers/20261121134818_add_customers.py.
version:
  description: The migration's version.
  returned: success
  type: str
  sample: '20261121134818'
paths:
  description: Its files.
  returned: success
  type: list
  elements: str
  sample:
    - customers/20261121134818_add_customers.py
replaces:
  description: The versions that the checkpoint takes the place of.
  returned: with O(squash_to)
  type: list
  elements: str
  sample:
    - '20250101120000'
    - '20250102090000'
rows_left_out:
  description: The tables that have rows after the scripts and aren't in the checkpoint, each with C(table) and C(rows).
  returned: with O(squash_to)
  type: list
  elements: dict
  sample: []
error:
  description: What went wrong, as in M(pgops.migrations.pg_migrate).
  returned: on failure
  type: dict
  sample:
    blockers: []
    column: null
    hint: Write words only; the directory is migrations_dir.
    kind: option
    line: null
    message: 'name: ''../customers'' can''t be part of a file''s name'
    path: null
    sqlstate: null
    version: null
"""

from ansible_collections.pgops.migrations.plugins.module_utils.task.archive import run
from ansible_collections.pgops.migrations.plugins.module_utils.task.module import Module
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import GENERATE


def main() -> None:
    """Run the task."""
    run(Module(GENERATE), "generate", "pg_migration_generate", needs_database=False)


if __name__ == "__main__":
    main()

#!/usr/bin/python
# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_migrate
short_description: Apply, roll back and prove database migrations on PostgreSQL
version_added: 0.1.0
description:
  - Applies the migration scripts that are not applied yet, in the order of their versions, each in one transaction
    together with its row in the history.
  - In check mode it makes a scratch copy of the database on the server, applies them there, and drops the copy; with
    C(--diff) it shows the schema that would come out. The database itself gets no write.
  - With C(--diff) a real run shows what changed in the schema, as a unified diff of two C(pg_dump)s.
extends_documentation_fragment:
  - pgops.migrations.connection
  - pgops.migrations.migrations
attributes:
  check_mode:
    support: full
    description: The pending migrations run on a scratch copy of the database, see O(rehearsal).
  diff_mode:
    support: full
    description: Shows the change of the schema as SQL.
  platform:
    support: full
    platforms: postgresql
    description: The database servers that it works on.
options:
  state:
    description:
      - V(migrated) applies what is pending.
      - V(rolled_back) rolls back what was applied last, see O(steps), or all that is above O(version). Deferred
        migrations are left alone.
      - V(tested) proves on a scratch copy of the database, for each pending migration, that it can be rolled back; it
        goes up, down and up again, and the schema has to be what it was. The database itself is never touched.
    type: str
    choices: [migrated, rolled_back, tested]
    default: migrated
  version:
    description:
      - A version, written as in the script's file name.
      - With O(state=migrated) and O(state=tested), go up to and including it; left out, all.
      - With O(state=rolled_back), roll back everything above it; V(0) for everything.
    type: str
  steps:
    description: With O(state=rolled_back) and no O(version), how many migrations to roll back, the last applied first.
    type: int
    default: 1
  run_deferred:
    description: Also run migrations that say of themselves that they are deferred (C(@deferred)), or were marked so.
    type: bool
    default: false
  baseline_version:
    description:
      - While the database has no history, take it over as it is, by recording everything up to this version as applied
        and running nothing of it; V(latest) records all, V(0) nothing. Later it has no meaning, and may stay.
      - V(adopt) takes over what the table of another tool says was applied (sqlalchemy-migrate, golang-migrate, dbmate,
        diesel, goose, sqlx, Flyway), and leaves that table as it was. Without it, such a table is an error.
      - What belongs to the baseline can't be rolled back.
    type: str
  super_user:
    description:
      - User of the second connection that scripts get from C(super_user()), to the same database.
      - A password given for the first connection isn't used for it.
    type: str
    default: postgres
  single_transaction:
    description: Apply all pending migrations in one transaction, so that either all of them stand or none.
    type: bool
    default: false
  diff_per:
    description:
      - V(run) shows one diff for all that was applied; V(migration) one for each migration, which costs a C(pg_dump)
        for each. V(migration) and O(single_transaction) exclude each other.
    type: str
    choices: [run, migration]
    default: run
  diff_context:
    description: Lines around a change in the diff.
    type: int
    default: 10
  lock_wait:
    description: How many seconds to wait for another run on the same database to end.
    type: int
    default: 60
  rehearsal:
    description:
      - In check mode, V(auto) applies the plan to a scratch copy of the database, and where no copy can be made says
        why and lists the plan; V(required) fails there instead; V(off) only lists the plan.
      - In a real run, V(required) rehearses first, and applies only what passed.
      - It needs the right to create a database, and C(pg_dump) and C(psql) of a version that fits the server.
    type: str
    choices: [auto, required, 'off']
    default: auto
  rehearsal_data:
    description: Tables whose rows the copy gets too; V(all) for those of all tables. Left out, the copy has no rows.
    type: list
    elements: str
    default: []
  rehearsal_url:
    description: Server to make the copy on, as a PostgreSQL URL or libpq DSN. Left out, the database's own server.
    type: str
author:
  - pgops.migrations authors (@pgops)
"""

EXAMPLES = r"""
- name: Apply all pending migrations
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations

- name: Apply up to a version, from two directories
  pgops.migrations.pg_migrate:
    login_host: localhost
    login_user: shop
    login_db: shop
    migrations_dir:
      - /srv/shop/migrations
      - /srv/shop/billing/migrations
    version: "20151218145832"

- name: All or nothing, and only after a rehearsal with real rows has passed
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    single_transaction: true
    rehearsal: required
    rehearsal_data: [public.users]

- name: Roll back what was applied last
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    state: rolled_back

- name: Prove that every pending migration can be rolled back
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    state: tested

- name: Take over a database that has everything up to a version already
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    baseline_version: "20151217170514"
"""

RETURN = r"""
msg:
  description: What happened, in one sentence.
  returned: always
  type: str
  sample: Applied 2 migrations (20151217170514 … 20151218145832).
applied:
  description: The migrations that were applied; in check mode those that passed the rehearsal.
  returned: always, when it came to a plan
  type: list
  elements: dict
  contains:
    version:
      description: Version, as in the file name.
      type: str
    name:
      description: Name, from the file name.
      type: str
    path:
      description: The script's file.
      type: str
    duration_ms:
      description: How long it took, in milliseconds.
      type: int
    output:
      description: Lines that the script printed or logged, and the server's notices.
      type: list
      elements: str
    reason:
      description: What a person should know about how it ran, for example that it had no transaction around it.
      type: str
rolled_back:
  description: The migrations that were rolled back, as in RV(applied); in check mode those that passed the rehearsal.
  returned: always, when it came to a plan
  type: list
  elements: dict
passed_over:
  description: The migrations that were passed over, and why (C(deferred), C(should_run_is_false), C(baseline)).
  returned: always, when it came to a plan
  type: list
  elements: dict
tested:
  description: The verdict on each migration.
  returned: with O(state=tested)
  type: list
  elements: dict
  contains:
    version:
      description: Version, as in the file name.
      type: str
    name:
      description: Name, from the file name.
      type: str
    path:
      description: The script's file.
      type: str
    result:
      description: One of C(reversible), C(reversible_but_for_column_order), C(not_reversible) and C(without_down).
      type: str
    diff:
      description: What differs after rolling back, or after applying again.
      type: str
pending:
  description: The migrations that are still not applied, and why (C(not_run), C(beyond_version)).
  returned: always, when it came to a plan
  type: list
  elements: dict
current_version:
  description: Highest version that is applied; in check mode, that would be.
  returned: always, when it came to a plan
  type: str
  sample: "20151218145832"
latest_version:
  description: Highest version on disk.
  returned: always, when it came to a plan
  type: str
  sample: "20151218145832"
schema_changed:
  description: Whether the schema came out different.
  returned: in diff mode and after a rehearsal, when something was pending
  type: bool
rehearsal:
  description: Where the plan was rehearsed, and what a copy can't prove.
  returned: after a rehearsal
  type: dict
  contains:
    where:
      description: The server, and what kind of copy.
      type: str
    not_proved:
      description: One sentence for each thing that only the real run will show.
      type: list
      elements: str
failed_migration:
  description: The migration that failed, as in RV(applied).
  returned: when one failed
  type: dict
error:
  description: What went wrong, for C(failed_when) and for people.
  returned: on failure
  type: dict
  contains:
    kind:
      description: One word for the kind of error, for example C(script_failed), C(lock_held), C(unknown_version).
      type: str
    version:
      description: Version of the migration that it is about.
      type: str
    path:
      description: The file that it is about.
      type: str
    line:
      description: Line in that file.
      type: int
    column:
      description: Column in that line.
      type: int
    sqlstate:
      description: The server's code for the error.
      type: str
    message:
      description: What happened, and on what.
      type: str
    hint:
      description: What to do about it.
      type: str
    blockers:
      description: The sessions in the way.
      type: list
      elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgops.migrations.plugins.module_utils.task import options
from ansible_collections.pgops.migrations.plugins.module_utils.task.entry import run
from ansible_collections.pgops.migrations.plugins.module_utils.task.migrate import pg_migrate


def main() -> None:
    """Run the task."""
    module = AnsibleModule(argument_spec=options.MIGRATE, supports_check_mode=True)
    run(module, pg_migrate)


if __name__ == "__main__":
    main()

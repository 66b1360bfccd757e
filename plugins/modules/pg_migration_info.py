#!/usr/bin/python
# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_migration_info
short_description: Tell where each migration stands
version_added: 0.1.0
description:
  - Lists the migrations on disk and in the history, with the state of each. It never writes.
  - Without a history, and without a database, all are pending.
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
    description: It never changes anything.
  diff_mode:
    support: full
    description: With O(check_drift), shows how the schema was changed by hand.
  idempotent:
    support: full
    description:
      - It never changes anything.
  platform:
    support: full
    platforms: postgresql
    description: The database servers that it works on.
options:
  wide:
    description: Show the names in RV(listing) in full.
    type: bool
    version_added: 0.1.0
    default: false
  sort:
    description: Order by version, or by time of application with what isn't applied behind.
    type: str
    version_added: 0.1.0
    choices: [version, applied]
    default: version
  only:
    description: Which migrations RV(migrations) and RV(listing) have. The counts and versions are those of all.
    type: str
    version_added: 0.3.0
    choices: [all, pending]
    default: all
  check_drift:
    description:
      - Also compare the live schema with what the last run has left. It takes the time of one dump, and writes nothing.
      - The task doesn't fail of what it finds; C(failed_when) on RV(drift) does.
      - It can only be known where a run has left a snapshot (O(pgops.migrations.pg_migrate#module:on_drift)), and the
        history wasn't written since.
    type: bool
    version_added: 0.6.0
    default: false
  postgresql_bin_dir:
    description: The directory on the host where C(pg_dump) is, for O(check_drift); left out, it is looked for.
    type: path
    version_added: 0.6.0
seealso:
  - module: pgops.migrations.pg_migrate
author:
  - pgops.migrations authors (@pgops)
"""

EXAMPLES = r"""
- name: Look
  pgops.migrations.pg_migration_info:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
  register: shop

- name: Look what would be applied; with thousands of migrations the result stays small
  pgops.migrations.pg_migration_info:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    only: pending

- name: Look between two releases whether somebody has changed the schema by hand
  pgops.migrations.pg_migration_info:
    url: postgresql://shop@localhost/shop
    migrations_dir: /srv/shop/migrations
    check_drift: true
  register: shop
  failed_when: shop.drift.state == "drifted"

- name: Show the list
  ansible.builtin.debug:
    var: shop.listing

- name: Where the databases of all customers stand
  pgops.migrations.pg_migration_info:
    url: postgresql://shop@localhost/postgres
    migrations_dir: /srv/shop/migrations
    databases:
      matching: shop*
  register: customers

- name: Let it be seen
  ansible.builtin.debug:
    var: customers.listing
"""

RETURN = r"""
msg:
  description: How many are pending and who is at work, in one sentence.
  returned: always
  type: str
  sample: 1 of 3 migrations is pending; pg_migrate 1/1 20250104090000 is at work.
migrations:
  description: One entry for each migration, on disk or recorded; with O(only=pending), for each that is pending.
  returned: success
  type: list
  elements: dict
  sample:
    - applied_at: '2026-11-21T13:48:03.799816Z'
      kind: sql
      missing: false
      modified: false
      name: create_orders
      release: null
      repeatable: false
      retired: false
      reversible: true
      state: applied
      version: '20250101120000'
    - applied_at: null
      kind: sql
      missing: false
      modified: false
      name: orders_have_a_state
      release: null
      repeatable: false
      retired: false
      reversible: true
      state: deferred
      version: '20250102090000'
    - applied_at: null
      kind: sql
      missing: false
      modified: false
      name: slow
      release: null
      repeatable: false
      retired: false
      reversible: false
      state: pending
      version: '20250104090000'
  contains:
    version:
      description: Version, as in the file name; as recorded, where the file is gone.
      type: str
    name:
      description: Name, from the file name.
      type: str
    kind:
      description: The kind of script.
      type: str
    state:
      description:
        - One of C(pending), C(applied), C(deferred), C(failed), which is pending after a failure, and C(passed_over).
          That is a script whose place a checkpoint has taken, or a checkpoint whose scripts are applied themselves.
      type: str
    repeatable:
      description: Whether it is asked at every run if it wants to run.
      type: bool
    reversible:
      description: Whether it has a down; null where the script can't be read.
      type: bool
    applied_at:
      description: When it was applied, in UTC.
      type: str
      sample: "2026-01-31T00:15:01.692570Z"
    modified:
      description: Whether its file has changed since it was applied.
      type: bool
    missing:
      description: Whether it is recorded, and its file is gone.
      type: bool
    release:
      description: The release that it was applied with, where O(pgops.migrations.pg_migrate#module:release) named one.
      type: str
    retired:
      description: Whether its file is gone on purpose, as somebody has said.
      type: bool
latest_version:
  description: Highest version on disk.
  returned: success
  type: str
  sample: '20250104090000'
current_version:
  description: Highest version that is applied.
  returned: success
  type: str
  sample: '20250101120000'
pending_count:
  description: How many are pending.
  returned: success
  type: int
  sample: 1
releases:
  description: The releases that the history knows of, the first one first.
  returned: success
  type: list
  elements: dict
  sample:
    - release: '2025.01'
      since: '2026-11-27T08:50:30.427454Z'
      until: '2026-11-27T08:50:30.427454Z'
      versions:
      - '20250102090000'
  contains:
    release:
      description: Its name.
      type: str
    since:
      description: When its first migration was applied, or when it ran with nothing to apply, in UTC.
      type: str
    until:
      description: The same of its last.
      type: str
    versions:
      description: Its migrations, in the order of application.
      type: list
      elements: str
database_missing:
  description: There is no database of that name on the server yet, so everything is pending.
  returned: success
  type: bool
  sample: false
running:
  description: Who is at work on the database right now, null where nobody is.
  returned: success
  type: dict
  sample:
    address: 127.0.0.1/32
    application: pg_migrate 1/1 20250104090000
    doing: null
    percent: null
    pid: 6775
    since: 2026-11-21 13:48:41 UTC
    user: shop
    waits_for: []
  contains:
    pid:
      description: Process of the session on the server.
      type: int
    user:
      description: Its user.
      type: str
    application:
      description: Its name, which tells how far the run is; C(pg_migrate 12/340 20151218145832) is at the 12th of 340.
      type: str
    address:
      description: Where it comes from.
      type: str
    since:
      description: When it connected.
      type: str
    waits_for:
      description: The sessions that hold the lock that it waits for, each with pid, user, application and state.
      type: list
      elements: dict
    doing:
      description:
        - The command and its phase in PostgreSQL's words, where it builds an index, writes a table anew, copies rows or
          vacuums.
      type: str
    percent:
      description: How far that phase is, where the server tells.
      type: int
drift:
  description: What the look for changes by hand has shown.
  returned: with O(check_drift=true)
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
listing:
  description: The same as a table for people, as lines; a C(*) marks a repeatable migration.
  returned: success
  type: list
  elements: str
  sample:
    - version        | name            | is applied   | date applied
    - '--------------------------------------------------------------'
    - 20250101120000 | create_orders   | applied      | 2026-11-21T13:48:03.799816Z
    - 20250102090000 | orders_have_a_s | deferred     |
    - 20250104090000 | slow            | pending      |
counts:
  description: How many databases were looked at (C(ok)), have failed (C(failed)), and weren't begun (C(not_reached)).
  returned: with O(databases)
  type: dict
  sample:
    changed: 0
    failed: 0
    not_reached: 0
    ok: 1
groups:
  description:
    - The databases that didn't fail, once for all of which the same can be told, the largest group first and 20 at
      most.
  returned: with O(databases)
  type: list
  elements: dict
  sample:
    - changed: false
      current_version: '20250101120000'
      database_missing: false
      databases: 1
      example: shop
      latest_version: '20250104090000'
      missing: []
      modified: []
      names: [shop]
      pending: ['20250104090000']
      pending_count: 1
      said: 'at version 20250101120000, 1 pending: 20250104090000'
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
      description: V(false).
      type: bool
    said:
      description: The same in a line for people.
      type: str
    current_version:
      description: As RV(current_version).
      type: str
    latest_version:
      description: As RV(latest_version).
      type: str
    pending_count:
      description: As RV(pending_count).
      type: int
    pending:
      description: The versions that would be applied.
      type: list
      elements: str
    missing:
      description: The versions that are recorded, and whose files are gone.
      type: list
      elements: str
    modified:
      description: The versions whose scripts were modified after they were applied.
      type: list
      elements: str
    database_missing:
      description: As RV(database_missing).
      type: bool
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
pending_databases:
  description: How many databases have pending migrations.
  returned: with O(databases)
  type: int
  sample: 1
error:
  description: What went wrong, as in M(pgops.migrations.pg_migrate).
  returned: on failure
  type: dict
  sample:
    blockers: []
    column: null
    hint: Check url or the login_* options, and that the server runs.
    kind: connection
    line: null
    message: 'No connection to PostgreSQL: connection to server at "localhost" (127.0.0.1), port 1 failed:
      Connection refused Is the server running on that host and accepting TCP/IP connections?'
    path: null
    sqlstate: null
    version: null
"""

from ansible_collections.pgops.migrations.plugins.module_utils.task.archive import run
from ansible_collections.pgops.migrations.plugins.module_utils.task.module import Module
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import INFO


def main() -> None:
    """Run the task."""
    run(Module(INFO), "info", "pg_migration_info")


if __name__ == "__main__":
    main()

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  migrations_dir:
    description:
      - Directories with migration scripts, on the host that runs the task.
      - The scripts of all of them form one sequence by version.
      - A directory holds one kind of script, which is found by looking.
      - One of O(migrations_dir), O(context) and C(migrations-directory) in O(config_file) says where the scripts are.
    type: list
    elements: path
    version_added: 0.1.0
  src:
    description:
      - Directories on the controller, instead of O(migrations_dir), which is on the host where the task runs. A
        relative path is looked for beside the playbook and in the role.
      - The scripts go to the host as one archive, and with M(pgops.migrations.pg_migrate)
        only when something is pending; they are removed afterwards.
      - They have to stand alone there; what they import must be installed on the host, or stand beside them.
      - What goes along are the scripts; and where there are scripts in Python, what is beside and below them as well,
        since they may import or read it.
      - What stays behind are names with a dot in front, C(__pycache__), C(node_modules), virtual environments, sockets,
        FIFOs, devices, and links that lead nowhere. A file of more than 100 MiB stays behind with a warning.
      - 20000 files and 1 GiB in all are the most. More, and links that lead out of the directory (see O(follow)), fail
        the task before anything is sent.
    type: list
    elements: path
    version_added: 0.1.0
  context:
    description:
      - Python packages that name their migrations directory by an entry point C(migrations_directory) in the group
        C(dbmigrator), which is a path or a function that returns one.
      - They are looked up by the interpreter that runs the module.
    type: list
    elements: str
    version_added: 0.1.0
  kind:
    description:
      - Kind of the scripts in all of these directories. Left out, each directory's is found by looking, and a directory
        with scripts of several kinds is refused.
      - V(python) is C(<version>_<name>.py) with C(up(cursor)); V(sqlalchemy) is the same name with
        C(upgrade(migrate_engine)), which needs SQLAlchemy, and SQL by dialect, also in a repository (C(migrate.cfg)).
      - V(sql) is C(.up.sql) and C(.down.sql) in pairs; V(sql_plain) is C(<version>_<name>.sql), which only goes up;
        V(dbmate), V(goose), V(diesel) and V(flyway) are the layouts of those tools.
      - V(alembic) is a directory with C(versions/), or that folder; it needs alembic where they are. Since 0.5.0.
      - V(node_pg_migrate), V(sql_migrate), V(tern), V(prisma), V(drizzle) and V(supabase) are too, since 0.4.0.
      - V(sql_by_name) is C(.up.sql) and C(.down.sql) in pairs that are known by their whole names, so that two may have
        one number (maragudk/migrate). It is never found by looking.
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
      - drizzle
      - supabase
      - alembic
      - sql_by_name
  order:
    description:
      - How versions are ordered. V(numeric) compares them as numbers, V(text) character by character.
      - Left out, it is that of the tool which the scripts are written for, V(text) for dbmate, diesel, Prisma,
        Supabase and C(sql_by_name), V(numeric) for all others. A history that was recorded in numeric order keeps it.
      - V(graph) is that of alembic's scripts, which name what comes before them. These have no other, and no others
        have it; since 0.5.0.
      - Directories of kinds whose tools order differently need it.
    type: str
    version_added: 0.4.0
    choices: [numeric, text, graph]
  follow:
    description:
      - Also take scripts that are links which lead out of their directory. Without it, such a link is refused by its
        name. Links that stay inside are always followed, and the directory itself may be a link.
      - Whatever it is, a script must be a regular file of at most 100 MiB.
    type: bool
    version_added: 0.2.0
    default: false
  on_unread:
    description:
      - What to do about what has a version in its name, or is of another tool, and isn't read as a script.
      - V(fail) stops before anything is touched, V(warn) names it in a warning, V(ignore) passes it over.
      - The same about a directory in which no migration was found, though something in it, or in a folder of it, looks
        like one.
      - What O(kind) leaves to another kind is named in a warning, unless it is V(ignore).
    type: str
    version_added: 0.4.0
    choices: [ignore, warn, fail]
    default: fail
  history_table:
    description:
      - Table that records what is applied; C(schema.table) puts it into a schema. It is made at the first run.
      - Left out, it is C(schema_migrations); for a repository C(schema_migrations_<repository_id>).
      - It has the columns C(version) and C(applied), so that db-migrator can go on with it. A role that looks at it
        needs SELECT on its log as well.
      - Beside it, a table with C(_log) behind the name keeps every event, and what else is known of each migration; one
        with C(_snapshot) keeps the schema that the last run left.
    type: str
    version_added: 0.1.0
"""

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
  context:
    description:
      - Python packages that name their migrations directory by an entry point C(migrations_directory) in the group
        C(dbmigrator), which is a path or a function that returns one.
      - They are looked up by the interpreter that runs the module.
    type: list
    elements: str
  history_table:
    description:
      - Table that records what is applied; C(schema.table) puts it into a schema. It is made at the first run.
      - A second table beside it, with C(_log) behind the name, keeps every event.
    type: str
    default: schema_migrations
"""

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect to PostgreSQL and select 1: the least that a task on a database can be."""

from __future__ import annotations

from contextlib import closing

import psycopg2
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Run the task."""
    module = AnsibleModule(argument_spec={"url": {"type": "str", "required": True, "no_log": True}})
    with closing(psycopg2.connect(module.params["url"])) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        one = cursor.fetchone()[0]
    module.exit_json(changed=False, one=one)


if __name__ == "__main__":
    main()

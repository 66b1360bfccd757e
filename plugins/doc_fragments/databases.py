# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  databases:
    description:
      - The databases of the server that the task is about, instead of the one of O(url) or O(login_db). Each is done by
        itself, as a task on it alone would do it, with its own connection, lock and history; what fails in one doesn't
        keep the others from it. The scripts are read once for all of them.
      - One of the three says which. One that isn't there, one that is named twice, and none at all are errors, before
        anything is touched.
      - Any database that fails fails the task. When it is run again, it goes on with those that aren't done.
      - It is for PostgreSQL.
    type: dict
    version_added: 0.6.0
    suboptions:
      names:
        description: Their names. It excludes O(login_db).
        type: list
        elements: str
        version_added: 0.6.0
      matching:
        description:
          - Patterns for their names, in which C(*) is anything, C(?) is one character, and C([0-9]) is one of those.
          - Templates don't match. C(postgres), and copies that a rehearsal has made, only match a name without these
            characters.
          - It excludes O(login_db).
        type: list
        elements: str
        version_added: 0.6.0
      query:
        description:
          - A query that gives their names, in one column. It runs in the database of O(url) or O(login_db), and may
            only read. Databases are taken in the order of its rows.
          - A query that fails, or gives no row, NULL or a name twice, is an error.
        type: str
        version_added: 0.6.0
  workers:
    description:
      - How many of O(databases) are worked on at once, at most; each by a process of its own. Where the server has too
        few connections left for so many, there are fewer, with a warning. A run takes four at most, a rehearsal six.
    type: int
    version_added: 0.6.0
    default: 8
"""

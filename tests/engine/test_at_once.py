# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many runs at once on one database."""

from __future__ import annotations

from collections import Counter

import pytest

from .conftest import Project
from .faults.process import Task

RUNS = 20
SCRIPTS = {
    "v1": "CREATE TABLE seen (version int)",
    "v2": "INSERT INTO seen VALUES (2)",
    "v3": "-- no-transaction\nINSERT INTO seen VALUES (3);\nCREATE INDEX CONCURRENTLY by_version ON seen (version);\n",
    "v4": "INSERT INTO seen VALUES (4); SELECT pg_sleep(0.5)",
    "v5": "-- no-transaction\nINSERT INTO seen VALUES (5);\n",
}


@pytest.mark.slow
def test_of_many_runs_at_once_each_migration_is_run_by_one(project: Project) -> None:
    project.write(**SCRIPTS)
    options = {"url": project.url, "migrations_dir": [str(project.directory)]}
    tasks = [Task(project.bindir, project.scratch_files, options) for dummy in range(RUNS)]
    results = [task.result() for task in tasks]
    assert [str(result) for result in results if not result.ok] == []
    assert Counter(version for result in results for version in result.applied) == Counter("12345")
    assert project.query("SELECT version FROM seen ORDER BY 1") == [(2,), (3,), (4,), (5,)]
    assert project.applied() == ["1", "2", "3", "4", "5"]
    ran = project.query("SELECT version FROM schema_migrations_log WHERE event = 'applied' ORDER BY id")
    assert [version for (version,) in ran] == ["1", "2", "3", "4", "5"]

"""What a plan asks of rows is looked for in the real rows, which nothing writes and nobody keeps locked."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import PrecheckFailed

from .conftest import Project


def look(project: Project, **options: Any) -> dict[str, str]:
    """Return what was asked, and what came out, whether that is an error or not."""
    try:
        report = project.check(**options)
    except PrecheckFailed:
        report = project.report
    if report.rehearsal is not None and report.rehearsal.unwatched:
        pytest.fail(report.rehearsal.unwatched)
    return {
        f"{each.version} {each.constraint}": each.answer.verdict.value
        + (f": {each.answer.reason}" if each.answer.reason else "")
        for each in report.prechecks or ()
    }


TABLES = """
CREATE TABLE parent (id int PRIMARY KEY, code text);
CREATE TABLE t (id int PRIMARY KEY, a int, b text, p int, r int4range, "Odd Name" int, d date);
INSERT INTO parent VALUES (1, 'x'), (2, 'x');
INSERT INTO t VALUES (1, 1, 'x', 1, '[1,3)', 1, '2024-01-01'), (2, 1, 'y', 9, '[2,4)', NULL, '2024-02-01'),
                     (3, NULL, '12345678901', NULL, NULL, 3, NULL);
"""
CASES: dict[str, tuple[str, dict[str, str]]] = {
    "NOT NULL, passed": ("ALTER TABLE t ALTER b SET NOT NULL", {"1 NOT NULL (b)": "passed"}),
    "NOT NULL, violated": (
        "ALTER TABLE t ALTER a SET NOT NULL",
        {"1 NOT NULL (a)": "violated: 1 row, for example id 3"},
    ),
    "an odd name": (
        'ALTER TABLE t ALTER "Odd Name" SET NOT NULL',
        {"1 NOT NULL (Odd Name)": "violated: 1 row, for example id 2"},
    ),
    "CHECK, passed": ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", {"1 CHECK k": "passed"}),
    "CHECK, violated": (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (d >= DATE '2024-01-15')",
        {"1 CHECK k": "violated: 1 row, for example id 1"},
    ),
    "CHECK that fails": (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (b::int > 0)",
        {"1 CHECK k": "violated: at least one row makes it fail"},
    ),
    "CHECK, NOT VALID": ("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 5) NOT VALID", {}),
    "UNIQUE, passed": ("ALTER TABLE t ADD CONSTRAINT k UNIQUE (b)", {"1 UNIQUE k": "passed"}),
    "UNIQUE, violated": (
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        {"1 UNIQUE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a unique index on an expression": (
        "CREATE UNIQUE INDEX k ON t (length(b)) WHERE id < 3",
        {"1 UNIQUE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a partial unique index": ("CREATE UNIQUE INDEX k ON t (a) WHERE id <> 2", {"1 UNIQUE k": "passed"}),
    "a unique index, concurrently": (
        "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY k ON t (a)",
        {"1 UNIQUE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a primary key": (
        "ALTER TABLE t DROP CONSTRAINT t_pkey, ADD CONSTRAINT k PRIMARY KEY (a)",
        {
            "1 NOT NULL (a)": "violated: 1 row, for example id 3",
            "1 PRIMARY KEY k": "violated: 2 rows, for example id 1, 2",
        },
    ),
    "FOREIGN KEY, violated": (
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES parent",
        {"1 FOREIGN KEY k": "violated: 1 row, for example id 2"},
    ),
    "FOREIGN KEY, passed": (
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES parent",
        {"1 FOREIGN KEY k": "passed"},
    ),
    "FOREIGN KEY to itself, of two columns": (
        "CREATE UNIQUE INDEX u ON t (id, a); ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p, a) REFERENCES t (id, a)",
        {"1 UNIQUE u": "passed", "1 FOREIGN KEY k": "violated: 1 row, for example id 2"},
    ),
    "FOREIGN KEY, MATCH FULL": (
        "CREATE UNIQUE INDEX u ON t (id, a); "
        'ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY ("Odd Name", a) REFERENCES t (id, a) MATCH FULL',
        {"1 UNIQUE u": "passed", "1 FOREIGN KEY k": "violated: 2 rows, for example id 2, 3"},
    ),
    "FOREIGN KEY to a new table": (
        "CREATE TABLE n (id int PRIMARY KEY); ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES n",
        {"1 FOREIGN KEY k": "violated: 2 rows, for example id 1, 2"},
    ),
    "EXCLUDE": (
        "ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&)",
        {"1 EXCLUDE k": "violated: 2 rows, for example id 1, 2"},
    ),
    "too short": (
        "ALTER TABLE t ALTER b TYPE varchar(10)",
        {"1 TYPE (b: text to character varying(10))": "violated: 1 row, for example id 3"},
    ),
    "a column without a default": (
        "ALTER TABLE t ADD n int NOT NULL",
        {"1 NOT NULL (n)": "violated: 3 rows, for example id 1, 2, 3"},
    ),
    "a column with a default": ("ALTER TABLE t ADD n int NOT NULL DEFAULT 0", {}),
    "a column with an identity": ("ALTER TABLE t ADD n int GENERATED ALWAYS AS IDENTITY UNIQUE", {}),
    "a new column, checked": (
        "ALTER TABLE t ADD n text DEFAULT 'a' CONSTRAINT k CHECK (n IN ('b', 'c'))",
        {"1 CHECK k": "violated: 3 rows, for example id 1, 2, 3"},
    ),
    "a renamed column and table": (
        "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME a TO z; ALTER TABLE u ADD CONSTRAINT k CHECK (z > 1)",
        {"1 CHECK k": "violated: 2 rows, for example id 1, 2"},
    ),
    "a backfill before it": (
        "ALTER TABLE t ADD n int; UPDATE t SET n = 1; ALTER TABLE t ALTER n SET NOT NULL",
        {"1 NOT NULL (n)": "not_checked: migration 1_v1 writes its rows first"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_found(project: Project, name: str) -> None:
    script, expected = CASES[name]
    project.query(TABLES)
    project.write(v1=script)
    assert look(project) == expected
    assert look(project) == expected

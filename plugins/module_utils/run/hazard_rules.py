# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of hazard is: how bad, what it does, and what to do instead. docs/hazards.md is made of this."""

from __future__ import annotations

from typing import Dict, NamedTuple

from ..hazard import HazardKind, Level

LEVELS = {
    Level.INSTANT: "A lock for a moment, however large the table is. Never refused.",
    Level.SCAN: "The whole table is read, once or from now on each time, while others may have to wait.",
    Level.REWRITE: "Rows of the table, or all of it, are written anew, while others may have to wait.",
    Level.BREAKS_APPLICATION: "What an application, or another database, relies on is gone or is called otherwise.",
    Level.DATA_LOSS: "Rows are gone for good.",
}


class Rule(NamedTuple):
    """One kind of hazard.

    :ivar does: what it does to others, as a part of a sentence.
    :ivar instead: what to do instead, in sentences.
    :ivar example: statements that do it.
    """

    level: Level
    does: str
    instead: str
    example: str


RULES: Dict[HazardKind, Rule] = {
    HazardKind.TABLE_DROPPED: Rule(
        Level.DATA_LOSS,
        "drops the table with all its rows",
        "Stop using it first; rename it, and drop it in a later release.",
        "DROP TABLE, DROP SCHEMA … CASCADE",
    ),
    HazardKind.TRUNCATED: Rule(
        Level.DATA_LOSS,
        "empties the table, and nobody reads or writes it until the migration is committed",
        "Keep a copy of the rows, or delete in batches those that nobody needs.",
        "TRUNCATE",
    ),
    HazardKind.COLUMN_DROPPED: Rule(
        Level.BREAKS_APPLICATION,
        "drops a column with its values",
        "Stop using it first; drop it in a later release.",
        "ALTER TABLE … DROP COLUMN",
    ),
    HazardKind.VIEW_DROPPED: Rule(
        Level.BREAKS_APPLICATION,
        "drops the view, and what reads it fails",
        "Stop using it first; or make it anew in the same migration.",
        "DROP VIEW, DROP MATERIALIZED VIEW, DROP COLUMN … CASCADE",
    ),
    HazardKind.RENAME: Rule(
        Level.BREAKS_APPLICATION,
        "gives another name, and what still uses the old one fails",
        "Add what is new beside the old, switch over, and drop the old in a later release; or leave a view under the "
        "old name.",
        "ALTER TABLE … RENAME, RENAME COLUMN, SET SCHEMA",
    ),
    HazardKind.CLUSTER_WIDE: Rule(
        Level.BREAKS_APPLICATION,
        "changes what belongs to the whole cluster (roles, settings, tablespaces), beyond this database",
        "Leave that to provisioning, for example to pg_user_db.",
        "CREATE ROLE, ALTER ROLE, GRANT … ON DATABASE",
    ),
    HazardKind.TABLE_REWRITE: Rule(
        Level.REWRITE,
        "writes the whole table anew, and nobody reads or writes it meanwhile",
        "Add a new column, fill it in batches, and switch over.",
        "ALTER COLUMN … TYPE, ADD COLUMN with a volatile default, CLUSTER, VACUUM FULL, REFRESH MATERIALIZED VIEW",
    ),
    HazardKind.TABLE_COPIED: Rule(
        Level.REWRITE,
        "MariaDB or MySQL copies the whole table, and who writes it may have to wait meanwhile",
        "With ALGORITHM=NOCOPY (MySQL: INSTANT) the statement fails where it would copy. Or add a new column, fill it "
        "in batches, and switch over.",
        "MODIFY COLUMN, CONVERT TO CHARACTER SET, ENGINE=, OPTIMIZE TABLE, on MariaDB and MySQL",
    ),
    HazardKind.ROWS_CHANGED: Rule(
        Level.REWRITE,
        "writes rows of it, and who writes the same rows waits until the migration is committed",
        "Write many rows in batches, in a script outside a transaction.",
        "INSERT, UPDATE, DELETE, MERGE, COPY",
    ),
    HazardKind.FULL_SCAN: Rule(
        Level.SCAN,
        "reads the whole table while it is locked",
        "Add the constraint as NOT VALID, and validate it in a migration of its own; ahead of SET NOT NULL and ATTACH "
        "PARTITION, a CHECK that says the same.",
        "ALTER COLUMN … SET NOT NULL, ADD CHECK, ADD FOREIGN KEY, ATTACH PARTITION",
    ),
    HazardKind.INDEX_NOT_CONCURRENT: Rule(
        Level.SCAN,
        "nobody writes the table while the index is built",
        "Use CREATE INDEX CONCURRENTLY, in a script outside a transaction.",
        "CREATE INDEX, ADD PRIMARY KEY, ADD UNIQUE",
    ),
    HazardKind.WAITS_WHILE_LOCKED: Rule(
        Level.SCAN,
        "nobody reads or writes the table while the same migration works on rows, unless it is locked last",
        "Put what reads or writes many rows into a migration of its own.",
        "ALTER TABLE … ADD COLUMN and UPDATE in one migration",
    ),
    HazardKind.FOREIGN_KEY_WITHOUT_INDEX: Rule(
        Level.SCAN,
        "each DELETE of a row that the foreign key may refer to reads the whole table, since no index has its columns",
        "Make an index on its columns first, with CREATE INDEX CONCURRENTLY.",
        "ADD FOREIGN KEY on columns without an index",
    ),
    HazardKind.ACCESS_EXCLUSIVE_LOCK: Rule(
        Level.INSTANT,
        "nobody reads or writes the table until the migration is committed",
        "Keep the migration short; add constraints as NOT VALID, and validate them in a migration of their own.",
        "ADD COLUMN, SET DEFAULT, DROP NOT NULL, ADD CHECK … NOT VALID",
    ),
    HazardKind.BLOCKS_WRITES: Rule(
        Level.INSTANT,
        "nobody writes the table until the migration is committed",
        "Keep the migration short; add foreign keys as NOT VALID, and validate them in a migration of their own.",
        "CREATE TRIGGER, ADD FOREIGN KEY … NOT VALID",
    ),
}


def severity(kind: HazardKind) -> int:
    """Return how bad a kind is, beside others."""
    return _SEVERITY[kind]


_LEVELS = list(Level)
_SEVERITY = {kind: _LEVELS.index(rule.level) * len(RULES) - number for number, (kind, rule) in enumerate(RULES.items())}

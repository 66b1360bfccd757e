# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes snapshots: one pg_dump, read through schema/."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

from ... import errors
from ...schema.diff import unified_diff
from ...schema.snapshot import Snapshot
from ..tools import Tools
from . import client
from .connection import Target
from .dump import DumpError, parse_dump


class SchemaReader(NamedTuple):
    """One pg_dump for all snapshots of a run, so that two of them differ only where the schemas do."""

    tools: Tools
    pg_dump: client.Client
    exclude: Sequence[str]

    def take(self, target: Target, earlier: Optional[Snapshot] = None) -> Snapshot:
        """Return the snapshot of a database.

        :param earlier: one that it is likely to share most of its text with.
        :raises MigrationError: when pg_dump fails.
        """
        with self.tools.file() as path:
            client.dump_schema(self.pg_dump, target, self.tools.run, path, self.exclude)
            return read(path, earlier)


def read(path: str, earlier: Optional[Snapshot] = None) -> Snapshot:
    """Return the snapshot that a dump's file holds.

    :raises MigrationError: when the file is no whole dump.
    """
    with open(path, "rb") as stream:
        try:
            return parse_dump(stream.read(), earlier)
        except DumpError as error:
            raise errors.MigrationError(
                "pg_dump's output can't be read: %s" % error, hint="Please report this."
            ) from None


class SnapshotSeries:
    """Snapshots of one database in the order in which they were taken: before, and after each step or after all.

    :ivar after_each: takes one; None: that wasn't asked for.
    """

    def __init__(self, reader: SchemaReader, target: Target, per_migration: bool) -> None:
        self.reader = reader
        self.target = target
        self.per_migration = per_migration
        self.snapshots: List[Snapshot] = []
        self.after_each = self.take if per_migration else None

    def take(self) -> None:
        """Take one."""
        self.snapshots.append(self.reader.take(self.target, *self.snapshots[-1:]))

    def take_last(self) -> None:
        """Take the last one, unless it is there already."""
        if not self.per_migration:
            self.take()


def differences(snapshots: Sequence[Snapshot], context: int) -> Tuple[str, ...]:
    """Return the unified diff of each snapshot with the one before it.

    :param context: lines around a change.
    """
    return tuple(unified_diff(before, after, context) for before, after in zip(snapshots, snapshots[1:]))

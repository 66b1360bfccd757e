# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several looks at one schema, and what changed from one to the next."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, List, Optional, Sequence, Tuple

from .diff import unified_diff
from .snapshot import Snapshot
from .unreadable import without


class SnapshotSeries:
    """Snapshots of one database in the order in which they were taken: before, and after each step or after all.

    :ivar after_each: takes one; None: that wasn't asked for.
    """

    def __init__(self, reader: Any, target: Any, per_migration: bool, first: Optional[Snapshot] = None) -> None:
        """Take what to look at.

        :param reader: of port.Snapshots.
        :param first: the snapshot before anything is done, where it is there already.
        """
        self.reader = reader
        self.target = target
        self.per_migration = per_migration
        self._taken: List[Snapshot] = [] if first is None else [first]
        self._last: Optional[Future[Snapshot]] = None
        self.after_each = self.take if per_migration else None

    @property
    def snapshots(self) -> List[Snapshot]:
        """Return them, without what one of them could not read."""
        if self._last is not None:
            self._taken.append(self._last.result())
            self._last = None
        return [without(each, self.reader.left_out) for each in self._taken]

    def take(self) -> None:
        """Take one.

        :raises SchemaUnread: when it can't be had.
        """
        self._taken.append(self.reader.take(self.target, *self._taken[-1:]))

    def take_last(self) -> None:
        """Take the last one, unless it is there already. It is read while whoever wants it goes on.

        :raises SchemaUnread: when it can't be had.
        """
        if not self.per_migration:
            with_one = ThreadPoolExecutor(1)
            self._last = with_one.submit(self.reader.begin(self.target, *self._taken[-1:]))
            with_one.shutdown(wait=False)


def differences(snapshots: Sequence[Snapshot], context: int) -> Tuple[str, ...]:
    """Return the unified diff of each snapshot with the one before it.

    :param context: lines around a change.
    """
    return tuple(unified_diff(before, after, context) for before, after in zip(snapshots, snapshots[1:]))

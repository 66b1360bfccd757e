# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a script that was written gives what it was written from."""

from __future__ import annotations

from .. import errors
from ..schema.diff import unified_diff
from ..schema.snapshot import Snapshot

# What sessions call themselves.
APPLICATION = "pg_migration_generate"


def require_same(wanted: Snapshot, made: Snapshot) -> None:
    """Compare what a script gave on an empty database with what was wanted.

    :raises RehearsalError: when it is another schema; it has the diff.
    """
    diff = unified_diff(wanted, made)
    if diff:
        error = errors.RehearsalError(
            "The schema can't be written as a migration: applied to an empty database it comes out different",
            hint="Nothing was written. Run with -vvv to see the diff: - is what is wanted, + what comes out.",
        )
        error.diff = diff
        raise error

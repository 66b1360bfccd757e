# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only many databases can fail of."""

from __future__ import annotations

from .. import errors


class DatabasesFailed(errors.MigrationError):
    """Of many databases, some have failed."""

    kind = "databases"


class WorkerLost(errors.MigrationError):
    """The process that worked on one of many databases ended before it could say what became of it."""

    kind = "worker"

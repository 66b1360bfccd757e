# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The savepoint of a script: its commit() and rollback() act on it; the transaction around it is the runner's."""

from __future__ import annotations

SAVEPOINT = "SAVEPOINT pgops_script"
RELEASE = "RELEASE SAVEPOINT pgops_script"
ROLLBACK_TO = "ROLLBACK TO SAVEPOINT pgops_script"

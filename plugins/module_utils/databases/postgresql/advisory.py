# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The number of the advisory lock of a run."""

from __future__ import annotations

# The letters "pgopsmig" as a number: one lock for each database, whatever the history is called.
KEY = int.from_bytes(b"pgopsmig", "big")

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How PostgreSQL reads a script: as sql/ does. It is the port Grammar of databases/port.py."""

from __future__ import annotations

from ...model import SqlBody


def adapted(body: SqlBody) -> SqlBody:
    """Return a script's body as it is."""
    return body

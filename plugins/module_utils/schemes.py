# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schemes of SQLAlchemy's URLs: what kind of database one leads to."""

from __future__ import annotations

import re
from typing import Optional
from urllib.parse import unquote

# A scheme, without its driver → the kind, as targets and connections have it.
SCHEMES = {"sqlite": "sqlite", "mysql": "mysql", "mariadb": "mysql"}
POSTGRESQL = "postgresql"
PASSWORD = re.compile(r"\s*[^:/]+://[^:@/]*:([^@/]+)@")


def kind_of(url: Optional[str]) -> str:
    """Return what kind of database a URL leads to; what isn't another's is PostgreSQL's, also where there is none."""
    scheme, colon, dummy = (url or "").strip().partition(":")
    return SCHEMES.get(scheme.partition("+")[0].lower(), POSTGRESQL) if colon else POSTGRESQL


def password_of(url: str) -> Optional[str]:
    """Return the password in a URL; None: it has none."""
    match = PASSWORD.match(url)
    return unquote(match[1]) if match else None

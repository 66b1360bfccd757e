# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schemes of SQLAlchemy's URLs: what kind of database one leads to."""

from __future__ import annotations

import re
from typing import Optional
from urllib.parse import unquote

POSTGRESQL, GENERIC = "postgresql", "generic"
# A scheme, without its driver → the kind, as targets and connections have it.
SCHEMES = {"sqlite": "sqlite", "mysql": "mysql", "mariadb": "mysql", "postgresql": POSTGRESQL, "postgres": POSTGRESQL}
OF_A_URL = re.compile(r"\s*([A-Za-z][\w+.-]*)://")
PASSWORD = re.compile(r"\s*[^:/]+://[^:@/]*:([^@/]+)@")


def kind_of(url: Optional[str]) -> str:
    """Return what kind of database a URL leads to; where there is none, or libpq's own words, it is PostgreSQL's."""
    text = (url or "").strip()
    if text.lower().startswith("sqlite:"):
        return SCHEMES["sqlite"]
    match = OF_A_URL.match(text)
    return SCHEMES.get(match[1].partition("+")[0].lower(), GENERIC) if match else POSTGRESQL


def dialect_of(url: Optional[str]) -> str:
    """Return the scheme of a URL, without its driver."""
    return (url or "").strip().partition(":")[0].partition("+")[0].lower()


def password_of(url: str) -> Optional[str]:
    """Return the password in a URL; None: it has none."""
    match = PASSWORD.match(url)
    return unquote(match[1]) if match else None

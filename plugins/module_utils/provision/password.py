# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a role has a password already: by its stored verifier, or where that can't be read by a login."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Optional

from ..databases.postgresql.connection import Target, lets_in
from .verifier import is_verifier, matches

READABLE = "SELECT pg_catalog.has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT')"
STORED = "SELECT a.rolpassword FROM pg_catalog.pg_authid a WHERE a.rolname = %s"


def has_password(cursor: Any, target: Target, user: str, password: str) -> Optional[bool]:
    """Tell whether the password of an existing role is this one.

    :param target: the server, with a database that the role may connect to.
    :returns: None: there is no way to tell.
    """
    cursor.execute(READABLE)
    if cursor.fetchone()[0]:
        cursor.execute(STORED, [user])
        (stored,) = cursor.fetchone() or (None,)
        return stored is not None and matches(password, user, stored)
    return None if is_verifier(password) else _login_decides(target, user, password)


def is_set(cursor: Any, user: str) -> Optional[bool]:
    """Tell whether an existing role has any password; None: that can't be read."""
    cursor.execute(READABLE)
    if not cursor.fetchone()[0]:
        return None
    cursor.execute(STORED, [user])
    (stored,) = cursor.fetchone() or (None,)
    return stored is not None


def _login_decides(target: Target, user: str, password: str) -> Optional[bool]:
    """A Unix socket often wants the system's user and no password (peer), so TCP is tried as well."""
    kept = {key: value for key, value in target.params.items() if key not in ("options", "sslcert", "sslkey")}
    trial = Target({**kept, "user": user, "password": password})
    answer = lets_in(trial, "pg_user_db")
    if answer is not True and kept.get("host", "").startswith(("/", "@")):
        return lets_in(replace(trial, params={**trial.params, "host": "localhost"}), "pg_user_db")
    return answer

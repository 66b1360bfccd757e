# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a database what it is, beside its schema: a copy has to share it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .... import deps

FACTS = """
SELECT pg_catalog.to_jsonb(d), pg_catalog.pg_encoding_to_char(d.encoding), r.rolname, current_user
  FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_roles r ON r.oid = d.datdba
 WHERE d.datname = pg_catalog.current_database()
"""

SETTINGS = """
SELECT pg_catalog.unnest(s.setconfig)
  FROM pg_catalog.pg_db_role_setting s
  JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase AND d.datname = pg_catalog.current_database()
 WHERE s.setrole = 0 OR s.setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user)
 ORDER BY s.setrole
"""

GRANTS = """
SELECT a.privilege_type, pg_catalog.pg_get_userbyid(a.grantee)
  FROM pg_catalog.pg_database d, LATERAL pg_catalog.aclexplode(d.datacl) a
 WHERE d.datname = pg_catalog.current_database() AND a.grantee <> 0 AND a.privilege_type IN ('CREATE', 'TEMPORARY')
"""

SUBSCRIPTIONS = """
SELECT count(*) FROM pg_catalog.pg_subscription s
  JOIN pg_catalog.pg_database d ON d.oid = s.subdbid AND d.datname = pg_catalog.current_database()
"""

# Tells one server from another; who may not ask isn't told.
SYSTEM = "SELECT system_identifier FROM pg_catalog.pg_control_system()"


@dataclass(frozen=True)
class Facts:
    """What makes a database what it is, beside its schema.

    :ivar system: the server's number; None: this role may not know.
    :ivar role: as whom a run works on it.
    """

    row: Dict[str, Any] = field(default_factory=dict)
    encoding: Optional[str] = None
    owner: Optional[str] = None
    settings: Sequence[str] = ()
    grants: Sequence[Tuple[str, str]] = ()
    subscriptions: int = 0
    system: Optional[int] = None
    role: Optional[str] = None


def facts_of(connection: Any) -> Facts:
    """Read what a scratch copy of this database has to share with it."""
    with connection.cursor() as cursor:
        cursor.execute(FACTS)
        row, encoding, owner, role = cursor.fetchone()
        cursor.execute(SETTINGS)
        settings = [found[0] for found in cursor.fetchall()]
        cursor.execute(GRANTS)
        grants = cursor.fetchall()
        cursor.execute(SUBSCRIPTIONS)
        subscriptions = cursor.fetchone()[0]
    return Facts(row, encoding, owner, settings, grants, subscriptions, system_of(connection), role)


def system_of(connection: Any) -> Optional[int]:
    """Return the number of the server that a connection goes to; None: this role may not know."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(SYSTEM)
            return int(cursor.fetchone()[0])
    except deps.DatabaseError:
        return None
    finally:
        connection.rollback()


def locale_of(facts: Facts) -> Any:
    """Return CREATE DATABASE's options for the same encoding and locale; which there are depends on the server."""
    row = facts.row
    provider = {"c": "libc", "i": "icu", "b": "builtin"}.get(row.get("datlocprovider", ""))
    locale = row.get("datlocale") or row.get("daticulocale")
    options = [
        ("ENCODING", facts.encoding),
        ("LC_COLLATE", row.get("datcollate")),
        ("LC_CTYPE", row.get("datctype")),
        ("ICU_LOCALE", locale if provider == "icu" else None),
        ("ICU_RULES", row.get("daticurules")),
        ("BUILTIN_LOCALE", locale if provider == "builtin" else None),
    ]
    parts: List[Any] = [deps.sql.SQL(" LOCALE_PROVIDER " + provider)] if provider else []
    parts += [deps.sql.SQL(" %s " % key) + deps.sql.Literal(value) for key, value in options if value]
    return deps.sql.Composed(parts)

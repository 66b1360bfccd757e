# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What state a connection's transaction is in, and what of ours may be sent in one that a script has begun."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator, Optional, Sequence

from ... import deps

# The port of transactions: see databases/port.py.
__all__ = ["abandon", "clear", "identity", "in_transaction", "is_aborted", "ours", "takes_no_writes"]

ROLLBACK = "ROLLBACK"

NO_WRITES = """
SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'it is a standby'
            WHEN pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool
            THEN 'its sessions are read-only: default_transaction_read_only' END
"""

CLUSTER = "SELECT system_identifier FROM pg_catalog.pg_control_system()"
DATABASE = "SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"

# Remembers a script's search_path for the look in between, and gives it back.
ENTER_CATALOG = """
SELECT pg_catalog.set_config('pgops.search_path', pg_catalog.current_setting('search_path'), true);
SET LOCAL search_path = pg_catalog, pg_temp
"""
LEAVE_CATALOG = """
SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('pgops.search_path'), true)
"""


@contextmanager
def ours(cursor: Any) -> Iterator[None]:
    """Execute statements of our own in a script's transaction, unseen by what the database or the script has put there.

    Its search_path is the script's again afterwards; an error ends the transaction anyway.
    """
    deps.BaseCursor.execute(cursor, ENTER_CATALOG)
    yield
    deps.BaseCursor.execute(cursor, LEAVE_CATALOG)


def in_transaction(connection: Any) -> bool:
    """Return whether the server has an open transaction for this connection, aborted or not."""
    return bool(connection.info.transaction_status != deps.psycopg2.extensions.TRANSACTION_STATUS_IDLE)


def abandon(connection: Any) -> None:
    """Roll back what is open and go back to transactions; psycopg2 doesn't count one that a script has begun itself."""
    connection.rollback()
    if in_transaction(connection):
        with connection.cursor() as cursor:
            cursor.execute(ROLLBACK)
    connection.autocommit = False


def is_aborted(connection: Any) -> bool:
    """Return whether the open transaction can only be rolled back."""
    return bool(connection.info.transaction_status == deps.psycopg2.extensions.TRANSACTION_STATUS_INERROR)


def clear(cursor: Any, left: Sequence[str]) -> None:
    """Take away what a script has left in its session: see leftovers.py."""
    from . import leftovers

    leftovers.clear(cursor, left)


def identity(connection: Any) -> Optional[str]:
    """Return what tells this database from each other: the cluster's number, and the database's own. Rolls back.

    One that was restored from a dump has another, and so has one that was made of a template.
    """
    found = []
    for statement in (CLUSTER, DATABASE):
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                found.append(str(cursor.fetchone()[0]))
        except deps.DatabaseError:
            found.append("?")  # some servers tell it nobody
        finally:
            connection.rollback()
    return "/".join(found)


def takes_no_writes(connection: Any) -> Optional[str]:
    """Return why nothing can be written on this connection; None: it can."""
    with connection.cursor() as cursor:
        cursor.execute(NO_WRITES)
        reason: Optional[str] = cursor.fetchone()[0]
    connection.rollback()
    return reason

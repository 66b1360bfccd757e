# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a history, as SQLAlchemy has them: its dialect writes their SQL."""

from __future__ import annotations

import datetime
from typing import Any, Tuple

from ... import deps

LOG_COLUMNS = ("event", "version", "done_by", "detail", "checksum", "applied")
LOCK = "pgops_migrations_lock"
# Stands in the database of a rehearsal.
MARK = "pgops_rehearsal"


def history_of(name: str) -> Any:
    """Return the history's own table."""
    sa = deps.import_sqlalchemy()
    return sa.Table(
        name, sa.MetaData(), sa.Column("version", sa.String(255), nullable=False), sa.Column("applied", sa.String(32))
    )


def log_of(name: str) -> Any:
    """Return the log's table. Its numbers are given by hand: not every dialect counts by itself."""
    sa = deps.import_sqlalchemy()
    texts = ("done_by", "done_from", "collection_version", "checksum")
    return sa.Table(
        name,
        sa.MetaData(),
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("logged", sa.String(32), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("version", sa.String(255)),
        sa.Column("name", sa.String(255)),
        sa.Column("duration_ms", sa.BigInteger),
        *(sa.Column(each, sa.String(255)) for each in texts),
        sa.Column("detail", sa.Text),
        sa.Column("applied", sa.String(32)),
    )


def snapshot_of(name: str) -> Any:
    """Return the table that keeps what the last run left."""
    sa = deps.import_sqlalchemy()
    return sa.Table(
        name,
        sa.MetaData(),
        sa.Column("taken", sa.String(32), nullable=False),
        sa.Column("applied", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(255), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def lock_of() -> Any:
    """Return the table whose one row is locked by the run."""
    sa = deps.import_sqlalchemy()
    return sa.Table(LOCK, sa.MetaData(), sa.Column("runs", sa.Integer, nullable=False))


def mark_of() -> Any:
    """Return the table that stands in the database of a rehearsal as long as that lasts."""
    sa = deps.import_sqlalchemy()
    return sa.Table(MARK, sa.MetaData(), sa.Column("at_work", sa.Integer))


def columns_of(connection: Any, name: str) -> Tuple[str, ...]:
    """Return the names of a table's columns, in lower case; (): there is no such table."""
    sa = deps.import_sqlalchemy()
    inspector = sa.inspect(connection.sa)
    try:
        return tuple(column["name"].lower() for column in inspector.get_columns(name))
    except sa.exc.NoSuchTableError:
        return ()


def now() -> str:
    """Return the time in UTC, by this host's clock: dialects have no common word for the server's."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

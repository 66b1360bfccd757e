# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the live schema as SQL, and proves on an empty scratch database that nothing of it is lost."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from .. import deps
from ..errors import MigrationError, RehearsalError
from ..schema.diff import unified_diff
from ..schema.snapshot import Snapshot
from ..server import client
from ..server.connection import Target, connect, settled
from ..server.names import QualifiedName
from ..server.scratch import Facts, facts_of, scratch_database
from . import history as history_room
from .snapshots import Camera, read
from .tools import Tools

# What a dump sets before its first statement: bodies of functions may name what only comes later.
HEAD = """\
-- The schema of a database, as pg_dump sees it.
SET check_function_bodies = false;
SET search_path = '';
"""

# A subscription is the whole server's, and would begin to replicate.
NO_SUBSCRIPTIONS = "--no-subscriptions"


def schema_as_sql(source_target: Target, history_table: QualifiedName, tools: Tools) -> str:
    """Return the schema as one SQL text that gives the same snapshot on an empty database.

    :raises RehearsalError: when it doesn't; its report has the diff.
    :raises MigrationError: when the database can't be read, or no scratch database can be made.
    """
    with closing(connect(source_target, "pg_migration_generate")) as connection:
        target = settled(source_target, connection)
        facts = facts_of(connection)
        history = history_room.find(connection, history_table)
        pg_dump = client.find("pg_dump", connection.server_version, tools.run)
    camera = Camera(tools, pg_dump, history.tables())
    with tools.file() as path:
        client.dump_schema(pg_dump, target, tools.run, path, camera.exclude, [NO_SUBSCRIPTIONS])
        snapshot = read(path)
    text = HEAD + "\n" + "\n".join(statements + "\n" for statements in snapshot.objects.values())
    _prove(target, facts, camera, snapshot, text)
    return text


def _prove(target: Target, facts: Facts, camera: Camera, wanted: Snapshot, text: str) -> None:
    """Run the text on an empty database like the source, and compare."""
    found = _run_on_scratch(target, facts, camera, text)
    diff = unified_diff(wanted, found)
    if diff:
        error = RehearsalError(
            "The schema can't be written as a migration: applied to an empty database it comes out different",
            hint="The diff shows what. Nothing was written.",
        )
        error.report = {"diff": [{"prepared": diff}]}
        raise error


def _run_on_scratch(target: Target, facts: Facts, camera: Camera, text: str) -> Snapshot:
    with scratch_database(target, facts) as scratch:
        with closing(connect(scratch.loader, "pg_migration_generate")) as connection, connection.cursor() as cursor:
            _execute(cursor, text)
            connection.commit()
        return camera.take(scratch.target)


def _execute(cursor: Any, text: str) -> None:
    try:
        cursor.execute(text)
    except deps.psycopg2.Error as error:
        raise MigrationError(
            "The schema can't be written as a migration: on an empty database it fails with: %s"
            % error.diag.message_primary,
            hint="Nothing was written.",
            sqlstate=error.pgcode,
        ) from None

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the dump of a schema gives when it is loaded: a script that gives the same is as good as the dump.

That isn't always what was dumped: PostgreSQL writes ``state IN ('new', 'paid')`` on a varchar with casts, and of
what it has read it writes others.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, Mapping, Set

from .. import deps, errors
from ..databases.postgresql.connection import connect
from ..databases.postgresql.copies import load
from ..databases.postgresql.copies.scratch import Scratch
from ..databases.postgresql.dump import DumpError
from ..schema.snapshot import ObjectKey
from .same import APPLICATION


def load_dump(dump: bytes, scratch: Scratch, path: str) -> Set[ObjectKey]:
    """Load a dump into an empty scratch database.

    :param path: the search_path of the source's own sessions.
    :returns: what could only be made with that.
    :raises RehearsalError: when the dump can't be trusted.
    :raises Unwritable: when the server refuses an object.
    """
    try:
        parts = scratch.adapt(load.read_entries(dump, scratch.admin.server_version))
    except DumpError as error:
        raise errors.RehearsalError("The schema can't be trusted: %s" % error) from None
    with closing(connect(scratch.loader, APPLICATION)) as connection, connection.outside(None):
        load.send(connection, parts.head)
        try:
            load.load(connection, parts.entries)
            return set()
        except deps.DatabaseError:
            if connection.closed:
                raise
    scratch.recreate()
    with closing(connect(scratch.loader, APPLICATION)) as connection, connection.outside(None):
        load.send(connection, parts.head)
        return {_key(each) for each in parts.entries if _needs_path(connection, each, path, scratch.by_superuser)}


def with_path(objects: Mapping[ObjectKey, str], needing: Set[ObjectKey], path: str) -> Dict[ObjectKey, str]:
    """Return the statements of objects, with a search_path around those that need it."""
    around = load.WITH_PATH.replace("{path}", "'%s'" % path.replace("'", "''")), load.WITHOUT_PATH.decode()
    return {key: text.join(around) if key._replace(ordinal=1) in needing else text for key, text in objects.items()}


def _needs_path(connection: Any, entry: load.Entry, path: str, by_superuser: bool) -> bool:
    """Make an object. Return whether that took a search_path; a superuser doesn't run code of others for it."""
    try:
        load.send(connection, entry.text)
        return False
    except deps.DatabaseError as error:
        if error.pgcode not in load.NOT_FOUND or (by_superuser and entry.kind not in load.HARMLESS):
            raise _refused(entry, error) from None
    try:
        load.send(connection, load.path_around(connection, entry.text, path))
        return True
    except deps.DatabaseError as error:
        raise _refused(entry, error) from None


def _refused(entry: load.Entry, error: Any) -> errors.Unwritable:
    return errors.Unwritable(
        "The schema can't be written as a migration: its own dump can't be loaded, since the %s fails with: %s"
        % (entry.label, error.diag.message_primary),
        hint="Nothing was written.",
        sqlstate=error.pgcode,
    )


def _key(entry: load.Entry) -> ObjectKey:
    return ObjectKey(entry.kind, entry.schema if entry.schema is not None else "-", entry.name)

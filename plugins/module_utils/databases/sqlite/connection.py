# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A URL → one connection to a file."""

from __future__ import annotations

import os
import re
import sqlite3
from dataclasses import dataclass, replace
from typing import Any, Dict, FrozenSet, Optional, Tuple
from urllib.parse import parse_qsl, quote

from ... import errors
from .session import KIND, MigrationConnection

# The port of connections: see databases/port.py.
__all__ = ["Target", "connect", "describe", "for_sqlalchemy", "parse_url", "identity", "settled", "takes_no_writes"]

# What SQLAlchemy calls the driver.
DRIVER = "sqlite+pysqlite"
URL = re.compile(r"sqlite(?:\+pysqlite)?://(?P<host>[^/?]*)(?:/(?P<path>[^?]*))?(?:\?(?P<query>.*))?", re.DOTALL)
WRITTEN = "Write sqlite:////srv/app/app.db for an absolute path, or sqlite:///app.db for a relative one."

OPTIONS = {"foreign_keys": {"on": True, "off": False}}

LOOK = "SELECT count(*) FROM sqlite_master"
FOREIGN_KEYS = "PRAGMA foreign_keys = ON"


@dataclass(frozen=True)
class Target:
    """A file.

    :ivar path: absolute.
    :ivar foreign_keys: whether foreign keys are enforced as statements run; SQLite's own default is that they aren't.
    :ivar reads_only: nothing of it, and nothing beside it, may change.
    """

    path: str
    foreign_keys: bool = False
    reads_only: bool = False
    session_role: Optional[str] = None

    @property
    def kind(self) -> str:
        """Return what kind of database it is."""
        return KIND

    @property
    def address(self) -> str:
        """Return where it is."""
        return self.path

    @property
    def role(self) -> str:
        """Return who works there: there are no roles."""
        return ""

    @property
    def name(self) -> str:
        """Return where it is."""
        return self.path

    @property
    def secrets(self) -> FrozenSet[str]:
        """Return the values that must not be seen: a path is none."""
        return frozenset()

    def as_user(self, user: str) -> Target:
        """Refuse it.

        :raises ScriptInvalid: always: there are no users.
        """
        raise errors.ScriptInvalid(
            "super_user() asks for the user %s, and SQLite has no users" % user, hint="Take the call out of the script."
        )

    def for_reading(self) -> Target:
        """Return the same, to be left untouched."""
        return replace(self, reads_only=True)


def parse_url(url: str, option: str = "url") -> Target:
    """Read SQLAlchemy's URL of an SQLite file.

    :param option: the option that it comes from, for the error.
    :raises OptionInvalid: when it is none, names no file, or has parameters that aren't read.
    """
    match = URL.fullmatch(url.strip())
    if match is None or match["host"]:
        raise errors.OptionInvalid("%s can't be read as the URL of an SQLite file" % option, hint=WRITTEN)
    path = match["path"] or ""
    if path in ("", ":memory:") or path.startswith("file:"):
        raise errors.OptionInvalid(
            "%s: %s is no file that would outlast the task" % (option, path or "an empty path"), hint=WRITTEN
        )
    found: Dict[str, bool] = {}
    for name, value in parse_qsl(match["query"] or "", keep_blank_values=True):
        if value.lower() not in OPTIONS.get(name, {}):
            raise errors.OptionInvalid(
                "%s: %s=%s isn't read with SQLite" % (option, name, value), hint="foreign_keys=on and =off are."
            )
        found[name] = OPTIONS[name][value.lower()]
    return Target(os.path.abspath(path), found.get("foreign_keys", False))


def connect(target: Target, application_name: str) -> MigrationConnection:
    """Open the file.

    :param application_name: isn't shown to anybody.
    :raises DatabaseMissing: when there is no such file.
    :raises ConnectError: when it can't be opened, or isn't an SQLite database.
    """
    _require_file(target.path)
    uri = "file:%s?mode=%s" % (quote(target.path), "ro" if target.reads_only else "rw")
    connection = None
    try:
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, factory=MigrationConnection, check_same_thread=False
        )
        connection.execute(LOOK).fetchone()
        connection.rollback()
        if target.foreign_keys:
            connection.enforce_keys()
            sqlite3.Cursor(connection).execute(FOREIGN_KEYS)
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise errors.ConnectError(
            "The database %s can't be opened: %s" % (target.path, error),
            hint="Check that url names an SQLite database, and that this user may read it and its directory.",
        ) from None
    return connection


def describe(connection: Any) -> str:
    """Return which file it is."""
    return path_of(connection)


def for_sqlalchemy(connection: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the parts of a URL that leads there, and no further options of an engine."""
    return {"drivername": DRIVER, "database": path_of(connection)}, {}


def settled(target: Target, connection: Any) -> Target:
    """Return the target: nothing about it comes from the environment."""
    return target


def identity(connection: Any) -> Optional[str]:
    """Return what tells this database from a copy of it: nothing does."""
    return None


def takes_no_writes(connection: Any) -> Optional[str]:
    """Return why nothing can be written; None: it can."""
    path = path_of(connection)
    if not os.access(path, os.W_OK):
        return "this user may not write the file"
    return None if os.access(os.path.dirname(path), os.W_OK) else "this user may not write its directory"


def path_of(connection: Any) -> str:
    """Return the path of a connection's file."""
    cursor = sqlite3.Cursor(connection)
    rows = cursor.execute("PRAGMA database_list").fetchall()
    return str(next(path for dummy, name, path in rows if name == "main"))


def _require_file(path: str) -> None:
    directory = os.path.dirname(path)
    if os.path.isdir(path):
        raise errors.ConnectError("The database %s is a directory" % path, hint=WRITTEN)
    if os.path.exists(path):
        return
    if not os.path.isdir(directory):
        raise errors.ConnectError(
            "The directory %s of the database isn't there" % directory, hint="Make it first, or correct the path."
        )
    raise errors.DatabaseMissing(
        "There is no database %s" % path,
        hint="Create it first: an empty file is one, with the owner that it needs (ansible.builtin.copy, content, and "
        "force: false). Or correct its path.",
    )

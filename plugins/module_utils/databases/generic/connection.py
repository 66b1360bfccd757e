# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A URL → one connection, by SQLAlchemy's dialect for it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any, Dict, FrozenSet, Optional, Tuple

from ... import deps, errors
from .session import KIND, MigrationConnection

# The port of connections: see databases/port.py.
__all__ = ["Target", "connect", "describe", "for_sqlalchemy", "parse_url", "identity", "settled", "takes_no_writes"]

# Dialects that come in packages of their own → the package.
PACKAGES = {
    "cockroachdb": "sqlalchemy-cockroachdb",
    "duckdb": "duckdb-engine",
    "firebird": "sqlalchemy-firebird",
    "ibm_db_sa": "ibm-db-sa",
    "snowflake": "snowflake-sqlalchemy",
}
# Dialects whose driver makes a file that isn't there, and the databases that are none.
FILES = {"duckdb": (":memory:", "md:")}
WRITTEN = "Write it as SQLAlchemy does: dialect://user@host/database."


@dataclass(frozen=True)
class Target:
    """A database that SQLAlchemy knows.

    :ivar url: SQLAlchemy's, parsed.
    :ivar for_rehearsals: whether rehearsal_url names it; its file is made where it isn't there.
    """

    url: Any = field(repr=False)
    session_role: Optional[str] = None
    for_rehearsals: bool = False

    @property
    def kind(self) -> str:
        """Return what kind of database it is."""
        return KIND

    @property
    def dialect(self) -> str:
        """Return SQLAlchemy's name of the dialect."""
        return str(self.url.get_backend_name())

    @property
    def name(self) -> Optional[str]:
        """Return the name of the database."""
        name: Optional[str] = self.url.database
        return name

    @property
    def address(self) -> str:
        """Return where it is: without secrets, and not the whole URL, which Ansible would mask."""
        host = "%s:%s" % (self.url.host, self.url.port) if self.url.port else self.url.host
        if host and self.role:
            host = "%s@%s" % (self.role, host)
        return "%s %s" % (self.url.get_backend_name(), "/".join(filter(None, (host, self.url.database))))

    @property
    def role(self) -> str:
        """Return who works there, as far as that is said."""
        return self.url.username or ""

    @property
    def secrets(self) -> FrozenSet[str]:
        """Return the values that must not be seen."""
        return frozenset([str(self.url.password)] if self.url.password else [])

    def as_user(self, user: str) -> Target:
        """Return the same for another user, without a password."""
        return replace(self, url=self.url._replace(username=user, password=None))

    def for_reading(self) -> Target:
        """Return the same, to be left untouched: nothing of it is written by looking."""
        return self


def parse_url(url: str, option: str = "url") -> Target:
    """Read a URL of SQLAlchemy's.

    :param option: the option that it comes from, for the error.
    :raises OptionInvalid: when it can't be read.
    :raises DependencyError: without SQLAlchemy, or without the dialect or the driver; names the package.
    """
    sqlalchemy = deps.import_sqlalchemy()
    try:
        target = Target(sqlalchemy.engine.make_url(url.strip()))
    except sqlalchemy.exc.ArgumentError:
        raise errors.OptionInvalid("%s can't be read as a URL of SQLAlchemy's" % option, hint=WRITTEN) from None
    try:
        sqlalchemy.create_engine(target.url)
    except sqlalchemy.exc.NoSuchModuleError:
        raise _no_dialect(target, option) from None
    except ImportError as error:
        raise _no_driver(target, option, error) from None
    except sqlalchemy.exc.ArgumentError as error:
        raise errors.OptionInvalid("%s: %s" % (option, error), hint=WRITTEN) from None
    return target


def connect(target: Target, application_name: str) -> MigrationConnection:
    """Open a connection.

    :param application_name: isn't shown to anybody.
    :raises DatabaseMissing: when the driver would make it.
    :raises ConnectError: when there is no connecting.
    """
    _require_file(target)
    sqlalchemy = deps.import_sqlalchemy()
    engine = sqlalchemy.create_engine(target.url, poolclass=sqlalchemy.pool.NullPool, future=True)
    try:
        return MigrationConnection(engine.connect())
    except Exception as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        raise errors.ConnectError(
            "No connection to %s: %s" % (target.address, said), hint="Check url, and that the database is there."
        ) from None


def settled(target: Target, connection: Any) -> Target:
    """Return the target: nothing about it comes from the environment."""
    return target


def describe(connection: Any) -> str:
    """Return which database it is, and where."""
    return Target(connection.sa.engine.url).address


def for_sqlalchemy(connection: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the parts of a URL that leads there, and no further options of an engine."""
    url = connection.sa.engine.url
    return {"drivername": url.drivername, "host": url.host, "database": url.database, "query": url.query}, {}


def identity(connection: Any) -> Optional[str]:
    """Return what tells this database from a copy of it: nothing does."""
    return None


def takes_no_writes(connection: Any) -> Optional[str]:
    """Return why nothing can be written: nobody tells."""
    return None


def _require_file(target: Target) -> None:
    """Look for a file: one that is misspelt must not become a new database."""
    path = target.url.database
    is_file = target.dialect in FILES and path and not path.startswith(FILES[target.dialect])
    if is_file and not target.for_rehearsals and not os.path.exists(path):
        raise errors.DatabaseMissing(
            "There is no file %s" % path,
            hint="Correct url, or make an empty database there with the database's own program.",
        )


def _no_dialect(target: Target, option: str) -> errors.MigrationError:
    package = PACKAGES.get(target.dialect)
    if package is None:
        return errors.OptionInvalid(
            "%s begins with %s, which SQLAlchemy doesn't know here" % (option, target.url.drivername),
            hint="Is it spelt right? If so, install the package with its dialect for the Python that runs the task.",
        )
    return _dependency("%s leads to %s, and its dialect isn't installed" % (option, target.dialect), package)


def _no_driver(target: Target, option: str, error: ImportError) -> errors.MigrationError:
    said = "%s leads to %s, and the driver can't be imported (%s)" % (option, target.dialect, error)
    return _dependency(said, error.name or target.url.drivername)


def _dependency(said: str, package: str) -> errors.DependencyError:
    error = errors.DependencyError(said, hint="Install %s for the Python that runs the task there." % package)
    error.library = package
    return error

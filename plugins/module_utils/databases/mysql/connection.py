# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A URL → one connection to MariaDB or MySQL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Dict, FrozenSet, Mapping, Optional, Tuple
from urllib.parse import parse_qsl, unquote

from ... import deps, errors
from . import settings
from .driver_errors import NOT_THERE, code_of, first_words
from .session import KIND, MigrationConnection

# The port of connections: see databases/port.py.
__all__ = ["Target", "connect", "describe", "for_sqlalchemy", "parse_url", "identity", "settled", "takes_no_writes"]

DRIVER = "mysql+pymysql"
URL = re.compile(
    r"(?:mysql|mariadb)(?:\+\w+)?://(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?"
    r"(?P<host>\[[^\]]*\]|[^/:?]*)(?::(?P<port>\d+))?(?:/(?P<database>[^?]*))?(?:\?(?P<query>.*))?",
    re.DOTALL,
)
OTHER_DRIVER = re.compile(r"(?:mysql|mariadb)\+(?!pymysql:)(\w+):")
WRITTEN = "Write mysql+pymysql://user@host:3306/database, or mariadb+pymysql://…"

# Parameters of SQLAlchemy's URLs → PyMySQL's arguments.
PARAMETERS = {
    "unix_socket": "unix_socket",
    "connect_timeout": "connect_timeout",
    "ssl_ca": "ssl_ca",
    "ssl_cert": "ssl_cert",
    "ssl_key": "ssl_key",
    "ssl_verify_identity": "ssl_verify_identity",
    "ssl_verify_cert": "ssl_verify_cert",
    "read_default_file": "read_default_file",
    "charset": "charset",
}
NUMBERS, SWITCHES = ("connect_timeout",), ("ssl_verify_identity", "ssl_verify_cert")
CONNECT_TIMEOUT = 10

READ_ONLY = "SELECT @@global.read_only"


@dataclass(frozen=True)
class Target:
    """A database on a server.

    :ivar arguments: PyMySQL's, by name.
    :ivar database: None: none is named.
    """

    arguments: Mapping[str, Any] = field(repr=False)
    database: Optional[str] = None
    session_role: Optional[str] = None

    @property
    def kind(self) -> str:
        """Return what kind of database it is."""
        return KIND

    @property
    def name(self) -> Optional[str]:
        """Return the name of the database."""
        return self.database

    @property
    def address(self) -> Optional[str]:
        """Return where it is, as a person would write it."""
        where = self.arguments.get("unix_socket") or "%s:%s" % (
            self.arguments.get("host", "localhost"),
            self.arguments.get("port", 3306),
        )
        return "%s@%s/%s" % (self.role, where, self.database or "") if self.role else "%s/%s" % (where, self.database)

    @property
    def role(self) -> str:
        """Return who works there, as far as that is said."""
        return str(self.arguments.get("user") or "")

    @property
    def secrets(self) -> FrozenSet[str]:
        """Return the values that must not be seen."""
        password = self.arguments.get("password")
        return frozenset([str(password)] if password else [])

    def with_database(self, name: Optional[str]) -> Target:
        """Return the same server, with another database."""
        return replace(self, database=name)

    def as_user(self, user: str) -> Target:
        """Return the same for another user, without a password."""
        rest = {name: value for name, value in self.arguments.items() if name != "password"}
        return replace(self, arguments={**rest, "user": user})

    def for_reading(self) -> Target:
        """Return the same, to be left untouched: nothing of it is written by looking."""
        return self


def parse_url(url: str, option: str = "url") -> Target:
    """Read SQLAlchemy's URL of a MariaDB or MySQL server.

    :param option: the option that it comes from, for the error.
    :raises OptionInvalid: when it can't be read, names another driver, or has parameters that aren't read.
    """
    text = url.strip()
    other = OTHER_DRIVER.match(text)
    if other:
        raise errors.OptionInvalid(
            "%s names the driver %s; PyMySQL is the one used here" % (option, other[1]), hint=WRITTEN
        )
    match = URL.fullmatch(text)
    if match is None:
        raise errors.OptionInvalid("%s can't be read as the URL of a MariaDB or MySQL server" % option, hint=WRITTEN)
    found: Dict[str, Any] = {
        name: unquote(value) for name in ("user", "password", "host") for value in [match[name]] if value
    }
    if match["port"]:
        found["port"] = int(match["port"])
    for name, value in parse_qsl(match["query"] or "", keep_blank_values=True):
        found[_argument(name, option)] = _value(name, value, option)
    return Target(found, unquote(match["database"] or "") or None)


def connect(target: Target, application_name: str) -> MigrationConnection:
    """Open a connection.

    :param application_name: shown in the server's connection attributes.
    :raises DatabaseMissing: when the server answers but has no such database.
    :raises ConnectError: when there is no connecting.
    """
    driver = deps.import_pymysql()
    arguments = {"connect_timeout": CONNECT_TIMEOUT, "charset": "utf8mb4", **target.arguments}
    arguments.update(database=target.database, autocommit=False, program_name=application_name)
    # Whatever else listens there may never greet. Once it has, a statement may take as long as it takes.
    arguments["read_timeout"] = arguments["connect_timeout"]

    def another() -> Any:
        found = driver.connect(**arguments)
        found._read_timeout = None
        return found

    try:
        connection = MigrationConnection(another(), target.database, another)
        with connection.cursor() as cursor:
            settings.begin(cursor)
        connection.rollback()
    except (driver.err.Error, OSError, ValueError, TypeError) as error:
        raise _refused(target, error) from None
    return connection


def settled(target: Target, connection: Any) -> Target:
    """Return the target: nothing about it comes from the environment."""
    return target


def describe(connection: Any) -> str:
    """Return which database it is, and where."""
    where = connection.unix_socket or "%s:%s" % (connection.host, connection.port)
    return "%s/%s" % (where, connection.database or "")


def for_sqlalchemy(connection: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the parts of a URL that leads there, and no further options of an engine."""
    parts = {"drivername": DRIVER, "username": connection.user.decode(), "host": connection.host}
    return {**parts, "port": connection.port, "database": connection.database}, {}


def identity(connection: Any) -> Optional[str]:
    """Return what tells this database from a copy of it: nothing does."""
    return None


def takes_no_writes(connection: Any) -> Optional[str]:
    """Return why nothing can be written; None: it can."""
    with connection.cursor() as cursor:
        cursor.execute(READ_ONLY)
        (read_only,) = cursor.fetchone()
    connection.rollback()
    return "the server is read-only" if read_only in (1, "1", "ON") else None


def _argument(name: str, option: str) -> str:
    if name not in PARAMETERS:
        raise errors.OptionInvalid(
            "%s: the parameter %s isn't read" % (option, name), hint="These are: %s." % ", ".join(PARAMETERS)
        )
    return PARAMETERS[name]


def _value(name: str, value: str, option: str) -> Any:
    if name in SWITCHES:
        return value.lower() in ("1", "true", "yes", "on")
    if name in NUMBERS:
        if not value.isdigit():
            raise errors.OptionInvalid("%s: %s=%s is no number" % (option, name, value), hint="Write whole seconds.")
        return int(value)
    return value


def _refused(target: Target, error: BaseException) -> errors.MigrationError:
    said = first_words(error)
    if code_of(error) == NOT_THERE:
        return errors.DatabaseMissing(
            "There is no database %s" % target.address,
            hint="Create it first (community.mysql.mysql_db), or correct its name.",
        )
    return errors.ConnectError(
        "No connection to %s: %s" % (target.address, said),
        hint="Check url and the login_* options, and that the server runs and lets this user in.",
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URL, DSN, login_* options, environment → one libpq connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Dict, FrozenSet, Mapping, Optional, Tuple

from ... import deps, errors
from ...files import opening
from .keywords import is_secret
from .session import KIND, MigrationConnection
from .transaction import identity, takes_no_writes

# With what is imported for it, this is the port of connections: see databases/port.py, Sessions.
__all__ = ["Target", "connect", "describe", "for_sqlalchemy", "identity", "settled", "takes_no_writes"]

# What SQLAlchemy calls the driver.
DRIVER = "postgresql+psycopg2"
# SQLAlchemy names its driver in the scheme; libpq knows the bare two.
SCHEME = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)

# Databases that every cluster has, in the order in which they are tried.
MAINTENANCE_DATABASES = ("postgres", "template1")

DATABASE_EXISTS = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s"
SET_ROLE = "SET ROLE {}"

# Files that libpq opens by itself, and the options that name them.
FILES = {"sslrootcert": "ca_cert", "sslcert": "ssl_cert", "sslkey": "ssl_key"}
FILES.update({keyword: "connect_params: %s" % keyword for keyword in ("sslcrl", "servicefile")})

# In seconds. A network that was cut says nothing: without these, a task would wait for an answer for hours.
PATIENCE = {"connect_timeout": "10", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}


@dataclass(frozen=True)
class Target:
    """Where to connect, as libpq's keywords. Empty: libpq's own defaults and environment."""

    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    session_role: Optional[str] = None

    def with_database(self, name: str) -> Target:
        """Return the same server and user with another database."""
        return replace(self, params={**self.params, "dbname": name})

    @property
    def role(self) -> str:
        """Return who works there."""
        return self.session_role or self.params.get("user", "?")

    @property
    def address(self) -> Optional[str]:
        """Return whereto a connection goes, as in user@host:port/database; None: nothing says which database.

        A socket's directory is shown as psql shows it.
        """
        database, host = self.params.get("dbname"), self.params.get("host") or ""
        if database is None:
            return None
        host = "[local]" if not host or host.startswith(("/", "@")) else "[%s]" % host if ":" in host else host
        user, port = self.params.get("user"), self.params.get("port")
        return "%s%s%s/%s" % ("%s@" % user if user else "", host, ":%s" % port if port else "", database)

    def for_reading(self) -> Target:
        """Return the same: what is only read stays untouched."""
        return self

    def as_user(self, user: str) -> Target:
        """Return the same for another user; this one's password isn't theirs, and libpq's own sources hold."""
        params = {key: value for key, value in self.params.items() if key != "password"}
        return Target({**params, "user": user})

    @property
    def kind(self) -> str:
        """Return what kind of database it is."""
        return KIND

    @property
    def name(self) -> Optional[str]:
        """Return the name of the database; None: libpq's default."""
        return self.params.get("dbname")

    @property
    def password(self) -> Optional[str]:
        """Return the password, if one was given other than by the environment or a password file."""
        return self.params.get("password")

    def public_params(self) -> Dict[str, str]:
        """Return the parameters that may be seen by others, in a process list for example."""
        return {key: value for key, value in self.params.items() if not is_secret(key)}

    @property
    def secrets(self) -> FrozenSet[str]:
        """Return the values that must not be seen."""
        return frozenset(value for key, value in self.params.items() if value and is_secret(key))


def parse_url(url: str, option: str = "url") -> Dict[str, str]:
    """Read a PostgreSQL URL (with or without a driver in its scheme) or a libpq DSN into libpq's keywords.

    :param option: the option that it comes from, for the error.
    :raises ConnectError: when it is neither. libpq's own message may quote the URL, so only its first words are told.
    """
    try:
        parsed = dict(deps.psycopg2.extensions.parse_dsn(SCHEME.sub("postgresql://", url.strip(), count=1)))
    except (deps.psycopg2.Error, UnicodeError, ValueError) as error:
        raise _unreadable_error(option, re.split(r'["\n]|: ', str(error))[0].strip()) from None
    # libpq would try these, and quote what may be a part of the password when it fails.
    if "\0" in url or not re.fullmatch(r"[0-9,]*", parsed.get("port", "")) or "@" in parsed.get("host", "")[1:]:
        raise _unreadable_error(option, "its parts are not where they belong") from None
    return parsed


def connect(target: Target, application_name: str) -> Any:
    """Open a connection, in UTF-8 and as the session role.

    :returns: a MigrationConnection.
    :raises ConnectError: when there is none to be had.
    :raises DatabaseMissing: when the server answers but has no such database.
    """
    try:
        connection = _open(target, application_name)
    except (deps.psycopg2.Error, UnicodeError) as error:
        lacks = _lacks_database(target)
        if lacks:
            raise _missing_error(target) from None
        connection = _once_more(target, application_name, error, may_be_new=lacks is False)
    if target.session_role:
        become(connection, target.session_role)
    return connection


def connect_maintenance(target: Target, application_name: str) -> Any:
    """Open a connection to a database that every cluster has, with the target's server and user.

    Where none of them lets this user in, the target's own has to do.

    :raises ConnectError: when that doesn't either.
    """
    for name in MAINTENANCE_DATABASES:
        try:
            return _open(target.with_database(name), application_name)
        except deps.psycopg2.Error:
            continue
    return connect(replace(target, session_role=None), application_name)


def become(connection: Any, role: str) -> None:
    """Set the session's role, in a transaction of its own.

    :raises ConnectError: when there is no such role, or the user isn't a member of it.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(deps.sql.SQL(SET_ROLE).format(deps.sql.Identifier(role)))
        connection.commit()
    except deps.psycopg2.Error as error:
        connection.close()
        raise errors.ConnectError(
            "session_role can't be set: %s" % error.diag.message_primary,
            hint="Grant the role to the user that connects, or name another one.",
            sqlstate=error.pgcode,
        ) from None


def lets_in(target: Target, application_name: str) -> Optional[bool]:
    """Try the target's user and password.

    :returns: whether the server lets them in; None: it does so without asking for the password.
    """
    try:
        connection = _open(target, application_name)
    except (deps.psycopg2.Error, UnicodeError):
        return False
    used = connection.info.used_password
    connection.close()
    return True if used else None


def describe(connection: Any) -> str:
    """Return whereto a connection goes, as a person would write it."""
    info = connection.info
    return "%s on %s port %s" % (info.dbname, info.host or "the local socket", info.port)


def for_sqlalchemy(connection: Any) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Return the parts of a URL that leads there, without the password, and an engine's options."""
    info = connection.info
    parts = {"drivername": DRIVER, "username": info.user, "port": info.port, "database": info.dbname}
    # A socket's directory has no place between @ and the port.
    place = {"query": {"host": info.host}} if (info.host or "").startswith("/") else {"host": info.host}
    # Its lookup would be a transaction of its own, and would end ours.
    return {**parts, **place}, {"use_native_hstore": False}


def settled(target: Target, connection: Any) -> Target:
    """Return the target with what libpq chose from environment and defaults written out.

    Client programs may have other defaults compiled in (the socket's directory above all), and must
    go to the very server that the connection goes to.
    """
    info = connection.info
    chosen = {"host": info.host, "port": str(info.port), "user": info.user, "dbname": info.dbname}
    return replace(target, params={**target.params, **{key: value for key, value in chosen.items() if value}})


def _unreadable_error(option: str, reason: str) -> errors.ConnectError:
    return errors.ConnectError(
        option + " can't be read as a PostgreSQL URL or DSN" + (" (%s)" % reason if " " in reason else ""),
        hint='Write postgresql://user@host:5432/database?sslmode=require or "host=… dbname=…", '
        "with the special characters of a URL's parts as %XX.",
    )


def _open(target: Target, application_name: str) -> Any:
    for keyword, option in FILES.items():
        if target.params.get(keyword):
            _refuse_irregular(option, target.params[keyword])
    # A name of its own in the URL would hide the progress that a DBA looks for.
    fixed = {"application_name": application_name, "client_encoding": "UTF8"}
    params: Dict[str, Any] = {**PATIENCE, **target.params, **fixed}
    return deps.psycopg2.connect(connection_factory=MigrationConnection, **params)


def _refuse_irregular(option: str, path: str) -> None:
    """libpq would wait for who writes into a FIFO, without any limit."""
    try:
        opening.refuse_irregular(path)
    except opening.Unopened as error:
        raise errors.OptionInvalid("%s: %s can't be read: %s" % (option, path, error.reason), hint=error.hint) from None


def _once_more(target: Target, application_name: str, error: Exception, may_be_new: bool) -> Any:
    """Open a connection that was refused, if the database may have been made just now.

    :raises ConnectError: else, or when it is refused again.
    """
    if may_be_new:
        try:
            return _open(target, application_name)
        except (deps.psycopg2.Error, UnicodeError) as again:
            error = again
    raise errors.ConnectError(
        "No connection to PostgreSQL: %s" % " ".join(str(error).split()),
        hint="Check url or the login_* options, and that the server runs.",
    ) from None


def _missing_error(target: Target) -> errors.DatabaseMissing:
    return errors.DatabaseMissing(
        'There is no database "%s" on this server' % target.params.get("dbname"),
        hint="Create it first, with pg_user_db or the role pgops.migrations.database; or correct its name.",
    )


def _lacks_database(target: Target) -> Optional[bool]:
    """Ask the server itself whether it has the database: its refusal's wording depends on its language.

    :returns: None: it can't be asked.
    """
    name = target.params.get("dbname")
    if not name:
        return None
    for maintenance in MAINTENANCE_DATABASES:
        try:
            connection = _open(target.with_database(maintenance), "pg_migrate")
        except (deps.psycopg2.Error, UnicodeError):
            continue
        try:
            with connection.cursor() as cursor:
                cursor.execute(DATABASE_EXISTS, [name])
                return cursor.fetchone() is None
        finally:
            connection.close()
    return None

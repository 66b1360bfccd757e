# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only try/except imports of libraries that may not be there.

This stands at the bottom, beside model.py and errors.py, because databases/ builds on psycopg2's classes;
task/entry.py reports what is missing before any other package is imported.
"""

from __future__ import annotations

import importlib
import traceback
from typing import Any, Optional

from . import errors

PSYCOPG2_ERROR: Optional[str] = None


class _NoCodes:
    """Stands for psycopg2.errorcodes where that is missing, so that what names codes can be imported all the same."""

    def __getattr__(self, name: str) -> str:
        return name


try:
    import psycopg2
    import psycopg2.errorcodes
    import psycopg2.extensions
    import psycopg2.sql

    sql = psycopg2.sql
    errorcodes: Any = psycopg2.errorcodes
    BaseConnection: Any = psycopg2.extensions.connection
    BaseCursor: Any = psycopg2.extensions.cursor
    DatabaseError: Any = psycopg2.Error
except ImportError:
    PSYCOPG2_ERROR = traceback.format_exc()
    BaseConnection = BaseCursor = object
    DatabaseError = Exception
    errorcodes = _NoCodes()

OLDEST_SQLALCHEMY = (1, 4)
INSTALL = "Install it for the Python that runs the task there (ansible_python_interpreter)."
CODEGEN = "It has to be version 3 or newer, and the one that goes with that SQLAlchemy: 3.0.0rc2 with 1.4, 4 with 2.x."


def import_sqlalchemy() -> Any:
    """Return SQLAlchemy, with the parts that scripts of its kind use.

    :raises DependencyError: when it isn't there, or is older than 1.4.
    """
    sqlalchemy = _import("SQLAlchemy", "sqlalchemy", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql")
    if sqlalchemy_version(sqlalchemy) < OLDEST_SQLALCHEMY:
        message = "SQLAlchemy %s is too old" % sqlalchemy.__version__
        raise _needed("SQLAlchemy", message, "Install 1.4 or newer.")
    return sqlalchemy


def sqlalchemy_version(sqlalchemy: Any) -> "tuple[int, int]":
    """Return the first two numbers of its version."""
    major, minor = sqlalchemy.__version__.split(".")[:2]
    return int(major), int("".join(filter(str.isdigit, minor)))


def import_pymysql() -> Any:
    """Return PyMySQL.

    :raises DependencyError: when it isn't there.
    """
    return _import("PyMySQL", "pymysql", "pymysql.err")


def import_alembic() -> Any:
    """Return alembic, with its operations.

    :raises DependencyError: when it isn't there.
    """
    parts = ("config", "op", "operations", "script", "runtime.environment", "runtime.migration", "script.revision")
    return _import("alembic", "alembic", *("alembic.%s" % part for part in parts))


def import_sqlalchemy_migrate() -> Any:
    """Return the package ``migrate`` of sqlalchemy-migrate, or None.

    A directory of that name isn't enough: it must be installed, and go with the SQLAlchemy that is there.
    """
    try:
        importlib.import_module("importlib.metadata").version("sqlalchemy-migrate")  # slow, and seldom needed
        importlib.import_module("migrate.changeset")
        return importlib.import_module("migrate")
    except Exception:  # with an SQLAlchemy that it doesn't know, it may raise anything
        return None


def import_sqlacodegen() -> Any:
    """Return sqlacodegen's generators.

    :raises DependencyError: when it isn't there, or doesn't go with the SQLAlchemy that is there.
    """
    version = import_sqlalchemy().__version__
    try:
        importlib.import_module("sqlacodegen")
    except ImportError:
        raise _needed("sqlacodegen", "sqlacodegen is needed to write tables for SQLAlchemy", INSTALL) from None
    try:
        return importlib.import_module("sqlacodegen.generators")
    except ImportError as error:
        message = "The sqlacodegen that is installed can't be used with SQLAlchemy %s: %s" % (version, error)
        raise errors.DependencyError(message, hint=CODEGEN) from None


def _import(library: str, name: str, *parts: str) -> Any:
    try:
        for part in parts:
            importlib.import_module(part)
        return importlib.import_module(name)
    except ImportError as error:
        message = "%s is needed by such a script: %s" % (library, error)
        raise _needed(library, message, INSTALL) from None


def _needed(library: str, message: str, hint: str) -> errors.DependencyError:
    error = errors.DependencyError(message, hint=hint)
    error.library = library
    return error

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts get for ``from migrate import *``, and for imports from the packages below it."""

from __future__ import annotations

import types
from typing import Any, Dict

from .changeset import Changes
from .constraints import own_classes

# All that can be imported; only what a script does to a schema has a meaning here.
MODULES = ("migrate", "migrate.changeset", "migrate.changeset.constraint", "migrate.changeset.schema")
# The classes of versioning are for programs that run migrations; a script may import them beside what it uses.
VERSIONING = (
    *("api", "cfgparse", "config", "exceptions", "genmodel", "migrate_repository", "pathed", "repository", "schema"),
    *("schemadiff", "script", "script.base", "script.py", "script.sql", "shell", "template", "util", "util.importpath"),
    *("util.keyedinstance", "version"),
)
DATABASES = ("firebird", "ibmdb2", "mysql", "oracle", "postgres", "sqlite", "visitor")
EMPTY_MODULES = (
    *("migrate.exceptions", "migrate.changeset.exceptions", "migrate.changeset.ansisql", "migrate.changeset.util"),
    *("migrate.changeset.databases", *("migrate.changeset.databases.%s" % name for name in DATABASES)),
    *("migrate.versioning", *("migrate.versioning.%s" % name for name in VERSIONING)),
)
ERRORS = (
    *("Error", "ApiError", "KnownError", "UsageError", "ControlledSchemaError", "InvalidVersionError"),
    *("VersionNotFoundError", "DatabaseNotControlledError", "DatabaseAlreadyControlledError", "WrongRepositoryError"),
    *("NoSuchTableError", "PathError", "PathNotFoundError", "PathFoundError", "RepositoryError"),
    *("InvalidRepositoryError", "ScriptError", "InvalidScriptError", "NotSupportedError", "InvalidConstraintError"),
    "MigrateDeprecationWarning",
)
# By these, scripts ask which SQLAlchemy there is.
FLAGS = dict.fromkeys(("SQLA_06", "SQLA_07", "SQLA_08", "SQLA_09", "SQLA_10"), True)


def package(sqlalchemy: Any) -> Dict[str, types.ModuleType]:
    """Return the package ``migrate`` as modules by name; using what isn't in it is an error that names it."""
    classes, found = own_classes(sqlalchemy), _errors()
    members = {
        "migrate.changeset.constraint": classes,
        "migrate.changeset.schema": _functions(sqlalchemy),
        **dict.fromkeys(("migrate.exceptions", "migrate.changeset.exceptions", "migrate.versioning.exceptions"), found),
    }
    members["migrate.changeset"] = {**classes, **members["migrate.changeset.schema"], **FLAGS}
    members["migrate"] = members["migrate.changeset"]
    modules = {name: _module(name, members.get(name, {})) for name in (*MODULES, *EMPTY_MODULES)}
    for name, module in modules.items():
        parent, dummy, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    return modules


def _functions(sqlalchemy: Any) -> Dict[str, Any]:
    changes = Changes(sqlalchemy)
    return {
        "create_column": changes.create_column,
        "drop_column": changes.drop_column,
        "alter_column": changes.alter_column,
        "rename_table": changes.rename_table,
        "rename_index": changes.rename_index,
    }


def _errors() -> Dict[str, Any]:
    base = type("Error", (Exception,), {})
    return {"Error": base, **{name: type(name, (base,), {}) for name in ERRORS[1:]}}


def _module(name: str, members: Dict[str, Any]) -> types.ModuleType:
    module = types.ModuleType(name)
    vars(module).update(members)
    module.__all__ = sorted(members)  # type: ignore[attr-defined]
    module.__path__ = []

    def missing(attribute: str) -> Any:
        if attribute.startswith("__"):  # the import machinery asks for these
            raise AttributeError(attribute)
        sentence = "%s.%s isn't offered; say it in SQL, with migrate_engine.execute()" % (name, attribute)
        if attribute[0].isupper() or name.startswith("migrate.versioning"):
            return _unoffered(sentence)
        raise NotImplementedError(sentence)

    module.__getattr__ = missing  # type: ignore[method-assign]
    return module


def _unoffered(sentence: str) -> Any:
    """Return what may be imported, and neither called nor asked for anything."""

    def refuse(*dummy: Any, **options: Any) -> Any:
        raise NotImplementedError(sentence)

    return type("Unoffered", (), {"__init__": refuse, "__getattr__": refuse, "__iter__": refuse})

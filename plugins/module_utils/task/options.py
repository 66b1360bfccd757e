# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that compose, and parameters → values."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple

from .. import errors
from ..engine.request import Limits, Policies, Request
from ..hazard import HazardKind
from ..scripts.discovery import KIND_NAMES
from ..scripts.repository import repository_of_all
from ..server.connection import Target, parse_url
from ..server.names import QualifiedName, check_name, parse_name
from .connection import CONNECTION, target

MIGRATIONS: Dict[str, Any] = {
    "migrations_dir": {"type": "list", "elements": "path"},
    "context": {"type": "list", "elements": "str"},
    "kind": {"type": "str", "choices": list(KIND_NAMES)},
    "history_table": {"type": "str"},
}

MIGRATE: Dict[str, Any] = {
    **CONNECTION,
    **MIGRATIONS,
    "state": {"type": "str", "choices": ["migrated", "rolled_back", "tested"], "default": "migrated"},
    "version": {"type": "str"},
    "steps": {"type": "int", "default": 1},
    "run_deferred": {"type": "bool", "default": False},
    "baseline_version": {"type": "str"},
    "super_user": {"type": "str", "default": "postgres"},
    "on_modified": {"type": "str", "choices": ["ignore", "warn", "fail"], "default": "fail"},
    "on_missing": {"type": "str", "choices": ["ignore", "warn", "fail"], "default": "warn"},
    "on_out_of_order": {"type": "str", "choices": ["apply", "ignore", "warn", "fail"], "default": "apply"},
    "on_drift": {"type": "str", "choices": ["ignore", "warn", "fail"], "default": "warn"},
    "on_interrupted": {"type": "str", "choices": ["fail", "retry"], "default": "fail"},
    "allow_hazards": {"type": "list", "elements": "str", "choices": [kind.value for kind in HazardKind]},
    "lock_timeout": {"type": "float", "default": 5},
    "lock_retries": {"type": "int", "default": 3},
    "statement_timeout": {"type": "float", "default": 0},
    "expect": {"type": "str"},
    "allow_writable_scripts": {"type": "bool", "default": False},
    "src": {"type": "list", "elements": "path"},
    # What the action plugin tells the module of the scripts in src, and where it has put them.
    "_described": {"type": "dict"},
    "_archive": {"type": "path"},
    "single_transaction": {"type": "bool", "default": False},
    "diff_per": {"type": "str", "choices": ["run", "migration"], "default": "run"},
    "diff_context": {"type": "int", "default": 10},
    "lock_wait": {"type": "int", "default": 60},
    "rehearsal": {"type": "str", "choices": ["auto", "required", "off"], "default": "auto"},
    "rehearsal_data": {"type": "list", "elements": "str", "default": []},
    "rehearsal_extensions": {"type": "list", "elements": "str", "default": []},
    "rehearsal_url": {"type": "str", "no_log": True},
}

MARK: Dict[str, Any] = {
    **CONNECTION,
    **MIGRATIONS,
    "versions": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["applied", "pending", "deferred"], "default": "applied"},
    "lock_wait": {"type": "int", "default": 60},
}

INFO: Dict[str, Any] = {
    **CONNECTION,
    **MIGRATIONS,
    "wide": {"type": "bool", "default": False},
    "sort": {"type": "str", "choices": ["version", "applied"], "default": "version"},
}

GENERATE: Dict[str, Any] = {
    **CONNECTION,
    "history_table": {"type": "str"},
    "from_database": {"type": "bool", "default": False},
    "name": {"type": "str", "required": True},
    "migrations_dir": {"type": "list", "elements": "path", "required": True},
    "kind": {"type": "str", "choices": ["python", "sql", "sqlalchemy"]},
}

# What the names of the tables beside the history add to its own.
SUFFIX_BYTES = len("_snapshot")
HISTORY_TABLE = "schema_migrations"


def directories(params: Mapping[str, Any]) -> Tuple[str, ...]:
    """Return where the scripts are: migrations_dir and what the contexts name; else the configuration file's.

    :raises MigrationError: when nothing says where, or what says it can't be read.
    """
    found = list(params["migrations_dir"] or [])
    if params["context"]:
        # Finding installed packages is slow to import, and few ask for it.
        from ..scripts.entry_points import directories_of

        found += [path for context in params["context"] for path in directories_of(context)]
    if not found and params["config_file"] is not None:
        from .config_file import ConfigFile

        found = ConfigFile(params["config_file"]).directories()
    if not found:
        raise errors.OptionInvalid(
            "Nothing says where the migrations are",
            hint="Set migrations_dir, context, or migrations-directory in config_file.",
        )
    return tuple(dict.fromkeys(found))


def place(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return where the scripts and their history are, as the fields of a request.

    A repository of sqlalchemy-migrate has a history of its own, named after it.

    :raises MigrationError: when nothing says where the scripts are, or the history's name can't be a table's.
    """
    paths = directories(params)
    own = repository_of_all(paths)
    table = _history_table(params, own)
    return {"directories": paths, "history_table": table, "repository_id": own, "kind": params["kind"]}


def shipped(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the same for scripts that come from the controller.

    :raises MigrationError: when the action plugin didn't run, or the history's name can't be a table's.
    """
    if params["_described"] is None:
        raise errors.OptionInvalid(
            "src: the scripts didn't come along; the action plugin of pgops.migrations.pg_migrate has to ship them",
            hint="Call the module by its full name, from a task; or use migrations_dir.",
        )
    from ..scripts.shipment import scripts_of

    own = params["_described"]["repository_id"]
    found = {"directories": tuple(params["src"]), "kind": params["kind"], "repository_id": own}
    only_described = {} if params["_archive"] else {"described": scripts_of(params["_described"])}
    return {**found, "history_table": _history_table(params, own), **only_described}


def _history_table(params: Mapping[str, Any], repository_id: Optional[str]) -> QualifiedName:
    own = HISTORY_TABLE if repository_id is None else '"%s_%s"' % (HISTORY_TABLE, repository_id.replace('"', ""))
    return parse_name(params["history_table"] or own, "history_table", reserve=SUFFIX_BYTES)


def migrate_request(params: Mapping[str, Any], checking: bool, with_diff: bool) -> Request:
    """Return what pg_migrate is asked for.

    :raises MigrationError: an option that can't be read, or two that exclude each other.
    """
    if params["single_transaction"] and params["diff_per"] == "migration":
        raise errors.OptionInvalid(
            "diff_per: migration and single_transaction: true exclude each other",
            hint="Between the migrations of one transaction there is nothing that pg_dump could see. Leave one out.",
        )
    rehearsal_url = params["rehearsal_url"]
    where = place(params) if params["src"] is None else shipped(params)
    return Request(
        target=target(params),
        **where,
        state=params["state"],
        version=params["version"],
        steps=params["steps"],
        run_deferred=params["run_deferred"],
        baseline_version=params["baseline_version"],
        super_user=params["super_user"],
        single_transaction=params["single_transaction"],
        per_migration=params["diff_per"] == "migration",
        diff_context=params["diff_context"],
        lock_wait=params["lock_wait"],
        rehearsal=params["rehearsal"],
        rehearsal_data=tuple(params["rehearsal_data"]),
        rehearsal_extensions=tuple(check_name(each, "rehearsal_extensions") for each in params["rehearsal_extensions"]),
        rehearsal_server=Target(parse_url(rehearsal_url), params["session_role"]) if rehearsal_url else None,
        policies=Policies(params["on_modified"], params["on_missing"], params["on_out_of_order"], params["on_drift"]),
        limits=Limits(params["lock_timeout"], params["lock_retries"], params["statement_timeout"]),
        on_interrupted=params["on_interrupted"],
        allow_hazards=None if params["allow_hazards"] is None else tuple(params["allow_hazards"]),
        expect=params["expect"] or None,
        allow_writable_scripts=params["allow_writable_scripts"],
        checking=checking,
        with_diff=with_diff,
    )

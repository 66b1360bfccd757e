# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that compose, and parameters → values."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

from ..engine.request import Request
from ..errors import OptionInvalid
from ..scripts.discovery import KIND_NAMES
from ..scripts.repository import find as repository_of
from ..server.connection import Target, parse_url
from ..server.names import parse_name
from .config_file import ConfigFile

CONNECTION: Dict[str, Any] = {
    "url": {"type": "str", "no_log": True},
    "login_host": {"type": "str"},
    "login_port": {"type": "int"},
    "login_user": {"type": "str"},
    "login_password": {"type": "str", "no_log": True},
    "login_db": {"type": "str"},
    "login_unix_socket": {"type": "str"},
    "ssl_mode": {"type": "str", "choices": ["allow", "disable", "prefer", "require", "verify-ca", "verify-full"]},
    "ca_cert": {"type": "path", "aliases": ["ssl_rootcert"]},
    "ssl_cert": {"type": "path"},
    "ssl_key": {"type": "path"},
    "connect_params": {"type": "dict", "default": {}},
    "session_role": {"type": "str"},
    "config_file": {"type": "path"},
    "config_key": {"type": "str", "no_log": False},
}

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
    "single_transaction": {"type": "bool", "default": False},
    "diff_per": {"type": "str", "choices": ["run", "migration"], "default": "run"},
    "diff_context": {"type": "int", "default": 10},
    "lock_wait": {"type": "int", "default": 60},
    "rehearsal": {"type": "str", "choices": ["auto", "required", "off"], "default": "auto"},
    "rehearsal_data": {"type": "list", "elements": "str", "default": []},
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
    "kind": {"type": "str", "choices": ["python", "sql"]},
}

# community.postgresql's names → libpq's keywords.
KEYWORDS = {
    "login_host": "host",
    "login_unix_socket": "host",
    "login_port": "port",
    "login_user": "user",
    "login_password": "password",
    "login_db": "dbname",
    "ssl_mode": "sslmode",
    "ca_cert": "sslrootcert",
    "ssl_cert": "sslcert",
    "ssl_key": "sslkey",
}

LOG_SUFFIX_BYTES = 4
HISTORY_TABLE = "schema_migrations"


def target(params: Mapping[str, Any]) -> Target:
    """Return where to connect: login_* overrides its part of url, and url the configuration file's.

    :raises MigrationError: when url or the configuration file can't be read.
    """
    url = params["url"]
    if url is None and params["config_file"] is not None:
        needed = not any(params[option] is not None for option in KEYWORDS)
        url = ConfigFile(params["config_file"]).url(params["config_key"], needed)
    keywords = parse_url(url) if url else {}
    keywords.update({word: str(params[option]) for option, word in KEYWORDS.items() if params[option] is not None})
    keywords.update({key: str(value) for key, value in params["connect_params"].items()})
    return Target(keywords, params["session_role"])


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
        found = ConfigFile(params["config_file"]).directories()
    if not found:
        raise OptionInvalid(
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
    found = [repository for repository in map(repository_of, paths) if repository is not None]
    if len({each.repository_id for each in found}) > 1:
        raise OptionInvalid(
            "migrations_dir: %s are different repositories" % " and ".join(each.repository_id for each in found),
            hint="Each has a history of its own. Give each a task of its own.",
        )
    own = found[0].repository_id if found else None
    name = params["history_table"] or (
        HISTORY_TABLE if own is None else '"%s_%s"' % (HISTORY_TABLE, own.replace('"', ""))
    )
    table = parse_name(name, "history_table", reserve=LOG_SUFFIX_BYTES)
    return {"directories": paths, "history_table": table, "repository_id": own, "kind": params["kind"]}


def migrate_request(params: Mapping[str, Any], checking: bool, with_diff: bool) -> Request:
    """Return what pg_migrate is asked for.

    :raises MigrationError: an option that can't be read, or two that exclude each other.
    """
    if params["single_transaction"] and params["diff_per"] == "migration":
        raise OptionInvalid(
            "diff_per: migration and single_transaction: true exclude each other",
            hint="Between the migrations of one transaction there is nothing that pg_dump could see. Leave one out.",
        )
    rehearsal_url = params["rehearsal_url"]
    return Request(
        target=target(params),
        **place(params),
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
        rehearsal_server=Target(parse_url(rehearsal_url), params["session_role"]) if rehearsal_url else None,
        checking=checking,
        with_diff=with_diff,
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Argument specs that compose; parameters.py makes values of what they let through."""

from __future__ import annotations

from typing import Any, Dict

from ..databases.postgresql.keywords import SECRETS, TYPES
from ..hazard import HazardKind, Level

# The kinds of scripts/discovery.py, whose readers a spec has no use for.
KINDS = [
    *("python", "sqlalchemy", "sql", "sql_plain", "dbmate", "goose", "diesel", "flyway"),
    *("node_pg_migrate", "sql_migrate", "tern", "prisma", "drizzle", "supabase", "alembic", "sql_by_name"),
]

# Explicitly no secrets, though "pass" or "key" is in the names of some.
CONNECT_PARAMS: Dict[str, Any] = {
    keyword: {"type": kind, "no_log": keyword in SECRETS} for keyword, kind in sorted(TYPES.items())
}

# From the action plugin: the engine (see archive.py); what it knows of the scripts in src, these scripts themselves, or
# where these are; the file in which progress is written; and whether the controller has no schema_file yet.
INTERNAL = ("_engine", "_described", "_scripts", "_archive", "_progress", "_makes_schema_file")

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
    "connect_params": {"type": "dict", "options": CONNECT_PARAMS},
    "session_role": {"type": "str"},
    "config_file": {"type": "path"},
    "config_key": {"type": "str", "no_log": False},
}

MIGRATIONS: Dict[str, Any] = {
    "migrations_dir": {"type": "list", "elements": "path"},
    "src": {"type": "list", "elements": "path"},
    "context": {"type": "list", "elements": "str"},
    "kind": {"type": "str", "choices": KINDS},
    "order": {"type": "str", "choices": ["numeric", "text", "graph"]},
    "follow": {"type": "bool", "default": False},
    "on_unread": {"type": "str", "choices": ["ignore", "warn", "fail"], "default": "fail"},
    "history_table": {"type": "str"},
}

MANY: Dict[str, Any] = {
    "databases": {
        "type": "dict",
        "options": {
            "names": {"type": "list", "elements": "str"},
            "matching": {"type": "list", "elements": "str"},
            "query": {"type": "str"},
        },
    },
    "workers": {"type": "int", "default": 8},
}

MIGRATE: Dict[str, Any] = {
    **CONNECTION,
    **MIGRATIONS,
    **MANY,
    "serial": {"type": "list", "elements": "str"},
    "max_fail_percentage": {"type": "float"},
    "state": {"type": "str", "choices": ["migrated", "rolled_back", "tested", "scripted"], "default": "migrated"},
    "version": {"type": "str"},
    "release": {"type": "str"},
    "steps": {"type": "int", "default": 1},
    "run_deferred": {"type": "bool", "default": False},
    "baseline_version": {"type": "str"},
    "adopt_from": {"type": "str"},
    "keep_in_step": {"type": "bool", "default": False},
    "variables": {"type": "dict"},
    "secret_variables": {"type": "dict", "no_log": True},
    "super_user": {"type": "str", "default": "postgres"},
    "on_modified": {"type": "str", "choices": ["ignore", "warn", "fail"], "default": "fail"},
    "on_missing": {"type": "str", "choices": ["ignore", "warn", "fail"], "default": "warn"},
    "on_out_of_order": {"type": "str", "choices": ["apply", "ignore", "warn", "fail"], "default": "apply"},
    "on_drift": {"type": "str", "choices": ["ignore", "warn", "fail"], "default": "warn"},
    "on_interrupted": {"type": "str", "choices": ["fail", "retry"], "default": "fail"},
    "on_nonempty": {"type": "str", "choices": ["ignore", "warn", "fail"], "default": "fail"},
    "allow_hazards": {"type": "list", "elements": "str", "choices": [each.value for each in (*HazardKind, *Level)]},
    "lock_timeout": {"type": "float", "default": 5},
    "lock_retries": {"type": "int", "default": 3},
    "statement_timeout": {"type": "float", "default": 0},
    "expect": {"type": "list", "elements": "str"},
    "allow_writable_scripts": {"type": "bool", "default": False},
    "script_file": {"type": "path"},
    "schema_file": {"type": "path"},
    "report": {"type": "bool", "default": False},
    "progress": {"type": "bool", "default": True},
    "single_transaction": {"type": "bool", "default": False},
    "diff_per": {"type": "str", "choices": ["run", "migration"], "default": "run"},
    "diff_context": {"type": "int", "default": 10},
    "lock_wait": {"type": "int", "default": 60},
    "rehearsal": {"type": "str", "choices": ["auto", "required", "off"], "default": "auto"},
    "rehearsal_data": {"type": "list", "elements": "str", "default": []},
    "rehearsal_extensions": {"type": "list", "elements": "str", "default": []},
    "rehearsal_url": {"type": "str", "no_log": True},
    "rehearsal_database_url": {"type": "str", "no_log": True},
    "prechecks": {"type": "str", "choices": ["auto", "required", "off"], "default": "auto"},
    "precheck_timeout": {"type": "float", "default": 30},
    "rehearsal_on": {"type": "str", "choices": ["auto", "server", "cluster", "empty"], "default": "auto"},
    "postgresql_bin_dir": {"type": "path"},
    "rehearsal_cache_size": {"type": "bytes", "default": "1G"},
}

STATES = ["applied", "pending", "deferred", "retired", "reduced", "trimmed", "rebuilt"]
MARK: Dict[str, Any] = {
    **CONNECTION,
    **MIGRATIONS,
    **MANY,
    "versions": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": STATES, "default": "applied"},
    "log_retention": {"type": "int"},
    "accept_drift": {"type": "str"},
    "postgresql_bin_dir": {"type": "path"},
    "lock_wait": {"type": "int", "default": 60},
}

INFO: Dict[str, Any] = {
    **CONNECTION,
    **MIGRATIONS,
    **MANY,
    "wide": {"type": "bool", "default": False},
    "sort": {"type": "str", "choices": ["version", "applied"], "default": "version"},
    "only": {"type": "str", "choices": ["all", "pending"], "default": "all"},
    "check_drift": {"type": "bool", "default": False},
    "postgresql_bin_dir": {"type": "path"},
}

GENERATE: Dict[str, Any] = {
    **CONNECTION,
    "history_table": {"type": "str"},
    "from_database": {"type": "bool", "default": False},
    "squash_to": {"type": "str"},
    "squash_tables": {"type": "list", "elements": "str"},
    "super_user": {"type": "str", "default": "postgres"},
    "rehearsal_on": {"type": "str", "choices": ["auto", "server", "cluster", "empty"], "default": "auto"},
    "rehearsal_extensions": {"type": "list", "elements": "str"},
    "postgresql_bin_dir": {"type": "path"},
    "name": {"type": "str", "required": True},
    "migrations_dir": {"type": "list", "elements": "path", "required": True},
    "kind": {"type": "str", "choices": [kind for kind in KINDS if kind != "drizzle"]},
    "follow": {"type": "bool", "default": False},
}

WORDS: Dict[str, Any] = {"type": "list", "elements": "str"}
ON_OBJECTS: Dict[str, Any] = {
    "schemas": {**WORDS, "required": True},
    "names": WORDS,
    "privileges": {**WORDS, "required": True},
}
GRANTS: Dict[str, Any] = {
    "database": WORDS,
    "schemas": {
        "type": "list",
        "elements": "dict",
        "options": {name: ON_OBJECTS[name] for name in ("schemas", "privileges")},
    },
    "tables": {"type": "list", "elements": "dict", "options": ON_OBJECTS},
    "sequences": {"type": "list", "elements": "dict", "options": ON_OBJECTS},
    "default_privileges": {
        "type": "list",
        "elements": "dict",
        "options": {
            "roles": WORDS,
            "schemas": WORDS,
            "on": {"type": "str", "choices": ["tables", "sequences", "routines", "types", "schemas"], "required": True},
            "privileges": {**WORDS, "required": True},
        },
    },
}

USER_DB: Dict[str, Any] = {
    **CONNECTION,
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["always", "on_create"], "default": "always", "no_log": False},
    "no_password": {"type": "bool", "default": False, "no_log": False},
    "role_attributes": {"type": "list", "elements": "str", "aliases": ["role_attr_flags"]},
    "member_of": {"type": "list", "elements": "str"},
    "member_of_exact": {"type": "bool", "default": False},
    "connection_limit": {"type": "int"},
    "valid_until": {"type": "str"},
    "role_comment": {"type": "str"},
    "db": {"type": "str"},
    "owner": {"type": "str"},
    "encoding": {"type": "str"},
    "collate": {"type": "str", "aliases": ["lc_collate"]},
    "ctype": {"type": "str", "aliases": ["lc_ctype"]},
    "locale_provider": {"type": "str", "choices": ["builtin", "icu", "libc"]},
    "icu_locale": {"type": "str"},
    "builtin_locale": {"type": "str"},
    "template": {"type": "str"},
    "tablespace": {"type": "str"},
    "db_connection_limit": {"type": "int"},
    "database_comment": {"type": "str"},
    "schemas": {"type": "list", "elements": "raw"},
    "extensions": {"type": "list", "elements": "raw"},
    "settings": {"type": "raw"},
    "grants": {"type": "dict", "options": GRANTS},
    "grants_exact": {"type": "bool", "default": False},
    "revoke_public": {"type": "list", "elements": "str", "choices": ["CONNECT", "TEMPORARY", "CREATE", "USAGE"]},
    "state": {"type": "str", "choices": ["present", "absent", "recreated"], "default": "present"},
    "drop_owned": {"type": "bool", "default": False},
    "force": {"type": "bool", "default": False},
    "pgpass": {"type": "bool", "default": False, "no_log": False},
    "pgpass_file": {"type": "path", "no_log": False},
    "pgpass_host": {"type": "str", "no_log": False},
}

OF_USER = (
    *("password", "role_attributes", "member_of", "connection_limit", "valid_until", "role_comment"),
    *("pgpass_file", "pgpass_host"),
)
OF_DATABASE = (
    *("owner", "encoding", "collate", "ctype", "locale_provider", "icu_locale", "builtin_locale", "template"),
    *("tablespace", "db_connection_limit", "database_comment", "schemas", "extensions", "revoke_public"),
)
USER_DB_RULES: Dict[str, Any] = {
    "required_one_of": [["user", "db"]],
    "required_by": {
        **dict.fromkeys(OF_USER, "user"),
        **dict.fromkeys(OF_DATABASE, "db"),
        "grants": ["user", "db"],
    },
    "required_if": [
        ["pgpass", True, ["user"]],
        ["drop_owned", True, ["user"]],
        ["no_password", True, ["user"]],
        ["member_of_exact", True, ["member_of"]],
        ["grants_exact", True, ["grants"]],
    ],
}

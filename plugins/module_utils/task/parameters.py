# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters → values."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Mapping, Optional, Tuple

from .. import errors
from ..databases.names import QualifiedName, check_name, parse_name
from ..databases.values import Limits
from ..planning.request import Policies, Request
from ..planning.variables import Variables
from ..scripts.repository import repository_of_all
from . import combinations
from .connection import other_database
from .target import rehearsal_target, target

# What the names of the tables beside the history add to its own.
SUFFIX_BYTES = len("_snapshot")
HISTORY_TABLE = "schema_migrations"
VARIABLE = re.compile(r"[A-Za-z_][\w.:-]*", re.ASCII)
# The options that are fields of the request, by the same name.
AS_THEY_ARE = (
    *(
        "state",
        "version",
        "release",
        "steps",
        "run_deferred",
        "baseline_version",
        "keep_in_step",
        "super_user",
        "single_transaction",
    ),
    *("diff_context", "lock_wait", "rehearsal", "rehearsal_on", "prechecks", "precheck_timeout", "report"),
    *("script_file", "schema_file", "on_interrupted", "on_nonempty", "allow_writable_scripts"),
)


def scripts_and_history(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return where the scripts and their history are, on the target or on the controller, as fields of a request.

    :param params: with the internal ones.
    :raises MigrationError: see place() and shipped().
    """
    if params["src"] is None:
        return place(params)
    others = [name for name in ("migrations_dir", "context") if params[name]]
    if others:
        raise errors.OptionInvalid(
            "src and %s exclude each other" % others[0],
            hint="src is a directory on the controller, migrations_dir one on the host where the task runs.",
        )
    return shipped(params)


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
            hint="Set migrations_dir, src, context, or migrations-directory in config_file.",
        )
    return tuple(dict.fromkeys(found))


def place(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return where the scripts and their history are, as the fields of a request.

    A repository of sqlalchemy-migrate has a history of its own, named after it.

    :raises MigrationError: when nothing says where the scripts are, or the history's name can't be a table's.
    """
    paths = directories(params)
    own = repository_of_all(paths, params["follow"])
    table = _history_table(params, own)
    found = {"directories": paths, **{name: params[name] for name in ("kind", "order", "follow", "on_unread")}}
    return {**found, "history_table": table, "repository_id": own}


def shipped(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the same for scripts that come from the controller.

    :raises MigrationError: when the action plugin didn't run, or the history's name can't be a table's.
    """
    if params["_described"] is None:
        raise errors.OptionInvalid(
            "src: the scripts didn't come along; the module's action plugin has to send them",
            hint="Call the module by its full name, from a task; or use migrations_dir.",
        )
    from ..scripts.shipment import scripts_of

    described = json.loads(params["_described"])
    own = described["repository_id"]
    found = {"directories": tuple(params["src"]), "kind": params["kind"], "order": params["order"]}
    # What isn't read was told of where they were described; it didn't come along.
    found.update(on_unread="ignore", said=tuple(described["warnings"]), repository_id=own)
    arrived = params["_scripts"] or params["_archive"]
    only_described = {} if arrived else {"described": scripts_of(described)}
    return {**found, "history_table": _history_table(params, own), **only_described}


def _history_table(params: Mapping[str, Any], repository_id: Optional[str]) -> QualifiedName:
    own = HISTORY_TABLE if repository_id is None else '"%s_%s"' % (HISTORY_TABLE, repository_id.replace('"', ""))
    return parse_name(params["history_table"] or own, "history_table", reserve=SUFFIX_BYTES)


def variables_of(params: Mapping[str, Any]) -> Optional[Variables]:
    """Return the values of variables; None: none are filled in.

    :raises OptionInvalid: what is no name, no value, or in both options.
    """
    given = {option: params[option] for option in ("variables", "secret_variables") if params[option] is not None}
    values = {
        option: {str(name): _text(option, name, value) for name, value in each.items()}
        for option, each in given.items()
    }
    plain, secret = values.get("variables", {}), values.get("secret_variables", {})
    for name in plain:
        if name in secret:
            raise errors.OptionInvalid("%s is in variables and in secret_variables" % name, hint="Leave one out.")
    return Variables(plain, secret) if given else None


def _text(option: str, name: Any, value: Any) -> str:
    """Return a value as it is written into a text. The value itself is never told: it may be a secret."""
    if not VARIABLE.fullmatch(str(name)):
        raise errors.OptionInvalid(
            "%s: %s is no name of a variable" % (option, name),
            hint="It is letters, digits and _ . : -, a letter first.",
        )
    if not isinstance(value, (str, int, float)):
        raise errors.OptionInvalid("%s: %s has no value that is a text or a number" % (option, name), hint="Quote it.")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if any(sign in text for sign in "\0\r\n"):
        raise errors.OptionInvalid(
            "%s: %s has a value of several lines" % (option, name),
            hint="Lines of a script keep their numbers, so that an error says where it is. Write it in one line.",
        )
    return text


def migrate_request(params: Mapping[str, Any], checking: bool, with_diff: bool) -> Request:
    """Return what pg_migrate is asked for.

    :raises MigrationError: an option that can't be read, or two that exclude each other.
    """
    combinations.check(params, checking)
    where = scripts_and_history(params)
    return Request(
        target=target(params),
        **where,
        **{name: params[name] for name in AS_THEY_ARE},
        expect=tuple(params["expect"]) if params["expect"] is not None else None,
        variables=variables_of(params),
        adopt_from=parse_name(params["adopt_from"], "adopt_from") if params["adopt_from"] is not None else None,
        per_migration=params["diff_per"] == "migration",
        rehearsal_data=tuple(params["rehearsal_data"]),
        rehearsal_extensions=tuple(check_name(each, "rehearsal_extensions") for each in params["rehearsal_extensions"]),
        rehearsal_server=rehearsal_target(params),
        rehearsal_database=other_database(
            "rehearsal_database_url", params["rehearsal_database_url"], params["session_role"]
        ),
        policies=Policies(params["on_modified"], params["on_missing"], params["on_out_of_order"], params["on_drift"]),
        limits=Limits(params["lock_timeout"], params["lock_retries"], params["statement_timeout"]),
        allow_hazards=None if params["allow_hazards"] is None else tuple(params["allow_hazards"]),
        checking=checking or params["state"] == "scripted",
        writes_script=not checking,
        with_diff=with_diff,
    )

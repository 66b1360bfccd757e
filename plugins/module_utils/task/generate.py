# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migration_generate: parameters in, result out."""

from __future__ import annotations

import os
from typing import Any, Dict, Mapping

from .. import deps, errors
from ..commands.generate import Generated, GenerateRequest, Source, generate
from ..databases.names import check_name, parse_name
from ..databases.tools import Tools
from ..schemes import POSTGRESQL, kind_of
from . import combinations
from .entry import Failed, run_program
from .parameters import HISTORY_TABLE, SUFFIX_BYTES
from .target import target

OF_SQUASH = ("squash_tables", "rehearsal_extensions")


def pg_migration_generate(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: when the name or the directory won't do.
    """
    params = module.params
    _check(params)
    source = _source(params) if params["from_database"] else None
    if len(params["migrations_dir"]) != 1:
        raise errors.OptionInvalid(
            "migrations_dir: %d directories, and a migration is written into one" % len(params["migrations_dir"]),
            hint="Name the one that it belongs into.",
        )
    directory = params["migrations_dir"][0]
    request = GenerateRequest(directory, params["name"], params["kind"], module.check_mode, source, params["follow"])
    tools = Tools(run_program(module), module.tmpdir, params["postgresql_bin_dir"])
    try:
        if params["squash_to"] is not None:
            return _squashed(request, params, tools)
        return _shown(generate(request, tools), module.check_mode)
    except errors.RehearsalError as error:
        raise Failed(error, {"diff": [{"prepared": error.diff}]} if error.diff else {}) from None


def _check(params: Mapping[str, Any]) -> None:
    """Refuse options that exclude each other, or mean nothing alone.

    :raises OptionInvalid: names them.
    """
    if params["squash_to"] is None:
        for name in OF_SQUASH:
            if params[name]:
                raise errors.OptionInvalid(
                    "%s is given without squash_to" % name,
                    hint="It is for the checkpoint that squash_to writes. Set squash_to too, or leave %s out." % name,
                )
        return
    if params["from_database"]:
        raise errors.OptionInvalid(
            "squash_to and from_database exclude each other",
            hint="squash_to reads the scripts of migrations_dir, from_database a database. Leave one of them out.",
        )
    if params["rehearsal_on"] == combinations.EMPTY:
        combinations.refuse_database(params)


def _squashed(request: GenerateRequest, params: Mapping[str, Any], tools: Tools) -> Dict[str, Any]:
    """Write a checkpoint, if it isn't there."""
    _require_postgresql(params)
    from ..commands.generate import slug, written
    from ..commands.squash import SquashRequest, squash

    table = parse_name(params["history_table"] or HISTORY_TABLE, "history_table", SUFFIX_BYTES)
    made = squash(
        SquashRequest(
            target(params),
            request.directory,
            table,
            slug(request.name),
            params["squash_to"],
            tuple(params["squash_tables"] or ()),
            request.kind,
            request.follow,
            params["rehearsal_on"],
            tuple(check_name(each, "rehearsal_extensions") for each in params["rehearsal_extensions"] or ()),
            params["super_user"],
        ),
        tools,
    )
    if made.text is None:
        shown = _shown(Generated(made.version, (made.path,), {}), request.checking)
    else:
        files = {made.path: made.text}
        shown = _shown(written(request, os.path.dirname(made.path), made.version, files), request.checking)
        shown["msg"] += " It takes the place of %d migrations; proved on %s." % (len(made.replaces), made.where)
    left_out = [{"table": table, "rows": count} for table, count in made.left_out]
    replaces = [each.version for each in made.replaces]
    return {**shown, "replaces": replaces, "rows_left_out": left_out, "warnings": list(made.warnings)}


def _shown(made: Generated, checking: bool) -> Dict[str, Any]:
    verb = ("Would write" if checking else "Wrote") if made.files else "There already:"
    return {
        "changed": bool(made.files),
        "msg": "%s %s." % (verb, ", ".join(made.paths)),
        "version": made.version,
        "paths": list(made.paths),
        "diff": [
            {"before": "", "after": text, "before_header": path, "after_header": path}
            for path, text in made.files.items()
        ],
    }


def _source(params: Mapping[str, Any]) -> Source:
    """Return the database to read."""
    _require_driver(params)
    table = params["history_table"] or HISTORY_TABLE
    return Source(target(params), parse_name(table, "history_table", SUFFIX_BYTES))


def _require_postgresql(params: Mapping[str, Any]) -> None:
    """Refuse other databases.

    :raises DependencyError: without psycopg2.
    """
    if kind_of(params["url"]) != POSTGRESQL:
        raise errors.OptionInvalid(
            "squash_to: checkpoints can be written for PostgreSQL only",
            hint="Leave squash_to out, and keep the scripts: a new database of another kind runs them all.",
        )
    _require_driver(params)


def _require_driver(params: Mapping[str, Any]) -> None:
    """Look for psycopg2, which only this needs.

    :raises DependencyError: without it.
    """
    if kind_of(params["url"]) == POSTGRESQL and deps.PSYCOPG2_ERROR is not None:
        error = errors.DependencyError("psycopg2 is needed to read a database")
        error.library = "psycopg2"
        raise error

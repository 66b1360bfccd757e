# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migration_generate: parameters in, result out."""

from __future__ import annotations

from typing import Any, Dict

from .. import deps, errors
from ..commands.generate import GenerateRequest, Source, generate
from ..databases.names import parse_name
from ..databases.tools import Tools
from ..schemes import POSTGRESQL, kind_of
from .entry import Failed, run_program
from .parameters import HISTORY_TABLE, SUFFIX_BYTES
from .target import target


def pg_migration_generate(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: when the name or the directory won't do.
    """
    params = module.params
    source = _source(params) if params["from_database"] else None
    if len(params["migrations_dir"]) != 1:
        raise errors.OptionInvalid(
            "migrations_dir: %d directories, and a migration is written into one" % len(params["migrations_dir"]),
            hint="Name the one that it belongs into.",
        )
    directory = params["migrations_dir"][0]
    request = GenerateRequest(directory, params["name"], params["kind"], module.check_mode, source, params["follow"])
    try:
        made = generate(request, Tools(run_program(module), module.tmpdir))
    except errors.RehearsalError as error:
        raise Failed(error, {"diff": [{"prepared": error.diff}]} if error.diff else {}) from None
    verb = ("Would write" if module.check_mode else "Wrote") if made.files else "There already:"
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


def _source(params: Dict[str, Any]) -> Source:
    """Return the database to read.

    :raises DependencyError: without psycopg2, which only this needs.
    """
    if kind_of(params["url"]) == POSTGRESQL and deps.PSYCOPG2_ERROR is not None:
        error = errors.DependencyError("psycopg2 is needed to read a database")
        error.library = "psycopg2"
        raise error
    table = params["history_table"] or HISTORY_TABLE
    return Source(target(params), parse_name(table, "history_table", SUFFIX_BYTES))

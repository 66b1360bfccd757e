# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's function: the single place where an error becomes the module's failure."""

from __future__ import annotations

from typing import Any, Callable, Dict

from ansible.module_utils.basic import missing_required_lib

from .. import deps, errors
from ..run.signals import interruptible
from ..schemes import POSTGRESQL, kind_of
from . import checks, connection


class Failed(Exception):
    """A task that failed when something was done already.

    :ivar result: what the module returns beside the error.
    """

    def __init__(self, error: errors.MigrationError, result: Dict[str, Any]) -> None:
        super().__init__(str(error))
        self.error, self.result = error, result


def run(module: Any, function: Callable[[Any], Dict[str, Any]], needs_database: bool = True) -> None:
    """Call the function with the module and exit with its result, or fail with its error.

    :param module: an AnsibleModule.
    :param function: takes the module, returns the result.
    :param needs_database: it can't do without psycopg2.
    """
    is_postgresql = kind_of(module.params.get("url")) == POSTGRESQL
    if needs_database and deps.PSYCOPG2_ERROR is not None and is_postgresql:
        message = missing_required_lib("psycopg2", url="https://www.psycopg.org")
        missing = errors.DependencyError(message, hint="Install it for the interpreter that runs the task.")
        module.fail_json(msg=message, exception=deps.PSYCOPG2_ERROR, error=missing.to_result())
    try:
        checks.check(module.params, module.argument_spec)
        # A password inside a URL is as secret as login_password, which Ansible hides by itself.
        module.no_log_values.update(connection.secrets(module.params))
        with interruptible():
            result = function(module)
    except Failed as failure:
        failed = {**_failed(failure.error), **failure.result}
    except errors.MigrationError as error:
        failed = _failed(error)
    except errors.Stop as stop:
        failed = _failed(errors.Signal.of(stop))
    else:
        for warning in result.pop("warnings", ()):
            module.warn(warning)
        module.exit_json(**result)
        return
    for warning in failed.pop("warnings", ()):
        module.warn(warning)
    module.fail_json(**failed)


def _failed(error: errors.MigrationError) -> Dict[str, Any]:
    return {"msg": _message(error), "error": error.to_result()}


def _message(error: errors.MigrationError) -> str:
    """Return what a person reads first; for a missing library, Ansible's own words for that."""
    library = getattr(error, "library", None)
    return str(missing_required_lib(library)) if library else error.sentence()


def run_program(module: Any) -> Any:
    """Return what the engine runs client programs with."""

    def run_command(argv: Any, environment: Dict[str, str]) -> Any:
        return module.run_command(argv, environ_update=environment, encoding="utf-8", errors="replace")

    return run_command

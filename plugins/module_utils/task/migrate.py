# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migrate: parameters in, result out."""

from __future__ import annotations

from typing import Any, Dict

from ..engine.migrate import migrate
from ..engine.tools import Tools
from ..errors import MigrationError
from . import options
from .entry import run_program
from .results import failure, migrate_result


def pg_migrate(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: with the result until then as its ``report``.
    """
    checking = module.check_mode
    request = options.migrate_request(module.params, checking, module._diff)
    # A password inside a URL is as secret as login_password, which Ansible hides by itself.
    module.no_log_values.update(filter(None, [request.target.password]))
    try:
        report = migrate(request, Tools(run_program(module), module.tmpdir))
    except MigrationError as error:
        error.report = failure(error.report, checking)
        raise
    return {**migrate_result(report, checking), "warnings": report.warnings}

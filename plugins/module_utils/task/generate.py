# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migration_generate: parameters in, result out."""

from __future__ import annotations

from typing import Any, Dict

from ..engine.generate import GenerateRequest, generate


def pg_migration_generate(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: when the name or the directory won't do.
    """
    params = module.params
    made = generate(GenerateRequest(params["migrations_dir"], params["name"], params["kind"], module.check_mode))
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

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migration_mark: parameters in, result out."""

from __future__ import annotations

from typing import Any, Dict, List

from .. import model
from ..commands.mark import Mark, MarkRequest, mark
from .connection import target
from .parameters import place


def pg_migration_mark(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: when a version is unknown, or database, lock or history can't be had.
    """
    params = module.params
    marks = mark(
        MarkRequest(
            target=target(params),
            **place(params),
            versions=tuple(params["versions"]),
            state=model.State(params["state"]),
            lock_wait=params["lock_wait"],
            checking=module.check_mode,
        )
    )
    changed = [each for each in marks if each.written]
    return {
        "changed": bool(changed),
        "msg": _sentence(changed, params["state"], module.check_mode),
        "marked": [{"version": each.version, "name": each.name, "before": each.before.value} for each in changed],
        "diff": {"before": _lines(marks, "before"), "after": _lines(marks, "after")},
    }


def _sentence(changed: List[Mark], state: str, checking: bool) -> str:
    if not changed:
        return "All of them are %s already." % state
    return "%s %s as %s." % ("Would mark" if checking else "Marked", ", ".join(each.version for each in changed), state)


def _lines(marks: List[Mark], when: str) -> str:
    return "".join("%s %s\n" % (each.version, getattr(each, when).value) for each in marks)

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything of the scripts that can be known to fail is tried before the first statement is sent."""

from __future__ import annotations

import types
from typing import Any, ContextManager, Dict, Optional, Sequence, Tuple

from .. import errors, model
from ..runtimes.capture import Capture
from ..runtimes.pyscript import facade, load
from .session import Session

Job = Tuple[model.Step, model.Migration]


class Prepared:
    """Jobs whose Python scripts are loaded: their top level has run, and what they import is there.

    :ivar session: what they run on; set when they do.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = tuple(jobs)
        self.session: Optional[Session] = None
        self.facade = facade(self._super_user)
        self.modules: Dict[str, types.ModuleType] = {}

    def _super_user(self) -> ContextManager[Any]:
        if self.session is None:
            raise errors.ScriptInvalid(
                "super_user() was called at the top level of a script", hint="Call it in up or down."
            )
        return self.session.as_super_user()


def prepare(jobs: Sequence[Job], single_transaction: bool = False) -> Prepared:
    """Load the Python scripts of a plan. What they print while they are loaded is dropped.

    :raises ScriptInvalid: when one can't be loaded, or can't be part of a single transaction.
    """
    prepared = Prepared(jobs)
    with Capture():
        for step, migration in jobs:
            body = migration.body(step.direction)
            if single_transaction and not body.transactional:
                raise not_in_one_transaction_error(migration)
            if isinstance(body, model.PythonBody):
                try:
                    prepared.modules[body.path] = load(body, prepared.facade)
                except errors.MigrationError as error:
                    raise error.about(version=str(migration.script.version), path=body.path) from None
    return prepared


def not_in_one_transaction_error(migration: model.Migration) -> errors.ScriptInvalid:
    """Return the error for a script outside a transaction where all are to be one."""
    return errors.ScriptInvalid(
        "%s runs outside a transaction, so it can't be part of a single one" % migration.script.label,
        hint="Leave single_transaction off, or apply it in a run of its own with version.",
        version=str(migration.script.version),
        path=migration.script.path,
    )

# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of pg_migrate, as its commands pass it on: what is asked for, and what has come to be known until now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.tools import Tools
from ..planning.request import Request
from ..run.live import Live
from .in_step import InStep
from .report import Applied, Checked, Report, SchemaText, Written

if TYPE_CHECKING:  # a run with nothing to do never needs them
    from ..history.drift import Drifted
    from ..rehearsal.proof import Proofs


# How much of a drift a warning shows.
FIRST_LINES = 4


class Context:
    """A run on its way. Each part of the report is set when it is known, and stays.

    :ivar live: what it is at.
    :ivar plan: None: it isn't made yet.
    :ivar progress: None: nothing was begun, so that there is nothing to report of an error.
    :ivar skipped: repeatable migrations that were asked ahead, and don't want to run.
    :ivar jobs: the steps of the plan with their migrations, as soon as these have been read.
    :ivar migrations: what was read of scripts; another context may share it.
    :ivar written: the file for psql, with state scripted.
    :ivar schema: what schema_file is to hold, or why that isn't known; None: nobody has looked.
    :ivar wants_scripts: nothing was done, for the scripts' files aren't here.
    :ivar database_missing: there is no database of that name yet.
    """

    def __init__(self, request: Request, tools: Tools) -> None:
        self.request, self.tools, self.live = request, tools, Live()
        self.warnings: List[str] = []
        self.plan: Optional[model.Plan] = None
        self.progress: Optional[model.Progress] = None
        self.skipped: Tuple[model.Outcome, ...] = ()
        self.checked: Optional[Checked] = None
        self.applied: Optional[Applied] = None
        self.proved: Optional[Proofs] = None
        self.drift: Optional[Drifted] = None
        self.jobs: Sequence[Tuple[model.Step, model.Migration]] = ()
        self.migrations: Dict[model.Script, model.Migration] = {}
        self.written: Optional[Written] = None
        self.schema: Optional[SchemaText] = None
        self.in_step: Optional[InStep] = None
        self.wants_scripts = False
        self.database_missing = False

    def note_drift(self, found: Optional[Drifted]) -> None:
        """Take what was found, and warn of it.

        :raises Drift: where the policy says fail.
        """
        if found is None:
            return
        self.drift = found
        what = "The schema was changed since the last run (%s), and not by a migration" % found.since
        if self.request.policies.drift == "fail":
            raise errors.Drift(
                what,
                hint="Nothing was touched. See drift.diff; undo the change, or write it into a migration and mark "
                "that as applied; or set on_drift.",
            )
        self.warnings.append("%s: %s" % (what, first_changes(found.diff)))

    def warn(self, sentence: Optional[str]) -> None:
        """Take a warning, if there is one and it wasn't said before."""
        if sentence is not None and sentence not in self.warnings:
            self.warnings.append(sentence)

    def report(self) -> Report:
        """Return the report of what is known by now."""
        progress = self.progress or model.Progress()
        return Report(
            self.plan or model.Plan(()),
            progress._replace(skipped=self.skipped + progress.skipped),
            tuple(self.warnings),
            self.checked,
            self.applied,
            self.proved,
            self.drift,
            self.database_missing,
            tuple(self.jobs),
            None if self.request.rehearsal_on == "empty" else self.request.target,
            self.request.report,
            self.written,
            self.schema,
        )


def first_changes(diff: str) -> str:
    """Return the first lines that a diff adds or takes away, as a sentence has room for them."""
    changed = [line for line in diff.splitlines() if line[:1] in ("+", "-") and line[:3] not in ("+++", "---")]
    lines = [line[0] + " ".join(line[1:].split()) for line in changed if line[1:].strip()]
    more = len(lines) - FIRST_LINES
    rest = " and %d more lines" % more if more > 0 else ""
    return " | ".join(lines[:FIRST_LINES]) + rest + " (all of it is in drift.diff)."

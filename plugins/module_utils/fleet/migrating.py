# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migrate on one database of many, in a worker."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from .. import errors, model
from ..commands.context import Context
from ..commands.migrate import migrate
from ..commands.report import Report
from ..databases.choose import database_of
from ..databases.tools import Tools
from ..planning.request import Request
from ..scripts.discovery import scripts_of
from .failures import tried
from .likeness import told_of
from .run import Job
from .tally import Fate, Outcome
from .workers import Answer


class Results(NamedTuple):
    """What makes a result of what is known of a run.

    :ivar good: of one that came to its end.
    :ivar bad: of one that failed.
    """

    good: Callable[[Report, bool], Dict[str, Any]]
    bad: Callable[[Report, bool, Optional[errors.MigrationError]], Dict[str, Any]]


def with_scripts(request: Request) -> Tuple[Request, List[str]]:
    """Return a request with its scripts, which are found once for all databases, and what there is to say of them.

    :raises MigrationError: when they can't be read.
    """
    said: List[str] = []
    scripts = scripts_of(request, database_of(request.target).abilities.dialects, said.append)
    if request.described is None:
        request = request._replace(found=scripts)
    return request._replace(said=()), said


class Migration:
    """What a worker does: one run, as a task on that database alone would do it."""

    def __init__(self, request: Request, tools: Tools, results: Results) -> None:
        self._request, self._tools, self._results = request, tools, results
        self._migrations: Dict[model.Script, model.Migration] = {}

    def __call__(self, job: Job) -> Answer:
        """Return the Outcome of a job."""
        context = self._context(job.name, self._request.lock_wait if job.is_patient else 0)
        dummy, error, stopped = tried(lambda: migrate(context))
        # What a script in Python has done to its process must not meet the next database.
        return Answer(self._outcome(context, error), is_last=stopped or self._has_run_python())

    def _context(self, name: str, wait: float = 0) -> Context:
        """Return a context for one database.

        :param wait: how long to wait for somebody else's run on it; who is in no hurry comes back at the end.
        """
        target = database_of(self._request.target).fleet.member(self._request.target, name)
        context = Context(self._request._replace(target=target, lock_wait=wait), self._tools)
        context.migrations = self._migrations
        return context

    def _has_run_python(self) -> bool:
        bodies = [body for each in self._migrations.values() for body in (each.up, each.down)]
        return any(isinstance(body, model.PythonBody) for body in bodies)

    def _outcome(self, context: Context, error: Optional[errors.MigrationError]) -> Outcome:
        report, checking = context.report(), self._request.checking
        if error is not None:
            known = self._results.bad(report, checking, error) if context.progress is not None else {}
            return _failed(error, known, report)
        if context.wants_scripts:
            wants = tuple(str(step.script.version) for step in report.plan.steps)
            return Outcome(Fate.CHANGED, {}, wants=wants)
        result = self._results.good(report, checking)
        told, alike = told_of(result)
        fate = Fate.CHANGED if result["changed"] else Fate.OK
        return Outcome(fate, told, alike, warnings=tuple(result["warnings"]))


def _failed(error: errors.MigrationError, known: Dict[str, Any], report: Report) -> Outcome:
    """Return the outcome of a run that failed, with what stands of it."""
    shown: Dict[str, Any] = {"error": error.to_result()}
    for key in ("applied", "rolled_back"):
        if report.applied is not None and known.get(key):
            shown[key] = [each["version"] for each in known[key]]
    if known.get("drift"):
        shown["drift"] = known["drift"]
    prechecks = [each for each in known.get("prechecks") or () if each["verdict"] != "passed"]
    if prechecks:
        shown["prechecks"] = prechecks
    return Outcome(Fate.FAILED, {}, error=shown, sentence=error.sentence(), warnings=report.warnings)

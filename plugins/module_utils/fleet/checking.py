# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode on one database of many, in a worker: a look, a rehearsal, or only what a rehearsal asks of its rows."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Dict, NamedTuple, Optional, Tuple

from .. import errors, model
from ..commands import prechecks
from ..commands.check import said_of_rows
from ..commands.context import Context
from ..commands.migrate import PROGRAM, migrate, opened, planned
from ..commands.report import Checked
from ..databases.choose import database_of
from ..rehearsal.prechecks import Added
from ..rehearsal.rehearse import Rehearsal
from .failures import tried
from .likeness import alike_of
from .looking import Likeness, likeness, reading
from .migrating import Migration
from .tally import Fate, Outcome
from .workers import Answer


class Look(NamedTuple):
    """A database to look at. The answer is its Likeness; where nothing is to be rehearsed, an Outcome."""

    name: str


class Rehearse(NamedTuple):
    """A database to rehearse on. The answer is Rehearsed."""

    name: str


class Asked(NamedTuple):
    """What a rehearsal asks of the rows of its database, and of all that are like it.

    :ivar unwatched: why nobody has looked for that, if nobody has.
    :ivar said: what isn't proved of the rows of that database.
    """

    added: Tuple[Added, ...] = ()
    unwatched: Optional[str] = None
    said: str = ""

    @property
    def is_anything(self) -> bool:
        """Return whether there is something to say of rows, and be it that nobody can ask them."""
        return bool(self.added) or self.unwatched is not None


class Ask(NamedTuple):
    """A database whose rows are to be asked what the rehearsal on another one has found. The answer is an Outcome.

    :ivar outcome: what the rehearsal has shown, but for rows.
    """

    name: str
    asked: Asked
    outcome: Outcome


class Rehearsed(NamedTuple):
    """What came of a rehearsal.

    :ivar outcome: of the database itself.
    :ivar shared: what is true of all that are like it; None: it failed of what may be its own.
    :ivar asked: what their rows are asked.
    :ivar alone: why that is true of no other, if it isn't.
    :ivar schema: of the database, by object; None: it isn't known.
    """

    outcome: Outcome
    shared: Optional[Outcome] = None
    asked: Asked = Asked()
    alone: Optional[str] = None
    schema: Optional[Tuple[Tuple[Any, str], ...]] = None


# Errors that the scripts and the schema have made, and that all which have the same of both would meet.
OF_ALL = ("script_failed", "script_invalid", "irreversible", "hazard", "expectation", "rehearsal", "duplicate_version")


class Check(Migration):
    """What a worker does in check mode."""

    def __call__(self, job: Any) -> Answer:
        """Return what the job says that its answer is."""
        context = self._context(job.name)
        if isinstance(job, Look):
            found, error, stopped = tried(lambda: _look(context))
            value: Any = found if found is not None else self._outcome(context, error)
        elif isinstance(job, Rehearse):
            dummy, error, stopped = tried(lambda: migrate(context))
            value = self._rehearsed(context, error)
        else:
            dummy, error, stopped = tried(lambda: _ask(context, job))
            value = self._passed(context, job) if error is None else self._failed_of_rows(context, job, error)
        return Answer(value, is_last=stopped or self._has_run_python())

    def _rehearsed(self, context: Context, error: Optional[errors.MigrationError]) -> Rehearsed:
        outcome, alone, checked = self._outcome(context, error), reading(context), context.checked
        shared = outcome if error is None or error.kind in OF_ALL else None
        if checked is None:
            return Rehearsed(outcome, shared, alone=alone)
        rehearsal, asked = checked.rehearsal, Asked()
        if checked.prechecks is not None and (error is None or isinstance(error, errors.PrecheckFailed)):
            said = said_of_rows(context, checked.prechecks, rehearsal)
            asked = Asked(rehearsal.added, rehearsal.unwatched, said)
            shared = self._but_for_rows(context, checked)
        schema = tuple(rehearsal.snapshots[0].objects.items()) if rehearsal.snapshots else None
        return Rehearsed(outcome, shared, asked, alone, schema)

    def _but_for_rows(self, context: Context, checked: Checked) -> Outcome:
        """Return what a rehearsal has shown that went well; what was found in rows is each database's own."""
        context.progress = checked.rehearsal.progress
        own = prechecks.warnings(checked.prechecks or (), checked.rehearsal)
        context.warnings = [each for each in context.warnings if each not in own]
        return self._outcome(context, None)

    def _passed(self, context: Context, job: Ask) -> Outcome:
        """Return what the rehearsal has shown, with what was found in the rows of this database."""
        found = context.checked
        if found is None:
            return job.outcome
        result = self._results.bad(context.report(), True, None)
        told = {**job.outcome.told, "prechecks": result["prechecks"]}
        now = said_of_rows(context, found.prechecks or (), found.rehearsal)
        unproved = [now if each == job.asked.said else each for each in told["rehearsal"]["not_proved"]]
        told["rehearsal"] = {**told["rehearsal"], "not_proved": unproved}
        return job.outcome._replace(told=told, alike=alike_of(told), warnings=_both(job.outcome, context))

    def _failed_of_rows(self, context: Context, job: Ask, error: errors.MigrationError) -> Outcome:
        known: Dict[str, Any] = {"error": error.to_result()}
        found = self._results.bad(context.report(), True, error).get("prechecks") or ()
        violated = [each for each in found if each["verdict"] != "passed"]
        if violated:
            known["prechecks"] = violated
        warnings = _both(job.outcome, context)
        return Outcome(Fate.FAILED, {}, "", known, error.sentence(), warnings, about=job.outcome.about)


def _look(context: Context) -> Optional[Likeness]:
    """Return what a database is like; None: there is nothing to rehearse, or the scripts for that aren't here."""
    with database_of(context.request.target).errors.translated(), opened(context) as (view, connection):
        settled = planned(context, view, connection)
        if settled is None or settled.plan.idle:
            return None
        return likeness(context, settled, connection)


def _both(rehearsed: Outcome, context: Context) -> Tuple[str, ...]:
    """Return what the rehearsal has warned of, and then the look at the rows."""
    return tuple(dict.fromkeys((*rehearsed.warnings, *context.warnings)))


def _ask(context: Context, job: Ask) -> None:
    """Look in the rows of a database whether they satisfy what a rehearsal on another one has found.

    :raises PrecheckFailed: where they don't; where looking is required, also where it can't be done.
    """
    request = context.request
    database = database_of(request.target)
    asks = Rehearsal("", model.Progress(), (), (), added=job.asked.added, unwatched=job.asked.unwatched)
    if any(each.question is not None for each in asks.added):
        with database.errors.translated(), closing(database.sessions.connect(request.target, PROGRAM)) as connection:
            found = prechecks.look(request, connection, asks)
    else:  # there are only reasons why nobody can look
        found = prechecks.look(request, None, asks)
    context.checked = Checked(asks, prechecks=found)
    context.warnings += prechecks.warnings(found, asks)
    prechecks.judge(found, asks, request.prechecks == "required")

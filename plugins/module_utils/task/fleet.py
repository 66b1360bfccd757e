# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many databases in one task: parameters in, result out."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .. import errors
from ..databases.tools import Tools
from ..fleet import asking
from ..fleet import run as fleet_run
from ..fleet.batches import read_serial
from ..fleet.migrating import Migration, Results, with_scripts
from ..fleet.results import error_of, plainly, result_of
from ..fleet.run import Job, Schedule
from ..fleet.selection import Fleet, Selection, find
from ..fleet.tally import Group, Tally
from ..planning.request import Request
from ..report import fleet as report
from ..run.signals import held
from ..schemes import POSTGRESQL, dialect_of, kind_of
from ..wording import some
from .entry import Failed
from .progress_file import Lines
from .results import failure, migrate_result

Tick = Callable[[], None]
Run = Callable[[int, Tally, Tick], List[str]]
NOT_THERE = "Not there yet: %s. What is shown of them is what would come out in new, empty ones."
FIRST_LINE_AFTER = 2.0


def selection(params: Mapping[str, Any]) -> Selection:
    """Return which databases are meant.

    :raises OptionInvalid: when that isn't said in one of the three ways, or can't be meant.
    """
    given = {key: value for key, value in params["databases"].items() if value is not None}
    if len(given) != 1:
        raise errors.OptionInvalid(
            "databases: %s" % (" and ".join(given) + " exclude each other" if given else "it says none"),
            hint="Set one of names, matching and query.",
        )
    if kind_of(params["url"]) != POSTGRESQL:
        raise errors.OptionInvalid(
            "databases has no meaning for %s, which url names" % dialect_of(params["url"]),
            hint="Leave it out: many databases are for PostgreSQL.",
        )
    if params["login_db"] is not None and "query" not in given:
        raise errors.OptionInvalid(
            "login_db and databases: %s exclude each other" % next(iter(given)),
            hint="databases says which are meant. login_db is only for query, which is asked there. Leave one out.",
        )
    return Selection(tuple(given.get("names", ())), tuple(given.get("matching", ())), given.get("query"))


def schedule(params: Mapping[str, Any]) -> Schedule:
    """Return how many databases at a time.

    :raises OptionInvalid: when a size can't be read.
    """
    percentage = params.get("max_fail_percentage")
    return Schedule(read_serial(params.get("serial") or ()), percentage or 0, params["workers"])


def migrate(params: Mapping[str, Any], request: Request, tools: Tools) -> Dict[str, Any]:
    """Run pg_migrate on many databases.

    :raises Failed: with the result, when one of them has failed.
    :raises MigrationError: before any of them was touched.
    """
    plan = schedule(params)
    fleet = find(request.target, selection(params), may_miss=request.checking)
    request, said = with_scripts(request)
    if fleet.missing:
        said.append(NOT_THERE % some(fleet.missing))
    results = Results(migrate_result, failure)
    is_gated = request.rehearses_first and not request.checking and request.described is None
    only_rehearses = request.checking and request.rehearsal != "off"
    if request.checking:  # nothing is touched, so there is nothing to be careful with
        plan = plan._replace(serial=(), max_fail_percentage=100)
    if only_rehearses:
        run: Run = partial(_rehearsing(request, tools, results), fleet.names)
    else:
        run = _migrating(fleet, plan, request, tools, results, is_gated)
    each = fleet_run.CONNECTIONS_TO_REHEARSE if only_rehearses or is_gated else fleet_run.CONNECTIONS_EACH
    return _result(run, fleet, plan, said, params["_progress"], connections=each)


def _rehearsing(
    request: Request, tools: Tools, results: Results
) -> Callable[[Sequence[str], int, Any, Tick], List[str]]:
    """Return what checks databases, with so many workers; fills a tally, and returns what there is to warn of."""
    from ..fleet.checking import Check
    from ..fleet.rehearsing import Rehearsals

    work = Check(request, tools, results)
    return lambda names, count, tally, tick: Rehearsals(names, tally, request.diff_context).run(count, work, tick)


def _migrating(fleet: Fleet, plan: Schedule, request: Request, tools: Tools, results: Results, is_gated: bool) -> Run:
    """Return what migrates databases.

    :param is_gated: only what was rehearsed may be applied: each batch is rehearsed first.
    """

    def run(count: int, tally: Tally, tick: Tick) -> List[str]:
        said: List[str] = []

        def gate(batch: Sequence[str]) -> Sequence[str]:
            from ..fleet.rehearsing import Passed

            passed = Passed(tally)
            said.extend(_rehearsing(ahead, tools, results)(batch, count, passed, tick))
            return [name for name in batch if name in passed.names]

        ahead = request._replace(checking=True, rehearsal="required")
        work = Migration(request._replace(rehearsed=is_gated), tools, results)
        fleet_run.run(fleet.names, plan, count, work, tally, tick, gate if is_gated else None)
        return list(dict.fromkeys(said))

    return run


def ask(
    params: Mapping[str, Any], request: Any, do: Callable[[Any, Job], Mapping[str, Any]], may_miss: bool = False
) -> Dict[str, Any]:
    """Do something else on many databases.

    :param request: an InfoRequest, a MarkRequest or an UpkeepRequest.
    :param do: does it, with a request for one database; returns what can be told of several, and what there is to say
        of them to people as ``said``.
    :param may_miss: a database may be one that is still to be made.
    :raises Failed: with the result, when one of them has failed.
    :raises MigrationError: before any of them was touched.
    """
    plan = schedule(params)
    fleet = find(request.target, selection(params), may_miss)
    request, said = asking.with_scripts(request)
    work = asking.Asking(lambda job: do(asking.member(request, job.name), job))

    def run(count: int, tally: Tally, tick: Tick) -> List[str]:
        fleet_run.run(fleet.names, plan, count, work, tally, tick)
        return []

    return _result(run, fleet, plan, said, None, plainly)


@held()
def _result(
    run: Run,
    fleet: Fleet,
    plan: Schedule,
    said: List[str],
    progress: Optional[str],
    shown_as: Optional[Callable[[Group], Dict[str, Any]]] = None,
    connections: int = fleet_run.CONNECTIONS_EACH,
) -> Dict[str, Any]:
    """Do the work on each database, and return what came of it, whatever has ended the work.

    :param run: does it, with so many workers; fills the tally, and returns what there is to warn of.
    :param shown_as: returns a group as it is in the result; None: as pg_migrate's.
    :param connections: how many of them one database takes.
    :raises Failed: with the result, when one of them has failed.
    """
    started, tally = time.monotonic(), Tally(fleet.names)
    count, warning = plan.within(fleet.room, len(fleet.names), connections)
    said = [*said, *([warning] if warning else [])]
    error: Optional[errors.MigrationError] = None
    with Lines(progress) as shown:
        try:
            said += run(count, tally, _telling(shown, tally, started))
        except errors.Stop as stop:
            error = errors.Signal.of(stop)
        except errors.MigrationError as failed:
            error = failed
    if tally.wants and error is None:
        return {"changed": False, "_wants_scripts": list(tally.wants)}
    result = result_of(tally, fleet.address, time.monotonic() - started, shown_as)
    result["warnings"] = [*said, *result["warnings"]]
    error = error or error_of(tally)
    if error is not None:
        raise Failed(error, {key: value for key, value in result.items() if key != "msg"})
    return result


def _telling(shown: Lines, tally: Tally, started: float) -> Callable[[], None]:
    """Return what tells of a run on its way, whenever it is called."""

    def tell() -> None:
        seconds = time.monotonic() - started
        if seconds >= FIRST_LINE_AFTER:
            counts = {"done": tally.reached, "failed": tally.failed, "looked": tally.looked}
            shown.tell(report.progress(counts, tally.total, seconds), state=counts)

    return tell
